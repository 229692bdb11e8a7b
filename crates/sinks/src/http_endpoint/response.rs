//! What an answer means.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use millstream_firehose::sink::{SinkError, Then};
use serde_json::Value;

use super::INVALID;
use crate::failure::{self, quoted};

/// Largest answer (the guide: 1 MiB).
pub(super) const BYTES_MAX: usize = 1024 * 1024;

/// Whether the records were taken: status 200, JSON without an encoding, the request's id and a time. Of what an
/// endpoint says to a failure, the beginning goes into the message.
pub(super) fn judge(
    answer: &Response<Bytes>,
    request_id: &str,
    secrets: &[&str],
) -> Result<(), SinkError> {
    let status = answer.status().as_u16();
    let shown = || quoted(answer.body(), secrets);
    if status != 200 {
        let message = format!(
            "The following response was received from the endpoint destination. {status}: {}",
            shown()
        );
        let then = if status == 413 { Then::Drop } else { failure::then_of(answer) };
        return Err(SinkError {
            code: "HttpEndpoint.DestinationException".to_owned(),
            message,
            then,
        });
    }
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let media_type = header(CONTENT_TYPE).and_then(|text| text.split(';').next()).map(str::trim);
    let checked = if !media_type.is_some_and(|it| it.eq_ignore_ascii_case("application/json")) {
        Err("has no content type application/json")
    } else if answer.headers().contains_key(CONTENT_ENCODING) {
        Err("has a content encoding")
    } else {
        check(answer.body(), request_id)
    };
    checked.map_err(|what| {
        let message = format!(
            "{INVALID} Response for request {request_id} {what}. Raw response received: {status} {}",
            shown()
        );
        failure::retry("HttpEndpoint.InvalidResponseFromDestination", message)
    })
}

fn check(body: &[u8], request_id: &str) -> Result<(), &'static str> {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| "is not recognized as valid JSON")?;
    if !body.is_object() {
        return Err("is not recognized as valid JSON of an object");
    }
    match &body["requestId"] {
        Value::String(id) if id == request_id => {}
        Value::String(_) => return Err("has another requestId"),
        _ => return Err("has no requestId"),
    }
    if body["timestamp"].is_number() { Ok(()) } else { Err("has no timestamp that is a number") }
}

/// Judges anything that an endpoint might answer, for fuzzing: the first byte chooses the status.
pub fn fuzz_http_endpoint(input: &[u8]) {
    let (first, body) = input.split_first().unwrap_or((&0, &[]));
    let status = [200, 413, 503, 404][usize::from(first % 4)];
    let answer = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    let Ok(answer) = answer.body(Bytes::copy_from_slice(body)) else { return };
    if let Err(error) = judge(&answer, "id", &["canary"]) {
        assert!(
            error.message.len() < 2 * failure::QUOTED_BYTES_MAX + 1024,
            "a message without bound"
        );
        assert!(!error.message.contains("canary"), "a secret in a message");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, headers: &[(&str, &str)], body: &str) -> Result<(), SinkError> {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        judge(&answer.body(Bytes::copy_from_slice(body.as_bytes())).unwrap(), "the-id", &["s3cret"])
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn only_what_the_protocol_calls_a_success_is_one() {
        let good = "{\"requestId\":\"the-id\",\"timestamp\":1578090903599}";
        assert_eq!(judged(200, &[JSON], good), Ok(()));
        let charset = ("content-type", "Application/JSON; charset=utf-8");
        assert_eq!(judged(200, &[charset], good), Ok(()));
        let more = "{\"requestId\":\"the-id\",\"timestamp\":1.5,\"errorMessage\":null,\"x\":[]}";
        assert_eq!(judged(200, &[JSON], more), Ok(()));
        for (headers, body) in [
            (&[][..], good),
            (&[("content-type", "text/plain")], good),
            (&[JSON, ("content-encoding", "identity")], good),
            (&[JSON], ""),
            (&[JSON], "[]"),
            (&[JSON], "{\"requestId\":null}"),
            (&[JSON], "{\"requestId\":\"other\",\"timestamp\":1}"),
            (&[JSON], "{\"requestId\":\"the-id\"}"),
            (&[JSON], "{\"requestId\":\"the-id\",\"timestamp\":\"1578090903599\"}"),
            (&[JSON], "{\"requestId\":\"the-id\",\"timestamp\":1} x"),
        ] {
            let error = judged(200, headers, body).unwrap_err();
            assert_eq!(error.code, "HttpEndpoint.InvalidResponseFromDestination", "{body}");
            assert_eq!(error.then, Then::Retry);
        }
    }

    #[test]
    fn every_other_status_is_a_failure_and_413_is_final() {
        for (status, then) in [
            (201, Then::Retry),
            (307, Then::Retry),
            (400, Then::Retry),
            (413, Then::Drop),
            (500, Then::Retry),
        ] {
            let error = judged(status, &[JSON], "no, not with s3cret").unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.then),
                ("HttpEndpoint.DestinationException", then)
            );
            assert!(
                error.message.ends_with(&format!("{status}: no, not with (secret)")),
                "{}",
                error.message
            );
        }
    }
}
