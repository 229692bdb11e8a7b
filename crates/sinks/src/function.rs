//! Functions: by Lambda's Invoke API, or as a plain URL that takes the same payload.
//!
//! A function of the configuration (`[destinations.functions]`) is found by its name or ARN; all others are called at
//! the endpoint of `[destinations.lambda]`, if there is one.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, Uri};
use millstream_firehose::sink::{Functions, Sender, SinkError, SinkFuture, Then};
use millstream_types::Clock;
use serde_json::Value;

use crate::failure::{self, quoted};
use crate::outbound::{Bounds, Outbound, OutboundError};
use crate::signing::{Identity, Signer};

/// Largest payload, either way (Lambda developer guide, "Lambda quotas": 6 MB of a synchronous call).
const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;
/// How long a function may take (Firehose developer guide, "Transform source data": 5 minutes), and a
/// little for the way.
const BOUNDS: Bounds =
    Bounds { timeout: Duration::from_secs(305), reply_bytes_max: PAYLOAD_BYTES_MAX };

/// Where functions are.
#[derive(Clone, Default)]
pub struct FunctionSettings {
    /// An endpoint of Lambda's API, and the keys to sign with if it wants that.
    pub lambda: Option<(Uri, Option<Identity>)>,
    /// Functions that are plain URLs, by name or ARN.
    pub urls: BTreeMap<String, Uri>,
}

/// The functions that can be called from here.
pub(crate) struct FunctionCalls {
    outbound: Arc<Outbound>,
    lambda: Option<(Uri, Option<Signer>)>,
    urls: BTreeMap<String, Uri>,
}

impl FunctionCalls {
    pub fn new(settings: FunctionSettings, outbound: Arc<Outbound>, clock: Arc<dyn Clock>) -> Self {
        let lambda = settings.lambda.map(|(endpoint, identity)| {
            (endpoint, identity.map(|identity| Signer::new(identity, "lambda", clock)))
        });
        FunctionCalls { outbound, lambda, urls: settings.urls }
    }

    /// The plain URL of a function: by its ARN, with or without its qualifier, or by its name.
    fn url(&self, arn: &str) -> Option<&Uri> {
        let (unqualified, name) = parts(arn);
        [arn, unqualified, name].into_iter().find_map(|name| self.urls.get(name))
    }

    async fn call(&self, sender: &Sender, arn: &str, payload: Bytes) -> Result<Bytes, SinkError> {
        if payload.len() > PAYLOAD_BYTES_MAX {
            let message = format!("The payload is larger than {PAYLOAD_BYTES_MAX} bytes.");
            let code = "Lambda.FunctionError".to_owned();
            return Err(SinkError { code, message, then: Then::GiveUp });
        }
        let broken = |what: String| failure::retry("Lambda.FunctionError", what);
        let mut request = Request::new(payload);
        *request.method_mut() = hyper::Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(url) = self.url(arn) {
            *request.uri_mut() = url.clone();
        } else if let Some((endpoint, signer)) = &self.lambda {
            *request.uri_mut() = invocations(endpoint, arn).map_err(broken)?;
            let kind = HeaderValue::from_static("RequestResponse");
            request.headers_mut().insert("x-amz-invocation-type", kind);
            if let Some(signer) = signer {
                signer.sign(&mut request, &sender.region).map_err(broken)?;
            }
        } else {
            return Err(not_found(format!("{arn} is not configured.")));
        }
        let answer = self.outbound.send(request, BOUNDS).await.map_err(|error| fault(&error))?;
        judge(answer)
    }
}

impl Functions for FunctionCalls {
    fn accepts(&self, arn: &str) -> Result<(), String> {
        let uri = match (self.url(arn), &self.lambda) {
            (Some(url), _) => url.clone(),
            (None, Some((endpoint, _))) => invocations(endpoint, arn)?,
            (None, None) => {
                return Err(format!(
                    "{arn} cannot be called from here: give its URL in [destinations.functions], or an endpoint of \
                     Lambda's API in [destinations.lambda]"
                ));
            }
        };
        self.outbound.accepts(&uri).map(|_| ()).map_err(|error| error.to_string())
    }

