//! How the micro-benchmarks measure: included by each of them, as they have no crate in common.

use std::time::{Duration, Instant};

/// Prints the median time of a call, and the rate for `bytes` a call, if there are any.
pub fn measure(name: &str, bytes: usize, mut call: impl FnMut()) {
    let mut times: Vec<Duration> = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(400) {
        let from = Instant::now();
        call();
        times.push(from.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2].as_secs_f64();
    print!("  {name:<50} {:>10.2} us", median * 1e6);
    match bytes {
        0 => println!(),
        bytes => println!(" {:>8.2} GB/s", bytes as f64 / median / 1e9),
    }
}
