//! A request from its head to its reply.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use millstream_api::{Error, ErrorCode, Operation, Service};
use millstream_auth::{KeyStore, Secret, SigningKeys};
use millstream_buckets::Store;
use millstream_counters::{Collect, Told};
use millstream_firehose::Firehose;
use millstream_streams::{Caller, Streams};
use millstream_types::{Clock, Random, Region};
use millstream_wire::{Protocol, Unknown};
use tokio::sync::watch;

use crate::absent;
use crate::arriving::Arriving;
use crate::body::{Bodies, BodyError, CutOff, ReplyBody, RequestBody};
use crate::connection::{Activity, Limit};
use crate::counters::GatewayCounters;
use crate::dev::{DEV_PATH, DevApi};
use crate::dispatch::{self, Call};
use crate::faults;
use crate::host::HostRules;
use crate::ids::{RequestId, RequestIds};
use crate::limits::HttpLimits;
use crate::reply;
use crate::s3::{self, ObjectFace};

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Anyone: any credentials or none, the body is not hashed.
    Open,
    /// Whoever signs with a key that is known.
    Signed,
}

/// What a gateway is built from.
pub struct Parts {
    /// Data Streams.
    pub streams: Arc<Streams>,
    /// The built-in buckets.
    pub buckets: Arc<Store>,
    /// Data Firehose.
    pub firehose: Arc<Firehose>,
    /// Who is let in.
    pub auth: AuthMode,
    /// The keys that are known.
    pub keys: Arc<dyn KeyStore>,
    /// The region of requests that name none.
    pub region: Region,
    /// Which hosts are answered.
    pub hosts: HostRules,
    /// Limits of the network.
    pub http: HttpLimits,
    /// Real time, for signatures: clients sign by their own clocks, whatever service time is.
    pub clock: Arc<dyn Clock>,
    /// Where request ids begin.
    pub random: Arc<dyn Random>,
    /// The control API of developers; none outside `open`.
    pub dev: Option<Arc<dyn DevApi>>,
    /// What `/metrics` is read with; without, only from this machine where requests are signed.
    pub metrics_token: Option<Secret>,
    /// What `/metrics` shows besides the gateway's own.
    pub collect: Vec<Arc<dyn Collect>>,
    /// What is refused of writes and why, if anything is; a sentence for `/readyz`.
    pub refuses_writes: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// Turns true when the server stops.
    pub stop: watch::Receiver<bool>,
}

/// The HTTP service behind every listener.
pub struct Gateway {
    pub(crate) streams: Arc<Streams>,
    pub(crate) objects: ObjectFace,
    firehose: Arc<Firehose>,
    pub(crate) auth: AuthMode,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) signing_keys: SigningKeys,
    pub(crate) region: Region,
    pub(crate) hosts: HostRules,
    pub(crate) http: HttpLimits,
    pub(crate) clock: Arc<dyn Clock>,
    ids: RequestIds,
    pub(crate) bodies: Bodies,
    pub(crate) dev: Option<Arc<dyn DevApi>>,
    pub(crate) metrics_token: Option<Secret>,
    pub(crate) collect: Vec<Arc<dyn Collect>>,
    pub(crate) refuses_writes: Box<dyn Fn() -> Option<String> + Send + Sync>,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) counters: Arc<GatewayCounters>,
    unknown_logged: Mutex<BTreeSet<String>>,
    pub(crate) told: Told,
}

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// Headers that decide who calls what: two of one are refused, since two readers could believe two of them.
const SINGLE: [&str; 7] = [
    "authorization",
    "host",
    "x-amz-date",
    "x-amz-target",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "content-type",
];
/// Unknown members that are logged, once each; more are only counted.
const UNKNOWN_LOGGED_MAX: usize = 1000;

impl Gateway {
    /// The service.
    pub fn new(parts: Parts) -> Arc<Self> {
        let counters = Arc::new(GatewayCounters::default());
        counters.body_bytes_limit.set(parts.http.body_bytes_in_flight_max);
        let mut collect = parts.collect;
        collect.push(counters.clone());
        collect.push(parts.streams.faults().clone());
        Arc::new(Gateway {
            streams: parts.streams,
            objects: ObjectFace::new(parts.buckets),
            firehose: parts.firehose,
            auth: parts.auth,
            keys: parts.keys,
            signing_keys: SigningKeys::new(),
            region: parts.region,
            hosts: parts.hosts,
            bodies: Bodies::new(parts.http.body_bytes_in_flight_max),
            http: parts.http,
            clock: parts.clock,
            ids: RequestIds::new(&*parts.random),
            dev: parts.dev,
            metrics_token: parts.metrics_token,
            collect,
            refuses_writes: parts.refuses_writes,
            stop: parts.stop,
            counters,
            unknown_logged: Mutex::default(),
            told: Told::default(),
        })
    }

