//! Subscriptions under load: how long a record takes from PutRecord's reply to a subscriber, and what many
//! subscriptions leave of the puts beside them.
//!
//! Subscriptions need HTTP/2 to share connections; its framing is the one thing that this generator does not write
//! itself. They run on one thread, apart from the puts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use base64_simd::STANDARD;

use crate::args::{Common, Subscribe};
use crate::control::Control;
use crate::events::{Arrivals, Subscribers};
use crate::histogram::Histogram;
use crate::limits::{ARRIVAL_WAIT, REPLY_WAIT};
use crate::report::{Report, Value};
use crate::tally::{Tally, Window};
use crate::{Error, clock, process, reply};

/// Measures delays if there is a rate, else how much the puts lose.
pub fn subscribe(control: &Control, common: &Common, options: &Subscribe) -> Result<Report, Error> {
    if common.verify {
        let why = "--verify: subscriptions are always compared with what was acknowledged";
        return Err(Error::Options(why.to_owned()));
    }
    let shards = control.shards()?;
    let consumers = control.register(options.consumers)?;
    let subscribe = |control: &Control, keep| {
        Subscribers::start(control, &consumers, &shards, options.subscription_connections, keep)
    };
    let mut setting = crate::setting("subscribe", common);
    setting.push(("consumers", Value::Count(options.consumers)));
    setting.push(("subscriptions", Value::Count(options.consumers * shards.len() as u64)));
    setting.push(("subscription_connections", Value::Count(options.subscription_connections)));
    let report = |setting, window, tally| Report {
        setting,
        window,
        tally,
        reconnects: 0,
        server_time: None,
        own_time: None,
        server_peak_bytes: common.server_pid.and_then(process::peak_memory_bytes),
        comparison: None,
    };
    if options.rate > 0 {
        setting.push(("rate", Value::Count(options.rate)));
        let subscribers = subscribe(control, true)?;
        let (replies, window) = put_at(control, common, options.rate)?;
        let arrivals = subscribers.finish(replies.len() as u64)?;
        let tally = delays(common, options.consumers, &replies, &arrivals)?;
        return Ok(report(setting, window, tally));
    }
    let alone = puts(control, common, crate::window(common))?;
    let budget = Window {
        from: clock::now(),
        until: None,
        budget: Some(Arc::new(AtomicU64::new(alone.0.requests.max(1)))),
    };
    let subscribers = subscribe(control, false)?;
    let begun = clock::now();
    let beside = puts(control, common, budget)?;
    if beside.0.failed_records + beside.0.faults > 0 {
        return Err(Error::TooManyFaults(beside.0.first_fault.unwrap_or_default()));
    }
    let arrivals = subscribers.finish(beside.0.records)?;
    let delivered = arrivals.records * common.record_bytes;
    let took = arrivals.last.duration_since(begun).as_secs_f64().max(1e-9);
    let rate =
        |(tally, window): &(Tally, Duration)| tally.records as f64 / window.as_secs_f64().max(1e-9);
    setting.push(("records_per_second_without", Value::Number(rate(&alone))));
    setting.push(("puts_kept", Value::Number(rate(&beside) / rate(&alone).max(1e-9))));
    setting.push(("delivered_records", Value::Count(arrivals.records)));
    setting.push(("delivered_mb_per_second", Value::Number(delivered as f64 / took / 1e6)));
    Ok(report(setting, beside.1, beside.0))
}

/// PutRecords of 500 records as fast as they go.
fn puts(control: &Control, common: &Common, window: Window) -> Result<(Tally, Duration), Error> {
    let pools = crate::pools(control, common, Some(500), None)?;
    let measured = crate::load(control, common, pools, &window, false)?;
    let tally = crate::merged(measured.works.into_iter().map(|work| work.tally));
    Ok((tally, measured.window))
}

/// Puts numbered records one after another at a rate; when each was acknowledged.
fn put_at(
    control: &Control,
    common: &Common,
    rate: u64,
) -> Result<(Vec<Instant>, Duration), Error> {
    let mut stream = TcpStream::connect(control.address)?;
    stream.set_read_timeout(Some(REPLY_WAIT))?;
    stream.set_nodelay(true)?;
    let (mut request, mut inbox) = (Vec::new(), vec![0; 64 << 10]);
    let count = (rate as f64 * (common.warmup + common.duration)) as u64;
    let begun = clock::now();
    let mut replies = Vec::with_capacity(count as usize);
    let mut data = vec![0; (common.record_bytes as usize).max(8)];
    for number in 0..count {
        data[..8].copy_from_slice(&number.to_be_bytes());
        let body = format!(
            "{{\"StreamName\":\"{}\",\"PartitionKey\":\"{number}\",\"Data\":\"{}\"}}",
            control.stream,
            STANDARD.encode_to_string(&data)
        );
        request.clear();
        let now = clock::unix_seconds();
        control.caller.write_head(&mut request, "PutRecord", body.as_bytes(), now);
        request.extend_from_slice(body.as_bytes());
        let due = begun + Duration::from_secs_f64(number as f64 / rate as f64);
        std::thread::sleep(due.saturating_duration_since(clock::now()));
        stream.write_all(&request)?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut inbox[filled..])?;
            if read == 0 {
                return Err(Error::NotHttp("the connection was closed".to_owned()));
            }
            filled += read;
            let Some(head) = reply::head(&inbox[..filled])? else { continue };
            if filled < head.end {
                continue;
            }
            if head.status != 200 {
                let body = crate::error::shortened(&inbox[head.body_at..head.end]);
                return Err(Error::Refused { call: "PutRecord".into(), status: head.status, body });
            }
            break;
        }
        replies.push(clock::now());
    }
    Ok((replies, clock::now().duration_since(begun)))
}

/// Each record must have come to each consumer once. Those of the warm-up are not measured.
fn delays(
    common: &Common,
    consumers: u64,
    replies: &[Instant],
    arrivals: &Arrivals,
) -> Result<Tally, Error> {
    let mut seen = vec![0u64; replies.len()];
    let mut latencies = Histogram::default();
    let from = replies.first().map(|first| *first + Duration::from_secs_f64(common.warmup));
    for (number, at) in &arrivals.numbered {
        let index = *number as usize;
        let Some(reply) = replies.get(index) else {
            return Err(Error::ReadBack(format!("record {number} was never put")));
        };
        seen[index] += 1;
        if from.is_some_and(|from| *reply >= from) {
            let delay = at.saturating_duration_since(*reply);
            latencies.record(delay.as_nanos().try_into().unwrap_or(u64::MAX));
        }
    }
    if let Some(wrong) = seen.iter().position(|count| *count != consumers) {
        let times = seen[wrong];
        return Err(Error::ReadBack(format!(
            "record {wrong} came {times} times, not {consumers}; waited {ARRIVAL_WAIT:?}"
        )));
    }
    Ok(Tally {
        latencies,
        requests: replies.len() as u64,
        records: replies.len() as u64,
        payload_bytes: replies.len() as u64 * common.record_bytes,
        ..Tally::default()
    })
}
