//! Master keys: what wraps data keys and never leaves its place.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use millstream_types::{AccountId, Region};

use crate::data_key::DataKey;
use crate::error::{KeyError, KeyFault};
use crate::local::LocalKeys;
use crate::name::KeyName;

/// What the calls of [`MasterKeys`] return.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyError>> + Send + 'a>>;

/// On whose behalf a key is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// What a wrapped key is bound to: the stream's ARN (AWS, encryption context `aws:kinesis:arn`).
    pub context: String,
}

/// A new data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The master key's one name, by which `unwrap` finds it again.
    pub master: String,
    /// The key.
    pub key: DataKey,
    /// The key as it may be stored.
    pub wrapped: Vec<u8>,
}

/// A place that has master keys.
pub trait MasterKeys: Send + Sync + 'static {
    /// The one name of the key that a user means, whatever state it is in.
    fn resolve<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String>;
    /// A new data key, wrapped by the key that a user means.
    fn generate<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated>;
    /// A data key that was wrapped for this owner by the master key of this one name.
    fn unwrap<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey>;
}

/// The local keys, and a key service for all others.
pub struct WithService {
    local: LocalKeys,
    service: Arc<dyn MasterKeys>,
}

impl WithService {
    /// Local keys come first: the service's own key and those that the configuration declares.
    pub fn new(local: LocalKeys, service: Arc<dyn MasterKeys>) -> Self {
        WithService { local, service }
    }
}

impl MasterKeys for WithService {
    fn resolve<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String> {
        match self.local.find(owner, name) {
            Err(KeyError { fault: KeyFault::NotFound, .. }) => self.service.resolve(owner, name),
            _ => self.local.resolve(owner, name),
        }
    }

    fn generate<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        match self.local.find(owner, name) {
            Err(KeyError { fault: KeyFault::NotFound, .. }) => self.service.generate(owner, name),
            _ => self.local.generate(owner, name),
        }
    }

    fn unwrap<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey> {
        match LocalKeys::is_local(master) {
            true => self.local.unwrap(owner, master, wrapped),
            false => self.service.unwrap(owner, master, wrapped),
        }
    }
}