    /// Answers a request of a connection, within the time that a request may take; or ends the connection, if a fault
    /// rule says so.
    pub async fn answer(
        &self,
        request: Request<Arriving>,
        activity: &Activity,
    ) -> Result<Response<ReplyBody>, CutOff> {
        self.counters.requests.add(1);
        let id = self.ids.next();
        if s3::is_object_request(&request) {
            // Its body has a size and a time of its own.
            return Ok(self.counted(self.answer_objects(request, &id).await));
        }
        let protocol = protocol_of(request.headers());
        let target = request.headers().get(TARGET).cloned();
        let route = pin!(self.route(request, protocol, target.as_ref(), &id, activity));
        let response = match activity.within(Limit::Request, &self.http, route).await {
            Some(response) => response,
            None => {
                let error = Error::new(ErrorCode::ServiceUnavailable, "The request took too long.");
                self.tell(&error, target.as_ref(), &id);
                reply::error(protocol, &error, &id)
            }
        };
        if matches!(response.body(), ReplyBody::Cut) {
            return Err(CutOff);
        }
        Ok(self.counted(response))
    }

    fn counted(&self, response: Response<ReplyBody>) -> Response<ReplyBody> {
        let status = response.status();
        self.counters.client_errors.add(u64::from(status.is_client_error()));
        self.counters.server_errors.add(u64::from(status.is_server_error()));
        response
    }

    async fn route(
        &self,
        request: Request<Arriving>,
        protocol: Protocol,
        target: Option<&HeaderValue>,
        id: &RequestId,
        activity: &Activity,
    ) -> Response<ReplyBody> {
        if let Some(refused) = self.refuse_host(&request) {
            self.tell(&refused, target, id);
            return match target {
                Some(_) => reply::error(protocol, &refused, id),
                None => reply::refusal(&refused, id),
            };
        }
        if request.method() == Method::GET
            && let Some(page) = self.page(request.uri().path(), request.headers(), activity)
        {
            return page;
        }
        if request.uri().path().starts_with(DEV_PATH) {
            return self.develop(request, activity).await;
        }
        match self.operate(request, protocol, id, activity).await {
            Ok(response) => response,
            Err(error) => {
                self.tell(&error, target, id);
                reply::error(protocol, &error, id)
            }
        }
    }

    /// What was answered with an error, with the id by which the client can name it. A fault of ours is one line for
    /// each call, as long as they are few.
    fn tell(&self, error: &Error, target: Option<&HeaderValue>, id: &RequestId) {
        let operation = target_of(target);
        let (request_id, code) = (&id.id, error.code.as_str());
        if error.status < 500 {
            tracing::debug!(%request_id, operation, code, "refused");
            return;
        }
        let Some(untold) = self.told.admit(self.clock.now().0 / 1000) else { return };
        let error = &*error.message;
        tracing::error!(%request_id, operation, code, error, untold, "a call failed");
    }

    /// What a request to another host, or from a page of another origin, is answered with.
    pub(crate) fn refuse_host(&self, request: &Request<Arriving>) -> Option<Error> {
        let headers = request.headers();
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host =
            request.uri().authority().map(|authority| authority.as_str()).or_else(|| text(HOST));
        let host = host.unwrap_or_default();
        if !self.hosts.allow_host(host) {
            let text = "This server does not answer for this host; see hosts in its configuration.";
            return Some(refused(StatusCode::MISDIRECTED_REQUEST, text));
        }
        let foreign = headers.contains_key(ORIGIN)
            && !text(ORIGIN).is_some_and(|origin| self.hosts.allow_origin(origin, host));
        if self.auth == AuthMode::Open && foreign {
            let text = "Pages of other origins may not call an open server.";
            return Some(refused(StatusCode::FORBIDDEN, text));
        }
        None
    }

    async fn operate(
        &self,
        request: Request<Arriving>,
        protocol: Protocol,
        id: &RequestId,
        activity: &Activity,
    ) -> Result<Response<ReplyBody>, Error> {
        let (head, body) = request.into_parts();
        check_single(&head.headers)?;
        let operation = operation_of(&head.method, head.uri.path(), &head.headers)?;
        let body = self.read_body(body, operation.body_bytes_max, activity).await;
        let body = body.map_err(|error| body_error(error, operation))?;
        let caller = self.caller(&head, &body, operation.service, id)?;
        let injection = self.injection(operation, protocol, &body);
        if let Some(instead) = faults::instead(injection, operation, &caller).await {
            return instead;
        }
        let mut call = Call {
            streams: &self.streams,
            firehose: &self.firehose,
            caller: &caller,
            protocol,
            body: &body,
            id,
            unknown: Unknown::default(),
            stop: &self.stop,
            write_timeout: Duration::from_millis(self.http.write_timeout_ms),
            activity,
        };
        let response = call.run(operation).await;
        if call.unknown.count() > 0 {
            self.note_unknown(operation.name, &call.unknown, id);
        }
        if injection.fault.is_none() {
            return response;
        }
        let response = response.unwrap_or_else(|error| reply::error(protocol, &error, id));
        Ok(faults::cut(injection, response))
    }

