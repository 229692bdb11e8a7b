//! Where a pipeline's records come from: logs with positions, measured by the planner and read by deliveries.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use millstream_types::Millis;

use crate::record::SourceRecord;

/// What the calls of [`Source`] return.
pub type SourceFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send + 'a>>;

/// Why a source cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceError {
    /// It is gone for good: what was not read is lost.
    Gone,
    /// The log is damaged from where it was to be read on.
    Damaged(Damaged),
    /// Something that may pass; the text says what.
    Failed(String),
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SourceError::Gone => f.write_str("the source is gone"),
            SourceError::Damaged(Damaged { next, what, .. }) => {
                write!(f, "damaged: {what} (up to {next})")
            }
            SourceError::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for SourceError {}

/// A damaged place in a log. It may be put right: a file may be put back from a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The position after it, as far as it was asked for.
    pub next: u64,
    /// About how many bytes of records it has, if it is put right.
    pub bytes: u64,
    /// What is wrong, and where.
    pub what: String,
}

impl Damaged {
    /// The same, no longer than up to a position, and so much of it that it has at most so many bytes and records; at
    /// least one.
    pub fn cut(self, from: u64, to: u64, bytes: u64, records: u64) -> Damaged {
        let span = self.next.saturating_sub(from).max(1);
        let fits = match self.bytes > bytes {
            true => (u128::from(span) * u128::from(bytes) / u128::from(self.bytes)) as u64,
            false => span,
        };
        let part = fits.min(records).min(to.saturating_sub(from)).clamp(1, span);
        let bytes = (u128::from(self.bytes) * u128::from(part)).div_ceil(u128::from(span)) as u64;
        Damaged { next: from + part, bytes, what: self.what }
    }
}

/// A log of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLog {
    /// Its number; never [`crate::machine::PROCESSED`].
    pub log: u32,
    /// Where reading begins if the pipeline does not know the log yet.
    pub from: u64,
    /// Logs that are read to their end before this one.
    pub parents: Vec<u32>,
}

/// A stretch of a log as the planner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The first position.
    pub from: u64,
    /// The position after the last.
    pub to: u64,
    /// Records, those of a producer's aggregates by themselves.
    pub records: u64,
    /// Bytes of their data.
    pub bytes: u64,
    /// When the oldest arrived.
    pub oldest: Millis,
    /// When the newest arrived.
    pub newest: Millis,
}

/// What was found from a position on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Stretches, in order.
    pub extents: Vec<Extent>,
    /// Where to go on.
    pub next: u64,
    /// Whether the log ends at `next` for good.
    pub ended: bool,
    /// Records before `next` that cannot be read any more.
    pub lost: u64,
    /// Records of a stream that were looked at, as they were put into it; none if the source is no stream.
    pub records: u64,
    /// Bytes of their data.
    pub bytes: u64,
}

/// Records that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// The records, in order.
    pub records: Vec<SourceRecord>,
    /// Where to go on; nothing comes before `to` if this is not before it.
    pub next: u64,
    /// Records that cannot be read any more.
    pub lost: u64,
}

/// Where records come from.
pub trait Source: Send + Sync + 'static {
    /// The logs that there are. Asked with none known before anything else: then `from` is where delivery begins.
    fn logs<'a>(&'a self, known: &'a BTreeMap<u32, u64>) -> SourceFuture<'a, Vec<SourceLog>>;
    /// Measures what lies from a position on, of about `bytes_max` bytes. Nothing there is an empty list. `Damaged` if
    /// that begins with a damaged place.
    fn scan(&self, log: u32, from: u64, bytes_max: usize) -> SourceFuture<'_, Scan>;
    /// Reads records from a position up to before another, about `bytes_max` bytes, at least one if there is one.
    /// `Damaged` as with [`Source::scan`].
    fn read(&self, log: u32, from: u64, to: u64, bytes_max: usize) -> SourceFuture<'_, Stretch>;
    /// The end of a log now.
    fn end(&self, log: u32) -> SourceFuture<'_, u64>;
    /// Returns once one of the logs reaches past its position, or there are other logs; may return early.
    fn wait<'a>(&'a self, after: &'a [(u32, u64)])
    -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
    /// How long records are kept at most.
    fn retention(&self) -> Duration;
    /// Whether there may be other logs than before.
    fn grows(&self) -> bool {
        false
    }
    /// How many streams of the same name were the source before, each of which was deleted.
    fn generation(&self) -> u32 {
        0
    }
    /// The sequence number of a record, if the source is a stream that has it.
    fn sequence_number(&self, _log: u32, _position: u64, _arrival: Millis) -> Option<String> {
        None
    }
    /// Nobody needs what lies before a position any more.
    fn trim(&self, log: u32, before: u64) -> SourceFuture<'_, ()>;
}
