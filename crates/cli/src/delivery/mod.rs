//! `millstream delivery`: list, flush and logs of delivery streams, and of channels.

mod channels;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use millstream_api::Service;
use millstream_api::firehose::{
    FlushDeliveryStreamInput, FlushDeliveryStreamOutput, GetDeliveryLogsInput,
    GetDeliveryLogsOutput, ListDeliveryStreamsInput, ListDeliveryStreamsOutput,
};
use millstream_client::{Client, timestamp};

use crate::json::Json;
use crate::{Connection, Failure};

/// Most names in one page of a list (botocore, `ListDeliveryStreamsInput`).
const PAGE: i32 = 10_000;
/// How long one call waits for a delivery: shorter than a call may take.
const WAIT_SECONDS: u32 = 30;

/// Arguments of `delivery`.
#[derive(Args, Clone, Debug)]
pub struct DeliveryArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: DeliveryCommand,
    /// Where to call.
    #[command(flatten)]
    pub connection: Connection,
}

impl DeliveryArguments {
    /// Whether Firehose is called: channels are listed by Data Streams.
    pub(crate) fn calls_firehose(&self) -> bool {
        !matches!(self.command, DeliveryCommand::List { channels: true, .. })
    }
}

/// What to do with delivery streams.
#[derive(Subcommand, Clone, Debug)]
pub enum DeliveryCommand {
    /// Lists the delivery streams of the account in the region, or its channels.
    List {
        /// Lists the channels of Data Streams instead.
        #[arg(long)]
        channels: bool,
        /// Prints a JSON array instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Seals and delivers what is buffered, and returns when it has arrived (a Millstream server only).
    Flush {
        /// The delivery stream's name, or a channel's ARN.
        name: String,
        /// The name is that of a channel of Data Streams, or its id.
        #[arg(long)]
        channel: bool,
        /// How long to wait for the destination, in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
        timeout: u32,
    },
    /// Prints what went wrong with deliveries, oldest first (a Millstream server only).
    Logs {
        /// The delivery stream's name, or a channel's ARN.
        name: String,
        /// The name is that of a channel of Data Streams, or its id.
        #[arg(long)]
        channel: bool,
        /// How many of the newest at most.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i32).range(1..=1000))]
        limit: i32,
        /// Prints one JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(client: Client, arguments: DeliveryArguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        DeliveryCommand::List { channels: true, json } => channels::list(&client, json).await?,
        DeliveryCommand::List { channels: false, json } => {
            list(&client.of(Service::Firehose), json).await?;
        }
        DeliveryCommand::Flush { name, channel, timeout } => {
            flush(&client.of(Service::FirehoseOwn), Target::new(name, channel), timeout).await?;
        }
        DeliveryCommand::Logs { name, channel, limit, json } => {
            let target = Target::new(name, channel);
            logs(&client.of(Service::FirehoseOwn), target, limit, json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is flushed, or whose logs are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    delivery_stream: Option<String>,
    channel: Option<String>,
}

impl Target {
    /// Only channels are known by ARNs.
    fn new(name: String, is_channel: bool) -> Self {
        match is_channel || name.starts_with("arn:") {
            true => Target { delivery_stream: None, channel: Some(name) },
            false => Target { delivery_stream: Some(name), channel: None },
        }
    }
}

async fn list(client: &Client, as_json: bool) -> Result<(), Failure> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let input = ListDeliveryStreamsInput {
            limit: Some(PAGE),
            delivery_stream_type: None,
            exclusive_start_delivery_stream_name: names.last().cloned(),
        };
        let page: ListDeliveryStreamsOutput = client.call("ListDeliveryStreams", &input).await?;
        let more = page.has_more_delivery_streams && !page.delivery_stream_names.is_empty();
        names.extend(page.delivery_stream_names);
        if !more {
            break;
        }
    }
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(
            out,
            "{:#}",
            Json::Array(names.iter().map(|name| name.as_str().into()).collect())
        )?;
        return Ok(());
    }
    if names.is_empty() {
        let settings = client.settings();
        eprintln!("no delivery streams at {} in {}", settings.endpoint, settings.region);
    }
    for name in names {
        writeln!(out, "{name}")?;
    }
    Ok(())
}

/// Asks again until the time is over: what is on its way goes on meanwhile.
async fn flush(client: &Client, target: Target, timeout: u32) -> Result<(), Failure> {
    let mut left = timeout;
    loop {
        let wait = left.min(WAIT_SECONDS);
        left -= wait;
        let input = FlushDeliveryStreamInput {
            delivery_stream_name: target.delivery_stream.clone(),
            channel: target.channel.clone(),
            timeout_in_seconds: Some(wait as i32),
        };
        let flushed = client.call("FlushDeliveryStream", &input).await;
        match flushed {
            Ok(FlushDeliveryStreamOutput {}) => return Ok(()),
            Err(millstream_client::Error::Service { code, .. })
                if code == "ResourceInUseException" && left > 0 => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn logs(client: &Client, target: Target, limit: i32, as_json: bool) -> Result<(), Failure> {
    let Target { delivery_stream, channel } = target;
    let (name, option) = match (&delivery_stream, &channel) {
        (Some(name), _) => (name.clone(), "CloudWatchLoggingOptions"),
        (None, channel) => (channel.clone().unwrap_or_default(), "LoggingConfiguration"),
    };
    let input =
        GetDeliveryLogsInput { delivery_stream_name: delivery_stream, channel, limit: Some(limit) };
    let logs: GetDeliveryLogsOutput = client.call("GetDeliveryLogs", &input).await?;
    if logs.logging_enabled == Some(false) {
        eprintln!("millstream: logging is not enabled for {name} ({option}): errors are not kept");
    }
    let mut out = io::stdout().lock();
    for event in logs.events {
        let at = timestamp::format(event.timestamp);
        if as_json {
            let line = Json::Object(vec![
                ("timestamp", at.into()),
                ("group", event.log_group_name.as_str().into()),
                ("stream", event.log_stream_name.as_str().into()),
                ("message", event.message.as_str().into()),
            ]);
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{at}  {}", event.message)?;
        }
    }
    Ok(())
}
