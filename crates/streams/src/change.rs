//! Commands to the catalog, with refusals as the service tells them.

use std::sync::Arc;

use millstream_catalog::{
    CapacityRefusal, CatalogError, Channel, Command, Outcome, Stream, StreamMode, StreamStatus,
};
use millstream_replica::ReplicaError;
use millstream_types::{AccountId, StreamName};

use crate::errors::{ChangeOf, Refusal};
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

    /// Refuses what is only for streams of one mode.
    pub(crate) fn require_mode(&self, stream: &Stream, mode: StreamMode) -> Result<(), Refusal> {
        if stream.mode == mode {
            return Ok(());
        }
        let why = millstream_catalog::Refusal::Capacity(CapacityRefusal::Mode(stream.mode));
        Err(Refusal::Change { stream: stream.name.clone(), account: stream.account, why })
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
        match self.submit_of(&ChangeOf::stream(stream, account), command).await? {
            Outcome::Stream(stream) => Ok(Some(stream)),
            Outcome::Channel(_)
            | Outcome::Queue(_)
            | Outcome::DeliveryStream(_)
            | Outcome::Done
            | Outcome::Refused(_) => Ok(None),
        }
    }

    /// Changes a channel; the channel as it is afterwards.
    pub(crate) async fn change_channel(
        &self,
        of: &ChangeOf,
        command: &Command,
    ) -> Result<Arc<Channel>, Refusal> {
        match self.submit_of(of, command).await? {
            Outcome::Channel(channel) => Ok(channel),
            Outcome::Stream(_)
            | Outcome::Queue(_)
            | Outcome::DeliveryStream(_)
            | Outcome::Done
            | Outcome::Refused(_) => Err(Refusal::Catalog("the channel is gone".into())),
        }
    }

    /// Sends a command about whatever `of` names. The outcome is never a refusal.
    pub(crate) async fn submit_of(
        &self,
        of: &ChangeOf,
        command: &Command,
    ) -> Result<Outcome, Refusal> {
        match self.catalog.submit(command).await {
            Ok(Outcome::Refused(why)) => Err(of.refused(why)),
            Ok(outcome) => Ok(outcome),
            Err(CatalogError(ReplicaError::Unknown(why))) => Err(Refusal::ChangeUnknown(why)),
            Err(CatalogError(why)) => Err(Refusal::Catalog(why.to_string())),
        }
    }
}
