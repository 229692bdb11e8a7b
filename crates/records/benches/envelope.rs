//! What encryption costs a block: `cargo bench -p millstream-records`.
#![allow(clippy::disallowed_methods)] // a benchmark owns its clock

#[path = "../../../benches/measure.rs"]
mod measure;

use std::hint::black_box;

use millstream_records::{
    BlockWriter, Place, SEALED_BYTES, Sealer, open, payload_bytes, plain_part,
};

use crate::measure::measure;

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
