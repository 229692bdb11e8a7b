//! How fast the engine appends on this machine, beside the disk's own syncs.
//!
//! `cargo run --release -p millstream-log --features testkit --example append_rate -- DIRECTORY [SECONDS]`

use std::fs::OpenOptions;
use std::io::Error;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use millstream_log::testkit::block_on;
use millstream_log::{
    Class, Disk, Engine, EphemeralDisk, Frame, FramePool, GroupId, GroupSpec, Log, LogId, Options,
    PartSpec, RealDisk,
};
use millstream_types::SystemClock;

const CALLERS: usize = 8;
const RECORDS: usize = 500;
const RECORD_BYTES: usize = 1024;

#[allow(clippy::disallowed_methods)] // a benchmark measures time
fn now() -> Instant {
    Instant::now()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let seconds = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(5.0);
    let directory = directory.join(format!("append-rate-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("the directory can be made");
    raw(&directory).expect("the disk can be written");
    for logs in [64, 10_000] {
        for durable in [true, false] {
            rate(&directory.join(format!("{logs}-{durable}")), logs, durable, seconds);
        }
    }
    single(&directory.join("single"));
    let _ = std::fs::remove_dir_all(&directory);
}

/// The disk's own figures: writes and syncs into a file that was written before.
fn raw(directory: &Path) -> Result<(), Error> {
    let path = directory.join("raw");
    let file = OpenOptions::new().create_new(true).read(true).write(true).open(path)?;
    let block = vec![7u8; 4 << 20];
    for at in 0..32 {
        file.write_all_at(&block, at * block.len() as u64)?;
    }
    file.sync_all()?;
    for bytes in [4096, 1 << 20, 4 << 20] {
        let mut times = Vec::new();
        for round in 0..200u64 {
            let begun = now();
            file.write_all_at(&block[..bytes], (round * bytes as u64) % (124 << 20))?;
            file.sync_data()?;
            times.push(begun.elapsed());
        }
        times.sort();
        let total: Duration = times.iter().sum();
        let rate = bytes as f64 * times.len() as f64 / total.as_secs_f64() / 1e6;
        println!("raw write and sync of {bytes:>8} bytes: p50 {:?}, {rate:.0} MB/s", times[100]);
    }
    Ok(())
}

fn open(directory: &Path, durable: bool, logs: u32) -> Arc<Engine> {
    std::fs::create_dir_all(directory).expect("the directory can be made");
    let clock = Arc::new(SystemClock::default());
    let options = if durable {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(directory).expect("a directory"));
        Options::durable(disk, clock)
    } else {
        Options::ephemeral(Arc::new(EphemeralDisk::new(directory)), clock, 16 << 30)
    };
    let (engine, _) = Engine::open(options).expect("the engine opens");
    let keep = Some(Duration::from_secs(86_400));
    let spec = GroupSpec { class: Class::Data, keep, record_bytes_max: 1 << 20 };
    block_on(engine.create(GroupId(1), spec, logs)).expect("a group can be made");
    engine
}

fn rate(directory: &Path, logs: u32, durable: bool, seconds: f64) {
    let engine = open(directory, durable, logs);
    // Gives the pool a moment, as a server that was just started has.
    std::thread::sleep(Duration::from_secs(1));
    let pool = FramePool::new(32 << 20);
    let records = AtomicU64::new(0);
    let begun = now();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS as u64 {
            let (engine, pool, records) = (&engine, &pool, &records);
            scope.spawn(move || {
                let source = vec![caller as u8; RECORD_BYTES];
                let mut next = caller * 7919;
                while begun.elapsed().as_secs_f64() < seconds {
                    next += RECORDS as u64;
                    let mut frame = Frame::new(pool, parts(logs, next));
                    let (parts, bytes) = frame.split_mut();
                    for part in parts {
                        for record in bytes[part.payload.clone()].chunks_mut(RECORD_BYTES) {
                            record.copy_from_slice(&source[..record.len()]);
                        }
                    }
                    let outcomes = block_on(engine.append_many(frame).expect("taken"));
                    assert!(outcomes.iter().all(Result::is_ok));
                    records.fetch_add(RECORDS as u64, Ordering::Relaxed);
                }
            });
        }
    });
    let took = begun.elapsed().as_secs_f64();
    let counters = engine.counters();
    let cpu = cpu_seconds();
    println!(
        "{logs:>6} logs, {}: {:.0} records/s, {} commits, sync p50 {} us, write p50 {} us, \
         segments made late {}, processor so far {cpu:.1} s, peak {} MiB",
        if durable { "durable  " } else { "ephemeral" },
        records.load(Ordering::Relaxed) as f64 / took,
        counters.commits.get(),
        counters.sync_ns.snapshot().quantile(0.5) / 1000,
        counters.write_ns.snapshot().quantile(0.5) / 1000,
        counters.segments_made_late.get(),
        peak_mib(),
    );
    engine.stop();
    drop(engine);
    let _ = std::fs::remove_dir_all(directory);
}

/// The records of a request, by log: 500 records over 64 logs are 64 parts, over 10,000 logs 500.
fn parts(logs: u32, next: u64) -> Vec<PartSpec> {
    let parts = RECORDS.min(logs as usize);
    (0..parts)
        .map(|part| {
            let count = RECORDS / parts + usize::from(part < RECORDS % parts);
            let index = ((next + part as u64) % u64::from(logs)) as u32;
            let log = LogId { group: GroupId(1), index };
            PartSpec { log, count: count as u32, payload_bytes: count * RECORD_BYTES }
        })
        .collect()
}

fn single(directory: &Path) {
    let engine = open(directory, true, 1);
    std::thread::sleep(Duration::from_secs(1));
    let pool = FramePool::new(1 << 20);
    let mut times = Vec::new();
    for _ in 0..3000 {
        let log = LogId { group: GroupId(1), index: 0 };
        let begun = now();
        let frame = Frame::new(&pool, [PartSpec { log, count: 1, payload_bytes: RECORD_BYTES }]);
        let outcomes = block_on(engine.append_many(frame).expect("taken"));
        assert!(outcomes[0].is_ok());
        times.push(begun.elapsed());
    }
    times.sort();
    let sync = engine.counters().sync_ns.snapshot().quantile(0.5) / 1000;
    println!(
        "single 1 KiB appends: p50 {:?}, p99 {:?}, sync p50 {sync} us",
        times[1500], times[2970]
    );
    engine.stop();
}

fn proc(file: &str, name: &str) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn peak_mib() -> u64 {
    proc("/proc/self/status", "VmHWM:").unwrap_or(0.0) as u64 / 1024
}

fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.split_whitespace().skip(13).take(2).filter_map(|n| n.parse().ok()).collect();
    fields.iter().sum::<f64>() / 100.0
}
