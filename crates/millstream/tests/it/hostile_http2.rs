//! Hostile input, cases 1 and 8: bodies that nobody wants over HTTP/2, and what has taken HTTP/2 servers down.

use crate::http2_frames::*;
use crate::{create, put, server};

#[test]
fn a_call_by_hand_is_answered() {
    let server = server().ephemeral().start();
    let mut wire = connect(&server, &[]);
    wire.send(&frame(HEADERS, END_HEADERS, 1, &call_block("ListStreams")));
    wire.send(&frame(DATA, END_STREAM, 1, b"{}"));
    let mut body = Vec::new();
    while let Some((kind, flags, stream, payload)) = read(&mut wire) {
        if kind == DATA && stream == 1 {
            body.extend_from_slice(&payload);
        }
        if stream == 1 && flags & END_STREAM != 0 && (kind == DATA || kind == HEADERS) {
            break;
        }
    }
    assert!(String::from_utf8_lossy(&body).contains("StreamNames"));
}

#[test]
fn rapid_reset_ends_the_connection() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let mut wire = connect(&server, &[]);
    for stream in (1..20_001).step_by(2) {
        let begin = frame(HEADERS, END_HEADERS, stream, &call_block("ListStreams"));
        let reset = frame(RST_STREAM, 0, stream, &8u32.to_be_bytes());
        if !wire.try_send(&[begin, reset].concat()) {
            break;
        }
    }
    wire.finish();
    assert!(goes_away(&mut wire));
    put(&server, "s", "QQ==");
}

