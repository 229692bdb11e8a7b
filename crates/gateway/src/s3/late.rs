//! A document that takes a while: white space keeps its connection alive until it is there.
//!
//! S3 does so for CompleteMultipartUpload (API reference: "the request may take several minutes", and a reply of 200
//! may hold an error). Here a request that is done soon gets its reply as any other, with the status of its error.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use hyper::header::CONTENT_TYPE;
use tokio::time::{Instant, Sleep};

use super::error::S3Result;
use super::xml_write::{Document, PROLOGUE};
use super::{XML, document_reply, error_document};
use crate::body::ReplyBody;
use crate::connection::RequestGuard;

/// How long a reply with a status of its own is waited for.
const SOON: Duration = Duration::from_secs(5);
/// How often white space is sent.
const EVERY: Duration = Duration::from_secs(5);

/// What the document comes to.
type Coming = Pin<Box<dyn Future<Output = S3Result<Document>> + Send>>;

/// The body of a reply whose document is not there yet.
pub struct LateDocument {
    begun: bool,
    coming: Option<Coming>,
    pause: Pin<Box<Sleep>>,
    /// The connection is in use until all is sent.
    guard: Option<RequestGuard>,
}

/// The document's reply, or, if it takes longer, one that begins at once.
pub(crate) async fn reply(
    coming: impl Future<Output = S3Result<Document>> + Send + 'static,
) -> S3Result<Response<ReplyBody>> {
    let mut coming: Coming = Box::pin(coming);
    if let Ok(document) = tokio::time::timeout(SOON, coming.as_mut()).await {
        return document.map(document_reply);
    }
    let pause = Box::pin(tokio::time::sleep(EVERY));
    let late = LateDocument { begun: false, coming: Some(coming), pause, guard: None };
    let mut reply = Response::new(ReplyBody::Late(Box::new(late)));
    reply.headers_mut().insert(CONTENT_TYPE, XML);
    Ok(reply)
}

impl LateDocument {
    /// Keeps the request's guard as long as this is sent.
    pub fn hold(&mut self, guard: RequestGuard) {
        self.guard = Some(guard);
    }

    /// Whether all is sent.
    pub fn is_over(&self) -> bool {
        self.coming.is_none()
    }

    /// The next piece; `None` at the end. The prologue is the first: white space before it is no XML.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(coming) = &mut self.coming else { return Poll::Ready(None) };
        if !std::mem::replace(&mut self.begun, true) {
            return Poll::Ready(Some(Bytes::from_static(PROLOGUE.as_bytes())));
        }
        if let Poll::Ready(document) = coming.as_mut().poll(cx) {
            self.coming = None;
            let document = document.unwrap_or_else(|error| {
                tracing::warn!(
                    code = error.code,
                    "a request of S3 failed after its reply had begun"
                );
                error_document(&error)
            });
            let text = document.finish();
            let rest = text.strip_prefix(PROLOGUE).unwrap_or(&text);
            return Poll::Ready(Some(Bytes::copy_from_slice(rest.as_bytes())));
        }
        if self.pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.pause.as_mut().reset(Instant::now() + EVERY);
        Poll::Ready(Some(Bytes::from_static(b" ")))
    }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;
    use crate::s3::error::S3Error;

    fn after(seconds: u64, result: S3Result<Document>) -> Coming {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            result
        })
    }

    fn document() -> Document {
        let mut document = Document::new("Result");
        document.element("Key", "k");
        document
    }

    async fn body(reply: Response<ReplyBody>) -> (StatusCode, String) {
        let status = reply.status();
        let mut body = reply.into_body();
        let mut text = String::new();
        while let Some(frame) =
            std::future::poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await
        {
            let data = frame.unwrap().into_data().unwrap();
            text.push_str(std::str::from_utf8(&data).unwrap());
        }
        (status, text)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_soon_is_an_ordinary_reply() {
        let (status, text) = body(reply(after(4, Ok(document()))).await.unwrap()).await;
        assert_eq!((status, text), (StatusCode::OK, document().finish()));
        let error = S3Error::bad("InvalidPart", "no");
        assert_eq!(reply(after(4, Err(error))).await.err().unwrap().code, "InvalidPart");
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_is_announced_by_white_space_after_the_prologue() {
        let (status, text) = body(reply(after(62, Ok(document()))).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        let rest = text.strip_prefix(PROLOGUE).unwrap();
        assert_eq!(rest.trim_start(), document().finish().strip_prefix(PROLOGUE).unwrap());
        assert_eq!(rest.len() - rest.trim_start().len(), 11);
        let error = S3Error::bad("InvalidPart", "no");
        let (status, text) = body(reply(after(6, Err(error))).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.ends_with("<Error><Code>InvalidPart</Code><Message>no</Message></Error>"));
    }
}
