//! What verification costs beside the body's hash: `cargo bench -p millstream-auth`.
#![allow(clippy::disallowed_methods)] // a benchmark owns its clock

#[path = "../../../benches/measure.rs"]
mod measure;

use std::hint::black_box;

use millstream_auth::{
    Credentials, KeyStore, Request, Secret, SigningKeys, authenticate, claimed, payload_sha256,
    sign,
};
use millstream_types::{AccountId, Millis};

use crate::measure::measure;

struct OneKey(Secret);

impl KeyStore for OneKey {
    fn lookup(&self, access_key_id: &str) -> Option<(Secret, AccountId)> {
        (access_key_id == "key").then(|| (self.0.clone(), AccountId::ZERO))
    }
}

fn main() {
    let store = OneKey(Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
    let credentials = |id: &str| Credentials {
        access_key_id: id.into(),
        secret: store.0.clone(),
        session_token: None,
    };
    let now = Millis(1_440_938_160_000);
    let body = vec![b'a'; 700 * 1024];
    let hash = payload_sha256(&body);
    let base: Vec<(&str, &[u8])> = vec![
        ("host", b"localhost:4567"),
        ("x-amz-target", b"Kinesis_20131202.PutRecords"),
        ("content-type", b"application/x-amz-json-1.1"),
    ];
    let region = "us-east-1".parse().unwrap_or_else(|_| unreachable!("a valid region"));
    let keys = SigningKeys::new();
    measure("payload_sha256, 700 KiB", 0, || {
        black_box(payload_sha256(black_box(&body)));
    });
    for (name, id) in [("known key", "key"), ("unknown key", "other")] {
        let request = Request { method: "POST", path: "/", query: "", headers: &base };
        let signed = sign(&request, &credentials(id), &region, "kinesis", &hash, now);
        let mut headers = base.clone();
        headers.extend(signed.headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        let request = Request { headers: &headers, ..request };
        measure(&format!("authenticate, {name}"), 0, || {
            let _ = black_box(authenticate(&request, "kinesis", &hash, now, &store, &keys));
        });
        let authorization = || {
            let named = request.headers.iter().filter(|(name, _)| *name == "authorization");
            named.map(|(_, value)| *value)
        };
        measure("claimed", 0, || {
            black_box(claimed(authorization(), request.query, |key, _| Some(key.len())));
        });
    }
}
