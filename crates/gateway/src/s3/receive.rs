//! A body on its way in: read as fast as it comes and no slower than is allowed, taken out of its framing, checked.

use std::pin::Pin;
use std::time::Duration;

use base64_simd::STANDARD;
use bytes::Bytes;
use http_body::Body;
use hyper::header::HeaderMap;
use millstream_auth::{ChunkSigner, Payload};
use millstream_buckets::{Checksum, Staged};
use ring::digest::{Context, SHA256};
use tokio::sync::oneshot;

use super::blocking;
use super::checksum::{self, Declared, Hasher, mismatch};
use super::chunks::Chunks;
use super::error::{S3Error, S3Result};
use crate::arriving::Arriving;

/// Bytes that are handed to the disk at once, and that must arrive within the limit of a body, unless it ends.
pub(crate) const PIECE_BYTES: usize = 128 * 1024;

/// Bytes of a body that nobody wants that are taken in all the same.
const DRAINED_BYTES_MAX: usize = 1 << 20;

/// A body of which the rest, if any, comes back to whoever handed it out: an error may be told before it is read.
pub(crate) struct Lent {
    /// There until this is dropped.
    body: Option<Arriving>,
    back: Option<oneshot::Sender<Arriving>>,
}

impl Lent {
    /// Hands a body out, and where it comes back.
    pub fn new(body: Arriving) -> (Self, oneshot::Receiver<Arriving>) {
        let (back, returned) = oneshot::channel();
        (Lent { body: Some(body), back: Some(back) }, returned)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(back), Some(body)) = (self.back.take(), self.body.take()) {
            let _ = back.send(body);
        }
    }
}

