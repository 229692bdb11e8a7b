//! What the collector's answers mean: AWS's codes ("Splunk data delivery errors" of the Firehose developer guide) for
//! HEC's (Splunk's "Possible error codes" of the HTTP event collector).

use bytes::Bytes;
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use millstream_firehose::sink::{SinkError, Then};
use serde_json::Value;

use crate::failure::{self, quoted};
use crate::outbound::OutboundError;

/// What came of sending records.
#[derive(Debug)]
pub(super) enum Sent {
    /// Taken; the acknowledgement's id.
    Taken(u64),
    /// One event is not valid, by its number; the error is for its record, or for all if the record is not found.
    Invalid { event: u64, error: SinkError },
}

/// What came of asking for an acknowledgement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Acknowledged {
    Yes,
    NotYet,
    /// It makes no sense to go on asking.
    Never(SinkError),
    /// The question was not answered; the next may be.
    Unknown(SinkError),
}

/// Reads the answer to records.
pub(super) fn sent(answer: &Response<Bytes>, token: &str) -> Result<Sent, SinkError> {
    let body = read(answer);
    let code = body["code"].as_u64();
    if answer.status() == 200 && code == Some(0) {
        return match body["ackId"].as_u64() {
            Some(acknowledgement) => Ok(Sent::Taken(acknowledgement)),
            None => Err(disabled_ack()),
        };
    }
    let error = error(answer, code, token);
    match body["invalid-event-number"].as_u64() {
        Some(event) if matches!(code, Some(6 | 7 | 12 | 13 | 15)) => {
            Ok(Sent::Invalid { event, error })
        }
        Some(_) | None => Err(error),
    }
}

/// Reads the answer to the question for an acknowledgement.
pub(super) fn acknowledged(
    answer: &Response<Bytes>,
    acknowledgement: u64,
    token: &str,
) -> Acknowledged {
    let body = read(answer);
    match &body["acks"][acknowledgement.to_string()] {
        Value::Bool(true) if answer.status() == 200 => return Acknowledged::Yes,
        Value::Bool(false) if answer.status() == 200 => return Acknowledged::NotYet,
        _ => {}
    }
    match body["code"].as_u64() {
        // The node that was asked does not know the channel that another one has records of.
        Some(10 | 11) => Acknowledged::Never(failure::retry(
            "Splunk.ProxyWithoutStickySessions",
            "If you have a proxy (ELB or other) between Firehose and the HEC node, you must enable sticky sessions to \
             support HEC ACKs.",
        )),
        Some(14) => Acknowledged::Never(disabled_ack()),
        code => Acknowledged::Unknown(error(answer, code, token)),
    }
}

/// The acknowledgement's time is over.
pub(super) fn not_acknowledged() -> SinkError {
    failure::retry(
        "Splunk.AckTimeout",
        "Did not receive an acknowledgement from HEC before the HEC acknowledgement timeout expired. Despite the \
         acknowledgement timeout, it's possible the data was indexed successfully in Splunk.",
    )
}

fn disabled_ack() -> SinkError {
    failure::retry(
        "Splunk.DisabledAck",
        "Indexer acknowledgement is disabled for the HEC token. Enable indexer acknowledgement and try again.",
    )
}

/// The error of a request that was not answered.
pub(super) fn fault(error: &OutboundError) -> SinkError {
    let (code, text) = match error {
        OutboundError::TimedOut { .. } => (
            "Splunk.ConnectionTimeout",
            "The connection to Splunk timed out. This might be a transient error and the request will be retried.",
        ),
        OutboundError::Reset { .. } => (
            "Splunk.ConnectionClosed",
            "Unable to send data to Splunk due to a connection failure. This might be a transient error.",
        ),
        OutboundError::Tls { reason, .. } if reason.contains("not valid for name") => (
            "Splunk.SSLUnverified",
            "Could not connect to the HEC endpoint. The host does not match the certificate provided by the peer.",
        ),
        OutboundError::Tls { .. } => (
            "Splunk.SSLHandshake",
            "Could not connect to the HEC endpoint. Make sure that the certificate and the host are valid.",
        ),
        OutboundError::Address(_)
        | OutboundError::Forbidden { .. }
        | OutboundError::Name { .. }
        | OutboundError::Refused { .. } => (
            "Splunk.InvalidEndpoint",
            "Could not connect to the HEC endpoint. Make sure that the HEC endpoint URL is valid and reachable.",
        ),
        OutboundError::TooLarge { .. } | OutboundError::Protocol { .. } => {
            ("Splunk.ServerError", SERVER_ERROR)
        }
    };
    failure::retry(code, format!("{text} {error}"))
}

const SERVER_ERROR: &str =
    "Data delivery to Splunk failed due to a server error from the HEC node.";

/// JSON, or nothing.
fn read(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
}

