//! OpenSearch and Elasticsearch: documents by the `_bulk` request.
//!
//! A record is a document. Each goes into the index of its arrival ([`index_name`]), under an id that stays the same
//! over attempts unless the configuration asks for none. What the cluster refuses for good is a refused record; what it
//! has no room for now is sent again with the next attempt, and only that.

mod answer;
mod bulk;
mod index_name;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, Uri};
use millstream_firehose::settings::SearchDestination;
use millstream_firehose::sink::{
    Parcel, RecordId, RecordSink, RefusedRecord, SinkError, SinkFuture, Then,
};
use millstream_types::Clock;

use crate::failure::{self, quoted};
use crate::outbound::{Bounds, Outbound, OutboundError};
use crate::progress::{Progress, Settled};
use crate::signing::{Identity, Signer};
use answer::Outcome;
pub use answer::fuzz_bulk;

/// How long the cluster may take. An answer has a few hundred bytes for each document.
const BOUNDS: Bounds =
    Bounds { timeout: Duration::from_secs(180), reply_bytes_max: 32 * 1024 * 1024 };

/// A cluster, and who it is told that we are.
#[derive(Clone)]
pub struct SearchCluster {
    /// Its address; a path is kept.
    pub endpoint: Uri,
    /// The ARN of the domain that delivery streams may name instead.
    pub domain_arn: Option<String>,
    /// How requests say who sends them.
    pub identity: SearchIdentity,
}

/// How requests to a cluster say who sends them.
#[derive(Clone)]
pub enum SearchIdentity {
    /// Not at all.
    None,
    /// A user and a password (HTTP's basic authentication).
    Basic {
        /// The user.
        user: String,
        /// The password. Never shown.
        password: String,
    },
    /// AWS Signature Version 4, for the service `es` unless another is named.
    Signed(Identity),
}

/// A cluster as a destination.
pub(crate) struct Search {
    outbound: Arc<Outbound>,
    signer: Option<Signer>,
    basic: Option<HeaderValue>,
    password: String,
    uri: Uri,
    destination: SearchDestination,
    /// What became of plans' documents.
    settled: Arc<Progress<Settled>>,
}

impl Search {
    /// Finds the cluster's address and identity. The error is for the client.
    pub fn new(
        destination: &SearchDestination,
        clusters: &[SearchCluster],
        outbound: Arc<Outbound>,
        clock: Arc<dyn Clock>,
        settled: Arc<Progress<Settled>>,
    ) -> Result<Self, String> {
        let (base, identity) = find(destination, clusters)?;
        let uri: Uri = format!("{}/_bulk", base.trim_end_matches('/'))
            .parse()
            .map_err(|_| "the endpoint of the cluster is no valid address".to_owned())?;
        outbound.accepts(&uri).map_err(|error| error.to_string())?;
        let mut search = Search {
            outbound,
            signer: None,
            basic: None,
            password: String::new(),
            uri,
            destination: destination.clone(),
            settled,
        };
        match identity {
            SearchIdentity::None => {}
            SearchIdentity::Basic { user, password } => {
                search.basic = Some(basic(&user, &password)?);
                search.password = password;
            }
            SearchIdentity::Signed(identity) => {
                search.signer = Some(Signer::new(identity, "es", clock))
            }
        }
        Ok(search)
    }

