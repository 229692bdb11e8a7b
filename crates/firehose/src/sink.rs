//! What is outside: the traits that destinations and functions implement, and what passes through them.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use millstream_types::{AccountId, Millis, Region};
use tokio::time::Instant;

use crate::settings::{Encryption, RecordDestination};

/// What the asynchronous calls of the traits return.
pub type SinkFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who delivers: the delivery stream, with the names that destinations are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The owner.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The name of the delivery stream or channel.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// The role that it delivers as: handed to the destination as identity.
    pub role_arn: Arc<str>,
}

/// Stores objects, wherever they are: the built-in buckets or an S3 endpoint.
pub trait ObjectStorage: Send + Sync + 'static {
    /// Whether this storage can do what a target asks; asked before a delivery stream is made. The text names what
    /// cannot be done, for the client.
    fn accepts(&self, bucket: &str, encryption: &Encryption) -> Result<(), String>;
    /// Whether a bucket is somewhere else, where an upload may hang: such uploads have places and memory of their own,
    /// so that they do not keep others from being delivered.
    fn is_outward(&self, bucket: &str) -> bool;
    /// Writes an object unless it exists. Dropping the future gives up the wait, not always the write.
    fn put<'a>(
        &'a self,
        sender: &'a Sender,
        object: &'a Object,
    ) -> SinkFuture<'a, Result<Put, SinkError>>;
}

/// An object to be written.
#[derive(Clone, Debug)]
pub struct Object {
    /// The bucket's name.
    pub bucket: Arc<str>,
    /// The key. It holds the plan's id, so an object that is there already is this one.
    pub key: String,
    /// What is in it.
    pub body: Bytes,
    /// Content-Type.
    pub content_type: &'static str,
    /// Content-Encoding.
    pub content_encoding: Option<&'static str>,
    /// How it is encrypted at rest.
    pub encryption: Encryption,
    /// The account that must own the bucket, where the target names one (channels do).
    pub bucket_owner: Option<Arc<str>>,
    /// `x-amz-storage-class`, where the target names one (channels do).
    pub storage_class: Option<&'static str>,
}

/// What came of writing an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written.
    Written,
    /// It was there already: an earlier attempt wrote it.
    Existed,
}

/// A destination that takes records: an HTTP endpoint, a search engine, a warehouse. One is made for each version of
/// each delivery stream's configuration.
pub trait RecordSink: Send + Sync + 'static {
    /// Delivers the records of one plan, at least once. `Ok` with the records that the destination refused for good; an
    /// empty list means that all were taken. `Err` means that the parcel as a whole was not taken.
    fn deliver<'a>(
        &'a self,
        parcel: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>>;

    /// Told once when a parcel is given up, and again until it succeeds: what the destination itself leaves behind for
    /// a person. A staged parcel has no error documents beside this: its object stays.
    fn gave_up<'a>(&'a self, _parcel: &'a Parcel) -> SinkFuture<'a, Result<(), SinkError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Members that the error object of a record of the parcel has beside those of all, when the parcel as a whole was
    /// given up: what [`RefusedRecord::members`] are for one that was refused alone.
    fn members(&self, _parcel: &Parcel, _index: usize) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// The records of one plan on their way to a [`RecordSink`]. An attempt may have fewer of them than the one before, if
/// some expired meanwhile, never others: what an attempt came to is remembered by the records' ids.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Who delivers.
    pub sender: Sender,
    /// The plan: the same for each attempt, also after a restart. What destinations are given to tell repetitions.
    pub plan: uuid::Uuid,
    /// How many attempts were made before this one.
    pub attempts_before: u32,
    /// When the plan was sealed, in service time.
    pub sealed: Millis,
    /// For a destination that loads from an object (Redshift): the object, already written, and where it lies.
    pub staged: Option<StagedObject>,
    /// The records, in order: those of one log by position and part. Empty for staged ones.
    pub records: Vec<OutgoingRecord>,
    /// The code and message that the attempt before this one ended with.
    pub last_error: Option<(String, String)>,
    /// Told of each answer of the destination's.
    pub pulse: Pulse,
}

/// A destination's signs of life during an attempt. One that is silent for too long may have to give way to others:
/// the attempt is ended, and made again when there is room for it.
#[derive(Clone, Debug)]
pub struct Pulse {
    patience: Duration,
    silent_from: Arc<Mutex<Instant>>,
}