    fn invoke<'a>(
        &'a self,
        sender: &'a Sender,
        arn: &'a str,
        payload: Bytes,
    ) -> SinkFuture<'a, Result<Bytes, SinkError>> {
        Box::pin(self.call(sender, arn, payload))
    }
}

/// An ARN without its qualifier, and the function's name. What is no ARN is a name.
fn parts(arn: &str) -> (&str, &str) {
    let Some(at) = arn.find(":function:").map(|at| at + ":function:".len()) else {
        return (arn, arn);
    };
    let name = arn[at..].split(':').next().unwrap_or_default();
    (&arn[..at + name.len()], name)
}

/// Lambda's address of a function's invocations (API reference, "Invoke").
fn invocations(endpoint: &Uri, arn: &str) -> Result<Uri, String> {
    let mut path = String::new();
    for byte in arn.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                path.push(char::from(byte));
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    let base = endpoint.to_string();
    let text = format!("{}/2015-03-31/functions/{path}/invocations", base.trim_end_matches('/'));
    text.parse().map_err(|_| "the endpoint of Lambda is no valid address".to_owned())
}

fn judge(answer: Response<Bytes>) -> Result<Bytes, SinkError> {
    let status = answer.status().as_u16();
    if answer.headers().contains_key("x-amz-function-error") {
        let told = serde_json::from_slice::<Value>(answer.body()).ok();
        let told = told.as_ref().and_then(|body| body["errorMessage"].as_str());
        let told = told.map_or(&answer.body()[..], str::as_bytes);
        let message = format!(
            "The Lambda function was successfully invoked but it returned an error result. {}",
            quoted(told, &[])
        );
        return Err(failure::retry("Lambda.FunctionError", message));
    }
    if status == 200 {
        return Ok(answer.into_body());
    }
    let header = answer.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let kind = header.and_then(|text| text.split(':').next()).unwrap_or_default();
    let told = format!("{status}: {}", quoted(answer.body(), &[]));
    let code = match (kind, status) {
        ("AccessDeniedException", _) | (_, 401 | 403) => "Lambda.InvokeAccessDenied",
        ("TooManyRequestsException", _) | (_, 429) => "Lambda.InvokeLimitExceeded",
        ("InvalidSubnetIDException", _) => "Lambda.InvalidSubnetIDException",
        ("InvalidSecurityGroupIDException", _) => "Lambda.InvalidSecurityGroupIDException",
        ("SubnetIPAddressLimitReachedException", _) => {
            "Lambda.SubnetIPAddressLimitReachedException"
        }
        ("ENILimitReachedException", _) => "Lambda.ENILimitReachedException",
        ("ResourceNotFoundException", _) | (_, 404) => return Err(not_found(told)),
        (_, 413) => {
            let message = format!("The Lambda function does not take the payload. {told}");
            let code = "Lambda.FunctionError".to_owned();
            return Err(SinkError { code, message, then: Then::GiveUp });
        }
        (_, _) => "Lambda.FunctionError",
    };
    let message = format!("The invocation of the Lambda function failed. {told}");
    Err(SinkError { code: code.to_owned(), message, then: failure::then_of(&answer) })
}

fn not_found(told: String) -> SinkError {
    let text =
        "The specified Lambda function does not exist. Use a different function that does exist.";
    failure::retry("Lambda.ResourceNotFound", format!("{text} {told}"))
}

fn fault(error: &OutboundError) -> SinkError {
    let code = match error {
        OutboundError::TimedOut { .. } => "Lambda.FunctionTimedOut",
        OutboundError::Address(_)
        | OutboundError::Forbidden { .. }
        | OutboundError::Name { .. }
        | OutboundError::Refused { .. }
        | OutboundError::Reset { .. }
        | OutboundError::Tls { .. }
        | OutboundError::TooLarge { .. }
        | OutboundError::Protocol { .. } => "Lambda.FunctionError",
    };
    failure::retry(code, format!("The invocation of the Lambda function failed. {error}"))
}
