//! DescribeDeliveryStream.

use millstream_types::Millis;

use super::delivery_streams::DeliveryStreamType;
use super::encryption::DeliveryStreamEncryptionConfiguration;
use super::extended_s3::ExtendedS3DestinationDescription;
use super::http_endpoint::HttpEndpointDestinationDescription;
use super::opensearch::SearchDestinationDescription;
use super::redshift::RedshiftDestinationDescription;
use super::refused::{
    IcebergDestinationDescription, ServerlessDestinationDescription,
    SnowflakeDestinationDescription,
};
use super::s3::S3DestinationDescription;
use super::sources::SourceDescription;
use super::splunk::SplunkDestinationDescription;
use super::texts::{
    DELIVERY_STREAM_ARN, DELIVERY_STREAM_NAME, DELIVERY_STREAM_VERSION_ID, DESTINATION_ID,
    NON_EMPTY_STRING,
};
use crate::record::{record, text_enum};
use crate::shape::{List, Range, Shape};

record! {
    /// What DescribeDeliveryStream takes.
    pub struct DescribeDeliveryStreamInput {
        /// The name of the delivery stream.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// How many destinations at most.
        limit: Option<i32> = "Limit", optional, Shape::Integer(Range::of(1, 10_000));
        /// The destination after which the page begins.
        exclusive_start_destination_id: Option<String> = "ExclusiveStartDestinationId", optional,
            Shape::Text(&DESTINATION_ID);
    }
}

record! {
    /// What DescribeDeliveryStream returns.
    pub struct DescribeDeliveryStreamOutput {
        /// The delivery stream.
        delivery_stream_description: DeliveryStreamDescription =
            "DeliveryStreamDescription", required,
            Shape::Structure(DeliveryStreamDescription::SHAPE);
    }
}

record! {
    /// A delivery stream.
    pub struct DeliveryStreamDescription {
        /// Its name.
        delivery_stream_name: String = "DeliveryStreamName", required,
            Shape::Text(&DELIVERY_STREAM_NAME);
        /// Its ARN.
        delivery_stream_arn: String = "DeliveryStreamARN", required,
            Shape::Text(&DELIVERY_STREAM_ARN);
        /// Its status.
        delivery_stream_status: DeliveryStreamStatus = "DeliveryStreamStatus", required,
            DeliveryStreamStatus::SHAPE;
        /// Why it could not be created or deleted.
        failure_description: Option<FailureDescription> = "FailureDescription", optional,
            Shape::Structure(FailureDescription::SHAPE);
        /// How records are encrypted while they wait for delivery.
        delivery_stream_encryption_configuration: Option<DeliveryStreamEncryptionConfiguration> =
            "DeliveryStreamEncryptionConfiguration", optional,
            Shape::Structure(DeliveryStreamEncryptionConfiguration::SHAPE);
        /// Where its records come from.
        delivery_stream_type: DeliveryStreamType = "DeliveryStreamType", required,
            DeliveryStreamType::SHAPE;
        /// Counts the changes of its destination: what UpdateDestination has to name.
        version_id: String = "VersionId", required, Shape::Text(&DELIVERY_STREAM_VERSION_ID);
        /// When it was created.
        create_timestamp: Option<Millis> = "CreateTimestamp", optional, Shape::Timestamp;
        /// When its destination was last changed; absent before.
        last_update_timestamp: Option<Millis> = "LastUpdateTimestamp", optional, Shape::Timestamp;
        /// Where its records come from.
        source: Option<SourceDescription> = "Source", optional,
            Shape::Structure(SourceDescription::SHAPE);
        /// Its destinations: one.
        destinations: Vec<DestinationDescription> = "Destinations", required,
            Shape::List(&DESTINATION_DESCRIPTION_LIST);
        /// Whether there are more than these.
        has_more_destinations: bool = "HasMoreDestinations", required, Shape::Boolean;
    }
}

text_enum! {
    /// The status of a delivery stream.
    pub enum DeliveryStreamStatus {
        /// Being made; records are not taken yet.
        Creating = "CREATING",
        /// It could not be made; it can only be deleted.
        CreatingFailed = "CREATING_FAILED",
        /// Being deleted.
        Deleting = "DELETING",
        /// It could not be deleted.
        DeletingFailed = "DELETING_FAILED",
        /// At work.
        Active = "ACTIVE",
    }
}

record! {
    /// Why something failed.
    pub struct FailureDescription {
        /// The kind of failure.
        kind: DeliveryStreamFailureType = "Type", required, DeliveryStreamFailureType::SHAPE;
        /// The reason in words.
        details: String = "Details", required, Shape::Text(&NON_EMPTY_STRING);
    }
}

