//! Refuses HTTP/1 requests whose framing two readers could understand differently (request smuggling), before hyper
//! reads them: hyper takes some that RFC 9112 lets a server take, and a proxy in front of us may have read them
//! otherwise.
//!
//! Refused are lines that end in a bare line feed, a body with both `Content-Length` and `Transfer-Encoding` or two of
//! one, lengths that are no plain number, codings other than `chunked`, and chunk sizes that are no hexadecimal
//! number. What is refused is overwritten with zeros from there on, which hyper answers with 400.

/// Bytes of a line that are kept to be understood; none that matters here is longer.
const LINE_BYTES_KEPT: usize = 64;
/// Digits of a length: every number of so many fits.
const LENGTH_DIGITS_MAX: usize = 18;
/// Hexadecimal digits of a chunk's size: every number of so many fits.
const CHUNK_DIGITS_MAX: usize = 15;

/// Follows the bytes of one connection from request to request.
#[derive(Debug)]
pub struct Framing {
    expects: Expects,
    line: Line,
    /// Lines of the head so far.
    lines: usize,
    length: Option<u64>,
    chunked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// A line of a head.
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// The line that begins a chunk.
    ChunkSize,
    /// So many bytes of a chunk, the line end behind it included.
    Chunk(u64),
    /// A line behind the last chunk.
    Trailer,
    /// Nothing: the connection is refused.
    Nothing,
}

/// The line that is arriving.
#[derive(Debug, Default)]
struct Line {
    kept: Vec<u8>,
    bytes: usize,
    ends_in_return: bool,
}

/// The connection must not go on.
struct Refused;

impl Default for Framing {
    fn default() -> Self {
        let (expects, line) = (Expects::Head, Line::default());
        Framing { expects, line, lines: 0, length: None, chunked: false }
    }
}

impl Framing {
    /// Looks at bytes that arrived; what must not be read is overwritten.
    pub fn check(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match self.step(&bytes[at..]) {
                Ok(taken) => at += taken,
                Err(Refused) => {
                    self.expects = Expects::Nothing;
                    bytes[at..].fill(0);
                    return;
                }
            }
        }
    }

    /// Takes some of the bytes, at least one.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        let skip = |left: u64| (bytes.len() as u64).min(left);
        match self.expects {
            Expects::Nothing => Err(Refused),
            Expects::Body(left) => {
                let skipped = skip(left);
                self.expects = match left - skipped {
                    0 => Expects::Head,
                    left => Expects::Body(left),
                };
                Ok(skipped as usize)
            }
            Expects::Chunk(left) => {
                let skipped = skip(left);
                self.expects = match left - skipped {
                    0 => Expects::ChunkSize,
                    left => Expects::Chunk(left),
                };
                Ok(skipped as usize)
            }
            Expects::Head | Expects::ChunkSize | Expects::Trailer => {
                let end = memchr::memchr(b'\n', bytes);
                let taken = end.map_or(bytes.len(), |end| end + 1);
                self.line.extend(&bytes[..end.unwrap_or(bytes.len())]);
                if end.is_some() {
                    let line = std::mem::take(&mut self.line);
                    self.line_ended(&line)?;
                    self.line = line.emptied();
                }
                Ok(taken)
            }
        }
    }

    fn line_ended(&mut self, line: &Line) -> Result<(), Refused> {
        if !line.ends_in_return {
            return Err(Refused);
        }
        let empty = line.bytes == 1;
        match self.expects {
            // Empty lines before a request are skipped, as RFC 9112 (2.2) asks for.
            Expects::Head if empty && self.lines == 0 => Ok(()),
            Expects::Head if empty => {
                self.expects = match (self.chunked, self.length.take()) {
                    (true, _) => Expects::ChunkSize,
                    (false, None | Some(0)) => Expects::Head,
                    (false, Some(length)) => Expects::Body(length),
                };
                (self.lines, self.chunked) = (0, false);
                Ok(())
            }
            Expects::Head => {
                self.lines += 1;
                self.field(line)
            }
            Expects::ChunkSize => {
                self.expects = match chunk_size(line.text()?)? {
                    0 => Expects::Trailer,
                    size => Expects::Chunk(size + 2),
                };
                Ok(())
            }
            Expects::Trailer if empty => {
                self.expects = Expects::Head;
                Ok(())
            }
            Expects::Trailer => Ok(()),
            Expects::Body(_) | Expects::Chunk(_) | Expects::Nothing => Err(Refused),
        }
    }

    /// Takes in a line of a head that may say how long the body is.
    fn field(&mut self, line: &Line) -> Result<(), Refused> {
        let Some(colon) = line.kept.iter().position(|byte| *byte == b':') else { return Ok(()) };
        let name = line.kept[..colon].trim_ascii();
        let (is_length, is_coding) = (
            name.eq_ignore_ascii_case(b"content-length"),
            name.eq_ignore_ascii_case(b"transfer-encoding"),
        );
        if !is_length && !is_coding {
            return Ok(());
        }
        if self.length.is_some() || self.chunked {
            return Err(Refused);
        }
        let value = line.text()?[colon + 1..].trim_ascii();
        if is_length {
            self.length = Some(number(value, 10, LENGTH_DIGITS_MAX)?);
        } else if value.eq_ignore_ascii_case(b"chunked") {
            self.chunked = true;
        } else {
            return Err(Refused);
        }
        Ok(())
    }
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_KEPT - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.bytes += bytes.len();
        if let Some(last) = bytes.last() {
            self.ends_in_return = *last == b'\r';
        }
    }

    /// The whole line without its end, if it was kept.
    fn text(&self) -> Result<&[u8], Refused> {
        match self.bytes <= LINE_BYTES_KEPT {
            true => Ok(&self.kept[..self.bytes - 1]),
            false => Err(Refused),
        }
    }

    /// An empty line with the same memory.
    fn emptied(mut self) -> Self {
        self.kept.clear();
        Line { kept: self.kept, ..Line::default() }
    }
}

