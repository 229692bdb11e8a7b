//! The pages that are no operation: health, readiness, metrics.

use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use millstream_auth::Secret;

use crate::body::ReplyBody;
use crate::connection::Activity;
use crate::prometheus;
use crate::reply::page;
use crate::service::{AuthMode, Gateway};

impl Gateway {
    /// The page of a path that is nobody's operation.
    pub(crate) fn page(
        &self,
        path: &str,
        headers: &HeaderMap,
        activity: &Activity,
    ) -> Option<Response<ReplyBody>> {
        match path {
            // Alive: the process answers. Whether it should get work is /readyz.
            "/healthz" => Some(page(StatusCode::OK, "ok\n".into())),
            "/readyz" => Some(self.ready()),
            "/metrics" => Some(match self.refuse_metrics(headers, activity) {
                None => self.metrics(),
                Some(refused) => refused,
            }),
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

    fn refuse_metrics(
        &self,
        headers: &HeaderMap,
        activity: &Activity,
    ) -> Option<Response<ReplyBody>> {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        match readers_of_metrics(self.metrics_token.as_ref(), self.auth) {
            Readers::Anyone => None,
            Readers::Local if activity.is_local() => None,
            Readers::Local => {
                let text = "Metrics are for this machine alone unless metrics_token is set.\n";
                Some(page(StatusCode::FORBIDDEN, text.into()))
            }
            Readers::Token(token) if bears(given, token) => None,
            Readers::Token(_) => {
                let text = "Metrics need the header Authorization: Bearer, with metrics_token.\n";
                let mut refused = page(StatusCode::UNAUTHORIZED, text.into());
                let challenge = HeaderValue::from_static("Bearer");
                refused.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                Some(refused)
            }
        }
    }

    fn metrics(&self) -> Response<ReplyBody> {
        self.counters.body_bytes_in_flight.set(self.bodies.bytes_in_flight());
        page(StatusCode::OK, prometheus::render(self.collect.iter().map(|set| &**set as _)))
    }
}

/// Who may read `/metrics`.
enum Readers<'a> {
    Anyone,
    /// Whoever is on this machine.
    Local,
    /// Whoever has this.
    Token(&'a Secret),
}

/// Names of streams and accounts are not everybody's business (hostile input, case 39); but an open server would show
/// the streams themselves to whoever asks.
fn readers_of_metrics(token: Option<&Secret>, auth: AuthMode) -> Readers<'_> {
    match (token, auth) {
        (Some(token), _) => Readers::Token(token),
        (None, AuthMode::Signed) => Readers::Local,
        (None, AuthMode::Open) => Readers::Anyone,
    }
}

/// Whether an `Authorization` header brings a token.
fn bears(header: Option<&[u8]>, token: &Secret) -> bool {
    let parts = header.and_then(|header| header.split_at_checked(b"Bearer ".len()));
    parts.is_some_and(|(kind, given)| kind.eq_ignore_ascii_case(b"Bearer ") && token.is(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_with_the_token_or_nearby() {
        let token = Secret::new("a-token");
        let readers = |token, auth| match readers_of_metrics(token, auth) {
            Readers::Anyone => "anyone",
            Readers::Local => "local",
            Readers::Token(_) => "token",
        };
        assert_eq!(readers(None, AuthMode::Open), "anyone");
        assert_eq!(readers(None, AuthMode::Signed), "local");
        assert_eq!(readers(Some(&token), AuthMode::Open), "token");
        assert_eq!(readers(Some(&token), AuthMode::Signed), "token");
        let given = |header: &'static str| bears(Some(header.as_bytes()), &token);
        assert!(given("Bearer a-token") && given("bearer a-token"));
        for header in ["", "Bearer", "Bearer ", "Bearer a-toke", "Basic a-token", "a-token"] {
            assert!(!given(header), "{header:?}");
        }
        assert!(!bears(None, &token));
    }

    #[test]
    fn addresses_of_this_machine_are_local_in_every_form() {
        let is_local = |address: &str| Activity::new(address.parse().unwrap(), false).is_local();
        assert!(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"].into_iter().all(is_local));
        assert!(!["192.0.2.1", "::", "2001:db8::1", "0.0.0.0"].into_iter().any(is_local));
    }
}
