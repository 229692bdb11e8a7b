//! Calls: encoded, signed, sent, retried, decoded.

use std::sync::Arc;

use bytes::Bytes;
use millstream_api::{Record, Service, Wire};
use millstream_auth::{Credentials, Request, payload_sha256, sign};
use millstream_types::{Clock, Random};
use millstream_wire::{Protocol, decode_error, decode_output, encode};

use crate::credentials::Provider;
use crate::http::{Http, Outgoing};
use crate::limits::{ATTEMPT_TIMEOUT, REPLY_BYTES_MAX};
use crate::{Backoff, Error, Settings, tls};

/// What a client is made of.
pub struct Parts {
    /// Where to call and as whom.
    pub settings: Settings,
    /// Times of signatures.
    pub clock: Arc<dyn Clock>,
    /// Jitter.
    pub random: Arc<dyn Random>,
}

/// Calls one endpoint. Copies share its connections and credentials.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    service: Service,
}

struct Shared {
    settings: Settings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    http: Http,
    provider: Provider,
}

impl Client {
    /// A client; nothing is called yet.
    ///
    /// # Errors
    /// Roots of TLS that cannot be read.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let Parts { settings, clock, random } = parts;
        let http = Http::new(tls::config(settings.verify_tls, settings.ca_bundle.as_deref())?);
        let provider = Provider::new(settings.source.clone());
        let shared = Shared { settings, clock, random, http, provider };
        Ok(Client { shared: Arc::new(shared), service: Service::Kinesis })
    }

    /// The same client for another service: a new one calls Data Streams.
    pub fn of(&self, service: Service) -> Self {
        Client { shared: self.shared.clone(), service }
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Where its time comes from.
    pub fn clock(&self) -> &dyn Clock {
        &*self.shared.clock
    }

    /// Where its randomness comes from.
    pub fn random(&self) -> &dyn Random {
        &*self.shared.random
    }

    /// Calls an operation and reads its reply; what passes is tried again.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn call<'v, I, O>(&self, operation: &'static str, input: &I) -> Result<O, Error>
    where
        I: Wire<'v>,
        O: for<'o> Record<'o>,
    {
        let body = self.send(operation, encode(Protocol::Json, input).into()).await?;
        decode_output(Protocol::Json, &body)
            .map_err(|error| Error::Reply { operation, reason: error.message.into_owned() })
    }

    /// Calls an operation that replies with nothing.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn tell<'v, I: Wire<'v>>(
        &self,
        operation: &'static str,
        input: &I,
    ) -> Result<(), Error> {
        self.send(operation, encode(Protocol::Json, input).into()).await.map(|_| ())
    }

    /// Sends a request's JSON and returns the reply's; what passes is tried again.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn send(&self, operation: &'static str, body: Bytes) -> Result<Bytes, Error> {
        let mut backoff = Backoff::new();
        loop {
            let error = match self.send_once(operation, body.clone()).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let last = backoff.failures() + 1 >= self.shared.settings.attempts_max;
            if last || !error.is_passing() {
                return Err(error);
            }
            let wait = backoff.wait_after(&error, self.random());
            tokio::time::sleep(wait).await;
        }
    }

    /// Sends a request's JSON once.
    ///
    /// # Errors
    /// No credentials, no answer, or the service's refusal.
    pub async fn send_once(&self, operation: &'static str, body: Bytes) -> Result<Bytes, Error> {
        let shared = &*self.shared;
        let credentials = shared.provider.get(&shared.http, shared.clock.now()).await?;
        let headers = self.headers(operation, &body, &credentials);
        let out = Outgoing {
            method: "POST",
            path: "/",
            headers: &headers,
            body,
            timeout: ATTEMPT_TIMEOUT,
            reply_bytes_max: REPLY_BYTES_MAX,
        };
        let answer = shared.http.send(&shared.settings.endpoint, &out).await?;
        if answer.status == 200 {
            return Ok(answer.body);
        }
        let error = decode_error(Protocol::Json, &answer.body);
        let (code, message) = (error.code, error.message);
        Err(Error::Service { operation, status: answer.status, code, message })
    }

    fn headers(
        &self,
        operation: &str,
        body: &[u8],
        credentials: &Credentials,
    ) -> Vec<(&'static str, String)> {
        let settings = &self.shared.settings;
        let mut headers = vec![
            ("content-type", Protocol::Json.content_type().to_owned()),
            ("x-amz-target", format!("{}{operation}", self.service.target_prefix())),
        ];
        let authority = settings.endpoint.authority();
        let mut signed: Vec<(&str, &[u8])> = vec![("host", authority.as_bytes())];
        signed.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        let request = Request { method: "POST", path: "/", query: "", headers: &signed };
        let (hash, now) = (payload_sha256(body), self.shared.clock.now());
        let added =
            sign(&request, credentials, &settings.region, self.service.signing_name(), &hash, now);
        headers.extend(added.headers);
        headers.push(("user-agent", concat!("millstream/", env!("CARGO_PKG_VERSION")).to_owned()));
        headers
    }
}
