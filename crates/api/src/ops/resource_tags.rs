//! TagResource, UntagResource and ListTagsForResource.

use crate::ops::Tag;
use crate::record::record;
use crate::shape::{List, Range, Shape};
use crate::shapes::{RESOURCE_ARN, STREAM_ID, TAG_KEY, TAG_MAP, Tags};

record! {
    /// What TagResource takes.
    pub struct TagResourceInput {
        /// Tags to add or replace.
        tags: Tags = "Tags", required, Shape::Map(&TAG_MAP);
        /// The resource.
        resource_arn: String = "ResourceARN", required, Shape::Text(&RESOURCE_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What UntagResource takes.
    pub struct UntagResourceInput {
        /// Keys of the tags to remove.
        tag_keys: Vec<String> = "TagKeys", required, Shape::List(&TAG_KEY_LIST);
        /// The resource.
        resource_arn: String = "ResourceARN", required, Shape::Text(&RESOURCE_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What ListTagsForResource takes.
    pub struct ListTagsForResourceInput {
        /// The resource.
        resource_arn: String = "ResourceARN", required, Shape::Text(&RESOURCE_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What ListTagsForResource returns.
    pub struct ListTagsForResourceOutput {
        /// All tags, by key.
        tags: Option<Vec<Tag>> = "Tags", optional, Shape::List(&TAG_LIST);
    }
}

static TAG_KEY_LIST: List = List { element: Shape::Text(&TAG_KEY), length: Range::of(1, 50) };
static TAG_LIST: List = List { element: Shape::Structure(Tag::SHAPE), length: Range::of(0, 200) };
