//! An object on its way out: read piece by piece as the client takes it.
//!
//! The turn to read is taken for each piece, and given back before the piece is sent: a client that does not take what
//! it asked for keeps its place among those who may ask, of which there are many, and no turn, of which there are few.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use millstream_buckets::{Error, ObjectReader};
use tokio::sync::Semaphore;

use super::places::PlaceHeld;
use crate::connection::RequestGuard;

/// Bytes that are read at once.
const PIECE_BYTES: u64 = 128 * 1024;

/// A place among the clients that are sent an object, and the turns to read that they share.
pub struct Place {
    /// Held until all is sent, or another client gets it.
    pub place: PlaceHeld,
    /// One is taken for each piece.
    pub turns: Arc<Semaphore>,
}

/// A piece that is being read; `None` if that was not finished.
type Reading = Pin<Box<dyn Future<Output = Option<Result<Bytes, Error>>> + Send>>;

/// The bytes of an object, or of a part of one.
pub struct ObjectBody {
    reader: Arc<ObjectReader>,
    offset: u64,
    left: u64,
    reading: Option<Reading>,
    place: Place,
}

impl ObjectBody {
    pub fn new(reader: ObjectReader, offset: u64, bytes: u64, place: Place) -> Self {
        let reader = Arc::new(reader);
        place.place.hands_over();
        ObjectBody { reader, offset, left: bytes, reading: None, place }
    }

    /// Keeps the request's guard as long as this is sent.
    pub fn hold(&mut self, guard: RequestGuard) {
        self.place.place.hold(guard);
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
        let place = &self.place.place;
        if place.is_lost() {
            self.left = 0;
            return Poll::Ready(Some(Err(())));
        }
        let reading = match &mut self.reading {
            Some(reading) => reading,
            None => {
                place.reads();
                let turns = self.place.turns.clone();
                let piece = read(turns, self.reader.clone(), self.offset, self.left);
                self.reading.insert(Box::pin(piece))
            }
        };
        let Poll::Ready(read) = reading.as_mut().poll(cx) else { return Poll::Pending };
        self.reading = None;
        place.hands_over();
        match read {
            Some(Ok(piece)) if !piece.is_empty() => {
                self.offset += piece.len() as u64;
                self.left -= piece.len() as u64;
                Poll::Ready(Some(Ok(piece)))
            }
            failed => {
                self.left = 0;
                let key = self.reader.info().key.as_str();
                let error = match failed {
                    Some(Err(error)) => error.to_string(),
                    Some(Ok(_)) | None => "the object ends too early".to_owned(),
                };
                tracing::error!(key, error, "an object could not be read to its end");
                Poll::Ready(Some(Err(())))
            }
        }
    }
}

/// Reads the next piece when it is its turn.
async fn read(
    turns: Arc<Semaphore>,
    reader: Arc<ObjectReader>,
    offset: u64,
    left: u64,
) -> Option<Result<Bytes, Error>> {
    let turn = turns.acquire_owned().await.ok()?;
    let read = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        // Pieces end where the chunks of sealed objects do, so that none is opened twice.
        let bytes = PIECE_BYTES - offset % PIECE_BYTES;
        let mut piece = vec![0; left.min(bytes) as usize];
        let count = reader.read_at(offset, &mut piece)?;
        piece.truncate(count);
        Ok(Bytes::from(piece))
    });
    read.await.ok()
}

#[cfg(test)]
mod tests {
    use millstream_buckets::{Attributes, BucketName, Condition, Key, Options, Place, Store};
    use millstream_types::{ManualClock, Millis, SeededRandom};

    use super::*;
    use crate::s3::places::Places;

    const BYTES: usize = 3 * PIECE_BYTES as usize;

    fn store() -> (Arc<Store>, BucketName, Key) {
        let place = Place::Temporary { parent: std::env::temp_dir(), bytes_max: 1 << 24 };
        let clock = Arc::new(ManualClock::new(Millis(1_700_000_000_000)));
        let seed = u64::from(std::process::id());
        let options = Options { place, bytes_reserved: 0, keys: None };
        let store = Store::open(options, clock, Arc::new(SeededRandom::new(seed))).unwrap();
        let (bucket, key): (BucketName, Key) = ("bucket".parse().unwrap(), "k".parse().unwrap());
        store.create_bucket(&bucket, None, &"eu-west-1".parse().unwrap()).unwrap();
        let mut staged = store.stage(&bucket, 1 << 24).unwrap();
        staged.write(&vec![7; BYTES]).unwrap();
        let attributes = Attributes::default();
        store.publish(staged, &key, attributes, None, &Condition::Always).unwrap();
        (store, bucket, key)
    }

    async fn piece(body: &mut ObjectBody) -> Option<usize> {
        let next = std::future::poll_fn(|cx| body.poll_next(cx)).await;
        next.map(|piece| piece.unwrap().len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stalls_keeps_no_turn_from_others() {
        let (store, bucket, key) = store();
        let (places, turns) = (Places::new(3), Arc::new(Semaphore::new(1)));
        let mut bodies = Vec::new();
        for _ in 0..3 {
            let reader = store.open_object(&bucket, &key).unwrap();
            let place = places.take().await.unwrap();
            let place = super::Place { place, turns: turns.clone() };
            bodies.push(ObjectBody::new(reader, 0, BYTES as u64, place));
        }
        let [stalled, other, unread] = &mut bodies[..] else { unreachable!() };
        assert_eq!(piece(stalled).await, Some(PIECE_BYTES as usize));
        let mut read = 0;
        while let Some(bytes) = piece(other).await {
            read += bytes;
        }
        assert_eq!((read, unread.left()), (BYTES, BYTES as u64));
        assert_eq!(turns.available_permits(), 1);
        // Its place is another's once somebody waits for it.
        let _fourth = places.take().await.unwrap();
        let cut = [stalled, unread].into_iter().filter(|body| body.place.place.is_lost());
        let cut: Vec<_> = cut.collect();
        assert_eq!(cut.len(), 1);
        for body in cut {
            let next = std::future::poll_fn(|cx| body.poll_next(cx)).await;
            assert_eq!(next, Some(Err(())));
            assert_eq!(body.left(), 0);
        }
    }
}
