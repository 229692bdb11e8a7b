//! Shapes of Data Firehose's operations, a file for each subject (botocore 1.44.5, firehose 2015-08-04).
//!
//! Shapes of the model that are equal but for their name are one here: OpenSearch's and Elasticsearch's
//! (`SearchDestinationConfiguration` and others), and each `RetryOptions` and backup mode.

mod conversion;
mod delivery;
mod delivery_streams;
mod describe_delivery_stream;
mod encryption;
mod extended_s3;
mod http_endpoint;
mod opensearch;
mod own;
mod processing;
mod records;
mod redshift;
mod refused;
mod s3;
mod sources;
mod splunk;
mod tags;
mod texts;
mod update_destination;

pub use conversion::*;
pub use delivery::*;
pub use delivery_streams::*;
pub use describe_delivery_stream::*;
pub use encryption::*;
pub use extended_s3::*;
pub use http_endpoint::*;
pub use opensearch::*;
pub use own::*;
pub use processing::*;
pub use records::*;
pub use redshift::*;
pub use refused::*;
pub use s3::*;
pub use sources::*;
pub use splunk::*;
pub use tags::*;
pub use texts::DELIVERY_STREAM_NAME;
pub use update_destination::*;
