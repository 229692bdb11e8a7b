//! Encryption of blocks on their way to the log: which data key, and a sealer whose nonces never repeat.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use millstream_api::shapes::EncryptionType;
use millstream_catalog::Stream;
use millstream_log::GroupId;
use millstream_records::{Place, SALT_BYTES, SEALED_BYTES, Sealer, Spent, plain_part};
use millstream_types::Random;
use millstream_vault::DataKey;

use crate::errors::Refusal;
use crate::service::Streams;

/// The sealers in use: one for each stream that is written to with encryption.
pub struct Sealers {
    random: Arc<dyn Random>,
    known: RwLock<HashMap<GroupId, (u32, Arc<Sealer>)>>,
}

impl Sealers {
    /// None yet. Salts are drawn from `random`, whose numbers must never repeat, from process to process either.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Sealers { random, known: RwLock::default() }
    }

    fn of(&self, group: GroupId, key_id: u32, key: &DataKey) -> Arc<Sealer> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(&group) {
            Some((id, sealer)) if *id == key_id => return sealer.clone(),
            Some(_) | None => {}
        }
        drop(known);
        self.replace(group, key_id, key, None)
    }

    /// The sealer after `spent`, or the first one of a key.
    fn replace(
        &self,
        group: GroupId,
        key_id: u32,
        key: &DataKey,
        spent: Option<&Arc<Sealer>>,
    ) -> Arc<Sealer> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((id, sealer)) = known.get(&group) {
            // Another request may have been faster.
            let fresh = spent.is_none_or(|spent| !Arc::ptr_eq(spent, sealer));
            if *id == key_id && fresh {
                return sealer.clone();
            }
        }
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt);
        let sealer = Arc::new(Sealer::new(key.bytes(), key_id, salt));
        known.insert(group, (key_id, sealer.clone()));
        sealer
    }

    /// Forgets the sealer of a stream that was deleted.
    pub fn forget(&self, group: GroupId) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&group);
    }
}

/// How one request's blocks are sealed.
pub struct Sealing {
    sealers: Arc<Sealers>,
    group: GroupId,
    key_id: u32,
    key: Arc<DataKey>,
}

impl Sealing {
    /// Bytes that a block takes more than in the clear.
    pub const EXTRA_BYTES: usize = SEALED_BYTES;

    /// Where in the payload the block in the clear is laid out first.
    pub fn plain_part(payload: &mut [u8]) -> &mut [u8] {
        plain_part(payload)
    }

    /// Seals a payload that was laid out.
    pub fn seal(&self, payload: &mut [u8], shard: u32, count: u32) {
        let place = Place { group: self.group.0, shard, count };
        let mut sealer = self.sealers.of(self.group, self.key_id, &self.key);
        while let Err(Spent) = sealer.seal(payload, place) {
            sealer = self.sealers.replace(self.group, self.key_id, &self.key, Some(&sealer));
        }
    }
}

impl Streams {
    /// How the stream's records are to be sealed now; `None` leaves them in the clear. Asks the master key every few
    /// minutes.
    pub(crate) async fn sealing(&self, stream: &Stream) -> Result<Option<Sealing>, Refusal> {
        let Some(key_id) = stream.encryption.current else { return Ok(None) };
        let key = self.vault.data_key(stream, key_id).await.map_err(Refusal::Key)?;
        let (sealers, group) = (self.sealers.clone(), stream.group);
        Ok(Some(Sealing { sealers, group, key_id, key }))
    }
}

/// How a put to the stream is encrypted, as its reply says; left out where it is not.
pub fn of_puts(stream: &Stream) -> Option<EncryptionType> {
    stream.encryption.current.map(|_| EncryptionType::Kms)
}

/// A stream's encryption as it is described: its kind, and its master key as the user named it.
pub fn described(stream: &Stream) -> (EncryptionType, Option<String>) {
    match stream.encryption.current_key() {
        Some(key) => (EncryptionType::Kms, Some(key.key_id.clone())),
        None => (EncryptionType::None, None),
    }
}
