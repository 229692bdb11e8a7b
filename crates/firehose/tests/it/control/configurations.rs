//! Configurations: what is filled in, what reaches the pipeline, what is refused and how.

use std::time::Duration;

use millstream_api::ErrorCode;
use millstream_api::firehose::*;
use millstream_firehose::Limits;
use millstream_firehose::settings as typed;
use millstream_firehose::settings::{Deaggregate, Destination, RecordDestination};

use super::fixture::*;

/// A member `ProcessingConfiguration` with one processor.
fn processor(kind: &str, parameters: &[(&str, &str)]) -> String {
    format!(r#", "ProcessingConfiguration": {{"Processors": [{}]}}"#, one(kind, parameters))
}

fn one(kind: &str, parameters: &[(&str, &str)]) -> String {
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(name, value)| {
            format!(r#"{{"ParameterName": "{name}", "ParameterValue": "{value}"}}"#)
        })
        .collect();
    format!(r#"{{"Type": "{kind}", "Parameters": [{}]}}"#, parameters.join(", "))
}

const CONVERSION: &str = r#", "DataFormatConversionConfiguration": {
    "SchemaConfiguration": {"RoleARN": "r", "DatabaseName": "d", "TableName": "t"},
    "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
    "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}}}"#;

#[tokio::test]
async fn defaults_are_filled_in_and_a_bucket_is_described_twice() {
    let fixture = Fixture::new().await;
    let older = format!(
        r#"{{"DeliveryStreamName": "a", "S3DestinationConfiguration": {}}}"#,
        bucket(r#", "Prefix": "p/""#)
    );
    fixture.active(&older).await;
    let shown = fixture.destination("a").await;
    assert_eq!(shown.destination_id, "destinationId-000000000001");
    let older = shown.s3_destination_description.unwrap();
    let extended = shown.extended_s3_destination_description.unwrap();
    assert_eq!(
        (&older.prefix, &older.buffering_hints),
        (&extended.prefix, &extended.buffering_hints)
    );
    assert_eq!(older.buffering_hints.size_in_mbs, Some(5));
    assert_eq!(older.buffering_hints.interval_in_seconds, Some(300));
    assert_eq!(older.compression_format, CompressionFormat::Uncompressed);
    assert!(older.encryption_configuration.no_encryption_config.is_some());
    assert_eq!(older.cloud_watch_logging_options.unwrap().enabled, Some(false));
    assert_eq!(extended.s3_backup_mode, Some(S3BackupMode::Disabled));
    let after = r#"{"DeliveryStreamName": "a", "Limit": 1,
        "ExclusiveStartDestinationId": "destinationId-000000000001"}"#;
    let rest = fixture.firehose.describe_delivery_stream(&fixture.caller, request(after)).await;
    let rest = rest.unwrap().delivery_stream_description;
    assert!(rest.destinations.is_empty() && !rest.has_more_destinations);
}

#[tokio::test]
async fn processors_reach_the_pipeline_in_their_types() {
    let fixture = Fixture::new().await;
    let processors = [
        one("AppendDelimiterToRecord", &[("Delimiter", r"\\n")]),
        one("RecordDeAggregation", &[("SubRecordType", "DELIMITED"), ("Delimiter", "fHw=")]),
        one(
            "Lambda",
            &[("LambdaArn", "arn:f"), ("BufferSizeInMBs", "0.5"), ("NumberOfRetries", "1")],
        ),
        one("Decompression", &[("CompressionFormat", "GZIP")]),
        one("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")]),
    ];
    let processing =
        format!(r#", "ProcessingConfiguration": {{"Processors": [{}]}}"#, processors.join(", "));
    fixture.active(&into_bucket("a", &processing)).await;
    let settings = fixture.told.last();
    let processing = &settings.processing;
    assert!(processing.decompress && processing.extract_messages && !processing.partitioned);
    assert_eq!(processing.deaggregate, Some(Deaggregate::Delimited(b"||"[..].into())));
    assert_eq!(processing.delimiter.as_deref(), Some(&b"\n"[..]));
    let function = processing.function.as_ref().unwrap();
    assert_eq!((&*function.arn, function.retries, function.hints.bytes), ("arn:f", 1, 512 * 1024));
    assert_eq!(function.role_arn.as_deref(), Some(ROLE));
    let shown = fixture.destination("a").await.extended_s3_destination_description.unwrap();
    let shown = shown.processing_configuration.unwrap().processors.unwrap();
    let parameters = shown[2].parameters.as_ref().unwrap();
    let value = |name| {
        let found = parameters.iter().find(|one| one.parameter_name == name);
        found.map(|one| one.parameter_value.as_str())
    };
    assert_eq!(value(ProcessorParameterName::BufferIntervalInSeconds), Some("60"));
    assert_eq!(value(ProcessorParameterName::BufferSizeInMBs), Some("0.5"));
    assert_eq!(value(ProcessorParameterName::RoleArn), Some(ROLE));
}

#[tokio::test]
async fn a_conversion_reaches_the_pipeline_with_its_table_and_documents() {
    let fixture = Fixture::new().await;
    fixture.active(&into_bucket("a", CONVERSION)).await;
    let settings = fixture.told.last();
    assert_eq!(settings.hints.bytes, 128 << 20);
    let Destination::Objects(target) = &settings.destination else { panic!() };
    let conversion = target.conversion.as_ref().unwrap();
    assert_eq!(&*conversion.deserializer, r#"{"OpenXJsonSerDe":{}}"#);
    assert_eq!(&*conversion.serializer, r#"{"ParquetSerDe":{}}"#);
    let table = &conversion.table;
    assert_eq!((&*table.database, &*table.table, &*table.version), ("d", "t", "LATEST"));
    assert_eq!((&*table.region, table.catalog.as_deref()), ("us-east-1", Some("000000000000")));
    assert!(settings.errors.target.conversion.is_none());
    let off = r#""ExtendedS3DestinationUpdate": {"DataFormatConversionConfiguration": {"Enabled": false}}"#;
    fixture.update("a", "1", off).await.unwrap();
    let shown = fixture.destination("a").await.extended_s3_destination_description.unwrap();
    let shown = shown.data_format_conversion_configuration.unwrap();
    assert!(shown.enabled == Some(false) && shown.schema_configuration.is_some());
}

#[tokio::test]
async fn redshift_loads_from_its_bucket() {
    let fixture = Fixture::new().await;
    fixture.active(&into_redshift("", "")).await;
    let settings = fixture.told.last();
    let Destination::Records { destination, retry_for, staging, .. } = &settings.destination else {
        panic!()
    };
    let RecordDestination::Redshift(redshift) = destination else { panic!() };
    assert_eq!((&*redshift.user, &*redshift.password.0), ("u", "password"));
    assert_eq!(*retry_for, Duration::from_secs(3600));
    assert_eq!(&*staging.as_ref().unwrap().bucket, "b");
    let shown = fixture.destination("a").await.redshift_destination_description.unwrap();
    assert_eq!(shown.username.as_deref(), Some("u"));
}

fn into_redshift(s3: &str, more: &str) -> String {
    format!(
        r#"{{"DeliveryStreamName": "a", "RedshiftDestinationConfiguration": {{"RoleARN": "{ROLE}",
            "ClusterJDBCURL": "jdbc:redshift://c.x.us-east-1.redshift.amazonaws.com:5439/db",
            "CopyCommand": {{"DataTableName": "t"}}, "Username": "u", "Password": "password",
            "S3Configuration": {}{more}}}}}"#,
        bucket(s3)
    )
}

