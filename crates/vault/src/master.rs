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
    /// What a wrapped key is bound to: the ARN of the stream, delivery stream or object (AWS, encryption contexts
    /// `aws:kinesis:arn`, `aws:firehose:arn` and `aws:s3:arn`).
    pub context: String,
}

impl Owner {
    /// The service that the key is used for, as the context's ARN has it; none where the context is no ARN.
    pub fn service(&self) -> Option<&str> {
        self.context.strip_prefix("arn:")?.split(':').nth(1)
    }
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

    /// As [`MasterKeys::generate`], for a data key that many things share: whoever asks soon after may get the same.
    fn generate_shared<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        self.generate(owner, name)
    }

    /// As [`MasterKeys::unwrap`], for a data key that many things share: it may be remembered for a while.
    fn unwrap_shared<'a>(
        &'a self,
        owner: &'a Owner,
        master: &'a str,
        wrapped: &'a [u8],
    ) -> Fut<'a, DataKey> {
        self.unwrap(owner, master, wrapped)
    }
}

/// The local keys, and a key service for all others. The service knows only the node, whose rights may reach far: so it
/// is asked for the owner's own keys alone.
pub struct WithService {
    local: LocalKeys,
    service: Arc<dyn MasterKeys>,
}

impl WithService {
    /// Local keys come first: the service's own key and those that the configuration declares.
    pub fn new(local: LocalKeys, service: Arc<dyn MasterKeys>) -> Self {
        WithService { local, service }
    }

    /// What the service calls a key that is not local; `None` if it is local. Without an account in it, an id or an
    /// alias would mean one of the node's own account.
    fn elsewhere(&self, owner: &Owner, name: &KeyName) -> Result<Option<KeyName>, KeyError> {
        match self.local.find(owner, name) {
            Ok(_) => Ok(None),
            Err(KeyError { fault: KeyFault::NotFound, .. }) => {
                Ok(Some(name.qualified(&owner.region, owner.account)))
            }
            Err(error) => Err(error),
        }
    }
}

/// The service's answer must name a key of the owner's too: it may not have heeded the account that it was told.
fn require_own(owner: &Owner, master: &str) -> Result<(), KeyError> {
    let name = KeyName::parse(master).ok();
    match name.as_ref().and_then(KeyName::place) {
        Some((_, account)) if *account == owner.account => Ok(()),
        Some(_) | None => Err(KeyError::foreign_ciphertext()),
    }
}

impl MasterKeys for WithService {
    fn resolve<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String> {
        Box::pin(async move {
            let Some(name) = self.elsewhere(owner, name)? else {
                return self.local.resolve(owner, name).await;
            };
            let master = self.service.resolve(owner, &name).await?;
            require_own(owner, &master)?;
            Ok(master)
        })
    }

    fn generate<'a>(&'a self, owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
        Box::pin(async move {
            let Some(name) = self.elsewhere(owner, name)? else {
                return self.local.generate(owner, name).await;
            };
            let made = self.service.generate(owner, &name).await?;
            require_own(owner, &made.master)?;
            Ok(made)
        })
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use millstream_types::SeededRandom;

    use super::*;
    use crate::local::{KeyUse, LocalKey};

    /// A key service whose rights reach every key; it answers with the ARN that it was asked for, or with `answer`.
    #[derive(Default)]
    struct Reaching {
        asked: Mutex<Vec<String>>,
        answer: Option<String>,
    }

    impl Reaching {
        fn ask(&self, name: &KeyName) -> String {
            self.asked.lock().unwrap().push(name.to_string());
            self.answer.clone().unwrap_or_else(|| name.to_string())
        }
    }

    impl MasterKeys for Reaching {
        fn resolve<'a>(&'a self, _owner: &'a Owner, name: &'a KeyName) -> Fut<'a, String> {
            Box::pin(async move { Ok(self.ask(name)) })
        }

        fn generate<'a>(&'a self, _owner: &'a Owner, name: &'a KeyName) -> Fut<'a, Generated> {
            let (master, key) = (self.ask(name), DataKey::new([1; 32]));
            Box::pin(async move { Ok(Generated { master, key, wrapped: Vec::new() }) })
        }

        fn unwrap<'a>(&'a self, _: &'a Owner, _: &'a str, _: &'a [u8]) -> Fut<'a, DataKey> {
            Box::pin(async { Ok(DataKey::new([1; 32])) })
        }
    }

    fn keys(answer: Option<String>) -> (WithService, Arc<Reaching>) {
        let account = AccountId::from_u64(7).unwrap();
        let (id, aliases) = ("local".into(), Vec::new());
        let declared = vec![LocalKey { id, aliases, account, usable: KeyUse::Enabled }];
        let random = Arc::new(SeededRandom::new(1));
        let local = LocalKeys::new(DataKey::new([5; 32]), declared, random);
        let service = Arc::new(Reaching { answer, ..Reaching::default() });
        (WithService::new(local, service.clone()), service)
    }

    fn owner() -> Owner {
        let account = AccountId::from_u64(7).unwrap();
        Owner { account, region: "us-east-1".parse().unwrap(), context: "arn".into() }
    }

    async fn both(keys: &WithService, name: &str) -> [Result<String, KeyFault>; 2] {
        let name = KeyName::parse(name).unwrap();
        let made = keys.generate(&owner(), &name).await.map(|made| made.master);
        [made, keys.resolve(&owner(), &name).await].map(|answer| answer.map_err(|e| e.fault))
    }

    #[tokio::test]
    async fn the_service_is_asked_for_keys_of_the_owner_only() {
        let own = "arn:aws:kms:us-east-1:000000000007:";
        for (name, meant) in [
            ("1234", format!("{own}key/1234")),
            ("alias/a", format!("{own}alias/a")),
            (&format!("{own}key/1234"), format!("{own}key/1234")),
        ] {
            let (keys, service) = keys(None);
            assert_eq!(both(&keys, name).await, [Ok(meant.clone()), Ok(meant.clone())]);
            assert_eq!(*service.asked.lock().unwrap(), [meant.clone(), meant], "{name}");
        }
        for other in ["key/1234", "alias/a", "alias/aws/kinesis", "key/local"] {
            let (keys, service) = keys(None);
            let name = format!("arn:aws:kms:us-east-1:000000000008:{other}");
            let denied = Err(KeyFault::AccessDenied);
            assert_eq!(both(&keys, &name).await, [denied.clone(), denied], "{name}");
            assert!(service.asked.lock().unwrap().is_empty(), "{name}");
        }
    }

    #[tokio::test]
    async fn an_answer_with_a_key_of_another_account_is_refused() {
        for answer in ["arn:aws:kms:us-east-1:000000000008:key/1234", "1234"] {
            let (keys, _) = keys(Some(answer.into()));
            let denied = Err(KeyFault::AccessDenied);
            assert_eq!(both(&keys, "alias/a").await, [denied.clone(), denied], "{answer}");
        }
    }

    #[tokio::test]
    async fn local_keys_never_reach_the_service() {
        let (keys, service) = keys(None);
        for name in ["local", "alias/aws/kinesis"] {
            assert!(both(&keys, name).await.iter().all(Result::is_ok));
        }
        assert!(service.asked.lock().unwrap().is_empty());
    }
}
