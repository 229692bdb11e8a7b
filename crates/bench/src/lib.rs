//! The load generator behind `millstream bench`, and behind every published figure.
//!
//! Owns: encoding requests ahead of the clock, driving connections, timing replies, and comparing what is read back
//! with what was acknowledged. It speaks clear-text HTTP/1.1 and JSON to any Kinesis-compatible endpoint, so that
//! peers are driven by the same code.
//! Must never: use the shared client, or a HTTP library but for the subscriptions' HTTP/2.
//! It runs on the processors that it measures, and what it costs is part of every figure.
#![forbid(unsafe_code)]

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

mod args;
mod caller;
mod clock;
mod control;
mod delivery;
mod error;
mod events;
mod histogram;
mod json;
mod lanes;
mod ledger;
mod limits;
mod listing;
mod measure;
mod pool;
mod process;
mod put;
mod queue;
mod random;
mod read;
mod read_back;
mod reply;
mod report;
mod subscribe;
mod tally;

pub use args::{
    Args, Common, GetRecords, Listing, Operation, PutRecord, PutRecordBatch, PutRecords, Queue,
    Subscribe,
};
pub use error::Error;

use caller::Caller;
use control::Control;
use delivery::payload::Payload;
use measure::Measured;
use pool::{Pool, Shape};
use put::Putting;
use queue::{Queueing, Then};
use random::Random;
use read::{Discard, Plan, Reading};
use report::{Report, Value};
use tally::{Tally, Window};

/// Runs one measurement and prints it to standard output.
///
/// # Errors
/// Where the server cannot be reached, answers what the run cannot use, or returns other records than it acknowledged.
pub fn run(args: &Args) -> Result<(), Error> {
    let (name, common) = match &args.operation {
        Operation::PutRecords(put) => ("put-records", &put.common),
        Operation::PutRecord(put) => ("put-record", &put.common),
        Operation::PutRecordBatch(put) => ("put-record-batch", &put.common),
        Operation::GetRecords(get) => ("get-records", &get.common),
        Operation::Listing(listing) => ("listing", &listing.common),
        Operation::Subscribe(subscribe) => ("subscribe", &subscribe.common),
        Operation::Queue(queue) => ("queue", &queue.common),
    };
    check(common)?;
    if let Operation::PutRecords(put) = &args.operation {
        check_request(put)?;
    }
    let (host, address) = endpoint(&common.endpoint)?;
    let caller = Caller::new(common, host);
    let control = Control { address, caller, stream: common.stream.clone() };
    // A listing has streams of its own, which are kept.
    let one_stream =
        !matches!(args.operation, Operation::Listing(_) | Operation::PutRecordBatch(_));
    match &args.operation {
        _ if common.existing || !one_stream => {}
        Operation::Queue(_) => control.create_on_demand()?,
        _ => control.create(common.shards)?,
    }
    let outcome = match &args.operation {
        Operation::PutRecords(put) => puts(&control, common, Some(put.records as usize), name),
        Operation::PutRecord(_) => puts(&control, common, None, name),
        Operation::PutRecordBatch(put) => delivery::run(&control, common, put, name),
        Operation::GetRecords(get) => gets(&control, common, get, name),
        Operation::Listing(listing) => listing::run(&control, common, listing, name),
        Operation::Subscribe(options) => subscribe::subscribe(&control, common, options),
        Operation::Queue(queue) => queues(&control, common, queue, name),
    };
    if one_stream && !common.keep && !common.existing {
        control.delete()?;
    }
    let report = outcome?;
    println!("{}", if common.json { report.json() } else { report.text().trim_end().to_owned() });
    match &report.comparison {
        Some(found) if !found.agrees() => Err(Error::ReadBack(format!("{found:?}"))),
        _ => succeeded(&report.tally),
    }
}

/// A run in which nothing succeeded has no figures.
fn succeeded(tally: &Tally) -> Result<(), Error> {
    let first = tally.first_fault.clone();
    if tally.requests == 0 {
        return Err(Error::Nothing(first.unwrap_or_else(|| "no reply in the time".to_owned())));
    }
    if tally.records == 0 && tally.failed_records > 0 {
        let refused = format!("{} records refused", tally.failed_records);
        return Err(Error::Nothing(first.unwrap_or(refused)));
    }
    Ok(())
}

