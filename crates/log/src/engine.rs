//! The embedded engine: one machine's disk behind `Log`.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use millstream_types::Millis;
use tokio::sync::oneshot;

use crate::block::put_payload_crc;
use crate::change::Change;
use crate::commit::Committer;
use crate::contract::{
    Ack, AckMany, Appender, Batch, Bounds, Fut, GroupId, GroupSpec, Log, LogError, LogId, Position,
    Read, ack_many,
};
use crate::format::{FORMAT_NEWEST, format_of, lock, write_format};
use crate::frame::{Frame, HEADER_ROOM};
use crate::limits::batch_fits;
use crate::metrics::LogCounters;
use crate::options::{Health, OpenError, Options, RecoveryReport, doing};
use crate::queue::Item;
use crate::reader::{ReadQueue, on_read_thread};
use crate::recovery::{Mode, recover};
use crate::shared::Shared;
use crate::sound::DamagedPlace;
use crate::tables::LogState;

/// The embedded engine. Dropping it stops it; [`Engine::stop`] also makes the next start quick.
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    readers: Arc<ReadQueue>,
    committer: Mutex<Option<JoinHandle<Committer>>>,
    others: Mutex<Vec<JoinHandle<()>>>,
    /// Given back when the engine has ended.
    lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

impl Engine {
    /// Opens a directory, recovers what it holds, and starts the engine's threads. With damage it opens too, refuses
    /// appends, and says so in the report and in [`Engine::health`].
    pub fn open(options: Options) -> Result<(Arc<Self>, RecoveryReport), OpenError> {
        let disk = options.disk.clone();
        // The format is looked at before the lock file is made: an unknown directory stays untouched.
        let mut format = format_of(&*disk)?;
        if format.is_none() {
            check_free(&options)?;
        }
        let lock = lock(&*disk)?;
        if format.is_none() {
            format = format_of(&*disk)?;
        }
        if format.is_none() {
            write_format(&*disk, FORMAT_NEWEST)?;
        }
        let shared = Arc::new(Shared::new(options));
        let (chain, mut report) = recover(&shared, Mode::Repair)?;
        report.last_arrival = chain.last_arrival;
        shared.update_gauges();
        // Nobody is to learn from the first write that refuses. What cannot be asked shows at the first write.
        shared.set_full(!shared.has_room().unwrap_or(true));
        let committer = Committer::new(shared.clone(), chain);
        let readers = Arc::new(ReadQueue::default());
        let engine = Engine {
            shared,
            readers,
            committer: Mutex::default(),
            others: Mutex::default(),
            lock: Mutex::new(Some(lock)),
        };
        engine.start(committer)?;
        Ok((Arc::new(engine), report))
    }

    fn start(&self, committer: Committer) -> Result<(), OpenError> {
        let started = spawn("log-commit", move || committer.run())?;
        *self.committer.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = self.shared.clone();
        let upkeep = Arc::downgrade(&shared);
        // What expires by a jump of the time is freed without waiting for the next round.
        shared.options.clock.on_jump(Box::new(move || {
            if let Some(shared) = upkeep.upgrade() {
                shared.signal.raise();
            }
        }));
        others.push(spawn("log-notify", move || shared.notifier.run())?);
        for _ in 0..self.shared.options.read_threads.max(1) {
            let readers = self.readers.clone();
            others.push(spawn("log-read", move || readers.run())?);
        }
        if self.shared.options.background {
            let shared = self.shared.clone();
            others.push(spawn("log-upkeep", move || shared.run_upkeep())?);
        }
        Ok(())
    }

    /// Whether appends are taken.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// What the engine counts.
    pub fn counters(&self) -> Arc<LogCounters> {
        self.shared.counters.clone()
    }

    /// One round of maintenance, on this thread: footers, expiry, the pool.
    pub fn maintain(&self) {
        self.shared.upkeep_round();
    }

    /// Sorts old segments by log, whatever their age, on this thread. Returns how many it replaced.
    pub fn rewrite_now(&self) -> Result<usize, LogError> {
        self.shared.rewrite(1, |_, _| true)
    }

    /// Finishes what is queued, writes the footer of the last segment so that the next start is quick, and ends the
    /// engine's threads. Appends are refused from now on. Blocks.
    pub fn stop(&self) {
        self.end(true);
    }

    fn end(&self, seal: bool) {
        self.shared.queue.stop();
        self.shared.signal.stop();
        let mut committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(mut committer)) = committer.take().map(JoinHandle::join)
            && seal
            && self.shared.broken().is_none()
        {
            committer.end_active();
            // A failure costs the next start time, nothing else.
            let _ = self.shared.seal_ended();
        }
        drop(committer);
        self.shared.notifier.stop();
        self.readers.stop();
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.drain(..).for_each(|thread| drop(thread.join()));
        self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn log(&self, log: LogId) -> Result<Arc<LogState>, LogError> {
        self.shared.tables().log(log)
    }

