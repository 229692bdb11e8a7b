//! `[destinations]`, `[secrets]` and `[data_catalog]` of the configuration: what may be reached from here, what is
//! where, and what stands in for Secrets Manager and the Glue data catalog.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use millstream_sinks::outbound::Allowed;
use millstream_sinks::redshift::{ClusterAddress, RedshiftConfiguration};
use millstream_sinks::{FunctionSettings, Identity, SearchCluster, SearchIdentity};
use toml::{Table, Value};

/// What the configuration says of all that is outside. It has no `Debug`, since it holds secrets.
pub struct OutsideConfig {
    pub allowed: Allowed,
    /// The certificates that are trusted in place of the built-in roots.
    pub ca_bundle: Option<PathBuf>,
    pub functions: FunctionSettings,
    pub clusters: Vec<SearchCluster>,
    pub redshift: RedshiftConfiguration,
    pub secrets: BTreeMap<String, DeclaredSecret>,
    /// The directory of tables: `DATABASE/TABLE.json`.
    pub data_catalog: Option<PathBuf>,
}

/// A secret of the configuration.
pub enum DeclaredSecret {
    /// Its members.
    Members(BTreeMap<String, String>),
    /// A file with its members as a JSON object; read whenever it is asked for, so that it can be replaced.
    File(PathBuf),
}

const MEMBERS: [&str; 7] =
    ["allow", "allow_plain_http", "ca_bundle", "functions", "lambda", "opensearch", "redshift"];
const REDSHIFT_MEMBERS: [&str; 4] = ["host", "address", "plain", "retry_after_seconds"];
const LAMBDA_MEMBERS: [&str; 5] =
    ["endpoint", "access_key_id", "secret_access_key", "session_token", "region"];
const CLUSTER_MEMBERS: [&str; 9] = [
    "endpoint",
    "domain_arn",
    "user",
    "password",
    "access_key_id",
    "secret_access_key",
    "session_token",
    "region",
    "service",
];
/// Most functions, clusters, secrets and entries of the list of destinations.
const ENTRIES_MAX: usize = 1_000;

impl OutsideConfig {
    /// Reads the tables. `open` is the mode of the server: it lets destinations be private. Messages quote no secret.
    pub fn read(
        destinations: Option<Value>,
        secrets: Option<Value>,
        data_catalog: Option<Value>,
        open: bool,
    ) -> Result<Self, String> {
        let place = "[destinations]";
        let table = table(destinations, place)?;
        known(&table, &MEMBERS, place)?;
        let list = texts(&table, "allow", place)?;
        let plain_http = boolean(&table, "allow_plain_http", place)?.unwrap_or(false);
        Ok(OutsideConfig {
            allowed: Allowed::new(open, plain_http, &list)
                .map_err(|error| format!("{place} allow: {error}"))?,
            ca_bundle: text(&table, "ca_bundle", place)?.map(PathBuf::from),
            functions: functions(&table)?,
            clusters: clusters(&table)?,
            redshift: redshift(&table)?,
            secrets: self::secrets(secrets)?,
            data_catalog: self::data_catalog(data_catalog)?,
        })
    }
}

fn functions(destinations: &Table) -> Result<FunctionSettings, String> {
    let place = "[destinations.lambda]";
    let lambda = match destinations.get("lambda") {
        None => None,
        Some(Value::Table(table)) => {
            known(table, &LAMBDA_MEMBERS, place)?;
            let endpoint =
                text(table, "endpoint", place)?.ok_or_else(|| format!("{place} needs endpoint"))?;
            Some((address(&endpoint, place)?, identity(table, place)?))
        }
        Some(_) => return Err(format!("destinations.lambda must be a table: {place}")),
    };
    let place = "[destinations.functions]";
    let mut urls = BTreeMap::new();
    for (name, url) in entries(destinations.get("functions"), place)? {
        let Value::String(url) = url else {
            return Err(format!("{place}: {name} must be a URL in quotes"));
        };
        urls.insert(name.clone(), address(url, &format!("{place} {name}"))?);
    }
    Ok(FunctionSettings { lambda, urls })
}

