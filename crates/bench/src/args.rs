//! The options of `millstream bench`.

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::limits::POOL_MIB_DEFAULT;

/// Drives a Kinesis endpoint and prints records/s, MB/s, latencies, and what they cost the server.
///
/// Bodies of random bytes under random keys are encoded before the clock starts. The stream is created for the run and
/// deleted after it. Clear-text HTTP/1.1 (HTTP/2 for subscriptions) and JSON only, on any Kinesis-compatible endpoint.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench")]
pub struct Args {
    /// What to measure.
    #[command(subcommand)]
    pub operation: Operation,
}

/// The operation that is measured.
#[derive(Debug, Clone, Subcommand)]
pub enum Operation {
    /// Puts many records with each request.
    PutRecords(PutRecords),
    /// Puts one record with each request.
    PutRecord(PutRecord),
    /// Puts many records with each request to a delivery stream, then waits until all have been delivered.
    PutRecordBatch(PutRecordBatch),
    /// Fills the stream, then reads it again and again.
    GetRecords(GetRecords),
    /// Makes many streams, then lists them and their shards.
    Listing(Listing),
    /// Subscribes to the stream while it is put to.
    Subscribe(Subscribe),
    /// Fills a stream of on-demand mode, then receives from a queue on it and acknowledges, ten records at a time.
    Queue(Queue),
}

/// Options of `put-records`.
#[derive(Debug, Clone, ClapArgs)]
pub struct PutRecords {
    /// Records in each request (the service takes up to 500).
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub records: u64,
    /// What all operations share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `put-record-batch`. Partition keys and shards have no meaning here; `--verify` reads the objects back.
#[derive(Debug, Clone, ClapArgs)]
pub struct PutRecordBatch {
    /// Records in each request (the service takes up to 500).
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub records: u64,
    /// The bucket that objects go to; it must be there.
    #[arg(long, value_name = "BUCKET", default_value = "bench")]
    pub bucket: String,
    /// Where --verify reads the bucket, if not from --endpoint.
    #[arg(long, value_name = "URL")]
    pub bucket_endpoint: Option<String>,
    /// CompressionFormat of the objects.
    #[arg(long, value_name = "FORMAT", default_value = "GZIP")]
    pub compression: String,
    /// SizeInMBs of the buffer.
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=128))]
    pub buffer_mib: u64,
    /// IntervalInSeconds of the buffer.
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(0..=900))]
    pub interval: u64,
    /// Puts JSON documents of phrases and numbers, a line each, instead of random bytes.
    #[arg(long)]
    pub documents: bool,
    /// Delivers by a partition that JQ finds in the documents, of this many.
    #[arg(long, value_name = "N", requires = "documents", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub partitions: Option<u64>,
    /// Delivers Parquet, with the schema of this table; its columns are `stamp`, `partition` and `text` (string), `id`
    /// (bigint), `value` (double) and `ok` (boolean).
    #[arg(
        long,
        value_name = "DATABASE/TABLE",
        requires = "documents",
        conflicts_with = "partitions"
    )]
    pub parquet: Option<String>,
    /// The server delivers within each put and has no call that delivers all.
    #[arg(long)]
    pub no_flush: bool,
    /// How long delivering all may take after the last put.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub flush_limit: u64,
    /// What all operations share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `put-record`.
#[derive(Debug, Clone, ClapArgs)]
pub struct PutRecord {
    /// What all operations share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `get-records`.
#[derive(Debug, Clone, ClapArgs)]
pub struct GetRecords {
    /// Payload put into the stream before the clock starts; 0 reads what is there.
    #[arg(long, value_name = "MIB", default_value_t = 512)]
    pub fill_mib: u64,
    /// Reads only this shard, counted from 0 in the order of ListShards.
    #[arg(long, value_name = "N")]
    pub only_shard: Option<usize>,
    /// Reads every shard once to its end and stops, instead of again and again for the duration.
    #[arg(long)]
    pub once: bool,
    /// What all operations share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `listing`.
#[derive(Debug, Clone, ClapArgs)]
pub struct Listing {
    /// Streams, named after `--stream`, with `--shards` each.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5000,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000),
    )]
    pub streams: u64,
    /// Calls of ListStreams and of ListShards that are timed.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2000,
        value_parser = clap::value_parser!(u64).range(1..=10_000_000),
    )]
    pub calls: u64,
    /// What all operations share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `subscribe`.
