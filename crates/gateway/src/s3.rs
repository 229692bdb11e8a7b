//! The S3 face of the built-in buckets: requests of S3's REST API, as the AWS CLI and the SDKs send them.
//!
//! `target.rs` finds bucket and key, `operation.rs` the operation, and refuses by name what it does not know; then each
//! file has operations that belong together. Bodies are streamed in both directions and have limits of their own.

mod ask;
mod bucket_encryption;
mod buckets;
mod checksum;
mod chunks;
mod copy;
mod dates;
mod delete;
mod encryption;
mod error;
mod headers;
mod late;
mod list;
mod multipart;
mod operation;
mod places;
mod read;
mod receive;
mod send;
mod target;
mod write;
mod xml_read;
mod xml_write;

use std::sync::Arc;
use std::time::Duration;

use http_body::Body;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue,
};
use hyper::http::request::Parts as Head;
use hyper::{Method, Request, Response, StatusCode, Version};
use millstream_auth::{Payload, authenticate_s3, declared_payload};
use millstream_buckets::Store;
use tokio::sync::{Semaphore, oneshot};

use crate::arriving::Arriving;
use crate::body::ReplyBody;
use crate::ids::RequestId;
use crate::reply;
use crate::service::{AuthMode, Gateway, check_single};
use crate::signature::{header_list, request as as_signed};
use ask::Ask;
pub use checksum::sum_of;
pub use chunks::fuzz_chunks;
use error::{S3Error, S3Result};
pub use late::LateDocument;
use operation::Operation;
use places::Places;
use receive::{Lent, Receiver};
pub use send::ObjectBody;
use target::Query;
pub use xml_read::fuzz_xml;
use xml_write::Document;

/// Objects that are received at once, and pieces of objects that are read at once; each holds a piece or two in memory.
const TRANSFERS_MAX: usize = 128;
/// Objects that are sent at once. A client that does not take what it asked for has a piece in its connection's buffer,
/// until the connection ends for it, or until another client waits for its place.
const SENDING_MAX: usize = 512;
/// How long a request waits for its turn before it is told to slow down.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// What the face keeps.
pub(crate) struct ObjectFace {
    pub store: Arc<Store>,
    receiving: Arc<Semaphore>,
    sending: Arc<Places>,
    reading: Arc<Semaphore>,
}

impl ObjectFace {
    pub fn new(store: Arc<Store>) -> Self {
        let of = |count| Arc::new(Semaphore::new(count));
        let (receiving, reading) = (of(TRANSFERS_MAX), of(TRANSFERS_MAX));
        ObjectFace { store, receiving, sending: Places::new(SENDING_MAX), reading }
    }
}

/// Runs what blocks, such as the file system, where it may.
pub(crate) async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    let done = tokio::task::spawn_blocking(run).await;
    done.unwrap_or_else(|_| Err(S3Error::internal()))
}