/// Where clusters of Redshift really are: `[[destinations.redshift]]`.
fn redshift(destinations: &Table) -> Result<RedshiftConfiguration, String> {
    let place = "[[destinations.redshift]]";
    let mut configuration = RedshiftConfiguration::default();
    let listed = match destinations.get("redshift") {
        None => return Ok(configuration),
        Some(Value::Array(listed)) if listed.len() <= ENTRIES_MAX => listed,
        Some(_) => return Err(format!("destinations.redshift must be tables: {place}")),
    };
    for value in listed {
        let Value::Table(table) = value else { return Err(format!("{place} is no table")) };
        known(table, &REDSHIFT_MEMBERS, place)?;
        let needed =
            |name: &str| text(table, name, place)?.ok_or_else(|| format!("{place} needs {name}"));
        let (name, address) = (needed("host")?, needed("address")?);
        let wrong = || format!("{place} {name}: address must be HOST:PORT");
        let (host, port) = address.rsplit_once(':').ok_or_else(wrong)?;
        let retry_after = match table.get("retry_after_seconds") {
            None => None,
            Some(Value::Integer(seconds @ 0..=7200)) => Some(Duration::from_secs(*seconds as u64)),
            Some(_) => {
                return Err(format!("{place} {name}: retry_after_seconds must be 0 to 7200"));
            }
        };
        let address = ClusterAddress {
            host: host.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
            plain: boolean(table, "plain", place)?.unwrap_or(false),
            retry_after,
        };
        if configuration.hosts.insert(name.clone(), address).is_some() {
            return Err(format!("{place}: {name} is there twice"));
        }
    }
    Ok(configuration)
}

fn clusters(destinations: &Table) -> Result<Vec<SearchCluster>, String> {
    let listed = match destinations.get("opensearch") {
        None => return Ok(Vec::new()),
        Some(Value::Array(listed)) if listed.len() <= ENTRIES_MAX => listed,
        Some(Value::Array(_)) => {
            return Err(format!("[[destinations.opensearch]]: at most {ENTRIES_MAX} clusters"));
        }
        Some(_) => {
            return Err(
                "destinations.opensearch must be tables: [[destinations.opensearch]]".into()
            );
        }
    };
    let cluster = |(index, value): (usize, &Value)| {
        let place = format!("[[destinations.opensearch]] number {}", index + 1);
        let Value::Table(table) = value else { return Err(format!("{place} is no table")) };
        cluster(table, &place)
    };
    let clusters: Vec<SearchCluster> =
        listed.iter().enumerate().map(cluster).collect::<Result<_, _>>()?;
    for (index, cluster) in clusters.iter().enumerate() {
        let same = |other: &SearchCluster| {
            other.endpoint == cluster.endpoint
                || other.domain_arn.is_some() && other.domain_arn == cluster.domain_arn
        };
        if clusters[..index].iter().any(same) {
            let number = index + 1;
            return Err(format!(
                "[[destinations.opensearch]] number {number}: another has the same endpoint or domain_arn"
            ));
        }
    }
    Ok(clusters)
}

fn cluster(table: &Table, place: &str) -> Result<SearchCluster, String> {
    known(table, &CLUSTER_MEMBERS, place)?;
    let text = |name: &str| text(table, name, place);
    let endpoint = text("endpoint")?.ok_or_else(|| format!("{place} needs endpoint"))?;
    let keys = identity(table, place)?;
    let identity = match (text("user")?, text("password")?, keys) {
        (None, None, None) => SearchIdentity::None,
        (Some(user), Some(password), None) if !user.contains(':') => {
            SearchIdentity::Basic { user, password }
        }
        (Some(_), Some(_), None) => return Err(format!("{place}: user may not have a colon")),
        (None, None, Some(mut keys)) => {
            keys.service = text("service")?;
            SearchIdentity::Signed(keys)
        }
        (_, _, Some(_)) => {
            return Err(format!("{place}: give user and password, or access_key_id, not both"));
        }
        (_, _, None) => return Err(format!("{place}: user and password go together")),
    };
    if table.contains_key("service") && !matches!(identity, SearchIdentity::Signed(_)) {
        return Err(format!("{place}: service needs access_key_id"));
    }
    Ok(SearchCluster {
        endpoint: address(&endpoint, place)?,
        domain_arn: text("domain_arn")?,
        identity,
    })
}

/// Keys to sign with, if there are any.
pub(crate) fn identity(table: &Table, place: &str) -> Result<Option<Identity>, String> {
    let text = |name: &str| text(table, name, place);
    let region = match text("region")? {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| format!("{place}: {text:?} is no region's name"))?)
        }
    };
    let session_token = text("session_token")?;
    match (text("access_key_id")?, text("secret_access_key")?) {
        (Some(access_key_id), Some(secret_access_key)) => Ok(Some(Identity {
            access_key_id,
            secret_access_key,
            session_token,
            region,
            service: None,
        })),
        (None, None) if session_token.is_none() && region.is_none() => Ok(None),
        (None, None) => Err(format!("{place}: session_token and region need access_key_id")),
        (_, _) => Err(format!("{place}: access_key_id and secret_access_key go together")),
    }
}

