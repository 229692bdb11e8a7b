//! Commands to the catalog, with refusals as the service tells them.

use std::sync::Arc;

use millstream_catalog::{CatalogError, Command, Outcome, Stream, StreamStatus};
use millstream_replica::ReplicaError;
use millstream_types::{AccountId, StreamName};

use crate::errors::Refusal;
use crate::service::Streams;

impl Streams {
    /// Refuses what only an ACTIVE stream allows, before anything else about it is checked.
    pub(crate) fn require_active(&self, stream: &Stream) -> Result<(), Refusal> {
        match stream.status {
            StreamStatus::Active => Ok(()),
            status @ (StreamStatus::Creating | StreamStatus::Updating | StreamStatus::Deleting) => {
                let (stream, account) = (stream.name.clone(), stream.account);
                Err(Refusal::NotActive { stream, account, status })
            }
        }
    }

    /// Changes a stream; the stream as it is afterwards.
    pub(crate) async fn change(
        &self,
        stream: &Stream,
        command: &Command,
    ) -> Result<Arc<Stream>, Refusal> {
        let changed = self.submit(&stream.name, stream.account, command).await?;
        changed.ok_or_else(|| Refusal::Catalog("the stream is gone".into()))
    }

    /// Sends a command about the stream of this name.
    pub(crate) async fn submit(
        &self,
        stream: &StreamName,
        account: AccountId,
        command: &Command,
    ) -> Result<Option<Arc<Stream>>, Refusal> {
        match self.catalog.submit(command).await {
            Ok(Outcome::Stream(stream)) => Ok(Some(stream)),
            // A command about a stream never comes to a queue.
            Ok(Outcome::Done | Outcome::Queue(_)) => Ok(None),
            Ok(Outcome::Refused(why)) => {
                Err(Refusal::Change { stream: stream.clone(), account, why })
            }
            Err(CatalogError(ReplicaError::Unknown(why))) => Err(Refusal::ChangeUnknown(why)),
            Err(CatalogError(why)) => Err(Refusal::Catalog(why.to_string())),
        }
    }
}
