//! AWS's texts for wrong types, broken constraints and refused members.

use millstream_api::ops::*;
use millstream_api::shape::{Shape, Structure};
use millstream_api::{Error, Record};
use millstream_wire::{Protocol, Unknown, decode};

fn error<'a, T: Record<'a>>(body: &'a str) -> String {
    let decoded: Result<T, Error> =
        decode(Protocol::Json, body.as_bytes(), &mut Unknown::default());
    match decoded {
        Ok(_) => "no error".into(),
        Err(error) => error.to_string(),
    }
}

fn one(text: &str) -> String {
    format!("ValidationException: 1 validation error detected: {text}")
}

#[test]
fn a_missing_member_must_not_be_null() {
    let text = "Value null at 'streamName' failed to satisfy constraint: Member must not be null";
    for body in ["", "{}", "{ }", r#"{"StreamName":null}"#] {
        assert_eq!(error::<CreateStreamInput>(body), one(text), "{body}");
    }
}

#[test]
fn lengths_patterns_sets_and_bounds_are_worded_as_aws_does() {
    let long = "a".repeat(129);
    let rows = [
        (
            r#"{"StreamName":"a b"}"#.to_owned(),
            "Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [a-zA-Z0-9_.-]+"
                .to_owned(),
        ),
        (
            format!(r#"{{"StreamName":"{long}"}}"#),
            format!(
                "Value '{long}' at 'streamName' failed to satisfy constraint: Member must have length less than or \
                 equal to 128"
            ),
        ),
        (
            r#"{"StreamName":"a","ShardCount":0}"#.to_owned(),
            "Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal \
             to 1"
                .to_owned(),
        ),
        (
            r#"{"StreamName":"a","MaxRecordSizeInKiB":10241}"#.to_owned(),
            "Value '10241' at 'maxRecordSizeInKiB' failed to satisfy constraint: Member must have value less than \
             or equal to 10240"
                .to_owned(),
        ),
        (
            r#"{"StreamName":"a","StreamModeDetails":{"StreamMode":"x"}}"#.to_owned(),
            "Value 'x' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum \
             value set: [PROVISIONED, ON_DEMAND]"
                .to_owned(),
        ),
        (
            r#"{"StreamName":"a","Tags":{}}"#.to_owned(),
            "Value '{}' at 'tags' failed to satisfy constraint: Member must have length greater than or equal to 1"
                .to_owned(),
        ),
        (
            r#"{"StreamName":"a","Tags":{"":"v"}}"#.to_owned(),
            "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must \
             have length less than or equal to 128, Member must have length greater than or equal to 1]"
                .to_owned(),
        ),
        (
            r#"{"StreamName":"a","Tags":{"k":null}}"#.to_owned(),
            "Value null at 'tags.k.member' failed to satisfy constraint: Member must not be null".to_owned(),
        ),
    ];
    for (body, text) in rows {
        let found = error::<CreateStreamInput>(&body);
        // An entry that is null leaves the map empty, which is a violation too.
        let expected = if body.contains("null") {
            let empty = "Value '{}' at 'tags' failed to satisfy constraint: Member must have length greater than or \
                         equal to 1";
            format!("ValidationException: 2 validation errors detected: {text}; {empty}")
        } else {
            one(&text)
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn several_violations_are_counted_together_and_in_the_models_order() {
    assert_eq!(
        error::<CreateStreamInput>(r#"{"ShardCount":0,"StreamName":""}"#),
        "ValidationException: 3 validation errors detected: \
         Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
         [a-zA-Z0-9_.-]+; \
         Value '' at 'streamName' failed to satisfy constraint: Member must have length greater than or equal to 1; \
         Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
}

#[test]
fn records_are_named_by_position_and_blobs_by_length() {
    let records = r#"{"StreamName":"a","Records":[{"Data":"","PartitionKey":"k"},{"Data":"","PartitionKey":""}]}"#;
    assert_eq!(
        error::<PutRecordsInput<'_>>(records),
        one(
            "Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: Member must have length \
             greater than or equal to 1"
        )
    );
    let length = 10_485_760 + 3;
    let body = format!(
        r#"{{"StreamName":"a","Data":"{}","PartitionKey":"k"}}"#,
        "A".repeat((length / 3 + 1) * 4)
    );
    let bytes = (length / 3 + 1) * 3;
    assert_eq!(
        error::<PutRecordInput<'_>>(&body),
        one(&format!(
            "Value 'java.nio.HeapByteBuffer[pos=0 lim={bytes} cap={bytes}]' at 'data' failed to satisfy constraint: \
             Member must have length less than or equal to 10485760"
        ))
    );
    assert_eq!(
        error::<PutRecordsInput<'_>>(r#"{"Records":[null]}"#),
        "ValidationException: 2 validation errors detected: \
         Value null at 'records.1.member' failed to satisfy constraint: Member must not be null; \
         Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
}

#[test]
fn ten_violations_are_found_and_no_more_and_values_are_cut() {
    let entries = vec![r#"{"Data":"","PartitionKey":""}"#; 501].join(",");
    let text = error::<PutRecordsInput<'_>>(&format!(r#"{{"Records":[{entries}]}}"#));
    assert!(
        text.starts_with("ValidationException: 10 validation errors detected: Value '["),
        "{text}"
    );
    assert!(text.contains("Member must have length less than or equal to 500; "), "{text}");
    assert_eq!(text.matches("failed to satisfy").count(), 10);
    assert!(text.len() < 4096, "{}", text.len());

    let huge = "x".repeat(1 << 20);
    let text = error::<PutRecordInput<'_>>(&format!(r#"{{"Data":"","PartitionKey":"{huge}"}}"#));
    assert!(text.contains("x...' at 'partitionKey'") && text.len() < 2048, "{}", text.len());
}

#[test]
fn elements_of_lists_of_text_are_judged_together() {
    assert_eq!(
        error::<RemoveTagsFromStreamInput>(r#"{"TagKeys":["a",""]}"#),
        one(
            "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must \
             have length less than or equal to 128, Member must have length greater than or equal to 1]"
        )
    );
}

#[test]
fn lengths_of_text_are_in_characters() {
    let body = |count: usize| format!(r#"{{"Data":"","PartitionKey":"{}"}}"#, "😀".repeat(count));
    assert_eq!(error::<PutRecordInput<'_>>(&body(256)), "no error");
    assert!(error::<PutRecordInput<'_>>(&body(257)).contains("less than or equal to 256"));
}

#[test]
fn wrong_types_are_told_in_the_services_words() {
    for (value, text) in [
        ("1", "NUMBER_VALUE can not be converted to a String"),
        ("true", "TRUE_VALUE can not be converted to a String"),
        ("[]", "Start of list found where not expected"),
        ("{}", "Start of structure or map found where not expected."),
    ] {
        let body = format!(r#"{{"StreamName":{value}}}"#);
        assert_eq!(error::<CreateStreamInput>(&body), format!("SerializationException: {text}"));
    }
    for (value, text) in [
        (r#""1""#, "STRING_VALUE can not be converted to an Integer"),
        ("1.5", "NUMBER_VALUE can not be converted to an Integer"),
        ("2147483648", "NUMBER_VALUE can not be converted to an Integer"),
        ("1e40", "NUMBER_VALUE can not be converted to an Integer"),
    ] {
        let body = format!(r#"{{"StreamName":"a","ShardCount":{value}}}"#);
        assert_eq!(error::<CreateStreamInput>(&body), format!("SerializationException: {text}"));
    }
    for (body, text) in [
        (r#"{"Records":"x"}"#, "Expected list or null"),
        (r#"{"Records":["x"]}"#, "Expected structure or null"),
        (r#"{"Records":[{"Data":5}]}"#, "NUMBER_VALUE can not be converted to a Blob"),
        (r#"{"Records":{}}"#, "Start of structure or map found where not expected."),
        (r#"{"DryRun":"true"}"#, "STRING_VALUE can not be converted to a Boolean"),
    ] {
        assert_eq!(error::<PutRecordsInput<'_>>(body), format!("SerializationException: {text}"));
    }
    assert_eq!(
        error::<GetShardIteratorInput>(r#"{"Timestamp":"2020-01-01T00:00:00Z"}"#),
        "SerializationException: STRING_VALUE can not be converted to a Timestamp"
    );
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction_or_an_exponent() {
    for value in ["2", "2.0", "2e0", "20E-1", "0.2e+1"] {
        let body = format!(r#"{{"StreamName":"a","ShardCount":{value}}}"#);
        let input: CreateStreamInput =
            decode(Protocol::Json, body.as_bytes(), &mut Unknown::default()).unwrap();
        assert_eq!(input.shard_count, Some(2), "{value}");
    }
}

#[test]
fn refused_members_are_refused_by_name_unless_null() {
    let body = |tables: &str| {
        format!(
            r#"{{"ChannelName":"c","ServiceExecutionRoleARN":"arn:aws:iam::000000000000:role/r",
                "StreamConfigurationList":[{{
                    "StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s",
                    "RecordConfiguration":{{"RecordFormatType":"JSON"}}}}],
                "S3TablesDestinationConfiguration":{tables}}}"#
        )
    };
    let tables = r#"{"DeadLetterQueueS3Configuration":{"BucketARN":"arn:aws:s3:::bucket",
            "ExpectedBucketOwner":"000000000000"},
        "S3TablesConfigurationList":[{"TableBucketARN":"arn:aws:s3tables:us-east-1:000000000000:bucket/tables",
            "Namespace":"n","TableName":"t","CompressionType":"ZSTD"}]}"#;
    assert_eq!(
        error::<CreateChannelInput>(&body(tables)),
        "InvalidArgumentException: S3TablesDestinationConfiguration is not supported; use S3DestinationConfiguration."
    );
    assert_eq!(error::<CreateChannelInput>(&body("null")), "no error");
}

/// docs/decisions/0005: it means nothing, so it is taken and nothing is made of it.
#[test]
fn stream_ids_are_taken_and_still_held_to_their_pattern() {
    let body = |id: &str| format!(r#"{{"StreamName":"a","StreamId":"{id}"}}"#);
    let whole = body("abcdefghij0123456789-abc");
    assert_eq!(error::<DescribeStreamSummaryInput>(&whole), "no error");
    assert!(error::<DescribeStreamSummaryInput>(&body("x")).contains("'streamId'"));
}

#[test]
fn unknown_members_are_skipped_but_noted_in_bounded_space() {
    let mut unknown = Unknown::default();
    let long = "n".repeat(1000);
    let many: String = (0..100).map(|n| format!(r#","m{n}":{{"a":[1,"x",null]}}"#)).collect();
    let body = format!(r#"{{"StreamName":"a","{long}":1,"__proto__":{{}}{many}}}"#);
    let input: CreateStreamInput = decode(Protocol::Json, body.as_bytes(), &mut unknown).unwrap();
    assert_eq!(input.stream_name, "a");
    assert_eq!(unknown.count(), 102);
    assert_eq!(unknown.names().len(), 8);
    assert_eq!(unknown.names()[0].len(), 64);
    assert_eq!(unknown.names()[1], "__proto__");
    let _: CreateStreamInput =
        decode(Protocol::Json, br#"{"StreamName":"a"}"#, &mut unknown).unwrap();
    assert_eq!(unknown, Unknown::default());
}

#[test]
fn no_structure_of_the_model_has_more_members_than_the_decoder_can_mark() {
    fn check(structure: &Structure) {
        assert!(structure.members.len() < 64, "{}", structure.name);
        for member in structure.members {
            let inner = match member.shape {
                Shape::List(list) => list.element,
                shape => shape,
            };
            if let Shape::Structure(inner) = inner {
                check(inner);
            }
        }
    }
    for service in millstream_api::Service::ALL {
        service.operations().iter().for_each(|operation| check(operation.input));
    }
}
