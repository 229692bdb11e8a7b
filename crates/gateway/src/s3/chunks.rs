//! Bodies in chunks (`aws-chunked`): taken out of their framing, their signatures verified.
//!
//! `hex-size[;chunk-signature=hex]\r\n data \r\n … 0[;…]\r\n [name:value\r\n …] \r\n`

use bytes::Bytes;
use millstream_auth::ChunkSigner;
use ring::digest::{Context, SHA256};

use super::error::{S3Error, S3Result};

/// Longest line before a chunk.
const LINE_BYTES_MAX: usize = 256;
/// What may follow the last chunk.
const TRAILER_BYTES_MAX: usize = 4096;
/// Digits of a size: every number of so many fits.
const SIZE_DIGITS_MAX: usize = 15;

/// Takes chunks apart.
pub(crate) struct Chunks {
    state: State,
    line: Vec<u8>,
    /// For chunks that are signed.
    signing: Option<Signing>,
}

struct Signing {
    signer: ChunkSigner,
    signature: String,
    hash: Context,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The line before a chunk.
    Size,
    /// So many bytes of data.
    Data(u64),
    /// The line end behind a chunk.
    End,
    /// What follows the last chunk.
    Trailer,
}

impl Chunks {
    /// Chunks that are signed, if there is a signer.
    pub fn new(signer: Option<ChunkSigner>) -> Self {
        let signing = signer.map(|signer| Signing {
            signer,
            signature: String::new(),
            hash: Context::new(&SHA256),
        });
        Chunks { state: State::Size, line: Vec::new(), signing }
    }

