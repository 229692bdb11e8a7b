//! 500 partitions and a large backlog: how often the server reads it, and the memory that it takes.

use serde_json::Value;

use crate::Outcome;
use crate::bench::firehose::{BUILT_IN, bytes_read, fresh, keep, put};
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Subject};
use crate::bench::{Place, generator};

/// The name its results bear.
pub const CELL: &str = "firehose-partitions/millstream";
/// AWS's quota of active partitions.
const PARTITIONS: u64 = 500;
/// Bytes on the disk for each byte of backlog: log, processed log and objects, and room for what is freed later.
const DISK_PER_BYTE: f64 = 4.0;
/// The backlog in a smoke test, bytes.
const SMOKE_BYTES: f64 = 128e6;
const REQUEST_BYTES: f64 = 500.0 * 1024.0;

/// Puts documents of all partitions into one delivery stream whose buffers are due in a quarter of an hour, or when one
/// partition alone has 128 MiB; then all is delivered at once.
pub fn measure(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    let data = fresh(place)?;
    let backlog = backlog(place, options)?;
    println!("{PARTITIONS} partitions, a backlog of {:.1} GB", backlog / 1e9);
    let ours = Subject::millstream(false);
    let server = ours.start_with(place, &data, BUILT_IN)?;
    let requests = (backlog / REQUEST_BYTES).ceil();
    let arguments = format!(
        "put-record-batch --documents --partitions {PARTITIONS} --compression UNCOMPRESSED --buffer-mib 128 \
         --interval 900 --flush-limit 3600 --verify --requests {requests}"
    );
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let (mut put_at, mut delivered_at) = (None, None);
    let mut command = put(place, options, &arguments);
    let figures = generator::watch(&mut command, &server, |line| {
        if line.ends_with("waiting until all have been delivered") {
            put_at = Some(bytes_read(&server)?);
        } else if line == "all have been delivered" {
            delivered_at = Some(bytes_read(&server)?);
        }
        Ok(())
    });
    drop(server);
    servers::clear(&data)?;
    let figures = figures.and_then(|mut figures| {
        let payload = figures["payload_bytes_in_all"].as_f64().unwrap_or(f64::NAN);
        let of = |read: Option<[u64; 2]>, which: usize| -> Result<Value, String> {
            let read = read.ok_or("the generator did not say when all was delivered")?;
            Ok((read[which] as f64 / payload).into())
        };
        figures["read_bytes_per_byte"] = of(delivered_at, 0)?;
        figures["system_read_bytes_per_byte"] = of(delivered_at, 1)?;
        figures["read_bytes_per_byte_at_last_put"] = of(put_at, 0)?;
        figures["partitions"] = PARTITIONS.into();
        Ok(figures)
    });
    keep(CELL, ours, figures, results)
}

/// As much as the options say, or as the disk has room for.
fn backlog(place: &Place, options: &Options) -> Result<f64, String> {
    if options.smoke {
        return Ok(SMOKE_BYTES);
    }
    let wanted = options.backlog_gb * 1e9;
    let disk = rustix::fs::statvfs(&place.data).map_err(|e| e.to_string())?;
    let room = disk.f_bavail as f64 * disk.f_frsize as f64 * 0.9 / DISK_PER_BYTE;
    if room < wanted {
        println!("the disk has room for a backlog of {:.1} GB only", room / 1e9);
    }
    Ok(wanted.min(room))
}
