//! TagDeliveryStream, UntagDeliveryStream and ListTagsForDeliveryStream.

use super::texts::{DELIVERY_STREAM_NAME, TAG_KEY};
use crate::pattern;
use crate::record::record;
use crate::shape::{List, Range, Shape, Text};
use crate::shapes::text;

record! {
    /// A tag.
    pub struct Tag {
        /// Its key.
        key: String = "Key", required, Shape::Text(&TAG_KEY);
        /// Its value; empty if absent.
        value: Option<String> = "Value", optional, Shape::Text(&TAG_VALUE);
    }
}

record! {
    /// What TagDeliveryStream takes.
    pub struct TagDeliveryStreamInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// Tags to set; those of the same key are replaced.
        tags: Vec<Tag> = "Tags", required, Shape::List(&TAG_DELIVERY_STREAM_INPUT_TAG_LIST);
    }
}

record! {
    /// What TagDeliveryStream returns: nothing.
    pub struct TagDeliveryStreamOutput {}
}

record! {
    /// What UntagDeliveryStream takes.
    pub struct UntagDeliveryStreamInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The keys of the tags to take away.
        tag_keys: Vec<String> = "TagKeys", required, Shape::List(&TAG_KEY_LIST);
    }
}

record! {
    /// What UntagDeliveryStream returns: nothing.
    pub struct UntagDeliveryStreamOutput {}
}

record! {
    /// What ListTagsForDeliveryStream takes.
    pub struct ListTagsForDeliveryStreamInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The key after which the page begins.
        exclusive_start_tag_key: Option<String> = "ExclusiveStartTagKey", optional,
            Shape::Text(&TAG_KEY);
        /// How many at most; 50 if absent.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 50));
    }
}

record! {
    /// What ListTagsForDeliveryStream returns.
    pub struct ListTagsForDeliveryStreamOutput {
        /// A page of tags, in the order of their keys.
        tags: Vec<Tag> = "Tags", required,
            Shape::List(&LIST_TAGS_FOR_DELIVERY_STREAM_OUTPUT_TAG_LIST);
        /// Whether there are more than these.
        has_more_tags: bool = "HasMoreTags", required, Shape::Boolean;
    }
}

static TAG_VALUE: Text = text(Range::of(0, 256), Some(&pattern::TAG_VALUE));
static TAG_DELIVERY_STREAM_INPUT_TAG_LIST: List =
    List { element: Shape::Structure(Tag::SHAPE), length: Range::of(1, 50) };
static TAG_KEY_LIST: List = List { element: Shape::Text(&TAG_KEY), length: Range::of(1, 50) };
static LIST_TAGS_FOR_DELIVERY_STREAM_OUTPUT_TAG_LIST: List =
    List { element: Shape::Structure(Tag::SHAPE), length: Range::of(0, 50) };
