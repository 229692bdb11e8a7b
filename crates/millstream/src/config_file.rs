//! The configuration file.

use std::path::Path;

use clap::ValueEnum;
use toml::{Table, Value};

/// Largest configuration file.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The file's keys, taken out one by one: what is left at the end is not known.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) table: Table,
    pub(crate) name: String,
}

impl File {
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let size = std::fs::metadata(path).map_err(|error| format!("{name}: {error}"))?.len();
        if size > FILE_BYTES_MAX {
            return Err(format!("{name} is larger than {FILE_BYTES_MAX} bytes"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let table = text.parse().map_err(|error: toml::de::Error| {
            // The error's own text quotes the line, which may hold a secret.
            let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
            let key =
                text.lines().nth(line.saturating_sub(1)).and_then(|line| line.split_once('='));
            let key = key.map_or("", |(key, _)| key.trim());
            format!("{name}, line {line} ({key}): {}", error.message())
        })?;
        Ok(File { table, name })
    }

    /// A table of the file, empty if it is not there.
    pub(crate) fn subtable(&mut self, key: &str) -> Result<File, String> {
        let name = format!("[{key}]");
        match self.table.remove(key) {
            None => Ok(File { table: Table::new(), name }),
            Some(Value::Table(table)) => Ok(File { table, name }),
            Some(_) => Err(format!("{name} must be a table")),
        }
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{}: {key} must be a text", self.name)),
        }
    }

    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, String> {
        let wrong = format!("{}: {key} must be a text or a list of texts", self.name);
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(vec![text])),
            Some(Value::Array(values)) => {
                let texts = values.into_iter().map(|value| value.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Some).ok_or(wrong)
            }
            Some(_) => Err(wrong),
        }
    }

    pub(crate) fn boolean(&mut self, key: &str) -> Result<Option<bool>, String> {
        match self.table.remove(key) {
            None => Ok(None),
            Some(Value::Boolean(value)) => Ok(Some(value)),
            Some(_) => Err(format!("{}: {key} must be true or false", self.name)),
        }
    }

    pub(crate) fn number(&mut self, key: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.table.remove(key) else { return Ok(None) };
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        number
            .map(Some)
            .ok_or_else(|| format!("{}: {key} must be a whole number of 0 or more", self.name))
    }

    pub(crate) fn choice<T: ValueEnum>(&mut self, key: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        T::from_str(&text, true)
            .map(Some)
            .map_err(|_| format!("{}: {key} may not be {text:?}", self.name))
    }

    pub(crate) fn finish(self) -> Result<(), String> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("{}: the key {key} is not known", self.name)),
        }
    }
}
