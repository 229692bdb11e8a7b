//! The one binary: configuration, wiring, signals.
//!
//! Owns: the command line, the configuration file, the process. Everything else is a crate below.
//! Must never: hold logic that a service could hold.
#![forbid(unsafe_code)]

mod arguments;
mod background;
mod config;
mod config_file;
mod control;
mod declared;
mod delivering;
mod dev;
mod entropy;
mod file_limit;
mod formats;
mod fsck;
mod fsck_encryption;
mod keys;
mod kms;
mod kms_config;
mod kms_http;
mod logging;
mod master_key;
mod model;
mod outside;
mod outside_config;
mod s3_config;
mod serve;
mod tls;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use millstream_types::Random;

use arguments::{Arguments, Command};

/// Gives back to the system what is free, where the system's own keeps what each thread has used once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut command = arguments::without_empty_variables(Arguments::command());
    let parsed = Arguments::from_arg_matches(&command.get_matches_mut());
    let arguments = parsed.unwrap_or_else(|error| error.format(&mut command).exit());
    let outcome = match arguments.command {
        None => serve::run(arguments.serve),
        Some(Command::Serve(options)) => serve::run(options),
        Some(Command::Fsck { data_dir, master_key_file }) => {
            return fsck::fsck(&data_dir, master_key_file);
        }
        Some(Command::Finalize { data_dir }) => formats::finalize(&data_dir),
        Some(Command::Delivery(options)) => {
            return millstream_cli::delivery(options, entropy());
        }
        Some(Command::Streams(options)) => return millstream_cli::streams(options, entropy()),
        Some(Command::Put(options)) => return millstream_cli::put(options, entropy()),
        Some(Command::Tail(options)) => return millstream_cli::tail(options, entropy()),
        Some(Command::Bench(options)) => {
            millstream_bench::run(&options).map_err(|error| error.to_string())
        }
        Some(Command::Dev(options)) => dev::run(&options),
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

fn entropy() -> Arc<dyn Random> {
    Arc::new(entropy::Entropy::new())
}
