//! CreateQueue, DescribeQueue, ListQueues, UpdateQueue and DeleteQueue.

use millstream_types::Millis;

use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{NEXT_TOKEN, STREAM_ARN, TAG_MAP, Tags, text};

text_enum! {
    /// Where a queue begins.
    pub enum QueueStartingPositionType {
        /// At the oldest record kept.
        TrimHorizon = "TRIM_HORIZON",
        /// After the newest record.
        Latest = "LATEST",
        /// At the first record that arrived at or after a time.
        AtTimestamp = "AT_TIMESTAMP",
    }
}

record! {
    /// Where a queue begins.
    pub struct QueueStartingPosition {
        /// The kind of position.
        kind: QueueStartingPositionType = "Type", required, QueueStartingPositionType::SHAPE;
        /// For `AT_TIMESTAMP`.
        timestamp: Option<Millis> = "Timestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// A stream of a queue.
    pub struct QueueStreamConfiguration {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Where to begin.
        starting_position: Option<QueueStartingPosition> = "StartingPosition", optional,
            Shape::Structure(QueueStartingPosition::SHAPE);
    }
}

text_enum! {
    /// Where records go that are received too often.
    pub enum TargetType {
        /// To the queue's own dead letters.
        BuiltIn = "BUILT_IN",
        /// Nowhere: they are received again and again.
        None = "NONE",
    }
}

record! {
    /// What becomes of records that are received too often.
    pub struct DeadLetterConfiguration {
        /// Where they go.
        target_type: TargetType = "TargetType", required, TargetType::SHAPE;
        /// How often a record is received before it is one of them.
        max_receive_count: Option<i32> = "MaxReceiveCount", optional, Shape::Integer(Range::of(1, 1000));
    }
}

record! {
    /// What can be changed of a queue.
    pub struct QueueAttributes {
        /// How long a record is hidden once it is received, in seconds.
        visibility_timeout_seconds: Option<i32> = "VisibilityTimeoutSeconds", optional,
            Shape::Integer(Range::of(0, 43_200));
        /// What becomes of records that are received too often.
        dead_letter_configuration: Option<DeadLetterConfiguration> = "DeadLetterConfiguration", optional,
            Shape::Structure(DeadLetterConfiguration::SHAPE);
    }
}

record! {
    /// What CreateQueue takes.
    pub struct CreateQueueInput {
        /// Its name.
        queue_name: String = "QueueName", required, Shape::Text(&QUEUE_NAME);
        /// The streams and how they are read: one.
        stream_configuration_list: Vec<QueueStreamConfiguration> = "StreamConfigurationList", required,
            Shape::List(&QUEUE_STREAM_CONFIGURATION_LIST);
        /// What can be changed later.
        queue_attributes: Option<QueueAttributes> = "QueueAttributes", optional,
            Shape::Structure(QueueAttributes::SHAPE);
        /// Tags to begin with.
        tags: Option<Tags> = "Tags", optional, Shape::Map(&TAG_MAP);
    }
}

text_enum! {
    /// The status of a queue.
    pub enum QueueStatus {
        /// Being made.
        Creating = "CREATING",
        /// At work.
        Active = "ACTIVE",
        /// At work while a change is under way.
        Updating = "UPDATING",
        /// Being deleted.
        Deleting = "DELETING",
    }
}

record! {
    /// A queue.
    pub struct QueueDescription {
        /// Its name.
        queue_name: String = "QueueName", required, Shape::Text(&QUEUE_NAME);
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// Its status.
        queue_status: QueueStatus = "QueueStatus", required, QueueStatus::SHAPE;
        /// When it was created, in whole seconds.
        queue_creation_timestamp: Millis = "QueueCreationTimestamp", required, Shape::Timestamp;
        /// The streams and how they are read: one.
        stream_configuration_list: Vec<QueueStreamConfiguration> = "StreamConfigurationList", required,
            Shape::List(&QUEUE_STREAM_CONFIGURATION_LIST);
        /// What can be changed later.
        queue_attributes: Option<QueueAttributes> = "QueueAttributes", optional,
            Shape::Structure(QueueAttributes::SHAPE);
    }
}

record! {
    /// What CreateQueue returns.
    pub struct CreateQueueOutput {
        /// The queue.
        queue_description: QueueDescription = "QueueDescription", required,
            Shape::Structure(QueueDescription::SHAPE);
    }
}

record! {
    /// What DescribeQueue takes.
    pub struct DescribeQueueInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
    }
}

