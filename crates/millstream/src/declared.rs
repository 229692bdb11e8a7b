//! Streams that the configuration declares: `[[stream]]` of the file, and `--streams` for short.

use std::collections::BTreeMap;

use millstream_api::ops::CreateStreamInput;
use millstream_api::shapes::{StreamMode, StreamModeDetails};
use millstream_streams::{Declaration, Declared, Streams};
use millstream_types::{AccountId, Region, StreamName};
use toml::{Table, Value};

/// Most streams that may be declared: each is made before the server is ready.
const DECLARED_MAX: usize = 10_000;
/// What `--streams` calls the mode in which shards follow the traffic.
const ON_DEMAND: &str = "on-demand";

/// How a stream's capacity is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Capacity {
    Shards(i32),
    OnDemand,
}

/// Puts the declarations of a configuration together; a stream may be declared once only.
pub fn declarations(
    short: &[String],
    tables: Option<Value>,
    region: &Region,
) -> Result<Vec<Declaration>, String> {
    let mut all = Vec::new();
    // An empty variable declares nothing.
    let short = short.join(",");
    if !short.trim().is_empty() {
        for entry in short.split(',') {
            let entry = entry.trim();
            let why = |why| format!("--streams, {entry:?}: {why}");
            all.push(from_short(entry, region).map_err(why)?);
        }
    }
    let tables = match tables {
        None => Vec::new(),
        Some(Value::Array(tables)) => tables,
        Some(_) => return Err("stream must be tables: [[stream]]".into()),
    };
    for (index, table) in tables.into_iter().enumerate() {
        let place = format!("[[stream]] number {}", index + 1);
        let Value::Table(table) = table else { return Err(format!("{place} is no table")) };
        all.push(from_table(table, region).map_err(|why| format!("{place}: {why}"))?);
    }
    if all.len() > DECLARED_MAX {
        return Err(format!("{} streams are declared, {DECLARED_MAX} may be", all.len()));
    }
    let mut places: Vec<_> = all.iter().map(place_of).collect();
    places.sort_unstable();
    if let Some(twice) = places.windows(2).find(|pair| pair[0] == pair[1]) {
        let (account, region, name) = twice[0];
        return Err(format!("the stream {name} ({region}, {account}) is declared twice"));
    }
    Ok(all)
}

fn place_of(one: &Declaration) -> (AccountId, &Region, &str) {
    (one.account, &one.region, one.create.stream_name.as_str())
}

/// `name:shards`, `name:on-demand`, each with `@region` if it is to be elsewhere.
fn from_short(entry: &str, region: &Region) -> Result<Declaration, String> {
    let (what, region) = match entry.split_once('@') {
        Some((what, region)) => (what, parse_region(region)?),
        None => (entry, region.clone()),
    };
    let form = "it must be of the form name:shards or name:on-demand, with @region if need be";
    let (name, capacity) = what.split_once(':').ok_or(form)?;
    let capacity = if capacity.eq_ignore_ascii_case(ON_DEMAND) {
        Capacity::OnDemand
    } else {
        Capacity::Shards(shards(capacity.parse().ok())?)
    };
    Ok(declaration(parse_name(name)?, capacity, region))
}

fn from_table(mut table: Table, region: &Region) -> Result<Declaration, String> {
    let name = text(&mut table, "name")?.ok_or("name is missing")?;
    let mode = text(&mut table, "mode")?;
    let count = table.remove("shards");
    let capacity = match (mode.as_deref(), count) {
        (Some(ON_DEMAND), None) => Capacity::OnDemand,
        (Some(ON_DEMAND), Some(_)) => return Err("an on-demand stream has no shards to set".into()),
        (Some("provisioned") | None, Some(count)) => {
            let count = count.as_integer().and_then(|count| i32::try_from(count).ok());
            Capacity::Shards(shards(count)?)
        }
        (Some("provisioned") | None, None) => {
            return Err("either shards or mode = \"on-demand\" is needed".into());
        }
        (Some(_), _) => return Err("mode must be \"provisioned\" or \"on-demand\"".into()),
    };
    let region = match text(&mut table, "region")? {
        Some(region) => parse_region(&region)?,
        None => region.clone(),
    };
    let mut one = declaration(parse_name(&name)?, capacity, region);
    if let Some(account) = text(&mut table, "account")? {
        one.account = account.parse().map_err(|_| "the account must be twelve digits")?;
    }
    one.retention_hours = number(&mut table, "retention_hours", 24, 8760)?;
    one.create.max_record_size_in_kib = number(&mut table, "max_record_size_kib", 1024, 10_240)?;
    one.create.tags = tags(table.remove("tags"))?;
    match table.keys().next() {
        None => Ok(one),
        Some(key) => Err(format!("{key} is not known")),
    }
}

