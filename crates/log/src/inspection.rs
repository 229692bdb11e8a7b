//! A directory as a log that can only be read: for whoever checks what the payloads hold.

use std::sync::Arc;

use millstream_types::{ManualClock, Millis};

use crate::contract::{
    AckMany, Appender, Bounds, Fut, GroupId, GroupSpec, Log, LogError, LogId, Position, Read,
};
use crate::disk::Disk;
use crate::frame::Frame;
use crate::options::{OpenError, Options, doing};
use crate::recovery::{Mode, recover};
use crate::shared::Shared;
use crate::sound::DamagedPlace;
use crate::tables::LogState;

/// A directory that is looked at and not changed. Reads block; whoever waits for more waits for ever.
pub struct Inspection {
    shared: Shared,
    _lock: Option<Box<dyn Send + Sync>>,
}

impl Inspection {
    /// Looks at a directory. Fails if it cannot be read, is of an unknown format, or is in use.
    pub fn open(disk: &Arc<dyn Disk>) -> Result<Self, OpenError> {
        let names = disk.list().map_err(doing(format!("listing {}", disk.name())))?;
        let lock = match names.iter().any(|name| name == "lock") {
            true => Some(crate::format::lock(&**disk)?),
            false => None,
        };
        crate::format::read_format(&**disk)?;
        let clock = Arc::new(ManualClock::new(Millis(0)));
        let shared = Shared::new(Options::durable(disk.clone(), clock));
        recover(&shared, Mode::LookOnly)?;
        Ok(Inspection { shared, _lock: lock })
    }

    fn log(&self, log: LogId) -> Result<Arc<LogState>, LogError> {
        self.shared.tables().log(log)
    }
}

fn refused() -> LogError {
    LogError::Unavailable("the directory is only looked at".into())
}

fn ready<T: Send + 'static>(outcome: Result<T, LogError>) -> Fut<'static, T> {
    Box::pin(std::future::ready(outcome))
}

impl Log for Inspection {
    fn create(&self, _group: GroupId, _spec: GroupSpec, _logs: u32) -> Fut<'_, ()> {
        ready(Err(refused()))
    }

    fn grow(&self, _group: GroupId, _logs: u32) -> Fut<'_, ()> {
        ready(Err(refused()))
    }

    fn configure(&self, _group: GroupId, _spec: GroupSpec) -> Fut<'_, ()> {
        ready(Err(refused()))
    }

    fn delete(&self, _group: GroupId) -> Fut<'_, ()> {
        ready(Err(refused()))
    }

    fn groups(&self) -> Fut<'_, Vec<(GroupId, GroupSpec, u32)>> {
        let tables = self.shared.tables();
        let groups = tables.groups.iter();
        let groups = groups.map(|(id, group)| (*id, group.spec(), group.logs().len() as u32));
        ready(Ok(groups.collect()))
    }

    fn open(&self, _log: LogId) -> Fut<'_, Box<dyn Appender>> {
        Box::pin(std::future::ready(Err(refused())))
    }

    fn append_many(&self, _frame: Frame) -> Result<AckMany, LogError> {
        Err(refused())
    }

    fn read(&self, log: LogId, from: Position, bytes_max: usize) -> Fut<'_, Read> {
        let read = self.log(log);
        ready(read.and_then(|state| self.shared.read_from_disk(&state, from, bytes_max)))
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
        ready(bounds)
    }

    fn find(&self, log: LogId, at: Millis) -> Fut<'_, Position> {
        ready(self.log(log).and_then(|state| self.shared.find_position(&state, at)))
    }

    fn read_around(
        &self,
        log: LogId,
        from: Position,
        bytes_max: usize,
    ) -> Fut<'_, Result<Read, DamagedPlace>> {
        let read = |state: Arc<_>| self.shared.find_around(&state, from, bytes_max);
        ready(self.log(log).and_then(read))
    }

    fn trim(&self, _log: LogId, _before: Position) -> Fut<'_, ()> {
        ready(Err(refused()))
    }

    fn seal(&self, _log: LogId) -> Fut<'_, Position> {
        ready(Err(refused()))
    }

    fn wait(&self, _log: LogId, _after: Position) -> Fut<'_, ()> {
        Box::pin(std::future::pending())
    }
}
