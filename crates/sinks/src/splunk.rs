//! Splunk's HTTP event collector (HEC), with acknowledgement by the indexer.
//!
//! Records are concatenated byte for byte (Firehose developer guide, "Data delivery format") and sent on a channel; the
//! collector hands out an acknowledgement's id, which is asked for until the records are indexed or the time is over.
//! Cookies that come with the first answer go with the questions: a proxy in between needs them to find the same
//! indexer again.

mod answer;
mod cookies;
mod events;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderValue};
use hyper::{Request, Response, Uri};
use millstream_firehose::settings::SplunkDestination;
use millstream_firehose::sink::{Parcel, RecordSink, RefusedRecord, SinkError, SinkFuture};
use millstream_types::{Clock, Random};
use tokio::time::Instant;

use crate::outbound::{Bounds, Outbound};
use crate::progress::Progress;
pub use answer::fuzz_splunk;
use answer::{Acknowledged, Sent};
use cookies::Cookies;

/// How long the collector may take to answer one request; not the time of an acknowledgement.
const BOUNDS: Bounds = Bounds { timeout: Duration::from_secs(180), reply_bytes_max: 64 * 1024 };
/// Waits between two questions for an acknowledgement: the first, doubled up to the last.
const POLL_FIRST: Duration = Duration::from_millis(500);
const POLL_MAX: Duration = Duration::from_secs(10);
/// How long an indexer may take until it counts as slow. An attempt that is ended after this makes duplicates.
const INDEXING_PATIENCE: Duration = Duration::from_secs(60);
/// Most events of one parcel that are taken out as refused, each at the cost of another request.
const REFUSED_MAX: usize = 100;

/// Splunk as a destination.
pub(crate) struct Splunk {
    outbound: Arc<Outbound>,
    clock: Arc<dyn Clock>,
    event: bool,
    acknowledgement_timeout: Duration,
    send_to: Uri,
    ask_at: Uri,
    authorization: HeaderValue,
    channel: HeaderValue,
    token: millstream_firehose::settings::SecretText,
    /// Which records of plans were refused.
    refused: Arc<Progress<Vec<RefusedRecord>>>,
}

impl Splunk {
    /// Checks the address and the token; draws a channel. The error is for the client and does not quote the token.
    pub fn new(
        destination: &SplunkDestination,
        outbound: Arc<Outbound>,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
        refused: Arc<Progress<Vec<RefusedRecord>>>,
    ) -> Result<Self, String> {
        let base = base(&destination.endpoint)?;
        let channel = channel(random);
        let at = |path: &str| {
            let uri: Result<Uri, _> =
                format!("{base}/services/collector/{path}?channel={channel}").parse();
            uri.map_err(|_| "the HEC endpoint is no valid address".to_owned())
        };
        let send_to = at(if destination.event { "event" } else { "raw" })?;
        outbound.accepts(&send_to).map_err(|error| error.to_string())?;
        let mut authorization =
            HeaderValue::from_str(&format!("Splunk {}", destination.token.0))
                .map_err(|_| "the HEC token cannot be sent as a header".to_owned())?;
        authorization.set_sensitive(true);
        let channel_header = HeaderValue::from_str(&channel);
        Ok(Splunk {
            outbound,
            clock,
            event: destination.event,
            acknowledgement_timeout: destination.acknowledgement_timeout,
            send_to,
            ask_at: at("ack")?,
            authorization,
            channel: channel_header.map_err(|_| "the channel is not valid".to_owned())?,
            token: destination.token.clone(),
            refused,
        })
    }

    async fn send(&self, parcel: &Parcel) -> Result<Vec<RefusedRecord>, SinkError> {
        let mut attempt = self.refused.resume(parcel.plan, Vec::new);
        let is_kept = |index: &usize| {
            let id = parcel.records[*index].id;
            attempt.left.iter().all(|refused| refused.id != id)
        };
        let mut kept: Vec<usize> = (0..parcel.records.len()).filter(is_kept).collect();
        while !kept.is_empty() {
            let body = concatenated(parcel, &kept);
            let mut cookies = Cookies::default();
            let answer = self.post(&self.send_to, body, &cookies).await?;
            parcel.pulse.beat();
            match answer::sent(&answer, &self.token.0)? {
                Sent::Taken(acknowledgement) => {
                    parcel.pulse.beat_for(INDEXING_PATIENCE);
                    cookies.learn(answer.headers());
                    self.wait(acknowledgement, &mut cookies).await?;
                    break;
                }
                Sent::Invalid { event, error } => {
                    // The collector names one event at a time; all others are sent again without its record.
                    let at = events::record_of(parcel, &kept, event).filter(|_| self.event);
                    let fits = attempt.left.len() < REFUSED_MAX;
                    let at = at.filter(|_| fits).ok_or(error.clone())?;
                    let index = kept.remove(at);
                    let (id, members) = (parcel.records[index].id, members(parcel, index));
                    let SinkError { code, message, .. } = error;
                    attempt.left.push(RefusedRecord { id, code, message, members });
                }
            }
        }
        Ok(attempt.finish())
    }

