//! `millstream tail`: follows a stream through all its shards, parents before their children.

mod from;
mod lineage;
mod print;
mod reader;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use millstream_api::shapes::Shard;
use millstream_client::{Client, StreamTarget};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::streams::shard_id;
use crate::{Connection, Failure};
use from::{From, Start};
use lineage::Lineage;
use print::{Form, Printer};
use reader::{Batch, End, Reader};

/// Arguments of `tail`.
#[derive(Args, Clone, Debug)]
pub struct TailArguments {
    /// The stream's name or ARN.
    pub stream: String,
    /// Where to begin: `trim-horizon` (the oldest record), `latest` (what comes from now on), a time such as
    /// 2026-01-31T12:00:00Z, a date such as 2026-01-31 (its midnight, UTC), seconds since 1970, or, with one --shard, a
    /// sequence number.
    #[arg(long, value_name = "POSITION", default_value = "latest")]
    pub from: String,
    /// Begins after the record of this sequence number; needs one --shard.
    #[arg(long, value_name = "SEQUENCE", conflicts_with = "from", requires = "shard")]
    pub after: Option<String>,
    /// Reads only this shard, as shardId-000000000000 or as its number, to its end; may be given again.
    #[arg(long, value_name = "SHARD")]
    pub shard: Vec<String>,
    /// Ends at the tip instead of waiting for more.
    #[arg(long)]
    pub no_follow: bool,
    /// Ends after this many records.
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Prints an object a line: shard, sequence, sub_sequence (its place within an aggregated record), key,
    /// explicit_hash_key (if an aggregated record has one), arrival, and data, or data_base64 if it is no UTF-8 text.
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// Prints the bytes as they are, with nothing in between.
    #[arg(long)]
    pub raw: bool,
    /// Prints aggregated records as they are, not what is in them.
    #[arg(long)]
    pub no_deaggregate: bool,
    /// How often a shard at its tip is asked, in milliseconds; AWS allows five times a second for all readers
    /// together [default: 1000; 200 for loopback]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(50..=60_000))]
    pub poll_ms: Option<u64>,
    /// Where to call.
    #[command(flatten)]
    pub connection: Connection,
}

/// Polling at the tip.
const POLL_MS: u64 = 1000;
const POLL_LOOPBACK_MS: u64 = 200;
/// Replies that wait to be printed.
const BATCHES_MAX: usize = 4;
/// Calls of GetRecords under way at once: each reply may hold 10 MiB.
const READS_MAX: usize = 16;
/// How long the end waits for what is being printed, if a person interrupts.
const PRINT_MAX: Duration = Duration::from_secs(1);

pub(crate) async fn run(client: Client, arguments: TailArguments) -> Result<ExitCode, Failure> {
    let target = StreamTarget::new(&arguments.stream);
    let start = start(&arguments, &client)?;
    let shards = client.list_shards(&target).await?;
    let chosen: Vec<String> = arguments.shard.iter().map(|text| shard_id(text)).collect();
    let lineage = lineage(&shards, &chosen, &start).map_err(Failure::Told)?;
    let form = Form::new(arguments.json, arguments.raw, !arguments.no_deaggregate);
    let (batches, printed) = mpsc::channel(BATCHES_MAX);
    let loopback = client.settings().endpoint.is_loopback();
    let poll_ms = arguments.poll_ms.unwrap_or(if loopback { POLL_LOOPBACK_MS } else { POLL_MS });
    let tail = Tail {
        reads: Arc::new(Semaphore::new(READS_MAX)),
        batches,
        follow: !arguments.no_follow,
        follows_children: chosen.is_empty(),
        limit: arguments.limit.map(|limit| i32::try_from(limit.min(10_000)).unwrap_or(10_000)),
        poll: Duration::from_millis(poll_ms),
        readers: JoinSet::new(),
        lineage,
        client,
        target,
    };
    let printing = Printer::start(form, arguments.limit, printed);
    let interrupted = tail.run().await?;
    let ended = if interrupted {
        // What blocks the output may never end: an interrupt does.
        tokio::time::timeout(PRINT_MAX, printing).await.unwrap_or(Ok(Ok(())))
    } else {
        printing.await
    };
    match ended {
        Ok(result) => result?,
        Err(_) => return Err(Failure::Told("the output broke off".to_owned())),
    }
    Ok(ExitCode::SUCCESS)
}

