//! Hostile input, cases 34 and 35: secrets and records never reach logs, errors or metrics, at any level.

use serde_json::json;

use crate::{create, send_body, server};

const SECRET: &str = "canarysecretwJalrXUtnFEMI";
const TOKEN: &str = "canarytokenFwoGZXIvYXdz";
/// Base64 of `canary-record`.
const DATA: &str = "Y2FuYXJ5LXJlY29yZA==";
const KEY: &str = "canary-partition-key";

/// Everything that must not be seen, in each form it could take.
const CANARIES: [&str; 5] = [SECRET, TOKEN, DATA, "canary-record", KEY];

fn check(place: &str, text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} is in {place}:\n{text}");
    }
}

#[test]
fn records_are_never_logged() {
    for format in ["text", "json"] {
        let server = server()
            .argument("--log-level")
            .argument("trace")
            .argument("--log-format")
            .argument(format)
            .start();
        create(&server, "s", 1);
        let record = json!({ "StreamName": "s", "Data": DATA, "PartitionKey": KEY });
        server.must("PutRecord", record.clone());
        let entry = json!({ "Data": DATA, "PartitionKey": KEY });
        server.must("PutRecords", json!({ "StreamName": "s", "Records": [entry, entry] }));
        crate::read(&server, "s", crate::SHARD);
        // What fails is where data is logged by mistake.
        let mut errors = Vec::new();
        let text = record.to_string();
        for cut in [text.len() - 1, text.len() - 10, text.len() / 2] {
            errors.push(send_body(&server, "PutRecord", &text.as_bytes()[..cut]));
        }
        errors.push(server.call(
            "PutRecord",
            &json!({ "StreamName": "none", "Data": DATA, "PartitionKey": KEY }),
        ));
        errors.push(
            server.call(
                "PutRecord",
                &json!({ "StreamName": "s", "Data": [DATA], "PartitionKey": KEY }),
            ),
        );
        for reply in errors {
            assert_eq!(reply.status, 400);
            check("an error", &String::from_utf8_lossy(&reply.http.body));
        }
        check("the metrics", &server.get("/metrics").1);
        assert!(!server.log().is_empty());
        check("the log", &server.log());
    }
}

#[test]
fn keys_are_never_shown() {
    let server = server()
        .argument("--auth")
        .argument("signed")
        .argument("--log-level")
        .argument("trace")
        .variable("MILLSTREAM_KEYS", &format!("AKIDA:{SECRET}:123456789012"))
        .config(&format!(
            "[[keys]]\nid = \"AKIDB\"\nsecret = \"{SECRET}\"\naccount = \"123456789012\"\n"
        ))
        .start();
    let mut wire = server.connect();
    for authorization in [
        "AWS4-HMAC-SHA256 Credential=AKIDA/20260101/us-east-1/kinesis/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=0000000000000000000000000000000000000000000000000000000000000000",
        SECRET,
    ] {
        let headers = format!(
            "authorization: {authorization}\r\nx-amz-date: 20260101T000000Z\r\nx-amz-security-token: {TOKEN}\r\n"
        );
        wire.send(&millstream_testkit::request("ListStreams", &headers, b"{}"));
        let http = wire.read_http().expect("an answer");
        assert_eq!(http.status / 100, 4);
        check("an error", &String::from_utf8_lossy(&http.body));
    }
    check("the metrics", &server.get("/metrics").1);
    check("the log", &server.log());
}

#[test]
fn keys_of_encryption_are_never_shown() {
    let server = server()
        .argument("--log-level")
        .argument("trace")
        .config(&format!(
            "[kms]\nendpoint = \"http://127.0.0.1:9\"\naccess_key_id = \"AKIDKMS\"\nsecret_access_key = \"{SECRET}\"\n\
             session_token = \"{TOKEN}\"\n"
        ))
        .start();
    create(&server, "s", 1);
    let start = |key: &str| json!({ "StreamName": "s", "EncryptionType": "KMS", "KeyId": key });
    let failed = server.call("StartStreamEncryption", &start("alias/far"));
    check("an error", &String::from_utf8_lossy(&failed.http.body));
    server.must("StartStreamEncryption", start("alias/aws/kinesis"));
    crate::wait_active(&server, "s");
    server.must("PutRecord", json!({ "StreamName": "s", "Data": DATA, "PartitionKey": KEY }));
    crate::read(&server, "s", crate::SHARD);
    check("the metrics", &server.get("/metrics").1);
    check("the log", &server.log());
    let file = std::fs::read_to_string(server.data_dir().join("master.key")).expect("a file");
    let key = file.lines().nth(1).expect("a key");
    assert!(key.len() == 64 && !server.log().contains(key));
}

#[test]
fn a_configuration_that_is_refused_does_not_show_its_keys() {
    let home = millstream_testkit::Scratch::new();
    for keys in [
        format!("[[keys]]\nid = \"\"\nsecret = \"{SECRET}\"\n"),
        format!("[[keys]]\nid = \"A\"\nsecret = \"{SECRET}\"\naccount = \"12\"\n"),
        format!("[[keys]]\nid = \"A\"\nsecret = \"{SECRET}\"\naccount = 123456789012\n"),
        format!("[[keys]]\nid = \"A\"\nsecret = \"{SECRET}\"\n").repeat(2),
        format!("[[keys]]\nid = 5\nsecret = \"{SECRET}\"\naccount = \"123456789012\"\n"),
        format!("[[keys]]\nid = \"A\"\nsecret = [\"{SECRET}\"]\naccount = \"123456789012\"\n"),
        format!("[[keys]]\nid = \"A\" secret = \"{SECRET}\"\n"),
        format!(
            "[[keys]]\nid = \"A\"\nsecret = \"{SECRET}\"\naccount = \"123456789012\"\nsurplus = 1\n"
        ),
    ] {
        let (status, said) =
            server().argument("--auth").argument("signed").config(&keys).refuse_in(&home);
        assert!(!status.success(), "{said}");
        check("the refusal", &said);
    }
    let keys = format!("A:{SECRET}:12");
    let (status, said) = server()
        .argument("--auth")
        .argument("signed")
        .variable("MILLSTREAM_KEYS", &keys)
        .refuse_in(&home);
    assert!(!status.success());
    check("the refusal", &said);
}
