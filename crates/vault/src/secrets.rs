//! Secrets of what the catalog holds, such as the passwords of destinations.

use millstream_catalog::SealedSecret;

use crate::error::{KeyError, KeyFault};
use crate::master::{MasterKeys, Owner};
use crate::name::KeyName;
use crate::vault::Vault;
use crate::wrap::{seal, unseal};

/// The name under which a secret is encrypted.
const SECRET: &str = "secret";

impl Vault {
    /// A secret as it may be stored: under a data key of its own, which the service's master key wraps. Both are bound
    /// to the owner's context.
    pub async fn seal_secret(
        &self,
        owner: &Owner,
        secret: &[u8],
    ) -> Result<SealedSecret, KeyError> {
        let made = MasterKeys::generate(self, owner, &KeyName::service()).await?;
        let sealed = seal(&made.key, SECRET, &owner.context, secret, &*self.random);
        Ok(SealedSecret { master: made.master, wrapped: made.wrapped, sealed })
    }

    /// A secret that was sealed for this owner.
    pub async fn open_secret(
        &self,
        owner: &Owner,
        secret: &SealedSecret,
    ) -> Result<Vec<u8>, KeyError> {
        let by = self.unwrap(owner, &secret.master, &secret.wrapped).await?;
        unseal(&by, SECRET, &owner.context, &secret.sealed).ok_or_else(|| {
            KeyError::new(KeyFault::AccessDenied, "A secret is not what was sealed.")
        })
    }
}