/// Whether a request keeps within what the service takes in one.
fn check_request(put: &PutRecords) -> Result<(), Error> {
    let bytes = put.records * (put.common.record_bytes + limits::PARTITION_KEY_BYTES);
    if bytes > limits::PUT_REQUEST_BYTES_MAX {
        let (records, each) = (put.records, put.common.record_bytes);
        return Err(Error::Options(format!(
            "--records {records} of --record-bytes {each}: a request may hold 10 MiB at most, keys included"
        )));
    }
    Ok(())
}

fn check(common: &Common) -> Result<(), Error> {
    for (name, seconds) in [("duration", common.duration), ("warmup", common.warmup)] {
        if !(0.0..=86_400.0).contains(&seconds) {
            return Err(Error::Options(format!("--{name} {seconds}: not between 0 and 86,400 s")));
        }
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if common.stream.is_empty() || !common.stream.chars().all(legal) {
        return Err(Error::Options(format!("--stream {}: not a stream name", common.stream)));
    }
    Ok(())
}

fn endpoint(given: &str) -> Result<(String, SocketAddr), Error> {
    let wrong = || Error::Endpoint(given.to_owned());
    let host = given.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
    let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let address = with_port.to_socket_addrs().ok().and_then(|mut all| all.next());
    Ok((host.to_owned(), address.ok_or_else(wrong)?))
}

/// Lanes of each thread.
fn deal(common: &Common) -> Vec<usize> {
    let threads = common.threads.min(common.connections);
    (0..threads)
        .map(|t| {
            (common.connections / threads + u64::from(t < common.connections % threads)) as usize
        })
        .collect()
}

/// The window of a run that begins now.
fn window(common: &Common) -> Window {
    let now = clock::now();
    match common.requests {
        Some(requests) => {
            Window { from: now, until: None, budget: Some(Arc::new(AtomicU64::new(requests))) }
        }
        None => {
            let from = now + Duration::from_secs_f64(common.warmup);
            let until = Some(from + Duration::from_secs_f64(common.duration));
            Window { from, until, budget: None }
        }
    }
}

fn pools(
    control: &Control,
    common: &Common,
    batch: Option<usize>,
    delivery: Option<Payload>,
) -> Result<Vec<Pool>, Error> {
    let lanes = deal(common);
    let bytes = (common.pool_mib << 20) as usize / lanes.len();
    let shape = Shape {
        stream: common.stream.clone(),
        batch,
        record_bytes: common.record_bytes as usize,
        delivery,
    };
    let mut random = Random::from_system()?;
    lanes
        .iter()
        .map(|lanes| {
            Pool::encode(shape.clone(), control.caller.clone(), &mut random, bytes, *lanes)
        })
        .collect()
}

fn puts(
    control: &Control,
    common: &Common,
    batch: Option<usize>,
    name: &'static str,
) -> Result<Report, Error> {
    let pools = pools(control, common, batch, None)?;
    let bodies = pools.iter().map(Pool::len).sum::<usize>() as u64;
    let window = window(common);
    let measured = load(control, common, pools, &window, common.verify)?;
    let server_peak_bytes = common.server_pid.and_then(process::peak_memory_bytes);
    let comparison = match common.verify {
        true => Some(read_back::compare(control, &measured.works)?),
        false => None,
    };
    let mut setting = setting(name, common);
    setting.push(("records_per_request", Value::Count(batch.unwrap_or(1) as u64)));
    setting.push(("distinct_bodies", Value::Count(bodies)));
    let report = report(common, setting, measured, |work| work.tally);
    Ok(Report { server_peak_bytes, comparison, ..report })
}

fn load(
    control: &Control,
    common: &Common,
    pools: Vec<Pool>,
    window: &Window,
    verify: bool,
) -> Result<Measured<Putting>, Error> {
    let mut first_lane = 0;
    let mut works = Vec::new();
    for (pool, lanes) in pools.into_iter().zip(deal(common)) {
        let mut work = Putting::new(pool, window.clone(), lanes, verify);
        work.first_lane = first_lane;
        works.push((work, lanes));
        first_lane += lanes as u32;
    }
    measure::run(control.address, works, window, common.server_pid)
}

fn gets(
    control: &Control,
    common: &Common,
    get: &GetRecords,
    name: &'static str,
) -> Result<Report, Error> {
    if get.fill_mib > 0 {
        fill(control, common, get.fill_mib)?;
    }
    let shards = control.shards()?;
    let chosen = match get.only_shard {
        Some(shard) if shard >= shards.len() => {
            let count = shards.len();
            return Err(Error::Options(format!("--only-shard {shard}: there are {count} shards")));
        }
        Some(shard) => vec![shard],
        None => (0..shards.len()).collect(),
    };
    let plan = Plan {
        shards: Arc::new(shards),
        chosen: Arc::new(chosen),
        handed: Arc::default(),
        once: get.once,
    };
    let window = match get.once {
        true => Window { from: clock::now(), until: None, budget: None },
        false => window(common),
    };
    let works = deal(common)
        .into_iter()
        .map(|lanes| {
            let (caller, stream) = (control.caller.clone(), common.stream.clone());
            let reading =
                Reading::new(plan.clone(), window.clone(), caller, stream, lanes, Discard);
            (reading, lanes)
        })
        .collect();
    let measured = measure::run(control.address, works, &window, common.server_pid)?;
    let mut setting = setting(name, common);
    setting.push(("fill_mib", Value::Count(get.fill_mib)));
    Ok(report(common, setting, measured, |work| work.tally))
}

/// Receives from a queue and acknowledges, while `in_flight` other records stay in flight.
fn queues(
    control: &Control,
    common: &Common,
    queue: &Queue,
    name: &'static str,
) -> Result<Report, Error> {
    fill_records(control, common, queue.in_flight + queue.backlog)?;
    let arn = control.create_queue()?;
    let works = |window: &Window, then| -> Vec<(Queueing, usize)> {
        let one = |lanes| {
            let (caller, arn) = (control.caller.clone(), arn.clone());
            (Queueing::new(window.clone(), caller, arn, lanes, then), lanes)
        };
        deal(common).into_iter().map(one).collect()
    };
    let requests = queue.in_flight.div_ceil(limits::QUEUE_RECORDS);
    let budget = Some(Arc::new(AtomicU64::new(requests)));
    let holding = Window { from: clock::now(), until: None, budget };
    let held = measure::run(control.address, works(&holding, Then::Hold), &holding, None)?;
    let in_flight: u64 = held.works.iter().map(|work| work.received).sum();
    let window = window(common);
    let works = works(&window, Then::Acknowledge);
    let measured = measure::run(control.address, works, &window, common.server_pid)?;
    let server_peak_bytes = common.server_pid.and_then(process::peak_memory_bytes);
    if !common.keep {
        control.delete_queue(&arn)?;
    }
    let mut setting = setting(name, common);
    setting.push(("in_flight", Value::Count(in_flight)));
    setting.push(("backlog", Value::Count(queue.backlog)));
    let report = report(common, setting, measured, |work| work.tally);
    Ok(Report { server_peak_bytes, ..report })
}

/// Puts that many MiB of payload; every record must be taken.
fn fill(control: &Control, common: &Common, mib: u64) -> Result<(), Error> {
    fill_records(control, common, (mib << 20).div_ceil(common.record_bytes.max(1)))
}

/// Puts that many records, or a few more; every record must be taken.
fn fill_records(control: &Control, common: &Common, records: u64) -> Result<(), Error> {
    let per_record = common.record_bytes.max(1);
    let batch = (4_000_000 / per_record).clamp(1, 500);
    let requests = records.div_ceil(batch);
    let window = Window {
        from: clock::now(),
        until: None,
        budget: Some(Arc::new(AtomicU64::new(requests))),
    };
    let pools = pools(control, common, Some(batch as usize), None)?;
    let filled = load(control, common, pools, &window, false)?;
    let tally = merged(filled.works.into_iter().map(|work| work.tally));
    if tally.failed_records + tally.faults > 0 {
        let first = tally.first_fault.unwrap_or_else(|| "records refused".to_owned());
        return Err(Error::TooManyFaults(first));
    }
    Ok(())
}

fn merged(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut all, tally| {
        all.merge(tally);
        all
    })
}

