//! HTTP/2 by hand: as much of frames and HPACK as hostile clients need.

use millstream_testkit::{Server, Wire};

/// Frame types.
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
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

/// The windows that the server grants for bodies: of a stream at its begin, of a connection before its first update.
const STREAM_WINDOW: usize = 1024 * 1024;
const CONNECTION_WINDOW: usize = 65_535;
const FRAME_BYTES: usize = 16 * 1024;

/// A client that sends bodies as their windows allow, and goes on when it is answered early, as many do.
pub struct Uploads {
    wire: Wire,
    window: usize,
    stream: u32,
}

/// What came of a body.
#[derive(Default)]
pub struct Uploaded {
    /// The bytes that were sent.
    pub sent: usize,
    /// The body of the answer.
    pub answer: String,
    /// The code of the stream's reset, if it was.
    pub reset: Option<u32>,
}

impl Uploads {
    /// On a connection of its own.
    pub fn new(server: &Server) -> Self {
        Uploads { wire: connect(server, &[]), window: CONNECTION_WINDOW, stream: 1 }
    }

    /// Sends a call with a body of spaces until all is sent or the stream is reset, and reads what is answered.
    pub fn send(&mut self, block: &[u8], bytes: usize) -> Uploaded {
        self.run(block, bytes, true)
    }

    /// Begins a call whose body never comes, and reads until the stream is reset.
    pub fn hold_back(&mut self, block: &[u8]) -> Uploaded {
        self.run(block, 0, false)
    }

    fn run(&mut self, block: &[u8], bytes: usize, ends: bool) -> Uploaded {
        let stream = self.stream;
        self.stream += 2;
        self.wire.send(&frame(HEADERS, END_HEADERS, stream, block));
        let (mut out, mut window, mut answered) = (Uploaded::default(), STREAM_WINDOW, false);
        let mut open = true;
        while out.reset.is_none() && (open || !answered) {
            let piece = (bytes - out.sent).min(window).min(self.window).min(FRAME_BYTES);
            let last = out.sent + piece == bytes;
            if open && ends && (piece > 0 || last) {
                let flags = if last { END_STREAM } else { 0 };
                self.wire.send(&frame(DATA, flags, stream, &vec![b' '; piece]));
                (out.sent, window, self.window) =
                    (out.sent + piece, window - piece, self.window - piece);
                open = !last;
                continue;
            }
            let (kind, flags, of, payload) = read(&mut self.wire).expect("an open connection");
            let number = || u32::from_be_bytes([payload[0], payload[1], payload[2], payload[3]]);
            match kind {
                WINDOW_UPDATE if of == 0 => self.window += number() as usize,
                WINDOW_UPDATE if of == stream => window += number() as usize,
                RST_STREAM if of == stream => out.reset = Some(number()),
                DATA if of == stream => out.answer += &String::from_utf8_lossy(&payload),
                _ => {}
            }
            answered |= of == stream && matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
        }
        out
    }
}
