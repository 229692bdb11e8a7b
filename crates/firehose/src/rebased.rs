//! A stream in the place of one of the same name that was deleted: the numbers of its logs follow those of the streams
//! before it, so that nobody takes their positions, or their records' ids, for one another's.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use millstream_log::{Log, LogId};
use millstream_replica::Replica;
use millstream_types::Millis;

use crate::machine::{Command, DeliveryMachine};
use crate::source::{Scan, Source, SourceError, SourceFuture, SourceLog, Stretch};

/// A source, in the place of those that were deleted if there were any, which is written down before anything of it is
/// read. The text of an error is for people.
pub async fn rebased(
    source: Arc<dyn Source>,
    replica: &Replica<DeliveryMachine>,
    log: &Arc<dyn Log>,
    processed: LogId,
    name: &str,
) -> Result<Arc<dyn Source>, String> {
    let generation = source.generation();
    replica.barrier().await.map_err(|error| error.to_string())?;
    if generation > replica.read(|state| state.source.generation) {
        let bounds = log.bounds(processed).await.map_err(|error| error.to_string())?;
        let rebind = Command::Rebind { generation, processed: bounds.end.0 };
        replica.submit(&rebind).await.map_err(|error| error.to_string())?;
        tracing::warn!(%name, "the source stream was deleted and made again: it is read from its first record");
    }
    Ok(match replica.read(|state| state.source.base) {
        0 => source,
        base => Arc::new(Rebased::new(source, base)),
    })
}

/// A source whose first log has another number than 0. What comes before is gone.
pub struct Rebased {
    source: Arc<dyn Source>,
    base: u32,
}

impl Rebased {
    /// The source, its logs numbered from `base`.
    pub fn new(source: Arc<dyn Source>, base: u32) -> Self {
        Rebased { source, base }
    }

    /// The source's own number of a log.
    fn own(&self, log: u32) -> Result<u32, SourceError> {
        log.checked_sub(self.base).ok_or(SourceError::Gone)
    }
}

impl Source for Rebased {
    fn logs<'a>(&'a self, known: &'a BTreeMap<u32, u64>) -> SourceFuture<'a, Vec<SourceLog>> {
        Box::pin(async move {
            let own = known.iter().filter_map(|(log, from)| Some((self.own(*log).ok()?, *from)));
            let own: BTreeMap<u32, u64> = own.collect();
            let mut logs = self.source.logs(&own).await?;
            for log in &mut logs {
                // The delivery stream was there before the stream was: nothing in it is older.
                log.from = own.get(&log.log).copied().unwrap_or(0);
                log.log = log.log.saturating_add(self.base);
                log.parents.iter_mut().for_each(|it| *it = it.saturating_add(self.base));
            }
            Ok(logs)
        })
    }

    fn scan(&self, log: u32, from: u64, bytes_max: usize) -> SourceFuture<'_, Scan> {
        Box::pin(async move { self.source.scan(self.own(log)?, from, bytes_max).await })
    }

    fn read(&self, log: u32, from: u64, to: u64, bytes_max: usize) -> SourceFuture<'_, Stretch> {
        Box::pin(async move {
            let mut stretch = self.source.read(self.own(log)?, from, to, bytes_max).await?;
            stretch.records.iter_mut().for_each(|record| record.id.log = log);
            Ok(stretch)
        })
    }

    fn end(&self, log: u32) -> SourceFuture<'_, u64> {
        Box::pin(async move { self.source.end(self.own(log)?).await })
    }

    fn wait<'a>(
        &'a self,
        after: &'a [(u32, u64)],
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let own = |(log, at): &(u32, u64)| Some((self.own(*log).ok()?, *at));
        let after: Vec<(u32, u64)> = after.iter().filter_map(own).collect();
        Box::pin(async move { self.source.wait(&after).await })
    }

    fn retention(&self) -> Duration {
        self.source.retention()
    }

    fn grows(&self) -> bool {
        self.source.grows()
    }

    fn generation(&self) -> u32 {
        self.source.generation()
    }

    fn sequence_number(&self, log: u32, position: u64, arrival: Millis) -> Option<String> {
        self.source.sequence_number(self.own(log).ok()?, position, arrival)
    }

    fn trim(&self, log: u32, before: u64) -> SourceFuture<'_, ()> {
        Box::pin(async move { self.source.trim(self.own(log)?, before).await })
    }
}