impl Pulse {
    /// Silence is too long from so long on after the last sign of life.
    pub fn new(patience: Duration) -> Self {
        Pulse { patience, silent_from: Arc::new(Mutex::new(Instant::now() + patience)) }
    }

    /// The destination has answered something.
    pub fn beat(&self) {
        self.beat_for(self.patience);
    }

    /// The destination has answered something, after which it may be silent for so long.
    pub fn beat_for(&self, patience: Duration) {
        *self.silent_from.lock().unwrap_or_else(PoisonError::into_inner) =
            Instant::now() + patience;
    }

    /// Whether the silence is too long.
    pub fn is_silent(&self) -> bool {
        Instant::now() >= self.silent_from()
    }

    /// Waits until the silence is too long.
    pub async fn silence(&self) {
        while !self.is_silent() {
            tokio::time::sleep_until(self.silent_from()).await;
        }
    }

    fn silent_from(&self) -> Instant {
        *self.silent_from.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object that was written for a destination to load.
#[derive(Clone, Debug)]
pub struct StagedObject {
    /// The bucket's name.
    pub bucket: Arc<str>,
    /// The key.
    pub key: String,
    /// What is in it.
    pub body: Bytes,
    /// How it is encrypted at rest, as all that lies beside it must be.
    pub encryption: Encryption,
}

/// A record on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingRecord {
    /// Names the record, the same for each attempt: what an idempotent destination is given as its id.
    pub id: RecordId,
    /// When it arrived.
    pub arrival: Millis,
    /// Its data, after processing.
    pub data: Bytes,
}

/// Names a record for good: where it was read, and which part of that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId {
    /// The index of the source log.
    pub log: u32,
    /// The position in it.
    pub position: u64,
    /// Which of the records that were made of it, from 0.
    pub part: u32,
}

/// A record that a destination refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Which.
    pub id: RecordId,
    /// The code, as the delivery logs and the error objects show it, such as `ES.ServiceException`.
    pub code: String,
    /// The message.
    pub message: String,
    /// Members that the destination's error objects have beside those of all, in order (such as `esIndexName`).
    pub members: Vec<(&'static str, String)>,
}

/// Why a delivery was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkError {
    /// The code, as the delivery logs show it, such as `S3.AccessDenied`.
    pub code: String,
    /// The message. Never holds a secret.
    pub message: String,
    /// What to do about it.
    pub then: Then,
}

/// What to do after a delivery that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Try again until the retry duration is over; then to the error output, where the destination has one.
    Retry,
    /// As [`Then::Retry`], but not before this long.
    RetryAfter(Duration),
    /// Do not try again: to the error output.
    GiveUp,
    /// Do not try again and drop it: AWS sends a 413 of an HTTP endpoint nowhere. Counted and logged as lost.
    Drop,
}

/// The functions that transform records.
pub trait Functions: Send + Sync + 'static {
    /// Whether a function of this ARN can be called from here; asked before a delivery stream is made.
    fn accepts(&self, arn: &str) -> Result<(), String>;
    /// Calls a function and waits for what it answers: the payload of the answer.
    fn invoke<'a>(
        &'a self,
        sender: &'a Sender,
        arn: &'a str,
        payload: Bytes,
    ) -> SinkFuture<'a, Result<Bytes, SinkError>>;
}

/// All that is outside, as the binary wires it.
pub trait Sinks: Send + Sync + 'static {
    /// Where objects go.
    fn objects(&self) -> Arc<dyn ObjectStorage>;
    /// A destination that takes records. Checked before a delivery stream is made too; the text says what cannot be
    /// done, for the client.
    fn records(
        &self,
        sender: &Sender,
        destination: &RecordDestination,
    ) -> Result<Arc<dyn RecordSink>, String>;
    /// The functions.
    fn functions(&self) -> Arc<dyn Functions>;
    /// The schema of a table of the data catalog, as the configuration has it.
    fn table(&self, table: &crate::settings::TableName) -> Result<Arc<TableSchema>, String>;
    /// The secret of an ARN of Secrets Manager, as the configuration has it: its members.
    fn secret(&self, arn: &str) -> Result<BTreeMap<String, String>, String>;
}

/// A table's schema as the configuration has it: the document, and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSchema {
    /// The version, as error objects tell it.
    pub version: String,
    /// The document; `formats::columnar` reads it.
    pub document: String,
}
