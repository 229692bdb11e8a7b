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

/// `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`, where `.` is anything but a line end.
fn is_stream_arn(text: &str) -> bool {
    const RESOURCE: &str = ":stream/";
    let one_line = |text: &str| !text.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
    let Some(rest) = text.strip_prefix("arn:aws") else { return false };
    rest.match_indices(RESOURCE).any(|(at, _)| {
        let (before, name) = (&rest[..at], &rest[at + RESOURCE.len()..]);
        let name_fits =
            !name.is_empty() && !name.contains([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        let account_fits = before.len() >= 13 && {
            let account = &before.as_bytes()[before.len() - 13..];
            account[0] == b':' && account[1..].iter().all(u8::is_ascii_digit)
        };
        name_fits && account_fits && {
            let head = &before[..before.len() - 13];
            one_line(head) && head.contains(":kinesis:")
        }
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
pub static STREAM_ARN: Pattern =
    Pattern { text: r"arn:aws.*:kinesis:.*:\d{12}:stream/\S+", matches: is_stream_arn };
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
            (&STREAM_ID, "abcdefghij0123456789-abc", "abcdefghij0123456789-ab"),
        ] {
            assert!((pattern.matches)(good), "{pattern:?} {good}");
            assert!(!(pattern.matches)(bad), "{pattern:?} {bad}");
        }
    }
}
