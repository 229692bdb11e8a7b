//! A delivery stream as it is written into a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_types::{AccountId, Millis};
use minicbor::{Decode, Encode};

use super::{
    DeliveryDestination, DeliveryEncryption, DeliveryEncryptionStatus, DeliveryFailure,
    DeliverySource, DeliveryStream, DeliveryStreamStatus, KinesisSource,
};
use crate::stored_encryption::StoredEncryption;

/// A delivery stream.
#[derive(Encode, Decode)]
pub struct StoredDeliveryStream {
    #[n(0)]
    data_group: u64,
    #[n(1)]
    state_group: u64,
    #[n(2)]
    account: u64,
    #[n(3)]
    region: String,
    #[n(4)]
    name: String,
    #[n(5)]
    created: u64,
    #[n(6)]
    updated: Option<u64>,
    #[n(7)]
    status: DeliveryStreamStatus,
    #[n(8)]
    status_since: u64,
    #[n(9)]
    failure: Option<DeliveryFailure>,
    #[n(10)]
    source: StoredSource,
    #[n(11)]
    destination: DeliveryDestination,
    #[n(12)]
    version: u64,
    #[n(13)]
    tags: BTreeMap<String, String>,
    /// Absent where there never was any.
    #[n(14)]
    encryption: Option<StoredDeliveryEncryption>,
}

#[derive(Encode, Decode)]
enum StoredSource {
    #[n(0)]
    DirectPut {
        #[n(0)]
        throughput_hint_mibps: Option<u32>,
    },
    #[n(1)]
    KinesisStream {
        #[n(0)]
        arn: String,
        #[n(1)]
        group: u64,
        #[n(2)]
        role_arn: String,
        #[n(3)]
        start: u64,
        /// Absent for the first.
        #[n(4)]
        generation: Option<u32>,
    },
}

#[derive(Encode, Decode)]
struct StoredDeliveryEncryption {
    #[n(0)]
    status: DeliveryEncryptionStatus,
    #[n(1)]
    keys: Option<StoredEncryption>,
}

impl From<&DeliveryStream> for StoredDeliveryStream {
    fn from(stream: &DeliveryStream) -> Self {
        StoredDeliveryStream {
            data_group: stream.data_group.0,
            state_group: stream.state_group.0,
            account: stream.account.as_u64(),
            region: stream.region.to_string(),
            name: stream.name.to_string(),
            created: stream.created.0,
            updated: stream.updated.map(|at| at.0),
            status: stream.status,
            status_since: stream.status_since.0,
            failure: stream.failure.clone(),
            source: StoredSource::of(&stream.source),
            destination: (*stream.destination).clone(),
            version: stream.version,
            tags: stream.tags.clone(),
            encryption: StoredDeliveryEncryption::of(&stream.encryption),
        }
    }
}

impl StoredDeliveryStream {
    /// The delivery stream; the text says what is wrong with it.
    pub fn restore(self) -> Result<DeliveryStream, String> {
        let wrong = |what: &str| format!("delivery stream of group {}: {what}", self.data_group);
        Ok(DeliveryStream {
            data_group: GroupId(self.data_group),
            state_group: GroupId(self.state_group),
            account: AccountId::from_u64(self.account).map_err(|_| wrong("account"))?,
            region: self.region.parse().map_err(|_| wrong("region"))?,
            name: self.name.parse().map_err(|_| wrong("name"))?,
            created: Millis(self.created),
            updated: self.updated.map(Millis),
            status: self.status,
            status_since: Millis(self.status_since),
            failure: self.failure,
            source: self.source.restore().ok_or_else(|| wrong("source"))?,
            destination: Arc::new(self.destination),
            version: self.version,
            tags: self.tags,
            encryption: self.encryption.map(|stored| stored.restore()).unwrap_or_default(),
        })
    }
}

impl StoredSource {
    fn of(source: &DeliverySource) -> Self {
        match source {
            DeliverySource::DirectPut { throughput_hint_mibps } => {
                StoredSource::DirectPut { throughput_hint_mibps: *throughput_hint_mibps }
            }
            DeliverySource::KinesisStream(source) => StoredSource::KinesisStream {
                arn: source.arn.to_string(),
                group: source.group.0,
                role_arn: source.role_arn.clone(),
                start: source.start.0,
                generation: (source.generation > 0).then_some(source.generation),
            },
        }
    }

    fn restore(self) -> Option<DeliverySource> {
        Some(match self {
            StoredSource::DirectPut { throughput_hint_mibps } => {
                DeliverySource::DirectPut { throughput_hint_mibps }
            }
            StoredSource::KinesisStream { arn, group, role_arn, start, generation } => {
                DeliverySource::KinesisStream(KinesisSource {
                    arn: arn.parse().ok()?,
                    group: GroupId(group),
                    role_arn,
                    start: Millis(start),
                    generation: generation.unwrap_or(0),
                })
            }
        })
    }
}

impl StoredDeliveryEncryption {
    fn of(encryption: &DeliveryEncryption) -> Option<Self> {
        (*encryption != DeliveryEncryption::default()).then(|| StoredDeliveryEncryption {
            status: encryption.status,
            keys: StoredEncryption::of(&encryption.keys),
        })
    }

    fn restore(self) -> DeliveryEncryption {
        DeliveryEncryption {
            status: self.status,
            keys: Arc::new(StoredEncryption::restore(self.keys)),
        }
    }
}
