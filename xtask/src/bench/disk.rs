//! The disk's own ceiling: writes of 4 KiB and of 1 MiB, each followed by fdatasync, one after the other.
//!
//! What a sync costs is decided by what the file was before: blocks that were written already, space that was only
//! allocated, or nothing. All three are measured in the directory that the servers use, interleaved with them.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use serde_json::json;

use crate::Outcome;
use crate::bench::Place;
use crate::bench::options::Options;
use crate::bench::results::{Results, spread};
use crate::bench::servers::now;

/// How a file is prepared before its writes are timed.
#[derive(Debug, Clone, Copy)]
enum Preparation {
    /// Every block written and synced once.
    Written,
    /// Space allocated, nothing written.
    Allocated,
    /// Empty: every write makes it longer.
    Empty,
}

const PREPARATIONS: [(&str, Preparation); 3] = [
    ("written", Preparation::Written),
    ("allocated", Preparation::Allocated),
    ("appended", Preparation::Empty),
];

/// Bytes of a write and how many of them; a cell is named `disk-SIZE/PREPARATION`.
const WRITES: [(&str, usize, usize); 2] = [("4k", 4 << 10, 2_000), ("1m", 1 << 20, 256)];

/// Measures all sizes and preparations once.
pub fn measure(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    if !options.wants("disk") && !options.only.is_empty() {
        return Ok(());
    }
    for (size, bytes, count) in WRITES {
        let count = if options.smoke { count / 4 } else { count };
        for (name, preparation) in PREPARATIONS {
            let file = place.data.join("disk-ceiling");
            let times = time(&file, preparation, bytes, count)
                .map_err(|e| format!("{}: {e}", file.display()))?;
            let seconds: f64 = times.iter().sum();
            let p50_us = spread(times).map_or(0.0, |spread| spread.median * 1e6);
            let mb_per_second = (bytes * count) as f64 / seconds / 1e6;
            let cell = format!("disk-{size}/{name}");
            println!("  {cell}: {mb_per_second:.0} MB/s, p50 {p50_us:.0} us");
            results.add(&cell, json!({ "mb_per_second": mb_per_second, "p50_us": p50_us }))?;
        }
    }
    Ok(())
}

/// Seconds of each write with its sync.
fn time(
    path: &Path,
    preparation: Preparation,
    bytes: usize,
    count: usize,
) -> std::io::Result<Vec<f64>> {
    let file = prepare(path, preparation, bytes, count)?;
    let block = noise(bytes, 1);
    let mut times = Vec::with_capacity(count);
    for index in 0..count {
        let begun = now();
        file.write_all_at(&block, (index * bytes) as u64)?;
        file.sync_data()?;
        times.push(now().duration_since(begun).as_secs_f64());
    }
    drop(file);
    std::fs::remove_file(path)?;
    Ok(times)
}

fn prepare(
    path: &Path,
    preparation: Preparation,
    bytes: usize,
    count: usize,
) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    match preparation {
        Preparation::Written => {
            let block = noise(bytes, 2);
            for index in 0..count {
                file.write_all_at(&block, (index * bytes) as u64)?;
            }
        }
        Preparation::Allocated => {
            fallocate(&file, FallocateFlags::empty(), 0, (bytes * count) as u64)?;
        }
        Preparation::Empty => {}
    }
    file.sync_all()?;
    Ok(file)
}

/// Bytes that no device can compress (xorshift).
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ seed;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}
