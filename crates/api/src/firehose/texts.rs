//! Texts that several shapes have, with the constraints of the model.

use crate::pattern;
use crate::shape::{Range, Text};
use crate::shapes::text;

/// `BucketARN`.
pub(super) static BUCKET_ARN: Text = text(Range::of(1, 2048), Some(&pattern::ANY_BUCKET_ARN));
/// `DeliveryStreamARN`.
pub(super) static DELIVERY_STREAM_ARN: Text =
    text(Range::of(1, 512), Some(&pattern::DELIVERY_STREAM_ARN));
/// `DeliveryStreamName`.
pub static DELIVERY_STREAM_NAME: Text = text(Range::of(1, 64), Some(&pattern::NAME));
/// `DeliveryStreamVersionId`.
pub(super) static DELIVERY_STREAM_VERSION_ID: Text = text(Range::of(1, 50), Some(&pattern::DIGITS));
/// `DestinationId`.
pub(super) static DESTINATION_ID: Text = text(Range::of(1, 100), Some(&pattern::DESTINATION_ID));
/// `ErrorOutputPrefix`.
pub(super) static ERROR_OUTPUT_PREFIX: Text = text(Range::of(0, 1024), Some(&pattern::ONE_LINE));
/// `NonEmptyString`.
pub(super) static NON_EMPTY_STRING: Text = text(Range::of(1, 1024), Some(&pattern::NOT_BLANK));
/// `NonEmptyStringWithoutWhitespace`.
pub(super) static NON_EMPTY_STRING_WITHOUT_WHITESPACE: Text =
    text(Range::of(1, 1024), Some(&pattern::WITHOUT_SPACE));
/// `Prefix`.
pub(super) static PREFIX: Text = text(Range::of(0, 1024), Some(&pattern::ONE_LINE));
/// `RoleARN`.
pub(super) static ROLE_ARN: Text = text(Range::of(1, 512), Some(&pattern::ANY_ROLE_ARN));
/// `SearchClusterEndpoint`.
pub(super) static SEARCH_CLUSTER_ENDPOINT: Text = text(Range::of(1, 512), Some(&pattern::HTTPS));
/// `SearchIndexName`.
pub(super) static SEARCH_INDEX_NAME: Text = text(Range::of(1, 80), Some(&pattern::ONE_LINE));
/// `TagKey`.
pub(super) static TAG_KEY: Text = text(Range::of(1, 128), Some(&pattern::TAG_KEY));