#[derive(Debug, Clone, ClapArgs)]
pub struct Subscribe {
    /// Consumers, each subscribed to every shard.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=50))]
    pub consumers: u64,
    /// HTTP/2 connections that the subscriptions share.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub subscription_connections: u64,
    /// Calls of PutRecord per second, and the time from each reply to the record's arrival; 0 puts with PutRecords as
    /// fast as it goes, first without and then with the subscriptions.
    #[arg(long, value_name = "CALLS", default_value_t = 0)]
    pub rate: u64,
    /// What all operations share.
    #[command(flatten)]
    pub common: Common,
}

/// Options of `queue`.
#[derive(Debug, Clone, ClapArgs)]
pub struct Queue {
    /// Records that are received before the clock starts and stay in flight (the server's limit queue_in_flight_max
    /// must allow them).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub in_flight: u64,
    /// Records put into the stream before the clock starts, beside those that stay in flight.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub backlog: u64,
    /// What all operations share. The stream has as many shards as the server gives it.
    #[command(flatten)]
    pub common: Common,
}

/// Options of all operations.
#[derive(Debug, Clone, ClapArgs)]
pub struct Common {
    /// Where the server listens: http://HOST:PORT [env: AWS_ENDPOINT_URL]
    #[arg(
        long,
        value_name = "URL",
        env = "AWS_ENDPOINT_URL",
        hide_env = true,
        default_value = "http://127.0.0.1:4567"
    )]
    pub endpoint: String,
    /// Region that signatures name [env: AWS_REGION]
    #[arg(
        long,
        value_name = "REGION",
        env = "AWS_REGION",
        hide_env = true,
        default_value = "us-east-1"
    )]
    pub region: String,
    /// The stream's name.
    #[arg(long, value_name = "NAME", default_value = "millstream-bench")]
    pub stream: String,
    /// Shards of the stream.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub shards: u64,
    /// Connections, each with one request under way.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub connections: u64,
    /// Threads of the generator; connections are dealt out among them.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub threads: u64,
    /// Data of each record.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 1024,
        value_parser = clap::value_parser!(u64).range(0..=10_485_760),
    )]
    pub record_bytes: u64,
    /// How long is measured.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub duration: f64,
    /// How long the same load goes before it is measured.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub warmup: f64,
    /// Measures this many requests instead of a duration.
    #[arg(long, value_name = "N")]
    pub requests: Option<u64>,
    /// Signs every request (Signature Version 4); otherwise a constant placeholder stands in its place.
    #[arg(long)]
    pub signed: bool,
    /// Access key id [env: AWS_ACCESS_KEY_ID]
    #[arg(
        long,
        value_name = "ID",
        env = "AWS_ACCESS_KEY_ID",
        hide_env = true,
        default_value = "bench"
    )]
    pub access_key: String,
    /// Secret access key, for --signed [env: AWS_SECRET_ACCESS_KEY]
    #[arg(
        long,
        value_name = "SECRET",
        env = "AWS_SECRET_ACCESS_KEY",
        default_value = "bench",
        hide_env = true
    )]
    pub secret_key: String,
    /// Session token, for --signed [env: AWS_SESSION_TOKEN]
    #[arg(long, value_name = "TOKEN", env = "AWS_SESSION_TOKEN", hide_env = true)]
    pub session_token: Option<String>,
    /// Reads everything back after the run and compares it with what was acknowledged.
    #[arg(long)]
    pub verify: bool,
    /// Leaves the stream in place.
    #[arg(long)]
    pub keep: bool,
    /// The stream is there already: it is neither created nor deleted.
    #[arg(long)]
    pub existing: bool,
    /// Process id of the server, for its memory and processor time (Linux).
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// Encoded bodies that are sent in turn.
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = POOL_MIB_DEFAULT,
        value_parser = clap::value_parser!(u64).range(1..=4096),
    )]
    pub pool_mib: u64,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}
