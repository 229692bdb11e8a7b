//! The operations: which shapes each has and which errors it may give.

mod capacity;
mod channels;
mod consumers;
mod firehose;
mod firehose_own;
mod queues;
mod records;
mod resources;
mod service;
mod streams;

pub use service::Service;

use crate::ErrorCode;
use crate::shape::Structure;

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Whose it is.
    pub service: Service,
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub input: &'static Structure,
    /// What it returns; `None` for an empty reply.
    pub output: Option<&'static Structure>,
    /// The errors that the model gives it.
    pub errors: &'static [ErrorCode],
    /// Largest body in bytes: the largest legal request in base64 plus its framing.
    pub body_bytes_max: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Control calls: 1 MiB is more than any legal one but a long NextToken needs.
const CONTROL_BYTES_MAX: usize = MIB + 64 * KIB;
/// 10 MiB of data in base64, 500 keys that are escaped to six bytes a byte, and the framing.
const PUT_BYTES_MAX: usize = 10 * MIB / 3 * 4 + 2 * MIB;

/// The operations of Data Streams, in the order of their names.
static KINESIS: &[&Operation] = &[
    &queues::ACKNOWLEDGE_DEAD_LETTER_QUEUE_RECORDS,
    &queues::ACKNOWLEDGE_QUEUE_RECORDS,
    &resources::ADD_TAGS_TO_STREAM,
    &channels::CREATE_CHANNEL,
    &queues::CREATE_QUEUE,
    &streams::CREATE_STREAM,
    &streams::DECREASE_STREAM_RETENTION_PERIOD,
    &channels::DELETE_CHANNEL,
    &queues::DELETE_QUEUE,
    &resources::DELETE_RESOURCE_POLICY,
    &streams::DELETE_STREAM,
    &consumers::DEREGISTER_STREAM_CONSUMER,
    &capacity::DESCRIBE_ACCOUNT_SETTINGS,
    &channels::DESCRIBE_CHANNEL,
    &capacity::DESCRIBE_LIMITS,
    &queues::DESCRIBE_QUEUE,
    &streams::DESCRIBE_STREAM,
    &consumers::DESCRIBE_STREAM_CONSUMER,
    &streams::DESCRIBE_STREAM_SUMMARY,
    &streams::DISABLE_ENHANCED_MONITORING,
    &streams::ENABLE_ENHANCED_MONITORING,
    &records::GET_RECORDS,
    &resources::GET_RESOURCE_POLICY,
    &records::GET_SHARD_ITERATOR,
    &streams::INCREASE_STREAM_RETENTION_PERIOD,
    &channels::LIST_CHANNELS,
    &queues::LIST_QUEUES,
    &capacity::LIST_SHARDS,
    &consumers::LIST_STREAM_CONSUMERS,
    &streams::LIST_STREAMS,
    &resources::LIST_TAGS_FOR_RESOURCE,
    &resources::LIST_TAGS_FOR_STREAM,
    &capacity::MERGE_SHARDS,
    &records::PUT_RECORD,
    &records::PUT_RECORDS,
    &resources::PUT_RESOURCE_POLICY,
    &queues::RECEIVE_DEAD_LETTER_QUEUE_RECORDS,
    &queues::RECEIVE_QUEUE_RECORDS,
    &consumers::REGISTER_STREAM_CONSUMER,
    &resources::REMOVE_TAGS_FROM_STREAM,
    &queues::RESTORE_DEAD_LETTER_QUEUE_RECORDS,
    &capacity::SPLIT_SHARD,
    &streams::START_STREAM_ENCRYPTION,
    &streams::STOP_STREAM_ENCRYPTION,
    &records::SUBSCRIBE_TO_SHARD,
    &resources::TAG_RESOURCE,
    &streams::UNTAG_RESOURCE,
    &capacity::UPDATE_ACCOUNT_SETTINGS,
    &channels::UPDATE_CHANNEL,
    &queues::UPDATE_DEAD_LETTER_QUEUE_RECORDS_VISIBILITY,
    &streams::UPDATE_MAX_RECORD_SIZE,
    &queues::UPDATE_QUEUE,
    &queues::UPDATE_QUEUE_RECORDS_VISIBILITY,
    &capacity::UPDATE_SHARD_COUNT,
    &capacity::UPDATE_STREAM_MODE,
    &capacity::UPDATE_STREAM_RECORD_DISTRIBUTION_STRATEGY,
    &capacity::UPDATE_STREAM_WARM_THROUGHPUT,
];
