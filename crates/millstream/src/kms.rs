//! A key service that speaks AWS KMS's protocol (JSON 1.1, SigV4): GenerateDataKey, Decrypt, DescribeKey.
//!
//! A connection for each call: a stream's data key is asked for every few minutes at most, an object's once for each
//! write and read. Nothing is tried again here; a caller of the service is told and comes again.

use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD;
use millstream_auth::{Credentials, Request, Secret, payload_sha256, sign};
use millstream_types::{Clock, Region};
use millstream_vault::{DataKey, Fut, Generated, KeyError, KeyFault, KeyName, MasterKeys, Owner};
use serde_json::{Value, json};

use crate::kms_config::KmsService;
use crate::kms_http::{Connector, Response};

/// The name of the encryption context that a wrapped key is bound to (AWS developer guides, "Permissions to use
/// user-generated KMS keys", "Data protection in Amazon Data Firehose", and of S3 "Using server-side encryption with
/// AWS KMS keys").
fn context_name(owner: &Owner) -> &'static str {
    match owner.service() {
        Some("firehose") => "aws:firehose:arn",
        Some("s3") => "aws:s3:arn",
        Some(_) | None => "aws:kinesis:arn",
    }
}
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// A client of the key service.
pub struct Kms {
    connector: Connector,
    region: Region,
    credentials: Credentials,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

impl Kms {
    /// A client; fails if the certificates to trust cannot be read.
    pub fn new(service: KmsService, clock: Arc<dyn Clock>) -> Result<Self, String> {
        Ok(Kms {
            connector: Connector::new(service.endpoint)?,
            region: service.region,
            credentials: Credentials {
                access_key_id: service.access_key_id,
                secret: Secret::new(&service.secret_access_key),
                session_token: service.session_token,
            },
            timeout: Duration::from_millis(service.timeout_ms),
            clock,
        })
    }

    async fn call(&self, operation: &str, input: &Value) -> Result<Value, KeyError> {
        let body = input.to_string().into_bytes();
        let target = format!("TrentService.{operation}");
        let host = self.connector.host();
        let headers: [(&str, &[u8]); 3] = [
            ("content-type", CONTENT_TYPE.as_bytes()),
            ("host", host.as_bytes()),
            ("x-amz-target", target.as_bytes()),
        ];
        let request = Request { method: "POST", path: "/", query: "", headers: &headers };
        let now = self.clock.now();
        let hash = payload_sha256(&body);
        let signed = sign(&request, &self.credentials, &self.region, "kms", &hash, now);
        let mut headers = vec![("content-type", CONTENT_TYPE.to_owned()), ("x-amz-target", target)];
        headers.extend(signed.headers);
        let answer = tokio::time::timeout(self.timeout, self.connector.post(&headers, body)).await;
        let response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(why)) => return Err(unavailable(&why)),
            Err(_) => return Err(unavailable("it did not answer in time")),
        };
        answer_of(&response)
    }
}

fn unavailable(why: &str) -> KeyError {
    KeyError::new(KeyFault::Unavailable, format!("The key service is not available: {why}."))
}

fn answer_of(response: &Response) -> Result<Value, KeyError> {
    let value: Option<Value> = serde_json::from_slice(&response.body).ok();
    match (response.status, value) {
        (200, Some(value)) => Ok(value),
        (200, None) => Err(unavailable("its answer is not JSON")),
        (status, value) => Err(failure_of(status, value.unwrap_or_default())),
    }
}

/// AWS KMS API reference, the errors of GenerateDataKey, Decrypt and DescribeKey.
fn failure_of(status: u16, value: Value) -> KeyError {
    let code = value["__type"].as_str().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let fault = match code {
        "NotFoundException" | "InvalidArnException" => KeyFault::NotFound,
        "DisabledException" => KeyFault::Disabled,
        "KMSInvalidStateException" | "InvalidKeyUsageException" | "KeyUnavailableException" => {
            KeyFault::InvalidState
        }
        "AccessDeniedException" | "InvalidCiphertextException" | "IncorrectKeyException" => {
            KeyFault::AccessDenied
        }
        "OptInRequired" => KeyFault::OptInRequired,
        "ThrottlingException"
        | "Throttling"
        | "LimitExceededException"
        | "TooManyRequestsException" => KeyFault::Throttled,
        _ => return unavailable(&format!("it answered {status} {code}")),
    };
    let text = value["message"].as_str().or(value["Message"].as_str());
    KeyError::new(fault, text.unwrap_or(code))
}