/// Takes in what a client still sends of a body that nobody wants, so that it reads its answer: a connection that is
/// closed on it may lose that. Whether there is nothing left.
pub(crate) async fn drain(mut body: Arriving, timeout: Duration) -> bool {
    let drained = async {
        let mut bytes = 0;
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let Ok(frame) = frame else { return false };
            bytes += frame.into_data().map_or(0, |data| data.len());
            if bytes > DRAINED_BYTES_MAX {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(timeout, drained).await.unwrap_or(false)
}

/// A body that is being read.
pub(crate) struct Receiver {
    lent: Lent,
    chunks: Option<Chunks>,
    timeout: Duration,
    /// What the data must come to without its framing.
    decoded_bytes: Option<u64>,
    bytes: u64,
    checks: Checks,
}

/// What the data is held against at its end.
struct Checks {
    sha256: Option<(Context, [u8; 32])>,
    md5: Option<[u8; 16]>,
    checksum: Option<(Hasher, Expected)>,
}

/// Where the checksum is that the computed one is held against.
enum Expected {
    /// It came with the head.
    Value(String),
    /// It comes behind the body.
    Trailer,
    /// Nowhere: it is computed for us.
    Nowhere,
}

impl Receiver {
    /// A body with the headers of its request, and what is signed of it.
    pub fn new(
        lent: Lent,
        headers: &HeaderMap,
        payload: Payload,
        signer: Option<ChunkSigner>,
        timeout: Duration,
    ) -> S3Result<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let chunks = match payload {
            Payload::Chunks { signed, .. } => Some(Chunks::new(signer.filter(|_| signed))),
            Payload::Unsigned | Payload::Hash(_) => None,
        };
        let decoded = text("x-amz-decoded-content-length").map(str::parse).transpose();
        let decoded = decoded.map_err(|_| {
            S3Error::bad("InvalidArgument", "x-amz-decoded-content-length must be a number.")
        })?;
        let sha256 = match payload {
            Payload::Hash(expected) => Some((Context::new(&SHA256), expected)),
            Payload::Unsigned | Payload::Chunks { .. } => None,
        };
        let md5 = text("content-md5").map(|value| {
            let bytes = STANDARD.decode_to_vec(value.trim()).ok();
            bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
                S3Error::bad("InvalidDigest", "The Content-MD5 you specified was invalid")
            })
        });
        let declared = checksum::declared(headers)?;
        let checksum = declared.map(|Declared { algorithm, value }| {
            (Hasher::new(algorithm), value.map_or(Expected::Trailer, Expected::Value))
        });
        Ok(Receiver {
            decoded_bytes: decoded.filter(|_| chunks.is_some()),
            lent,
            chunks,
            timeout,
            bytes: 0,
            checks: Checks { sha256, md5: md5.transpose()?, checksum },
        })
    }

    /// How long the data will be, if that is known.
    pub fn declared_bytes(&self) -> Option<u64> {
        match self.chunks {
            Some(_) => self.decoded_bytes,
            None => self.lent.body.as_ref().and_then(|body| body.size_hint().exact()),
        }
    }

    /// Computes this checksum, where the client sent none.
    pub fn compute(&mut self, algorithm: checksum::Algorithm) {
        if self.checks.checksum.is_none() {
            self.checks.checksum = Some((Hasher::new(algorithm), Expected::Nowhere));
        }
    }

    /// Takes the headers' checksum for one of something else.
    pub fn without_checksum(mut self) -> Self {
        self.checks.checksum = None;
        self
    }

    /// The algorithm of the client's checksum.
    pub fn algorithm(&self) -> Option<checksum::Algorithm> {
        self.checks.checksum.as_ref().map(|(hasher, _)| hasher.algorithm)
    }

    /// The next pieces, [`PIECE_BYTES`] or more unless the body ends; none at its end.
    async fn next(&mut self) -> S3Result<Vec<Bytes>> {
        let timeout = self.timeout;
        match tokio::time::timeout(timeout, self.fill()).await {
            Ok(filled) => filled,
            Err(_) => Err(S3Error::bad(
                "RequestTimeout",
                "Your socket connection to the server was not read from or written to within the timeout period.",
            )),
        }
    }

    async fn fill(&mut self) -> S3Result<Vec<Bytes>> {
        let mut pieces = Vec::new();
        let mut bytes = 0;
        while bytes < PIECE_BYTES {
            let Some(body) = &mut self.lent.body else { break };
            let frame = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|_| incomplete())?;
            let Ok(data) = frame.into_data() else { continue };
            let known = pieces.len();
            match &mut self.chunks {
                Some(chunks) => chunks.take(data, &mut pieces)?,
                None => pieces.push(data),
            }
            bytes += pieces[known..].iter().map(Bytes::len).sum::<usize>();
        }
        pieces.retain(|piece| !piece.is_empty());
        self.bytes += bytes as u64;
        if self.decoded_bytes.is_some_and(|decoded| self.bytes > decoded) {
            return Err(incomplete());
        }
        Ok(pieces)
    }

    /// Writes the body to a file that nobody sees yet, and checks it: what was written, and its checksum.
    pub async fn store(mut self, mut staged: Staged) -> S3Result<(Staged, Option<Checksum>)> {
        loop {
            let pieces = self.next().await?;
            if pieces.is_empty() {
                break;
            }
            let mut checks = self.checks;
            (staged, self.checks) = blocking(move || {
                for piece in &pieces {
                    staged.write(piece)?;
                    checks.update(piece);
                }
                Ok((staged, checks))
            })
            .await?;
        }
        let trailers = self.end()?;
        let md5 = staged.md5();
        let checksum = self.checks.finish(md5, &trailers)?;
        Ok((staged, checksum))
    }

    /// Reads a body of at most `bytes_max` into memory.
    pub async fn read(mut self, bytes_max: usize) -> S3Result<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let pieces = self.next().await?;
            if pieces.is_empty() {
                break;
            }
            for piece in pieces {
                if whole.len() + piece.len() > bytes_max {
                    let text = "Your request was too big.";
                    return Err(S3Error::bad("MaxMessageLengthExceeded", text));
                }
                self.checks.update(&piece);
                whole.extend_from_slice(&piece);
            }
        }
        let trailers = self.end()?;
        self.checks.finish(millstream_buckets::md5_of(&whole), &trailers)?;
        Ok(whole)
    }

    fn end(&mut self) -> S3Result<Vec<(String, String)>> {
        if self.decoded_bytes.is_some_and(|decoded| self.bytes != decoded) {
            return Err(incomplete());
        }
        self.chunks.take().map_or(Ok(Vec::new()), Chunks::finish)
    }
}

impl Checks {
    fn update(&mut self, bytes: &[u8]) {
        if let Some((context, _)) = &mut self.sha256 {
            context.update(bytes);
        }
        if let Some((hasher, _)) = &mut self.checksum {
            hasher.update(bytes);
        }
    }

    fn finish(self, md5: [u8; 16], trailers: &[(String, String)]) -> S3Result<Option<Checksum>> {
        if let Some((context, expected)) = self.sha256
            && context.finish().as_ref() != expected
        {
            return Err(S3Error::bad(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ));
        }
        if self.md5.is_some_and(|expected| expected != md5) {
            let text = "The Content-MD5 you specified did not match what we received.";
            return Err(S3Error::bad("BadDigest", text));
        }
        let Some((hasher, expected)) = self.checksum else { return Ok(None) };
        let algorithm = hasher.algorithm;
        let value = hasher.finish();
        let is_right = match expected {
            Expected::Value(expected) => expected == value,
            Expected::Trailer => {
                let trailed = trailers.iter().find(|(name, _)| name == algorithm.header());
                let missing =
                    || S3Error::bad("MalformedTrailerError", "The trailer has no checksum.");
                trailed.ok_or_else(missing)?.1 == value
            }
            Expected::Nowhere => true,
        };
        if !is_right {
            return Err(mismatch(algorithm));
        }
        Ok(Some(Checksum { algorithm: algorithm.name().to_owned(), value, full_object: true }))
    }
}

fn incomplete() -> S3Error {
    S3Error::bad(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
}
