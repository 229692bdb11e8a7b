//! UpdateDestination.

use super::extended_s3::ExtendedS3DestinationUpdate;
use super::http_endpoint::HttpEndpointDestinationUpdate;
use super::opensearch::SearchDestinationUpdate;
use super::redshift::RedshiftDestinationUpdate;
use super::refused::{
    ICEBERG_UPDATE, IcebergDestinationUpdate, OPENSEARCH_SERVERLESS_UPDATE, SNOWFLAKE_UPDATE,
    ServerlessDestinationUpdate, SnowflakeDestinationUpdate,
};
use super::s3::S3DestinationUpdate;
use super::splunk::SplunkDestinationUpdate;
use super::texts::{DELIVERY_STREAM_NAME, DELIVERY_STREAM_VERSION_ID, DESTINATION_ID};
use crate::record::record;
use crate::shape::Shape;

record! {
    /// What UpdateDestination takes.
    pub struct UpdateDestinationInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// The version that the change is meant for; any other is refused.
        current_delivery_stream_version_id: String = "CurrentDeliveryStreamVersionId", required,
            Shape::Text(&DELIVERY_STREAM_VERSION_ID);
        /// The id of the destination.
        destination_id: String = "DestinationId", required, Shape::Text(&DESTINATION_ID);
        /// A bucket: the older form of the extended one.
        s3_destination_update: Option<S3DestinationUpdate> = "S3DestinationUpdate", optional,
            Shape::Structure(S3DestinationUpdate::SHAPE);
        /// A bucket.
        extended_s3_destination_update: Option<ExtendedS3DestinationUpdate> =
            "ExtendedS3DestinationUpdate", optional,
            Shape::Structure(ExtendedS3DestinationUpdate::SHAPE);
        /// Redshift.
        redshift_destination_update: Option<RedshiftDestinationUpdate> =
            "RedshiftDestinationUpdate", optional,
            Shape::Structure(RedshiftDestinationUpdate::SHAPE);
        /// Elasticsearch.
        elasticsearch_destination_update: Option<SearchDestinationUpdate> =
            "ElasticsearchDestinationUpdate", optional,
            Shape::Structure(SearchDestinationUpdate::SHAPE);
        /// OpenSearch.
        amazonopensearchservice_destination_update: Option<SearchDestinationUpdate> =
            "AmazonopensearchserviceDestinationUpdate", optional,
            Shape::Structure(SearchDestinationUpdate::SHAPE);
        /// Splunk.
        splunk_destination_update: Option<SplunkDestinationUpdate> =
            "SplunkDestinationUpdate", optional, Shape::Structure(SplunkDestinationUpdate::SHAPE);
        /// An HTTP endpoint.
        http_endpoint_destination_update: Option<HttpEndpointDestinationUpdate> =
            "HttpEndpointDestinationUpdate", optional,
            Shape::Structure(HttpEndpointDestinationUpdate::SHAPE);
        /// OpenSearch Serverless: refused.
        amazon_open_search_serverless_destination_update: Option<ServerlessDestinationUpdate> =
            "AmazonOpenSearchServerlessDestinationUpdate", refused(OPENSEARCH_SERVERLESS_UPDATE),
            Shape::Structure(ServerlessDestinationUpdate::SHAPE);
        /// Snowflake: refused.
        snowflake_destination_update: Option<SnowflakeDestinationUpdate> =
            "SnowflakeDestinationUpdate", refused(SNOWFLAKE_UPDATE),
            Shape::Structure(SnowflakeDestinationUpdate::SHAPE);
        /// Tables in the format of Iceberg: refused.
        iceberg_destination_update: Option<IcebergDestinationUpdate> =
            "IcebergDestinationUpdate", refused(ICEBERG_UPDATE),
            Shape::Structure(IcebergDestinationUpdate::SHAPE);
    }
}

record! {
    /// What UpdateDestination returns: nothing.
    pub struct UpdateDestinationOutput {}
}