/// `[secrets]`: by ARN, a table of texts or the name of a file.
fn secrets(value: Option<Value>) -> Result<BTreeMap<String, DeclaredSecret>, String> {
    let place = "[secrets]";
    let mut secrets = BTreeMap::new();
    for (arn, value) in entries(value.as_ref(), place)? {
        let secret = match value {
            Value::String(file) => DeclaredSecret::File(file.into()),
            Value::Table(members) => {
                let mut texts = BTreeMap::new();
                for (name, value) in members {
                    let Value::String(text) = value else {
                        return Err(format!("{place} {arn}: {name} must be text in quotes"));
                    };
                    texts.insert(name.clone(), text.clone());
                }
                DeclaredSecret::Members(texts)
            }
            _ => return Err(format!("{place}: {arn} must be a table or the name of a file")),
        };
        secrets.insert(arn.clone(), secret);
    }
    Ok(secrets)
}

fn data_catalog(value: Option<Value>) -> Result<Option<PathBuf>, String> {
    let place = "[data_catalog]";
    if value.is_none() {
        return Ok(None);
    }
    let table = table(value, place)?;
    known(&table, &["directory"], place)?;
    let directory = text(&table, "directory", place)?;
    directory.map(PathBuf::from).map(Some).ok_or_else(|| format!("{place} needs directory"))
}

/// An address of `http` or `https`. The message does not quote it: people put keys into queries.
pub(crate) fn address(text: &str, place: &str) -> Result<Uri, String> {
    let wrong = |reason: &str| format!("{place}: the address is not valid: {reason}");
    let uri: Uri = text.parse().map_err(|_| wrong("it cannot be read"))?;
    millstream_sinks::outbound::Target::of(&uri).map_err(|error| wrong(&error.to_string()))?;
    Ok(uri)
}

fn table(value: Option<Value>, place: &str) -> Result<Table, String> {
    match value {
        None => Ok(Table::new()),
        Some(Value::Table(table)) => Ok(table),
        Some(_) => Err(format!("{} must be a table: {place}", place.trim_matches(['[', ']']))),
    }
}

fn entries<'a>(
    value: Option<&'a Value>,
    place: &str,
) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, String> {
    let table = match value {
        None => None,
        Some(Value::Table(table)) if table.len() <= ENTRIES_MAX => Some(table),
        Some(Value::Table(_)) => return Err(format!("{place}: at most {ENTRIES_MAX} entries")),
        Some(_) => {
            let name = place.trim_matches(['[', ']']);
            return Err(format!("{name} must be a table: {place}"));
        }
    };
    Ok(table.into_iter().flatten())
}

pub(crate) fn known(table: &Table, members: &[&str], place: &str) -> Result<(), String> {
    match table.keys().find(|name| !members.contains(&name.as_str())) {
        Some(name) => Err(format!("{place}: {name} is not known")),
        None => Ok(()),
    }
}

pub(crate) fn text(table: &Table, name: &str, place: &str) -> Result<Option<String>, String> {
    match table.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{place}: {name} must be text in quotes")),
    }
}

fn texts(table: &Table, name: &str, place: &str) -> Result<Vec<String>, String> {
    let listed = match table.get(name) {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) if values.len() <= ENTRIES_MAX => {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>()
        }
        Some(_) => None,
    };
    listed.ok_or_else(|| format!("{place}: {name} must be a list of at most {ENTRIES_MAX} texts"))
}

