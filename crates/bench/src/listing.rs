//! Many streams: making them, and how long it takes to list them and their shards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::args::Listing;
use crate::control::Control;
use crate::histogram::Histogram;
use crate::limits::{ACTIVE_POLL, ACTIVE_WAIT};
use crate::random::Random;
use crate::report::{Report, Value};
use crate::tally::Tally;
use crate::{Common, Error, clock, process};

/// Threads that create streams: as many as may be CREATING at once (botocore, `CreateStream`).
const CREATORS: u64 = 5;

/// Makes what is missing, then times the calls that list: on a connection of its own each, as a command line would.
pub fn run(
    control: &Control,
    common: &Common,
    listing: &Listing,
    name: &'static str,
) -> Result<Report, Error> {
    let begun = clock::now();
    if !common.existing {
        create(control, common, listing.streams)?;
    }
    let creating = clock::now().duration_since(begun);
    let begun = clock::now();
    let mut random = Random::from_system()?;
    let (mut streams, mut shards) = (Histogram::default(), Histogram::default());
    let mut tally = Tally::default();
    for _ in 0..listing.calls {
        let after = format!("{}-{:06}", common.stream, random.next() % listing.streams);
        let body = format!("{{\"ExclusiveStartStreamName\":\"{after}\"}}");
        timed(control, "ListStreams", &body, &mut streams, &mut tally)?;
        let body = format!("{{\"StreamName\":\"{after}\"}}");
        timed(control, "ListShards", &body, &mut shards, &mut tally)?;
    }
    let mut setting = crate::setting(name, common);
    setting.push(("streams", Value::Count(listing.streams)));
    setting.push(("creating_seconds", Value::Number(creating.as_secs_f64())));
    for (name, latencies, fraction) in [
        ("list_streams_p50_us", &streams, 0.5),
        ("list_streams_p99_us", &streams, 0.99),
        ("list_shards_p50_us", &shards, 0.5),
        ("list_shards_p99_us", &shards, 0.99),
    ] {
        setting.push((name, Value::Number(latencies.quantile(fraction) as f64 / 1e3)));
    }
    tally.latencies.merge(&streams);
    tally.latencies.merge(&shards);
    Ok(Report {
        setting,
        window: clock::now().duration_since(begun),
        tally,
        reconnects: 0,
        server_time: None,
        own_time: None,
        server_peak_bytes: common.server_pid.and_then(process::peak_memory_bytes),
        comparison: None,
    })
}

fn timed(
    control: &Control,
    operation: &str,
    body: &str,
    latencies: &mut Histogram,
    tally: &mut Tally,
) -> Result<(), Error> {
    let begun = clock::now();
    control.call(operation, body)?;
    latencies.record(nanoseconds(clock::now().duration_since(begun)));
    tally.requests += 1;
    Ok(())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Creates the streams, some at once; one that is there already is left as it is.
fn create(control: &Control, common: &Common, streams: u64) -> Result<(), Error> {
    let next = Arc::new(AtomicU64::new(0));
    let creators: Vec<_> = (0..CREATORS)
        .map(|_| {
            let (next, control, shards) = (next.clone(), control.clone(), common.shards);
            std::thread::spawn(move || -> Result<(), Error> {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= streams {
                        return Ok(());
                    }
                    let stream = format!("{}-{number:06}", control.stream);
                    create_one(&Control { stream, ..control.clone() }, shards)?;
                }
            })
        })
        .collect();
    for creator in creators {
        creator.join().map_err(|_| Error::ThreadLost)??;
    }
    Ok(())
}

/// Whether CreateStream is refused for a moment only: others are being created, or it was called too often. A quota of
/// shards or streams stays full however long one waits.
fn passes(body: &str) -> bool {
    body.contains("LimitExceededException")
        && (body.contains("CREATING") || body.contains("Rate exceeded"))
}

/// Creates one stream, again while others are still being created.
fn create_one(control: &Control, shards: u64) -> Result<(), Error> {
    let begun = clock::now();
    loop {
        match control.create(shards) {
            Err(Error::Refused { body, .. })
                if passes(&body) && clock::now().duration_since(begun) < ACTIVE_WAIT =>
            {
                std::thread::sleep(ACTIVE_POLL);
            }
            Err(Error::Refused { body, .. }) if body.contains("ResourceInUseException") => {
                return Ok(());
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_quota_is_not_waited_for() {
        let refused = |text: &str| {
            format!("{{\"__type\":\"LimitExceededException\",\"message\":\"{text}\"}}")
        };
        for (text, waits) in [
            ("The account 1 has too many streams in state CREATING. Limit: 5.", true),
            ("Rate exceeded for account 000000000000.", true),
            ("This request would exceed the shard limit for the account 1.", false),
            ("This request would exceed the stream limit for the account 1. Limit: 5.", false),
        ] {
            assert_eq!(passes(&refused(text)), waits, "{text}");
        }
        assert!(!passes("{\"__type\":\"ValidationException\",\"message\":\"CREATING\"}"));
    }
}
