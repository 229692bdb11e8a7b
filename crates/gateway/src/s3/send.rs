//! An object on its way out: read piece by piece as the client takes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use millstream_buckets::{Error, ObjectReader};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use crate::connection::RequestGuard;

/// Bytes that are read at once.
const PIECE_BYTES: u64 = 128 * 1024;

/// The bytes of an object, or of a part of one.
pub struct ObjectBody {
    reader: Arc<ObjectReader>,
    offset: u64,
    left: u64,
    reading: Option<JoinHandle<Result<Bytes, Error>>>,
    _turn: OwnedSemaphorePermit,
    /// The connection is in use until all is sent.
    guard: Option<RequestGuard>,
}

impl ObjectBody {
    pub fn new(reader: ObjectReader, offset: u64, bytes: u64, turn: OwnedSemaphorePermit) -> Self {
        let reader = Arc::new(reader);
        ObjectBody { reader, offset, left: bytes, reading: None, _turn: turn, guard: None }
    }

    /// Keeps the request's guard as long as this is sent.
    pub fn hold(&mut self, guard: RequestGuard) {
        self.guard = Some(guard);
    }

    /// Bytes that are still to come.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The next piece; `None` at the end, `Err` if the rest cannot be read: the connection then has to end.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ()>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let reading = match &mut self.reading {
            Some(reading) => reading,
            None => {
                let (reader, offset) = (self.reader.clone(), self.offset);
                let bytes = self.left.min(PIECE_BYTES) as usize;
                self.reading.insert(tokio::task::spawn_blocking(move || {
                    let mut piece = vec![0; bytes];
                    let count = reader.read_at(offset, &mut piece)?;
                    piece.truncate(count);
                    Ok(Bytes::from(piece))
                }))
            }
        };
        let Poll::Ready(read) = Pin::new(reading).poll(cx) else { return Poll::Pending };
        self.reading = None;
        match read {
            Ok(Ok(piece)) if !piece.is_empty() => {
                self.offset += piece.len() as u64;
                self.left -= piece.len() as u64;
                Poll::Ready(Some(Ok(piece)))
            }
            failed => {
                self.left = 0;
                let key = self.reader.info().key.as_str();
                let error = match failed {
                    Ok(Err(error)) => error.to_string(),
                    Ok(Ok(_)) | Err(_) => "the object ends too early".to_owned(),
                };
                tracing::error!(key, error, "an object could not be read to its end");
                Poll::Ready(Some(Err(())))
            }
        }
    }
}
