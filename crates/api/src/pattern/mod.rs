//! The model's patterns: their text, for error messages, and what they match.

mod firehose;
mod matching;

pub use firehose::*;
use matching::*;

/// A pattern of the service model.
pub struct Pattern {
    /// As the model writes it, and as AWS's error text quotes it.
    pub text: &'static str,
    /// Whether the whole of a text matches.
    pub matches: fn(&str) -> bool,
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

/// Of stream names, shard ids and consumer names.
pub static NAME: Pattern = Pattern { text: "[a-zA-Z0-9_.-]+", matches: is_name };
/// Of hash keys.
pub static HASH_KEY: Pattern =
    Pattern { text: r"0|([1-9]\d{0,38})", matches: |text| is_decimal(text, 39) };
/// Of sequence numbers.
pub static SEQUENCE_NUMBER: Pattern =
    Pattern { text: r"0|([1-9]\d{0,128})", matches: |text| is_decimal(text, 129) };
/// Of stream ARNs.
pub static STREAM_ARN: Pattern = Pattern {
    text: r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+",
    matches: |text| is_arn_of(text, ":stream/"),
};
/// Of the ARNs of whatever can have tags.
pub static RESOURCE_ARN: Pattern = Pattern {
    text: r"arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+",
    matches: is_resource_arn,
};
/// Of consumer ARNs.
pub static CONSUMER_ARN: Pattern = Pattern {
    text: r"^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+",
    matches: is_consumer_arn,
};
/// Of queue ARNs.
pub static QUEUE_ARN: Pattern = Pattern {
    text: r"arn:aws.*:kinesis:.*:\d{12}:queue/\S+",
    matches: |text| is_arn_of(text, ":queue/"),
};
/// Of channel ARNs.
pub static CHANNEL_ARN: Pattern = Pattern {
    text: r"arn:aws.*:kinesis:.*:\d{12}:channel/\S+",
    matches: |text| is_arn_of(text, ":channel/"),
};
/// Of ids of records in queues.
pub static RECORD_ID: Pattern = Pattern {
    text: "^[a-z0-9]+$",
    matches: |text| is_of(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit()),
};
/// Of account ids.
pub static ACCOUNT: Pattern = Pattern { text: r"\d{12}", matches: is_account };
/// Of roles' ARNs.
pub static ROLE_ARN: Pattern = Pattern {
    text: r"arn:aws[-a-z0-9]*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+",
    matches: is_role_arn,
};
/// Of buckets' ARNs.
pub static BUCKET_ARN: Pattern =
    Pattern { text: "arn:aws[-a-z0-9]*:s3:::[a-z0-9._-]{3,63}", matches: is_bucket_arn };
/// Of ARNs of buckets of tables.
pub static TABLE_BUCKET_ARN: Pattern = Pattern {
    text: r"arn:aws[-a-z0-9]*:s3tables:[-a-z0-9]+:\d{12}:bucket/[a-z0-9_-]{3,63}",
    matches: is_table_bucket_arn,
};
/// Of ARNs of schemas in the Glue registry.
pub static SCHEMA_ARN: Pattern = Pattern {
    text: r"arn:aws[-a-z0-9]*:glue:[-a-z0-9]+:\d{12}:schema/[-a-zA-Z0-9_$#.]+/[-a-zA-Z0-9_$#.]+",
    matches: is_schema_arn,
};
/// Of prefixes of objects with what could not be delivered.
pub static ERROR_OUTPUT_PREFIX: Pattern =
    Pattern { text: r"[0-9A-Za-z!\-_'.*()\/]+", matches: |text| is_of(text, is_key_letter) };
/// Of templates of objects' keys.
pub static OUTPUT_KEY_TEMPLATE: Pattern = Pattern {
    text: r"[0-9A-Za-z!\-_'.*()\/=:{}]+",
    matches: |text| is_of(text, |b| is_key_letter(b) || b"=:{}".contains(&b)),
};
/// Of names of groups of logs.
pub static LOG_GROUP_NAME: Pattern = Pattern {
    text: r"[\.\-_/#A-Za-z0-9]+",
    matches: |text| is_of(text, |b| b.is_ascii_alphanumeric() || b".-_/#".contains(&b)),
};
/// Of names of streams of logs.
pub static LOG_STREAM_NAME: Pattern =
    Pattern { text: "[^:*]*", matches: |text| !text.contains([':', '*']) };
/// Of names of tables and of their namespaces.
pub static TABLE_NAME: Pattern = Pattern {
    text: "[0-9a-z_]+",
    matches: |text| is_of(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
};
/// Of names of fields that partition a table.
pub static SOURCE_NAME: Pattern = Pattern {
    text: r"[a-zA-Z0-9\.\_]+",
    matches: |text| is_of(text, |b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_'),
};
/// Of stream ids.
pub static STREAM_ID: Pattern = Pattern { text: "[a-z0-9]{20}-[a-z0-9]{3}", matches: is_stream_id };

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&Pattern, &str, &str)]) {
        for (pattern, good, bad) in cases {
            assert!((pattern.matches)(good), "{pattern:?} {good}");
            assert!(!(pattern.matches)(bad), "{pattern:?} {bad}");
        }
    }

    #[test]
    fn names_and_arns_of_the_service_match_what_the_model_says() {
        check(&[
            (&NAME, "a.B-_9", "a b"),
            (&HASH_KEY, "0", "01"),
            (&HASH_KEY, &"9".repeat(39) as &str, &"9".repeat(40) as &str),
            (&SEQUENCE_NUMBER, &"1".repeat(129), &"1".repeat(130)),
            (
                &STREAM_ARN,
                "arn:aws:kinesis:us-east-1:000000000000:stream/a",
                "arn:aws:kinesis:us-east-1:0:stream/a",
            ),
            (
                &STREAM_ARN,
                "arn:aws-cn:kinesis:x:y:000000000000:stream/a/b:1",
                "arn:aws:firehose:r:000000000000:stream/a",
            ),
            (
                &STREAM_ARN,
                "arn:aws:kinesis::000000000000:stream/ä",
                "arn:aws:kinesis:r:000000000000:stream/",
            ),
            (
                &RESOURCE_ARN,
                "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1",
                "arn:aws:kinesis:us-east-1:000000000000:consumer/a",
            ),
            (
                &RESOURCE_ARN,
                "arn:aws:kinesis:r:000000000000:x/queue/a",
                "arn:aws:kinesis:r:00000000000:queue/a",
            ),
            (
                &CONSUMER_ARN,
                "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:1",
                "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/b:",
            ),
            (
                &QUEUE_ARN,
                "arn:aws:kinesis:us-east-1:000000000000:queue/a",
                "arn:aws:kinesis:us-east-1:000000000000:channel/a",
            ),
            (
                &CHANNEL_ARN,
                "arn:aws-cn:kinesis:cn-north-1:000000000000:channel/a",
                "arn:aws:kinesis:us-east-1:000000000000:channel/",
            ),
        ]);
    }

    #[test]
    fn what_belongs_to_queues_and_channels_matches_what_the_model_says() {
        check(&[
            (&RECORD_ID, "a0", "A0"),
            (&ACCOUNT, "000000000000", "00000000000x"),
            (&ROLE_ARN, "arn:aws:iam::000000000000:role/a/b+c", "arn:aws:iam::000000000000:user/a"),
            (&BUCKET_ARN, "arn:aws:s3:::a.b-c", "arn:aws:s3:::ab"),
            (
                &TABLE_BUCKET_ARN,
                "arn:aws:s3tables:us-east-1:000000000000:bucket/abc",
                "arn:aws:s3tables:us-east-1:000000000000:bucket/a.c",
            ),
            (
                &SCHEMA_ARN,
                "arn:aws:glue:us-east-1:000000000000:schema/a/b",
                "arn:aws:glue:us-east-1:000000000000:schema/a",
            ),
            (&ERROR_OUTPUT_PREFIX, "errors/", "errors="),
            (&OUTPUT_KEY_TEMPLATE, "a/!{yyyy}=", "a b"),
            (&LOG_GROUP_NAME, "/aws/kinesis#1", "a b"),
            (&LOG_STREAM_NAME, "a b", "a:b"),
            (&TABLE_NAME, "a_0", "A"),
            (&SOURCE_NAME, "a.b_C", "a-b"),
            (&STREAM_ID, "abcdefghij0123456789-abc", "abcdefghij0123456789-ab"),
        ]);
    }
}
