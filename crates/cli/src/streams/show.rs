//! What is printed about streams.

use std::io::{self, Write};

use millstream_api::ops::StreamDescriptionSummary;
use millstream_api::shapes::Shard;
use millstream_client::{Client, StreamListed, StreamTarget, timestamp};
use serde_json::{Value, json};

use crate::Failure;
use crate::table::{self, counted};

pub(super) async fn list(client: &Client, as_json: bool) -> Result<(), Failure> {
    let streams = client.list_streams().await?;
    let mut out = io::stdout().lock();
    if as_json {
        let streams: Vec<Value> = streams.iter().map(listed).collect();
        writeln!(out, "{:#}", Value::from(streams))?;
        return Ok(());
    }
    if streams.is_empty() {
        // The reason for an empty list is often the wrong place.
        let settings = client.settings();
        eprintln!("no streams at {} in {}", settings.endpoint, settings.region);
        return Ok(());
    }
    let mut rows = vec![["NAME", "STATUS", "MODE", "CREATED"].map(str::to_owned)];
    rows.extend(streams.iter().map(|stream| {
        let summary = stream.summary.as_ref();
        let mode = summary.and_then(|summary| summary.stream_mode_details.as_ref());
        let created = summary.and_then(|summary| summary.stream_creation_timestamp);
        [
            stream.name.clone(),
            summary.map_or("-", |summary| summary.stream_status.as_str()).to_owned(),
            mode.map_or("-", |mode| mode.stream_mode.as_str()).to_owned(),
            created.map_or("-".to_owned(), timestamp::format),
        ]
    }));
    table::write(&mut out, &rows)?;
    Ok(())
}

fn listed(stream: &StreamListed) -> Value {
    let Some(summary) = &stream.summary else { return json!({ "name": stream.name }) };
    json!({
        "name": stream.name,
        "arn": summary.stream_arn,
        "status": summary.stream_status.as_str(),
        "mode": summary.stream_mode_details.as_ref().map(|mode| mode.stream_mode.as_str()),
        "created": summary.stream_creation_timestamp.map(timestamp::format),
    })
}

pub(super) async fn describe(client: &Client, stream: &str, as_json: bool) -> Result<(), Failure> {
    let target = StreamTarget::new(stream);
    let summary = client.describe(&target).await?;
    // A stream that is being made or deleted lists no shards.
    let shards = match client.list_shards(&target).await {
        Ok(shards) => shards,
        Err(error) if error.code() == Some("ResourceInUseException") => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{:#}", described(&summary, &shards))?;
        return Ok(());
    }
    for (name, value) in facts(&summary, &shards) {
        writeln!(out, "{name:<14} {value}")?;
    }
    writeln!(out)?;
    let mut rows = vec![["SHARD", "STATE", "PARENTS", "FROM", "TO", "SHARE"].map(str::to_owned)];
    rows.extend(shards.iter().map(row));
    table::write(&mut out, &rows)?;
    Ok(())
}

fn facts(summary: &StreamDescriptionSummary, shards: &[Shard]) -> Vec<(&'static str, String)> {
    let closed = shards.iter().filter(|shard| !is_open(shard)).count() as u64;
    let open = counted(u64::try_from(summary.open_shard_count).unwrap_or_default(), "open shard");
    let mut facts = vec![
        ("Name", summary.stream_name.clone()),
        ("ARN", summary.stream_arn.clone()),
        ("Status", summary.stream_status.as_str().to_owned()),
    ];
    if let Some(mode) = &summary.stream_mode_details {
        facts.push(("Mode", mode.stream_mode.as_str().to_owned()));
    }
    facts.extend([
        ("Shards", if closed == 0 { open } else { format!("{open}, {closed} closed") }),
        ("Retention", counted(u64::from(summary.retention_period_hours.unsigned_abs()), "hour")),
        ("Created", timestamp::format(summary.stream_creation_timestamp)),
    ]);
    if let Some(encryption) = summary.encryption_type {
        let key = summary.key_id.as_ref().map_or(String::new(), |key| format!(" with {key}"));
        facts.push(("Encryption", format!("{}{key}", encryption.as_str())));
    }
    if let Some(kib) = summary.max_record_size_in_kib {
        facts.push(("Largest record", format!("{kib} KiB")));
    }
    if let Some(consumers) = summary.consumer_count {
        facts.push(("Consumers", consumers.to_string()));
    }
    facts
}

fn row(shard: &Shard) -> [String; 6] {
    let range = &shard.hash_key_range;
    let parents: Vec<&str> = parents(shard).collect();
    [
        shard.shard_id.clone(),
        if is_open(shard) { "open" } else { "closed" }.to_owned(),
        if parents.is_empty() { "-".to_owned() } else { parents.join(" ") },
        range.starting_hash_key.clone(),
        range.ending_hash_key.clone(),
        share(&range.starting_hash_key, &range.ending_hash_key),
    ]
}

/// How much of the hash key space a shard takes.
fn share(start: &str, end: &str) -> String {
    let (Ok(start), Ok(end)) = (start.parse::<u128>(), end.parse::<u128>()) else {
        return "-".to_owned();
    };
    let width = end.saturating_sub(start) as f64 + 1.0;
    format!("{:.1} %", width / u128::MAX as f64 * 100.0)
}

fn is_open(shard: &Shard) -> bool {
    shard.sequence_number_range.ending_sequence_number.is_none()
}

fn parents(shard: &Shard) -> impl Iterator<Item = &str> {
    [&shard.parent_shard_id, &shard.adjacent_parent_shard_id].into_iter().flatten().map(|id| &**id)
}

fn described(summary: &StreamDescriptionSummary, shards: &[Shard]) -> Value {
    let shards: Vec<Value> = shards
        .iter()
        .map(|shard| {
            json!({
                "shard": shard.shard_id,
                "state": if is_open(shard) { "open" } else { "closed" },
                "parents": parents(shard).collect::<Vec<_>>(),
                "starting_hash_key": shard.hash_key_range.starting_hash_key,
                "ending_hash_key": shard.hash_key_range.ending_hash_key,
                "starting_sequence_number": shard.sequence_number_range.starting_sequence_number,
                "ending_sequence_number": shard.sequence_number_range.ending_sequence_number,
            })
        })
        .collect();
    json!({
        "name": summary.stream_name,
        "arn": summary.stream_arn,
        "status": summary.stream_status.as_str(),
        "mode": summary.stream_mode_details.as_ref().map(|mode| mode.stream_mode.as_str()),
        "open_shards": summary.open_shard_count,
        "retention_hours": summary.retention_period_hours,
        "created": timestamp::format(summary.stream_creation_timestamp),
        "encryption": summary.encryption_type.map(|encryption| encryption.as_str()),
        "key_id": summary.key_id,
        "largest_record_kib": summary.max_record_size_in_kib,
        "consumers": summary.consumer_count,
        "shards": shards,
    })
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_add_up() {
        assert_eq!(share("0", &u128::MAX.to_string()), "100.0 %");
        assert_eq!(share("0", &(u128::MAX / 4).to_string()), "25.0 %");
        assert_eq!(share("x", "0"), "-");
    }
}
