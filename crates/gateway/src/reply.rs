//! Replies with the headers that clients read.

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use millstream_api::Error;
use millstream_wire::Protocol;

use crate::body::ReplyBody;
use crate::ids::RequestId;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-id-2");

/// A reply in the protocol of the request.
pub fn reply(
    protocol: Protocol,
    status: StatusCode,
    body: ReplyBody,
    id: &RequestId,
) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(protocol.content_type()));
    name(&mut response, id);
    response
}

/// Writes down the ids of a request.
fn name(response: &mut Response<ReplyBody>, id: &RequestId) {
    let headers = response.headers_mut();
    // Both ids are made of digits, letters, `-`, `+`, `/` and `=` only.
    for (name, value) in [(REQUEST_ID, id.id.clone()), (EXTENDED_ID, id.extended())] {
        if let Ok(value) = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)) {
            headers.insert(name, value);
        }
    }
}

/// An error in the protocol of the request.
pub fn error(protocol: Protocol, error: &Error, id: &RequestId) -> Response<ReplyBody> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply(protocol, status, ReplyBody::whole(millstream_wire::encode_error(protocol, error)), id)
}

/// An error of a request that has no protocol.
pub fn refusal(error: &Error, id: &RequestId) -> Response<ReplyBody> {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = page(status, format!("{}\n", error.message));
    name(&mut response, id);
    response
}

/// A page for people or monitoring: plain text, no protocol.
pub fn page(status: StatusCode, text: String) -> Response<ReplyBody> {
    plain(status, "text/plain; charset=utf-8", text)
}

/// A reply of the control API: JSON, no protocol.
pub fn json(status: StatusCode, text: String) -> Response<ReplyBody> {
    plain(status, "application/json", text)
}

fn plain(status: StatusCode, kind: &'static str, text: String) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}
