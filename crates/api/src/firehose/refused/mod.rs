//! What this server does not do. Its shapes are known, so that a request that names it is told so, and by which member.

mod database_source;
mod iceberg;
mod msk_source;
mod opensearch_serverless;
mod snowflake;

pub use database_source::*;
pub use iceberg::*;
pub use msk_source::*;
pub use opensearch_serverless::*;
pub use snowflake::*;

pub(super) const DATABASE_SOURCE: &str = "DatabaseSourceConfiguration is not supported; \
    use KinesisStreamSourceConfiguration, or put records directly.";
pub(super) const MSK_SOURCE: &str = "MSKSourceConfiguration is not supported; \
    use KinesisStreamSourceConfiguration, or put records directly.";
pub(super) const ICEBERG_CONFIGURATION: &str =
    "IcebergDestinationConfiguration is not supported; use ExtendedS3DestinationConfiguration.";
pub(super) const ICEBERG_UPDATE: &str =
    "IcebergDestinationUpdate is not supported; use ExtendedS3DestinationUpdate.";
pub(super) const SNOWFLAKE_CONFIGURATION: &str =
    "SnowflakeDestinationConfiguration is not supported; use ExtendedS3DestinationConfiguration.";
pub(super) const SNOWFLAKE_UPDATE: &str =
    "SnowflakeDestinationUpdate is not supported; use ExtendedS3DestinationUpdate.";
pub(super) const OPENSEARCH_SERVERLESS_CONFIGURATION: &str = "AmazonOpenSearchServerlessDestinationConfiguration is \
     not supported; use AmazonopensearchserviceDestinationConfiguration.";
pub(super) const OPENSEARCH_SERVERLESS_UPDATE: &str = "AmazonOpenSearchServerlessDestinationUpdate is not supported; \
     use AmazonopensearchserviceDestinationUpdate.";
pub(super) const VPC: &str =
    "VpcConfiguration is not supported: the server delivers from the network that it is in.";
