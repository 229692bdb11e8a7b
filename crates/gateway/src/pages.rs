//! The pages that are no operation: health, readiness, metrics.

use hyper::{Response, StatusCode};

use crate::body::ReplyBody;
use crate::prometheus;
use crate::reply::page;
use crate::service::Gateway;

impl Gateway {
    /// The page of a path that is nobody's operation.
    pub(crate) fn page(&self, path: &str) -> Option<Response<ReplyBody>> {
        match path {
            // Alive: the process answers. Whether it should get work is /readyz.
            "/healthz" => Some(page(StatusCode::OK, "ok\n".into())),
            "/readyz" => Some(self.ready()),
            "/metrics" => Some(self.metrics()),
            _ => None,
        }
    }

    fn ready(&self) -> Response<ReplyBody> {
        if *self.stop.borrow() {
            return page(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into());
        }
        match (self.refuses_writes)() {
            None => page(StatusCode::OK, "ready\n".into()),
            Some(reason) => page(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        }
    }

    fn metrics(&self) -> Response<ReplyBody> {
        self.counters.body_bytes_in_flight.set(self.bodies.bytes_in_flight());
        page(StatusCode::OK, prometheus::render(self.collect.iter().map(|set| &**set as _)))
    }
}
