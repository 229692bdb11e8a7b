//! What encryption costs a block: `cargo bench -p millstream-records`.
#![allow(clippy::disallowed_methods)] // a benchmark owns its clock

use std::hint::black_box;
use std::time::{Duration, Instant};

use millstream_records::{
    BlockWriter, Place, SEALED_BYTES, Sealer, open, payload_bytes, plain_part,
};

const PLACE: Place = Place { group: 1, shard: 0, count: 1 };

fn main() {
    for data_bytes in [100, 1024, 16 * 1024, 256 * 1024] {
        let bytes = payload_bytes(1, data_bytes) + SEALED_BYTES;
        let mut payload = vec![0; bytes];
        let lay_out = |payload: &mut [u8]| {
            let mut writer = BlockWriter::new(plain_part(payload), 1);
            writer.push(None, data_bytes).fill(7);
        };
        let sealer = Sealer::new(&[1; 32], 1, [2; 16]);
        measure(&format!("lay out {data_bytes}"), data_bytes, || lay_out(&mut payload));
        measure(&format!("lay out and seal {data_bytes}"), data_bytes, || {
            lay_out(&mut payload);
            sealer.seal(&mut payload, PLACE).expect("a sealer that is not spent");
        });
        measure(&format!("open {data_bytes}"), data_bytes, || {
            black_box(open(&[1; 32], black_box(&payload), PLACE).expect("a sealed block"));
        });
    }
    measure("derive a key", 0, || {
        black_box(Sealer::new(&[1; 32], 1, [2; 16]));
    });
}

/// The median time of a call, and the rate for `bytes` a call.
fn measure(name: &str, bytes: usize, mut call: impl FnMut()) {
    let mut times: Vec<Duration> = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(300) {
        let from = Instant::now();
        call();
        times.push(from.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2].as_secs_f64();
    println!("  {name:<32} {:>10.2} us {:>8.2} GB/s", median * 1e6, bytes as f64 / median / 1e9);
}
