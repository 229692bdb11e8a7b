//! Why a key cannot be used.

use std::fmt;

use millstream_catalog::CatalogError;

/// What kind of failure, in the key service's own terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// No such key.
    NotFound,
    /// The key is disabled.
    Disabled,
    /// The key's state forbids its use, such as PendingDeletion.
    InvalidState,
    /// The key may not be used by this account, or what was wrapped is not this key's.
    AccessDenied,
    /// The account has no key service.
    OptInRequired,
    /// Too many calls.
    Throttled,
    /// The key service cannot be reached or gave no sensible answer.
    Unavailable,
}

/// A key cannot be used. The text is fit for the caller: it names keys and never holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    /// What kind of failure.
    pub fault: KeyFault,
    /// The key service's text.
    pub text: String,
}

impl KeyError {
    /// A failure with its text.
    pub fn new(fault: KeyFault, text: impl Into<String>) -> Self {
        KeyError { fault, text: text.into() }
    }

    /// What a key service says about a ciphertext that is not its own (AWS KMS, `Decrypt`).
    pub fn foreign_ciphertext() -> Self {
        KeyError::new(
            KeyFault::AccessDenied,
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
             are not allowed to access.",
        )
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.fault, self.text)
    }
}

impl std::error::Error for KeyError {}

/// Why the vault cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultError {
    /// The catalog could not answer.
    Catalog(CatalogError),
    /// The master key of the secrets cannot be used.
    Key(KeyError),
    /// What the catalog holds as secrets is none.
    Damaged(&'static str),
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VaultError::Catalog(error) => error.fmt(f),
            VaultError::Key(error) => {
                write!(f, "the master key does not open the secrets: {error}")
            }
            VaultError::Damaged(what) => write!(f, "the secrets are damaged: {what}"),
        }
    }
}

impl std::error::Error for VaultError {}

impl From<CatalogError> for VaultError {
    fn from(error: CatalogError) -> Self {
        VaultError::Catalog(error)
    }
}

impl From<KeyError> for VaultError {
    fn from(error: KeyError) -> Self {
        VaultError::Key(error)
    }
}
