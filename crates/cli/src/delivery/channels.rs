//! What is printed about channels.

use std::io::{self, Write};

use millstream_api::ops::{ChannelSummary, ListChannelsInput, ListChannelsOutput};
use millstream_client::Client;

use crate::Failure;
use crate::json::Json;
use crate::table;

/// Most channels in one page of a list (botocore, `ListChannelsInput`).
const PAGE: i32 = 100;

/// Prints the channels of the account in the region, by name.
pub(super) async fn list(client: &Client, as_json: bool) -> Result<(), Failure> {
    let mut channels: Vec<ChannelSummary> = Vec::new();
    let mut next_token = None;
    loop {
        let input = ListChannelsInput { stream_filter: None, max_results: Some(PAGE), next_token };
        let page: ListChannelsOutput = client.call("ListChannels", &input).await?;
        channels.extend(page.channel_summaries);
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{:#}", Json::Array(channels.iter().map(listed).collect()))?;
        return Ok(());
    }
    if channels.is_empty() {
        let settings = client.settings();
        eprintln!("no channels at {} in {}", settings.endpoint, settings.region);
        return Ok(());
    }
    let mut rows = vec![["NAME", "ID", "STATUS", "STREAM"].map(str::to_owned)];
    rows.extend(channels.iter().map(|channel| {
        [
            channel.channel_name.clone(),
            channel.channel_id.clone(),
            channel.channel_status.as_str().to_owned(),
            stream(channel).to_owned(),
        ]
    }));
    table::write(&mut out, &rows)?;
    Ok(())
}

/// The name of the stream that a channel reads.
fn stream(channel: &ChannelSummary) -> &str {
    let arn = channel.streams.first().map_or("-", |stream| stream.stream_arn.as_str());
    arn.rsplit('/').next().unwrap_or(arn)
}

fn listed(channel: &ChannelSummary) -> Json {
    Json::Object(vec![
        ("name", channel.channel_name.as_str().into()),
        ("id", channel.channel_id.as_str().into()),
        ("arn", channel.channel_arn.as_str().into()),
        ("status", channel.channel_status.as_str().into()),
        ("reason", channel.channel_status_reason.as_deref().into()),
        ("stream", stream(channel).into()),
    ])
}
