//! AddTagsToStream, RemoveTagsFromStream and ListTagsForStream.

use crate::record::record;
use crate::shape::{List, Range, Shape};
use crate::shapes::{STREAM_ARN, STREAM_ID, STREAM_NAME, TAG_KEY, TAG_MAP, TAG_VALUE, Tags};

record! {
    /// What AddTagsToStream takes.
    pub struct AddTagsToStreamInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// Tags to add or replace.
        tags: Tags = "Tags", required, Shape::Map(&TAG_MAP);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What RemoveTagsFromStream takes.
    pub struct RemoveTagsFromStreamInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// Keys of the tags to remove.
        tag_keys: Vec<String> = "TagKeys", required, Shape::List(&TAG_KEY_LIST);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What ListTagsForStream takes.
    pub struct ListTagsForStreamInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// Tags after this key.
        exclusive_start_tag_key: Option<String> = "ExclusiveStartTagKey", optional, Shape::Text(&TAG_KEY);
        /// How many.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 50));
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What ListTagsForStream returns.
    pub struct ListTagsForStreamOutput {
        /// A page of tags, by key.
        tags: Vec<Tag> = "Tags", required, Shape::List(&TAG_LIST);
        /// Whether there are more.
        has_more_tags: bool = "HasMoreTags", required, Shape::Boolean;
    }
}

record! {
    /// A tag.
    pub struct Tag {
        /// Its key.
        key: String = "Key", required, Shape::Text(&TAG_KEY);
        /// Its value.
        value: Option<String> = "Value", optional, Shape::Text(&TAG_VALUE);
    }
}

static TAG_KEY_LIST: List = List { element: Shape::Text(&TAG_KEY), length: Range::of(1, 50) };
static TAG_LIST: List = List { element: Shape::Structure(Tag::SHAPE), length: Range::of(0, 200) };
