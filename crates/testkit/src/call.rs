//! Calls of Kinesis in AWS JSON 1.1, as bytes.

use serde_json::Value;

use crate::{Http, Wire};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The whole response.
    pub http: Http,
}

impl Reply {
    /// The body as JSON; null if it is empty.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn json(&self) -> Value {
        if self.http.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.http.body).expect("a body of JSON")
    }

    /// The error's code, without what comes before `#`; empty if there is none.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.http.body).unwrap_or_default();
        let code = body["__type"].as_str().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    }

    /// The error's message; empty if there is none.
    pub fn message(&self) -> String {
        let body: Value = serde_json::from_slice(&self.http.body).unwrap_or_default();
        let text = body["message"].as_str().or_else(|| body["Message"].as_str());
        text.unwrap_or_default().to_owned()
    }
}

/// The bytes of a request with further headers (each with its line's end).
pub fn request(operation: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: Kinesis_20131202.{operation}\r\n\
         content-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Calls an operation.
///
/// # Panics
/// If no whole answer comes.
pub fn call(wire: &mut Wire, operation: &str, input: &Value) -> Reply {
    wire.send(&request(operation, "", input.to_string().as_bytes()));
    let http = wire.read_http().expect("an answer");
    Reply { status: http.status, http }
}