    /// Takes what arrived; `data` gets what was in chunks.
    pub fn take(&mut self, mut bytes: Bytes, data: &mut Vec<Bytes>) -> S3Result<()> {
        while !bytes.is_empty() {
            match self.state {
                State::Size => {
                    if let Some(line) = self.line(&mut bytes)? {
                        self.begin(&line)?;
                    }
                }
                State::Data(left) => {
                    let piece = bytes.split_to((bytes.len() as u64).min(left) as usize);
                    if let Some(signing) = &mut self.signing {
                        signing.hash.update(&piece);
                    }
                    let left = left - piece.len() as u64;
                    data.push(piece);
                    self.state = State::Data(left);
                    if left == 0 {
                        self.check_chunk()?;
                        self.state = State::End;
                    }
                }
                State::End => {
                    if let Some(line) = self.line(&mut bytes)? {
                        if !line.is_empty() {
                            return Err(malformed());
                        }
                        self.state = State::Size;
                    }
                }
                State::Trailer => {
                    if self.line.len() + bytes.len() > TRAILER_BYTES_MAX {
                        return Err(malformed());
                    }
                    self.line.extend_from_slice(&bytes);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// A line without its end, once it is whole.
    fn line(&mut self, bytes: &mut Bytes) -> S3Result<Option<Vec<u8>>> {
        let end = memchr::memchr(b'\n', bytes);
        let taken = bytes.split_to(end.map_or(bytes.len(), |end| end + 1));
        self.line.extend_from_slice(&taken);
        if self.line.len() > LINE_BYTES_MAX {
            return Err(malformed());
        }
        if end.is_none() {
            return Ok(None);
        }
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r\n").ok_or_else(malformed)?;
        Ok(Some(line.to_vec()))
    }

    fn begin(&mut self, line: &[u8]) -> S3Result<()> {
        let line = std::str::from_utf8(line).map_err(|_| malformed())?;
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let digits = !size.is_empty()
            && size.len() <= SIZE_DIGITS_MAX
            && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = u64::from_str_radix(size, 16).ok().filter(|_| digits).ok_or_else(malformed)?;
        if let Some(signing) = &mut self.signing {
            let signature = extension.strip_prefix("chunk-signature=").ok_or_else(malformed)?;
            signature.clone_into(&mut signing.signature);
        }
        self.state = State::Data(size);
        if size == 0 {
            self.check_chunk()?;
            self.state = State::Trailer;
        }
        Ok(())
    }

    fn check_chunk(&mut self) -> S3Result<()> {
        let Some(signing) = &mut self.signing else { return Ok(()) };
        let hash = std::mem::replace(&mut signing.hash, Context::new(&SHA256)).finish();
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(hash.as_ref());
        match signing.signer.verify_chunk(&sha256, &signing.signature) {
            true => Ok(()),
            false => Err(mismatch()),
        }
    }

    /// Ends the body: the trailer's names, in lower case, and values.
    pub fn finish(mut self) -> S3Result<Vec<(String, String)>> {
        if self.state != State::Trailer {
            return Err(S3Error::bad("IncompleteBody", "The request body ended too early."));
        }
        let text = String::from_utf8(self.line).map_err(|_| malformed())?;
        let mut trailers = Vec::new();
        let mut signature = None;
        let mut lines = String::new();
        for line in text.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
            if name == "x-amz-trailer-signature" {
                signature = Some(value);
            } else {
                lines += &format!("{name}:{value}\n");
                trailers.push((name, value));
            }
        }
        if let Some(signing) = &mut self.signing
            && !trailers.is_empty()
        {
            let signature = signature.unwrap_or_default();
            if !signing.signer.verify_trailer(&lines, &signature) {
                return Err(mismatch());
            }
        }
        Ok(trailers)
    }
}

fn malformed() -> S3Error {
    S3Error::bad("InvalidRequest", "The framing of the body's chunks is wrong.")
}

fn mismatch() -> S3Error {
    S3Error::new(
        "SignatureDoesNotMatch",
        hyper::StatusCode::FORBIDDEN,
        "The signature of a chunk of the body does not match what was sent.",
    )
}

/// Reads any bytes as a body in chunks, whole and in pieces; for fuzzing.
pub fn fuzz_chunks(input: &[u8]) {
    let read = |size: usize| {
        let (mut chunks, mut data) = (Chunks::new(None), Vec::new());
        for piece in input.chunks(size.max(1)) {
            chunks.take(Bytes::copy_from_slice(piece), &mut data).ok()?;
        }
        Some((data.concat(), chunks.finish().ok()?))
    };
    let whole = read(input.len());
    assert!([1, 3, 64].into_iter().all(|size| read(size) == whole));
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Vec<u8>, Vec<(String, String)>);

    fn read(body: &str, size: usize) -> S3Result<Read> {
        let (mut chunks, mut data) = (Chunks::new(None), Vec::new());
        for piece in body.as_bytes().chunks(size) {
            chunks.take(Bytes::copy_from_slice(piece), &mut data)?;
        }
        Ok((data.concat(), chunks.finish()?))
    }

    #[test]
    fn chunks_are_read_in_any_pieces() {
        let trailer = vec![("x-amz-checksum-crc32".to_owned(), "AAA=".to_owned())];
        let body =
            "3\r\nabc\r\n2;chunk-signature=x\r\n\r\n\r\n0\r\nx-amz-checksum-CRC32:AAA=\r\n\r\n";
        for size in 1..=body.len() {
            assert_eq!(read(body, size), Ok((b"abc\r\n".to_vec(), trailer.clone())), "{size}");
        }
        assert_eq!(read("0\r\n\r\n", 5), Ok((Vec::new(), Vec::new())));
    }

    #[test]
    fn broken_framing_is_refused() {
        let long = "1".repeat(300) + "\r\n";
        for bad in [
            "",
            "3\r\nabc",
            "3\r\nabc\r\n",
            "3\nabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "-3\r\nabc\r\n0\r\n\r\n",
            "zz\r\n",
            "1111111111111111\r\n",
            "0\r\nnonsense\r\n\r\n",
            &long,
        ] {
            assert!(read(bad, 4).is_err(), "{bad}");
        }
    }
}
