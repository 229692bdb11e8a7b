//! Bodies in both directions: requests read once into a reused buffer within a budget, replies sent in pieces.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use millstream_streams::QueueDelivery;
use millstream_wire::GetRecordsBody;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::arriving::Arriving;
use crate::connection::RequestGuard;
use crate::limits::{BODY_PERMIT_BYTES, BODY_POOL_BUFFER_BYTES_MAX, BODY_POOL_BYTES_MAX};
use crate::push::Events;
use crate::s3::{LateDocument, ObjectBody};

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

    /// Waits for the memory that a body of at most `bytes_max` takes.
    pub async fn reserve(
        &self,
        body: &Arriving,
        bytes_max: usize,
    ) -> Result<OwnedSemaphorePermit, BodyError> {
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
        permits.map_err(|_| BodyError::NoMemory)
    }

    /// Reads a whole body of at most `bytes_max`, for which `permits` were reserved.
    pub async fn read(
        &self,
        mut body: Arriving,
        bytes_max: usize,
        permits: OwnedSemaphorePermit,
    ) -> Result<RequestBody, BodyError> {
        let declared = body.size_hint().exact();
        let mut bytes = self.buffer(declared.unwrap_or(0) as usize);
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
            if bytes.len() + data.len() > bytes_max {
                return Err(BodyError::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(RequestBody { bytes, pool: self.pool.clone(), _permits: permits })
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
    /// Records of a queue, which go back unless all of it is taken.
    Received(Box<Received>),
    /// No reply at all: the connection ends instead (a fault rule).
    Cut,
    /// The first part of another body, and then the end of the connection (a fault rule).
    CutShort(Box<CutShort>),
    /// The events of a subscription, as they come.
    Events(Box<Events>),
    /// The bytes of an object of the built-in buckets, as they are read.
    Object(Box<ObjectBody>),
    /// A document that takes a while.
    Late(Box<LateDocument>),
}

/// Messages of a subscription that come before it is cut: the initial response and the first event.
const MESSAGES_BEFORE_CUT: usize = 2;

/// Bytes of a piece of a queue's records: the last is only taken once those before have been.
const RECEIVED_PIECE_BYTES: usize = 64 * 1024;

/// A queue's records on their way.
pub struct Received {
    rest: Bytes,
    delivery: Option<QueueDelivery>,
}

/// A body that ends too early.
pub struct CutShort {
    whole: ReplyBody,
    /// Bytes that are still sent.
    left: usize,
    /// Pieces that are still sent.
    pieces: usize,
    /// What was sent has had its turn to go out.
    flushed: bool,
}

/// The connection ends here, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOff;

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "the connection was cut: by a fault rule, or since its object could not be read",
        )
    }
}

impl std::error::Error for CutOff {}

impl ReplyBody {
    /// A body of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        ReplyBody::Whole(Some(bytes.into()))
    }

    /// A body of a queue's records, with what is held on to until they are sent, and who is told that they are.
    pub fn received(bytes: Vec<u8>, held: impl Send + 'static, delivery: QueueDelivery) -> Self {
        let rest = Bytes::from_owner(Held { bytes, _held: held });
        ReplyBody::Received(Box::new(Received { rest, delivery: Some(delivery) }))
    }

    /// Counts the body as one that reached the client, whatever becomes of it.
    pub fn into_delivered(mut self) -> Self {
        if let ReplyBody::Received(received) = &mut self {
            received.settle();
        }
        self
    }

    /// A body of records, with what they hold on to.
    pub fn records(body: GetRecordsBody, held: impl Send + Sync + 'static) -> Self {
        let left = body.content_length() as u64;
        ReplyBody::Records(Box::new(body), left, Box::new(held))
    }

    /// Half of this body, and then the end of the connection. The events of a subscription have no half: what is
    /// left of them is the first.
    pub fn cut_short(self) -> Self {
        let (left, pieces) = match &self {
            ReplyBody::Events(_) => (usize::MAX, MESSAGES_BEFORE_CUT),
            other => (other.size_hint().lower() as usize / 2, usize::MAX),
        };
        ReplyBody::CutShort(Box::new(CutShort { whole: self, left, pieces, flushed: false }))
    }
}

impl Received {
    fn settle(&mut self) {
        self.delivery.take().into_iter().for_each(QueueDelivery::delivered);
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        let piece = self.rest.split_to(self.rest.len().min(RECEIVED_PIECE_BYTES));
        if self.rest.is_empty() {
            self.settle();
        }
        (!piece.is_empty()).then_some(piece)
    }
}

impl CutShort {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.left > 0 && self.pieces > 0 {
            match Pin::new(&mut self.whole).poll_frame(cx) {
                // The next event is not there yet.
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => {
                    let mut data = frame.into_data().unwrap_or_default();
                    data.truncate(self.left);
                    (self.left, self.pieces) = (self.left - data.len(), self.pieces - 1);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Poll::Ready(Some(Err(_)) | None) => {}
            }
        }
        // An error ends the connection at once, with what is buffered: that goes out first.
        if !std::mem::replace(&mut self.flushed, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(CutOff)))
    }
}

impl ReplyBody {
    /// Keeps the request's guard for as long as the reply may be sent in pieces of its own time.
    pub fn hold(&mut self, guard: RequestGuard) {
        match self {
            ReplyBody::Events(events) => events.hold(guard),
            ReplyBody::CutShort(short) => short.whole.hold(guard),
            ReplyBody::Object(object) => object.hold(guard),
            ReplyBody::Late(late) => late.hold(guard),
            ReplyBody::Whole(_)
            | ReplyBody::Records(..)
            | ReplyBody::Received(_)
            | ReplyBody::Cut => drop(guard),
        }
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
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let chunk = match &mut *self {
            ReplyBody::Whole(bytes) => bytes.take().filter(|bytes| !bytes.is_empty()),
            ReplyBody::Records(body, left, _) => body.next_chunk().inspect(|chunk| {
                *left = left.saturating_sub(chunk.len() as u64);
            }),
            ReplyBody::Received(received) => received.next_piece(),
            ReplyBody::Cut => return Poll::Ready(Some(Err(CutOff))),
            ReplyBody::CutShort(short) => return short.poll_frame(cx),
            ReplyBody::Events(events) => {
                return events.poll_next(cx).map(|next| next.map(|piece| piece.map(Frame::data)));
            }
            ReplyBody::Late(late) => {
                return late.poll_next(cx).map(|next| next.map(|piece| Ok(Frame::data(piece))));
            }
            ReplyBody::Object(object) => {
                let next = object.poll_next(cx);
                return next
                    .map(|next| next.map(|piece| piece.map(Frame::data).map_err(|()| CutOff)));
            }
        };
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ReplyBody::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            ReplyBody::Records(_, left, _) => *left == 0,
            ReplyBody::Received(received) => received.rest.is_empty(),
            ReplyBody::Cut | ReplyBody::CutShort(_) => false,
            ReplyBody::Events(_) => false,
            ReplyBody::Object(object) => object.left() == 0,
            ReplyBody::Late(late) => late.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ReplyBody::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            ReplyBody::Records(_, left, _) => SizeHint::with_exact(*left),
            ReplyBody::Received(received) => SizeHint::with_exact(received.rest.len() as u64),
            ReplyBody::Cut => SizeHint::with_exact(0),
            ReplyBody::CutShort(short) => short.whole.size_hint(),
            ReplyBody::Events(_) | ReplyBody::Late(_) => SizeHint::default(),
            ReplyBody::Object(object) => SizeHint::with_exact(object.left()),
        }
    }
}
