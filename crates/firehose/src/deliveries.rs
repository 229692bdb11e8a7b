//! Delivery streams and their pipelines: what the catalog says becomes what a pipeline is made of.

use std::sync::{Arc, OnceLock, Weak};

use millstream_catalog::{Catalog, DeliveryDestination, DeliverySource, DeliveryStream};
use millstream_log::{GroupId, Log};
use millstream_streams::Streams;
use millstream_vault::{DataKey, KeyError, KeyFault, Vault};
use tokio::sync::watch;

use crate::destinations::settings_of;
use crate::envelope::{KeyFuture, Keys};
use crate::pipelines::{PipelineFailure, PipelineFuture, Pipelines};
use crate::runtime::{
    Configuration, DocumentFuture, Documents, Pipeline, PipelineError, PipelineParts, Runtimes,
};
use crate::settings::Settings;
use crate::sink::{Sender, Sinks};
use crate::source::Source;
use crate::stream_source::StreamSource;

/// What delivery stands on.
pub struct DeliveryParts {
    /// Delivery streams.
    pub catalog: Arc<Catalog>,
    /// Records.
    pub log: Arc<dyn Log>,
    /// Keys and secrets.
    pub vault: Arc<Vault>,
    /// Destinations and functions.
    pub sinks: Arc<dyn Sinks>,
    /// The pipelines of the node.
    pub runtimes: Arc<Runtimes>,
}

/// Delivers delivery streams, and channels.
pub struct Deliveries {
    pub(crate) parts: DeliveryParts,
    /// Data Streams, whose channels hold this in turn.
    streams: OnceLock<Weak<Streams>>,
}

impl From<PipelineError> for PipelineFailure {
    fn from(error: PipelineError) -> Self {
        PipelineFailure::Retry(error.to_string())
    }
}

impl Deliveries {
    /// Delivers nothing from streams until it is [attached](Deliveries::attach).
    pub fn new(parts: DeliveryParts) -> Arc<Self> {
        Arc::new(Deliveries { parts, streams: OnceLock::new() })
    }

    /// Says where streams are read that are sources.
    pub fn attach(&self, streams: &Arc<Streams>) {
        let _ = self.streams.set(Arc::downgrade(streams));
    }

    pub(crate) fn streams(&self) -> Option<Arc<Streams>> {
        self.streams.get()?.upgrade()
    }

    /// A stream as a source.
    pub(crate) fn source(
        &self,
        group: GroupId,
        generation: u32,
    ) -> Result<Arc<dyn Source>, PipelineFailure> {
        let streams = self
            .streams()
            .ok_or_else(|| PipelineFailure::Retry("Data Streams is not at work yet.".into()))?;
        let log = self.parts.log.clone();
        Ok(Arc::new(StreamSource::new(streams.shard_reader(group), log, group, generation)))
    }

    /// The keys of what is kept of a source's records.
    pub(crate) fn keys_of_source(&self, group: GroupId) -> SourceKeys {
        let DeliveryParts { catalog, vault, .. } = &self.parts;
        SourceKeys { catalog: catalog.clone(), vault: vault.clone(), group }
    }

    fn parts_of(
        &self,
        stream: &DeliveryStream,
        settings: Arc<Settings>,
    ) -> Result<PipelineParts, PipelineFailure> {
        let (source, keys): (_, Arc<dyn Keys>) = match &stream.source {
            DeliverySource::DirectPut { .. } => {
                let DeliveryParts { catalog, vault, .. } = &self.parts;
                let (catalog, vault, group) = (catalog.clone(), vault.clone(), stream.data_group);
                (None, Arc::new(DeliveryKeys { catalog, vault, group }))
            }
            DeliverySource::KinesisStream(source) => {
                let arn: Arc<str> = source.arn.to_string().into();
                let keys = Arc::new(self.keys_of_source(source.group));
                (Some((self.source(source.group, source.generation)?, arn)), keys)
            }
        };
        Ok(PipelineParts {
            sender: Sender {
                account: stream.account,
                region: stream.region.clone(),
                name: stream.name.as_str().into(),
                arn: stream.arn().to_string().into(),
                role_arn: settings.role_arn.clone(),
            },
            channel_id: "".into(),
            data_group: stream.data_group,
            state_group: stream.state_group,
            keys,
            source,
            check: None,
            configuration: self.configuration(stream, settings),
        })
    }

    fn configuration(&self, stream: &DeliveryStream, settings: Arc<Settings>) -> Configuration {
        Configuration {
            settings,
            // Writing into a vector cannot fail; the secret in it is sealed.
            document: minicbor::to_vec(&*stream.destination).unwrap_or_default(),
            documents: Arc::new(KeptDocuments {
                catalog: self.parts.catalog.clone(),
                vault: self.parts.vault.clone(),
                sinks: self.parts.sinks.clone(),
                group: stream.data_group,
            }),
        }
    }
}

