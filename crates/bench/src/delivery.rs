//! Puts to a delivery stream, and what becomes of the records: when the last object was there, what all of it cost the
//! server, and whether the objects hold what was acknowledged.

mod arrival;
mod bucket;
mod calls;
pub mod payload;
pub mod turns;

use std::time::Duration;

use crate::args::{Common, PutRecordBatch};
use crate::caller::Target;
use crate::control::Control;
use crate::measure::Measured;
use crate::pool::Pool;
use crate::put::Putting;
use crate::report::{Report, Value};
use crate::{Error, clock, process};

use arrival::{Layout, Sent};
use bucket::Bucket;
use payload::Payload;

/// Puts, and measures how long after the last put everything has arrived.
pub fn run(
    control: &Control,
    common: &Common,
    put: &PutRecordBatch,
    name: &'static str,
) -> Result<Report, Error> {
    let control = Control { caller: control.caller.of(Target::Firehose), ..control.clone() };
    let payload = payload(put);
    check(common, put, payload)?;
    // Objects of earlier runs are not this one's.
    let prefix = format!("{}-{}/", control.stream, clock::unix_seconds());
    if !common.existing {
        control.create_delivery(put, &prefix)?;
    }
    let pools = crate::pools(&control, common, Some(put.records as usize), Some(payload))?;
    let used_before = used(common);
    let window = crate::window(common);
    let begun = clock::now();
    let measured = crate::load(&control, common, pools, &window, common.verify)?;
    let loaded = clock::now();
    let taken: u64 = measured.works.iter().map(|work| work.taken).sum();
    let load_peak = peak(common);
    // Whoever holds the destination back is told that it can go on.
    eprintln!("{taken} records were put; waiting until all have been delivered");
    let behind = match put.no_flush {
        true => clock::now().duration_since(loaded),
        false => control.flush(Duration::from_secs(put.flush_limit))?,
    };
    eprintln!("all have been delivered");
    let whole = clock::now().duration_since(begun);
    let cost = used(common).zip(used_before).map(|(after, before)| after.saturating_sub(before));
    let server_peak_bytes = common.server_pid.and_then(process::peak_memory_bytes);
    let bytes = taken * common.record_bytes;
    let mut setting = crate::setting(name, common);
    setting.extend([
        ("records_per_request", Value::Count(put.records)),
        ("compression", Value::Text(put.compression.clone())),
        ("records_in_all", Value::Count(taken)),
        ("payload_bytes_in_all", Value::Count(bytes)),
        ("delivered_after_ms", Value::Count(behind.as_millis() as u64)),
        ("until_delivered_ms", Value::Count(whole.as_millis() as u64)),
        ("delivered_records_per_second", Value::Number(taken as f64 / whole.as_secs_f64())),
        ("load_peak_mib", load_peak),
    ]);
    if let Some(cost) = cost {
        let per_gb = cost.as_secs_f64() * 1e9 / (bytes as f64).max(1.0);
        setting.push(("server_cpu_ms_in_all", Value::Count(cost.as_millis() as u64)));
        setting.push(("server_cpu_seconds_per_gb", Value::Number(per_gb)));
    }
    let comparison = match common.verify {
        true => {
            let (found, objects) = arrived(&control, common, put, &prefix, &measured)?;
            setting.push(("objects", Value::Count(objects.count)));
            setting.push(("object_bytes", Value::Count(objects.bytes)));
            setting.push(("objects_plain", Value::Count(objects.plain)));
            Some(found)
        }
        false => None,
    };
    if !common.keep && !common.existing {
        control.delete_delivery()?;
    }
    let report = crate::report(common, setting, measured, |work| work.tally);
    Ok(Report { server_peak_bytes, comparison, ..report })
}

fn payload(put: &PutRecordBatch) -> Payload {
    match put.documents {
        true => Payload::Documents { partitions: put.partitions.unwrap_or(1) },
        false => Payload::Random,
    }
}

fn check(common: &Common, put: &PutRecordBatch, payload: Payload) -> Result<(), Error> {
    let least = payload.bytes_min() as u64;
    if common.record_bytes < least {
        let given = common.record_bytes;
        return Err(Error::Options(format!("--record-bytes {given}: {least} at least here")));
    }
    let readable = ["GZIP", "UNCOMPRESSED"].contains(&put.compression.as_str());
    if common.verify && (common.existing || !readable) {
        let why =
            "--verify: of a delivery stream that the run makes, GZIP, UNCOMPRESSED or Parquet";
        return Err(Error::Options(why.to_owned()));
    }
    Ok(())
}

fn used(common: &Common) -> Option<Duration> {
    common.server_pid.and_then(|pid| process::processor_time(Some(pid)))
}

fn peak(common: &Common) -> Value {
    let bytes = common.server_pid.and_then(process::peak_memory_bytes);
    bytes.map_or(Value::Unknown, |bytes| Value::Number(bytes as f64 / f64::from(1 << 20)))
}

fn arrived(
    control: &Control,
    common: &Common,
    put: &PutRecordBatch,
    prefix: &str,
    measured: &Measured<Putting>,
) -> Result<(crate::read_back::Comparison, arrival::Objects), Error> {
    let endpoint = put.bucket_endpoint.as_ref().unwrap_or(&common.endpoint);
    let (host, address) = crate::endpoint(endpoint)?;
    let caller = control.caller.at(host);
    let bucket = Bucket { address, caller, name: put.bucket.clone() };
    let sent: Vec<Sent<'_>> = measured.works.iter().filter_map(sent).collect();
    let layout = Layout {
        payload: payload(put),
        record_bytes: common.record_bytes as usize,
        per_request: put.records as usize,
        partitions: put.partitions.is_some(),
    };
    arrival::compare(&bucket, prefix, &sent, layout)
}

fn sent(work: &Putting) -> Option<Sent<'_>> {
    let turns = work.turns.as_ref()?;
    let pool: &Pool = &work.pool;
    let (first_lane, lanes) = (work.first_lane, work.lanes() as u32);
    Some(Sent { turns, fingerprints: pool.fingerprints(), first_lane, lanes })
}
