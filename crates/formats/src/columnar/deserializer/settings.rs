//! Reading AWS's `Deserializer` document.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::joda::TimestampFormat;
use crate::columnar::document;
use crate::columnar::error::ConversionError;
use crate::columnar::limits::TIMESTAMP_FORMATS_MAX;

/// One of the two SerDes.
pub(super) enum Settings {
    OpenX {
        case_insensitive: bool,
        dots: bool,
        /// From columns to names in JSON.
        mappings: HashMap<String, String>,
    },
    Hive {
        formats: Vec<TimestampFormat>,
    },
}

impl Settings {
    pub(super) fn parse(text: &str) -> Result<Self, ConversionError> {
        let (name, members) =
            document::either(text, "Deserializer", "OpenXJsonSerDe", "HiveJsonSerDe")?;
        if name == "HiveJsonSerDe" { hive(&members) } else { openx(&members) }
    }
}

fn openx(members: &Map<String, Value>) -> Result<Settings, ConversionError> {
    let known =
        ["CaseInsensitive", "ConvertDotsInJsonKeysToUnderscores", "ColumnToJsonKeyMappings"];
    document::only(members, "OpenXJsonSerDe", &known)?;
    let mut mappings = HashMap::new();
    if let Some(given) = document::present(members, "ColumnToJsonKeyMappings") {
        let given = given.as_object().ok_or_else(|| fault("ColumnToJsonKeyMappings is no map."))?;
        for (column, key) in given {
            let key =
                key.as_str().ok_or_else(|| fault("ColumnToJsonKeyMappings maps to texts."))?;
            mappings.insert(column.clone(), key.to_owned());
        }
    }
    Ok(Settings::OpenX {
        case_insensitive: document::boolean(members, "CaseInsensitive")?.unwrap_or(true),
        dots: document::boolean(members, "ConvertDotsInJsonKeysToUnderscores")?.unwrap_or(false),
        mappings,
    })
}

fn hive(members: &Map<String, Value>) -> Result<Settings, ConversionError> {
    document::only(members, "HiveJsonSerDe", &["TimestampFormats"])?;
    let mut formats = Vec::new();
    if let Some(given) = document::present(members, "TimestampFormats") {
        let given = given.as_array().ok_or_else(|| fault("TimestampFormats is no list."))?;
        if given.len() > TIMESTAMP_FORMATS_MAX {
            return Err(fault(&format!(
                "TimestampFormats has over {TIMESTAMP_FORMATS_MAX} formats."
            )));
        }
        for format in given {
            let format = format.as_str().ok_or_else(|| fault("TimestampFormats holds texts."))?;
            let format = TimestampFormat::parse(format)
                .map_err(|why| fault(&format!("TimestampFormats: {format:?} {why}")))?;
            formats.push(format);
        }
    }
    Ok(Settings::Hive { formats })
}

fn fault(text: &str) -> ConversionError {
    ConversionError(text.to_owned())
}
