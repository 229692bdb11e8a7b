//! `[kms]` of the configuration: where the master key is, which local keys there are, and the key service.

use std::path::PathBuf;

use millstream_types::Region;
use millstream_vault::{KeyName, KeyUse, LocalKey};
use toml::{Table, Value};

/// What `[kms]` says.
#[derive(Default)]
pub struct KmsConfig {
    pub master_key_file: Option<PathBuf>,
    pub keys: Vec<LocalKey>,
    pub service: Option<KmsService>,
}

/// A key service that speaks AWS KMS's protocol. It has no `Debug`, since it holds a secret.
pub struct KmsService {
    pub endpoint: Endpoint,
    pub region: Region,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
    pub timeout_ms: u64,
}

/// Where it is.
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    /// The certificates that are trusted, for `https`.
    pub ca_file: Option<PathBuf>,
}

/// How long a call of the key service may take when the configuration does not say.
const TIMEOUT_MS_DEFAULT: u64 = 5_000;
const TIMEOUT_MS_MAX: u64 = 60_000;
/// Most keys that may be declared.
const KEYS_MAX: usize = 1_000;
const MEMBERS: [&str; 9] = [
    "master_key_file",
    "keys",
    "endpoint",
    "region",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "ca_file",
    "timeout_ms",
];
const KEY_MEMBERS: [&str; 6] =
    ["id", "aliases", "account", "enabled", "pending_deletion", "denied"];
const ACCOUNT_DEFAULT: &str = "000000000000";

impl KmsConfig {
    /// Reads the table. Messages never quote a secret.
    pub fn read(value: Option<Value>, region: &Region) -> Result<Self, String> {
        let table = match value {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(_) => return Err("kms must be a table: [kms]".into()),
        };
        known(&table, &MEMBERS, "[kms]")?;
        let text = |name: &str| text(&table, name, "[kms]");
        Ok(KmsConfig {
            master_key_file: text("master_key_file")?.map(PathBuf::from),
            keys: keys(&table)?,
            service: match text("endpoint")? {
                Some(endpoint) => Some(service(&table, &endpoint, region)?),
                None => {
                    let given = MEMBERS[2..].iter().find(|name| table.contains_key(**name));
                    match given {
                        Some(name) => return Err(format!("[kms] {name} needs endpoint")),
                        None => None,
                    }
                }
            },
        })
    }
}

fn known(table: &Table, members: &[&str], place: &str) -> Result<(), String> {
    match table.keys().find(|name| !members.contains(&name.as_str())) {
        Some(name) => Err(format!("{place}: {name} is not known")),
        None => Ok(()),
    }
}

fn text(table: &Table, name: &str, place: &str) -> Result<Option<String>, String> {
    match table.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{place}: {name} must be text in quotes")),
    }
}

fn boolean(table: &Table, name: &str, place: &str) -> Result<Option<bool>, String> {
    match table.get(name) {
        None => Ok(None),
        Some(Value::Boolean(value)) => Ok(Some(*value)),
        Some(_) => Err(format!("{place}: {name} must be true or false")),
    }
}

fn service(table: &Table, endpoint: &str, region: &Region) -> Result<KmsService, String> {
    let text = |name: &str| text(table, name, "[kms]");
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let credential = |name: &str, variable: &str| -> Result<Option<String>, String> {
        let own = environment(&format!("MILLSTREAM_KMS_{}", name.to_uppercase()));
        Ok(text(name)?.or(own).or_else(|| environment(variable)))
    };
    let missing = |name: &str| format!("[kms] endpoint needs {name}");
    let region = match text("region")? {
        Some(text) => text.parse().map_err(|_| format!("[kms]: {text:?} is no region's name"))?,
        None => region.clone(),
    };
    let timeout_ms = match table.get("timeout_ms") {
        None => TIMEOUT_MS_DEFAULT,
        Some(value) => {
            let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
            number
                .filter(|number| (1..=TIMEOUT_MS_MAX).contains(number))
                .ok_or_else(|| format!("[kms]: timeout_ms must be from 1 to {TIMEOUT_MS_MAX}"))?
        }
    };
    Ok(KmsService {
        endpoint: self::endpoint(endpoint, text("ca_file")?.map(PathBuf::from))?,
        region,
        access_key_id: credential("access_key_id", "AWS_ACCESS_KEY_ID")?
            .ok_or_else(|| missing("access_key_id"))?,
        secret_access_key: credential("secret_access_key", "AWS_SECRET_ACCESS_KEY")?
            .ok_or_else(|| missing("secret_access_key"))?,
        session_token: credential("session_token", "AWS_SESSION_TOKEN")?,
        timeout_ms,
    })
}

fn endpoint(url: &str, ca_file: Option<PathBuf>) -> Result<Endpoint, String> {
    let wrong = || format!("[kms]: endpoint {url:?} is not of the form http://HOST:PORT");
    let (tls, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return Err(wrong()),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        return Err(wrong());
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, if tls { 443 } else { 80 }),
    };
    match (tls, &ca_file) {
        (true, None) => {
            Err("[kms]: an endpoint of https needs ca_file, the certificates to trust \
            (the system's bundle, or your own)"
                .into())
        }
        (false, Some(_)) => Err("[kms]: ca_file needs an endpoint of https".into()),
        (true, Some(_)) | (false, None) => Ok(Endpoint { host: host.to_owned(), port, ca_file }),
    }
}