fn error(answer: &Response<Bytes>, code: Option<u64>, token: &str) -> SinkError {
    let status = answer.status().as_u16();
    let (name, text) = match (code, status) {
        (Some(1 | 22), _) => ("Splunk.DisabledToken", "The HEC token is disabled."),
        (Some(2 | 3 | 4 | 16 | 21), _) => ("Splunk.InvalidToken", "The HEC token is invalid."),
        (Some(5 | 6 | 12 | 13 | 15), _) => {
            ("Splunk.InvalidDataFormat", "The data is not formatted correctly.")
        }
        (Some(7), _) => {
            ("Splunk.InvalidIndex", "The HEC token or input is configured with an invalid index.")
        }
        (Some(14), _) => return disabled_ack(),
        (Some(9 | 18 | 20 | 23 | 26 | 27), _) | (None, 429 | 503) => {
            ("Splunk.IndexerBusy", "The HEC node is busy.")
        }
        (None, 401 | 403) => ("Splunk.InvalidToken", "The HEC token is invalid."),
        (None, 300..=499) => (
            "Splunk.InvalidEndpoint",
            "The HEC endpoint did not answer as one. Make sure that the HEC endpoint URL is valid.",
        ),
        (Some(_) | None, _) => ("Splunk.ServerError", SERVER_ERROR),
    };
    let then = failure::then_of(answer);
    let message = format!("{text} {status}: {}", quoted(answer.body(), &[token]));
    SinkError { code: name.to_owned(), message, then }
}

/// Reads anything that a collector might answer, for fuzzing.
pub fn fuzz_splunk(input: &[u8]) {
    for status in [200, 400, 503] {
        let answer = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
        let Ok(answer) = answer.body(Bytes::copy_from_slice(input)) else { return };
        let errors = [
            match sent(&answer, "canary") {
                Ok(Sent::Taken(_)) => None,
                Ok(Sent::Invalid { error, .. }) | Err(error) => Some(error),
            },
            match acknowledged(&answer, 0, "canary") {
                Acknowledged::Yes | Acknowledged::NotYet => None,
                Acknowledged::Never(error) | Acknowledged::Unknown(error) => Some(error),
            },
        ];
        for error in errors.into_iter().flatten() {
            assert!(error.message.len() < 2 * failure::QUOTED_BYTES_MAX, "a message without bound");
            assert!(error.then != Then::Drop, "dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    #[test]
    fn every_code_of_the_collector_has_one_of_aws() {
        for (status, body, expected) in [
            (200, "{\"text\":\"Success\",\"code\":0}", "Splunk.DisabledAck"),
            (403, "{\"text\":\"Token disabled\",\"code\":1}", "Splunk.DisabledToken"),
            (401, "{\"text\":\"Token is required\",\"code\":2}", "Splunk.InvalidToken"),
            (403, "{\"text\":\"Invalid token\",\"code\":4}", "Splunk.InvalidToken"),
            (400, "{\"text\":\"No data\",\"code\":5}", "Splunk.InvalidDataFormat"),
            (400, "{\"text\":\"Invalid data format\",\"code\":6}", "Splunk.InvalidDataFormat"),
            (400, "{\"text\":\"Incorrect index\",\"code\":7}", "Splunk.InvalidIndex"),
            (500, "{\"text\":\"Internal server error\",\"code\":8}", "Splunk.ServerError"),
            (503, "{\"text\":\"Server is busy\",\"code\":9}", "Splunk.IndexerBusy"),
            (400, "{\"text\":\"Data channel is missing\",\"code\":10}", "Splunk.ServerError"),
            (400, "{\"text\":\"ACK is disabled\",\"code\":14}", "Splunk.DisabledAck"),
            (404, "<html>", "Splunk.InvalidEndpoint"),
            (302, "", "Splunk.InvalidEndpoint"),
            (200, "fine", "Splunk.ServerError"),
            (502, "", "Splunk.ServerError"),
            (503, "", "Splunk.IndexerBusy"),
            (401, "", "Splunk.InvalidToken"),
        ] {
            let error = sent(&answer(status, body), "").unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.then),
                (expected, Then::Retry),
                "{status} {body}"
            );
        }
    }

    #[test]
    fn acknowledgements_are_read_strictly() {
        for (status, body, expected) in [
            (200, "{\"acks\":{\"7\":true}}", Some(true)),
            (200, "{\"acks\":{\"7\":false}}", Some(false)),
            (200, "{\"acks\":{\"8\":true}}", None),
            (200, "{\"acks\":{\"7\":\"true\"}}", None),
            (500, "{\"acks\":{\"7\":true}}", None),
            (200, "", None),
        ] {
            let told = match acknowledged(&answer(status, body), 7, "") {
                Acknowledged::Yes => Some(true),
                Acknowledged::NotYet => Some(false),
                Acknowledged::Unknown(_) => None,
                Acknowledged::Never(error) => panic!("{error:?}"),
            };
            assert_eq!(told, expected, "{status} {body}");
        }
        for (code, expected) in
            [(11, "Splunk.ProxyWithoutStickySessions"), (14, "Splunk.DisabledAck")]
        {
            let told = acknowledged(&answer(400, &format!("{{\"code\":{code}}}")), 7, "");
            assert!(matches!(told, Acknowledged::Never(error) if error.code == expected));
        }
    }
}
