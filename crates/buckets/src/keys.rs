//! Where the keys of objects come from: a data key for each, wrapped by a master key, and kept with the object.
//!
//! Master keys may be far away, so these calls wait; they touch no file.

use std::fmt;
use std::sync::Arc;

use millstream_types::{AccountId, Region};
use millstream_vault::{KeyError, KeyFault, KeyName, LocalKeys, MasterKeys, Owner};

use crate::encryption::{Asked, Encryption, Sealed, Sealing, arn_of, context_of};
use crate::error::{Error, Result};
use crate::names::{BucketName, Key};
use crate::store::Store;

/// The master keys of a store.
#[derive(Clone)]
pub struct Keys(Arc<dyn MasterKeys>);

impl Keys {
    /// These master keys.
    pub fn new(masters: Arc<dyn MasterKeys>) -> Self {
        Keys(masters)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// Who writes an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The account, whose master keys may be used.
    pub account: AccountId,
    /// The region that a key is in that is named without one, if the bucket is everyone's.
    pub region: Region,
}

impl Store {
    /// How an object that is about to be written is encrypted: as is asked, else as the bucket has it by default;
    /// `None` leaves it in the clear.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], or [`Error::Key`].
    pub async fn sealing(
        &self,
        writer: &Writer,
        bucket: &BucketName,
        key: &Key,
        asked: &Asked,
    ) -> Result<Option<Sealing>> {
        let info = self.bucket(bucket)?;
        let default = self.default_encryption(bucket)?;
        let shares = asked.bucket_key.or(default.as_ref().map(|default| default.bucket_key));
        let encryption = asked.encryption.clone().or(default.map(|default| default.encryption));
        let Some(encryption) = encryption else { return Ok(None) };
        let (name, has_name) = match &encryption {
            Encryption::Managed => (KeyName::s3_managed(), false),
            Encryption::Kms(None) => (KeyName::s3(), true),
            Encryption::Kms(Some(name)) => (key_name(name)?, true),
        };
        // A bucket's keys are where it is; one that is everyone's is where its writers are.
        let region = info.owner.map_or_else(|| writer.region.clone(), |_| info.region.clone());
        let arn = arn_of(&region, bucket, key);
        let bucket_key = has_name && shares == Some(true);
        let context = context_of(&region, bucket, key, bucket_key);
        let owner = Owner { account: writer.account, region, context };
        let masters = self.masters()?;
        let made = match bucket_key {
            true => masters.generate_shared(&owner, &name).await,
            false => masters.generate(&owner, &name).await,
        };
        let made = made.map_err(Error::Key)?;
        let sealed = Sealed {
            key_arn: has_name.then(|| LocalKeys::arn_of(&owner, &made.master)),
            master: made.master,
            wrapped: made.wrapped,
            account: owner.account.as_u64(),
            region: owner.region.to_string(),
            bucket_key,
        };
        Ok(Some(Sealing { sealed, key: made.key, arn }))
    }

    /// The key to an object or upload that is there. Where accounts are known, `reader` must be the one whose master
    /// key it is.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub async fn unsealing(
        &self,
        reader: Option<AccountId>,
        bucket: &BucketName,
        key: &Key,
        sealed: &Sealed,
    ) -> Result<Sealing> {
        let foreign = || Error::Key(KeyError::foreign_ciphertext());
        let owner = sealed.owner(bucket, key).ok_or_else(foreign)?;
        if sealed.key_arn.is_some() && reader.is_some_and(|reader| reader != owner.account) {
            return Err(foreign());
        }
        let (masters, master, wrapped) = (self.masters()?, &sealed.master, &sealed.wrapped);
        let opened = match sealed.bucket_key {
            true => masters.unwrap_shared(&owner, master, wrapped).await,
            false => masters.unwrap(&owner, master, wrapped).await,
        };
        let data_key = opened.map_err(Error::Key)?;
        let arn = arn_of(&owner.region, bucket, key);
        Ok(Sealing { sealed: sealed.clone(), key: data_key, arn })
    }

    fn masters(&self) -> Result<&dyn MasterKeys> {
        let none = || KeyError::new(KeyFault::Unavailable, "The store has no keys.");
        self.keys.as_ref().map(|keys| &*keys.0).ok_or_else(|| Error::Key(none()))
    }
}

/// The text is what S3 tells of a name that no key can have.
fn key_name(name: &str) -> Result<KeyName> {
    let invalid = |_| KeyError::new(KeyFault::NotFound, format!("Invalid keyId {name}"));
    KeyName::parse(name).map_err(|error| Error::Key(invalid(error)))
}
