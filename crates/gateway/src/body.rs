//! Bodies in both directions: requests read once into a reused buffer within a budget, replies sent in pieces.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use millstream_wire::GetRecordsBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{BODY_PERMIT_BYTES, BODY_POOL_BUFFER_BYTES_MAX, BODY_POOL_BYTES_MAX};

/// Memory for request bodies: a budget that is reserved by declared size, and buffers that are used again.
#[derive(Clone)]
pub struct Bodies {
    budget: Arc<Semaphore>,
    permits_max: u32,
    pool: Arc<Mutex<Pool>>,
}

#[derive(Default)]
struct Pool {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is larger than its operation allows.
    TooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// The connection broke, or its framing is wrong.
    Broken,
    /// No memory came free in time.
    NoMemory,
}

/// A request's body in memory; the buffer and its share of the budget go back when it is dropped.
pub struct RequestBody {
    bytes: Vec<u8>,
    pool: Arc<Mutex<Pool>>,
    _permits: OwnedSemaphorePermit,
}

impl std::ops::Deref for RequestBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.bytes);
        let size = buffer.capacity();
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if size <= BODY_POOL_BUFFER_BYTES_MAX && pool.bytes + size <= BODY_POOL_BYTES_MAX {
            pool.bytes += size;
            pool.buffers.push(buffer);
        }
    }
}

impl Bodies {
    /// A budget of `bytes_max` for all bodies together.
    pub fn new(bytes_max: u64) -> Self {
        let permits = (bytes_max / BODY_PERMIT_BYTES as u64).clamp(1, 1 << 20) as u32;
        Bodies {
            budget: Arc::new(Semaphore::new(permits as usize)),
            permits_max: permits,
            pool: Arc::default(),
        }
    }

    /// Bytes reserved now.
    pub fn bytes_in_flight(&self) -> u64 {
        let used = (self.permits_max as usize).saturating_sub(self.budget.available_permits());
        (used * BODY_PERMIT_BYTES) as u64
    }

    /// Reads a whole body of at most `bytes_max`.
    pub async fn read(
        &self,
        mut body: Incoming,
        bytes_max: usize,
        deadline: Duration,
    ) -> Result<RequestBody, BodyError> {
        let declared = body.size_hint().exact();
        if declared.is_some_and(|declared| declared > bytes_max as u64) {
            return Err(BodyError::TooLarge);
        }
        // A body of unknown size reserves what it may come to: growing a reservation could deadlock two of them.
        let reserve = declared.map_or(bytes_max, |declared| declared as usize);
        let permits = (reserve.div_ceil(BODY_PERMIT_BYTES) as u32).clamp(1, self.permits_max);
        // Those who wait for memory that slow bodies hold may wait for several of them in turn; the limit of the whole
        // request ends the wait.
        let permits = self.budget.clone().acquire_many_owned(permits).await;
        let permits = permits.map_err(|_| BodyError::NoMemory)?;
        let read = async {
            let mut bytes = self.buffer(declared.unwrap_or(0) as usize);
            while let Some(frame) =
                std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
            {
                let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
                if bytes.len() + data.len() > bytes_max {
                    return Err(BodyError::TooLarge);
                }
                bytes.extend_from_slice(&data);
            }
            Ok(RequestBody { bytes, pool: self.pool.clone(), _permits: permits })
        };
        tokio::time::timeout(deadline, read).await.unwrap_or(Err(BodyError::TimedOut))
    }

    fn buffer(&self, bytes: usize) -> Vec<u8> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = match pool.buffers.pop() {
            Some(buffer) => {
                pool.bytes -= buffer.capacity();
                buffer
            }
            None => Vec::new(),
        };
        drop(pool);
        buffer.clear();
        buffer.reserve(bytes);
        buffer
    }
}

/// A reply's body.
pub enum ReplyBody {
    /// All at once.
    Whole(Option<Bytes>),
    /// The records of a GetRecords, encoded piece by piece as they are sent. The second part is what is held until
    /// the last piece is sent.
    Records(Box<GetRecordsBody>, u64, Box<dyn Send + Sync>),
}

impl ReplyBody {
    /// A body of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        ReplyBody::Whole(Some(bytes.into()))
    }

    /// A body of these bytes, with what is held on to until they are sent.
    pub fn whole_held(bytes: Vec<u8>, held: impl Send + 'static) -> Self {
        ReplyBody::whole(Bytes::from_owner(Held { bytes, _held: held }))
    }

    /// A body of records, with what they hold on to.
    pub fn records(body: GetRecordsBody, held: impl Send + Sync + 'static) -> Self {
        let left = body.content_length() as u64;
        ReplyBody::Records(Box::new(body), left, Box::new(held))
    }
}

/// Bytes and what is dropped with them.
struct Held<T> {
    bytes: Vec<u8>,
    _held: T,
}

impl<T> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = match &mut *self {
            ReplyBody::Whole(bytes) => bytes.take().filter(|bytes| !bytes.is_empty()),
            ReplyBody::Records(body, left, _) => body.next_chunk().inspect(|chunk| {
                *left = left.saturating_sub(chunk.len() as u64);
            }),
        };
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ReplyBody::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            ReplyBody::Records(_, left, _) => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            ReplyBody::Whole(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            ReplyBody::Records(_, left, _) => *left,
        })
    }
}
