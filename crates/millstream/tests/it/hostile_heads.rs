//! Hostile input, cases 6, 7 and 9: heads that are too large, doubled or not HTTP.

use millstream_testkit::Http;

use crate::server;

/// A head with further lines before its end.
fn head(lines: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: Kinesis_20131202.ListStreams\r\n\
         content-type: application/x-amz-json-1.1\r\ncontent-length: 2\r\n{lines}\r\n{{}}"
    )
}

fn send(server: &millstream_testkit::Server, bytes: &[u8]) -> Option<Http> {
    let mut wire = server.connect();
    wire.send(bytes);
    wire.finish();
    wire.read_http()
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let server = server().ephemeral().start();
    assert_eq!(send(&server, head("").as_bytes()).map(|http| http.status), Some(200));
    let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    let wide = format!("x-wide: {}\r\n", "a".repeat(1024 * 1024));
    let long_target =
        format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(1024 * 1024));
    for (name, bytes) in
        [("many", head(&many)), ("wide", head(&wide)), ("a long target", long_target)]
    {
        let status = send(&server, bytes.as_bytes()).map(|http| http.status);
        assert!(matches!(status, None | Some(400 | 414 | 431)), "{name}: {status:?}");
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn bytes_that_no_header_may_hold_are_refused() {
    let server = server().ephemeral().start();
    for (name, line) in [
        ("NUL", "x-a: a\0b\r\n"),
        ("a bare carriage return", "x-a: a\rb\r\n"),
        ("folding", "x-a: a\r\n b\r\n"),
        ("a space before the colon", "x-a : a\r\n"),
        ("no name", ": a\r\n"),
        ("a name with a space", "x a: a\r\n"),
        ("no colon", "x-a\r\n"),
    ] {
        let status = send(&server, head(line).as_bytes()).map(|http| http.status);
        assert!(matches!(status, None | Some(400)), "{name}: {status:?}");
    }
}

#[test]
fn lines_that_end_in_a_bare_line_feed_are_refused() {
    let server = server().ephemeral().start();
    for bytes in [
        head("").replace("\r\n", "\n"),
        head("x-a: 1\ncontent-length: 50\r\n"),
        head("").replace("localhost\r\n", "localhost\n"),
    ] {
        let status = send(&server, bytes.as_bytes()).map(|http| http.status);
        assert!(matches!(status, None | Some(400)), "{status:?}");
    }
}

#[test]
fn headers_that_decide_something_may_come_once_only() {
    let server = server().ephemeral().start();
    for line in [
        "authorization: a\r\nauthorization: b\r\n",
        "x-amz-date: 20260101T000000Z\r\nx-amz-date: 20260101T000000Z\r\n",
        "host: 127.0.0.1\r\n",
        "x-amz-target: Kinesis_20131202.DeleteStream\r\n",
        "content-type: application/x-amz-cbor-1.1\r\n",
        "x-amz-security-token: a\r\nx-amz-security-token: b\r\n",
        "x-amz-content-sha256: a\r\nx-amz-content-sha256: b\r\n",
    ] {
        let status = send(&server, head(line).as_bytes()).map(|http| http.status);
        assert_eq!(status, Some(400), "{line}");
    }
}

#[test]
fn what_is_not_http_is_closed() {
    let server = server().ephemeral().start();
    for bytes in [
        &b"\0\0\0\0\0\0\0\0\r\n\r\n"[..],
        b"HELO mail\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\nnonsense-nonsense-nonsense",
        b"\x16\x03\x01\x00\x05hello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let mut wire = server.connect();
        wire.send(bytes);
        wire.finish();
        let said = String::from_utf8_lossy(&wire.read_to_close()).into_owned();
        assert!(!said.contains(" 200 "), "{bytes:?}: {said}");
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn an_upgrade_is_not_taken() {
    let server = server().ephemeral().start();
    let lines = "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n";
    assert_eq!(send(&server, head(lines).as_bytes()).map(|http| http.status), Some(200));
}

#[test]
fn requests_may_follow_each_other_without_waiting() {
    let server = server().ephemeral().start();
    let mut wire = server.connect();
    wire.send(head("").repeat(20).as_bytes());
    for n in 0..20 {
        assert_eq!(wire.read_http().map(|http| http.status), Some(200), "answer {n}");
    }
}
