//! The shared files of AWS's tools: profiles in `config` and `credentials`.
//!
//! Source: "Configuration and credential file settings" of the AWS SDKs and Tools Reference Guide.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::limits::PROFILE_BYTES_MAX;
use crate::{Environment, Error};

/// Settings by name, in lower case; one inside another is `outer.inner`.
pub(crate) type Section = BTreeMap<String, String>;

/// A profile, out of both files.
#[derive(Clone, Default)]
pub(crate) struct Profile {
    /// Its name.
    pub name: String,
    values: Section,
    /// The `services` section that it names.
    services: Section,
}

impl Profile {
    /// A setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The endpoint of a service, else of every service.
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        let own = self.services.get(&format!("{service}.endpoint_url")).map(String::as_str);
        own.or_else(|| self.get("endpoint_url"))
    }

    /// Reads the profile that `chosen`, else AWS_PROFILE, else `default` names.
    ///
    /// # Errors
    /// A file that is not readable, or a profile that was named and is in neither file.
    pub fn load(chosen: Option<&str>, environment: &Environment) -> Result<Self, Error> {
        let named = chosen.or_else(|| environment.get("AWS_PROFILE"));
        let name = named.unwrap_or("default");
        let config = file(environment, "AWS_CONFIG_FILE", "config");
        let credentials = file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let mut sections = parse(&read(config.as_deref())?);
        let in_config = if name == "default" {
            sections.remove("default").or_else(|| sections.remove("profile default"))
        } else {
            sections.remove(&format!("profile {name}"))
        };
        let in_credentials = parse(&read(credentials.as_deref())?).remove(name);
        if named.is_some() && in_config.is_none() && in_credentials.is_none() {
            let shown =
                |path: Option<PathBuf>| path.map_or("-".into(), |p| p.display().to_string());
            let (config, credentials) = (shown(config), shown(credentials));
            let text = format!("no profile {name:?} in {config} or {credentials}");
            return Err(Error::Settings(text));
        }
        let mut values = in_config.unwrap_or_default();
        values.extend(in_credentials.unwrap_or_default());
        let services = values.get("services").map(|services| format!("services {services}"));
        let services = services.and_then(|section| sections.remove(&section)).unwrap_or_default();
        Ok(Profile { name: name.to_owned(), values, services })
    }
}

fn file(environment: &Environment, variable: &str, name: &str) -> Option<PathBuf> {
    let home = environment.get("HOME").or_else(|| environment.get("USERPROFILE")).map(Path::new);
    let Some(chosen) = environment.get(variable) else {
        return home.map(|home| home.join(".aws").join(name));
    };
    match (chosen.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Some(home.join(rest)),
        _ => Some(chosen.into()),
    }
}

/// The file's text; empty if there is no file.
fn read(path: Option<&Path>) -> Result<String, Error> {
    let Some(path) = path else { return Ok(String::new()) };
    let fault = |reason: String| Error::Settings(format!("{}: {reason}", path.display()));
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(fault(error.to_string())),
    };
    let mut text = String::new();
    let read = file.take(PROFILE_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| fault(error.to_string()))?;
    if text.len() as u64 > PROFILE_BYTES_MAX {
        return Err(fault(format!("longer than {PROFILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// Sections by their heads, such as `profile dev`. What is no section, setting or comment is skipped, as AWS's tools
/// do.
fn parse(text: &str) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut section = None;
    let mut outer = String::new();
    for line in text.lines() {
        let indented = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(head) = line.strip_prefix('[').filter(|_| !indented) {
            let head = head.split(']').next().unwrap_or_default();
            let words: Vec<&str> = head.split_whitespace().collect();
            let head = words.join(" ").replace(['"', '\''], "");
            sections.entry(head.clone()).or_default();
            section = Some(head);
            outer.clear();
            continue;
        }
        let Some((name, value)) = line.split_once('=') else { continue };
        let Some(values) = section.as_ref().and_then(|head| sections.get_mut(head)) else {
            continue;
        };
        let name = name.trim().to_ascii_lowercase();
        let value = without_comment(value).trim();
        if indented && !outer.is_empty() {
            values.insert(format!("{outer}.{name}"), value.to_owned());
            continue;
        }
        outer = if value.is_empty() { name.clone() } else { String::new() };
        values.insert(name, value.to_owned());
    }
    sections
}

/// A comment after a value begins with white space.
fn without_comment(value: &str) -> &str {
    let starts = [" #", " ;", "\t#", "\t;"].map(|mark| value.find(mark).unwrap_or(value.len()));
    &value[..starts.into_iter().min().unwrap_or(value.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_settings_and_comments() {
        let sections = parse(
            "lost = 1\n# no\n[default]\nregion = eu-west-1 # here\nAWS_Access_Key_Id=a#b\n\
             [ profile  'dev' ]\nservices = local\ns3 =\n  max = 1\nplain\n\
             [services local]\nkinesis =\n  endpoint_url = http://127.0.0.1:1\nother = x\n",
        );
        assert_eq!(sections["default"]["region"], "eu-west-1");
        assert_eq!(sections["default"]["aws_access_key_id"], "a#b");
        assert_eq!(sections["profile dev"]["s3.max"], "1");
        assert_eq!(sections["services local"]["kinesis.endpoint_url"], "http://127.0.0.1:1");
        assert_eq!(sections["services local"]["other"], "x");
        assert_eq!(sections.len(), 3);
    }
}
