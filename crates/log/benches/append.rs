//! Times of the stages of an append: `cargo bench -p millstream-log --features testkit`. How many appends a second the
//! engine does with many callers, on a disk that syncs, shows the example `append_rate`.
#![allow(clippy::disallowed_methods)] // a benchmark owns its clock

#[path = "../../../benches/measure.rs"]
mod measure;

use std::hint::black_box;
use std::sync::Arc;

use millstream_log::testkit::block_on;
use millstream_log::{
    Class, CommitStages, Engine, EphemeralDisk, Frame, FramePool, GroupId, GroupSpec, Log, LogId,
    Options, PartSpec,
};
use millstream_types::SystemClock;

use crate::measure::measure;

const GROUP: GroupId = GroupId(1);
const LOGS: u32 = 64;
const RECORD_BYTES: usize = 1024;
/// What the temporary files may take.
const CAPACITY_BYTES: u64 = 8 << 30;

fn main() {
    let engine = engine();
    for records in [500, 1] {
        println!("{records} x 1 KiB over {LOGS} logs");
        stages(&engine, records);
    }
    engine.stop();
}

fn engine() -> Arc<Engine> {
    let disk = Arc::new(EphemeralDisk::new(std::env::temp_dir()));
    let options = Options::ephemeral(disk, Arc::new(SystemClock::default()), CAPACITY_BYTES);
    let (engine, _) = Engine::open(options).expect("the engine opens");
    let spec = GroupSpec { class: Class::Data, keep: None, record_bytes_max: 1 << 20 };
    block_on(engine.create(GROUP, spec, LOGS)).expect("a group can be made");
    engine
}

/// A frame of so many records, as even over the logs as they go.
fn frame(pool: &FramePool, records: usize) -> Frame {
    let parts = records.min(LOGS as usize);
    let specs = (0..parts).map(|part| {
        let count = records / parts + usize::from(part < records % parts);
        let log = LogId { group: GROUP, index: part as u32 };
        PartSpec { log, count: count as u32, payload_bytes: count * RECORD_BYTES }
    });
    let mut frame = Frame::new(pool, specs);
    let (parts, bytes) = frame.split_mut();
    for part in parts {
        bytes[part.payload.clone()].fill(0xa5);
    }
    frame
}

fn stages(engine: &Engine, records: usize) {
    let pool = FramePool::new(32 << 20);
    let bytes = records * RECORD_BYTES;
    let mut one = frame(&pool, records);
    measure("checksums of the payloads", bytes, || CommitStages::checksum(black_box(&mut one)));
    let mut stages = CommitStages::new(GROUP, LOGS);
    for together in [1, 8] {
        let mut frames: Vec<Frame> = (0..together).map(|_| frame(&pool, records)).collect();
        let name = format!("build a commit of {together} such frames");
        measure(&name, bytes * together, || {
            black_box(stages.build(&mut frames));
        });
    }
    measure("append to the engine, without a sync, and wait", bytes, || {
        let answers = block_on(engine.append_many(frame(&pool, records)).expect("it is taken"));
        assert!(answers.iter().all(Result::is_ok));
    });
}