    /// Queues `item` and waits for the answer that comes through `answer`.
    fn ask<'a, T: Send + 'a>(
        &'a self,
        make: impl FnOnce(oneshot::Sender<Result<T, LogError>>) -> Item,
    ) -> Fut<'a, T> {
        let (reply, answer) = oneshot::channel();
        let queued = self.push(make(reply));
        Box::pin(async move {
            queued?;
            let stopped = || Err(LogError::Unknown("the engine stopped before it answered".into()));
            answer.await.unwrap_or_else(|_| stopped())
        })
    }

    fn push(&self, item: Item) -> Result<(), LogError> {
        if let Some(why) = self.shared.broken() {
            return Err(why);
        }
        let shared = &self.shared;
        shared.queue.push(item, shared.options.queue_bytes_max, &shared.counters)
    }
}

/// Whether a new directory has room for its first segment beside the reserve.
fn check_free(options: &Options) -> Result<(), OpenError> {
    let directory = options.disk.name();
    let free = options.disk.free_bytes();
    let free = free.map_err(doing(format!("asking {directory} for its free space")))?;
    let (reserve, needed) = (options.disk_bytes_reserved, options.segment_bytes_min);
    if free >= reserve.saturating_add(needed) {
        return Ok(());
    }
    Err(OpenError::NoRoom { directory, free, reserve, needed })
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, OpenError> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(doing(format!("starting the thread {name}")))
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// Fills in the payloads' checksums, on the caller's thread.
pub(crate) fn put_checksums(frame: &mut Frame) {
    let (parts, bytes) = frame.split_mut();
    for part in parts {
        let (head, payload) = bytes[..part.payload.end].split_at_mut(part.payload.start);
        let header = head.len() - HEADER_ROOM;
        put_payload_crc(&mut head[header..], payload);
    }
}

impl Log for Engine {
    fn create(&self, group: GroupId, spec: GroupSpec, logs: u32) -> Fut<'_, ()> {
        self.ask(|reply| Item::Change(Change::Create { group, spec, logs }, reply))
    }

    fn grow(&self, group: GroupId, logs: u32) -> Fut<'_, ()> {
        self.ask(|reply| Item::Change(Change::Grow { group, logs }, reply))
    }

    fn configure(&self, group: GroupId, spec: GroupSpec) -> Fut<'_, ()> {
        self.ask(|reply| Item::Change(Change::Configure { group, spec }, reply))
    }

    fn delete(&self, group: GroupId) -> Fut<'_, ()> {
        self.ask(|reply| Item::Change(Change::Delete { group }, reply))
    }

    fn groups(&self) -> Fut<'_, Vec<(GroupId, GroupSpec, u32)>> {
        let tables = self.shared.tables();
        let groups = tables.groups.iter();
        let groups = groups.map(|(id, group)| (*id, group.spec(), group.logs().len() as u32));
        let groups = Ok(groups.collect());
        Box::pin(std::future::ready(groups))
    }

    fn open(&self, log: LogId) -> Fut<'_, Box<dyn Appender>> {
        let found = self.shared.tables().group(log.group).cloned();
        let opened = found.and_then(|group| {
            let state = group.log(log.index).ok_or(LogError::Gone)?;
            let shared = self.shared.clone();
            Ok(Box::new(EngineAppender { shared, group, state }) as Box<dyn Appender>)
        });
        Box::pin(std::future::ready(opened))
    }

    fn append_many(&self, frame: Frame) -> Result<AckMany, LogError> {
        append_many(&self.shared, frame)
    }

    fn read(&self, log: LogId, from: Position, bytes_max: usize) -> Fut<'_, Read> {
        Box::pin(async move {
            let state = self.log(log)?;
            if let Some(read) = self.shared.read_in_memory(&state, from, bytes_max) {
                return read;
            }
            let shared = self.shared.clone();
            let work = move || shared.read_from_disk(&state, from, bytes_max);
            on_read_thread(&self.readers, work).await
        })
    }

    fn bounds(&self, log: LogId) -> Fut<'_, Bounds> {
        let bounds = self.log(log).map(|log| {
            let inner = log.lock();
            Bounds {
                first: Position(inner.first),
                end: Position(inner.end),
                last_arrival: inner.last_arrival,
                sealed: inner.sealed,
            }
        });
        Box::pin(std::future::ready(bounds))
    }

    fn find(&self, log: LogId, at: Millis) -> Fut<'_, Position> {
        Box::pin(async move {
            let state = self.log(log)?;
            if let Ok(found) = self.shared.find_in_memory(&state, at) {
                return found;
            }
            let shared = self.shared.clone();
            on_read_thread(&self.readers, move || shared.find_position(&state, at)).await
        })
    }

    fn read_around(
        &self,
        log: LogId,
        from: Position,
        bytes_max: usize,
    ) -> Fut<'_, Result<Read, DamagedPlace>> {
        Box::pin(async move {
            let (state, shared) = (self.log(log)?, self.shared.clone());
            let read = move || shared.find_around(&state, from, bytes_max);
            on_read_thread(&self.readers, read).await
        })
    }

    fn trim(&self, log: LogId, before: Position) -> Fut<'_, ()> {
        let trimmed = self.ask(|reply| Item::Trim(log, before, reply));
        Box::pin(async move {
            trimmed.await?;
            self.shared.something_died();
            Ok(())
        })
    }

    fn seal(&self, log: LogId) -> Fut<'_, Position> {
        self.ask(|reply| Item::Seal(log, reply))
    }

    fn wait(&self, log: LogId, after: Position) -> Fut<'_, ()> {
        match self.log(log) {
            Ok(log) => Box::pin(Wait { log, after, registered: None }),
            // Gone: whoever waits finds out by reading.
            Err(_) => Box::pin(std::future::ready(Ok(()))),
        }
    }
}

