//! The vault as the place of the master keys, for what keeps its data keys itself, such as objects: all is counted, and
//! nothing remembered but keys that are shared.

use crate::data_key::DataKey;
use crate::error::KeyError;
use crate::master::{Fut, Generated, MasterKeys, Owner};
use crate::metrics::VaultCounters;
use crate::name::KeyName;
use crate::vault::Vault;

impl MasterKeys for Vault {
    fn resolve<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String> {
        self.masters.resolve(owner, name)
    }

    fn generate<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        Box::pin(async move {
            let made = self.masters.generate(owner, name).await;
            self.count(&made, |counters| counters.generated.add(1));
            made
        })
    }

    fn unwrap<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey> {
        Box::pin(async move {
            let key = self.masters.unwrap(owner, master, wrapped).await;
            self.count(&key, |counters| counters.unwrapped.add(1));
            key
        })
    }

    fn generate_shared<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        Box::pin(self.shared_key(owner, name))
    }

    fn unwrap_shared<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey> {
        Box::pin(self.open_shared_key(owner, master, wrapped))
    }
}

impl Vault {
    fn count<T>(&self, done: &Result<T, KeyError>, succeeded: impl FnOnce(&VaultCounters)) {
        match done {
            Ok(_) => succeeded(&self.counters),
            Err(_) => self.counters.refused.add(1),
        }
    }
}
