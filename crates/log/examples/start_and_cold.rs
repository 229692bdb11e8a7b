//! How long a start takes with much data, and how fast one cold log of many reads, before and after the rewriter.
//!
//! `cargo run --release -p millstream-log --features testkit --example start_and_cold -- DIRECTORY [MEGABYTES]`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use millstream_log::testkit::block_on;
use millstream_log::{
    Class, End, Engine, Frame, FramePool, GroupId, GroupSpec, Log, LogId, Options, PartSpec,
    Position, RealDisk, fsck,
};
use millstream_types::SystemClock;

const LOGS: u32 = 1000;
const RECORDS: u32 = 500;

#[allow(clippy::disallowed_methods)] // a benchmark measures time
fn now() -> Instant {
    Instant::now()
}

fn open(directory: &Path) -> Arc<Engine> {
    let disk = Arc::new(RealDisk::create(directory).expect("a directory"));
    let begun = now();
    let (engine, report) =
        Engine::open(Options::durable(disk, Arc::new(SystemClock::default()))).expect("it opens");
    println!(
        "opened in {:?}: {} segments, {} scanned ({} MB), damage {:?}",
        begun.elapsed(),
        report.segments,
        report.scanned,
        report.scanned_bytes >> 20,
        report.damage
    );
    engine
}

fn fill(engine: &Engine, megabytes: u64) {
    let pool = FramePool::new(8 << 20);
    let mut next = 0;
    for _ in 0..megabytes * 2 {
        let parts = (0..RECORDS).map(|part| PartSpec {
            log: LogId { group: GroupId(1), index: (next + part) % LOGS },
            count: 1,
            payload_bytes: 1024,
        });
        let mut frame = Frame::new(&pool, parts);
        frame.bytes_mut().fill(7);
        next += RECORDS;
        let outcomes = block_on(engine.append_many(frame).expect("taken"));
        assert!(outcomes.iter().all(Result::is_ok));
    }
}

/// Forgets the page cache of the directory, by reopening each file and giving its pages up.
fn forget(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("listed").flatten() {
        if let Ok(file) = std::fs::File::open(entry.path()) {
            let _ = file.sync_all();
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        }
    }
}

fn read_one(engine: &Engine, directory: &Path, index: u32) {
    forget(directory);
    let log = LogId { group: GroupId(1), index };
    let (begun, mut bytes, mut from, mut calls) = (now(), 0, Position(0), 0);
    loop {
        let read = block_on(engine.read(log, from, 1 << 20)).expect("it reads");
        bytes += read.batches.iter().map(|b| b.batch.payload.len()).sum::<usize>();
        (from, calls) = (read.next, calls + 1);
        if read.end != End::More {
            break;
        }
    }
    let took = begun.elapsed();
    println!(
        "cold log {index}: {bytes} bytes in {took:?} and {calls} calls, {:.0} MB/s",
        bytes as f64 / took.as_secs_f64() / 1e6
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let megabytes = arguments.next().and_then(|s| s.parse().ok()).unwrap_or(5000);
    let directory = directory.join(format!("start-and-cold-{}", std::process::id()));
    println!("empty:");
    let engine = open(&directory);
    let keep = Some(Duration::from_secs(86_400));
    let spec = GroupSpec { class: Class::Data, keep, record_bytes_max: 1 << 20 };
    block_on(engine.create(GroupId(1), spec, LOGS)).expect("a group");
    fill(&engine, megabytes);
    let begun = now();
    engine.stop();
    drop(engine);
    println!("stopped in {:?}", begun.elapsed());
    forget(&directory);
    println!("after a clean stop:");
    let engine = open(&directory);
    fill(&engine, 150);
    drop(engine);
    forget(&directory);
    println!("without one:");
    let engine = open(&directory);
    read_one(&engine, &directory, 3);
    let begun = now();
    let mut sorted = 0;
    while let Ok(some @ 1..) = engine.rewrite_now() {
        sorted += some;
    }
    println!("sorted {sorted} segments in {:?}", begun.elapsed());
    read_one(&engine, &directory, 4);
    engine.stop();
    drop(engine);
    let begun = now();
    let report = fsck(&(Arc::new(RealDisk::existing(&directory).expect("there")) as _));
    println!("checked in {:?}: {:?}", begun.elapsed(), report.map(|r| (r.blocks, r.damage)));
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    let _ = std::fs::remove_dir_all(&directory);
}
