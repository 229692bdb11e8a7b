//! Master keys of tests, and a vault over them.

use std::sync::Arc;

use millstream_catalog::Catalog;
use millstream_types::{AccountId, ManualClock, SeededRandom};
use millstream_vault::{DataKey, KeyUse, LocalKey, LocalKeys, Vault, VaultParts};

/// A declared key of account 0.
pub fn key(id: &str, alias: &str, usable: KeyUse) -> LocalKey {
    let account = AccountId::from_u64(0).unwrap();
    LocalKey { id: id.into(), aliases: vec![alias.into()], account, usable }
}

/// A vault whose master key is the same each time.
pub async fn vault(
    catalog: &Arc<Catalog>,
    clock: &Arc<ManualClock>,
    keys: Vec<LocalKey>,
) -> Arc<Vault> {
    // Each vault draws other numbers, as each process does.
    static MADE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let made = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let random = Arc::new(SeededRandom::new(made << 32));
    let masters = LocalKeys::new(DataKey::new([9; 32]), keys, random.clone());
    let parts = VaultParts {
        catalog: catalog.clone(),
        masters: Arc::new(masters),
        clock: clock.clone(),
        random,
    };
    Vault::open(parts).await.unwrap()
}
