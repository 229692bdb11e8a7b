//! Streams that are declared: made by the service itself unless they are there, and waited for.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::Error;
use millstream_api::ops::CreateStreamInput;
use millstream_catalog::{Stream, StreamStatus};
use millstream_types::{AccountId, Region, StreamName};

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::service::Streams;

/// How long CreateStream waits for a stream of the same name that is on its way out.
const RELEASE_WAIT: Duration = Duration::from_secs(5);

/// A stream that is to be there.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// What CreateStream is asked for.
    pub create: CreateStreamInput,
    /// How long records are kept, if not for the default 24 hours.
    pub retention_hours: Option<i32>,
}

/// What became of a declaration.
#[derive(Clone, Debug)]
pub enum Declared {
    /// It was made, and is ACTIVE.
    Made(Arc<Stream>),
    /// It was there and is left as it is.
    Kept(Arc<Stream>),
}

impl Streams {
    /// Makes the declared streams that are not there yet, by the operations that clients use but without call rates,
    /// and waits until all are ACTIVE. The first that is refused ends it, with its name.
    pub async fn declare(&self, wanted: &[Declaration]) -> Result<Vec<Declared>, (String, Error)> {
        let mut outcomes = Vec::with_capacity(wanted.len());
        // As many at once as may be CREATING: with a delay of transitions each batch takes it once.
        let at_once = self.limits.creating_streams_max.clamp(1, 1000) as usize;
        for batch in wanted.chunks(at_once) {
            let mut begun = Vec::with_capacity(batch.len());
            for one in batch {
                begun.push((one, self.declare_one(one).await.map_err(|error| named(one, error))?));
            }
            for (one, made) in begun {
                let outcome = self.finish_declared(one, made).await;
                outcomes.push(outcome.map_err(|error| named(one, error))?);
            }
        }
        Ok(outcomes)
    }

    /// Begins to make a stream; `false` if it is there.
    async fn declare_one(&self, wanted: &Declaration) -> Result<bool, Error> {
        let caller = wanted.caller();
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        if let Some(there) = self.named(&caller, &wanted.name()?)
            && there.status != StreamStatus::Deleting
        {
            return Ok(false);
        }
        // The retention comes with the stream: one that a crash leaves half made is kept at the next start.
        let hours = wanted.retention_hours.and_then(|hours| u32::try_from(hours).ok());
        self.create_stream_keeping(&caller, wanted.create.clone(), hours).await?;
        Ok(true)
    }

    async fn finish_declared(&self, wanted: &Declaration, made: bool) -> Result<Declared, Error> {
        let (caller, name) = (wanted.caller(), wanted.name()?);
        let stream = self.await_active(&caller, &name).await?;
        Ok(if made { Declared::Made(stream) } else { Declared::Kept(stream) })
    }

    fn named(&self, caller: &Caller, name: &StreamName) -> Option<Arc<Stream>> {
        self.catalog.lookup(caller.account, &caller.region, name)
    }

    /// Waits until a stream is ACTIVE. What has to be done for it, the lifecycle does.
    async fn await_active(&self, caller: &Caller, name: &StreamName) -> Result<Arc<Stream>, Error> {
        let mut changes = self.catalog.changes();
        loop {
            changes.mark_unchanged();
            match self.named(caller, name) {
                Some(stream) if stream.status == StreamStatus::Active => return Ok(stream),
                Some(_) => {}
                None => return Err(self.not_found(caller, name.clone()).into()),
            }
            let stopped = |_| Refusal::Catalog("the catalog stopped".into());
            changes.changed().await.map_err(stopped)?;
        }
    }

    /// Waits, a bounded moment, while a stream of this name is DELETING though it need not be any more: a name is free
    /// at once, and only the work of the lifecycle lies between. A delay of transitions that is set is kept to.
    pub(crate) async fn await_release(&self, caller: &Caller, name: &StreamName) {
        let mut changes = self.catalog.changes();
        let delay = Duration::from_millis(self.limits.transition_delay_ms);
        let released = async {
            loop {
                changes.mark_unchanged();
                match self.named(caller, name) {
                    Some(stream)
                        if stream.status == StreamStatus::Deleting
                            && stream.status_since.plus(delay) <= self.now() => {}
                    Some(_) | None => return,
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // The catalog refuses the name if it is still taken.
        let _ = tokio::time::timeout(RELEASE_WAIT, released).await;
    }
}

impl Declaration {
    fn caller(&self) -> Caller {
        Caller::internal(self.account, self.region.clone())
    }

    fn name(&self) -> Result<StreamName, Error> {
        let name = &self.create.stream_name;
        name.parse().map_err(|_| Error::validation(format!("The stream name {name} is not valid.")))
    }
}

fn named(wanted: &Declaration, error: Error) -> (String, Error) {
    (wanted.create.stream_name.clone(), error)
}
