//! HTTP endpoints: Firehose's delivery protocol 1.0 (Firehose developer guide, "Understand HTTP endpoint delivery
//! request and response specifications").

mod request;
mod response;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use millstream_firehose::settings::HttpDestination;
use millstream_firehose::sink::{Parcel, RecordSink, RefusedRecord, SinkError, SinkFuture, Then};
use millstream_types::Clock;

use crate::failure;
use crate::outbound::{Bounds, Outbound, OutboundError};
use crate::progress::Progress;
pub(crate) use request::Division;
use request::{Head, Part};
pub use response::fuzz_http_endpoint;

/// How long an endpoint may take (the guide: 3 minutes).
const BOUNDS: Bounds =
    Bounds { timeout: Duration::from_secs(180), reply_bytes_max: response::BYTES_MAX };

/// An HTTP endpoint as a destination.
pub(crate) struct HttpEndpoint {
    outbound: Arc<Outbound>,
    clock: Arc<dyn Clock>,
    head: Head,
    /// Which requests of plans were taken.
    taken: Arc<Progress<Division>>,
}

impl HttpEndpoint {
    /// Checks the address and the key. The error is for the client and quotes neither.
    pub fn new(
        destination: &HttpDestination,
        outbound: Arc<Outbound>,
        clock: Arc<dyn Clock>,
        taken: Arc<Progress<Division>>,
    ) -> Result<Self, String> {
        let uri: Uri = destination
            .url
            .parse()
            .map_err(|_| "the URL of the endpoint is not valid".to_owned())?;
        outbound.accepts(&uri).map_err(|error| error.to_string())?;
        let head = Head::new(destination, uri)?;
        Ok(HttpEndpoint { outbound, clock, head, taken })
    }

    async fn send(&self, parcel: &Parcel) -> Result<Vec<RefusedRecord>, SinkError> {
        let mut attempt = self.taken.resume(parcel.plan, || Division::of(parcel));
        for part in attempt.left.parts(parcel) {
            if let Err(error) = self.send_part(parcel, &part).await {
                if error.then == Then::Drop {
                    attempt.finish();
                }
                return Err(error);
            }
            attempt.left.take(&part);
            parcel.pulse.beat();
        }
        attempt.finish();
        Ok(Vec::new())
    }

    async fn send_part(&self, parcel: &Parcel, part: &Part) -> Result<(), SinkError> {
        let request = self.head.request(parcel, part, self.clock.now())?;
        let answer = self.outbound.send(request, BOUNDS).await.map_err(|error| fault(&error))?;
        response::judge(&answer, &part.request_id, &self.head.secrets())
    }
}

impl RecordSink for HttpEndpoint {
    fn deliver<'a>(
        &'a self,
        parcel: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        Box::pin(self.send(parcel))
    }

    fn gave_up<'a>(&'a self, parcel: &'a Parcel) -> SinkFuture<'a, Result<(), SinkError>> {
        self.taken.forget(parcel.plan);
        Box::pin(std::future::ready(Ok(())))
    }

    /// As the guide's example of an error object has them.
    fn members(&self, parcel: &Parcel, index: usize) -> Vec<(&'static str, String)> {
        let Some(record) = parcel.records.get(index) else { return Vec::new() };
        let part = record.id.part.to_string();
        vec![("subsequenceNumber", part), ("dataId", crate::record_name(&record.id))]
    }
}

/// The codes of the guide ("HTTPS endpoint data delivery errors"; SSLHandshakeFailure: "Troubleshooting HTTP
/// endpoints").
fn fault(error: &OutboundError) -> SinkError {
    let (code, text) = match error {
        OutboundError::TimedOut { .. } => (
            "HttpEndpoint.RequestTimeout",
            "The delivery timed out before a response was received and will be retried.",
        ),
        OutboundError::TooLarge { .. } => (
            "HttpEndpoint.ResponseTooLarge",
            "The response received from the endpoint is too large. Contact the owner of the endpoint to resolve this \
             issue.",
        ),
        OutboundError::Reset { .. } => (
            "HttpEndpoint.ConnectionReset",
            "Unable to maintain connection with the endpoint. Contact the owner of the endpoint to resolve this issue.",
        ),
        OutboundError::Tls { .. } => (
            "HttpEndpoint.SSLHandshakeFailure",
            "Unable to complete an SSL handshake with the endpoint. Contact the owner of the endpoint to resolve this \
             issue.",
        ),
        OutboundError::Protocol { .. } => ("HttpEndpoint.InvalidResponseFromDestination", INVALID),
        OutboundError::Address(_)
        | OutboundError::Forbidden { .. }
        | OutboundError::Name { .. }
        | OutboundError::Refused { .. } => (
            "HttpEndpoint.ConnectionFailed",
            "Unable to connect to the destination endpoint. Contact the owner of the endpoint to resolve this issue.",
        ),
    };
    failure::retry(code, format!("{text} {error}"))
}

/// How messages about answers that break the protocol begin.
const INVALID: &str = "The response received from the specified endpoint is invalid. Contact the owner of the \
     endpoint to resolve the issue.";
