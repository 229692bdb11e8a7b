//! CreateDeliveryStream, DeleteDeliveryStream and ListDeliveryStreams.

use super::encryption::DeliveryStreamEncryptionConfigurationInput;
use super::extended_s3::ExtendedS3DestinationConfiguration;
use super::http_endpoint::HttpEndpointDestinationConfiguration;
use super::opensearch::SearchDestinationConfiguration;
use super::redshift::RedshiftDestinationConfiguration;
use super::refused::{
    DATABASE_SOURCE, DatabaseSourceConfiguration, ICEBERG_CONFIGURATION,
    IcebergDestinationConfiguration, MSK_SOURCE, MSKSourceConfiguration,
    OPENSEARCH_SERVERLESS_CONFIGURATION, SNOWFLAKE_CONFIGURATION,
    ServerlessDestinationConfiguration, SnowflakeDestinationConfiguration,
};
use super::s3::S3DestinationConfiguration;
use super::sources::{DirectPutSourceConfiguration, KinesisStreamSourceConfiguration};
use super::splunk::SplunkDestinationConfiguration;
use super::tags::Tag;
use super::texts::{DELIVERY_STREAM_ARN, DELIVERY_STREAM_NAME};
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape};

text_enum! {
    /// Where records come from.
    pub enum DeliveryStreamType {
        /// Producers put them.
        DirectPut = "DirectPut",
        /// A Kinesis stream.
        KinesisStreamAsSource = "KinesisStreamAsSource",
        /// A Kafka topic.
        MskAsSource = "MSKAsSource",
        /// A database.
        DatabaseAsSource = "DatabaseAsSource",
    }
}

record! {
    /// What CreateDeliveryStream takes.
    pub struct CreateDeliveryStreamInput {
        /// Its name.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// Where its records come from.
        delivery_stream_type: Option<DeliveryStreamType> = "DeliveryStreamType", optional,
            DeliveryStreamType::SHAPE;
        /// What producers are expected to put.
        direct_put_source_configuration: Option<DirectPutSourceConfiguration> =
            "DirectPutSourceConfiguration", optional,
            Shape::Structure(DirectPutSourceConfiguration::SHAPE);
        /// The Kinesis stream that is read.
        kinesis_stream_source_configuration: Option<KinesisStreamSourceConfiguration> =
            "KinesisStreamSourceConfiguration", optional,
            Shape::Structure(KinesisStreamSourceConfiguration::SHAPE);
        /// How records are encrypted while they wait for delivery.
        delivery_stream_encryption_configuration_input: Option<DeliveryStreamEncryptionConfigurationInput> =
            "DeliveryStreamEncryptionConfigurationInput", optional,
            Shape::Structure(DeliveryStreamEncryptionConfigurationInput::SHAPE);
        /// A bucket: the older form of the extended one.
        s3_destination_configuration: Option<S3DestinationConfiguration> =
            "S3DestinationConfiguration", optional,
            Shape::Structure(S3DestinationConfiguration::SHAPE);
        /// A bucket.
        extended_s3_destination_configuration: Option<ExtendedS3DestinationConfiguration> =
            "ExtendedS3DestinationConfiguration", optional,
            Shape::Structure(ExtendedS3DestinationConfiguration::SHAPE);
        /// Redshift.
        redshift_destination_configuration: Option<RedshiftDestinationConfiguration> =
            "RedshiftDestinationConfiguration", optional,
            Shape::Structure(RedshiftDestinationConfiguration::SHAPE);
        /// Elasticsearch.
        elasticsearch_destination_configuration: Option<SearchDestinationConfiguration> =
            "ElasticsearchDestinationConfiguration", optional,
            Shape::Structure(SearchDestinationConfiguration::SHAPE);
        /// OpenSearch.
        amazonopensearchservice_destination_configuration: Option<SearchDestinationConfiguration> =
            "AmazonopensearchserviceDestinationConfiguration", optional,
            Shape::Structure(SearchDestinationConfiguration::SHAPE);
        /// Splunk.
        splunk_destination_configuration: Option<SplunkDestinationConfiguration> =
            "SplunkDestinationConfiguration", optional,
            Shape::Structure(SplunkDestinationConfiguration::SHAPE);
        /// An HTTP endpoint.
        http_endpoint_destination_configuration: Option<HttpEndpointDestinationConfiguration> =
            "HttpEndpointDestinationConfiguration", optional,
            Shape::Structure(HttpEndpointDestinationConfiguration::SHAPE);
        /// Tags to begin with.
        tags: Option<Vec<Tag>> = "Tags", optional, Shape::List(&TAG_DELIVERY_STREAM_INPUT_TAG_LIST);
        /// OpenSearch Serverless: refused.
        amazon_open_search_serverless_destination_configuration: Option<ServerlessDestinationConfiguration> =
            "AmazonOpenSearchServerlessDestinationConfiguration", refused(OPENSEARCH_SERVERLESS_CONFIGURATION),
            Shape::Structure(ServerlessDestinationConfiguration::SHAPE);
        /// A Kafka topic as source: refused.
        msk_source_configuration: Option<MSKSourceConfiguration> =
            "MSKSourceConfiguration", refused(MSK_SOURCE),
            Shape::Structure(MSKSourceConfiguration::SHAPE);
        /// Snowflake: refused.
        snowflake_destination_configuration: Option<SnowflakeDestinationConfiguration> =
            "SnowflakeDestinationConfiguration", refused(SNOWFLAKE_CONFIGURATION),
            Shape::Structure(SnowflakeDestinationConfiguration::SHAPE);
        /// Tables in the format of Iceberg: refused.
        iceberg_destination_configuration: Option<IcebergDestinationConfiguration> =
            "IcebergDestinationConfiguration", refused(ICEBERG_CONFIGURATION),
            Shape::Structure(IcebergDestinationConfiguration::SHAPE);
        /// A database as source: refused.
        database_source_configuration: Option<DatabaseSourceConfiguration> =
            "DatabaseSourceConfiguration", refused(DATABASE_SOURCE),
            Shape::Structure(DatabaseSourceConfiguration::SHAPE);
    }
}

