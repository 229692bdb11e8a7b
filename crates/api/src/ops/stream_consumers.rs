//! RegisterStreamConsumer, DeregisterStreamConsumer, DescribeStreamConsumer and ListStreamConsumers.

use millstream_types::Millis;

use crate::pattern;
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::{NEXT_TOKEN, STREAM_ARN, STREAM_ID, TAG_MAP, Tags, text};

record! {
    /// What RegisterStreamConsumer takes.
    pub struct RegisterStreamConsumerInput {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Its name, unique among the stream's consumers.
        consumer_name: String = "ConsumerName", required, Shape::Text(&CONSUMER_NAME);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
        /// Tags to begin with.
        tags: Option<Tags> = "Tags", optional, Shape::Map(&TAG_MAP);
    }
}

text_enum! {
    /// The status of a consumer.
    pub enum ConsumerStatus {
        /// Being made.
        Creating = "CREATING",
        /// Being deleted.
        Deleting = "DELETING",
        /// At work.
        Active = "ACTIVE",
    }
}

record! {
    /// A consumer with a throughput of its own.
    pub struct Consumer {
        /// Its name, unique among the stream's consumers.
        consumer_name: String = "ConsumerName", required, Shape::Text(&CONSUMER_NAME);
        /// Its ARN, another for each registration.
        consumer_arn: String = "ConsumerARN", required, Shape::Text(&CONSUMER_ARN);
        /// Its status.
        consumer_status: ConsumerStatus = "ConsumerStatus", required, ConsumerStatus::SHAPE;
        /// When it was registered, in whole seconds.
        consumer_creation_timestamp: Millis = "ConsumerCreationTimestamp", required, Shape::Timestamp;
    }
}

record! {
    /// What RegisterStreamConsumer returns.
    pub struct RegisterStreamConsumerOutput {
        /// The consumer.
        consumer: Consumer = "Consumer", required, Shape::Structure(Consumer::SHAPE);
    }
}

record! {
    /// What DeregisterStreamConsumer takes.
    pub struct DeregisterStreamConsumerInput {
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Its name, unique among the stream's consumers.
        consumer_name: Option<String> = "ConsumerName", optional, Shape::Text(&CONSUMER_NAME);
        /// Its ARN, another for each registration.
        consumer_arn: Option<String> = "ConsumerARN", optional, Shape::Text(&CONSUMER_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What DescribeStreamConsumer takes.
    pub struct DescribeStreamConsumerInput {
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Its name, unique among the stream's consumers.
        consumer_name: Option<String> = "ConsumerName", optional, Shape::Text(&CONSUMER_NAME);
        /// Its ARN, another for each registration.
        consumer_arn: Option<String> = "ConsumerARN", optional, Shape::Text(&CONSUMER_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// A consumer and its stream.
    pub struct ConsumerDescription {
        /// Its name, unique among the stream's consumers.
        consumer_name: String = "ConsumerName", required, Shape::Text(&CONSUMER_NAME);
        /// Its ARN, another for each registration.
        consumer_arn: String = "ConsumerARN", required, Shape::Text(&CONSUMER_ARN);
        /// Its status.
        consumer_status: ConsumerStatus = "ConsumerStatus", required, ConsumerStatus::SHAPE;
        /// When it was registered, in whole seconds.
        consumer_creation_timestamp: Millis = "ConsumerCreationTimestamp", required, Shape::Timestamp;
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
    }
}

record! {
    /// What DescribeStreamConsumer returns.
    pub struct DescribeStreamConsumerOutput {
        /// The consumer.
        consumer_description: ConsumerDescription = "ConsumerDescription", required,
            Shape::Structure(ConsumerDescription::SHAPE);
    }
}

record! {
    /// What ListStreamConsumers takes.
    pub struct ListStreamConsumersInput {
        /// The stream's ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Where a page begins; absent after the last.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
        /// How many at most.
        max_results: Option<i32> = "MaxResults", optional, Shape::Integer(Range::of(1, 10_000));
        /// Tells streams of one name apart.
        stream_creation_timestamp: Option<Millis> = "StreamCreationTimestamp", optional, Shape::Timestamp;
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What ListStreamConsumers returns.
    pub struct ListStreamConsumersOutput {
        /// A page of consumers.
        consumers: Option<Vec<Consumer>> = "Consumers", optional, Shape::List(&CONSUMER_LIST);
        /// Where a page begins; absent after the last.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
    }
}

static CONSUMER_NAME: Text = text(Range::of(1, 128), Some(&pattern::NAME));
static CONSUMER_ARN: Text = text(Range::of(1, 2048), Some(&pattern::CONSUMER_ARN));
static CONSUMER_LIST: List =
    List { element: Shape::Structure(Consumer::SHAPE), length: Range::ANY };
