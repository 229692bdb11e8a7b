//! The generator without the server: `cargo run --release -p millstream-bench --example generator -- put-records`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match millstream_bench::run(&millstream_bench::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