pub(crate) fn boolean(table: &Table, name: &str, place: &str) -> Result<Option<bool>, String> {
    match table.get(name) {
        None => Ok(None),
        Some(Value::Boolean(value)) => Ok(Some(*value)),
        Some(_) => Err(format!("{place}: {name} must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<OutsideConfig, String> {
        let mut table: Table = text.parse().unwrap();
        let mut take = |name: &str| table.remove(name);
        OutsideConfig::read(take("destinations"), take("secrets"), take("data_catalog"), true)
    }

    #[test]
    fn all_that_is_outside_is_read() {
        let config = read(
            "[destinations]\nallow = [\"10.0.0.0/8\", \"splunk.internal\"]\nallow_plain_http = true\n\
             ca_bundle = \"ca.pem\"\n\
             [destinations.lambda]\nendpoint = \"http://127.0.0.1:3001\"\naccess_key_id = \"a\"\n\
             secret_access_key = \"s\"\nregion = \"eu-west-1\"\n\
             [destinations.functions]\nclean = \"http://127.0.0.1:9000/2015-03-31/functions/function/invocations\"\n\
             [[destinations.opensearch]]\nendpoint = \"https://one.example\"\nuser = \"u\"\npassword = \"p\"\n\
             [[destinations.opensearch]]\nendpoint = \"https://two.example\"\ndomain_arn = \"arn:two\"\n\
             access_key_id = \"a\"\nsecret_access_key = \"s\"\nservice = \"aoss\"\n\
             [[destinations.opensearch]]\nendpoint = \"http://127.0.0.1:9200\"\n\
             [secrets]\n\"arn:one\" = { api_key = \"k\" }\n\"arn:two\" = \"two.json\"\n\
             [data_catalog]\ndirectory = \"tables\"\n",
        )
        .unwrap_or_else(|error| panic!("{error}"));
        let list = ["10.0.0.0/8".to_owned(), "splunk.internal".to_owned()];
        assert_eq!(config.allowed, Allowed::new(true, true, &list).unwrap());
        assert_eq!(config.ca_bundle, Some("ca.pem".into()));
        let (endpoint, identity) = config.functions.lambda.unwrap();
        assert_eq!(endpoint, "http://127.0.0.1:3001/");
        assert_eq!(identity.unwrap().region.unwrap().as_str(), "eu-west-1");
        assert!(config.functions.urls.contains_key("clean"));
        let clusters = config.clusters;
        assert!(matches!(&clusters[0].identity, SearchIdentity::Basic { user, .. } if user == "u"));
        let service = match &clusters[1].identity {
            SearchIdentity::Signed(identity) => identity.service.as_deref(),
            SearchIdentity::None | SearchIdentity::Basic { .. } => None,
        };
        assert_eq!((service, clusters[1].domain_arn.as_deref()), (Some("aoss"), Some("arn:two")));
        assert!(matches!(&clusters[2].identity, SearchIdentity::None));
        assert!(
            matches!(&config.secrets["arn:one"], DeclaredSecret::Members(it) if it["api_key"] == "k")
        );
        assert!(
            matches!(&config.secrets["arn:two"], DeclaredSecret::File(file) if file.ends_with("two.json"))
        );
        assert_eq!(config.data_catalog, Some("tables".into()));
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for (text, part) in [
            ("destinations = 1", "[destinations]"),
            ("[destinations]\nalow = []", "alow"),
            ("[destinations]\nallow = \"x\"", "allow"),
            ("[destinations]\nallow = [\"10.0.0.1/8\"]", "10.0.0.1/8"),
            ("[destinations]\nallow_plain_http = 1", "allow_plain_http"),
            ("[destinations.lambda]\nregion = \"us-east-1\"", "needs endpoint"),
            ("[destinations.lambda]\nendpoint = \"ftp://x\"", "address"),
            (
                "[destinations.lambda]\nendpoint = \"https://x\"\nregion = \"us-east-1\"",
                "access_key_id",
            ),
            ("[destinations.functions]\nclean = 1", "clean"),
            ("[destinations.functions]\nclean = \"canary\"", "clean"),
            ("[[destinations.opensearch]]\nuser = \"u\"", "number 1 needs endpoint"),
            ("[[destinations.opensearch]]\nendpoint = \"https://x\"\nuser = \"u\"", "go together"),
            ("[[destinations.opensearch]]\nendpoint = \"https://x\"\nservice = \"es\"", "service"),
            (
                "[[destinations.opensearch]]\nendpoint = \"https://x\"\n[[destinations.opensearch]]\n\
                 endpoint = \"https://x\"",
                "number 2: another",
            ),
            ("[destinations.opensearch]\nendpoint = \"https://x\"", "[[destinations.opensearch]]"),
            ("[secrets]\n\"arn:one\" = { key = 1 }", "arn:one"),
            ("[secrets]\n\"arn:one\" = 1", "arn:one"),
            ("[data_catalog]\ndirectory = 1", "directory"),
            ("[data_catalog]\ndir = \"x\"", "dir"),
            ("[data_catalog]", "needs directory"),
        ] {
            let error = read(text).err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.contains(part), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