    /// Asks until the records are indexed or the acknowledgement's time is over, by the machine's clock or by service
    /// time, which people move. Failures of a question are not the end: the records may be indexed all the same.
    async fn wait(&self, acknowledgement: u64, cookies: &mut Cookies) -> Result<(), SinkError> {
        let until = Instant::now() + self.acknowledgement_timeout;
        let due = self.clock.now().plus(self.acknowledgement_timeout);
        let mut pause = POLL_FIRST;
        let mut last = None;
        loop {
            if self.clock.now() >= due {
                return Err(last.unwrap_or_else(answer::not_acknowledged));
            }
            if Instant::now() + pause > until {
                tokio::time::sleep_until(until).await;
                return Err(last.unwrap_or_else(answer::not_acknowledged));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(POLL_MAX);
            let question = format!("{{\"acks\":[{acknowledgement}]}}");
            let asked = self.post(&self.ask_at, question.into(), cookies);
            let Ok(Ok(answer)) = tokio::time::timeout_at(until, asked).await else { continue };
            cookies.learn(answer.headers());
            match answer::acknowledged(&answer, acknowledgement, &self.token.0) {
                Acknowledged::Yes => return Ok(()),
                Acknowledged::NotYet => last = None,
                Acknowledged::Never(error) => return Err(error),
                Acknowledged::Unknown(error) => last = Some(error),
            }
        }
    }

    async fn post(
        &self,
        uri: &Uri,
        body: Bytes,
        cookies: &Cookies,
    ) -> Result<Response<Bytes>, SinkError> {
        let mut request = Request::new(body);
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = uri.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert("x-splunk-request-channel", self.channel.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(cookies) = cookies.header() {
            headers.insert(COOKIE, cookies);
        }
        self.outbound.send(request, BOUNDS).await.map_err(|error| answer::fault(&error))
    }
}

impl RecordSink for Splunk {
    fn deliver<'a>(
        &'a self,
        parcel: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        Box::pin(self.send(parcel))
    }

    fn gave_up<'a>(&'a self, parcel: &'a Parcel) -> SinkFuture<'a, Result<(), SinkError>> {
        self.refused.forget(parcel.plan);
        Box::pin(std::future::ready(Ok(())))
    }

    fn members(&self, parcel: &Parcel, index: usize) -> Vec<(&'static str, String)> {
        members(parcel, index)
    }
}

/// What the guide's example of an error object has: the event's id, a number and a part.
fn members(parcel: &Parcel, index: usize) -> Vec<(&'static str, String)> {
    let id = parcel.records.get(index).map(|record| crate::record_name(&record.id));
    id.map(|id| ("EventId", id)).into_iter().collect()
}

/// The address before HEC's own paths, which people give with and without them.
fn base(endpoint: &str) -> Result<&str, String> {
    if endpoint.contains(['?', '#']) {
        return Err("the HEC endpoint may not have a query".to_owned());
    }
    let mut base = endpoint.trim_end_matches('/');
    for path in ["/raw", "/event", "/services/collector"] {
        base = match base.strip_suffix(path) {
            Some(rest) if path.starts_with("/s") || rest.ends_with("/services/collector") => rest,
            Some(_) | None => base,
        };
    }
    Ok(base.trim_end_matches('/'))
}

fn channel(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn concatenated(parcel: &Parcel, kept: &[usize]) -> Bytes {
    let records = || kept.iter().filter_map(|index| parcel.records.get(*index));
    if let [only] = kept {
        return parcel.records.get(*only).map(|record| record.data.clone()).unwrap_or_default();
    }
    let mut body = BytesMut::with_capacity(records().map(|record| record.data.len()).sum());
    records().for_each(|record| body.extend_from_slice(&record.data));
    body.freeze()
}