fn keys(table: &Table) -> Result<Vec<LocalKey>, String> {
    let listed = match table.get("keys") {
        None => return Ok(Vec::new()),
        Some(Value::Array(listed)) if listed.len() <= KEYS_MAX => listed,
        Some(Value::Array(_)) => return Err(format!("[[kms.keys]]: at most {KEYS_MAX} keys")),
        Some(_) => return Err("kms.keys must be tables: [[kms.keys]]".into()),
    };
    let mut keys: Vec<LocalKey> = Vec::new();
    for (index, key) in listed.iter().enumerate() {
        let place = format!("[[kms.keys]] number {}", index + 1);
        let Value::Table(key) = key else { return Err(format!("{place} is no table")) };
        let key = local_key(key, &place)?;
        let clash = keys.iter().filter(|other| other.account == key.account).any(|other| {
            other.id == key.id || other.aliases.iter().any(|alias| key.aliases.contains(alias))
        });
        if clash {
            return Err(format!("{place}: another key has the same id or alias"));
        }
        keys.push(key);
    }
    Ok(keys)
}

fn local_key(key: &Table, place: &str) -> Result<LocalKey, String> {
    known(key, &KEY_MEMBERS, place)?;
    let id = text(key, "id", place)?.ok_or_else(|| format!("{place} needs id"))?;
    let plain = |text: &str, alias: bool| {
        let name = KeyName::parse(text).ok();
        name.is_some_and(|name| {
            name.place().is_none() && name.is_alias() == alias && !name.is_service()
        })
    };
    if !plain(&id, false) {
        return Err(format!("{place}: id must be letters, digits and hyphens"));
    }
    let aliases = match key.get("aliases") {
        None => Vec::new(),
        Some(Value::Array(values)) => {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().unwrap_or_else(|| vec![String::new()])
        }
        Some(_) => vec![String::new()],
    };
    if !aliases.iter().all(|alias| plain(alias, true)) {
        return Err(format!("{place}: aliases must be a list of texts such as \"alias/mine\""));
    }
    let account = text(key, "account", place)?.unwrap_or_else(|| ACCOUNT_DEFAULT.into());
    let account =
        account.parse().map_err(|_| format!("{place}: the account must be twelve digits"))?;
    let flag =
        |name: &str, default: bool| Ok::<_, String>(boolean(key, name, place)?.unwrap_or(default));
    let usable =
        match (flag("denied", false)?, flag("pending_deletion", false)?, flag("enabled", true)?) {
            (true, _, _) => KeyUse::Denied,
            (false, true, _) => KeyUse::PendingDeletion,
            (false, false, false) => KeyUse::Disabled,
            (false, false, true) => KeyUse::Enabled,
        };
    Ok(LocalKey { id, aliases, account, usable })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<KmsConfig, String> {
        let mut table: Table = text.parse().unwrap();
        KmsConfig::read(table.remove("kms"), &"us-east-1".parse().unwrap())
    }

    #[test]
    fn keys_and_the_service_are_read() {
        let config = read(
            "[kms]\nendpoint = \"http://127.0.0.1:8080/\"\nregion = \"eu-west-1\"\naccess_key_id = \"a\"\n\
             secret_access_key = \"s\"\n[[kms.keys]]\nid = \"k1\"\naliases = [\"alias/one\"]\n[[kms.keys]]\n\
             id = \"k2\"\nenabled = false\naccount = \"000000000007\"\n",
        )
        .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (config.keys[0].usable, config.keys[1].usable),
            (KeyUse::Enabled, KeyUse::Disabled)
        );
        assert_eq!(config.keys[1].account.as_u64(), 7);
        let service = config.service.expect("a service");
        assert_eq!((service.endpoint.host.as_str(), service.endpoint.port), ("127.0.0.1", 8080));
        assert_eq!(service.region.as_str(), "eu-west-1");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (text, part) in [
            ("kms = 5", "[kms]"),
            ("[kms]\nkey = 1", "key"),
            ("[kms]\nendpoint = \"ftp://x\"", "endpoint"),
            ("[kms]\nendpoint = \"http://x/y\"", "endpoint"),
            ("[kms]\nendpoint = \"https://x\"", "ca_file"),
            ("[kms]\nregion = \"us-east-1\"", "needs endpoint"),
            (
                "[kms]\nendpoint = \"http://x\"\ntimeout_ms = 0\naccess_key_id = \"a\"\nsecret_access_key = \"s\"",
                "timeout_ms",
            ),
            ("[[kms.keys]]\naliases = []", "needs id"),
            ("[[kms.keys]]\nid = \"a b\"", "number 1: id"),
            ("[[kms.keys]]\nid = \"a\"\naliases = [\"mine\"]", "aliases"),
            ("[[kms.keys]]\nid = \"a\"\naliases = [\"alias/aws/kinesis\"]", "aliases"),
            ("[[kms.keys]]\nid = \"a\"\n[[kms.keys]]\nid = \"a\"", "number 2: another key"),
            ("[[kms.keys]]\nid = \"a\"\nenabled = \"no\"", "enabled"),
        ] {
            let error = read(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.contains(part), "{error}");
        }
    }
}
