//! A short run of every fuzz target, with libFuzzer and the stable compiler: its coverage passes need no nightly as
//! long as no sanitizer is asked for, and the targets hold no unsafe code of ours to sanitize.

use std::path::Path;

use super::{Options, Totals};
use crate::{Outcome, place, process};

/// What `cargo fuzz` passes too, without a sanitizer.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";
/// Inputs of one short run; with the seed fixed, a run repeats itself.
const RUNS_MAX: u32 = 20_000;
/// Longest input, in bytes.
const INPUT_BYTES_MAX: u32 = 4096;

/// Builds the targets and runs each for a short while, or for as long as `--fuzz-seconds` says.
pub fn run(options: &Options, totals: &mut Totals) -> Outcome {
    let triple = host_triple()?;
    let built = place::target().join("fuzz");
    // With a target named, the flags do not reach build scripts.
    process::run(
        process::cargo()
            .args(["build", "--quiet", "--locked", "--bins", "--manifest-path", "fuzz/Cargo.toml"])
            .args(["--target", &triple])
            .env("CARGO_TARGET_DIR", &built)
            .env("RUSTFLAGS", COVERAGE),
    )?;
    let binary = built.join(&triple).join("debug/decoders");
    let mut failed = Vec::new();
    for target in targets(&place::root().join("fuzz/seeds"))? {
        let corpus = built.join("corpus").join(&target);
        std::fs::create_dir_all(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
        let mut command = process::program(&binary);
        command.env("FUZZ_TARGET", &target);
        command.args(["-verbosity=0", "-print_final_stats=0", "-rss_limit_mb=1024"]);
        match options.fuzz_seconds {
            Some(seconds) => command.arg(format!("-max_total_time={seconds}")),
            None => command.args(["-seed=1", &format!("-runs={RUNS_MAX}")]),
        };
        command
            .arg(format!("-max_len={INPUT_BYTES_MAX}"))
            .arg(format!("-artifact_prefix={}/crash-{target}-", built.display()))
            .arg(&corpus)
            .arg(place::root().join("fuzz/seeds").join(&target));
        match process::run(&mut command) {
            Ok(()) => totals.passed += 1,
            Err(fault) => {
                eprintln!("{fault}\nagain: FUZZ_TARGET={target} {} FILE", binary.display());
                totals.failed += 1;
                failed.push(target);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("crashed: {}", failed.join(", "))) }
}

fn targets(directory: &Path) -> Result<Vec<String>, String> {
    let fault = |e: std::io::Error| format!("{}: {e}", directory.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fault)? {
        names.push(entry.map_err(fault)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn host_triple() -> Result<String, String> {
    let text = process::capture(process::program("rustc").args(["--version", "--verbose"]))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "rustc names no host".to_owned())
}
