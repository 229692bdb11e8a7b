//! The one binary: configuration, wiring, signals.
//!
//! Owns: the command line, the configuration file, the process. Everything else is a crate below.
//! Must never: hold logic that a service could hold.
#![forbid(unsafe_code)]

mod arguments;
mod chores;
mod config;
mod entropy;
mod fsck_encryption;
mod keys;
mod kms;
mod kms_config;
mod kms_http;
mod logging;
mod master_key;
mod model;
mod serve;
mod tls;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        None => serve::run(arguments.serve),
        Some(Command::Serve(options)) => serve::run(options),
        Some(Command::Fsck { data_dir, master_key_file }) => {
            return chores::fsck(&data_dir, master_key_file);
        }
        Some(Command::Finalize { data_dir }) => chores::finalize(&data_dir),
        Some(Command::Bench(options)) => {
            millstream_bench::run(&options).map_err(|error| error.to_string())
        }
        Some(Command::Model) => {
            println!("{}", model::json());
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("millstream: {message}");
            ExitCode::FAILURE
        }
    }
}