/// Whether a request is one of S3: it is signed for S3, or it names no service and no other rule claims it. Other
/// services' requests are POSTs to `/`, or to paths with nothing of S3's in the query.
pub(crate) fn is_object_request<B>(request: &Request<B>) -> bool {
    let (headers, uri) = (request.headers(), request.uri());
    // Most requests are calls that name their target; S3's never do.
    if headers.contains_key("x-amz-target") {
        return false;
    }
    let query = uri.query().unwrap_or_default();
    let authorization = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    if let Some(service) = millstream_auth::claimed_service(authorization, query) {
        return service == "s3";
    }
    let own_page = ["/healthz", "/readyz", "/metrics", "/console", "/dev"];
    let path = uri.path();
    let is_page = |page: &str| {
        path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if own_page.into_iter().any(is_page) {
        return false;
    }
    let selects = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    match *request.method() {
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE => true,
        Method::POST => path != "/" && ["uploads", "uploadId", "delete"].into_iter().any(selects),
        _ => false,
    }
}

impl Gateway {
    /// Answers a request of S3.
    pub(crate) async fn answer_objects(
        &self,
        request: Request<Arriving>,
        id: &RequestId,
    ) -> Response<ReplyBody> {
        if let Some(refused) = self.refuse_host(&request) {
            return reply::refusal(&refused, id);
        }
        let (head, body) = request.into_parts();
        let (body, returned) = Lent::new(body);
        let mut reply = match self.objects(&head, body).await {
            Ok(reply) => reply,
            Err(error) => {
                self.tell_object_error(&error, id);
                let mut reply = error_reply(&error, &head, id);
                if !self.is_read_to_its_end(&head, returned).await {
                    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                reply
            }
        };
        let headers = reply.headers_mut();
        for (name, value) in [("x-amz-request-id", id.id.clone()), ("x-amz-id-2", id.extended())] {
            if let Ok(value) = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        // What lies in a bucket must never act as a page of this server's.
        headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
        headers.insert("content-security-policy", HeaderValue::from_static("sandbox"));
        reply
    }

    /// Whether nothing is left of a body, so that the connection can be used again. HTTP/2's can in any case.
    async fn is_read_to_its_end(&self, head: &Head, body: oneshot::Receiver<Arriving>) -> bool {
        let Ok(body) = body.await else { return false };
        if head.version == Version::HTTP_2 || body.is_end_stream() {
            return true;
        }
        // A client that waits to be told to go on does not send it now.
        let waits = head.headers.contains_key(EXPECT);
        let timeout = Duration::from_millis(self.http.body_read_timeout_ms);
        !waits && receive::drain(body, timeout).await
    }

    async fn objects(&self, head: &Head, body: Lent) -> S3Result<Response<ReplyBody>> {
        let face = &self.objects;
        check_single(&head.headers)
            .map_err(|error| S3Error::bad("InvalidRequest", error.message))?;
        let list = header_list(head);
        let signed = as_signed(head, &list);
        let (identity, payload, signer) = match self.auth {
            AuthMode::Open => {
                let declared = declared_payload(&signed).map_err(S3Error::of_auth)?;
                let payload = match declared.unwrap_or(Payload::Unsigned) {
                    // Nobody is believed more for it.
                    Payload::Hash(_) => Payload::Unsigned,
                    payload => payload,
                };
                (self.open_identity(head), payload, None)
            }
            AuthMode::Signed => {
                if is_signed_by_version_2(head) {
                    return Err(S3Error::bad("InvalidRequest", VERSION_2));
                }
                let now = self.clock.now();
                let verified = authenticate_s3(&signed, now, &*self.keys, &self.signing_keys);
                let verified = verified.map_err(|error| {
                    self.counters.signatures_refused.add(1);
                    S3Error::of_auth(error)
                })?;
                let principal = verified.scope.access_key_id.as_str().into();
                let (account, region) = (verified.account, verified.scope.region);
                let identity = crate::signature::Identity { account, region, principal };
                (identity, verified.payload, Some(verified.chunks))
            }
        };
        let query = Query::of(head)?;
        let bucket = target::bucket_of_host(host_of(head), &self.hosts.names, self.hosts.any);
        let target = target::target(bucket, head.uri.path())?;
        let operation = Operation::of(&head.method, &target, &query, &head.headers)?;
        let timeout = Duration::from_millis(self.http.body_read_timeout_ms);
        let ask = Ask {
            face,
            identity,
            owners_only: self.auth == AuthMode::Signed,
            target,
            query,
            headers: &head.headers,
        };
        let body = Receiver::new(body, &head.headers, payload, signer, timeout)?;
        ask.answer(operation, body).await
    }

    fn tell_object_error(&self, error: &S3Error, id: &RequestId) {
        let (request_id, code) = (&id.id, error.code);
        if !error.status.is_server_error() || error.status == StatusCode::NOT_IMPLEMENTED {
            tracing::debug!(%request_id, code, "an object request was refused");
            return;
        }
        let Some(untold) = self.told.admit(self.clock.now().0 / 1000) else { return };
        let cause = error.details.iter().find(|(name, _)| *name == CAUSE);
        let cause = cause.map_or(&*error.message, |(_, cause)| cause);
        tracing::error!(%request_id, code, error = cause, untold, "an object request failed");
    }
}

/// What S3 answers where it takes version 4 of signatures only. The AWS CLI and boto3 presign by version 2 for
/// endpoints that are not AWS's, unless they are told otherwise.
const VERSION_2: &str =
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";

/// Whether a request is signed as S3's were before 2014.
fn is_signed_by_version_2(head: &Head) -> bool {
    let mut headers = head.headers.get_all(AUTHORIZATION).iter();
    let query = head.uri.query().unwrap_or_default();
    headers.any(|value| value.as_bytes().starts_with(b"AWS "))
        || query.split('&').any(|pair| pair.split('=').next() == Some("AWSAccessKeyId"))
}

/// The detail of an error that is logged and not told.
const CAUSE: &str = "Cause";

fn host_of(head: &Head) -> &str {
    let header = head.headers.get(HOST).and_then(|value| value.to_str().ok());
    head.uri.authority().map(|authority| authority.as_str()).or(header).unwrap_or_default()
}

fn error_reply(error: &S3Error, head: &Head, id: &RequestId) -> Response<ReplyBody> {
    let mut document = error_document(error);
    document.element("Resource", head.uri.path());
    document.element("RequestId", &id.id).element("HostId", id.extended());
    // A reply to HEAD has no body; neither has one that says that nothing has changed.
    let silent = head.method == Method::HEAD || error.status == StatusCode::NOT_MODIFIED;
    let mut reply = match silent {
        true => Response::new(ReplyBody::Whole(None)),
        false => document_reply(document),
    };
    *reply.status_mut() = error.status;
    reply
}

/// An error's document, to which what only a reply knows is added.
fn error_document(error: &S3Error) -> Document {
    let mut document = Document::error();
    document.element("Code", error.code).element("Message", &error.message);
    for (name, value) in error.details.iter().filter(|(name, _)| *name != CAUSE) {
        document.element(name, value);
    }
    document
}

/// A reply with a document.
pub(crate) fn document_reply(document: Document) -> Response<ReplyBody> {
    let mut reply = Response::new(ReplyBody::whole(document.finish()));
    reply.headers_mut().insert(CONTENT_TYPE, XML);
    reply
}

/// A reply without a body.
pub(crate) fn empty_reply(status: StatusCode) -> Response<ReplyBody> {
    let mut reply = Response::new(ReplyBody::Whole(None));
    *reply.status_mut() = status;
    reply
}
