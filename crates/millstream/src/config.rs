//! The configuration: command line, then environment, then file, then default.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use millstream_auth::Secret;
use millstream_gateway::{HostRules, HttpLimits};
use millstream_log::limits::SEGMENT_BYTES_MIN;
use millstream_streams::{Declaration, Limits};
use millstream_types::{AccountId, Region};
use toml::{Table, Value};

use crate::arguments::{Auth, LimitsMode, LogFormat, ServeOptions};
use crate::config_file::File;
use crate::declared::declarations;
use crate::kms_config::KmsConfig;
use crate::outside_config::OutsideConfig;
use crate::s3_config::S3Config;

/// What `serve` runs with.
pub struct Config {
    pub listen: Vec<SocketAddr>,
    pub storage: Storage,
    pub log: LogSettings,
    pub limits_mode: LimitsMode,
    pub limits: Limits,
    pub firehose_limits: millstream_firehose::Limits,
    pub http: HttpLimits,
    pub auth: Auth,
    pub region: Region,
    pub streams: Vec<Declaration>,
    pub tls: Option<(PathBuf, PathBuf)>,
    pub hosts: HostRules,
    pub keys: HashMap<String, (Secret, AccountId)>,
    pub metrics_token: Option<Secret>,
    pub kms: KmsConfig,
    pub outside: OutsideConfig,
    pub s3: S3Config,
    pub log_format: LogFormat,
    pub log_level: tracing::Level,
}

/// `[log]` of the file; what is `None` is left to the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// How old data is before it is sorted by shard.
    pub sort_after: Option<Duration>,
    /// Bytes of the disk that records leave free, for what frees space again.
    pub disk_bytes_reserved: Option<u64>,
}

/// Where the data goes.
pub enum Storage {
    /// A directory.
    Directory(PathBuf),
    /// Nowhere that outlives the process; at most so many bytes.
    Ephemeral(Option<u64>),
}

const DEFAULT_LISTEN: &str = "127.0.0.1:4567";
const DEFAULT_DATA_DIR: &str = "./millstream-data";
const DEFAULT_REGION: &str = "us-east-1";
/// The reserve of a disk: some segments of the smallest size at least.
const DISK_RESERVE_MIB: std::ops::RangeInclusive<u64> = 64..=1024 * 1024;
/// Shortest token for `/metrics`.
const METRICS_TOKEN_BYTES_MIN: usize = 16;
/// Least of `--ephemeral-limit`: some segments of the smallest size, so that one can be freed while another is written.
const EPHEMERAL_BYTES_MIN: u64 = 4 * SEGMENT_BYTES_MIN;

impl Config {
    /// Puts the sources together. The error says what is wrong and where.
    pub fn new(options: ServeOptions) -> Result<Self, String> {
        let mut file = match &options.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        let config = Self::merge(options, &mut file)?;
        file.finish()?;
        Ok(config)
    }

