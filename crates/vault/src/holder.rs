//! What has data keys: streams and delivery streams.

use std::sync::Arc;

use millstream_catalog::{DeliveryStream, Encryption, Stream};

use crate::master::Owner;

/// A resource that has data keys in the catalog.
pub trait KeyHolder: Send + Sync {
    /// The group of the logs that are encrypted; never reused, so data keys are remembered by it.
    fn group(&self) -> u64;
    /// Whose keys wrap its data keys, and what they are bound to.
    fn owner(&self) -> Owner;
    /// Its data keys.
    fn encryption(&self) -> &Encryption;
}

impl<T: KeyHolder> KeyHolder for Arc<T> {
    fn group(&self) -> u64 {
        (**self).group()
    }

    fn owner(&self) -> Owner {
        (**self).owner()
    }

    fn encryption(&self) -> &Encryption {
        (**self).encryption()
    }
}

impl KeyHolder for Stream {
    fn group(&self) -> u64 {
        self.group.0
    }

    fn owner(&self) -> Owner {
        let (account, region) = (self.account, self.region.clone());
        Owner { account, region, context: self.arn().to_string() }
    }

    fn encryption(&self) -> &Encryption {
        &self.encryption
    }
}

impl KeyHolder for DeliveryStream {
    fn group(&self) -> u64 {
        self.data_group.0
    }

    fn owner(&self) -> Owner {
        let (account, region) = (self.account, self.region.clone());
        Owner { account, region, context: self.arn().to_string() }
    }

    fn encryption(&self) -> &Encryption {
        &self.encryption.keys
    }
}