fn into_search(more: &str) -> String {
    format!(
        r#"{{"DeliveryStreamName": "a", "AmazonopensearchserviceDestinationConfiguration": {{
            "RoleARN": "{ROLE}", "IndexName": "i", "S3Configuration": {}{more}}}}}"#,
        bucket("")
    )
}

#[tokio::test]
async fn opensearch_backs_up_all_documents_if_it_is_told_to() {
    let fixture = Fixture::new().await;
    let more = r#", "ClusterEndpoint": "https://c", "S3BackupMode": "AllDocuments"}}"#;
    fixture.active(&into_search(more.trim_end_matches("}}"))).await;
    let settings = fixture.told.last();
    assert_eq!(settings.backup.as_ref(), Some(&settings.errors));
    let Destination::Records { destination: RecordDestination::Search(search), .. } =
        &settings.destination
    else {
        panic!()
    };
    assert_eq!(search.rotation, typed::IndexRotation::Day);
    assert!(search.document_ids && !search.elasticsearch);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_name() {
    let fixture = Fixture::with(Limits::default().without_rates()).await;
    let s3 = |more: &str| into_bucket("a", more);
    let cases = [
        (r#"{"DeliveryStreamName": "a"}"#.to_owned(), "Exactly one destination configuration"),
        (
            s3("").replacen('{', &format!(r#"{{"S3DestinationConfiguration": {},"#, bucket("")), 1),
            "Exactly one destination configuration",
        ),
        (
            s3("").replacen('{', r#"{"DeliveryStreamType": "KinesisStreamAsSource","#, 1),
            "KinesisStreamSourceConfiguration must be specified",
        ),
        (
            s3("").replacen('{', r#"{"DeliveryStreamType": "MSKAsSource","#, 1),
            "DeliveryStreamType MSKAsSource is not supported",
        ),
        (s3(r#", "BufferingHints": {"SizeInMBs": 5}"#), "must be specified together"),
        (s3(r#", "Prefix": "!{timestamp:yyyy}/""#), "ErrorOutputPrefix cannot be null or empty"),
        (s3(r#", "CustomTimeZone": "Mars/Base""#), "Mars/Base"),
        (
            s3(r#", "CloudWatchLoggingOptions": {"Enabled": true, "LogGroupName": "g"}"#),
            "LogGroupName and LogStreamName must be specified",
        ),
        (s3(r#", "S3BackupMode": "Enabled""#), "S3BackupConfiguration must be specified"),
        (
            s3(&format!(
                r#", "S3BackupMode": "Enabled", "S3BackupConfiguration": {}"#,
                bucket(r#", "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 0}"#)
            )),
            "zero buffering is not available",
        ),
        (
            s3(&format!(r#"{CONVERSION}, "CompressionFormat": "GZIP""#)),
            "CompressionFormat must be UNCOMPRESSED",
        ),
        (
            s3(&format!(
                r#"{CONVERSION}, "BufferingHints": {{"SizeInMBs": 63, "IntervalInSeconds": 60}}"#
            )),
            "must be at least 64 when data format conversion",
        ),
        (s3(&CONVERSION.replace(r#", "TableName": "t""#, "")), "SchemaConfiguration.TableName"),
        (s3(&CONVERSION.replace(r#""t""#, r#""refused""#)), "refused cannot be done"),
        (s3(&CONVERSION.replace(r#""t""#, r#""odd""#)), "is not supported"),
        (s3(&CONVERSION.replace("{\"ParquetSerDe\": {}}", "{}")), "exactly one of ParquetSerDe"),
        (
            s3(r#", "EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN":
                "arn:aws:kms:us-east-1:000000000000:key/refused"}}"#),
            "key/refused cannot be done",
        ),
        (into_redshift(r#", "CompressionFormat": "ZIP""#, ""), "ZIP cannot be specified"),
        (into_redshift(r#", "ErrorOutputPrefix": "e/""#, ""), "ErrorOutputPrefix cannot be"),
        (into_redshift("", "").replace(r#""Username": "u", "#, ""), "Username must be specified"),
        (into_search(""), "Exactly one of DomainARN and ClusterEndpoint"),
        (
            into_search(r#", "ClusterEndpoint": "https://refused""#),
            "https://refused cannot be done",
        ),
    ];
    fixture.refuses(&cases).await;
}

#[tokio::test]
async fn processors_that_make_no_sense_are_refused_by_name() {
    let fixture = Fixture::with(Limits::default().without_rates()).await;
    let s3 = |more: &str| into_bucket("a", more);
    let lambda = |parameters: &[(&str, &str)]| s3(&processor("Lambda", parameters));
    let cases = [
        (lambda(&[]), "The parameter LambdaArn of the processor of type Lambda must be specified"),
        (lambda(&[("LambdaArn", "arn:refused")]), "arn:refused cannot be done"),
        (lambda(&[("LambdaArn", "f"), ("LambdaArn", "g")]), "is given twice"),
        (lambda(&[("LambdaArn", "f"), ("Delimiter", "d")]), "Delimiter is not a parameter"),
        (lambda(&[("LambdaArn", "f"), ("BufferSizeInMBs", "3.1")]), "cannot be 3.1"),
        (lambda(&[("LambdaArn", "f"), ("NumberOfRetries", "-1")]), "cannot be -1"),
        (
            s3(&processor("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")])),
            "needs a processor of type Decompression",
        ),
        (
            s3(&processor(
                "MetadataExtraction",
                &[("MetadataExtractionQuery", "{a:.a}"), ("JsonParsingEngine", "JQ-1.6")],
            )),
            "only be present when Dynamic Partitioning is enabled",
        ),
        (
            s3(&format!(
                r#", "Prefix": "!{{partitionKeyFromQuery:a}}/", "ErrorOutputPrefix": "e/",
                    "DynamicPartitioningConfiguration": {{"Enabled": true}}{}"#,
                processor(
                    "MetadataExtraction",
                    &[("MetadataExtractionQuery", "{a:"), ("JsonParsingEngine", "JQ-1.6")],
                )
            )),
            "MetadataExtractionQuery",
        ),
    ];
    fixture.refuses(&cases).await;
}

#[tokio::test]
async fn a_key_of_a_prefix_is_one_that_the_query_makes_where_its_text_says_which() {
    let fixture = Fixture::with(Limits::default().without_rates()).await;
    let with = |name: &str, query: &str| {
        let parameters = [("MetadataExtractionQuery", query), ("JsonParsingEngine", "JQ-1.6")];
        let more = format!(
            r#", "Prefix": "dp/!{{partitionKeyFromQuery:k}}/", "ErrorOutputPrefix": "e/",
                "DynamicPartitioningConfiguration": {{"Enabled": true}}{}"#,
            processor("MetadataExtraction", &parameters)
        );
        into_bucket(name, &more)
    };
    let unmade = ["{x:.x}", "{}", "{x, y: {k: 1}}", r#"{\"kk\": .k}"#, r#"{x: \"k\"}"#];
    let cases = unmade
        .map(|query| (with("a", query), "the partition key k, which MetadataExtractionQuery"));
    fixture.refuses(&cases).await;
    // Whether these make it is known when they run.
    let others = ["{(.name): 1}", ". + {x: 1}", ".keys", r#"{\"\\(.a)\": 1}"#];
    let made = ["{k}", "{k: .x, y: 2}", r#"{\"k\": 1}"#, r#"{\"\\u006b\": 1}"#];
    for (at, query) in others.into_iter().chain(made).enumerate() {
        fixture.create(&with(&format!("made-{at}"), query)).await.unwrap();
    }
}

impl Fixture {
    /// Each request is refused with a text that holds what is expected, and nothing is made.
    async fn refuses(&self, cases: &[(String, &str)]) {
        for (json, expected) in cases {
            let (code, text) = error(self.create(json).await);
            assert_eq!(code, ErrorCode::InvalidArgumentException, "{json}: {text}");
            assert!(text.contains(expected), "{json}: {text}");
        }
        assert_eq!(self.catalog.read(|state| state.delivery_streams().all().count()), 0);
    }
}
