//! Who calls: writes the head of every request, with a signature or with a placeholder of the same shape.
//!
//! Servers that check no signature still look for an Authorization header, so the unsigned form carries a constant one.

use ring::{digest, hmac};

use crate::args::Common;
use crate::clock;

/// The service that is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Data Streams.
    Streams,
    /// Data Firehose.
    Firehose,
    /// What Millstream adds to Firehose.
    FirehoseOwn,
}

impl Target {
    /// What comes before the operation's name.
    fn prefix(self) -> &'static str {
        match self {
            Target::Streams => "Kinesis_20131202",
            Target::Firehose => "Firehose_20150804",
            Target::FirehoseOwn => "MillstreamFirehose_20261126",
        }
    }

    /// Its name in signatures.
    fn service(self) -> &'static str {
        match self {
            Target::Streams => "kinesis",
            Target::Firehose | Target::FirehoseOwn => "firehose",
        }
    }
}

/// Host, region and keys of a run's requests.
#[derive(Clone)]
pub struct Caller {
    host: String,
    region: String,
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    signed: bool,
    target: Target,
}

impl Caller {
    /// As the options say, for requests to `host`.
    pub fn new(common: &Common, host: String) -> Self {
        Caller {
            host,
            region: common.region.clone(),
            access_key: common.access_key.clone(),
            secret_key: common.secret_key.clone(),
            session_token: common.session_token.clone(),
            signed: common.signed,
            target: Target::Streams,
        }
    }

    /// The same caller of another service.
    pub fn of(&self, target: Target) -> Self {
        Caller { target, ..self.clone() }
    }

    /// The same caller at another host.
    pub fn at(&self, host: String) -> Self {
        Caller { host, ..self.clone() }
    }

    /// The host that requests name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether requests carry a real signature, which gets old.
    pub fn signed(&self) -> bool {
        self.signed
    }

    /// Writes the head of a call of `operation` with this body into `request`, at the time given.
    pub fn write_head(
        &self,
        request: &mut Vec<u8>,
        operation: &str,
        body: &[u8],
        unix_seconds: u64,
    ) {
        let date = clock::amz_date(unix_seconds);
        let token = match &self.session_token {
            Some(token) if self.signed => format!("x-amz-security-token: {token}\r\n"),
            _ => String::new(),
        };
        let with_token = self.signed && self.session_token.is_some();
        let names = if with_token {
            "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"
        } else {
            "content-type;host;x-amz-date;x-amz-target"
        };
        let authorization = self.authorization(self.target.service(), names, &date, || {
            let token = self.session_token.as_deref().filter(|_| with_token);
            let target = format!("{}.{operation}", self.target.prefix());
            canonical_request(&self.host, &date, token, &target, names, body)
        });
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: {}.{operation}\r\nx-amz-date: {date}\r\n{token}\
             authorization: {authorization}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            self.target.prefix(),
            body.len()
        );
        request.extend_from_slice(head.as_bytes());
    }

    /// Writes a request for an object or a listing of S3; `query` is encoded, its parameters in the order of their
    /// names.
    pub fn write_get(&self, request: &mut Vec<u8>, path: &str, query: &str, unix_seconds: u64) {
        let date = clock::amz_date(unix_seconds);
        let token = self.session_token.as_deref().filter(|_| self.signed);
        let token = token.map(|token| format!("x-amz-security-token:{token}\n"));
        let names = match token {
            Some(_) => "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
            None => "host;x-amz-content-sha256;x-amz-date",
        };
        let token = token.unwrap_or_default();
        let headers = format!(
            "host:{}\nx-amz-content-sha256:{UNSIGNED}\nx-amz-date:{date}\n{token}",
            self.host
        );
        let authorization = self.authorization("s3", names, &date, || {
            format!("GET\n{path}\n{query}\n{headers}\n{names}\n{UNSIGNED}")
        });
        let mark = if query.is_empty() { "" } else { "?" };
        let headers = headers.replace('\n', "\r\n");
        let head = format!(
            "GET {path}{mark}{query} HTTP/1.1\r\n{headers}authorization: {authorization}\r\n\r\n"
        );
        request.extend_from_slice(head.as_bytes());
    }

    fn authorization(
        &self,
        service: &str,
        names: &str,
        date: &str,
        canonical: impl FnOnce() -> String,
    ) -> String {
        let day = &date[..8];
        let scope = format!("{day}/{}/{service}/aws4_request", self.region);
        let signature = if self.signed {
            let text =
                format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical().as_bytes()));
            let key = signing_key(&self.secret_key, day, &self.region, service);
            hexadecimal(hmac::sign(&key, text.as_bytes()).as_ref())
        } else {
            "0".repeat(64)
        };
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key
        )
    }
}

/// In place of a body's hash, which S3 allows.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

fn canonical_request(
    host: &str,
    date: &str,
    token: Option<&str>,
    target: &str,
    names: &str,
    body: &[u8],
) -> String {
    let token = token.map(|t| format!("x-amz-security-token:{t}\n")).unwrap_or_default();
    format!(
        "POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:{host}\nx-amz-date:{date}\n{token}\
         x-amz-target:{target}\n\n{names}\n{}",
        sha256(body)
    )
}

fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> hmac::Key {
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in [day, region, service, "aws4_request"] {
        let next = hmac::sign(&key, part.as_bytes());
        key = hmac::Key::new(hmac::HMAC_SHA256, next.as_ref());
    }
    key
}

fn sha256(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(signed: bool, session_token: Option<&str>) -> Caller {
        Caller {
            host: "127.0.0.1:4567".to_owned(),
            region: "us-east-1".to_owned(),
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
            signed,
            target: Target::Streams,
        }
    }

    fn head(caller: &Caller) -> String {
        let mut request = Vec::new();
        caller.write_head(&mut request, "ListStreams", b"{}", 1_440_938_160);
        String::from_utf8(request).unwrap()
    }

    #[test]
    fn a_signed_head_bears_the_signature_that_botocore_computes() {
        let plain = head(&caller(true, None));
        assert!(
            plain.contains("62612d5f6ea0d1a861a0e7ede240a2a4dc4b9540b53bb83c8368f278800a3a3b"),
            "{plain}"
        );
        let with_token = head(&caller(true, Some("token/of+a=session")));
        assert!(
            with_token.contains("8377210c43b2a3462164887fd2cd71a1b0ebf405f4dadea26aaf1a1ccebbe963"),
            "{with_token}"
        );
        assert!(with_token.contains("\r\nx-amz-security-token: token/of+a=session\r\n"));
    }

    #[test]
    fn an_unsigned_head_differs_in_nothing_but_the_signature() {
        let (signed, unsigned) = (head(&caller(true, None)), head(&caller(false, None)));
        let cut = |head: &str| head.split("Signature=").next().map(str::to_owned);
        assert_eq!(cut(&signed), cut(&unsigned));
        assert_eq!(signed.len(), unsigned.len());
    }
}