fn append_many(shared: &Shared, mut frame: Frame) -> Result<AckMany, LogError> {
    if let Some(why) = shared.broken() {
        return Err(why);
    }
    if frame.bytes().len() > shared.options.frame_bytes_max() {
        return Err(LogError::TooLarge);
    }
    put_checksums(&mut frame);
    let (outcomes, ack) = ack_many(frame.parts().len());
    let item = Item::Frame(frame, outcomes);
    shared.queue.push(item, shared.options.queue_bytes_max, &shared.counters)?;
    Ok(ack)
}

struct EngineAppender {
    shared: Arc<Shared>,
    group: Arc<crate::tables::Group>,
    state: Arc<LogState>,
}

impl Appender for EngineAppender {
    fn append(&mut self, batch: Batch) -> Result<Ack, LogError> {
        if !batch_fits(batch.count, batch.payload.len(), self.group.spec().record_bytes_max) {
            return Err(LogError::TooLarge);
        }
        let inner = self.state.lock();
        if inner.gone {
            return Err(LogError::Gone);
        }
        if inner.sealed {
            return Err(LogError::Sealed(Position(inner.end)));
        }
        drop(inner);
        append_many(&self.shared, Frame::of_batch(self.state.id, &batch)).map(Ack::of_one)
    }

    fn seal(&mut self) -> Fut<'_, Position> {
        let (reply, answer) = oneshot::channel();
        let item = Item::Seal(self.state.id, reply);
        let queued = self.shared.broken().map_or(Ok(()), Err).and_then(|()| {
            self.shared.queue.push(item, self.shared.options.queue_bytes_max, &self.shared.counters)
        });
        Box::pin(async move {
            queued?;
            let stopped = || Err(LogError::Unknown("the engine stopped before it answered".into()));
            answer.await.unwrap_or_else(|_| stopped())
        })
    }
}

/// Waits until a log's end is past a position, or the log is sealed or gone.
struct Wait {
    log: Arc<LogState>,
    after: Position,
    registered: Option<u64>,
}

impl Future for Wait {
    type Output = Result<(), LogError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let log = self.log.clone();
        let mut inner = log.lock();
        if let Some(number) = self.registered.take() {
            inner.forget_waiter(number);
        }
        if inner.gone || inner.sealed || inner.end > self.after.0 {
            return Poll::Ready(Ok(()));
        }
        self.registered = Some(inner.add_waiter(cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(number) = self.registered {
            self.log.lock().forget_waiter(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use millstream_types::ManualClock;

    use super::*;
    use crate::disk::RealDisk;
    use crate::testkit::conformance::{Subject, run_all};

    struct OnDisk {
        directory: PathBuf,
        clock: Arc<ManualClock>,
        engine: Option<Arc<Engine>>,
        clean: bool,
        segment_bytes: u64,
    }

    impl OnDisk {
        fn new(clean: bool, segment_bytes: u64) -> Self {
            static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
            let made = MADE.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let name = format!("millstream-log-test-{}-{made}", std::process::id());
            let directory = std::env::temp_dir().join(name);
            let clock = Arc::new(ManualClock::new(Millis(1_000_000)));
            let mut subject = OnDisk { directory, clock, engine: None, clean, segment_bytes };
            subject.open();
            subject
        }

        fn open(&mut self) {
            let disk = Arc::new(RealDisk::create(&self.directory).unwrap());
            let mut options = Options::durable(disk, self.clock.clone());
            options.segment_bytes_min = self.segment_bytes;
            options.segment_bytes_max = self.segment_bytes * 4;
            let (engine, report) = Engine::open(options).unwrap();
            assert_eq!(report.damage, Vec::new());
            self.engine = Some(engine);
        }
    }

    impl Subject for OnDisk {
        fn log(&self) -> Arc<dyn Log> {
            self.engine.clone().unwrap()
        }

        fn reopen(&mut self) {
            let engine = self.engine.take().unwrap();
            engine.end(self.clean);
            self.open();
        }

        fn clock(&self) -> Arc<ManualClock> {
            self.clock.clone()
        }
    }

    impl Drop for OnDisk {
        fn drop(&mut self) {
            self.engine = None;
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }

    #[test]
    fn the_embedded_engine_conforms_after_clean_stops() {
        run_all(&|| Box::new(OnDisk::new(true, 4 << 20)));
    }

    #[test]
    fn the_embedded_engine_conforms_without_clean_stops() {
        run_all(&|| Box::new(OnDisk::new(false, 4 << 20)));
    }
}
