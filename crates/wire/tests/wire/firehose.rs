//! Requests of Firehose: what is refused, what is not shown, and what becomes of fractions.

use millstream_api::firehose::*;
use millstream_api::{Error, ErrorCode, Record};
use millstream_wire::{Protocol, Unknown, decode, decode_output, encode};

const ROLE: &str = "arn:aws:iam::000000000000:role/r";

fn error<'a, T: Record<'a>>(body: &'a str) -> Error {
    let decoded: Result<T, Error> =
        decode(Protocol::Json, body.as_bytes(), &mut Unknown::default());
    decoded.err().unwrap()
}

/// A request to create a delivery stream with one more member.
fn create(member: &str, value: &str) -> String {
    format!(r#"{{"DeliveryStreamName":"a","{member}":{value}}}"#)
}

fn bucket() -> String {
    format!(r#"{{"RoleARN":"{ROLE}","BucketARN":"arn:aws:s3:::b"}}"#)
}

fn serializer(proportion: &str) -> String {
    let orc = format!(r#"{{"OrcSerDe":{{"PaddingTolerance":{proportion}}}}}"#);
    let conversion = format!(r#"{{"OutputFormatConfiguration":{{"Serializer":{orc}}}}}"#);
    let extended = format!(
        r#"{{"RoleARN":"{ROLE}","BucketARN":"arn:aws:s3:::b","DataFormatConversionConfiguration":{conversion}}}"#
    );
    create("ExtendedS3DestinationConfiguration", &extended)
}

fn padding_tolerance(input: &CreateDeliveryStreamInput) -> Option<f64> {
    let extended = input.extended_s3_destination_configuration.as_ref()?;
    let conversion = extended.data_format_conversion_configuration.as_ref()?;
    let output = conversion.output_format_configuration.as_ref()?;
    output.serializer.as_ref()?.orc_serde.as_ref()?.padding_tolerance
}

#[test]
fn what_is_not_done_is_refused_by_its_name() {
    let serverless =
        format!(r#"{{"RoleARN":"{ROLE}","IndexName":"i","S3Configuration":{}}}"#, bucket());
    let snowflake = format!(
        r#"{{"AccountUrl":"https://a.snowflakecomputing.com","Database":"d","Schema":"s","Table":"t",
            "RoleARN":"{ROLE}","S3Configuration":{}}}"#,
        bucket()
    );
    let iceberg = format!(
        r#"{{"RoleARN":"{ROLE}","CatalogConfiguration":{{}},"S3Configuration":{}}}"#,
        bucket()
    );
    let msk = format!(
        r#"{{"MSKClusterARN":"arn:aws:kafka","TopicName":"t",
            "AuthenticationConfiguration":{{"RoleARN":"{ROLE}","Connectivity":"PUBLIC"}}}}"#
    );
    let service = "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0";
    let database = format!(
        r#"{{"Type":"MySQL","Endpoint":"h","Port":1,"Databases":{{}},"Tables":{{}},"SnapshotWatermarkTable":"t",
            "DatabaseSourceAuthenticationConfiguration":{{"SecretsManagerConfiguration":{{"Enabled":true}}}},
            "DatabaseSourceVPCConfiguration":{{"VpcEndpointServiceName":"{service}"}}}}"#
    );
    for (member, value) in [
        ("AmazonOpenSearchServerlessDestinationConfiguration", serverless),
        ("SnowflakeDestinationConfiguration", snowflake),
        ("IcebergDestinationConfiguration", iceberg),
        ("MSKSourceConfiguration", msk),
        ("DatabaseSourceConfiguration", database),
    ] {
        let error = error::<CreateDeliveryStreamInput>(&create(member, &value));
        assert_eq!(error.code, ErrorCode::InvalidArgumentException, "{error}");
        assert!(error.message.starts_with(&format!("{member} is not supported")), "{error}");
    }
    for member in [
        "AmazonOpenSearchServerlessDestinationUpdate",
        "SnowflakeDestinationUpdate",
        "IcebergDestinationUpdate",
    ] {
        let body = format!(
            r#"{{"DeliveryStreamName":"a","CurrentDeliveryStreamVersionId":"1","DestinationId":"d","{member}":{{}}}}"#
        );
        let error = error::<UpdateDestinationInput>(&body);
        assert_eq!(error.code, ErrorCode::InvalidArgumentException, "{error}");
        assert!(error.message.starts_with(&format!("{member} is not supported")), "{error}");
    }
}

