//! Requests signed with AWS Signature Version 4, with keys of the configuration.

use std::sync::Arc;

use bytes::Bytes;
use hyper::Request;
use hyper::header::{HOST, HeaderName, HeaderValue};
use millstream_auth::{Credentials, Secret};
use millstream_types::{Clock, Region};

use crate::outbound::Target;

/// S3's name in signatures.
pub(crate) const S3: &str = "s3";

/// Keys of the configuration. It has no `Debug`, since it holds secrets.
#[derive(Clone)]
pub struct Identity {
    /// The key's id.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// Of temporary keys.
    pub session_token: Option<String>,
    /// The region to sign for; the delivery stream's if absent.
    pub region: Option<Region>,
    /// The service to sign for; the destination's own if absent.
    pub service: Option<String>,
}

/// Signs requests to one service.
pub(crate) struct Signer {
    credentials: Credentials,
    region: Option<Region>,
    service: String,
    /// The machine's: whoever verifies goes by their own.
    clock: Arc<dyn Clock>,
}

impl Signer {
    pub fn new(identity: Identity, service: &str, clock: Arc<dyn Clock>) -> Self {
        let Identity { access_key_id, secret_access_key, session_token, region, service: other } =
            identity;
        let secret = Secret::new(&secret_access_key);
        Signer {
            credentials: Credentials { access_key_id, secret, session_token },
            region,
            service: other.unwrap_or_else(|| service.to_owned()),
            clock,
        }
    }

    /// Adds what a signature takes. The URI is absolute.
    pub fn sign(&self, request: &mut Request<Bytes>, region: &Region) -> Result<(), String> {
        let target = Target::of(request.uri()).map_err(|error| error.to_string())?;
        let cannot = |_| "a header cannot be sent".to_owned();
        let host = HeaderValue::from_str(&target.authority()).map_err(cannot)?;
        request.headers_mut().insert(HOST, host);
        let hash = millstream_auth::payload_sha256(request.body());
        if self.service == S3 {
            // S3 wants to be told what was signed.
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let hex = HeaderValue::from_str(&hex).map_err(cannot)?;
            request.headers_mut().insert("x-amz-content-sha256", hex);
        }
        let signed = {
            let headers: Vec<(&str, &[u8])> = request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect();
            let shape = millstream_auth::Request {
                method: request.method().as_str(),
                path: request.uri().path(),
                query: request.uri().query().unwrap_or_default(),
                headers: &headers,
            };
            let region = self.region.as_ref().unwrap_or(region);
            let now = self.clock.now();
            millstream_auth::sign(&shape, &self.credentials, region, &self.service, &hash, now)
        };
        for (name, value) in signed.headers {
            let mut value = HeaderValue::from_str(&value).map_err(cannot)?;
            value.set_sensitive(true);
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Ok(())
    }
}
