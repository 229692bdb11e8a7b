//! Delivery errors, for people: a bounded, durable log of entries as CloudWatch Logs would show them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use millstream_counters::Told;
use millstream_log::{Batch, End, Frame, GroupId, Log, LogId, Position};
use millstream_types::Millis;
use millstream_wire::json::write_text;

use crate::limits::{LOG_ENTRIES_MAX, LOG_MESSAGE_BYTES_MAX, READ_BYTES};
use crate::processed::JOURNAL_LOG;

/// The journal of one delivery stream.
pub struct Journal {
    log: Arc<dyn Log>,
    id: LogId,
    told: Told,
    trimmed: AtomicU64,
}

/// What an entry tells (developer guide, "Monitor with CloudWatch Logs").
pub struct Entry<'a> {
    /// The group of logs that the configuration names.
    pub group: &'a str,
    /// The stream of logs.
    pub stream: &'a str,
    /// `deliveryStreamARN`, or that of a channel.
    pub stream_arn: &'a str,
    /// `destination`: a bucket's ARN, or where it is.
    pub destination: &'a str,
    /// `deliveryStreamVersionId`, or a channel's version.
    pub version: u64,
    /// `message`.
    pub message: &'a str,
    /// `errorCode`.
    pub code: &'a str,
}

/// An entry as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When.
    pub at: Millis,
    /// The group of logs that the configuration named.
    pub group: String,
    /// The stream of logs.
    pub stream: String,
    /// A JSON object.
    pub entry: String,
}

impl Logged {
    /// Reads a payload: group, stream and entry with a zero byte between.
    fn read(at: Millis, payload: &[u8]) -> Option<Self> {
        let mut parts = payload.splitn(3, |byte| *byte == 0);
        let mut next = || Some(String::from_utf8_lossy(parts.next()?).into_owned());
        let (group, stream) = (next()?, next()?);
        Some(Logged { at, group, stream, entry: next()? })
    }
}

impl Journal {
    /// The journal in a group.
    pub fn new(log: Arc<dyn Log>, group: GroupId) -> Self {
        let id = LogId { group, index: JOURNAL_LOG };
        Journal { log, id, told: Told::default(), trimmed: AtomicU64::new(0) }
    }

    /// Adds an entry, unless there are too many in this second; the next one says how many were left out. What cannot
    /// be written is not worth a failure.
    pub async fn write(&self, entry: &Entry<'_>, now: Millis) {
        let Some(untold) = self.told.admit(now.seconds()) else { return };
        let line = line(entry, untold);
        let parts = [entry.group.as_bytes(), entry.stream.as_bytes(), &line];
        let payload = Bytes::from(parts.join(&0));
        let frame = Frame::of_batch(self.id, &Batch { count: 1, payload });
        let Ok(outcome) = self.log.append_many(frame) else { return };
        let Some(Ok(appended)) = outcome.await.pop() else { return };
        let before = appended.at.end.0.saturating_sub(LOG_ENTRIES_MAX);
        // Trimming in steps: each is a write of its own.
        if before >= self.trimmed.load(Ordering::Relaxed) + LOG_ENTRIES_MAX / 4 {
            self.trimmed.store(before, Ordering::Relaxed);
            let _ = self.log.trim(self.id, Position(before)).await;
        }
    }

    /// The last entries, oldest first.
    pub async fn read(&self, limit: usize) -> Result<Vec<Logged>, String> {
        let bounds = self.log.bounds(self.id).await.map_err(|error| error.to_string())?;
        let limit = (limit as u64).min(LOG_ENTRIES_MAX);
        let mut at = bounds.first.max(Position(bounds.end.0.saturating_sub(limit)));
        let mut all = Vec::new();
        loop {
            let read = self.log.read(self.id, at, READ_BYTES).await;
            let read = read.map_err(|error| error.to_string())?;
            for batch in read.batches {
                all.extend(Logged::read(batch.arrival, &batch.batch.payload));
            }
            at = read.next;
            if read.end != End::More {
                return Ok(all);
            }
        }
    }
}

fn line(entry: &Entry<'_>, untold: u64) -> Vec<u8> {
    let mut end = entry.message.len().min(LOG_MESSAGE_BYTES_MAX);
    while !entry.message.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = Vec::with_capacity(end + 256);
    let mut text = |key: &str, value: &str| {
        out.push(if out.is_empty() { b'{' } else { b',' });
        write_text(&mut out, key);
        out.push(b':');
        write_text(&mut out, value);
    };
    let (arn, version) = match entry.stream_arn.contains(":channel/") {
        true => ("channelARN", "channelVersionId"),
        false => ("deliveryStreamARN", "deliveryStreamVersionId"),
    };
    text(arn, entry.stream_arn);
    text("destination", entry.destination);
    text(version, &entry.version.to_string());
    text("message", &entry.message[..end]);
    text("errorCode", entry.code);
    if untold > 0 {
        out.extend_from_slice(format!(",\"leftOutBefore\":{untold}").as_bytes());
    }
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use millstream_log::testkit::{MemoryLog, block_on};
    use millstream_log::{Class, GroupSpec};
    use millstream_types::ManualClock;

    use super::*;

    #[test]
    fn the_last_entries_are_kept_and_too_many_at_once_are_counted() {
        let log = MemoryLog::new(Arc::new(ManualClock::new(Millis(5000))));
        let spec = GroupSpec { class: Class::Data, keep: None, record_bytes_max: 1 << 20 };
        block_on(log.create(GroupId(4), spec, 3)).unwrap();
        let journal = Journal::new(log.clone(), GroupId(4));
        let entry = |message| Entry {
            group: "/aws/kinesisfirehose/ds",
            stream: "DestinationDelivery",
            stream_arn: "arn",
            destination: "arn:aws:s3:::b",
            version: 3,
            message,
            code: "S3.AccessDenied",
        };
        for second in 0..200 {
            for _ in 0..12 {
                block_on(journal.write(&entry("no \"entry\""), Millis(second * 1000)));
            }
        }
        let all = block_on(journal.read(5000)).unwrap();
        assert_eq!(all.len() as u64, LOG_ENTRIES_MAX);
        let last_two = block_on(journal.read(2)).unwrap();
        assert_eq!(last_two, all[all.len() - 2..]);
        assert_eq!(last_two[0].group, "/aws/kinesisfirehose/ds");
        assert_eq!(last_two[0].stream, "DestinationDelivery");
        assert_eq!(
            last_two[1].entry,
            "{\"deliveryStreamARN\":\"arn\",\"destination\":\"arn:aws:s3:::b\",\
             \"deliveryStreamVersionId\":\"3\",\"message\":\"no \\\"entry\\\"\",\
             \"errorCode\":\"S3.AccessDenied\"}"
        );
        assert!(all.iter().any(|logged| logged.entry.ends_with(",\"leftOutBefore\":2}")));
    }
}
