//! Reads one shard, from its start to its end or its tip.

use std::sync::Arc;
use std::time::Duration;

use millstream_client::{Backoff, Client, Error, ReadRecord, ReadReply, StreamTarget};
use tokio::sync::{Semaphore, mpsc};

use super::from::Start;
use crate::Failure;

/// Records of one shard, in order.
pub(crate) struct Batch {
    pub shard: Arc<str>,
    pub records: Vec<ReadRecord>,
}

/// Why a shard's reading ended.
pub(crate) enum End {
    /// The shard is closed and read to its end. Its children, as far as the reply named them, with their parents.
    Closed(Vec<(String, Vec<String>)>),
    /// There is nothing more now, and nobody waits for more; or nobody listens.
    Tip,
}

/// Reads one shard.
pub(crate) struct Reader {
    pub client: Client,
    pub target: StreamTarget,
    pub shard: String,
    pub start: Start,
    /// Held during a call until its reply is handed over: bounds what is in memory.
    pub reads: Arc<Semaphore>,
    pub follow: bool,
    pub limit: Option<i32>,
    pub poll: Duration,
}

/// AWS takes five calls a second for a shard: what is kept to once it has throttled.
const SPACING: Duration = Duration::from_millis(200);
/// Failures in a row after which reading ends.
const FAILURES_MAX: u32 = 20;

impl Reader {
    /// Reads to the end.
    pub async fn run(self, batches: &mpsc::Sender<Batch>) -> Result<End, Failure> {
        let shard: Arc<str> = self.shard.as_str().into();
        let mut iterator = self.iterator(&self.start).await?;
        let mut last: Option<String> = None;
        let mut backoff = Backoff::new();
        let mut spacing = Duration::ZERO;
        loop {
            let permit = self.reads.acquire().await;
            let reply = match self.client.get_records(&iterator, self.limit).await {
                Ok(reply) => reply,
                Err(error) => {
                    drop(permit);
                    if let Some(fresh) = self.recover(error, last.as_deref(), &mut backoff).await? {
                        iterator = fresh;
                    } else {
                        spacing = SPACING;
                    }
                    continue;
                }
            };
            backoff.reset();
            let ReadReply { records, next, millis_behind_latest, children } = reply;
            let empty = records.is_empty();
            // An endpoint that does not say how far it is behind is at its tip when it has nothing.
            let at_tip = millis_behind_latest.map_or(empty, |behind| behind == 0);
            if let Some(record) = records.last() {
                last = Some(record.sequence_number.clone());
                let batch = Batch { shard: shard.clone(), records };
                if batches.send(batch).await.is_err() {
                    return Ok(End::Tip);
                }
            }
            drop(permit);
            let Some(next) = next else { return Ok(End::Closed(children)) };
            iterator = next;
            if at_tip && !self.follow {
                return Ok(End::Tip);
            }
            tokio::time::sleep(if at_tip { self.poll.max(spacing) } else { spacing }).await;
        }
    }

    /// A new iterator after an expired one; nothing once a failure that passes was waited for.
    async fn recover(
        &self,
        error: Error,
        last: Option<&str>,
        backoff: &mut Backoff,
    ) -> Result<Option<String>, Failure> {
        if error.code() == Some("ExpiredIteratorException") {
            return self.iterator(&self.start.resumed(last)).await.map(Some);
        }
        if !error.is_passing() || backoff.failures() >= FAILURES_MAX {
            return Err(error.into());
        }
        let wait = backoff.wait_after(&error, self.client.random());
        if !error.is_throttling() {
            eprintln!("millstream: {}: {error}; trying again", self.shard);
        }
        tokio::time::sleep(wait).await;
        Ok(None)
    }

    async fn iterator(&self, start: &Start) -> Result<String, Failure> {
        let at = start.iterator();
        let found = self
            .client
            .shard_iterator(&self.target, &self.shard, at.kind, at.sequence_number, at.timestamp)
            .await;
        found.map_err(Into::into)
    }
}
