//! Delivery streams as the catalog knows them: what was asked for and what becomes of it. Where each of them stands in
//! its delivery is a machine of its own, in a log of its own.

mod apply;
mod index;
pub(crate) mod slices;
mod stored;

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{
    AccountId, DeliveryStreamArn, DeliveryStreamName, Millis, Region, StreamArn,
};
use minicbor::{Decode, Encode};

pub(crate) use apply::apply;
pub use index::DeliveryStreams;
pub use stored::StoredDeliveryStream;

use crate::command::SealedSecret;
use crate::encryption::{Encryption, StreamKey, Turn};

/// A delivery stream. Handed out as an `Arc` that never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryStream {
    /// The group of its data logs; its identity, never reused.
    pub data_group: GroupId,
    /// The group of the log of its machine.
    pub state_group: GroupId,
    /// The owner.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The name, unique in account and region.
    pub name: DeliveryStreamName,
    /// When it was created.
    pub created: Millis,
    /// When its destination was last changed.
    pub updated: Option<Millis>,
    /// Its status.
    pub status: DeliveryStreamStatus,
    /// When the status was reached.
    pub status_since: Millis,
    /// Why it is CREATING_FAILED or DELETING_FAILED.
    pub failure: Option<DeliveryFailure>,
    /// Where its records come from.
    pub source: DeliverySource,
    /// Where they go.
    pub destination: Arc<DeliveryDestination>,
    /// The version of the destination's configuration, from 1: `VersionId`.
    pub version: u64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Encryption of what it holds.
    pub encryption: DeliveryEncryption,
}

impl DeliveryStream {
    /// Its ARN.
    pub fn arn(&self) -> DeliveryStreamArn {
        let (region, account, name) = (self.region.clone(), self.account, self.name.clone());
        DeliveryStreamArn { region, account, name }
    }
}

/// A delivery stream's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeliveryStreamStatus {
    /// Being made; takes no records yet.
    #[n(0)]
    Creating,
    /// It could not be made; it can only be deleted.
    #[n(1)]
    CreatingFailed,
    /// At work.
    #[n(2)]
    Active,
    /// Being deleted.
    #[n(3)]
    Deleting,
    /// It could not be deleted; that may be tried again.
    #[n(4)]
    DeletingFailed,
}

/// Why something failed (botocore, firehose, `FailureDescription`).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeliveryFailure {
    /// The code, one of botocore's `DeliveryStreamFailureType`.
    #[n(0)]
    pub code: String,
    /// What happened, for people.
    #[n(1)]
    pub details: String,
}

/// Where a delivery stream's records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliverySource {
    /// PutRecord and PutRecordBatch.
    DirectPut {
        /// The throughput that the owner expects, in MiB/s; for information only.
        throughput_hint_mibps: Option<u32>,
    },
    /// A Kinesis stream.
    KinesisStream(KinesisSource),
}

/// A Kinesis stream as a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KinesisSource {
    /// The stream's ARN.
    pub arn: StreamArn,
    /// Its group: a stream of the same name made later is another.
    pub group: GroupId,
    /// The role that reads it.
    pub role_arn: String,
    /// Records that arrived before this are not read.
    pub start: Millis,
    /// How many streams of this ARN were the source before, each of which was deleted.
    pub generation: u32,
}

/// Where a delivery stream's records go: `DestinationId` is always `destinationId-000000000001`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeliveryDestination {
    /// Its kind.
    #[n(0)]
    pub kind: DestinationKind,
    /// Its configuration: the member of CreateDeliveryStream for this kind, as AWS's JSON, with every default filled in
    /// and without secrets.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub document: Vec<u8>,
    /// The secret that was taken out of the configuration.
    #[n(2)]
    pub secret: Option<SealedSecret>,
}

impl DeliveryDestination {
    /// As it may be kept elsewhere: as commands hold it.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::machine::encoded(self)
    }

    /// What [`DeliveryDestination::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        minicbor::decode(bytes).map_err(|error| error.to_string())
    }
}

/// A kind of destination: the member of CreateDeliveryStream that configures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum DestinationKind {
    /// `ExtendedS3DestinationConfiguration`, which `S3DestinationConfiguration` is kept as too.
    #[n(0)]
    S3,
    /// `RedshiftDestinationConfiguration`.
    #[n(1)]
    Redshift,
    /// `ElasticsearchDestinationConfiguration`.
    #[n(2)]
    Elasticsearch,
    /// `AmazonopensearchserviceDestinationConfiguration`.
    #[n(3)]
    OpenSearch,
    /// `SplunkDestinationConfiguration`.
    #[n(4)]
    Splunk,
    /// `HttpEndpointDestinationConfiguration`.
    #[n(5)]
    HttpEndpoint,
}

/// Encryption of what a delivery stream holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryEncryption {
    /// Its status.
    pub status: DeliveryEncryptionStatus,
    /// Its data keys. Starts and stops are counted together, in `starts`.
    pub keys: Arc<Encryption>,
}

impl DeliveryEncryption {
    /// The data key that is shown: the one that is in use, or will be once a change has ended.
    pub fn shown_key(&self) -> Option<&Arc<StreamKey>> {
        match self.keys.turn {
            Some(Turn::To(id)) => self.keys.key(id),
            Some(Turn::Off) | None => self.keys.current_key(),
        }
    }
}

/// The status of encryption. A key that cannot be used is refused at once, so no change of it ever fails later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeliveryEncryptionStatus {
    /// Off.
    #[n(0)]
    #[default]
    Disabled,
    /// Being switched on, or to another key.
    #[n(1)]
    Enabling,
    /// On.
    #[n(2)]
    Enabled,
    /// Being switched off.
    #[n(3)]
    Disabling,
}

/// Why a command about a delivery stream was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryStreamRefusal {
    /// The name is taken.
    NameTaken,
    /// There is no such delivery stream (any more).
    NoDeliveryStream,
    /// Its status forbids it.
    Status(DeliveryStreamStatus),
    /// Its encryption is being changed.
    EncryptionStatus(DeliveryEncryptionStatus),
    /// Its version is another by now.
    Version {
        /// What it is.
        version: u64,
    },
    /// Encryption is for delivery streams that are put to.
    NotDirectPut,
    /// The delivery streams of the account and region would be more than allowed.
    Quota {
        /// The quota.
        max: u64,
    },
}