record! {
    /// What DescribeQueue returns.
    pub struct DescribeQueueOutput {
        /// The queue.
        queue_description: QueueDescription = "QueueDescription", required,
            Shape::Structure(QueueDescription::SHAPE);
    }
}

record! {
    /// A stream to look for.
    pub struct QueueStreamFilter {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Tells streams of one name apart.
        stream_creation_timestamp: Option<Millis> = "StreamCreationTimestamp", optional, Shape::Timestamp;
    }
}

record! {
    /// What ListQueues takes.
    pub struct ListQueuesInput {
        /// How many at most.
        max_results: Option<i32> = "MaxResults", optional, Shape::Integer(Range::of(1, 10_000));
        /// Where a page begins; absent after the last.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
        /// Only those that read these streams.
        stream_filter: Option<Vec<QueueStreamFilter>> = "StreamFilter", optional,
            Shape::List(&QUEUE_STREAM_FILTER_LIST);
    }
}

record! {
    /// A stream of a queue.
    pub struct QueueStreamIdentifier {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Tells streams of one name apart.
        stream_creation_timestamp: Millis = "StreamCreationTimestamp", required, Shape::Timestamp;
    }
}

record! {
    /// A queue in few words.
    pub struct QueueSummary {
        /// Its name.
        queue_name: String = "QueueName", required, Shape::Text(&QUEUE_NAME);
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// Its status.
        queue_status: QueueStatus = "QueueStatus", required, QueueStatus::SHAPE;
        /// When it was created, in whole seconds.
        queue_creation_timestamp: Millis = "QueueCreationTimestamp", required, Shape::Timestamp;
        /// The streams that it reads.
        streams: Vec<QueueStreamIdentifier> = "Streams", required, Shape::List(&QUEUE_STREAM_IDENTIFIER_LIST);
    }
}

record! {
    /// What ListQueues returns.
    pub struct ListQueuesOutput {
        /// A page of queues.
        queue_summaries: Vec<QueueSummary> = "QueueSummaries", required, Shape::List(&QUEUE_SUMMARY_LIST);
        /// Where a page begins; absent after the last.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
    }
}

record! {
    /// What UpdateQueue takes.
    pub struct UpdateQueueInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
        /// What can be changed later.
        queue_attributes: QueueAttributes = "QueueAttributes", required,
            Shape::Structure(QueueAttributes::SHAPE);
    }
}

record! {
    /// What UpdateQueue returns.
    pub struct UpdateQueueOutput {
        /// The queue.
        queue_description: QueueDescription = "QueueDescription", required,
            Shape::Structure(QueueDescription::SHAPE);
    }
}

record! {
    /// What DeleteQueue takes.
    pub struct DeleteQueueInput {
        /// Its ARN.
        queue_arn: String = "QueueARN", required, Shape::Text(&QUEUE_ARN);
    }
}

static QUEUE_NAME: Text = text(Range::of(1, 128), Some(&pattern::NAME));
static QUEUE_STREAM_CONFIGURATION_LIST: List = List {
    element: Shape::Structure(QueueStreamConfiguration::SHAPE),
    length: Range::of(1, 10_000),
};
static QUEUE_ARN: Text = text(Range::of(1, 2048), Some(&pattern::QUEUE_ARN));
static QUEUE_STREAM_FILTER_LIST: List =
    List { element: Shape::Structure(QueueStreamFilter::SHAPE), length: Range::of(1, 10_000) };
static QUEUE_STREAM_IDENTIFIER_LIST: List =
    List { element: Shape::Structure(QueueStreamIdentifier::SHAPE), length: Range::of(1, 10_000) };
static QUEUE_SUMMARY_LIST: List =
    List { element: Shape::Structure(QueueSummary::SHAPE), length: Range::ANY };
