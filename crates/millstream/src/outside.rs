//! All that is outside, put together from the configuration; and what stands in for Secrets Manager and the Glue data
//! catalog: secrets and tables of the configuration, whose files are read when they are asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use millstream_buckets::Store;
use millstream_firehose::settings::TableName;
use millstream_firehose::sink::TableSchema;
use millstream_sinks::objects::{ObjectSettings, Objects};
use millstream_sinks::outbound::Outbound;
use millstream_sinks::{Declared, Outside, Parts};
use millstream_types::Random;
use serde_json::Value;

use crate::keys::Clocks;
use crate::outside_config::{DeclaredSecret, OutsideConfig};

/// Largest file of a secret (Secrets Manager: 64 KiB), of a table and of certificates.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
const TABLE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const CA_BUNDLE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The version that a reference to a table names when it wants the newest.
const LATEST: &str = "LATEST";
/// The version of a table whose document names none: what the data catalog calls a table's first.
const FIRST_VERSION: &str = "0";

/// Puts together what the configuration says, and the built-in buckets. The error tells what is wrong with it.
pub fn open(
    config: OutsideConfig,
    (settings, buckets): (ObjectSettings, Arc<Store>),
    clocks: Clocks,
    random: Arc<dyn Random>,
) -> Result<Outside, String> {
    let outbound = outbound(&config)?;
    let objects = Objects::new(settings, buckets, outbound.clone(), clocks.machine.clone());
    let declared = DeclaredOutside::new(config.secrets, config.data_catalog)?;
    Ok(Outside::new(Parts {
        outbound,
        objects: Arc::new(objects?),
        functions: config.functions,
        clusters: config.clusters,
        redshift: config.redshift,
        declared: Arc::new(declared),
        clock: clocks.service,
        machine_clock: clocks.machine,
        random,
    }))
}

/// The client of all destinations, with the configured rule and certificates.
fn outbound(config: &OutsideConfig) -> Result<Arc<Outbound>, String> {
    let Some(path) = &config.ca_bundle else {
        return Outbound::new(config.allowed.clone(), None).map(Arc::new);
    };
    let fault = |error| format!("[destinations] ca_bundle {}: {error}", path.display());
    let pem = read(path, CA_BUNDLE_BYTES_MAX).map_err(fault)?;
    Outbound::new(config.allowed.clone(), Some(&pem)).map(Arc::new).map_err(fault)
}

/// Secrets and tables of the configuration.
pub struct DeclaredOutside {
    secrets: BTreeMap<String, DeclaredSecret>,
    tables: Option<PathBuf>,
}

impl DeclaredOutside {
    /// Of what the configuration says. Files are read once here, so that a mistake is told when the server starts.
    pub fn new(
        secrets: BTreeMap<String, DeclaredSecret>,
        tables: Option<PathBuf>,
    ) -> Result<Self, String> {
        if let Some(directory) = tables.as_ref().filter(|directory| !directory.is_dir()) {
            return Err(format!(
                "[data_catalog] directory {}: it is no directory",
                directory.display()
            ));
        }
        let declared = DeclaredOutside { secrets, tables };
        for arn in declared.secrets.keys() {
            declared.secret(arn)?;
        }
        Ok(declared)
    }
}

