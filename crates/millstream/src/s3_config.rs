//! `[destinations.s3]` of the configuration: where objects go, and the built-in buckets.

use std::path::PathBuf;
use std::sync::Arc;

use millstream_buckets::{BucketName, Keys, Options, Place, Store};
use millstream_log::limits::DISK_BYTES_RESERVED;
use millstream_sinks::objects::{EndpointSettings, ObjectSettings};
use millstream_types::{Clock, Random, Region};
use millstream_vault::Vault;
use toml::{Table, Value};

use crate::arguments::Auth;
use crate::config::{Config, Storage};
use crate::outside_config::{address, boolean, identity, known, text};

/// Files of the built-in buckets, within the data directory.
pub const BUCKETS_DIRECTORY: &str = "buckets";
const MEMBERS: [&str; 3] = ["buckets", "create_buckets", "endpoint"];
const ENDPOINT_MEMBERS: [&str; 8] = [
    "buckets",
    "url",
    "region",
    "access_key_id",
    "secret_access_key",
    "secret_access_key_file",
    "session_token",
    "path_style",
];
/// Most endpoints, and most buckets of one table.
const ENTRIES_MAX: usize = 1_000;
/// Largest file of a secret key.
const SECRET_BYTES_MAX: u64 = 4096;

/// What `[destinations.s3]` says. It has no `Debug`, since it holds secrets.
#[derive(Default)]
pub struct S3Config {
    /// Built-in buckets that are made at start unless they are there. They belong to every account.
    pub buckets: Vec<BucketName>,
    /// Whether a delivery makes a built-in bucket that does not exist.
    pub create_buckets: bool,
    /// Endpoints for buckets that are elsewhere.
    pub endpoints: Vec<EndpointSettings>,
}

impl S3Config {
    /// Takes the table out of `[destinations]`.
    pub fn take(destinations: &mut Table) -> Result<Self, String> {
        let table = match destinations.remove("s3") {
            None => return Ok(S3Config::default()),
            Some(Value::Table(table)) => table,
            Some(_) => return Err("destinations.s3 must be a table: [destinations.s3]".into()),
        };
        let place = "[destinations.s3]";
        known(&table, &MEMBERS, place)?;
        let create_buckets = boolean(&table, "create_buckets", place)?.unwrap_or(false);
        let endpoints = match table.get("endpoint") {
            None => Vec::new(),
            Some(Value::Array(listed)) if listed.len() <= ENTRIES_MAX => {
                listed.iter().enumerate().map(endpoint).collect::<Result<_, _>>()?
            }
            Some(_) => {
                return Err(format!(
                    "destinations.s3.endpoint must be at most {ENTRIES_MAX} tables: \
                     [[destinations.s3.endpoint]]"
                ));
            }
        };
        Ok(S3Config { buckets: buckets(&table)?, create_buckets, endpoints })
    }
}

fn endpoint((index, value): (usize, &Value)) -> Result<EndpointSettings, String> {
    let place = format!("[[destinations.s3.endpoint]] number {}", index + 1);
    let Value::Table(table) = value else { return Err(format!("{place} is no table")) };
    known(table, &ENDPOINT_MEMBERS, &place)?;
    let patterns = names(table, &place)?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.*".contains(&b);
    if patterns.is_empty() || patterns.iter().any(|it| it.is_empty() || !it.bytes().all(allowed)) {
        return Err(format!("{place} needs buckets: names, in which * stands for any characters"));
    }
    let url = text(table, "url", &place)?.ok_or_else(|| format!("{place} needs url"))?;
    let mut keys = table.clone();
    if let Some(file) = text(table, "secret_access_key_file", &place)? {
        if keys.contains_key("secret_access_key") {
            return Err(format!("{place}: give secret_access_key or its file, not both"));
        }
        let secret = secret_of(&file).map_err(|error| format!("{place} {file}: {error}"))?;
        keys.insert("secret_access_key".into(), Value::String(secret));
    }
    Ok(EndpointSettings {
        buckets: patterns,
        url: address(&url, &place)?,
        identity: identity(&keys, &place)?,
        path_style: boolean(table, "path_style", &place)?.unwrap_or(true),
    })
}