#[test]
fn a_network_within_a_destination_is_refused_too() {
    let network = format!(r#"{{"SubnetIds":["s"],"RoleARN":"{ROLE}","SecurityGroupIds":["g"]}}"#);
    for member in
        ["AmazonopensearchserviceDestinationConfiguration", "ElasticsearchDestinationConfiguration"]
    {
        let destination = format!(
            r#"{{"RoleARN":"{ROLE}","IndexName":"i","S3Configuration":{},"VpcConfiguration":{network}}}"#,
            bucket()
        );
        let error = error::<CreateDeliveryStreamInput>(&create(member, &destination));
        assert_eq!(error.code, ErrorCode::InvalidArgumentException, "{error}");
        assert!(error.message.starts_with("VpcConfiguration is not supported"), "{error}");
    }
}

#[test]
fn secrets_are_not_quoted_by_errors() {
    const CANARY: &str = r"canary\nsecret";
    let endpoint = format!(r#"{{"Url":"https://h","AccessKey":"{CANARY}"}}"#);
    let http = format!(r#"{{"EndpointConfiguration":{endpoint},"S3Configuration":{}}}"#, bucket());
    let redshift = format!(
        r#"{{"RoleARN":"{ROLE}","ClusterJDBCURL":"jdbc:redshift://h:1/d","CopyCommand":{{"DataTableName":"t"}},
            "Username":"{CANARY}","Password":"{CANARY}","S3Configuration":{}}}"#,
        bucket()
    );
    let splunk = format!(
        r#"{{"HECEndpoint":"https://h","HECEndpointType":"Raw","HECToken":"{CANARY}","S3Configuration":{}}}"#,
        bucket()
    );
    for (member, value, path) in [
        (
            "HttpEndpointDestinationConfiguration",
            http,
            "'httpEndpointDestinationConfiguration.endpointConfiguration.accessKey'",
        ),
        (
            "RedshiftDestinationConfiguration",
            redshift,
            "'redshiftDestinationConfiguration.password'",
        ),
        ("SplunkDestinationConfiguration", splunk, "'splunkDestinationConfiguration.hECToken'"),
    ] {
        let error = error::<CreateDeliveryStreamInput>(&create(member, &value));
        assert_eq!(error.code, ErrorCode::ValidationException, "{error}");
        assert!(!error.message.contains("canary"), "{error}");
        assert!(error.message.contains(&format!("Value at {path} failed")), "{error}");
    }
}

#[test]
fn secrets_within_a_list_that_is_too_long_are_not_quoted() {
    let attribute = r#"{"AttributeName":"canary","AttributeValue":"canary"}"#;
    let attributes = vec![attribute; 51].join(",");
    let http = format!(
        r#"{{"EndpointConfiguration":{{"Url":"https://h"}},"S3Configuration":{},
            "RequestConfiguration":{{"CommonAttributes":[{attributes}]}}}}"#,
        bucket()
    );
    let error =
        error::<CreateDeliveryStreamInput>(&create("HttpEndpointDestinationConfiguration", &http));
    assert!(error.message.contains("length less than or equal to 50"), "{error}");
    assert!(!error.message.contains("canary"), "{error}");
}

#[test]
fn fractions_come_and_go_as_they_are() {
    for (text, number) in [("0.05", 0.05), ("0", 0.0), ("1", 1.0), ("1e-3", 0.001)] {
        let body = serializer(text);
        let mut unknown = Unknown::default();
        let input: CreateDeliveryStreamInput =
            decode(Protocol::Json, body.as_bytes(), &mut unknown).unwrap();
        assert_eq!(padding_tolerance(&input), Some(number));
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let encoded = encode(protocol, &input);
            let again: CreateDeliveryStreamInput = decode_output(protocol, &encoded).unwrap();
            assert_eq!(again, input);
        }
    }
    for text in ["1.01", "-0.5", "1e400"] {
        let error = error::<CreateDeliveryStreamInput>(&serializer(text));
        assert_eq!(error.code, ErrorCode::ValidationException, "{error}");
    }
    let error = error::<CreateDeliveryStreamInput>(&serializer("\"x\""));
    assert_eq!(error.code, ErrorCode::SerializationException, "{error}");
    assert_eq!(error.message, "STRING_VALUE can not be converted to a Double");
}

#[test]
fn what_is_no_number_is_out_of_every_range() {
    let plain = serializer("0.5");
    let input: CreateDeliveryStreamInput =
        decode(Protocol::Json, plain.as_bytes(), &mut Unknown::default()).unwrap();
    let mut cbor = encode(Protocol::Cbor, &input);
    let number = [&[0xfb][..], &0.5f64.to_be_bytes()].concat();
    let at = cbor.windows(9).position(|bytes| bytes == number).unwrap();
    cbor[at + 1..at + 9].copy_from_slice(&f64::NAN.to_be_bytes());
    let decoded =
        decode::<CreateDeliveryStreamInput>(Protocol::Cbor, &cbor, &mut Unknown::default());
    assert!(decoded.is_err(), "{decoded:?}");
}

#[test]
fn an_output_without_members_is_an_empty_structure() {
    assert_eq!(encode(Protocol::Json, &TagDeliveryStreamOutput {}), b"{}");
}
