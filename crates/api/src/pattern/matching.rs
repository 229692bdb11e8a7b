//! What the patterns match, without a machine for regular expressions.

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

pub(super) fn is_decimal(text: &str, digits_max: usize) -> bool {
    let canonical = text == "0" || matches!(text.as_bytes().first(), Some(b'1'..=b'9'));
    canonical && text.len() <= digits_max && text.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn is_one_line(text: &str) -> bool {
    !text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

pub(super) fn is_last_part(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', '\t', '\n', '\r', '\u{b}', '\u{c}'])
}

/// `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`, or another kind of resource; `.` is anything but a line end.
pub(super) fn is_arn_of(text: &str, resource: &str) -> bool {
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
pub(super) fn is_of(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fits)
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `[0-9A-Za-z!\-_'.*()\/]`.
pub(super) fn is_key_letter(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!-_'.*()/".contains(&b)
}

/// The five parts after `arn:` and the resource, if partition and service fit; the resource may hold colons.
pub(super) fn arn_parts<'a>(text: &'a str, service: &str) -> Option<[&'a str; 3]> {
    let rest = text.strip_prefix("arn:")?;
    let (partition, rest) = rest.split_once(':')?;
    let partition = partition.strip_prefix("aws")?;
    let fits = |b: u8| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit();
    let rest = rest.strip_prefix(service)?.strip_prefix(':')?;
    let (region, rest) = rest.split_once(':')?;
    let (account, resource) = rest.split_once(':')?;
    partition.bytes().all(fits).then_some([region, account, resource])
}

pub(super) fn is_region(text: &str) -> bool {
    is_of(text, |b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit())
}

pub(super) fn is_role_arn(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    arn_parts(text, "iam").is_some_and(|[region, account, resource]| {
        let name = resource.strip_prefix("role/");
        region.is_empty() && is_account(account) && name.is_some_and(|name| is_of(name, letter))
    })
}

pub(super) fn is_bucket_name(text: &str, also: &[u8]) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || also.contains(&b);
    (3..=63).contains(&text.len()) && is_of(text, letter)
}

pub(super) fn is_bucket_arn(text: &str) -> bool {
    arn_parts(text, "s3").is_some_and(|[region, account, name]| {
        region.is_empty() && account.is_empty() && is_bucket_name(name, b"._-")
    })
}

pub(super) fn is_table_bucket_arn(text: &str) -> bool {
    arn_parts(text, "s3tables").is_some_and(|[region, account, resource]| {
        let name = resource.strip_prefix("bucket/");
        is_region(region)
            && is_account(account)
            && name.is_some_and(|name| is_bucket_name(name, b"_-"))
    })
}

pub(super) fn is_schema_arn(text: &str) -> bool {
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
pub(super) fn is_consumer_arn(text: &str) -> bool {
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
pub(super) fn is_resource_arn(text: &str) -> bool {
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

pub(super) fn is_stream_id(text: &str) -> bool {
    let letters = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    matches!(text.split_once('-'), Some((id, end)) if id.len() == 20 && end.len() == 3 && letters(id) && letters(end))
}
