//! Signed requests, good and bad, through the public interface.

use millstream_auth::{
    AuthCode, AuthError, Credentials, Identity, KeyStore, Request, Secret, SigningKeys,
    authenticate, payload_sha256, sign,
};
use millstream_types::{AccountId, Millis};

const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const BODY: &[u8] = br#"{"StreamName":"a"}"#;
/// 2015-08-30T12:36:00Z.
const NOW: Millis = Millis(1_440_938_160_000);
const MINUTE_MS: u64 = 60_000;

struct OneKey;

impl KeyStore for OneKey {
    fn lookup(&self, access_key_id: &str) -> Option<(Secret, AccountId)> {
        (access_key_id == KEY).then(|| (Secret::new(SECRET), AccountId::ZERO))
    }
}

fn credentials(key: &str, secret: &str) -> Credentials {
    Credentials { access_key_id: key.into(), secret: Secret::new(secret), session_token: None }
}

/// A request that may be spoilt before it is verified.
#[derive(Clone)]
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn good() -> Sent {
        Sent::signed_by(&credentials(KEY, SECRET), &[])
    }

    fn signed_by(credentials: &Credentials, more: &[(&str, &str)]) -> Sent {
        Sent::signed(credentials, more, "/", "")
    }

    fn signed(credentials: &Credentials, more: &[(&str, &str)], path: &str, query: &str) -> Sent {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("Host", b"localhost:4567"),
            ("X-Amz-Target", b"Kinesis_20131202.ListShards"),
            ("Content-Type", b"application/x-amz-json-1.1"),
            ("User-Agent", b"test"),
        ];
        headers.extend(more.iter().map(|(name, value)| (*name, value.as_bytes())));
        let request = Request { method: "POST", path, query, headers: &headers };
        let region = "us-east-1".parse().unwrap();
        let signed = sign(&request, credentials, &region, "kinesis", &payload_sha256(BODY), NOW);
        let mut all: Vec<(String, Vec<u8>)> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect();
        all.extend(signed.headers.into_iter().map(|(name, value)| (name.into(), value.into())));
        let (method, path, query) = ("POST".into(), path.into(), query.into());
        Sent { method, path, query, headers: all, body: BODY.to_vec() }
    }

    fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        String::from_utf8(found.unwrap().1.clone()).unwrap()
    }

    fn set(mut self, name: &str, value: &str) -> Sent {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.add(name, value)
    }

    fn add(mut self, name: &str, value: &str) -> Sent {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn without(mut self, name: &str) -> Sent {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    fn authorization(self, from: &str, to: &str) -> Sent {
        let value = self.header("authorization");
        assert!(value.contains(from), "{value}");
        self.set("authorization", &value.replace(from, to))
    }

    fn verify_at(&self, now: Millis, keys: &SigningKeys) -> Result<Identity, AuthError> {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let request = Request {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
        };
        authenticate(&request, "kinesis", &payload_sha256(&self.body), now, &OneKey, keys)
    }

    fn verify(&self) -> Result<Identity, AuthError> {
        self.verify_at(NOW, &SigningKeys::new())
    }
}

fn error(sent: &Sent) -> (AuthCode, String) {
    let error = sent.verify().unwrap_err();
    (error.code, error.message.into_owned())
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

#[test]
fn what_is_signed_is_verified_first_and_again_with_the_kept_key() {
    let keys = SigningKeys::new();
    for _ in 0..3 {
        let identity = Sent::good().verify_at(NOW, &keys).unwrap();
        assert_eq!(identity.account, AccountId::ZERO);
        assert_eq!(identity.scope.region.as_str(), "us-east-1");
    }
    let tampered = Sent { body: b"{}".to_vec(), ..Sent::good() };
    assert_eq!(tampered.verify_at(NOW, &keys).unwrap_err().message, MISMATCH);
    assert!(Sent::good().verify_at(NOW, &keys).is_ok());
}

/// The first request of AWS's published test suite for Signature Version 4.
#[test]
fn the_published_example_has_its_published_signature() {
    let headers: [(&str, &[u8]); 1] = [("host", b"example.amazonaws.com")];
    let request = Request { method: "GET", path: "/", query: "", headers: &headers };
    let region = "us-east-1".parse().unwrap();
    let empty = payload_sha256(b"");
    let signed = sign(&request, &credentials(KEY, SECRET), &region, "service", &empty, NOW);
    assert_eq!(signed.headers[0], ("x-amz-date", "20150830T123600Z".into()));
    assert_eq!(
        signed.headers[1].1,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

#[test]
fn whatever_is_changed_the_signature_no_longer_matches() {
    let mut changed = vec![
        Sent { method: "PUT".into(), ..Sent::good() },
        Sent { path: "/x".into(), ..Sent::good() },
        Sent { query: "x=1".into(), ..Sent::good() },
        Sent { body: b"{}".to_vec(), ..Sent::good() },
        Sent::good().set("host", "elsewhere"),
        Sent::good().set("x-amz-target", "Kinesis_20131202.DeleteStream"),
        Sent::good().set("content-type", "text/plain"),
        Sent::good().set("x-amz-date", "20150830T123601Z"),
        Sent::good().authorization("us-east-1", "us-east-2"),
        Sent::signed_by(&credentials(KEY, "wrong"), &[]),
    ];
    let authorization = Sent::good().header("authorization");
    let (before, signature) = authorization.split_once("Signature=").unwrap();
    for bad in [
        String::new(),
        "0".repeat(64),
        signature.to_uppercase(),
        signature[1..].to_owned(),
        format!("{signature}0"),
        "ä".repeat(32),
    ] {
        changed.push(Sent::good().set("authorization", &format!("{before}Signature={bad}")));
    }
    for sent in &changed {
        assert_eq!(error(sent), (AuthCode::InvalidSignatureException, MISMATCH.to_owned()));
    }
    assert!(Sent::good().set("user-agent", "anything").verify().is_ok());
}

#[test]
fn unsigned_and_garbled_requests_get_awss_texts() {
    use AuthCode::*;
    let hashed = "(Hashed with SHA-256 and encoded with Base64) Authorization=";
    let equal_sign = "Invalid key=value pair (missing equal-sign) in Authorization header";
    let table: Vec<(Sent, AuthCode, String)> = vec![
        (
            Sent::good().without("authorization"),
            MissingAuthenticationTokenException,
            "Missing Authentication Token".into(),
        ),
        (
            Sent::good().set("authorization", "  "),
            MissingAuthenticationTokenException,
            "Missing Authentication Token".into(),
        ),
        (
            Sent::good().set("authorization", "AWS4-HMAC-SHA256").without("x-amz-date"),
            IncompleteSignatureException,
            format!(
                "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
                 parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires \
                 existence of either a 'X-Amz-Date' or a 'Date' header. {hashed}"
            ),
        ),
        (
            Sent::good().authorization("Signature=", "Sig="),
            IncompleteSignatureException,
            format!("Authorization header requires 'Signature' parameter. {hashed}"),
        ),
        (Sent::good().set("authorization", "Bearer abc"), IncompleteSignatureException, equal_sign.into()),
        (
            Sent::good().authorization(", Signature=", ", Credential=x, Signature="),
            IncompleteSignatureException,
            "Authorization header has more than one 'Credential' parameter.".into(),
        ),
        (
            Sent::good().authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
            IncompleteSignatureException,
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.".into(),
        ),
        (
            Sent::good().authorization("AKIDEXAMPLE/", ""),
            IncompleteSignatureException,
            "Credential must have exactly 5 slash-delimited elements".into(),
        ),
        (
            Sent::good().authorization("AKIDEXAMPLE/", "AKIDEXAMPLE//"),
            IncompleteSignatureException,
            "Credential must have exactly 5 slash-delimited elements".into(),
        ),
        (
            Sent::good().authorization("/kinesis/", "/firehose/"),
            InvalidSignatureException,
            "Credential should be scoped to correct service: 'kinesis'.".into(),
        ),
        (
            Sent::good().authorization("/us-east-1/", "/US east/"),
            InvalidSignatureException,
            "Credential should be scoped to a valid region, not 'US east'.".into(),
        ),
        (
            Sent::good().authorization("aws4_request", "AWS4_REQUEST"),
            InvalidSignatureException,
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'AWS4_REQUEST'.".into(),
        ),
        (
            Sent::good().authorization("/20150830/", "/20150831/"),
            InvalidSignatureException,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' != \
             '20150830', from '20150830T123600Z'."
                .into(),
        ),
        (
            Sent::good().set("x-amz-date", "20150230T000000Z"),
            IncompleteSignatureException,
            "Date must be in ISO-8601 'basic format'. Got '20150230T000000Z'.".into(),
        ),
        (
            Sent::signed_by(&credentials("AKIDOTHER", SECRET), &[]),
            UnrecognizedClientException,
            "The security token included in the request is invalid.".into(),
        ),
        (
            Sent::good().add("x-amz-date", "20150830T123600Z"),
            IncompleteSignatureException,
            "Header 'X-Amz-Date' must be sent once.".into(),
        ),
        (
            Sent::good().add("Authorization", "x"),
            IncompleteSignatureException,
            "Header 'Authorization' must be sent once.".into(),
        ),
        (
            Sent { query: "X-Amz-Algorithm=AWS4-HMAC-SHA256".into(), ..Sent::good() },
            InvalidSignatureException,
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.".into(),
        ),
        (
            Sent { query: "X-Amz-Algorithm=AWS4-HMAC-SHA256".into(), ..Sent::good() }
                .without("authorization"),
            IncompleteSignatureException,
            "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
             'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string \
             parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
                .into(),
        ),
    ];
    for (sent, code, text) in table {
        let (found, message) = error(&sent);
        assert_eq!(found, code, "{message}");
        assert!(message.starts_with(&text), "{message}");
        assert!(!message.contains("abc"), "{message}");
    }
}

#[test]
fn signed_headers_must_cover_what_decides() {
    let names = "content-type;host;x-amz-date;x-amz-target";
    for (replaced, text) in [
        ("content-type;x-amz-date;x-amz-target", "'Host' or ':authority' must be a 'SignedHeader'"),
        ("content-type;host;x-amz-target", "'X-Amz-Date' must be a 'SignedHeader'"),
        ("content-type;host;x-amz-date", "'X-Amz-Target' must be a 'SignedHeader'"),
        ("content-type;host;x-amz-date;x-amz-target;x-other", "SignedHeaders names 'x-other'"),
        ("host;content-type;x-amz-date;x-amz-target", "SignedHeaders must be lower-case"),
        ("content-type;host;host;x-amz-date;x-amz-target", "SignedHeaders must be lower-case"),
        ("Content-Type;host;x-amz-date;x-amz-target", "SignedHeaders must be lower-case"),
        ("content-type;;host;x-amz-date;x-amz-target", "SignedHeaders must be lower-case"),
        ("", "SignedHeaders must be lower-case"),
    ] {
        let (code, message) = error(&Sent::good().authorization(names, replaced));
        assert_eq!(code, AuthCode::InvalidSignatureException);
        assert!(message.starts_with(text), "{replaced}: {message}");
    }
    let (_, message) = error(&Sent::good().add("X-Amz-Security-Token", "t"));
    assert!(message.starts_with("'X-Amz-Security-Token' must be a 'SignedHeader'"), "{message}");
}

#[test]
fn a_session_token_is_not_accepted_with_a_long_lived_key() {
    let mut temporary = credentials(KEY, SECRET);
    temporary.session_token = Some("token".into());
    let (code, _) = error(&Sent::signed_by(&temporary, &[]));
    assert_eq!(code, AuthCode::UnrecognizedClientException);
}

#[test]
fn a_declared_payload_hash_must_be_the_bodys() {
    let right: String = payload_sha256(BODY).iter().map(|b| format!("{b:02x}")).collect();
    let with = |value: &str| {
        Sent::signed_by(&credentials(KEY, SECRET), &[("X-Amz-Content-Sha256", value)])
    };
    assert!(with(&right).verify().is_ok());
    for bad in [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
        &right.to_uppercase(),
        &"0".repeat(64),
    ] {
        let (code, message) = error(&with(bad));
        assert_eq!(code, AuthCode::InvalidSignatureException);
        assert!(message.contains("x-amz-content-sha256"), "{bad}: {message}");
    }
}

#[test]
fn the_clock_may_be_five_minutes_off_and_no_more() {
    let keys = SigningKeys::new();
    let at =
        |now: u64| Sent::good().verify_at(Millis(now), &keys).map_err(|e| e.message.into_owned());
    for now in [NOW.0, NOW.0 - 5 * MINUTE_MS, NOW.0 + 5 * MINUTE_MS] {
        assert!(at(now).is_ok());
    }
    assert_eq!(
        at(NOW.0 + 5 * MINUTE_MS + 1000).unwrap_err(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    );
    assert_eq!(
        at(NOW.0 - 5 * MINUTE_MS - 1000).unwrap_err(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
    );
    for now in [0, u64::MAX] {
        assert!(at(now).is_err());
    }
}

#[test]
fn odd_paths_queries_and_headers_are_signed_and_verified_alike() {
    let by = credentials(KEY, SECRET);
    for path in ["/", "//", "/a//b", "/a/../b", "/%2F", "/a b", "/%C3%A4", "/+", "/a/"] {
        for query in ["", "a=1", "b=2&a=1", "a=x+y", "a=%2f", "a", "a=&a", "a=b=c", "&&"] {
            assert!(Sent::signed(&by, &[], path, query).verify().is_ok(), "{path}?{query}");
        }
    }
    for value in ["", " a  b ", "a\tb", "ä", "\"a  b\"", "a,b"] {
        assert!(Sent::signed_by(&by, &[("X-Odd", value)]).verify().is_ok(), "{value}");
    }
    let twice = Sent::signed_by(&by, &[("X-Odd", "1"), ("X-Odd", "2")]);
    assert!(twice.verify().is_ok());
}

#[test]
fn any_single_byte_change_of_the_header_is_refused_or_harmless() {
    let good = Sent::good().header("authorization");
    for at in 0..good.len() {
        for byte in [b' ', b',', b'=', b'/', b'0', b'Z', 0, 0xff] {
            let mut spoilt = good.clone().into_bytes();
            spoilt[at] = byte;
            let is_same = spoilt == good.as_bytes();
            let mut sent = Sent::good().without("authorization");
            sent.headers.push(("authorization".into(), spoilt.clone()));
            // A space more or a comma for a space between the parts changes nothing that is signed.
            if sent.verify().is_ok() && !is_same {
                assert!(matches!(good.as_bytes()[at], b' ' | b','), "{at} {byte}");
            }
        }
    }
}

/// Signatures that botocore 1.44.5 made for the same request on other paths and with other queries.
#[test]
fn what_botocore_signed_is_verified() {
    let with = |path: &str, query: &str, signature: &str| {
        let sent = Sent::good();
        let authorization = sent.header("authorization");
        let (before, _) = authorization.split_once("Signature=").unwrap();
        let sent = sent.set("authorization", &format!("{before}Signature={signature}"));
        Sent { path: path.into(), query: query.into(), ..sent }
    };
    for (path, query, signature) in [
        ("/", "", "79b7d3a8e58381d16d45e8c7eb6c94716e4996c0b72161506116473546661c97"),
        ("/a//b/../c", "", "f3aaafafe64cf0a4d450fe800934191f44e9b53759cd066fe35285b5d5c5131e"),
        ("/a%2Fb/", "", "69635495741181a65199626e3a61a86484a7cee201de179b0db6572d0f1844c1"),
        ("/%C3%A4", "", "f59cdfef1ee38b3539f581d90b190a8234352500c696fdf4058a9d6599e6ef8a"),
        ("/a", "b=2&a=1", "f4275dc185af70648c8055ccaf47b8f93613642061a40b9bdace09c2ce00b6e9"),
        ("/", "a=x+y", "ad0036ec3d4d80b818efbf58a1b273a603a568d6b57b0b0396f419c594c8c1bd"),
        ("/", "a=%2f&b", "1c242e255df04a66fd7ca7da1d81755ba45a7ce0af851d44c5b4994e59166220"),
        ("/", "a=b=c&a=", "4d42f93ed4c4a681772294306c18a40b5e4c999a11df79a23c20a9ef8eb53654"),
    ] {
        assert!(with(path, query, signature).verify().is_ok(), "{path}?{query}");
        assert!(with("/other", query, signature).verify().is_err());
    }
}

/// A URL that botocore 1.44.5 signed, good for ten minutes.
#[test]
fn a_presigned_request_is_good_until_it_expires() {
    let query = "StreamName=a&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1\
                 %2Fkinesis%2Faws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host\
                 %3Bx-amz-target&X-Amz-Signature=0e006f46392b3165b3d4aae63466abfe1b8b5d7a1515a76a731ab1a412eeb2c6";
    let unsigned = Sent::good().without("authorization").without("x-amz-date");
    let sent = Sent { query: query.into(), body: Vec::new(), ..unsigned };
    let keys = SigningKeys::new();
    let at = |sent: &Sent, now: u64| {
        sent.verify_at(Millis(now), &keys).map_err(|error| error.message.into_owned())
    };
    assert!(at(&sent, NOW.0).is_ok());
    assert!(at(&sent, NOW.0 + 10 * MINUTE_MS).is_ok());
    assert_eq!(
        at(&sent, NOW.0 + 10 * MINUTE_MS + 1000).unwrap_err(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124601Z - 10 min.)"
    );
    assert!(at(&sent, NOW.0 - 6 * MINUTE_MS).is_err());
    let changed = |from: &str, to: &str| Sent { query: query.replace(from, to), ..sent.clone() };
    assert_eq!(at(&changed("StreamName=a", "StreamName=b"), NOW.0).unwrap_err(), MISMATCH);
    assert_eq!(at(&changed("Expires=600", "Expires=601"), NOW.0).unwrap_err(), MISMATCH);
    for bad in ["Expires=0", "Expires=604801", "Expires=-1", "Expires=x"] {
        let message = at(&changed("Expires=600", bad), NOW.0).unwrap_err();
        assert!(message.starts_with("X-Amz-Expires must be a number"), "{message}");
    }
    let twice = changed("&X-Amz-Date", "&X-Amz-Expires=1&X-Amz-Date");
    assert!(at(&twice, NOW.0).unwrap_err().contains("must be sent once"));
}
