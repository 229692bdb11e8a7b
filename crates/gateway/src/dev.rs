//! The control API of developers, `/dev/…`: there in `open` mode only. What it does is not the gateway's matter.

use std::future::Future;
use std::pin::Pin;

use hyper::{Request, Response, StatusCode};

use crate::arriving::Arriving;
use crate::body::ReplyBody;
use crate::connection::Activity;
use crate::reply::json;
use crate::service::Gateway;

/// What a developer's request comes to: `(status, JSON)`.
pub type DevReply<'a> = Pin<Box<dyn Future<Output = (u16, String)> + Send + 'a>>;

/// Answers the requests of developers.
pub trait DevApi: Send + Sync + 'static {
    /// Answers a request; `path` is what follows `/dev/`.
    fn answer<'a>(&'a self, method: &'a str, path: &'a str, body: &'a [u8]) -> DevReply<'a>;
}

/// Where the control API is.
pub(crate) const DEV_PATH: &str = "/dev/";
/// Largest body of its requests.
const DEV_BODY_BYTES_MAX: usize = 64 * 1024;

impl Gateway {
    /// Answers a request to the control API. Host and origin are checked already.
    pub(crate) async fn develop(
        &self,
        request: Request<Arriving>,
        activity: &Activity,
    ) -> Response<ReplyBody> {
        let Some(dev) = &self.dev else {
            return refuse(
                StatusCode::FORBIDDEN,
                "The control API is there with --auth open only.",
            );
        };
        let (head, body) = request.into_parts();
        let Ok(body) = self.read_body(body, DEV_BODY_BYTES_MAX, activity).await else {
            return refuse(StatusCode::BAD_REQUEST, "The body is too large, too slow or broken.");
        };
        let path = head.uri.path().strip_prefix(DEV_PATH).unwrap_or_default();
        let (status, text) = dev.answer(head.method.as_str(), path, &body).await;
        json(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text)
    }
}

/// A refusal of the gateway's own; the text has nothing to escape.
fn refuse(status: StatusCode, message: &'static str) -> Response<ReplyBody> {
    json(status, format!("{{\"message\":\"{message}\"}}"))
}
