//! A batch on its way: sent, what failed sent again, until each record has settled.

use std::collections::VecDeque;
use std::sync::Arc;

use millstream_aggregate::Aggregate;
use millstream_api::Blob;
use millstream_api::ops::{PutRecordsInput, PutRecordsRequestEntry, PutRecordsResultEntry};
use millstream_client::{Backoff, Client, Error, StreamTarget};
use millstream_types::HashKey;

use super::entry::{Entry, KeyedLine};
use super::input::Line;
use super::limits::PLACEMENTS_MAX;
use super::shard_map::ShardMap;

/// How batches are delivered.
pub(crate) struct Delivery {
    pub client: Client,
    pub target: StreamTarget,
    /// With it, aggregates are checked for where they went.
    pub map: Option<Arc<ShardMap>>,
    /// How often a record that its shard did not take is tried again.
    pub retries: u32,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Lines that were taken.
    pub lines: u64,
    /// Kinesis records that they were.
    pub records: u64,
    /// Their bytes of data and keys.
    pub bytes: u64,
    /// Records that were tried again.
    pub retries: u64,
    /// Lines that were not taken, and why.
    pub rejected: Vec<(Vec<u64>, String)>,
    /// Lines that are certainly not taken, for `fatal` alone.
    pub left_out: Vec<u64>,
    /// Lines whose aggregate went to a shard that is not theirs: a KCL would drop them there.
    pub misplaced: Vec<KeyedLine>,
    /// Why nothing more can be put.
    pub fatal: Option<String>,
}

impl Outcome {
    /// Of a task that did not end well.
    pub fn broken(error: &dyn std::error::Error) -> Self {
        Outcome { fatal: Some(format!("a request broke off: {error}")), ..Outcome::default() }
    }

    fn reject(&mut self, tried: impl IntoIterator<Item = Tried>, reason: &str) {
        let lines = lines_of(tried);
        if !lines.is_empty() {
            self.rejected.push((lines, reason.to_owned()));
        }
    }
}

/// An entry with its failures so far.
type Tried = (Entry, u32);

impl Delivery {
    /// Delivers a batch.
    pub async fn settle(&self, batch: Vec<Entry>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut backoff = Backoff::new();
        let mut parts: VecDeque<Vec<Tried>> = VecDeque::new();
        parts.push_back(batch.into_iter().map(|entry| (entry, 0)).collect());
        while let Some(mut part) = parts.pop_front() {
            let failed = match self.put(&part).await {
                Ok(results) => self.sort(part, results, &mut outcome).await,
                Err(error) if blames_a_record(&error) && part.len() > 1 => {
                    // One bad record fails the whole request: it is found by halves.
                    let upper = part.split_off(part.len() / 2);
                    parts.push_front(upper);
                    parts.push_front(part);
                    continue;
                }
                Err(error) if blames_a_record(&error) => {
                    outcome.reject(part, &error.to_string());
                    continue;
                }
                Err(error) if error.is_throttling() => {
                    part.into_iter().map(|tried| (tried, error.clone())).collect()
                }
                Err(error) => {
                    if is_refusal(&error) {
                        outcome.left_out.extend(lines_of(part));
                    } else {
                        outcome.reject(part, "not taken, or not known to be");
                    }
                    outcome.left_out.extend(lines_of(parts.drain(..).flatten()));
                    outcome.fatal = Some(error.to_string());
                    return outcome;
                }
            };
            let Some((_, error)) = failed.first() else { continue };
            let wait = backoff.wait_after(error, self.client.random());
            let again = self.still_tried(failed, &mut outcome);
            if !again.is_empty() {
                outcome.retries += again.len() as u64;
                tokio::time::sleep(wait).await;
                parts.push_front(again);
            }
        }
        outcome
    }

    async fn put(&self, part: &[Tried]) -> Result<Vec<PutRecordsResultEntry>, Error> {
        let records = part.iter().map(|(entry, _)| PutRecordsRequestEntry {
            data: Blob::Raw(entry.data.as_slice().into()),
            explicit_hash_key: None,
            partition_key: Some(entry.key.as_str().into()),
        });
        let input = PutRecordsInput {
            records: records.collect(),
            stream_name: self.target.name().map(Into::into),
            stream_arn: self.target.arn().map(Into::into),
            stream_id: None,
            dry_run: None,
        };
        self.client.put_records(&input).await.map(|output| output.records)
    }