    fn merge(options: ServeOptions, file: &mut File) -> Result<Self, String> {
        let listen = some(options.listen)
            .or(file.texts("listen")?)
            .unwrap_or_else(|| vec![DEFAULT_LISTEN.into()]);
        let listen =
            listen.iter().map(|address| resolve(address)).collect::<Result<Vec<_>, _>>()?;
        let auth = options.auth.or(file.choice("auth")?).unwrap_or(Auth::Open);
        let insecure_open =
            options.insecure_open.or(file.boolean("insecure_open")?).unwrap_or(false);
        let reachable = listen.iter().find(|address| !address.ip().is_loopback());
        if let (Auth::Open, Some(address), false) = (auth, reachable, insecure_open) {
            return Err(format!(
                "--auth open lets anyone in who reaches {address}; use --auth signed, listen on a loopback address, \
                 or give --insecure-open"
            ));
        }
        if auth == Auth::Enforced {
            return Err("--auth enforced is not implemented yet: policies are not evaluated; use --auth signed".into());
        }
        let keys = keys(file)?;
        if auth == Auth::Signed && keys.is_empty() {
            return Err("--auth signed lets in whoever has a key, and there are no keys: give [[keys]] in the \
                        configuration file or MILLSTREAM_KEYS=ID:SECRET:ACCOUNT,…"
                .into());
        }
        let region = options.region.or(file.text("region")?).or_else(|| variable("AWS_REGION"));
        let region = region.unwrap_or_else(|| DEFAULT_REGION.into());
        let region: Region =
            region.parse().map_err(|_| format!("{region:?} is no region's name"))?;
        // An empty variable says nothing; an empty entry among others is refused with them.
        let said = options.streams.iter().any(|text| !text.trim().is_empty());
        let streams = Some(options.streams).filter(|_| said);
        let streams = streams.or(file.texts("streams")?).unwrap_or_default();
        let streams = declarations(&streams, file.table.remove("stream"), &region)?;
        let AllLimits { mode: limits_mode, limits, firehose: firehose_limits, http } =
            limits(options.limits, file)?;
        let mut destinations = file.subtable("destinations")?;
        let s3 = S3Config::take(&mut destinations.table)?;
        let level = options.log_level.or(file.text("log_level")?).unwrap_or_else(|| "info".into());
        Ok(Config {
            storage: storage(options.data_dir, options.ephemeral, options.ephemeral_limit, file)?,
            log: log_settings(file)?,
            listen,
            limits_mode,
            limits,
            firehose_limits,
            http,
            auth,
            kms: KmsConfig::read(file.table.remove("kms"), &region)?,
            outside: outside(destinations.table, file, auth)?,
            s3,
            region,
            streams,
            tls: tls(options.tls_cert, options.tls_key, file)?,
            hosts: HostRules {
                names: file.texts("hosts")?.unwrap_or_default(),
                any: insecure_open || auth != Auth::Open,
            },
            keys,
            metrics_token: metrics_token(file)?,
            log_format: options
                .log_format
                .or(file.choice("log_format")?)
                .unwrap_or(LogFormat::Text),
            log_level: level.parse().map_err(|_| format!("{level:?} is no log level"))?,
        })
    }
}

/// A variable of the environment; an empty one says nothing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn resolve(address: &str) -> Result<SocketAddr, String> {
    let found = address
        .to_socket_addrs()
        .map_err(|error| format!("cannot listen on {address:?}: {error}"))?
        .next();
    found.ok_or_else(|| format!("cannot listen on {address:?}: it has no address"))
}

fn storage(
    data_dir: Option<PathBuf>,
    ephemeral: Option<bool>,
    limit: Option<u64>,
    file: &mut File,
) -> Result<Storage, String> {
    let in_file = file.text("data_dir")?.map(PathBuf::from);
    let named_by = match (&data_dir, variable("MILLSTREAM_DATA_DIR")) {
        (None, _) => "data_dir in the configuration file",
        // The command line comes first.
        (Some(directory), Some(text)) if *directory == Path::new(&text) => "MILLSTREAM_DATA_DIR",
        (Some(_), _) => "--data-dir",
    };
    let data_dir = data_dir.or(in_file);
    let ephemeral = ephemeral.or(file.boolean("ephemeral")?).unwrap_or(false);
    let limit = limit.or(file.number("ephemeral_limit")?);
    match (data_dir, ephemeral) {
        (Some(_), true) => Err(format!(
            "--ephemeral keeps nothing and {named_by} names a place to keep it: give one of them"
        )),
        (None, true) if limit.is_some_and(|limit| limit < EPHEMERAL_BYTES_MIN) => {
            Err(format!("--ephemeral-limit is too small: give {EPHEMERAL_BYTES_MIN} bytes or more"))
        }
        (None, true) => Ok(Storage::Ephemeral(limit)),
        (_, false) if limit.is_some() => Err("--ephemeral-limit needs --ephemeral".into()),
        (data_dir, false) => {
            Ok(Storage::Directory(data_dir.unwrap_or_else(|| DEFAULT_DATA_DIR.into())))
        }
    }
}

/// `[log]` of the file.
fn log_settings(file: &mut File) -> Result<LogSettings, String> {
    let mut log = file.subtable("log")?;
    let seconds = log.number("sort_after_seconds")?;
    let reserve = log.number("disk_reserve_mib")?;
    log.finish()?;
    if let Some(mib) = reserve.filter(|mib| !DISK_RESERVE_MIB.contains(mib)) {
        let (least, most) = (*DISK_RESERVE_MIB.start(), *DISK_RESERVE_MIB.end());
        return Err(format!("[log]: disk_reserve_mib = {mib} is not between {least} and {most}"));
    }
    Ok(LogSettings {
        sort_after: seconds.map(Duration::from_secs),
        disk_bytes_reserved: reserve.map(|mib| mib << 20),
    })
}

