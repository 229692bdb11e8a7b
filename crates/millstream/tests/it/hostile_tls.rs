//! Hostile input, case 10: handshakes that are none.

use crate::server;

/// The first bytes of a TLS 1.2 record that holds a handshake of 512 bytes.
const RECORD: &[u8] = &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03];

#[test]
fn half_a_handshake_is_given_up() {
    let server = server().ephemeral().config("[limits]\nhandshake_timeout_ms = 100\n").start();
    for first in [&RECORD[..1], RECORD] {
        let mut wire = server.connect();
        wire.send(first);
        wire.read_to_close();
    }
    assert_eq!(server.get("/healthz").0, 200);
}

#[test]
fn half_a_preface_is_given_up_and_a_slow_one_is_understood() {
    let server = server().ephemeral().config("[limits]\nhandshake_timeout_ms = 300\n").start();
    let mut wire = server.connect();
    wire.send(b"PRI * HT");
    wire.read_to_close();
    let mut wire = server.connect();
    for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
        wire.send(&[*byte]);
    }
    wire.send(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let settings = wire.read_exactly(9).expect("a frame");
    assert_eq!(settings[3], 4, "the server's settings come first");
}

#[test]
fn a_handshake_of_garbage_is_closed() {
    let server = server().ephemeral().start();
    for garbage in
        [vec![0xff; 600], vec![0; 600], RECORD.repeat(60), [RECORD, &[0xff; 501]].concat()]
    {
        let mut wire = server.connect();
        wire.send(&[RECORD, &garbage].concat());
        wire.finish();
        let said = wire.read_to_close();
        assert!(said.is_empty() || said[0] == 0x15, "nothing or an alert: {said:?}");
    }
    assert_eq!(server.get("/healthz").0, 200);
}
