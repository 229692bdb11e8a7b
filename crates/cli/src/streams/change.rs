//! What changes streams.

use std::io::{self, BufRead, IsTerminal, Write};

use millstream_api::ops::CreateStreamInput;
use millstream_api::shapes::{StreamMode, StreamModeDetails};
use millstream_client::{Client, StreamTarget};
use millstream_types::HashKey;

use super::{CreateArguments, shard_id, wait};
use crate::Failure;
use crate::table::counted;

pub(super) async fn create(client: &Client, arguments: &CreateArguments) -> Result<(), Failure> {
    let shards = (!arguments.on_demand).then_some(arguments.shards.unwrap_or(1));
    let mode =
        arguments.on_demand.then_some(StreamModeDetails { stream_mode: StreamMode::OnDemand });
    let input = CreateStreamInput {
        stream_name: arguments.stream.clone(),
        shard_count: shards,
        stream_mode_details: mode,
        tags: None,
        warm_throughput_mibps: None,
        max_record_size_in_kib: None,
        record_distribution_strategy: None,
    };
    client.create_stream(&input).await?;
    if arguments.wait {
        wait::until_active(client, &StreamTarget::new(&arguments.stream)).await?;
    }
    let size =
        shards.map_or("on demand".to_owned(), |n| counted(u64::from(n.unsigned_abs()), "shard"));
    let done = if arguments.wait { "is active" } else { "is being created" };
    say(format_args!("{} {done} ({size})", arguments.stream))
}

pub(super) async fn split(
    client: &Client,
    stream: &str,
    shard: &str,
    at: Option<String>,
    wait: bool,
) -> Result<(), Failure> {
    let (target, shard) = (StreamTarget::new(stream), shard_id(shard));
    let at = match at {
        Some(at) => at,
        None => middle(client, &target, &shard).await?.to_string(),
    };
    client.split_shard(&target, &shard, &at).await?;
    finish(client, &target, wait, format_args!("{shard} of {stream} is split at {at}")).await
}

/// Where the upper half of a shard begins.
async fn middle(client: &Client, target: &StreamTarget, shard: &str) -> Result<HashKey, Failure> {
    let shards = client.list_shards(target).await?;
    let Some(found) = shards.iter().find(|found| found.shard_id == shard) else {
        let text = format!("{} has no shard {shard}", target.as_str());
        return Err(Failure::Told(text));
    };
    let range = &found.hash_key_range;
    let ends = (range.starting_hash_key.parse(), range.ending_hash_key.parse());
    let (Ok(HashKey(start)), Ok(HashKey(end))) = ends else {
        return Err(Failure::Told(format!("{shard} has no range of hash keys: {range:?}")));
    };
    upper_half(start, end)
        .map(HashKey)
        .ok_or_else(|| Failure::Told(format!("{shard} holds one hash key and cannot be split")))
}

fn upper_half(start: u128, end: u128) -> Option<u128> {
    (start < end).then(|| start + (end - start) / 2 + 1)
}

pub(super) async fn merge(
    client: &Client,
    stream: &str,
    shard: &str,
    adjacent: &str,
    wait: bool,
) -> Result<(), Failure> {
    let target = StreamTarget::new(stream);
    let (shard, adjacent) = (shard_id(shard), shard_id(adjacent));
    client.merge_shards(&target, &shard, &adjacent).await?;
    finish(client, &target, wait, format_args!("{shard} and {adjacent} of {stream} are merged"))
        .await
}

/// Options of `delete`.
pub(super) struct Delete {
    pub yes: bool,
    pub enforce_consumers: bool,
    pub wait: bool,
}

pub(super) async fn delete(client: &Client, stream: &str, options: Delete) -> Result<(), Failure> {
    let target = StreamTarget::new(stream);
    if !options.yes {
        confirm(client, stream)?;
    }
    client.delete_stream(&target, options.enforce_consumers).await?;
    if options.wait {
        wait::until_gone(client, &target).await?;
    }
    let done = if options.wait { "is deleted" } else { "is being deleted" };
    say(format_args!("{stream} {done}"))
}

fn confirm(client: &Client, stream: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let text = "deleting a stream needs --yes when nobody can be asked";
        return Err(Failure::Told(text.to_owned()));
    }
    let endpoint = &client.settings().endpoint;
    eprint!("This deletes {stream} at {endpoint} with all its records. Type its name to go on: ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == stream {
        Ok(())
    } else {
        Err(Failure::Told("nothing is deleted".to_owned()))
    }
}

async fn finish(
    client: &Client,
    target: &StreamTarget,
    wait: bool,
    done: std::fmt::Arguments<'_>,
) -> Result<(), Failure> {
    if wait {
        wait::until_active(client, target).await?;
        return say(done);
    }
    say(format_args!("{done} (under way)"))
}

fn say(text: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::upper_half;

    #[test]
    fn halves_are_even() {
        assert_eq!(upper_half(0, u128::MAX), Some(1 << 127));
        assert_eq!(upper_half(0, 1), Some(1));
        assert_eq!(upper_half(7, 7), None);
        assert_eq!(upper_half(10, 19), Some(15));
    }
}
