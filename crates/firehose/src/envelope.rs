//! Encryption of a delivery stream's blocks: sealed on their way into its logs, opened on their way out.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use millstream_log::{GroupId, ReadBatch};
use millstream_records::{
    Place, SALT_BYTES, SEALED_BYTES, Sealer, Spent, open, plain_part, sealed_header,
};
use millstream_types::Random;
use millstream_vault::{DataKey, KeyError};

use crate::metrics::PipelineCounters;

/// What the calls of [`Keys`] return.
pub type KeyFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyError>> + Send + 'a>>;

/// The data keys of one delivery stream.
pub trait Keys: Send + Sync + 'static {
    /// The key that blocks are written with now, and its number; `None` leaves them in the clear.
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>>;
    /// A key by its number, old ones too.
    fn by_id(&self, id: u32) -> KeyFuture<'_, Arc<DataKey>>;
}

/// Seals and opens blocks of one group of logs.
pub struct Envelope {
    group: GroupId,
    keys: Arc<dyn Keys>,
    random: Arc<dyn Random>,
    sealer: RwLock<Option<(u32, Arc<Sealer>)>>,
}

/// How the blocks of one write are sealed.
pub struct Sealing<'a> {
    envelope: &'a Envelope,
    key_id: u32,
    key: Arc<DataKey>,
}

/// Bytes that a sealed block has more than the same block in the clear.
pub const EXTRA_BYTES: usize = SEALED_BYTES;

impl Envelope {
    /// Salts are drawn from `random`, whose numbers must never repeat, from process to process either.
    pub fn new(group: GroupId, keys: Arc<dyn Keys>, random: Arc<dyn Random>) -> Self {
        Envelope { group, keys, random, sealer: RwLock::default() }
    }

    /// How blocks are to be sealed now; `None` leaves them in the clear.
    pub async fn sealing(&self) -> Result<Option<Sealing<'_>>, KeyError> {
        let current = self.keys.current().await?;
        Ok(current.map(|(key_id, key)| Sealing { envelope: self, key_id, key }))
    }

    /// The payload of a batch as it was before it was sealed, if it was.
    pub async fn open(&self, log: u32, batch: &ReadBatch) -> Result<Bytes, String> {
        let payload = &batch.batch.payload;
        let Some(header) = sealed_header(payload) else { return Ok(payload.clone()) };
        let key = self.keys.by_id(header.key_id).await.map_err(|error| error.to_string())?;
        let place = Place { group: self.group.0, shard: log, count: batch.batch.count };
        let opened = open(key.bytes(), payload, place);
        opened.map(Bytes::from).map_err(|error| format!("{error}, at {}", batch.first.0))
    }

    /// The sealer in use; another one in place of `spent`.
    fn sealer(&self, key_id: u32, key: &DataKey, spent: Option<&Arc<Sealer>>) -> Arc<Sealer> {
        let fits = |known: &Option<(u32, Arc<Sealer>)>| match known {
            Some((id, sealer))
                if *id == key_id && spent.is_none_or(|spent| !Arc::ptr_eq(spent, sealer)) =>
            {
                Some(sealer.clone())
            }
            Some(_) | None => None,
        };
        if let Some(known) = fits(&self.sealer.read().unwrap_or_else(PoisonError::into_inner)) {
            return known;
        }
        let mut known = self.sealer.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = fits(&known) {
            return known;
        }
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt);
        let sealer = Arc::new(Sealer::new(key.bytes(), key_id, salt));
        *known = Some((key_id, sealer.clone()));
        sealer
    }
}

impl Sealing<'_> {
    /// Where in a payload the block in the clear is laid out first.
    pub fn plain_part(payload: &mut [u8]) -> &mut [u8] {
        plain_part(payload)
    }

    /// Seals a payload that was laid out.
    pub fn seal(&self, payload: &mut [u8], log: u32, count: u32) {
        let place = Place { group: self.envelope.group.0, shard: log, count };
        let mut sealer = self.envelope.sealer(self.key_id, &self.key, None);
        while let Err(Spent) = sealer.seal(payload, place) {
            sealer = self.envelope.sealer(self.key_id, &self.key, Some(&sealer));
        }
    }
}

/// Keys whose failures are counted.
pub(crate) struct CountedKeys {
    /// The keys.
    pub keys: Arc<dyn Keys>,
    /// Where failures are counted.
    pub counters: Arc<PipelineCounters>,
}

impl CountedKeys {
    fn counted<T>(&self, key: Result<T, KeyError>) -> Result<T, KeyError> {
        key.inspect_err(|error| self.counters.count_fault(error.fault))
    }
}

impl Keys for CountedKeys {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        Box::pin(async move { self.counted(self.keys.current().await) })
    }

    fn by_id(&self, id: u32) -> KeyFuture<'_, Arc<DataKey>> {
        Box::pin(async move { self.counted(self.keys.by_id(id).await) })
    }
}

/// No encryption.
#[derive(Debug, Default)]
pub struct InTheClear;

impl Keys for InTheClear {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn by_id(&self, id: u32) -> KeyFuture<'_, Arc<DataKey>> {
        let text = format!("there is no data key {id}");
        let none = KeyError::new(millstream_vault::KeyFault::NotFound, text);
        Box::pin(std::future::ready(Err(none)))
    }
}