impl Declared for DeclaredOutside {
    fn secret(&self, arn: &str) -> Result<BTreeMap<String, String>, String> {
        let path = match self.secrets.get(arn) {
            None => {
                return Err(format!("the secret {arn} is not in [secrets] of the configuration"));
            }
            Some(DeclaredSecret::Members(members)) => return Ok(members.clone()),
            Some(DeclaredSecret::File(path)) => path,
        };
        // Neither the file's place nor what is in it is for clients.
        let wrong = |reason: &str| format!("[secrets] {arn}: {reason}");
        let bytes = read(path, SECRET_BYTES_MAX).map_err(|error| wrong(&error))?;
        let members = match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => members,
            Ok(_) | Err(_) => return Err(wrong("the file holds no JSON object")),
        };
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(number) => Ok((name, number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(wrong(&format!("the member {name} is no text")))
            }
        };
        members.into_iter().map(text).collect()
    }

    fn table(&self, table: &TableName) -> Result<TableSchema, String> {
        let name = format!("{}.{}", table.database, table.table);
        let Some(directory) = &self.tables else {
            return Err(format!(
                "the table {name} is not known: there is no [data_catalog] in the configuration"
            ));
        };
        let missing = || format!("the table {name} is not in [data_catalog] of the configuration");
        if !is_component(&table.database) || !is_component(&table.table) {
            return Err(missing());
        }
        let path = directory.join(&*table.database).join(format!("{}.json", table.table));
        if !path.is_file() {
            return Err(missing());
        }
        let wrong = |reason: String| format!("the table {name}: {reason}");
        let bytes = read(&path, TABLE_BYTES_MAX).map_err(wrong)?;
        let document: Value = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("its document is no JSON: {error}")))?;
        let version = [&document["VersionId"], &document["Table"]["VersionId"]]
            .into_iter()
            .find_map(Value::as_str)
            .unwrap_or(FIRST_VERSION)
            .to_owned();
        if *table.version != *LATEST && *table.version != *version {
            return Err(wrong(format!("it has version {version}, not {}", table.version)));
        }
        Ok(TableSchema { version, document: document.to_string() })
    }
}

/// Whether a name stays within the directory that it is put into.
fn is_component(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.kind().to_string())?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| error.kind().to_string())?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("the file is larger than {bytes_max} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own, gone with the value.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let place = format!("millstream-outside-{name}-{}", std::process::id());
            let directory = std::env::temp_dir().join(place);
            std::fs::create_dir_all(directory.join("db")).unwrap();
            Scratch(directory)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn secrets_come_from_the_configuration_or_a_file() {
        let scratch = Scratch::new("secrets");
        let file = scratch.0.join("secret.json");
        std::fs::write(&file, "{\"user\":\"u\",\"port\":5439}").unwrap();
        let secrets = BTreeMap::from([
            ("arn:file".to_owned(), DeclaredSecret::File(file.clone())),
            ("arn:inline".to_owned(), DeclaredSecret::Members([("k".into(), "v".into())].into())),
        ]);
        let declared = DeclaredOutside::new(secrets, None).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(declared.secret("arn:inline").unwrap()["k"], "v");
        assert_eq!(declared.secret("arn:file").unwrap()["port"], "5439");
        assert!(declared.secret("arn:other").unwrap_err().contains("arn:other"));
        // It is read again: it may have been replaced.
        for (text, part) in
            [("[]", "object"), ("{\"a\":[\"canary\"]}", "member a"), ("canary", "JSON")]
        {
            std::fs::write(&file, text).unwrap();
            let error = declared.secret("arn:file").unwrap_err();
            assert!(error.contains(part) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn tables_are_found_by_name_and_version_and_nothing_else_is() {
        let scratch = Scratch::new("tables");
        std::fs::write(scratch.0.join("db/t.json"), "{\"Table\":{\"VersionId\":\"3\"}}").unwrap();
        std::fs::write(scratch.0.join("secret.json"), "{}").unwrap();
        let declared = DeclaredOutside::new(BTreeMap::new(), Some(scratch.0.clone()));
        let declared = declared.unwrap_or_else(|error| panic!("{error}"));
        let find = |database: &str, table: &str, version: &str| {
            declared.table(&TableName {
                catalog: None,
                region: "us-east-1".into(),
                database: database.into(),
                table: table.into(),
                version: version.into(),
            })
        };
        assert_eq!(find("db", "t", "LATEST").unwrap().version, "3");
        assert!(find("db", "t", "3").is_ok());
        assert!(find("db", "t", "2").unwrap_err().contains("version 3"));
        for (database, table) in [
            ("db", "other"),
            ("..", "secret"),
            ("db", "../secret"),
            (".", "secret"),
            ("", "secret"),
            ("db/..", "secret"),
        ] {
            assert!(find(database, table, "LATEST").is_err(), "{database} {table}");
        }
    }
}