fn tls(
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    file: &mut File,
) -> Result<Option<(PathBuf, PathBuf)>, String> {
    let cert = cert.or(file.text("tls_cert")?.map(PathBuf::from));
    let key = key.or(file.text("tls_key")?.map(PathBuf::from));
    match (cert, key) {
        (Some(cert), Some(key)) => {
            for (option, path) in [("--tls-cert", &cert), ("--tls-key", &key)] {
                std::fs::File::open(path)
                    .map_err(|error| format!("{option} {}: {error}", path.display()))?;
            }
            Ok(Some((cert, key)))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err("tls_cert needs tls_key".into()),
        (None, Some(_)) => Err("tls_key needs tls_cert".into()),
    }
}

/// What is outside: the rest of `[destinations]`, secrets and tables.
fn outside(destinations: Table, file: &mut File, auth: Auth) -> Result<OutsideConfig, String> {
    OutsideConfig::read(
        Some(Value::Table(destinations)),
        file.table.remove("secrets"),
        file.table.remove("data_catalog"),
        auth == Auth::Open,
    )
}

/// `[limits]` of the file, by who keeps to them.
struct AllLimits {
    mode: LimitsMode,
    limits: Limits,
    firehose: millstream_firehose::Limits,
    http: HttpLimits,
}

/// `[limits]` of the file, over AWS's or over none.
fn limits(mode: Option<LimitsMode>, file: &mut File) -> Result<AllLimits, String> {
    // `limits = "off"` and `[limits]` cannot both be keys of one file; `[limits] mode = "off"` is the file's form.
    let mut table = match file.table.remove("limits") {
        None => Table::new(),
        Some(Value::Table(table)) => table,
        Some(_) => return Err("[limits] must be a table; its mode is the key limits.mode".into()),
    };
    let file_mode = match table.remove("mode") {
        None => None,
        Some(Value::String(text)) => Some(
            LimitsMode::from_str(&text, true)
                .map_err(|_| format!("limits.mode: {text:?} is not aws or off"))?,
        ),
        Some(_) => return Err("limits.mode must be \"aws\" or \"off\"".into()),
    };
    let mode = mode.or(file_mode).unwrap_or(LimitsMode::Aws);
    let (limits, firehose) = (Limits::default(), millstream_firehose::Limits::default());
    let (mut limits, mut firehose) = match mode {
        LimitsMode::Aws => (limits, firehose),
        LimitsMode::Off => (limits.without_rates(), firehose.without_rates()),
    };
    let mut http = HttpLimits::default();
    for (key, value) in table {
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let number =
            number.ok_or_else(|| format!("limits.{key} must be a whole number of 0 or more"))?;
        let known =
            limits.set(&key, number) || firehose.set(&key, number) || http.set(&key, number);
        if !known {
            return Err(format!("limits.{key} is not a limit"));
        }
    }
    Ok(AllLimits { mode, limits, firehose, http })
}

/// What a table of `[[keys]]` may have.
const KEY_MEMBERS: [&str; 3] = ["id", "secret", "account"];
/// The account of a key that names none.
const ACCOUNT_DEFAULT: &str = "000000000000";

/// `[[keys]]` of the file and `MILLSTREAM_KEYS=id:secret:account,…`. Messages never quote a secret.
fn keys(file: &mut File) -> Result<HashMap<String, (Secret, AccountId)>, String> {
    let mut keys = HashMap::new();
    let mut add = |id: &str, secret: &str, account: &str, place: &str| {
        let account =
            account.parse().map_err(|_| format!("{place}: the account must be twelve digits"))?;
        if id.is_empty() || secret.is_empty() {
            return Err(format!("{place}: id and secret must not be empty"));
        }
        match keys.insert(id.to_owned(), (Secret::new(secret), account)) {
            Some(_) => Err(format!("{place}: another key has the same id")),
            None => Ok(()),
        }
    };
    let listed = match file.table.remove("keys") {
        None => Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err("keys must be tables: [[keys]]".into()),
    };
    for (index, key) in listed.iter().enumerate() {
        let place = format!("[[keys]] number {}", index + 1);
        let Value::Table(key) = key else { return Err(format!("{place} is no table")) };
        if let Some(name) = key.keys().find(|name| !KEY_MEMBERS.contains(&name.as_str())) {
            return Err(format!("{place}: {name} is not known"));
        }
        let member = |name: &str| match key.get(name) {
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(format!("{place}: {name} must be text in quotes")),
            None => Ok(None),
        };
        let account = member("account")?.unwrap_or(ACCOUNT_DEFAULT);
        match (member("id")?, member("secret")?) {
            (Some(id), Some(secret)) => add(id, secret, account, &place)?,
            _ => return Err(format!("{place} needs id and secret")),
        }
    }
    let environment = std::env::var("MILLSTREAM_KEYS").unwrap_or_default();
    for (index, key) in environment.split(',').filter(|key| !key.is_empty()).enumerate() {
        let place = format!("MILLSTREAM_KEYS, key {}", index + 1);
        let parts: Vec<_> = key.trim().split(':').collect();
        match parts[..] {
            [id, secret] => add(id, secret, ACCOUNT_DEFAULT, &place)?,
            [id, secret, account] => add(id, secret, account, &place)?,
            _ => return Err(format!("{place} is not of the form id:secret:account")),
        }
    }
    Ok(keys)
}

/// What `/metrics` is read with. A token that could be guessed, or that no header can carry, is refused.
fn metrics_token(file: &mut File) -> Result<Option<Secret>, String> {
    let in_file = file.text("metrics_token")?;
    let Some(token) = variable("MILLSTREAM_METRICS_TOKEN").or(in_file) else { return Ok(None) };
    if token.len() < METRICS_TOKEN_BYTES_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "metrics_token must be {METRICS_TOKEN_BYTES_MIN} or more printable ASCII characters without spaces"
        ));
    }
    Ok(Some(Secret::new(&token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(text: &str) -> Result<Config, String> {
        let mut file = File { table: text.parse().unwrap(), name: "test.toml".into() };
        let config = Config::merge(ServeOptions::default(), &mut file)?;
        file.finish()?;
        Ok(config)
    }

    #[test]
    fn the_file_sets_limits_and_keys() {
        let config = merged(
            "listen = [\"127.0.0.1:0\"]\nauth = \"signed\"\n[limits]\nmode = \"off\"\nshards_max = \
                7\nidle_timeout_ms = 5\n\
             [[keys]]\nid = \"AKID\"\nsecret = \"s\"\naccount = \"000000000042\"\n",
        )
        .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((config.limits.shards_max, config.http.idle_timeout_ms), (7, 5));
        assert_eq!(config.limits.create_stream_per_second, millstream_streams::limits::UNLIMITED);
        assert_eq!(config.keys["AKID"].1.to_string(), "000000000042");
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        for token in ["short", "with a space in it", "sixteen-bytes-\u{e9}"] {
            let refused = merged(&format!("metrics_token = \"{token}\"")).err().unwrap();
            assert!(refused.contains("metrics_token") && !refused.contains(token), "{refused}");
        }
        assert!(merged("metrics_token = \"0123456789abcdef\"").is_ok());
    }

    #[test]
    fn the_file_says_when_data_is_sorted_and_what_stays_free() {
        let log = |text| merged(text).unwrap_or_else(|error| panic!("{error}")).log;
        assert_eq!(log(""), LogSettings::default());
        assert_eq!(log("[log]\nsort_after_seconds = 0").sort_after, Some(Duration::ZERO));
        assert_eq!(log("[log]\ndisk_reserve_mib = 64").disk_bytes_reserved, Some(64 << 20));
    }

    #[test]
    fn what_is_not_known_or_does_not_fit_is_refused_by_name() {
        for (text, part) in [
            ("lisen = \"x\"", "lisen"),
            ("[limits]\nshards = 1", "limits.shards"),
            ("[limits]\nshards_max = -1", "limits.shards_max"),
            ("[log]\nsort_after = 1", "sort_after"),
            ("[destinations]\nallowed = []", "[destinations]: allowed"),
            ("[log]\nsort_after_seconds = -1", "sort_after_seconds"),
            ("[log]\ndisk_reserve_mib = 63", "disk_reserve_mib"),
            ("destinations = 1", "[destinations]"),
            ("[destinations]\ns4 = 1", "s4"),
            ("ephemeral = true\ndata_dir = \"x\"", "data_dir in the configuration file"),
            ("ephemeral = true\nephemeral_limit = 1000", "--ephemeral-limit"),
            ("auth = \"signed\"", "MILLSTREAM_KEYS"),
            ("tls_cert = \"/nothing\"\ntls_key = \"x\"", "--tls-cert /nothing"),
            ("listen = \"0.0.0.0:0\"", "--insecure-open"),
            ("auth = \"enforced\"", "enforced"),
            ("tls_cert = \"x\"", "tls_key"),
            ("[[keys]]\nid = \"x\"", "[[keys]] number 1"),
        ] {
            let error = merged(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.contains(part), "{error}");
        }
    }
}
