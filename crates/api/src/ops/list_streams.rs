//! ListStreams.

use millstream_types::Millis;

use crate::record::record;
use crate::shape::{List, Range, Shape};
use crate::shapes::{
    NEXT_TOKEN, PAGE_LIMIT, STREAM_ARN, STREAM_NAME, StreamModeDetails, StreamStatus,
};

record! {
    /// What ListStreams takes.
    pub struct ListStreamsInput {
        /// How many; 100 if absent or more.
        limit: Option<i32> = "Limit", optional, PAGE_LIMIT;
        /// Streams after this one.
        exclusive_start_stream_name: Option<String> = "ExclusiveStartStreamName", optional, Shape::Text(&STREAM_NAME);
        /// Where an earlier page ended.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
    }
}

record! {
    /// What ListStreams returns.
    pub struct ListStreamsOutput {
        /// Names, in order.
        stream_names: Vec<String> = "StreamNames", required, Shape::List(&STREAM_NAME_LIST);
        /// Whether there are more.
        has_more_streams: bool = "HasMoreStreams", required, Shape::Boolean;
        /// Where the next page begins.
        next_token: Option<String> = "NextToken", optional, Shape::Text(&NEXT_TOKEN);
        /// The same streams with more about each.
        stream_summaries: Option<Vec<StreamSummary>> = "StreamSummaries", optional, Shape::List(&STREAM_SUMMARY_LIST);
    }
}

record! {
    /// A stream in a list.
    pub struct StreamSummary {
        /// Its name.
        stream_name: String = "StreamName", required, Shape::Text(&STREAM_NAME);
        /// Its ARN.
        stream_arn: String = "StreamARN", required, Shape::Text(&STREAM_ARN);
        /// Its status.
        stream_status: StreamStatus = "StreamStatus", required, StreamStatus::SHAPE;
        /// Its mode.
        stream_mode_details: Option<StreamModeDetails> = "StreamModeDetails", optional,
            Shape::Structure(StreamModeDetails::SHAPE);
        /// When it was created, in whole seconds.
        stream_creation_timestamp: Option<Millis> = "StreamCreationTimestamp", optional, Shape::Timestamp;
    }
}

static STREAM_NAME_LIST: List = List { element: Shape::Text(&STREAM_NAME), length: Range::ANY };
static STREAM_SUMMARY_LIST: List =
    List { element: Shape::Structure(StreamSummary::SHAPE), length: Range::ANY };
