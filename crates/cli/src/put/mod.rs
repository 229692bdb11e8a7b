//! `millstream put`: lines become records.

mod deliver;
mod entry;
mod gather;
mod input;
mod key;
mod limits;
mod report;
mod shard_map;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args};
use millstream_client::{Client, Error, StreamTarget};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{Connection, Failure};
use deliver::{Delivery, Outcome};
use gather::Gather;
use input::Chunk;
use key::KeyRule;
use limits::RECORD_KIB_DEFAULT;
use report::Report;
use shard_map::ShardMap;

/// Arguments of `put`.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("keys").args(["key", "key_field", "random_key"])))]
pub struct PutArguments {
    /// The stream's name or ARN.
    pub stream: String,
    /// Reads lines from a file instead of standard input.
    #[arg(long, short, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Keeps the CR of lines that end with CR LF; without it both are the line's end and no part of the record.
    #[arg(long)]
    pub keep_cr: bool,
    /// Partition key of all records [default: a new random one for each]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Takes the partition key out of lines that are JSON objects, such as `user.id`.
    #[arg(long, value_name = "PATH")]
    pub key_field: Option<String>,
    /// A new random partition key for each record, which spreads them over all shards: what happens without a key.
    #[arg(long)]
    pub random_key: bool,
    /// Packs lines of one shard into aggregated records (the KPL's format), which the KCL and `tail` unpack.
    #[arg(long)]
    pub aggregate: bool,
    /// Requests under way at once. With 1, records keep the order of their lines, except where a shard throttles.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub in_flight: u8,
    /// How often a record that its shard did not take is tried again, with growing waits of up to 10 seconds.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub retries: u32,
    /// Shows progress even if standard error is no terminal.
    #[arg(long)]
    pub progress: bool,
    /// Where to call.
    #[command(flatten)]
    pub connection: Connection,
}

pub(crate) async fn run(client: Client, arguments: PutArguments) -> Result<ExitCode, Failure> {
    let rule =
        KeyRule::new(arguments.key, arguments.key_field.as_deref()).map_err(Failure::Told)?;
    let target = StreamTarget::new(&arguments.stream);
    let record_bytes_max = record_bytes_max(&client, &target).await?;
    let map = if arguments.aggregate {
        Some(Arc::new(ShardMap::load(&client, &target).await?))
    } else {
        None
    };
    let chunks = input::start(arguments.file.as_deref(), arguments.keep_cr)?;
    let delivery =
        Delivery { client: client.clone(), target, map: map.clone(), retries: arguments.retries };
    let putting = Putting {
        gather: Gather::new(rule, record_bytes_max, map),
        report: Report::new(arguments.progress, &client),
        client,
        delivery: Arc::new(delivery),
        flights: JoinSet::new(),
        flights_max: usize::from(arguments.in_flight),
    };
    putting.run(chunks).await
}

