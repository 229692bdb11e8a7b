//! Channels of Data Streams: delivered by the same pipeline, with their stream as the source.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::Error;
use millstream_catalog::{
    Channel, ChannelLogGroups, ChannelSettings, Compression as ChannelCompression, RecordFormat,
    StorageClass,
};
use millstream_log::GroupId;
use millstream_streams::{Delivery, DeliveryFailure, DeliveryStep};
use millstream_types::StreamArn;

use crate::context::RecordCheck;
use crate::deliveries::Deliveries;
use crate::pipelines::PipelineFailure;
use crate::runtime::{Configuration, DocumentFuture, Documents, PipelineError, PipelineParts};
use crate::settings::{
    Backup, Compression, Destination, Encryption, Hints, Logging, Naming, ObjectTarget, Processing,
    Settings, Source,
};
use crate::sink::Sender;

/// A channel's objects have at most this many bytes of records; its freshness seals most of them before.
const OBJECT_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// How much of a channel's freshness its buffer takes; the rest is for the delivery.
const BUFFER_PERCENT: u64 = 80;

impl From<PipelineFailure> for DeliveryFailure {
    fn from(failure: PipelineFailure) -> Self {
        match failure {
            PipelineFailure::Retry(text) => DeliveryFailure::Retry(text),
            PipelineFailure::Final(text) => DeliveryFailure::Final(text),
        }
    }
}

impl From<PipelineError> for DeliveryFailure {
    fn from(error: PipelineError) -> Self {
        DeliveryFailure::Retry(error.to_string())
    }
}

impl Delivery for Deliveries {
    fn accepts(&self, settings: &ChannelSettings) -> Result<(), Error> {
        match settings.format {
            RecordFormat::Json | RecordFormat::String | RecordFormat::ByteArray => {}
            RecordFormat::GsrJson => {
                return Err(Error::invalid_argument(
                    "RecordFormatType: GSR_JSON needs S3 Tables, which this server does not have.",
                ));
            }
        }
        let objects = self.parts.sinks.objects();
        let encryption = encryption(settings);
        for arn in [&settings.bucket_arn, &settings.dead_letters.bucket_arn] {
            let accepted = objects.accepts(bucket(arn), &encryption);
            accepted.map_err(|why| Error::invalid_argument(format!("{arn}: {why}")))?;
        }
        Ok(())
    }

    fn start(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        Box::pin(async move {
            let ChannelLogGroups { data, state } = groups(&channel)?;
            let arn: Arc<str> = channel.stream_arn().to_string().into();
            let parts = PipelineParts {
                sender: sender(&channel),
                channel_id: channel.id.to_string().into(),
                data_group: GroupId(data),
                state_group: GroupId(state),
                keys: Arc::new(self.keys_of_source(channel.group)),
                source: Some((self.source(channel.group, 0)?, arn)),
                check: match channel.settings.format {
                    RecordFormat::Json | RecordFormat::GsrJson => Some(RecordCheck::Json),
                    RecordFormat::String => Some(RecordCheck::Utf8),
                    RecordFormat::ByteArray => None,
                },
                configuration: configuration(&channel),
            };
            Ok(self.parts.runtimes.start(parts).await?)
        })
    }

    fn update(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        Box::pin(async move {
            let group = GroupId(groups(&channel)?.data);
            if self.parts.runtimes.pipeline(group).is_none() {
                return self.start_channel(channel).await;
            }
            Ok(self.parts.runtimes.update(group, configuration(&channel)).await?)
        })
    }

    fn stop(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        Box::pin(async move {
            let Some(groups) = channel.delivery else { return Ok(()) };
            self.parts.runtimes.stop(GroupId(groups.data), true).await;
            for group in [groups.data, groups.state] {
                let deleted = self.parts.log.delete(GroupId(group)).await;
                deleted.map_err(|error| DeliveryFailure::Retry(error.to_string()))?;
            }
            Ok(())
        })
    }
}

impl Deliveries {
    fn start_channel(&self, channel: Arc<Channel>) -> DeliveryStep<'_> {
        Delivery::start(self, channel)
    }
}