/// The size in a chunk's line; extensions behind a semicolon mean nothing here.
fn chunk_size(line: &[u8]) -> Result<u64, Refused> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    number(digits.trim_ascii_end(), 16, CHUNK_DIGITS_MAX)
}

fn number(digits: &[u8], radix: u32, digits_max: usize) -> Result<u64, Refused> {
    let plain = !digits.is_empty()
        && digits.len() <= digits_max
        && digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    let text = std::str::from_utf8(digits).map_err(|_| Refused)?;
    if plain { u64::from_str_radix(text, radix).map_err(|_| Refused) } else { Err(Refused) }
}

/// Checks any bytes as a connection's, whole and in pieces; for fuzzing.
pub fn fuzz_framing(input: &[u8]) {
    let refused = |size: usize| {
        let mut framing = Framing::default();
        input.chunks(size.max(1)).for_each(|piece| framing.check(&mut piece.to_vec()));
        framing.expects == Expects::Nothing
    };
    let whole = refused(input.len());
    assert!([1, 2, 7, 64].into_iter().all(|size| refused(size) == whole));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of the bytes when they arrive in pieces of a size; the same for every size.
    fn checked(bytes: &str) -> String {
        let in_pieces = |size: usize| {
            let mut framing = Framing::default();
            let mut bytes = bytes.as_bytes().to_vec();
            bytes.chunks_mut(size).for_each(|piece| framing.check(piece));
            bytes
        };
        let whole = in_pieces(bytes.len());
        for size in 1..bytes.len() {
            assert_eq!(in_pieces(size).contains(&0), whole.contains(&0), "pieces of {size}");
        }
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn sound_requests_pass_as_they_are() {
        let get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let post = "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\na\nb\r\n\r\nc\n";
        let chunks = "3;x=y\r\na\nb\r\n1\r\n\n\r\n0\r\nt: 1\r\n\r\n";
        let chunked = format!("POST / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n{chunks}");
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(500));
        let all = ["\r\n", get, post, &chunked, &long, post, get].concat();
        assert_eq!(checked(&all), all);
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_cut_off() {
        let heads = [
            "host: x\n",
            "content-length: 1\r\ncontent-length: 1\r\n",
            "content-length: 1\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\nCONTENT-LENGTH: 1\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "content-length: 1, 1\r\n",
            "content-length: +1\r\n",
            "content-length: \r\n",
            "content-length: 0x1\r\n",
            "content-length: 18446744073709551615\r\n",
            "content-length : 1\r\ncontent-length: 1\r\n",
        ];
        for head in heads {
            let request = format!("POST / HTTP/1.1\r\n{head}\r\nx");
            let left = checked(&request);
            assert!(left.contains('\0') && left.ends_with('\0'), "{head:?}: {left:?}");
        }
        for chunk in ["zz\r\n", "-1\r\n", "\r\n", " 1\r\n", "10000000000000000\r\n", "1\n"] {
            let request = format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{chunk}x");
            assert!(checked(&request).ends_with('\0'), "{chunk:?}");
        }
    }

    #[test]
    fn nothing_passes_once_a_connection_is_refused() {
        let mut framing = Framing::default();
        framing.check(&mut b"GET / HTTP/1.1\n".to_vec());
        let mut later = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        framing.check(&mut later);
        assert_eq!(later, vec![0; later.len()]);
    }
}