#[test]
fn streams_that_we_must_reset_end_the_connection() {
    let server = server().ephemeral().start();
    let mut wire = connect(&server, &[]);
    for stream in (1..6_001).step_by(2) {
        // A header block without a path is the stream's error.
        let begin = frame(HEADERS, END_HEADERS | END_STREAM, stream, &literal(":method", "POST"));
        if !wire.try_send(&begin) {
            break;
        }
    }
    wire.finish();
    assert!(goes_away(&mut wire));
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_flood_of_continuations_ends_the_connection() {
    let server = server().ephemeral().start();
    let mut wire = connect(&server, &[]);
    wire.send(&frame(HEADERS, 0, 1, &call_block("ListStreams")));
    let more = frame(CONTINUATION, 0, 1, &literal("x-more", &"a".repeat(1000)));
    let ended = (0..100_000).any(|_| !wire.try_send(&more));
    wire.finish();
    assert!(ended || goes_away(&mut wire));
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_header_bomb_is_refused() {
    let server = server().ephemeral().start();
    let mut wire = connect(&server, &[]);
    let mut block = [call_block("ListStreams"), indexed("x-bomb", &"a".repeat(3000))].concat();
    // Each byte names the entry of 3,000 bytes again.
    block.extend_from_slice(&[0x80 | 62; 5000]);
    wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block));
    let (mut refused, mut data) = (false, Vec::new());
    wire.finish();
    while let Some((kind, _, stream, payload)) = read(&mut wire) {
        refused |= stream == 1 && (kind == RST_STREAM || kind == HEADERS) || kind == GOAWAY;
        if kind == DATA {
            data.extend_from_slice(&payload);
        }
    }
    assert!(refused && !String::from_utf8_lossy(&data).contains("StreamNames"));
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn floods_of_pings_and_settings_do_not_stop_others() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    for flood in [
        frame(PING, 0, 0, &[7; 8]),
        frame(SETTINGS, 0, 0, &[]),
        frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
    ] {
        let mut wire = connect(&server, &[]);
        let many = flood.repeat(1000);
        for _ in 0..10 {
            if !wire.try_send(&many) {
                break;
            }
            put(&server, "s", "QQ==");
        }
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_peer_that_grants_no_window_is_let_go() {
    let server = server()
        .ephemeral()
        .config("[limits]\nmode = \"off\"\nidle_timeout_ms = 200\nwrite_timeout_ms = 200\n")
        .start();
    create(&server, "s", 1);
    // SETTINGS_INITIAL_WINDOW_SIZE 0: no byte of a body may be sent.
    let mut wire = connect(&server, &[(4, 0)]);
    for stream in (1..101).step_by(2) {
        wire.send(&frame(HEADERS, END_HEADERS, stream, &call_block("ListStreams")));
        wire.send(&frame(DATA, END_STREAM, stream, b"{}"));
    }
    put(&server, "s", "QQ==");
    while read(&mut wire).is_some() {}
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn data_in_the_tiniest_frames_is_put_together() {
    let server = server().ephemeral().start();
    create(&server, "s", 1);
    let mut wire = connect(&server, &[]);
    wire.send(&frame(HEADERS, END_HEADERS, 1, &call_block("DescribeStream")));
    for byte in br#"{"StreamName":"s"}"# {
        wire.send(&frame(DATA, 0, 1, &[*byte]));
        wire.send(&frame(DATA, 0, 1, &[]));
    }
    wire.send(&frame(DATA, END_STREAM, 1, &[]));
    let mut body = Vec::new();
    while let Some((kind, flags, stream, payload)) = read(&mut wire) {
        if kind == DATA && stream == 1 {
            body.extend_from_slice(&payload);
            if flags & END_STREAM != 0 {
                break;
            }
        }
    }
    assert!(String::from_utf8_lossy(&body).contains("StreamDescription"));
}

#[test]
fn streams_over_the_limit_are_refused() {
    let server = server().ephemeral().start();
    let mut wire = connect(&server, &[]);
    for stream in (1..2_001).step_by(2) {
        // Headers without an end keep each stream open.
        if !wire.try_send(&frame(HEADERS, END_HEADERS, stream, &call_block("ListStreams"))) {
            break;
        }
    }
    let refused = loop {
        match read(&mut wire) {
            Some((RST_STREAM | GOAWAY, ..)) => break true,
            Some(_) => {}
            None => break true,
        }
    };
    assert!(refused);
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn a_client_that_sends_on_after_an_early_answer_sees_it() {
    let server = server().ephemeral().start();
    let mut uploads = Uploads::new(&server);
    for (operation, bytes, said) in [
        ("DescribeStream", 2_000_000, "The body of DescribeStream may have"),
        ("PutRecords", 17_000_000, "The body of PutRecords may have"),
        ("PutRecords", 20_000_000, "The body of PutRecords may have"),
        ("NoSuchOperation", 2_000_000, "UnknownOperationException"),
    ] {
        let length = literal("content-length", &bytes.to_string());
        for block in [call_block(operation), [call_block(operation), length].concat()] {
            let uploaded = uploads.send(&block, bytes);
            assert!(uploaded.answer.contains(said), "{operation}: {}", uploaded.answer);
            assert_eq!((uploaded.sent, uploaded.reset), (bytes, None), "{operation}");
        }
    }
}

#[test]
fn a_body_that_nobody_wants_is_read_to_a_bound() {
    let server = server().ephemeral().start();
    let uploaded = Uploads::new(&server).send(&call_block("NoSuchOperation"), 100_000_000);
    assert!(uploaded.answer.contains("UnknownOperationException"), "{}", uploaded.answer);
    assert_eq!(uploaded.reset, Some(0));
    // 64 MiB, and what the windows let through before the reset came.
    assert!((66_000_000..75_000_000).contains(&uploaded.sent), "{}", uploaded.sent);
}

#[test]
fn a_body_that_nobody_wants_and_that_never_comes_is_given_up() {
    let server = server().ephemeral().config("[limits]\nbody_read_timeout_ms = 100\n").start();
    let mut uploads = Uploads::new(&server);
    let length = literal("content-length", "2000000");
    for _ in 0..2 {
        let uploaded = uploads.hold_back(&[call_block("DescribeStream"), length.clone()].concat());
        assert!(uploaded.answer.contains("SerializationException"), "{}", uploaded.answer);
        assert_eq!(uploaded.reset, Some(0));
    }
}