/// The secret key that a file holds, without the line's end.
fn secret_of(file: &str) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|error| error.kind().to_string())?.len();
    if size > SECRET_BYTES_MAX {
        return Err(format!("the file is larger than {SECRET_BYTES_MAX} bytes"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.kind().to_string())?;
    Ok(text.trim().to_owned())
}

/// What the sink is given.
pub fn settings(config: S3Config, auth: Auth) -> ObjectSettings {
    ObjectSettings {
        create_buckets: config.create_buckets,
        // In `open` anyone may be anyone.
        owners_only: auth != Auth::Open,
        endpoints: config.endpoints,
    }
}

fn names(table: &Table, place: &str) -> Result<Vec<String>, String> {
    let names = match table.get("buckets") {
        None => return Ok(Vec::new()),
        Some(Value::Array(names)) if names.len() <= ENTRIES_MAX => {
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<_>>()
        }
        Some(_) => None,
    };
    names.ok_or_else(|| format!("{place}: buckets must be a list of at most {ENTRIES_MAX} names"))
}

fn buckets(table: &Table) -> Result<Vec<BucketName>, String> {
    let mut buckets = Vec::new();
    for name in names(table, "[destinations.s3]")? {
        let bucket =
            name.parse().map_err(|_| format!("[destinations.s3]: {name:?} is no bucket's name"))?;
        if buckets.contains(&bucket) {
            return Err(format!("[destinations.s3]: the bucket {name} is there twice"));
        }
        buckets.push(bucket);
    }
    Ok(buckets)
}

/// The built-in buckets and those that are declared.
#[derive(Clone)]
pub struct BuiltIn {
    pub store: Arc<Store>,
    declared: Vec<BucketName>,
    region: Region,
}

impl BuiltIn {
    /// Makes the declared buckets that are not there.
    pub fn make(&self) -> Result<(), String> {
        for bucket in &self.declared {
            let made = self.store.create_bucket(bucket, None, &self.region);
            made.map_err(|error| format!("the bucket {bucket} could not be made: {error}"))?;
        }
        Ok(())
    }

    /// Deletes all buckets, and makes the declared ones again.
    pub fn reset(&self) -> Result<usize, String> {
        let deleted = self.store.reset();
        let deleted = deleted.map_err(|error| format!("the buckets were not deleted: {error}"))?;
        self.make().map(|()| deleted)
    }
}

/// Opens the built-in buckets beside the log, and makes those that are declared. The vault has the keys of objects.
pub fn open(
    config: &Config,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<BuiltIn, String> {
    let place = match &config.storage {
        Storage::Directory(directory) => Place::Directory(directory.join(BUCKETS_DIRECTORY)),
        Storage::Ephemeral(limit) => temporary(*limit)?,
    };
    // Objects stop before the log does: what was acknowledged has to be kept until there is room for it again.
    let bytes_reserved = 2 * config.log.disk_bytes_reserved.unwrap_or(DISK_BYTES_RESERVED);
    let keys = Some(Keys::new(vault));
    let store = Store::open(Options { place, bytes_reserved, keys }, clock, random);
    let store = store.map_err(|error| format!("the buckets did not open: {error}"))?;
    let (declared, region) = (config.s3.buckets.clone(), config.region.clone());
    let built_in = BuiltIn { store, declared, region };
    built_in.make()?;
    Ok(built_in)
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
    fn the_table_names_buckets_and_endpoints() {
        let none = read("").unwrap_or_else(|error| panic!("{error}"));
        assert!(none.buckets.is_empty() && !none.create_buckets && none.endpoints.is_empty());
        let config = read(
            "[s3]\nbuckets = [\"logs\", \"other\"]\ncreate_buckets = true\n\
             [[s3.endpoint]]\nbuckets = [\"prod-*\"]\nurl = \"https://s3.example\"\nregion = \"eu-west-1\"\n\
             access_key_id = \"a\"\nsecret_access_key = \"canary\"\npath_style = false\n\
             [[s3.endpoint]]\nbuckets = [\"x\"]\nurl = \"http://127.0.0.1:9000\"\n",
        )
        .unwrap_or_else(|error| panic!("{error}"));
        assert!(config.create_buckets);
        assert_eq!(config.buckets, ["logs", "other"].map(|name| name.parse().unwrap()));
        let [first, second] = &config.endpoints[..] else { panic!("two endpoints") };
        assert_eq!(
            (first.buckets.as_slice(), first.path_style),
            (&["prod-*".to_owned()][..], false)
        );
        assert!(first.identity.as_ref().is_some_and(|it| it.secret_access_key == "canary"));
        assert!(second.identity.is_none() && second.path_style);
    }

    #[test]
    fn what_is_wrong_is_told_by_name_and_no_secret_with_it() {
        for (text, part) in [
            ("s3 = 1", "[destinations.s3]"),
            ("[s3]\nbucket = []", "bucket is not known"),
            ("[s3]\nbuckets = \"logs\"", "buckets must be a list"),
            ("[s3]\nbuckets = [\"Logs\"]", "\"Logs\" is no bucket's name"),
            ("[s3]\nbuckets = [\"logs\", \"logs\"]", "twice"),
            ("[s3]\ncreate_buckets = 1", "create_buckets"),
            ("[s3]\nendpoint = 1", "[[destinations.s3.endpoint]]"),
            ("[[s3.endpoint]]\nurl = \"https://x\"", "number 1 needs buckets"),
            ("[[s3.endpoint]]\nbuckets = [\"x\"]", "needs url"),
            ("[[s3.endpoint]]\nbuckets = [\"x\"]\nurl = \"ftp://x\"", "address"),
            (
                "[[s3.endpoint]]\nbuckets = [\"x\"]\nurl = \"https://x\"\nsecret_access_key = \"canary\"",
                "together",
            ),
            (
                "[[s3.endpoint]]\nbuckets = [\"x\"]\nurl = \"https://x\"\nsecret_access_key_file = \"/nothing\"",
                "/nothing",
            ),
        ] {
            let error = read(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.contains(part) && !error.contains("canary"), "{error}");
        }
    }
}
