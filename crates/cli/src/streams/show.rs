//! What is printed about streams.

use std::io::{self, Write};

use millstream_api::ops::StreamDescriptionSummary;
use millstream_api::shapes::Shard;
use millstream_client::{Client, StreamListed, StreamTarget, timestamp};

use crate::Failure;
use crate::json::Json;
use crate::table::{self, counted};

pub(super) async fn list(client: &Client, as_json: bool) -> Result<(), Failure> {
    let streams = client.list_streams().await?;
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{:#}", Json::Array(streams.iter().map(listed).collect()))?;
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

fn listed(stream: &StreamListed) -> Json {
    let mut members: Vec<(&str, Json)> = vec![("name", stream.name.as_str().into())];
    if let Some(summary) = &stream.summary {
        let mode = summary.stream_mode_details.as_ref().map(|mode| mode.stream_mode.as_str());
        members.extend([
            ("arn", Json::from(summary.stream_arn.as_str())),
            ("status", summary.stream_status.as_str().into()),
            ("mode", mode.into()),
            ("created", summary.stream_creation_timestamp.map(timestamp::format).into()),
        ]);
    }
    Json::Object(members)
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

fn described(summary: &StreamDescriptionSummary, shards: &[Shard]) -> Json {
    let mode = summary.stream_mode_details.as_ref().map(|mode| mode.stream_mode.as_str());
    Json::Object(vec![
        ("name", summary.stream_name.as_str().into()),
        ("arn", summary.stream_arn.as_str().into()),
        ("status", summary.stream_status.as_str().into()),
        ("mode", mode.into()),
        ("open_shards", summary.open_shard_count.into()),
        ("retention_hours", summary.retention_period_hours.into()),
        ("created", timestamp::format(summary.stream_creation_timestamp).into()),
        ("encryption", summary.encryption_type.map(|encryption| encryption.as_str()).into()),
        ("key_id", summary.key_id.clone().into()),
        ("largest_record_kib", summary.max_record_size_in_kib.into()),
        ("consumers", summary.consumer_count.into()),
        ("shards", Json::Array(shards.iter().map(described_shard).collect())),
    ])
}

fn described_shard(shard: &Shard) -> Json {
    let (keys, numbers) = (&shard.hash_key_range, &shard.sequence_number_range);
    Json::Object(vec![
        ("shard", shard.shard_id.as_str().into()),
        ("state", if is_open(shard) { "open" } else { "closed" }.into()),
        ("parents", Json::Array(parents(shard).map(Json::from).collect())),
        ("starting_hash_key", keys.starting_hash_key.as_str().into()),
        ("ending_hash_key", keys.ending_hash_key.as_str().into()),
        ("starting_sequence_number", numbers.starting_sequence_number.as_str().into()),
        ("ending_sequence_number", numbers.ending_sequence_number.clone().into()),
    ])
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
