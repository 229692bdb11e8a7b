//! Times of the stages that `streams` has in a put: `cargo bench -p millstream-streams`.
#![allow(clippy::disallowed_methods)] // a benchmark owns its clock

#[path = "../../../benches/measure.rs"]
mod measure;

use std::hint::black_box;
use std::sync::Arc;

use base64_simd::STANDARD;
use millstream_api::Blob;
use millstream_catalog::{CatalogMachine, Command, State, Stream};
use millstream_replica::Machine;
use millstream_streams::{Limits, PutStages};
use millstream_types::{ManualClock, Millis};

use crate::measure::measure;

const RECORD_BYTES: usize = 1024;
const NOW: Millis = Millis(1_700_000_000_000);

fn main() {
    for (records, shards) in [(500, 64), (500, 10_000), (1, 64)] {
        let stream = stream(shards);
        // Rates that are there and never refuse, or none.
        let limited = Limits {
            shard_write_bytes_per_second: u64::MAX / 4,
            shard_write_records_per_second: u64::MAX / 4,
            ..Limits::default()
        };
        println!("{records} x 1 KiB, {shards} shards");
        stages(&stream, records, &limited);
    }
}

/// An active stream, as the catalog makes it.
fn stream(shards: u32) -> Arc<Stream> {
    let mut state = State::default();
    let create = Command::CreateStream {
        account: 1,
        region: "us-east-1".into(),
        name: "bench".into(),
        shard_count: shards,
        max_record_size_kib: 1024,
        tags: Default::default(),
        at: NOW.0,
        shards_max: u64::from(shards),
        streams_max: 1,
        creating_max: 1,
        retention_hours: None,
    };
    CatalogMachine::apply(&mut state, &create);
    state.streams().next().expect("the stream was created").clone()
}

fn stages(stream: &Arc<Stream>, records: usize, limited: &Limits) {
    let clock = Arc::new(ManualClock::new(NOW));
    let stages = PutStages::new(stream, &Limits::default().without_rates(), clock.clone());
    let with_limits = PutStages::new(stream, limited, clock);
    let keys: Vec<String> =
        (0..records).map(|index| format!("{index:08x}-aaaa-bbbb-cccc-0123456789ab")).collect();
    let data = vec![0xa5; RECORD_BYTES];
    let text = STANDARD.encode_to_string(&data);
    let of = |blob: Blob<'static>| -> Vec<(Blob<'_>, &str)> {
        keys.iter().map(|key| (blob.clone(), key.as_str())).collect()
    };
    let raw = of(Blob::Raw(data.into()));
    let base64 = keys.iter().map(|key| (Blob::Base64(text.as_bytes()), key.as_str()));
    let base64: Vec<_> = base64.collect();
    let bytes = records * RECORD_BYTES;
    // One record takes less than the clock can tell.
    let times = if records == 1 { 100 } else { 1 };
    let measure = |name: &str, call: &mut dyn FnMut()| {
        let repeated = if times > 1 { format!("{name}, {times} times") } else { name.to_owned() };
        measure(&repeated, bytes * times, || (0..times).for_each(|_| call()));
    };
    measure("hash the keys", &mut || {
        black_box(stages.route(black_box(&raw)).expect("records that fit"));
    });
    let routed = stages.route(&raw).expect("records that fit");
    measure("look the shards up", &mut || {
        black_box(stages.admit(black_box(&routed)));
    });
    measure("look the shards up and ask their limits", &mut || {
        let admitted = with_limits.admit(black_box(&routed));
        assert_eq!(admitted.count(), records);
    });
    for (name, records) in [("lay out the frame", &raw), ("the same from base64", &base64)] {
        let routed = stages.route(records).expect("records that fit");
        let admitted = stages.admit(&routed);
        measure(name, &mut || {
            black_box(stages.lay_out(&admitted, &routed).expect("sound data"));
        });
    }
}