record! {
    /// What CreateDeliveryStream returns.
    pub struct CreateDeliveryStreamOutput {
        /// Its ARN.
        delivery_stream_arn: Option<String> = "DeliveryStreamARN", optional,
            Shape::Text(&DELIVERY_STREAM_ARN);
    }
}

record! {
    /// What DeleteDeliveryStream takes.
    pub struct DeleteDeliveryStreamInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// Whether it is deleted even if the grant on its key cannot be given back.
        allow_force_delete: Option<bool> = "AllowForceDelete", optional, Shape::Boolean;
    }
}

record! {
    /// What DeleteDeliveryStream returns: nothing.
    pub struct DeleteDeliveryStreamOutput {}
}

record! {
    /// What ListDeliveryStreams takes.
    pub struct ListDeliveryStreamsInput {
        /// How many at most; 10 if absent.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 10_000));
        /// Only those whose records come from there; all if absent.
        delivery_stream_type: Option<DeliveryStreamType> = "DeliveryStreamType", optional,
            DeliveryStreamType::SHAPE;
        /// The name after which the page begins.
        exclusive_start_delivery_stream_name: Option<String> =
            "ExclusiveStartDeliveryStreamName", optional, Shape::Text(&DELIVERY_STREAM_NAME);
    }
}

record! {
    /// What ListDeliveryStreams returns.
    pub struct ListDeliveryStreamsOutput {
        /// A page of names, in their order.
        delivery_stream_names: Vec<String> = "DeliveryStreamNames", required,
            Shape::List(&DELIVERY_STREAM_NAME_LIST);
        /// Whether there are more than these.
        has_more_delivery_streams: bool = "HasMoreDeliveryStreams", required, Shape::Boolean;
    }
}

static TAG_DELIVERY_STREAM_INPUT_TAG_LIST: List =
    List { element: Shape::Structure(Tag::SHAPE), length: Range::of(1, 50) };
static DELIVERY_STREAM_NAME_LIST: List =
    List { element: Shape::Text(&DELIVERY_STREAM_NAME), length: Range::ANY };