    async fn send(&self, parcel: &Parcel) -> Result<Vec<RefusedRecord>, SinkError> {
        let mut attempt = self.settled.resume(parcel.plan, Settled::default);
        bulk::sort_out(parcel, &self.destination, &mut attempt.left);
        let mut parts = bulk::parts(parcel, &bulk::pending(parcel, &attempt.left));
        let mut failure = None;
        while let Some(part) = parts.pop() {
            let body = bulk::body(parcel, &part, &self.destination);
            let sent = self.send_part(parcel, &part, body).await;
            parcel.pulse.beat();
            match sent {
                Ok(Outcome { refused, busy, error }) => {
                    // What met a busy cluster is left; it is in the order of the request.
                    let done = part.iter().filter(|index| busy.binary_search(index).is_err());
                    attempt.left.add(ids(parcel, done), refused);
                    failure = failure.or(error);
                }
                // Clusters differ in how large a request may be; halves may fit.
                Err(Rejected::TooLarge(error)) if part.len() == 1 => {
                    let refused = self.refused(parcel, part[0], error);
                    attempt.left.add(ids(parcel, &part), refused);
                }
                Err(Rejected::TooLarge(_)) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.push(second.to_vec());
                    parts.push(first.to_vec());
                }
                Err(Rejected::Failed(error)) => return Err(error),
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        Ok(attempt.finish().refused)
    }

    async fn send_part(
        &self,
        parcel: &Parcel,
        part: &[usize],
        body: Bytes,
    ) -> Result<Outcome, Rejected> {
        let mut request = Request::new(body);
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        if let Some(basic) = &self.basic {
            headers.insert(AUTHORIZATION, basic.clone());
        }
        if let Some(signer) = &self.signer {
            let signed = signer.sign(&mut request, &parcel.sender.region);
            signed.map_err(|error| {
                Rejected::Failed(self.failed("ServiceException", error, Then::Retry))
            })?;
        }
        let answer = self.outbound.send(request, BOUNDS).await;
        let answer = answer.map_err(|error| Rejected::Failed(self.fault(&error)))?;
        self.check_status(&answer)?;
        answer::read(parcel, part, &self.destination, answer.body()).map_err(|what| {
            let text = format!("The answer of the cluster is not one to a bulk request: {what}.");
            Rejected::Failed(self.failed("ServiceException", text, Then::Retry))
        })
    }

    fn check_status(&self, answer: &Response<Bytes>) -> Result<(), Rejected> {
        let status = answer.status().as_u16();
        let code = match status {
            200 => return Ok(()),
            401 | 403 => "AccessDenied",
            404 => "ResourceNotFound",
            _ => "ServiceException",
        };
        let text = format!("{status}: {}", quoted(answer.body(), &[&self.password]));
        if status == 413 {
            let error = SinkError { code: "413".to_owned(), message: text, then: Then::GiveUp };
            return Err(Rejected::TooLarge(error));
        }
        let text = format!("The error was received from the cluster. {text}");
        Err(Rejected::Failed(self.failed(code, text, failure::then_of(answer))))
    }

    fn fault(&self, error: &OutboundError) -> SinkError {
        let code = match error {
            OutboundError::TimedOut { .. } => "RequestTimeout",
            OutboundError::Address(_)
            | OutboundError::Forbidden { .. }
            | OutboundError::Name { .. }
            | OutboundError::Refused { .. }
            | OutboundError::Reset { .. }
            | OutboundError::Tls { .. } => "ConnectionFailed",
            OutboundError::TooLarge { .. } | OutboundError::Protocol { .. } => "ServiceException",
        };
        self.failed(code, error.to_string(), Then::Retry)
    }

    /// An error of the whole request: `ES.` or `OS.` and its name.
    fn failed(&self, name: &str, message: String, then: Then) -> SinkError {
        let family = if self.destination.elasticsearch { "ES" } else { "OS" };
        SinkError { code: format!("{family}.{name}"), message, then }
    }

    fn refused(&self, parcel: &Parcel, index: usize, error: SinkError) -> Option<RefusedRecord> {
        let members = bulk::members(parcel, index, &self.destination);
        let id = parcel.records.get(index)?.id;
        Some(RefusedRecord { id, code: error.code, message: error.message, members })
    }
}

impl RecordSink for Search {
    fn deliver<'a>(
        &'a self,
        parcel: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        Box::pin(self.send(parcel))
    }

    fn gave_up<'a>(&'a self, parcel: &'a Parcel) -> SinkFuture<'a, Result<(), SinkError>> {
        self.settled.forget(parcel.plan);
        Box::pin(std::future::ready(Ok(())))
    }

    fn members(&self, parcel: &Parcel, index: usize) -> Vec<(&'static str, String)> {
        bulk::members(parcel, index, &self.destination)
    }
}

/// The ids of some records of a parcel.
fn ids<'a>(
    parcel: &'a Parcel,
    indexes: impl IntoIterator<Item = &'a usize>,
) -> impl Iterator<Item = RecordId> {
    indexes.into_iter().filter_map(|index| parcel.records.get(*index)).map(|record| record.id)
}

/// Why a request as a whole was not taken.
enum Rejected {
    TooLarge(SinkError),
    Failed(SinkError),
}

/// The address and identity of a destination's cluster: by its ARN, else by its address.
fn find(
    destination: &SearchDestination,
    clusters: &[SearchCluster],
) -> Result<(String, SearchIdentity), String> {
    let wanted = &*destination.endpoint;
    if wanted.starts_with("arn:") {
        let named = |cluster: &&SearchCluster| cluster.domain_arn.as_deref() == Some(wanted);
        let cluster = clusters.iter().find(named).ok_or_else(|| {
            format!(
                "{wanted}: no [[destinations.opensearch]] of the configuration has this domain_arn"
            )
        })?;
        return Ok((cluster.endpoint.to_string(), cluster.identity.clone()));
    }
    let uri: Uri =
        wanted.parse().map_err(|_| "the endpoint of the cluster is no valid address".to_owned())?;
    let target = crate::outbound::Target::of(&uri).map_err(|error| error.to_string())?;
    let same = |cluster: &&SearchCluster| {
        crate::outbound::Target::of(&cluster.endpoint).is_ok_and(|other| other == target)
    };
    let identity = clusters.iter().find(same).map(|cluster| cluster.identity.clone());
    Ok((wanted.to_owned(), identity.unwrap_or(SearchIdentity::None)))
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, String> {
    let encoded = base64_simd::STANDARD.encode_to_string(format!("{user}:{password}"));
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
        .map_err(|_| "the user and password cannot be sent".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
