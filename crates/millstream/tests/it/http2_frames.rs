//! HTTP/2 by hand: as much of frames and HPACK as hostile clients need.

use millstream_testkit::{Server, Wire};

/// Frame types.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;
/// Flags.
pub const ACK: u8 = 1;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A literal header without indexing.
pub fn literal(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

/// A literal header that enters the dynamic table.
pub fn indexed(name: &str, value: &str) -> Vec<u8> {
    [&[0x40][..], &text(name), &text(value)].concat()
}

/// HPACK's string, not Huffman coded.
fn text(value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match u8::try_from(value.len()) {
        Ok(short) if short < 127 => out.push(short),
        _ => {
            out.push(127);
            let mut rest = value.len() - 127;
            while rest >= 128 {
                out.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            out.push(rest as u8);
        }
    }
    out.extend_from_slice(value.as_bytes());
    out
}

/// The header block of a call.
pub fn call_block(operation: &str) -> Vec<u8> {
    [
        literal(":method", "POST"),
        literal(":scheme", "http"),
        literal(":path", "/"),
        literal(":authority", "localhost"),
        literal("x-amz-target", &format!("Kinesis_20131202.{operation}")),
        literal("content-type", "application/x-amz-json-1.1"),
    ]
    .concat()
}

/// A connection past the prefaces, with our settings (each an id and a value).
pub fn connect(server: &Server, settings: &[(u16, u32)]) -> Wire {
    let mut wire = server.connect();
    wire.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let settings: Vec<u8> = settings
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    wire.send(&frame(SETTINGS, 0, 0, &settings));
    let (kind, ..) = read(&mut wire).expect("the server's settings");
    assert_eq!(kind, SETTINGS);
    wire.send(&frame(SETTINGS, ACK, 0, &[]));
    wire
}

/// The next frame: kind, flags, stream and payload; `None` at the end.
pub fn read(wire: &mut Wire) -> Option<(u8, u8, u32, Vec<u8>)> {
    let head = wire.read_exactly(9)?;
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
    Some((head[3], head[4], stream, wire.read_exactly(length)?))
}

/// Reads to the end; whether a GOAWAY with an error was among what came.
pub fn goes_away(wire: &mut Wire) -> bool {
    let mut seen = false;
    while let Some((kind, _, _, payload)) = read(wire) {
        seen |= kind == GOAWAY && payload[4..8] != [0; 4];
    }
    seen
}
