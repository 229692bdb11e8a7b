//! Master keys of tests, and a vault over them.

use std::sync::{Arc, Mutex};

use millstream_catalog::Catalog;
use millstream_types::{AccountId, ManualClock, SeededRandom};
use millstream_vault::{
    DataKey, Fut, Generated, KeyError, KeyFault, KeyName, KeyUse, LocalKey, LocalKeys, MasterKeys,
    Owner, Vault, VaultParts, WithService,
};

/// A declared key of account 0.
pub fn key(id: &str, alias: &str, usable: KeyUse) -> LocalKey {
    let account = AccountId::from_u64(0).unwrap();
    LocalKey { id: id.into(), aliases: vec![alias.into()], account, usable }
}

/// Where keys that are not local are, as far as tests go: one key by any name, until a fault is set.
#[derive(Default)]
pub struct FarKeys {
    pub fault: Mutex<Option<KeyFault>>,
}

/// The one name of the key of [`FarKeys`].
pub const FAR: &str = "arn:aws:kms:us-east-1:000000000000:key/far";

impl FarKeys {
    fn answer<T: Send + 'static>(&self, answer: T) -> Fut<'_, T> {
        let fault = *self.fault.lock().unwrap();
        let answer = fault.map_or(Ok(answer), |fault| Err(KeyError::new(fault, "as it was told")));
        Box::pin(std::future::ready(answer))
    }
}

impl MasterKeys for FarKeys {
    fn resolve<'a>(&'a self, _: &'a Owner, _: &'a KeyName) -> Fut<'a, String> {
        self.answer(FAR.into())
    }

    fn generate<'a>(&'a self, _: &'a Owner, _: &'a KeyName) -> Fut<'a, Generated> {
        let key = DataKey::new([3; 32]);
        self.answer(Generated { master: FAR.into(), key, wrapped: vec![1] })
    }

    fn unwrap<'a>(&'a self, _: &'a Owner, _: &'a str, _: &'a [u8]) -> Fut<'a, DataKey> {
        self.answer(DataKey::new([3; 32]))
    }
}

/// A vault whose master key is the same each time.
pub async fn vault(
    catalog: &Arc<Catalog>,
    clock: &Arc<ManualClock>,
    keys: Vec<LocalKey>,
) -> Arc<Vault> {
    let random = random();
    let masters = Arc::new(local(keys, &random));
    open(catalog, masters, [clock, clock], random).await
}

/// A vault with far keys too, by a service clock and a machine's clock.
pub async fn vault_with_far_keys(
    catalog: &Arc<Catalog>,
    clocks: [&Arc<ManualClock>; 2],
    far: &Arc<FarKeys>,
) -> Arc<Vault> {
    let random = random();
    let masters = Arc::new(WithService::new(local(Vec::new(), &random), far.clone()));
    open(catalog, masters, clocks, random).await
}

fn random() -> Arc<SeededRandom> {
    // Each vault draws other numbers, as each process does.
    static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let made = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Arc::new(SeededRandom::new(made << 32))
}

fn local(keys: Vec<LocalKey>, random: &Arc<SeededRandom>) -> LocalKeys {
    LocalKeys::new(DataKey::new([9; 32]), keys, random.clone())
}

async fn open(
    catalog: &Arc<Catalog>,
    masters: Arc<dyn MasterKeys>,
    [clock, machine_clock]: [&Arc<ManualClock>; 2],
    random: Arc<SeededRandom>,
) -> Arc<Vault> {
    let parts = VaultParts {
        catalog: catalog.clone(),
        masters,
        clock: clock.clone(),
        machine_clock: machine_clock.clone(),
        random,
    };
    Vault::open(parts).await.unwrap()
}
