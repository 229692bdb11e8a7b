//! The model's patterns: their text, for error messages, and what they match.

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

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_decimal(text: &str, digits_max: usize) -> bool {
    let canonical = text == "0" || matches!(text.as_bytes().first(), Some(b'1'..=b'9'));
    canonical && text.len() <= digits_max && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

fn is_last_part(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '\t', '\n', '\r', '\u{b}', '\u{c}'])
}

/// `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`, or another kind of resource; `.` is anything but a line end.
fn is_arn_of(text: &str, resource: &str) -> bool {
    let Some(rest) = text.strip_prefix("arn:aws") else { return false };
    rest.match_indices(resource).any(|(at, _)| {
        let (before, name) = (&rest[..at], &rest[at + resource.len()..]);
        let name_fits = is_last_part(name);
        let account_fits = before.len() >= 13 && {
            let account = &before.as_bytes()[before.len() - 13..];
            account[0] == b':' && account[1..].iter().all(u8::is_ascii_digit)
        };
        name_fits && account_fits && {
            let head = &before[..before.len() - 13];
            is_one_line(head) && head.contains(":kinesis:")
        }
    })
}

/// Whether a text has a letter, and only letters that fit.
fn is_of(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fits)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `[0-9A-Za-z!\-_'.*()\/]`.
fn is_key_letter(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!-_'.*()/".contains(&b)
}

/// The five parts after `arn:` and the resource, if partition and service fit; the resource may hold colons.
fn arn_parts<'a>(text: &'a str, service: &str) -> Option<[&'a str; 3]> {
    let rest = text.strip_prefix("arn:")?;
    let (partition, rest) = rest.split_once(':')?;
    let partition = partition.strip_prefix("aws")?;
    let fits = |b: u8| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit();
    let rest = rest.strip_prefix(service)?.strip_prefix(':')?;
    let (region, rest) = rest.split_once(':')?;
    let (account, resource) = rest.split_once(':')?;
    partition.bytes().all(fits).then_some([region, account, resource])
}

fn is_region(text: &str) -> bool {
    is_of(text, |b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_role_arn(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    arn_parts(text, "iam").is_some_and(|[region, account, resource]| {
        let name = resource.strip_prefix("role/");
        region.is_empty() && is_account(account) && name.is_some_and(|name| is_of(name, letter))
    })
}

fn is_bucket_name(text: &str, also: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || also.contains(&b);
    (3..=63).contains(&text.len()) && is_of(text, letter)
}

fn is_bucket_arn(text: &str) -> bool {
    arn_parts(text, "s3").is_some_and(|[region, account, name]| {
        region.is_empty() && account.is_empty() && is_bucket_name(name, b"._-")
    })
}

fn is_table_bucket_arn(text: &str) -> bool {
    arn_parts(text, "s3tables").is_some_and(|[region, account, resource]| {
        let name = resource.strip_prefix("bucket/");
        is_region(region)
            && is_account(account)
            && name.is_some_and(|name| is_bucket_name(name, b"_-"))
    })
}

fn is_schema_arn(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-_$#.".contains(&b);
    arn_parts(text, "glue").is_some_and(|[region, account, resource]| {
        let names = resource.strip_prefix("schema/").and_then(|names| names.split_once('/'));
        is_region(region)
            && is_account(account)
            && names
                .is_some_and(|(registry, schema)| is_of(registry, letter) && is_of(schema, letter))
    })
}

/// `^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/NAME\/consumer\/NAME:[0-9]+`.
fn is_consumer_arn(text: &str) -> bool {
    const CONSUMER: &str = "/consumer/";
    text.match_indices(CONSUMER).any(|(at, _)| {
        let (stream, consumer) = (&text[..at], &text[at + CONSUMER.len()..]);
        let named = consumer
            .rsplit_once(':')
            .is_some_and(|(name, created)| is_name(name) && is_of(created, |b| b.is_ascii_digit()));
        // The stream's part is what an ARN of a resource may be, with a plain name.
        let stream_named = stream
            .rsplit_once('/')
            .is_some_and(|(kind, name)| is_name(name) && kind.ends_with("stream"));
        named && stream_named && is_resource_arn(stream)
    })
}

/// `arn:aws.*:kinesis:.*:\d{12}:.*(stream|channel|queue)/\S+`.
fn is_resource_arn(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("arn:aws") else { return false };
    let account_ends = |at: usize| {
        let head = &rest.as_bytes()[..at];
        at >= 13 && head[at - 13] == b':' && head[at - 12..].iter().all(u8::is_ascii_digit)
    };
    rest.match_indices(':').any(|(at, _)| {
        let (head, resource) = (&rest[..at], &rest[at + 1..]);
        account_ends(at)
            && head[..at - 13].contains(":kinesis:")
            && ["stream/", "channel/", "queue/"].iter().any(|kind| {
                resource.match_indices(kind).any(|(place, _)| {
                    is_one_line(&rest[..at + 1 + place])
                        && is_last_part(&resource[place + kind.len()..])
                })
            })
    })
}

fn is_stream_id(text: &str) -> bool {
    let letters = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    matches!(text.split_once('-'), Some((id, end)) if id.len() == 20 && end.len() == 3 && letters(id) && letters(end))
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

    #[test]
    fn patterns_match_what_the_models_do() {
        for (pattern, good, bad) in [
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
        ] {
            assert!((pattern.matches)(good), "{pattern:?} {good}");
            assert!(!(pattern.matches)(bad), "{pattern:?} {bad}");
        }
    }
}
