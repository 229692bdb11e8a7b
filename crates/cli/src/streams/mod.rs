//! `millstream streams`: list, create, describe, split, merge, delete.

mod change;
mod show;
mod wait;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use millstream_client::Client;

use crate::{Connection, Failure};

/// Arguments of `streams`.
#[derive(Args, Clone, Debug)]
pub struct StreamsArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: StreamsCommand,
    /// Where to call.
    #[command(flatten)]
    pub connection: Connection,
}

/// What to do with streams.
#[derive(Subcommand, Clone, Debug)]
pub enum StreamsCommand {
    /// Lists the streams of the account in the region.
    List {
        /// Prints a JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Creates a stream.
    Create(CreateArguments),
    /// Shows a stream and its shards.
    Describe {
        /// The stream's name or ARN.
        stream: String,
        /// Prints a JSON object instead of tables.
        #[arg(long)]
        json: bool,
    },
    /// Splits a shard in two.
    Split {
        /// The stream's name or ARN.
        stream: String,
        /// The shard, as shardId-000000000000 or as its number.
        shard: String,
        /// Hash key at which the upper half begins [default: the middle]
        #[arg(long, value_name = "KEY")]
        at: Option<String>,
        /// Returns when the stream is active again.
        #[arg(long)]
        wait: bool,
    },
    /// Merges two shards that lie side by side.
    Merge {
        /// The stream's name or ARN.
        stream: String,
        /// One shard, as shardId-000000000000 or as its number.
        shard: String,
        /// The shard beside it.
        adjacent: String,
        /// Returns when the stream is active again.
        #[arg(long)]
        wait: bool,
    },
    /// Deletes a stream with all its records.
    Delete {
        /// The stream's name or ARN.
        stream: String,
        /// Does not ask.
        #[arg(long)]
        yes: bool,
        /// Deletes registered consumers too; without it a stream that has some is kept.
        #[arg(long)]
        enforce_consumers: bool,
        /// Returns when the stream is gone.
        #[arg(long)]
        wait: bool,
    },
}

/// Arguments of `streams create`.
#[derive(Args, Clone, Debug)]
pub struct CreateArguments {
    /// The name: 1 to 128 letters, digits, '_', '.' and '-'.
    pub stream: String,
    /// How many shards [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "on_demand", value_parser = clap::value_parser!(i32).range(1..))]
    pub shards: Option<i32>,
    /// Lets the shards follow the traffic.
    #[arg(long)]
    pub on_demand: bool,
    /// Returns when the stream is active.
    #[arg(long)]
    pub wait: bool,
}

pub(crate) async fn run(client: Client, arguments: StreamsArguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        StreamsCommand::List { json } => show::list(&client, json).await?,
        StreamsCommand::Describe { stream, json } => show::describe(&client, &stream, json).await?,
        StreamsCommand::Create(create) => change::create(&client, &create).await?,
        StreamsCommand::Split { stream, shard, at, wait } => {
            change::split(&client, &stream, &shard, at, wait).await?;
        }
        StreamsCommand::Merge { stream, shard, adjacent, wait } => {
            change::merge(&client, &stream, &shard, &adjacent, wait).await?;
        }
        StreamsCommand::Delete { stream, yes, enforce_consumers, wait } => {
            change::delete(&client, &stream, change::Delete { yes, enforce_consumers, wait })
                .await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A shard's id: digits alone are its number.
pub(crate) fn shard_id(text: &str) -> String {
    let number = text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    number.map_or_else(|| text.to_owned(), |number| millstream_types::ShardId(number).to_string())
}

#[cfg(test)]
mod tests {
    use super::shard_id;

    #[test]
    fn a_shard_may_be_given_by_its_number() {
        assert_eq!(shard_id("7"), "shardId-000000000007");
        assert_eq!(shard_id("shardId-000000000001"), "shardId-000000000001");
        assert_eq!(shard_id("+7"), "+7");
    }
}