fn declaration(name: StreamName, capacity: Capacity, region: Region) -> Declaration {
    let (shard_count, mode) = match capacity {
        Capacity::Shards(count) => (Some(count), None),
        Capacity::OnDemand => (None, Some(StreamMode::OnDemand)),
    };
    Declaration {
        account: AccountId::ZERO,
        region,
        create: CreateStreamInput {
            stream_name: name.to_string(),
            shard_count,
            stream_mode_details: mode.map(|stream_mode| StreamModeDetails { stream_mode }),
            tags: None,
            warm_throughput_mibps: None,
            max_record_size_in_kib: None,
            record_distribution_strategy: None,
        },
        retention_hours: None,
    }
}

fn parse_name(name: &str) -> Result<StreamName, String> {
    name.parse().map_err(|_| format!("{name:?} is no stream's name: 1 to 128 of a-z A-Z 0-9 _ . -"))
}

fn parse_region(region: &str) -> Result<Region, String> {
    region.parse().map_err(|_| format!("{region:?} is no region's name"))
}

fn shards(count: Option<i32>) -> Result<i32, String> {
    count.filter(|count| *count > 0).ok_or_else(|| "shards must be a whole number above 0".into())
}

fn text(table: &mut Table, key: &str) -> Result<Option<String>, String> {
    match table.remove(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{key} must be a text")),
    }
}

fn number(table: &mut Table, key: &str, min: i32, max: i32) -> Result<Option<i32>, String> {
    let Some(value) = table.remove(key) else { return Ok(None) };
    let number = value.as_integer().and_then(|number| i32::try_from(number).ok());
    let number = number.filter(|number| (min..=max).contains(number));
    number.map(Some).ok_or_else(|| format!("{key} must be a whole number from {min} to {max}"))
}

