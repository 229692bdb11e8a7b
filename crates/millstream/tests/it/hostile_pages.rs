//! Hostile input, case 38: a web page in the user's browser against a server on loopback.

use crate::{create, server};

fn status(server: &millstream_testkit::Server, head: &str) -> u16 {
    let mut wire = server.connect();
    wire.send(head.as_bytes());
    wire.read_http().expect("an answer").status
}

fn post(host: &str, lines: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nx-amz-target: Kinesis_20131202.ListStreams\r\n\
         content-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n{lines}\r\n{{}}"
    )
}

#[test]
fn hosts_that_are_not_ours_are_misdirected() {
    let server = server().ephemeral().start();
    let own = server.address().to_string();
    for host in ["localhost", "localhost:4567", "127.0.0.1", own.as_str(), "[::1]:4567"] {
        assert_eq!(status(&server, &post(host, "")), 200, "{host}");
    }
    for host in
        ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:4567"]
    {
        assert_eq!(status(&server, &post(host, "")), 421, "{host}");
        let page = format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\n\r\n");
        assert_eq!(status(&server, &page), 421, "{host}");
    }
}

#[test]
fn an_operation_that_is_refused_for_its_host_is_answered_as_one() {
    let server = server().ephemeral().argument("--log-level=debug").start();
    for (head, status) in [
        (post("evil.example", ""), 421),
        (post("localhost", "origin: http://evil.example\r\n"), 403),
    ] {
        let mut wire = server.connect();
        wire.send(head.as_bytes());
        let answer = wire.read_http().unwrap();
        assert_eq!(answer.status, status);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["__type"], "AccessDeniedException");
        let id = answer.header("x-amzn-requestid").unwrap();
        assert!(server.log().contains(id), "the log tells of it");
    }
    let mut wire = server.connect();
    wire.send(b"GET /bucket/key HTTP/1.1\r\nhost: evil.example\r\n\r\n");
    let answer = wire.read_http().unwrap();
    assert_eq!((answer.status, answer.header("x-amzn-requestid").is_some()), (421, true));
}

/// Hostile input, case 39.
#[test]
fn metrics_of_a_signed_server_are_for_those_who_have_the_token() {
    let keys = "auth = \"signed\"\n[[keys]]\nid = \"AKID\"\nsecret = \"s\"\n";
    let without = server().ephemeral().config(keys).start();
    assert_eq!(without.get("/metrics").0, 200, "from this machine");
    let config = format!("metrics_token = \"a-canary-of-a-token\"\n{keys}");
    let with = server().ephemeral().config(&config).start();
    let ask = |header: &str| {
        status(&with, &format!("GET /metrics HTTP/1.1\r\nhost: localhost\r\n{header}\r\n"))
    };
    assert_eq!(ask(""), 401);
    assert_eq!(ask("authorization: Bearer another\r\n"), 401);
    assert_eq!(ask("authorization: Bearer a-canary-of-a-token\r\n"), 200);
    assert_eq!(with.get("/readyz").0, 200, "a supervisor needs none");
    assert!(!with.log().contains("canary"));
}

#[test]
fn every_series_is_named_as_ours_and_every_budget_tells_its_size() {
    let server = server().ephemeral().start();
    let page = server.get("/metrics").1;
    let value = |name: &str| {
        let line = page.lines().find(|line| line.split([' ', '{']).next() == Some(name));
        let text = line.and_then(|line| line.rsplit(' ').next());
        text.unwrap_or_else(|| panic!("no {name}")).parse::<u64>().unwrap()
    };
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.starts_with("millstream_"), "{line}");
    }
    for budget in ["bodies", "replies", "subscriptions", "frame_pool"] {
        let used = value(&format!("millstream_memory_{budget}_bytes"));
        assert!(used < value(&format!("millstream_memory_{budget}_limit_bytes")), "{budget}");
    }
}

#[test]
fn names_of_the_configuration_are_ours() {
    let server = server().ephemeral().config("hosts = [\"kinesis.test\"]\n").start();
    assert_eq!(status(&server, &post("kinesis.test:80", "")), 200);
    assert_eq!(status(&server, &post("other.test", "")), 421);
}

#[test]
fn pages_of_other_origins_are_forbidden() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:1",
        "file://",
        "https://localhost.evil.example",
    ] {
        assert_eq!(
            status(&server, &post("localhost", &format!("origin: {origin}\r\n"))),
            403,
            "{origin}"
        );
    }
    // What a form can send without asking first names no type that is taken.
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let form = post("localhost", "").replace("application/x-amz-json-1.1", kind);
        assert_eq!(status(&server, &form), 400, "{kind}");
    }
}

#[test]
fn a_preflight_is_granted_nothing() {
    let server = server().ephemeral().start();
    let mut wire = server.connect();
    wire.send(
        b"OPTIONS / HTTP/1.1\r\nhost: localhost\r\norigin: http://evil.example\r\n\
          access-control-request-method: POST\r\naccess-control-request-headers: x-amz-target\r\n\r\n",
    );
    let http = wire.read_http().expect("an answer");
    assert_eq!(http.status, 403);
    assert_eq!(http.header("access-control-allow-origin"), None);
}