text_enum! {
    /// What failed.
    pub enum DeliveryStreamFailureType {
        /// The endpoint service does not exist.
        VpcEndpointServiceNameNotFound = "VPC_ENDPOINT_SERVICE_NAME_NOT_FOUND",
        /// The endpoint service is denied.
        VpcInterfaceEndpointServiceAccessDenied = "VPC_INTERFACE_ENDPOINT_SERVICE_ACCESS_DENIED",
        /// The grant on the key could not be given back.
        RetireKmsGrantFailed = "RETIRE_KMS_GRANT_FAILED",
        /// No grant on the key could be made.
        CreateKmsGrantFailed = "CREATE_KMS_GRANT_FAILED",
        /// The key is denied.
        KmsAccessDenied = "KMS_ACCESS_DENIED",
        /// The key is disabled.
        DisabledKmsKey = "DISABLED_KMS_KEY",
        /// The key does not fit.
        InvalidKmsKey = "INVALID_KMS_KEY",
        /// The key does not exist.
        KmsKeyNotFound = "KMS_KEY_NOT_FOUND",
        /// The account may not use the key service.
        KmsOptInRequired = "KMS_OPT_IN_REQUIRED",
        /// No network interface could be made.
        CreateEniFailed = "CREATE_ENI_FAILED",
        /// A network interface could not be deleted.
        DeleteEniFailed = "DELETE_ENI_FAILED",
        /// The subnet does not exist.
        SubnetNotFound = "SUBNET_NOT_FOUND",
        /// The security group does not exist.
        SecurityGroupNotFound = "SECURITY_GROUP_NOT_FOUND",
        /// Network interfaces are denied.
        EniAccessDenied = "ENI_ACCESS_DENIED",
        /// The subnet is denied.
        SubnetAccessDenied = "SUBNET_ACCESS_DENIED",
        /// The security group is denied.
        SecurityGroupAccessDenied = "SECURITY_GROUP_ACCESS_DENIED",
        /// Something else.
        UnknownError = "UNKNOWN_ERROR",
    }
}

record! {
    /// A destination: one of the descriptions is there, or two for a bucket.
    pub struct DestinationDescription {
        /// Its id.
        destination_id: String = "DestinationId", required, Shape::Text(&DESTINATION_ID);
        /// A bucket; there for an extended one too, with what both have.
        s3_destination_description: Option<S3DestinationDescription> =
            "S3DestinationDescription", optional, Shape::Structure(S3DestinationDescription::SHAPE);
        /// A bucket.
        extended_s3_destination_description: Option<ExtendedS3DestinationDescription> =
            "ExtendedS3DestinationDescription", optional,
            Shape::Structure(ExtendedS3DestinationDescription::SHAPE);
        /// Redshift.
        redshift_destination_description: Option<RedshiftDestinationDescription> =
            "RedshiftDestinationDescription", optional,
            Shape::Structure(RedshiftDestinationDescription::SHAPE);
        /// Elasticsearch.
        elasticsearch_destination_description: Option<SearchDestinationDescription> =
            "ElasticsearchDestinationDescription", optional,
            Shape::Structure(SearchDestinationDescription::SHAPE);
        /// OpenSearch.
        amazonopensearchservice_destination_description: Option<SearchDestinationDescription> =
            "AmazonopensearchserviceDestinationDescription", optional,
            Shape::Structure(SearchDestinationDescription::SHAPE);
        /// Splunk.
        splunk_destination_description: Option<SplunkDestinationDescription> =
            "SplunkDestinationDescription", optional,
            Shape::Structure(SplunkDestinationDescription::SHAPE);
        /// An HTTP endpoint.
        http_endpoint_destination_description: Option<HttpEndpointDestinationDescription> =
            "HttpEndpointDestinationDescription", optional,
            Shape::Structure(HttpEndpointDestinationDescription::SHAPE);
        /// Snowflake: never there.
        snowflake_destination_description: Option<SnowflakeDestinationDescription> =
            "SnowflakeDestinationDescription", optional,
            Shape::Structure(SnowflakeDestinationDescription::SHAPE);
        /// OpenSearch Serverless: never there.
        amazon_open_search_serverless_destination_description: Option<ServerlessDestinationDescription> =
            "AmazonOpenSearchServerlessDestinationDescription", optional,
            Shape::Structure(ServerlessDestinationDescription::SHAPE);
        /// Tables in the format of Iceberg: never there.
        iceberg_destination_description: Option<IcebergDestinationDescription> =
            "IcebergDestinationDescription", optional,
            Shape::Structure(IcebergDestinationDescription::SHAPE);
    }
}

static DESTINATION_DESCRIPTION_LIST: List =
    List { element: Shape::Structure(DestinationDescription::SHAPE), length: Range::ANY };