fn tags(value: Option<Value>) -> Result<Option<BTreeMap<String, String>>, String> {
    let wrong = "tags must be a table of texts";
    match value {
        None => Ok(None),
        Some(Value::Table(tags)) => {
            let text = |(key, value): (String, Value)| match value {
                Value::String(text) => Ok((key, text)),
                _ => Err(wrong.to_owned()),
            };
            tags.into_iter().map(text).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(wrong.into()),
    }
}

/// Makes what is declared and not there; says what was made, and where what is there differs.
pub async fn make(streams: &Streams, wanted: &[Declaration]) -> Result<usize, String> {
    let outcomes = streams.declare(wanted).await.map_err(|(name, error)| {
        format!("the stream {name} is declared and could not be made: {error}")
    })?;
    for (one, outcome) in wanted.iter().zip(&outcomes) {
        match outcome {
            Declared::Made(stream) => {
                let (name, region) = (&stream.name, &stream.region);
                tracing::info!(stream = %name, %region, "a declared stream was made");
            }
            Declared::Kept(stream) => tell_difference(one, stream),
        }
    }
    Ok(outcomes.len())
}

fn tell_difference(one: &Declaration, stream: &millstream_catalog::Stream) {
    let open = stream.open_shards().count();
    let name = &stream.name;
    if let Some(declared) = one.create.shard_count.filter(|count| *count as usize != open) {
        tracing::warn!(stream = %name, declared, open, "a declared stream is there with another number of shards and \
            is left as it is");
    }
    let hours = stream.retention_hours;
    if let Some(declared) = one.retention_hours.filter(|declared| *declared as u32 != hours) {
        tracing::warn!(stream = %name, declared, hours, "a declared stream is there with another retention and is left \
            as it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(short: &str, file: &str) -> Result<Vec<Declaration>, String> {
        let mut file: Table = file.parse().unwrap();
        declarations(&[short.to_owned()], file.remove("stream"), &"us-east-1".parse().unwrap())
    }

    /// Name, shards or 0 for on-demand, region.
    fn brief(one: &Declaration) -> String {
        let shards = one.create.shard_count.unwrap_or(0);
        assert_eq!(one.create.stream_mode_details.is_some(), shards == 0);
        format!("{} {shards} {}", one.create.stream_name, one.region)
    }

    #[test]
    fn the_short_form_names_streams_with_their_capacity_and_region() {
        for (text, expected) in [
            ("", &[][..]),
            ("  ", &[]),
            ("a:4", &["a 4 us-east-1"]),
            ("a:4,b:on-demand", &["a 4 us-east-1", "b 0 us-east-1"]),
            (" a:1 , c:2@eu-west-1 ", &["a 1 us-east-1", "c 2 eu-west-1"]),
            ("a:1,a:2@eu-west-1", &["a 1 us-east-1", "a 2 eu-west-1"]),
            ("x.y_z-1:ON-DEMAND@cn-north-1", &["x.y_z-1 0 cn-north-1"]),
        ] {
            let read = read(text, "").unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(read.iter().map(brief).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_declaration_is_refused_with_its_text() {
        for (text, part) in [
            ("a", "form"),
            ("a:", "shards"),
            ("a:0", "shards"),
            ("a:-1", "shards"),
            ("a:x", "shards"),
            ("a:1:2", "shards"),
            (":1", "name"),
            ("a b:1", "name"),
            ("a:1@", "region"),
            ("a:1@EU", "region"),
            ("a:1,", "form"),
            ("a:1,,b:1", "form"),
            ("a:1,a:2", "twice"),
        ] {
            let error = read(text, "").err().unwrap_or_else(|| panic!("{text} was taken"));
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_table_says_everything_about_a_stream() {
        let file = "[[stream]]\nname = \"a\"\nshards = 2\nregion = \"eu-west-1\"\naccount = \"000000000042\"\n\
            retention_hours = 48\nmax_record_size_kib = 2048\ntags = { team = \"x\" }\n\
            [[stream]]\nname = \"b\"\nmode = \"on-demand\"\n";
        let all = read("c:1", file).unwrap();
        let briefs: Vec<_> = all.iter().map(brief).collect();
        assert_eq!(briefs, ["c 1 us-east-1", "a 2 eu-west-1", "b 0 us-east-1"]);
        let a = &all[1];
        assert_eq!((a.account.as_u64(), a.retention_hours), (42, Some(48)));
        assert_eq!(a.create.max_record_size_in_kib, Some(2048));
        assert_eq!(a.create.tags.as_ref().map(|tags| tags["team"].as_str()), Some("x"));
    }

    #[test]
    fn a_table_that_does_not_fit_is_refused_by_number_and_key() {
        for (members, part) in [
            ("shards = 1", "name is missing"),
            ("name = \"a\"", "shards or mode"),
            ("name = \"a\"\nshards = 0", "shards"),
            ("name = \"a\"\nshards = \"1\"", "shards"),
            ("name = \"a\"\nmode = \"x\"", "mode"),
            ("name = \"a\"\nmode = \"on-demand\"\nshards = 1", "on-demand"),
            ("name = \"a\"\nshards = 1\nretention_hours = 23", "retention_hours"),
            ("name = \"a\"\nshards = 1\nmax_record_size_kib = 1", "max_record_size_kib"),
            ("name = \"a\"\nshards = 1\naccount = \"42\"", "account"),
            ("name = \"a\"\nshards = 1\ntags = { a = 1 }", "tags"),
            ("name = \"a\"\nshards = 1\nshard = 1", "shard is not known"),
        ] {
            let error = read("", &format!("[[stream]]\n{members}\n"));
            let error = error.err().unwrap_or_else(|| panic!("{members} was taken"));
            assert!(error.starts_with("[[stream]] number 1: "), "{error}");
            assert!(error.contains(part), "{members}: {error}");
        }
        assert!(read("", "stream = 1").is_err());
    }
}