    /// Reads a whole body. Whoever waits for memory is not slow: only what arrives is timed.
    pub(crate) async fn read_body(
        &self,
        body: Arriving,
        bytes_max: usize,
        activity: &Activity,
    ) -> Result<RequestBody, BodyError> {
        let permits = self.bodies.reserve(&body, bytes_max).await?;
        let read = pin!(self.bodies.read(body, bytes_max, permits));
        let read = activity.within(Limit::Body, &self.http, read).await;
        read.unwrap_or(Err(BodyError::TimedOut))
    }

    /// Members that no model knows are ignored, as AWS does, but counted, and logged once each.
    fn note_unknown(&self, operation: &str, unknown: &Unknown, id: &RequestId) {
        self.counters.unknown_members.add(unknown.count());
        let mut logged = self.unknown_logged.lock().unwrap_or_else(PoisonError::into_inner);
        for name in unknown.names() {
            let member = format!("{operation}.{name}");
            if logged.len() < UNKNOWN_LOGGED_MAX && logged.insert(member.clone()) {
                let request_id = &id.id;
                tracing::warn!(%request_id, %member, "a member that the service model does not know was ignored");
            }
        }
    }

    fn caller(
        &self,
        head: &hyper::http::request::Parts,
        body: &[u8],
        service: Service,
        id: &RequestId,
    ) -> Result<Caller, Error> {
        let identity = match self.auth {
            AuthMode::Open => self.open_identity(head),
            AuthMode::Signed => self
                .verify(head, body, service)
                .inspect_err(|_| self.counters.signatures_refused.add(1))?,
        };
        Ok(Caller {
            account: identity.account,
            region: identity.region,
            principal: identity.principal,
            request_id: id.id.as_str().into(),
        })
    }
}

/// No model has an error for it.
fn refused(status: StatusCode, text: &'static str) -> Error {
    Error { status: status.as_u16(), ..Error::new(ErrorCode::AccessDeniedException, text) }
}

fn protocol_of(headers: &HeaderMap) -> Protocol {
    let cbor = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-amz-cbor-1."));
    if cbor { Protocol::Cbor } else { Protocol::Json }
}

/// The operation that a request names, for the log; nothing of it that a client may have made up.
fn target_of(target: Option<&HeaderValue>) -> &'static str {
    let found = target.and_then(|value| Service::of_target(value.to_str().ok()?));
    let operation = found.and_then(|(service, name)| service.operation(name));
    operation.map_or("", |operation| operation.name)
}

pub(crate) fn check_single(headers: &HeaderMap) -> Result<(), Error> {
    // No header comes twice, as a rule.
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    for name in SINGLE {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(Error::new(
                ErrorCode::IncompleteSignatureException,
                format!("The header {name} may be given once only."),
            ));
        }
    }
    Ok(())
}

/// The operation that the target names. What is not a POST to `/` with a target is no operation.
fn operation_of(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<&'static Operation, Error> {
    let unknown = |text: &'static str| Err(Error::new(ErrorCode::UnknownOperationException, text));
    if method != Method::POST || path != "/" {
        return unknown("An operation is a POST to / with X-Amz-Target.");
    }
    let Some(target) = headers.get(TARGET).and_then(|value| value.to_str().ok()) else {
        return unknown("The header X-Amz-Target is missing.");
    };
    let Some((service, name)) = Service::of_target(target) else {
        return unknown(absent::told(target));
    };
    let json_or_cbor = headers.get(CONTENT_TYPE).is_some_and(|value| {
        let kind = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        matches!(
            kind,
            b"application/x-amz-json-1.1"
                | b"application/x-amz-json-1.0"
                | b"application/json"
                | b"application/x-amz-cbor-1.1"
        )
    });
    if !json_or_cbor {
        return unknown(
            "Content-Type must be application/x-amz-json-1.1 or application/x-amz-cbor-1.1.",
        );
    }
    dispatch::find(service, name)
}

fn body_error(error: BodyError, operation: &Operation) -> Error {
    match error {
        BodyError::TooLarge if operation.service == Service::Firehose && is_put(operation) => {
            Error { status: 413, ..too_large(operation) }
        }
        BodyError::TooLarge => Error {
            code: ErrorCode::SerializationException,
            message: format!(
                "The body of {} may have {} bytes at most.",
                operation.name, operation.body_bytes_max
            )
            .into(),
            status: 413,
            cause: None,
        },
        BodyError::TimedOut => Error {
            code: ErrorCode::SerializationException,
            message: "The body did not arrive in time.".into(),
            status: 408,
            cause: None,
        },
        BodyError::Broken => {
            Error::serialization("The body is incomplete or its framing is wrong.")
        }
        BodyError::NoMemory => {
            Error::new(ErrorCode::ServiceUnavailable, "Too many requests are under way.")
        }
    }
}

fn is_put(operation: &Operation) -> bool {
    matches!(operation.name, "PutRecord" | "PutRecordBatch")
}

/// What Firehose says of records that are too large, however large the body is.
fn too_large(operation: &Operation) -> Error {
    match operation.name {
        "PutRecord" => Error::validation(
            "1 validation error detected: Value at 'record.data' failed to satisfy constraint: Member must have length \
             less than or equal to 1024000",
        ),
        _ => Error::invalid_argument("Records size exceeds 4 MB limit"),
    }
}
