//! The handle that services hold.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use millstream_replica::{GroupId, Log};
use millstream_replica::{
    Replica, ReplicaCounters, ReplicaError, ReplicaSetup, Settings, SingleNode,
};
use millstream_types::{AccountId, Clock, DeliveryStreamName, Random, Region, StreamName};

use crate::command::Command;
use crate::delivery_streams::DeliveryStream;
use crate::machine::CatalogMachine;
use crate::outcome::Outcome;
use crate::state::State;
use crate::stream::Stream;

/// The group of the catalog's own logs.
pub const CATALOG_GROUP: GroupId = GroupId(0);
/// How long a put that met a seal waits for the catalog to know the children.
const NEWER_WAIT: Duration = Duration::from_secs(5);

/// The control plane. Reading is cheap and never waits; changes go through [`Catalog::submit`].
pub struct Catalog {
    replica: Replica<CatalogMachine>,
}

/// Why the catalog cannot answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError(pub ReplicaError);

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "catalog: {}", self.0)
    }
}

impl std::error::Error for CatalogError {}

impl From<ReplicaError> for CatalogError {
    fn from(error: ReplicaError) -> Self {
        CatalogError(error)
    }
}

impl Catalog {
    /// Replays the catalog. Its secrets are the vault's to make and to open.
    pub async fn open(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, CatalogError> {
        let setup = ReplicaSetup {
            log,
            group: CATALOG_GROUP,
            placement: Arc::new(SingleNode),
            clock,
            random,
            settings: Settings::default(),
        };
        let replica: Replica<CatalogMachine> = Replica::open(setup).await?;
        Ok(Catalog { replica })
    }

    /// Looks at the state; short, since changes wait meanwhile.
    pub fn read<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        self.replica.read(f)
    }

    /// A stream by name, as far as this node knows.
    pub fn lookup(
        &self,
        account: AccountId,
        region: &Region,
        name: &StreamName,
    ) -> Option<Arc<Stream>> {
        self.read(|state| state.lookup(account, region, name).cloned())
    }

    /// A stream by name, after everything that anyone has written is known.
    pub async fn find(
        &self,
        account: AccountId,
        region: &Region,
        name: &StreamName,
    ) -> Result<Option<Arc<Stream>>, CatalogError> {
        self.replica.barrier().await?;
        Ok(self.lookup(account, region, name))
    }

    /// A delivery stream by name; whether there is none is said only after everything that anyone has written is known.
    pub async fn find_delivery_stream(
        &self,
        account: AccountId,
        region: &Region,
        name: &DeliveryStreamName,
    ) -> Result<Option<Arc<DeliveryStream>>, CatalogError> {
        let look =
            || self.read(|state| state.delivery_streams().lookup(account, region, name).cloned());
        if let Some(stream) = look() {
            return Ok(Some(stream));
        }
        self.replica.barrier().await?;
        Ok(look())
    }

    /// A stream by its group, as far as this node knows.
    pub fn by_group(&self, group: GroupId) -> Option<Arc<Stream>> {
        self.read(|state| state.by_group(group).cloned())
    }

    /// The other regions of the account in which the name exists.
    pub fn in_other_regions(
        &self,
        account: AccountId,
        region: &Region,
        name: &StreamName,
    ) -> Vec<Region> {
        self.read(|state| state.elsewhere(account, region, name))
    }

    /// Waits until everything that anyone has written is known here.
    pub async fn barrier(&self) -> Result<(), CatalogError> {
        Ok(self.replica.barrier().await?)
    }

    /// Waits for a version of the stream that is newer than `version`; `None` if none comes within five seconds or the
    /// stream is gone.
    pub async fn newer_than(&self, group: GroupId, version: u64) -> Option<Arc<Stream>> {
        let mut applied = self.replica.applied();
        let newer = async {
            loop {
                applied.mark_unchanged();
                match self.by_group(group) {
                    Some(stream) if stream.version > version => return Some(stream),
                    Some(_) => applied.changed().await.ok()?,
                    None => return None,
                }
            }
        };
        tokio::time::timeout(NEWER_WAIT, newer).await.ok().flatten()
    }

    /// Changes with each command; marked as seen at the moment of the call.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<millstream_replica::Position> {
        self.replica.applied()
    }

    /// Becomes `Some` when the catalog stops by itself: the node must stop too, with this message.
    pub fn failed(&self) -> tokio::sync::watch::Receiver<Option<ReplicaError>> {
        self.replica.failed()
    }

    /// Sends a command and waits for its outcome.
    pub async fn submit(&self, command: &Command) -> Result<Outcome, CatalogError> {
        Ok(self.replica.submit(command).await?)
    }

    /// What was counted.
    pub fn counters(&self) -> Arc<ReplicaCounters> {
        self.replica.counters()
    }

    /// Finishes what was sent, and stops.
    pub async fn stop(&self) {
        self.replica.stop().await;
    }
}