/// What was measured, with the server's peak of memory as it is now.
fn report<W>(
    common: &Common,
    setting: Vec<(&'static str, Value)>,
    measured: Measured<W>,
    tally: impl FnMut(W) -> Tally,
) -> Report {
    Report {
        setting,
        window: measured.window,
        tally: merged(measured.works.into_iter().map(tally)),
        reconnects: measured.reconnects,
        server_time: measured.server_time,
        own_time: measured.own_time,
        server_peak_bytes: common.server_pid.and_then(process::peak_memory_bytes),
        comparison: None,
    }
}

fn setting(name: &str, common: &Common) -> Vec<(&'static str, Value)> {
    vec![
        ("operation", Value::Text(name.to_owned())),
        ("endpoint", Value::Text(common.endpoint.clone())),
        ("connections", Value::Count(common.connections)),
        ("threads", Value::Count(common.threads.min(common.connections))),
        ("shards", Value::Count(common.shards)),
        ("record_bytes", Value::Count(common.record_bytes)),
        ("signed", Value::Truth(common.signed)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    fn common(options: &[&str]) -> Common {
        let all = ["bench", "put-record"].iter().chain(options);
        let Operation::PutRecord(put) = Args::parse_from(all).operation else { panic!() };
        put.common
    }

    #[test]
    fn the_options_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn connections_are_dealt_out_among_threads() {
        for (connections, threads, lanes) in
            [("8", "1", vec![8]), ("8", "3", vec![3, 3, 2]), ("1", "4", vec![1])]
        {
            assert_eq!(deal(&common(&["--connections", connections, "--threads", threads])), lanes);
        }
    }

    #[test]
    fn endpoints_are_plain_http() {
        let (host, address) = endpoint("http://127.0.0.1:4567/").unwrap();
        assert_eq!((host.as_str(), address.port()), ("127.0.0.1:4567", 4567));
        assert_eq!(endpoint("http://127.0.0.1").unwrap().1.port(), 80);
        for wrong in ["https://127.0.0.1", "127.0.0.1:1", "http://", "http://127.0.0.1:x"] {
            assert!(matches!(endpoint(wrong), Err(Error::Endpoint(_))), "{wrong}");
        }
    }

    #[test]
    fn a_request_over_the_services_limit_is_refused_before_the_run() {
        let put = |records| {
            let options = ["bench", "put-records", "--record-bytes=30000", "--records", records];
            let Operation::PutRecords(put) = Args::parse_from(options).operation else { panic!() };
            check_request(&put)
        };
        assert!(put("300").is_ok());
        assert!(matches!(put("500"), Err(Error::Options(_))));
    }

    #[test]
    fn a_run_without_a_success_fails() {
        let tally = Tally { first_fault: Some("HTTP 400".to_owned()), ..Tally::default() };
        assert!(matches!(succeeded(&tally), Err(Error::Nothing(why)) if why == "HTTP 400"));
        let refused = Tally { requests: 5, failed_records: 50, ..Tally::default() };
        assert!(matches!(succeeded(&refused), Err(Error::Nothing(_))));
        assert!(succeeded(&Tally { requests: 1, ..Tally::default() }).is_ok());
    }

    #[test]
    fn impossible_options_are_refused() {
        for options in [["--duration", "-1"], ["--warmup", "NaN"], ["--stream", "a b"]] {
            let [name, value] = options;
            let refused = check(&common(&[&format!("{name}={value}")]));
            assert!(matches!(refused, Err(Error::Options(_))), "{options:?}");
        }
    }
}