fn groups(channel: &Channel) -> Result<ChannelLogGroups, DeliveryFailure> {
    channel.delivery.ok_or_else(|| {
        DeliveryFailure::Final("The channel was made by a release that did not deliver.".into())
    })
}

fn sender(channel: &Channel) -> Sender {
    Sender {
        account: channel.account,
        region: channel.region.clone(),
        name: channel.name.to_string().into(),
        arn: channel.arn().to_string().into(),
        role_arn: channel.settings.role_arn.as_str().into(),
    }
}

fn configuration(channel: &Channel) -> Configuration {
    let version = channel.version;
    let settings = Arc::new(settings_of(&channel.settings, version, &channel.stream_arn()));
    Configuration {
        settings,
        // Writing into a vector cannot fail.
        document: minicbor::to_vec(&channel.settings).unwrap_or_default(),
        documents: Arc::new(KeptSettings(channel.stream_arn())),
    }
}

/// Reads settings that were kept beside plans.
struct KeptSettings(StreamArn);

impl Documents for KeptSettings {
    fn read<'a>(&'a self, version: u64, document: &'a [u8]) -> DocumentFuture<'a> {
        let settings: Result<ChannelSettings, _> = minicbor::decode(document);
        let settings = settings.map_err(|error| error.to_string());
        let settings = settings.map(|kept| Arc::new(settings_of(&kept, version, &self.0)));
        Box::pin(std::future::ready(settings))
    }
}

/// The bucket of an ARN.
fn bucket(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn encryption(settings: &ChannelSettings) -> Encryption {
    match &settings.key_id {
        Some(key) => Encryption::Kms(key.as_str().into()),
        None => Encryption::BucketDefault,
    }
}

fn settings_of(channel: &ChannelSettings, version: u64, stream: &StreamArn) -> Settings {
    let role: Arc<str> = channel.role_arn.as_str().into();
    let logging = channel.logs.enabled.then(|| Logging {
        group: channel.logs.group.as_str().into(),
        stream: channel.logs.stream.as_str().into(),
    });
    let freshness_ms = u64::from(channel.freshness_seconds) * 1000;
    let interval = Duration::from_millis(freshness_ms * BUFFER_PERCENT / 100);
    let hints = Hints { bytes: OBJECT_BYTES_MAX, interval };
    let dead_letters = &channel.dead_letters;
    let target = |bucket_arn: &str, owner: &str| ObjectTarget {
        bucket: bucket(bucket_arn).into(),
        naming: Naming::Channel {
            template: channel.key_template.as_deref().map(Arc::from),
            dead_letter_prefix: dead_letters.prefix.as_deref().map(Arc::from),
        },
        compression: match channel.compression {
            ChannelCompression::None => Compression::Uncompressed,
            ChannelCompression::Gzip => Compression::Gzip,
            ChannelCompression::Zstd => Compression::Zstd,
        },
        encryption: encryption(channel),
        conversion: None,
        bucket_owner: Some(owner.into()),
        storage_class: channel.storage_class.map(|class| match class {
            StorageClass::Standard => "STANDARD",
            StorageClass::IntelligentTiering => "INTELLIGENT_TIERING",
            StorageClass::GlacierIr => "GLACIER_IR",
        }),
    };
    let separator: Option<&[u8]> = match channel.format {
        RecordFormat::Json | RecordFormat::GsrJson | RecordFormat::String => Some(b"\n"),
        RecordFormat::ByteArray => None,
    };
    Settings {
        version,
        source: Source::KinesisStream(stream.clone()),
        role_arn: role.clone(),
        processing: Processing { delimiter: separator.map(Arc::from), ..Processing::default() },
        destination: Destination::Objects(target(&channel.bucket_arn, &channel.bucket_owner)),
        hints,
        backup: None,
        errors: Backup {
            role_arn: role,
            target: target(&dead_letters.bucket_arn, &dead_letters.bucket_owner),
            hints,
            logging: logging.clone(),
        },
        logging,
    }
}
