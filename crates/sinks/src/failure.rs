//! What went wrong, in the words of delivery logs: bounded, without secrets.

use std::time::Duration;

use hyper::Response;
use hyper::header::RETRY_AFTER;
use millstream_firehose::sink::{SinkError, Then};

/// Most bytes of what a destination answered that a message quotes.
pub(crate) const QUOTED_BYTES_MAX: usize = 2048;
/// Says that there was more.
const CUT: char = '…';
/// Longest wait that a destination may ask for: what AWS's own back-off is capped at.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);

/// An error that is worth another attempt.
pub(crate) fn retry(code: impl Into<String>, message: impl Into<String>) -> SinkError {
    SinkError { code: code.into(), message: message.into(), then: Then::Retry }
}

/// When a destination that is busy asks to be called again: `Retry-After` in seconds, for 429 and 503.
pub(crate) fn then_of<T>(answer: &Response<T>) -> Then {
    if !matches!(answer.status().as_u16(), 429 | 503) {
        return Then::Retry;
    }
    let value = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    match value.and_then(|text| text.trim().parse().ok()) {
        Some(seconds) => Then::RetryAfter(Duration::from_secs(seconds).min(RETRY_AFTER_MAX)),
        None => Then::Retry,
    }
}

/// What a destination answered, as a message may quote it: the beginning, as text, without the secrets that were sent
/// to it (some echo their requests) and without control characters.
pub(crate) fn quoted(body: &[u8], secrets: &[&str]) -> String {
    // Hidden before it is cut, so that no part of a secret is left at the cut.
    let window = QUOTED_BYTES_MAX + secrets.iter().map(|secret| secret.len()).max().unwrap_or(0);
    let mut text = String::from_utf8_lossy(&body[..body.len().min(window)]).into_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(*secret, "(secret)");
        // What was cut off by the window may begin with a secret.
        if body.len() > window {
            let cut = (1..secret.len()).rev().filter(|at| secret.is_char_boundary(*at));
            let cut = cut.map(|at| &secret[..at]).find(|part| text.ends_with(part));
            text.truncate(text.len() - cut.map_or(0, str::len));
        }
    }
    let text = text.replace(|symbol: char| symbol.is_control() && symbol != '\n', " ");
    let mut text = bounded(text);
    if body.len() > window && !text.ends_with(CUT) {
        text.push(CUT);
    }
    text
}

/// At most [`QUOTED_BYTES_MAX`] bytes of a text.
pub(crate) fn bounded(mut text: String) -> String {
    if text.len() > QUOTED_BYTES_MAX {
        let end = (0..=QUOTED_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_hold_no_secret() {
        assert_eq!(quoted(b"bad key s3cret, s3cret", &["s3cret"]), "bad key (secret), (secret)");
        assert_eq!(quoted(b"a\0b\nc\xff", &[""]), "a b\nc\u{fffd}");
        let long = quoted(&vec![b'x'; 100_000], &[]);
        assert_eq!(long.len(), QUOTED_BYTES_MAX + "…".len());
        for before in QUOTED_BYTES_MAX - 8..QUOTED_BYTES_MAX + 8 {
            let body = [&vec![b'x'; before][..], b"s3cret", &[b'y'; 5000]].concat();
            let text = quoted(&body, &["s3cret"]);
            assert!(!text.contains("s3"), "{before}");
        }
    }

    #[test]
    fn a_wait_is_granted_to_the_busy_up_to_a_bound() {
        for (status, value, expected) in [
            (503, Some("7"), Then::RetryAfter(Duration::from_secs(7))),
            (429, Some("99999999999"), Then::RetryAfter(RETRY_AFTER_MAX)),
            (429, Some("-1"), Then::Retry),
            (503, Some("Wed, 21 Oct 2015 07:28:00 GMT"), Then::Retry),
            (503, None, Then::Retry),
            (500, Some("7"), Then::Retry),
        ] {
            let mut answer = Response::builder().status(status);
            if let Some(value) = value {
                answer = answer.header("retry-after", value);
            }
            assert_eq!(then_of(&answer.body(()).unwrap()), expected, "{status} {value:?}");
        }
    }
}