/// Most bytes of a record with its key; `None` if the endpoint does not tell. Without such a stream nothing is read.
async fn record_bytes_max(client: &Client, target: &StreamTarget) -> Result<Option<usize>, Error> {
    match client.describe(target).await {
        Ok(summary) => {
            let told = summary.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok());
            Ok(Some(told.unwrap_or(RECORD_KIB_DEFAULT) << 10))
        }
        // Whoever may put need not be allowed to describe, and not every endpoint can.
        Err(error) if !fails_a_put(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a put would fail too.
fn fails_a_put(error: &Error) -> bool {
    match error {
        Error::Service { code, .. } => code == "ResourceNotFoundException",
        Error::Settings(_) | Error::Credentials(_) | Error::Transport { .. } => true,
        Error::Reply { .. } => false,
    }
}

/// How long a batch that is not full waits for the next line.
const LINGER: Duration = Duration::from_millis(20);

struct Putting {
    client: Client,
    gather: Gather,
    report: Report,
    delivery: Arc<Delivery>,
    flights: JoinSet<Outcome>,
    flights_max: usize,
}

/// What the loop woke up for.
enum Event {
    Chunk(Option<Chunk>),
    Delivered(Outcome),
    Idle,
    Interrupted,
}

impl Putting {
    async fn run(mut self, mut chunks: mpsc::Receiver<Chunk>) -> Result<ExitCode, Failure> {
        let (mut reading, mut interrupted) = (true, false);
        let mut fault = None;
        let mut interrupt = Box::pin(tokio::signal::ctrl_c());
        while reading || !self.flights.is_empty() || !self.gather.is_empty() {
            let event = self.next(&mut chunks, reading.then_some(&mut interrupt)).await;
            // A batch that is not full goes when no line has come for a while, or none will.
            let mut all = matches!(event, Event::Idle);
            match event {
                Event::Chunk(Some(Chunk::Lines(lines))) => {
                    for line in lines {
                        self.gather.add(line, self.client.random(), &mut self.report);
                    }
                }
                Event::Chunk(Some(Chunk::TooLong { line, bytes_max })) => {
                    self.report.rejected(&[line], &format!("longer than {bytes_max} bytes"));
                }
                Event::Chunk(Some(Chunk::Failed(text))) => {
                    fault = Some(text);
                    reading = false;
                }
                Event::Chunk(None) => reading = false,
                Event::Delivered(outcome) => {
                    let stop = self.settle(outcome);
                    if stop.is_some() {
                        fault = stop;
                        reading = false;
                        self.report.left_out(self.gather.drop_all());
                    }
                }
                Event::Idle => self.gather.close_aggregates(),
                Event::Interrupted => {
                    interrupted = true;
                    reading = false;
                    end_on_second_interrupt();
                }
            }
            if !reading {
                self.gather.close_aggregates();
                all = true;
            }
            self.launch(all);
        }
        self.report.finish(fault.is_some());
        if let Some(text) = fault {
            return Err(Failure::Told(text));
        }
        Ok(match (interrupted, self.report.has_rejected()) {
            (true, _) => ExitCode::from(130),
            (false, true) => ExitCode::FAILURE,
            (false, false) => ExitCode::SUCCESS,
        })
    }

    /// The next thing that happens; lines and interrupts only while `reading`.
    async fn next<I>(
        &mut self,
        chunks: &mut mpsc::Receiver<Chunk>,
        reading: Option<&mut Pin<Box<I>>>,
    ) -> Event
    where
        I: Future<Output = io::Result<()>>,
    {
        let room = self.flights.len() < self.flights_max;
        let waiting = !self.gather.is_empty();
        let takes_lines = reading.is_some() && self.gather.has_room();
        let interrupt = async {
            match reading {
                Some(interrupt) => interrupt.await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(interrupt);
        loop {
            tokio::select! {
                biased;
                _ = &mut interrupt => return Event::Interrupted,
                Some(done) = self.flights.join_next() => {
                    return Event::Delivered(done.unwrap_or_else(|error| Outcome::broken(&error)));
                }
                chunk = chunks.recv(), if takes_lines => return Event::Chunk(chunk),
                () = tokio::time::sleep(LINGER), if room && waiting => return Event::Idle,
                () = self.report.tick() => self.report.show_progress(),
            }
        }
    }

    /// Takes in what became of a batch; the reason to stop, if there is one.
    fn settle(&mut self, outcome: Outcome) -> Option<String> {
        self.report.add(&outcome);
        self.report.left_out(outcome.left_out);
        for (lines, reason) in &outcome.rejected {
            self.report.rejected(lines, reason);
        }
        for line in outcome.misplaced {
            self.gather.add_again(line);
        }
        outcome.fatal
    }

    /// Sends full batches, and with `all` the last one too, as long as requests may be under way.
    fn launch(&mut self, all: bool) {
        while self.flights.len() < self.flights_max {
            let Some(batch) = self.gather.next_batch(all) else { return };
            let delivery = self.delivery.clone();
            self.flights.spawn(async move { delivery.settle(batch).await });
        }
    }
}

/// What was read is put, which may take a while: a second interrupt does not wait for it.
fn end_on_second_interrupt() {
    eprintln!("millstream: interrupted; what was read is put, interrupt again to end at once");
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
}
