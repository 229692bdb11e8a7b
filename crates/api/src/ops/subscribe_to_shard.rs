//! SubscribeToShard.

use millstream_types::Millis;

use crate::ops::{ChildShard, Record, ShardIteratorType};
use crate::pattern;
use crate::record::record;
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{ANY_TEXT, SEQUENCE_NUMBER, SHARD_ID, STREAM_ID, text};

record! {
    /// Where a subscription begins.
    pub struct StartingPosition {
        /// The kind of position.
        kind: ShardIteratorType = "Type", required, ShardIteratorType::SHAPE;
        /// For `AT_SEQUENCE_NUMBER` and `AFTER_SEQUENCE_NUMBER`.
        sequence_number: Option<String> = "SequenceNumber", optional, Shape::Text(&SEQUENCE_NUMBER);
        /// For `AT_TIMESTAMP`.
        timestamp: Option<Millis> = "Timestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// What SubscribeToShard takes.
    pub struct SubscribeToShardInput {
        /// Its ARN, another for each registration.
        consumer_arn: String = "ConsumerARN", required, Shape::Text(&CONSUMER_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// The shard.
        shard_id: String = "ShardId", required, Shape::Text(&SHARD_ID);
        /// Where to begin.
        starting_position: StartingPosition = "StartingPosition", required,
            Shape::Structure(StartingPosition::SHAPE);
        /// Whether to check only.
        dry_run: Option<bool> = "DryRun", optional, Shape::Boolean;
    }
}

record! {
    /// Some records of a subscription.
    pub struct SubscribeToShardEvent<'a> {
        /// The records, in order; empty while nothing arrives.
        records: Vec<Record<'a>> = "Records", required, Shape::List(&RECORD_LIST);
        /// Where to subscribe again; absent at the end of a closed shard.
        continuation_sequence_number: Option<String> = "ContinuationSequenceNumber", required,
            Shape::Text(&SEQUENCE_NUMBER);
        /// How far behind the tip the event is, in milliseconds.
        millis_behind_latest: i64 = "MillisBehindLatest", required, Shape::Long(Range::from(0));
        /// The shards that follow, at the end of a closed shard.
        child_shards: Option<Vec<ChildShard>> = "ChildShards", optional, Shape::List(&CHILD_SHARD_LIST);
    }
}

record! {
    /// An exception within a stream of events.
    pub struct EventException {
        /// Why.
        message: Option<String> = "message", optional, Shape::Text(&ANY_TEXT);
    }
}

record! {
    /// What a subscription sends: events, or the exception that ends it.
    pub struct SubscribeToShardEventStream<'a> {
        /// Records.
        subscribe_to_shard_event: SubscribeToShardEvent<'a> = "SubscribeToShardEvent", required,
            Shape::Structure(SubscribeToShardEvent::SHAPE);
        /// The stream or consumer is gone.
        resource_not_found_exception: Option<EventException> = "ResourceNotFoundException", optional,
            Shape::Structure(EventException::SHAPE);
        /// Another subscription took over.
        resource_in_use_exception: Option<EventException> = "ResourceInUseException", optional,
            Shape::Structure(EventException::SHAPE);
        /// The master key is disabled.
        kmsdisabled_exception: Option<EventException> = "KMSDisabledException", optional,
            Shape::Structure(EventException::SHAPE);
        /// The master key is in a state that forbids its use.
        kmsinvalid_state_exception: Option<EventException> = "KMSInvalidStateException", optional,
            Shape::Structure(EventException::SHAPE);
        /// The master key was denied.
        kmsaccess_denied_exception: Option<EventException> = "KMSAccessDeniedException", optional,
            Shape::Structure(EventException::SHAPE);
        /// The master key does not exist.
        kmsnot_found_exception: Option<EventException> = "KMSNotFoundException", optional,
            Shape::Structure(EventException::SHAPE);
        /// The account may not use the key service.
        kmsopt_in_required: Option<EventException> = "KMSOptInRequired", optional,
            Shape::Structure(EventException::SHAPE);
        /// The key service throttled.
        kmsthrottling_exception: Option<EventException> = "KMSThrottlingException", optional,
            Shape::Structure(EventException::SHAPE);
        /// Something failed here.
        internal_failure_exception: Option<EventException> = "InternalFailureException", optional,
            Shape::Structure(EventException::SHAPE);
    }
}

record! {
    /// What SubscribeToShard returns.
    pub struct SubscribeToShardOutput<'a> {
        /// The events.
        event_stream: SubscribeToShardEventStream<'a> = "EventStream", required,
            Shape::Structure(SubscribeToShardEventStream::SHAPE);
    }
}

static CONSUMER_ARN: Text = text(Range::of(1, 2048), Some(&pattern::CONSUMER_ARN));
static RECORD_LIST: List = List { element: Shape::Structure(Record::SHAPE), length: Range::ANY };
static CHILD_SHARD_LIST: List =
    List { element: Shape::Structure(ChildShard::SHAPE), length: Range::ANY };