impl Pipelines for Deliveries {
    fn start<'a>(
        &'a self,
        stream: Arc<DeliveryStream>,
        settings: Arc<Settings>,
    ) -> PipelineFuture<'a> {
        Box::pin(async move {
            let parts = self.parts_of(&stream, settings)?;
            Ok(self.parts.runtimes.start(parts).await?)
        })
    }

    fn update<'a>(
        &'a self,
        stream: Arc<DeliveryStream>,
        settings: Arc<Settings>,
    ) -> PipelineFuture<'a> {
        Box::pin(async move {
            let Some(pipeline) = self.parts.runtimes.pipeline(stream.data_group) else {
                return Pipelines::start(self, stream, settings).await;
            };
            let generation = match &stream.source {
                DeliverySource::KinesisStream(source) => source.generation,
                DeliverySource::DirectPut { .. } => 0,
            };
            if generation != pipeline.source_generation() {
                let parts = self.parts_of(&stream, settings)?;
                return Ok(self.parts.runtimes.replace(parts).await?);
            }
            let configuration = self.configuration(&stream, settings);
            Ok(self.parts.runtimes.update(stream.data_group, configuration).await?)
        })
    }

    fn stop<'a>(&'a self, stream: Arc<DeliveryStream>) -> PipelineFuture<'a> {
        Box::pin(async move {
            self.parts.runtimes.stop(stream.data_group, true).await;
            Ok(())
        })
    }

    fn started(&self) -> watch::Receiver<()> {
        self.parts.runtimes.started()
    }

    fn pipeline(&self, data_group: GroupId) -> Option<Arc<Pipeline>> {
        self.parts.runtimes.pipeline(data_group)
    }
}

/// Reads configurations that were kept beside plans.
struct KeptDocuments {
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
    sinks: Arc<dyn Sinks>,
    group: GroupId,
}

impl Documents for KeptDocuments {
    fn read<'a>(&'a self, version: u64, document: &'a [u8]) -> DocumentFuture<'a> {
        Box::pin(async move {
            let destination: DeliveryDestination =
                minicbor::decode(document).map_err(|error| error.to_string())?;
            let found = found(&self.catalog, self.group).ok_or("the delivery stream is gone")?;
            let destination = Arc::new(destination);
            let stream = DeliveryStream { version, destination, ..(*found).clone() };
            let settings = settings_of(&self.vault, &*self.sinks, &stream).await;
            settings.map_err(|refusal| millstream_api::Error::from(refusal).message.into_owned())
        })
    }
}

fn found(catalog: &Catalog, group: GroupId) -> Option<Arc<DeliveryStream>> {
    catalog.read(|state| state.delivery_streams().by_group(group).cloned())
}

/// The data keys of a delivery stream, as the catalog has them at each moment.
struct DeliveryKeys {
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
    group: GroupId,
}

impl DeliveryKeys {
    fn stream(&self) -> Result<Arc<DeliveryStream>, KeyError> {
        let gone = || KeyError::new(KeyFault::NotFound, "The delivery stream is gone.");
        found(&self.catalog, self.group).ok_or_else(gone)
    }
}

impl Keys for DeliveryKeys {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        Box::pin(async move {
            let stream = self.stream()?;
            let Some(id) = stream.encryption.keys.current else { return Ok(None) };
            Ok(Some((id, self.vault.data_key(&*stream, id).await?)))
        })
    }

    fn by_id(&self, id: u32) -> KeyFuture<'_, Arc<DataKey>> {
        Box::pin(async move {
            let stream = self.stream()?;
            self.vault.data_key(&*stream, id).await
        })
    }
}

/// The data keys of a stream that is a source: what is kept of its records is sealed as they are.
pub(crate) struct SourceKeys {
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
    group: GroupId,
}

impl Keys for SourceKeys {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        let (stream, vault) = (self.catalog.by_group(self.group), self.vault.clone());
        Box::pin(async move {
            let Some(stream) = stream else { return Ok(None) };
            let Some(id) = stream.encryption.current else { return Ok(None) };
            Ok(Some((id, vault.data_key(&*stream, id).await?)))
        })
    }

    fn by_id(&self, id: u32) -> KeyFuture<'_, Arc<DataKey>> {
        let (stream, vault) = (self.catalog.by_group(self.group), self.vault.clone());
        Box::pin(async move {
            let gone = || KeyError::new(KeyFault::NotFound, "The stream, and its keys, are gone.");
            let stream = stream.ok_or_else(gone)?;
            vault.data_key(&*stream, id).await
        })
    }
}