fn start(arguments: &TailArguments, client: &Client) -> Result<Start, Failure> {
    let from = match &arguments.after {
        Some(sequence) => From::After(sequence.clone()),
        None => arguments.from.parse().map_err(Failure::Told)?,
    };
    if matches!(from, From::At(_) | From::After(_)) && arguments.shard.len() != 1 {
        let text = "a sequence number belongs to one shard: give one --shard";
        return Err(Failure::Told(text.to_owned()));
    }
    Ok(Start { from, began: client.clock().now() })
}

/// What is read: the chosen shards, else those that the position asks for.
fn lineage(shards: &[Shard], chosen: &[String], start: &Start) -> Result<Lineage, String> {
    let mut lineage = Lineage::default();
    for id in chosen {
        if !shards.iter().any(|shard| shard.shard_id == *id) {
            return Err(format!("no shard {id}"));
        }
        lineage.add(id, &[], start);
    }
    if !chosen.is_empty() {
        return Ok(lineage);
    }
    for shard in shards {
        let open = shard.sequence_number_range.ending_sequence_number.is_none();
        if open || start.from != From::Latest {
            lineage.add(&shard.shard_id, &parents(shard), start);
        }
    }
    Ok(lineage)
}

fn parents(shard: &Shard) -> Vec<String> {
    [&shard.parent_shard_id, &shard.adjacent_parent_shard_id]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

struct Tail {
    client: Client,
    target: StreamTarget,
    lineage: Lineage,
    readers: JoinSet<Result<(String, End), Failure>>,
    reads: Arc<Semaphore>,
    batches: mpsc::Sender<Batch>,
    follow: bool,
    follows_children: bool,
    limit: Option<i32>,
    poll: Duration,
}

impl Tail {
    /// Reads until all has ended or nobody listens; whether a person interrupted.
    async fn run(mut self) -> Result<bool, Failure> {
        let interrupt = tokio::signal::ctrl_c();
        tokio::pin!(interrupt);
        loop {
            for (shard, start) in self.lineage.take_ready() {
                self.read(shard, start);
            }
            tokio::select! {
                _ = &mut interrupt => return Ok(true),
                () = self.batches.closed() => return Ok(false),
                ended = self.readers.join_next() => match ended {
                    None => return Ok(false),
                    Some(Ok(ended)) => {
                        let (shard, end) = ended?;
                        self.ended(&shard, end).await?;
                    }
                    Some(Err(error)) => return Err(Failure::Told(format!("a reader broke off: {error}"))),
                },
            }
        }
    }

    fn read(&mut self, shard: String, start: Start) {
        let reader = Reader {
            client: self.client.clone(),
            target: self.target.clone(),
            shard: shard.clone(),
            start,
            reads: self.reads.clone(),
            follow: self.follow,
            limit: self.limit,
            poll: self.poll,
        };
        let batches = self.batches.clone();
        self.readers.spawn(async move { Ok((shard, reader.run(&batches).await?)) });
    }

    async fn ended(&mut self, shard: &str, end: End) -> Result<(), Failure> {
        if let (End::Closed(mut children), true) = (end, self.follows_children) {
            if children.is_empty() {
                // Endpoints that name no children in their replies name parents in their lists.
                let listed = self.client.list_shards(&self.target).await?;
                children =
                    listed.iter().map(|shard| (shard.shard_id.clone(), parents(shard))).collect();
                children.retain(|(_, parents)| parents.iter().any(|parent| parent == shard));
            }
            let start = Start { from: From::TrimHorizon, began: self.client.clock().now() };
            for (child, parents) in children {
                self.lineage.add(&child, &parents, &start);
            }
        }
        self.lineage.finish(shard);
        Ok(())
    }
}
