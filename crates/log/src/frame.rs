//! A frame: the parts of one request in one buffer, with room for the engine's header before each part.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::contract::{Batch, LogId};

/// Bytes that the engine may fill before each part.
pub const HEADER_ROOM: usize = 64;

/// What a frame will hold for one log.
#[derive(Clone, Copy, Debug)]
pub struct PartSpec {
    /// The log.
    pub log: LogId,
    /// How many positions the part takes; at least 1.
    pub count: u32,
    /// The exact size of the payload.
    pub payload_bytes: usize,
}

/// One part: a batch for one log, its payload at `payload` in the frame's bytes.
#[derive(Clone, Debug)]
pub struct Part {
    /// The log.
    pub log: LogId,
    /// How many positions the part takes.
    pub count: u32,
    /// Where the payload lies. The [`HEADER_ROOM`] bytes before it are the engine's.
    pub payload: Range<usize>,
}

/// Parts for one or many logs, laid out as `(header room, payload)*` without gaps.
pub struct Frame {
    parts: Vec<Part>,
    buffer: Vec<u8>,
    bytes: usize,
    pool: Option<Arc<Pool>>,
}

impl Frame {
    /// A frame of these parts whose payloads are still to be written; what they hold until then is unspecified.
    pub fn new(pool: &FramePool, specs: impl IntoIterator<Item = PartSpec>) -> Self {
        let mut at = 0;
        let parts: Vec<Part> = specs
            .into_iter()
            .map(|spec| {
                let start = at + HEADER_ROOM;
                at = start + spec.payload_bytes;
                Part { log: spec.log, count: spec.count, payload: start..at }
            })
            .collect();
        let mut buffer = pool.0.take(at);
        if buffer.len() < at {
            buffer.resize(at, 0);
        }
        Frame { parts, buffer, bytes: at, pool: Some(pool.0.clone()) }
    }

    /// A frame of one batch, copied.
    pub fn of_batch(log: LogId, batch: &Batch) -> Self {
        let payload = HEADER_ROOM..HEADER_ROOM + batch.payload.len();
        let mut buffer = vec![0; payload.end];
        buffer[payload.clone()].copy_from_slice(&batch.payload);
        let bytes = buffer.len();
        Frame { parts: vec![Part { log, count: batch.count, payload }], buffer, bytes, pool: None }
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// All bytes, header rooms included.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.bytes]
    }

    /// All bytes, to be written; the layout is that of `parts`.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.bytes]
    }

    /// The parts and all bytes at once.
    pub fn split_mut(&mut self) -> (&[Part], &mut [u8]) {
        (&self.parts, &mut self.buffer[..self.bytes])
    }

    /// Part `index` as a batch, copied.
    pub fn batch(&self, index: usize) -> Batch {
        let part = &self.parts[index];
        Batch {
            count: part.count,
            payload: Bytes::copy_from_slice(&self.buffer[part.payload.clone()]),
        }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.give(std::mem::take(&mut self.buffer));
        }
    }
}

/// Buffers that frames borrow and give back, so that a payload is not zeroed before each request. Clones share it.
#[derive(Clone)]
pub struct FramePool(Arc<Pool>);

struct Pool {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Of [`SMALL_BYTES`] each, for frames of a record or two.
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    bytes: usize,
}

/// Most bytes of small buffers that are kept idle: many small requests at once must not leave no room for large ones.
const SMALL_KEPT_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Size of small buffers. They are kept apart, so that a large frame does not have to make one of them grow.
const SMALL_BYTES: usize = 4 * 1024;

impl FramePool {
    /// A pool that keeps at most `bytes_max` of idle buffers.
    pub fn new(bytes_max: usize) -> Self {
        FramePool(Arc::new(Pool { bytes_max, kept: Mutex::default() }))
    }
}

impl FramePool {
    /// Bytes of idle buffers.
    pub fn idle_bytes(&self) -> usize {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }
}

impl Pool {
    fn take(&self, bytes: usize) -> Vec<u8> {
        let small = bytes <= SMALL_BYTES;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let buffer = if small { kept.small.pop() } else { kept.large.pop() };
        match buffer {
            Some(buffer) => {
                kept.bytes -= buffer.capacity();
                buffer
            }
            None => vec![0; if small { SMALL_BYTES } else { 0 }],
        }
    }

    fn give(&self, buffer: Vec<u8>) {
        let bytes = buffer.capacity();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let small = bytes <= SMALL_BYTES;
        let many = small && kept.small.len() >= SMALL_KEPT_BYTES_MAX / SMALL_BYTES;
        if !many && kept.bytes + bytes <= self.bytes_max {
            kept.bytes += bytes;
            if small { &mut kept.small } else { &mut kept.large }.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::GroupId;

    #[test]
    fn parts_lie_one_after_another_with_room_for_headers() {
        let pool = FramePool::new(1 << 20);
        let log = |index| LogId { group: GroupId(1), index };
        let specs = [(0, 1, 10), (7, 2, 5000)];
        let specs = specs.map(|(index, count, payload_bytes)| PartSpec {
            log: log(index),
            count,
            payload_bytes,
        });
        let frame = Frame::new(&pool, specs);
        assert_eq!(frame.parts()[0].payload, HEADER_ROOM..HEADER_ROOM + 10);
        assert_eq!(frame.parts()[1].payload, 2 * HEADER_ROOM + 10..2 * HEADER_ROOM + 5010);
        assert_eq!(frame.bytes().len(), 2 * HEADER_ROOM + 5010);
    }

    #[test]
    fn a_dropped_frame_gives_its_buffer_back_within_the_limit() {
        let pool = FramePool::new(10_000);
        let spec =
            PartSpec { log: LogId { group: GroupId(1), index: 0 }, count: 1, payload_bytes: 8000 };
        let (first, second) = (Frame::new(&pool, [spec]), Frame::new(&pool, [spec]));
        drop(first);
        drop(second);
        assert_eq!(pool.0.kept.lock().unwrap().large.len(), 1);
    }

    #[test]
    fn many_small_frames_leave_room_for_large_ones() {
        let pool = FramePool::new(4 << 20);
        let spec = |payload_bytes| PartSpec {
            log: LogId { group: GroupId(1), index: 0 },
            count: 1,
            payload_bytes,
        };
        let burst: Vec<_> = (0..2000).map(|_| Frame::new(&pool, [spec(100)])).collect();
        drop(burst);
        assert_eq!(pool.idle_bytes(), SMALL_KEPT_BYTES_MAX);
        drop(Frame::new(&pool, [spec(1 << 20)]));
        assert_eq!(pool.0.kept.lock().unwrap().large.len(), 1);
    }
}
