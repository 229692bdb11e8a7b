//! Waiting for a stream to become what it should be.

use std::time::Duration;

use millstream_api::shapes::StreamStatus;
use millstream_client::{Client, StreamTarget};

use crate::Failure;

/// How long is waited: AWS takes tens of seconds for most changes, minutes for many shards.
const WAIT_MAX: Duration = Duration::from_secs(600);
/// AWS allows 20 calls a second for the whole account.
const POLL_EVERY: Duration = Duration::from_secs(1);
const POLL_LOOPBACK_EVERY: Duration = Duration::from_millis(50);

/// Waits until the stream is active.
pub(super) async fn until_active(client: &Client, target: &StreamTarget) -> Result<(), Failure> {
    let polled = async {
        loop {
            if client.describe(target).await?.stream_status == StreamStatus::Active {
                return Ok(());
            }
            tokio::time::sleep(poll_every(client)).await;
        }
    };
    within(target, "is not active", polled).await
}

/// Waits until there is no such stream.
pub(super) async fn until_gone(client: &Client, target: &StreamTarget) -> Result<(), Failure> {
    let polled = async {
        loop {
            match client.describe(target).await {
                Ok(_) => tokio::time::sleep(poll_every(client)).await,
                Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    };
    within(target, "is not gone", polled).await
}

async fn within(
    target: &StreamTarget,
    what: &str,
    polled: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let late = |_| {
        let (stream, seconds) = (target.as_str(), WAIT_MAX.as_secs());
        Failure::Told(format!(
            "{stream} {what} after {seconds} s; the change goes on without this command"
        ))
    };
    tokio::time::timeout(WAIT_MAX, polled).await.map_err(late)?
}

fn poll_every(client: &Client) -> Duration {
    if client.settings().endpoint.is_loopback() { POLL_LOOPBACK_EVERY } else { POLL_EVERY }
}