    /// Counts what was taken and returns what was not, with the reasons.
    async fn sort(
        &self,
        part: Vec<Tried>,
        results: Vec<PutRecordsResultEntry>,
        outcome: &mut Outcome,
    ) -> Vec<(Tried, Error)> {
        let mut failed = Vec::new();
        for ((entry, failures), result) in part.into_iter().zip(results) {
            if let Some(code) = result.error_code {
                let message = result.error_message.unwrap_or_default();
                let error = Error::Service { operation: "PutRecords", status: 400, code, message };
                failed.push(((entry, failures), error));
                continue;
            }
            outcome.records += 1;
            outcome.bytes += entry.bytes() as u64;
            let misplaced = self.misplaced(&entry, result.shard_id.as_deref()).await;
            outcome.lines += (entry.lines.len() - misplaced.len()) as u64;
            outcome.misplaced.extend(misplaced);
        }
        failed
    }

    /// Those that may be tried again; the others are rejected.
    fn still_tried(&self, failed: Vec<(Tried, Error)>, outcome: &mut Outcome) -> Vec<Tried> {
        let mut again = Vec::new();
        for ((entry, failures), error) in failed {
            if failures < self.retries && error.is_passing() {
                again.push((entry, failures + 1));
            } else {
                outcome.reject([(entry, failures)], &error.to_string());
            }
        }
        again
    }

    /// The lines of an aggregate that went to a shard which is not that of all its keys, after a reshard: consumers
    /// that check, as the KCL does, drop it there. The KPL puts its records again too.
    async fn misplaced(&self, entry: &Entry, landed: Option<&str>) -> Vec<KeyedLine> {
        let (Some(map), Some(placement), Some(landed)) = (&self.map, &entry.aggregate, landed)
        else {
            return Vec::new();
        };
        if placement.shard == landed || placement.misplaced >= PLACEMENTS_MAX {
            return Vec::new();
        }
        if map.range_of(landed).is_none() {
            // Without a new map the old one goes on; what follows is found misplaced and tried again.
            let _ = map.refresh(&self.client, &self.target).await;
        }
        let Some(aggregate) = Aggregate::decode(&entry.data) else { return Vec::new() };
        let range = map.range_of(landed);
        let key = |key: &str| HashKey::of_partition_key(key);
        let fits = aggregate
            .records()
            .all(|record| range.is_some_and(|range| range.contains(key(record.partition_key))));
        if fits {
            return Vec::new();
        }
        let lines = entry.lines.iter().zip(aggregate.records());
        let again = lines.map(|(number, record)| KeyedLine {
            line: Line { number: *number, data: record.data.to_vec() },
            key: record.partition_key.to_owned(),
            misplaced: placement.misplaced + 1,
        });
        again.collect()
    }
}

fn lines_of(tried: impl IntoIterator<Item = Tried>) -> Vec<u64> {
    tried.into_iter().flat_map(|(entry, _)| entry.lines).collect()
}

/// Whether nothing of the request was taken: it was refused as it is, or never sent.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Service { status, .. } => (400..500).contains(status) && !error.is_passing(),
        Error::Settings(_) | Error::Credentials(_) => true,
        Error::Transport { .. } | Error::Reply { .. } => false,
    }
}

/// Whether the service refuses the request for what is in one of its records.
fn blames_a_record(error: &Error) -> bool {
    const CODES: [&str; 3] =
        ["ValidationException", "InvalidArgumentException", "SerializationException"];
    error.code().is_some_and(|code| CODES.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_service_refuses_is_certainly_not_taken() {
        let service = |status, code: &str| Error::Service {
            operation: "PutRecords",
            status,
            code: code.to_owned(),
            message: String::new(),
        };
        assert!(is_refusal(&service(400, "ResourceNotFoundException")));
        assert!(is_refusal(&service(403, "AccessDeniedException")));
        assert!(is_refusal(&Error::Credentials("none".to_owned())));
        assert!(!is_refusal(&service(400, "ProvisionedThroughputExceededException")));
        assert!(!is_refusal(&service(500, "InternalFailure")));
        let endpoint = "http://127.0.0.1:1".to_owned();
        assert!(!is_refusal(&Error::Transport { endpoint, reason: "reset".to_owned() }));
    }
}
