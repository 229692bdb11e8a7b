//! Who signed a request: SigV4 for `signed`, whatever the scope says for `open`.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::http::request::Parts;
use millstream_api::{Error, ErrorCode, Service};
use millstream_auth::{AuthCode, Request, authenticate, claimed, payload_sha256};
use millstream_types::{AccountId, Region};

use crate::service::Gateway;

/// Who calls, and where.
pub struct Identity {
    pub account: AccountId,
    pub region: Region,
    pub principal: Arc<str>,
}

impl Gateway {
    /// Anyone is let in; the scope says which region, an access key of twelve digits which account.
    pub(crate) fn open_identity(&self, head: &Parts) -> Identity {
        let headers = head.headers.get_all(AUTHORIZATION).iter();
        let headers = headers.map(HeaderValue::as_bytes);
        let claimed = claimed(headers, head.uri.query().unwrap_or_default(), |key, region| {
            let region = match region == self.region.as_str() {
                true => self.region.clone(),
                false => region.parse().ok()?,
            };
            let account = key.parse().unwrap_or(AccountId::ZERO);
            Some(Identity { account, region, principal: key.into() })
        });
        claimed.unwrap_or_else(|| Identity {
            account: AccountId::ZERO,
            region: self.region.clone(),
            principal: "anonymous".into(),
        })
    }

    /// Only who signs with a known key, for the service that is called, is let in.
    pub(crate) fn verify(
        &self,
        head: &Parts,
        body: &[u8],
        service: Service,
    ) -> Result<Identity, Error> {
        let headers = header_list(head);
        let request = request(head, &headers);
        let verified = authenticate(
            &request,
            service.signing_name(),
            &payload_sha256(body),
            self.clock.now(),
            &*self.keys,
            &self.signing_keys,
        );
        let verified =
            verified.map_err(|refused| Error::new(error_code(refused.code), refused.message))?;
        let principal = verified.scope.access_key_id.into();
        Ok(Identity { account: verified.account, region: verified.scope.region, principal })
    }
}

pub(crate) fn header_list(head: &Parts) -> Vec<(&str, &[u8])> {
    let mut headers: Vec<_> =
        head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    // HTTP/2 has the host in `:authority`; it is signed as `host` all the same.
    if !head.headers.contains_key(HOST)
        && let Some(authority) = head.uri.authority()
    {
        headers.push(("host", authority.as_str().as_bytes()));
    }
    headers
}

pub(crate) fn request<'a>(head: &'a Parts, headers: &'a [(&'a str, &'a [u8])]) -> Request<'a> {
    Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers,
    }
}

fn error_code(code: AuthCode) -> ErrorCode {
    match code {
        AuthCode::MissingAuthenticationTokenException => {
            ErrorCode::MissingAuthenticationTokenException
        }
        AuthCode::IncompleteSignatureException => ErrorCode::IncompleteSignatureException,
        AuthCode::InvalidSignatureException => ErrorCode::InvalidSignatureException,
        AuthCode::UnrecognizedClientException => ErrorCode::UnrecognizedClientException,
        AuthCode::ExpiredTokenException => ErrorCode::ExpiredTokenException,
    }
}
