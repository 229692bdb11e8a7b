//! `[destinations.s3]` of the configuration: where objects go, and the built-in buckets.

use std::path::PathBuf;
use std::sync::Arc;

use millstream_buckets::{BucketName, Options, Place, Store};
use millstream_log::limits::DISK_BYTES_RESERVED;
use millstream_types::{Clock, Random, Region};
use toml::{Table, Value};

use crate::config::{LogSettings, Storage};

/// Files of the built-in buckets, within the data directory.
pub const BUCKETS_DIRECTORY: &str = "buckets";
const MEMBERS: [&str; 2] = ["buckets", "create_buckets"];

/// What `[destinations.s3]` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct S3Config {
    /// Built-in buckets that are made at start unless they are there. They belong to every account.
    pub buckets: Vec<BucketName>,
    /// Whether a delivery makes a built-in bucket that does not exist.
    pub create_buckets: bool,
}

impl S3Config {
    /// Takes the table out of `[destinations]`.
    pub fn take(destinations: &mut Table) -> Result<Self, String> {
        let table = match destinations.remove("s3") {
            None => return Ok(S3Config::default()),
            Some(Value::Table(table)) => table,
            Some(_) => return Err("destinations.s3 must be a table: [destinations.s3]".into()),
        };
        if let Some(name) = table.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("[destinations.s3]: {name} is not known"));
        }
        let create_buckets = match table.get("create_buckets") {
            None => false,
            Some(Value::Boolean(value)) => *value,
            Some(_) => {
                return Err("[destinations.s3]: create_buckets must be true or false".into());
            }
        };
        Ok(S3Config { buckets: buckets(&table)?, create_buckets })
    }
}

fn buckets(table: &Table) -> Result<Vec<BucketName>, String> {
    let wrong = "[destinations.s3]: buckets must be a list of names".to_owned();
    let names = match table.get("buckets") {
        None => return Ok(Vec::new()),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(wrong),
    };
    let mut buckets = Vec::new();
    for name in names {
        let name = name.as_str().ok_or_else(|| wrong.clone())?;
        let bucket =
            name.parse().map_err(|_| format!("[destinations.s3]: {name:?} is no bucket's name"))?;
        if buckets.contains(&bucket) {
            return Err(format!("[destinations.s3]: the bucket {name} is there twice"));
        }
        buckets.push(bucket);
    }
    Ok(buckets)
}

/// Opens the built-in buckets beside the log, and makes those that are declared.
pub fn open(
    config: &S3Config,
    storage: &Storage,
    log: LogSettings,
    region: &Region,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Arc<Store>, String> {
    let place = match storage {
        Storage::Directory(directory) => Place::Directory(directory.join(BUCKETS_DIRECTORY)),
        Storage::Ephemeral(limit) => temporary(*limit)?,
    };
    // Objects stop before the log does: what was acknowledged has to be kept until there is room for it again.
    let bytes_reserved = 2 * log.disk_bytes_reserved.unwrap_or(DISK_BYTES_RESERVED);
    let store = Store::open(Options { place, bytes_reserved }, clock, random);
    let store = store.map_err(|error| format!("the buckets did not open: {error}"))?;
    for bucket in &config.buckets {
        let made = store.create_bucket(bucket, None, region);
        made.map_err(|error| format!("the bucket {bucket} could not be made: {error}"))?;
    }
    Ok(store)
}

/// The log's limit is the buckets' too, each for itself.
fn temporary(limit: Option<u64>) -> Result<Place, String> {
    let parent: PathBuf = std::env::temp_dir();
    let bytes_max = match limit {
        Some(limit) => limit,
        None => {
            let free = millstream_buckets::free_bytes(&parent);
            free.map_err(|error| format!("no temporary files: {error}"))? / 2
        }
    };
    Ok(Place::Temporary { parent, bytes_max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<S3Config, String> {
        let mut table: Table = text.parse().unwrap();
        S3Config::take(&mut table)
    }

    #[test]
    fn the_table_names_buckets_and_what_is_wrong_is_told() {
        assert_eq!(read(""), Ok(S3Config::default()));
        let config = read("[s3]\nbuckets = [\"logs\", \"other\"]\ncreate_buckets = true").unwrap();
        assert!(config.create_buckets);
        assert_eq!(config.buckets, ["logs", "other"].map(|name| name.parse().unwrap()));
        for (text, part) in [
            ("s3 = 1", "[destinations.s3]"),
            ("[s3]\nbucket = []", "bucket is not known"),
            ("[s3]\nbuckets = \"logs\"", "a list of names"),
            ("[s3]\nbuckets = [\"Logs\"]", "\"Logs\" is no bucket's name"),
            ("[s3]\nbuckets = [\"logs\", \"logs\"]", "twice"),
            ("[s3]\ncreate_buckets = 1", "create_buckets"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