/// A member that must be there, as text.
fn member<'v>(value: &'v Value, path: &str) -> Result<&'v str, KeyError> {
    let found = value.pointer(path).and_then(Value::as_str);
    found.ok_or_else(|| unavailable("its answer lacks a member"))
}

fn blob(value: &Value, path: &str) -> Result<Vec<u8>, KeyError> {
    let text = member(value, path)?;
    STANDARD.decode_to_vec(text).map_err(|_| unavailable("its answer is not base64"))
}

fn plaintext(value: &Value) -> Result<DataKey, KeyError> {
    let bytes = blob(value, "/Plaintext")?;
    let bytes = bytes.try_into().map_err(|_| unavailable("its data key has not 32 bytes"))?;
    Ok(DataKey::new(bytes))
}

impl MasterKeys for Kms {
    fn resolve<'a>(&'a self, _owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String> {
        Box::pin(async move {
            let answer = self.call("DescribeKey", &json!({ "KeyId": name.as_str() })).await?;
            Ok(member(&answer, "/KeyMetadata/Arn")?.to_owned())
        })
    }

    fn generate<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        Box::pin(async move {
            let input = json!({
                "KeyId": name.as_str(),
                "KeySpec": "AES_256",
                "EncryptionContext": { context_name(owner): owner.context },
            });
            let answer = self.call("GenerateDataKey", &input).await?;
            Ok(Generated {
                master: member(&answer, "/KeyId")?.to_owned(),
                key: plaintext(&answer)?,
                wrapped: blob(&answer, "/CiphertextBlob")?,
            })
        })
    }

    fn unwrap<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey> {
        Box::pin(async move {
            let input = json!({
                "KeyId": master,
                "CiphertextBlob": STANDARD.encode_to_string(wrapped),
                "EncryptionContext": { context_name(owner): owner.context },
            });
            plaintext(&self.call("Decrypt", &input).await?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bound_to_the_arn_of_what_it_is_for() {
        for (context, name) in [
            ("arn:aws:kinesis:us-east-1:000000000000:stream/a", "aws:kinesis:arn"),
            ("arn:aws:firehose:us-east-1:000000000000:deliverystream/s3", "aws:firehose:arn"),
            ("arn:aws:s3:::bucket/a:firehose:b", "aws:s3:arn"),
        ] {
            let account = millstream_types::AccountId::ZERO;
            let region = "us-east-1".parse().unwrap();
            let owner = Owner { account, region, context: context.into() };
            assert_eq!(context_name(&owner), name);
        }
    }

    #[test]
    fn failures_of_the_service_keep_their_meaning() {
        for (kind, fault) in [
            ("NotFoundException", KeyFault::NotFound),
            ("com.amazonaws.kms#DisabledException", KeyFault::Disabled),
            ("KMSInvalidStateException", KeyFault::InvalidState),
            ("AccessDeniedException", KeyFault::AccessDenied),
            ("ThrottlingException", KeyFault::Throttled),
            ("DependencyTimeoutException", KeyFault::Unavailable),
        ] {
            let body = json!({ "__type": kind, "message": "the text" }).to_string().into_bytes();
            let error = answer_of(&Response { status: 400, body }).unwrap_err();
            assert_eq!(error.fault, fault, "{kind}");
            assert_eq!(error.text == "the text", fault != KeyFault::Unavailable);
        }
        for (status, body) in [(200, "no"), (500, ""), (302, "[]")] {
            let error = answer_of(&Response { status, body: body.into() }).unwrap_err();
            assert_eq!(error.fault, KeyFault::Unavailable);
        }
        assert!(plaintext(&json!({ "Plaintext": "QQ==" })).is_err());
    }
}
