//! What AWS does not have: sealing and delivering at once, and reading the delivery logs, which AWS keeps in
//! CloudWatch.

use millstream_types::Millis;

use super::texts::DELIVERY_STREAM_NAME;
use crate::record::record;
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// What FlushDeliveryStream takes.
    pub struct FlushDeliveryStreamInput {
        /// The name of the delivery stream; either this or the channel.
        delivery_stream_name: Option<String> = "DeliveryStreamName", optional,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The name, the ARN or the id of a channel of Data Streams.
        channel: Option<String> = "Channel", optional, Shape::Text(&CHANNEL);
        /// How long it is waited for, in seconds; 60 if absent.
        timeout_in_seconds: Option<i32> = "TimeoutInSeconds", optional,
            Shape::Integer(Range::of(1, 900));
    }
}

record! {
    /// What FlushDeliveryStream returns once all has arrived: nothing.
    pub struct FlushDeliveryStreamOutput {}
}

record! {
    /// What GetDeliveryLogs takes.
    pub struct GetDeliveryLogsInput {
        /// The name of the delivery stream; either this or the channel.
        delivery_stream_name: Option<String> = "DeliveryStreamName", optional,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The name, the ARN or the id of a channel of Data Streams.
        channel: Option<String> = "Channel", optional, Shape::Text(&CHANNEL);
        /// How many of the newest at most; 100 if absent.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 1000));
    }
}

record! {
    /// What GetDeliveryLogs returns.
    pub struct GetDeliveryLogsOutput {
        /// The events, oldest first.
        events: Vec<DeliveryLogEvent> = "Events", required, Shape::List(&EVENTS);
        /// Whether the configuration that holds has errors kept; absent where it is not known any more.
        logging_enabled: Option<bool> = "LoggingEnabled", optional, Shape::Boolean;
    }
}

record! {
    /// Something that went wrong with a delivery, as AWS writes it to CloudWatch Logs.
    pub struct DeliveryLogEvent {
        /// When.
        timestamp: Millis = "Timestamp", required, Shape::Timestamp;
        /// The group of logs that the configuration names.
        log_group_name: String = "LogGroupName", required, Shape::Text(&ANY);
        /// The stream of logs.
        log_stream_name: String = "LogStreamName", required, Shape::Text(&ANY);
        /// The event: a JSON object.
        message: String = "Message", required, Shape::Text(&ANY);
    }
}

/// As long as the longest ARN of a channel (botocore, `ChannelARN`).
const CHANNEL: Text = text(Range::of(1, 2048), None);
const ANY: Text = text(Range::ANY, None);
const EVENTS: List =
    List { element: Shape::Structure(DeliveryLogEvent::SHAPE), length: Range::ANY };
