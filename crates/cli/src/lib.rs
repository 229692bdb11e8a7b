//! The commands for a person at a terminal: streams, put, tail and delivery, against any Kinesis endpoint.
//!
//! Owns: their arguments, what they print, and their exit codes: 0 for all done, 1 for a failure.
//! Must never: use a private interface of a server, or leave out a record without naming it.
#![forbid(unsafe_code)]

mod connection;
mod delivery;
mod failure;
mod json;
mod put;
mod streams;
mod table;
mod tail;

use std::process::ExitCode;
use std::sync::Arc;

use millstream_client::Client;
use millstream_types::Random;

pub use connection::Connection;
pub use delivery::DeliveryArguments;
pub use put::PutArguments;
pub use streams::StreamsArguments;
pub use tail::TailArguments;

use failure::Failure;

/// Runs `millstream streams …`.
pub fn streams(arguments: StreamsArguments, random: Arc<dyn Random>) -> ExitCode {
    let connection = arguments.connection.clone();
    run(&connection, random, false, |client| streams::run(client, arguments))
}

/// Runs `millstream delivery …`.
pub fn delivery(arguments: DeliveryArguments, random: Arc<dyn Random>) -> ExitCode {
    let connection = arguments.connection.clone();
    run(&connection, random, arguments.calls_firehose(), |client| delivery::run(client, arguments))
}

/// Runs `millstream put`.
pub fn put(arguments: PutArguments, random: Arc<dyn Random>) -> ExitCode {
    let connection = arguments.connection.clone();
    run(&connection, random, false, |client| put::run(client, arguments))
}

/// Runs `millstream tail`.
pub fn tail(arguments: TailArguments, random: Arc<dyn Random>) -> ExitCode {
    let connection = arguments.connection.clone();
    run(&connection, random, false, |client| tail::run(client, arguments))
}

fn run<F, C>(
    connection: &Connection,
    random: Arc<dyn Random>,
    firehose: bool,
    command: C,
) -> ExitCode
where
    C: FnOnce(Client) -> F,
    F: Future<Output = Result<ExitCode, Failure>>,
{
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome = match runtime {
        Err(error) => Err(Failure::Told(format!("the runtime did not start: {error}"))),
        Ok(runtime) => {
            let outcome = runtime.block_on(async {
                let client = connection.client(random, firehose)?;
                command(client).await
            });
            // A thread that waits for input or output is not waited for.
            runtime.shutdown_background();
            outcome
        }
    };
    match outcome {
        Ok(code) => code,
        // Whoever reads has had enough: that is no failure of ours.
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Told(text)) => {
            eprintln!("millstream: {text}");
            ExitCode::FAILURE
        }
    }
}
