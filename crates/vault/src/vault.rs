//! The vault: data keys of streams as they are needed, and the cluster's secrets.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use millstream_catalog::{Catalog, EncryptionCommand, SealedSecrets, WrappedKey};
use millstream_types::{AccountId, Clock, Millis, Random};

use crate::data_key::DataKey;
use crate::error::{KeyError, KeyFault, VaultError};
use crate::holder::KeyHolder;
use crate::master::{MasterKeys, Owner};
use crate::metrics::VaultCounters;
use crate::name::KeyName;
use crate::shared::Shared;
use crate::wrap::{unwrap, wrap};

/// How long a data key is used before its master key is asked again, in service time and in the machine's, whichever is
/// over first: so long a disabled key may still be at work (Amazon Kinesis caches data keys for minutes too; its
/// developer guide names no number).
pub const CHECKED_FOR: Duration = Duration::from_secs(300);
/// How long a refusal holds before the master key is asked again, in the machine's time: service time may be held
/// still, and a key service would never be asked again.
const REFUSED_FOR: Duration = Duration::from_secs(1);
/// Most data keys that are kept unwrapped.
const KEPT_MAX: usize = 10_000;
/// What the secrets' data key is bound to.
const SECRETS_CONTEXT: &str = "millstream:secrets";
/// The name under which the key of tokens is encrypted.
const TOKEN_KEY: &str = "token key";

/// What a vault is built from.
pub struct VaultParts {
    /// Where wrapped keys are.
    pub catalog: Arc<Catalog>,
    /// What wraps them.
    pub masters: Arc<dyn MasterKeys>,
    /// Service time.
    pub clock: Arc<dyn Clock>,
    /// The machine's time, which nobody moves.
    pub machine_clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

/// The vault.
pub struct Vault {
    pub(crate) masters: Arc<dyn MasterKeys>,
    pub(crate) random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
    machine_clock: Arc<dyn Clock>,
    token_key: DataKey,
    kept: RwLock<HashMap<(u64, u32), Arc<Kept>>>,
    pub(crate) shared: Shared,
    pub(crate) counters: Arc<VaultCounters>,
}

/// What is known of one data key.
#[derive(Default)]
struct Kept {
    known: RwLock<Option<Known>>,
    /// Held by the one who asks the master key; the others wait for its answer.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Known {
    key: Result<Arc<DataKey>, KeyError>,
    asked: Now,
}

/// The time by both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    pub(crate) service: Millis,
    pub(crate) machine: Millis,
}

impl Now {
    /// How long ago `then` was, by the clock that has gone further.
    pub(crate) fn since(self, then: Now) -> Duration {
        self.service.since(then.service).max(self.machine.since(then.machine))
    }
}

impl Known {
    fn holds(&self, now: Now) -> bool {
        let machine = now.machine.since(self.asked.machine);
        match self.key {
            Ok(_) => now.since(self.asked) < CHECKED_FOR,
            Err(_) => machine < REFUSED_FOR,
        }
    }
}

impl Kept {
    fn known(&self, now: Now) -> Option<Result<Arc<DataKey>, KeyError>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.holds(now)).map(|known| known.key.clone())
    }
}

impl Vault {
    /// Opens the secrets of the catalog; makes them at the first start, and wraps those that an earlier release left in
    /// the clear.
    pub async fn open(parts: VaultParts) -> Result<Arc<Self>, VaultError> {
        let VaultParts { catalog, masters, clock, machine_clock, random } = parts;
        if catalog.read(|state| state.sealed_secrets().is_none()) {
            let clear = catalog.read(|state| state.token_key()).map(DataKey::new);
            let token_key = clear.unwrap_or_else(|| DataKey::random(&*random));
            let made = masters.generate(&secrets_owner(), &KeyName::service()).await?;
            let sealed = wrap(&made.key, TOKEN_KEY, SECRETS_CONTEXT, &token_key, &*random);
            let (master, wrapped) = (made.master, made.wrapped);
            let seal = EncryptionCommand::SealSecrets { master, wrapped, token_key: sealed };
            catalog.submit(&seal.into()).await?;
        }
        // Another node may have been first: what the catalog holds now counts.
        let sealed = catalog.read(|state| state.sealed_secrets().cloned());
        let sealed = sealed.ok_or(VaultError::Damaged("there are none"))?;
        let token_key = open_token_key(&*masters, &sealed).await?;
        Ok(Arc::new(Vault {
            masters,
            random,
            clock,
            machine_clock,
            token_key,
            kept: RwLock::default(),
            shared: Shared::default(),
            counters: Arc::default(),
        }))
    }

    /// The key of iterators and tokens.
    pub fn token_key(&self) -> &[u8; 32] {
        self.token_key.bytes()
    }

    /// What is counted.
    pub fn counters(&self) -> Arc<VaultCounters> {
        self.counters.clone()
    }

    /// A new data key for what has data keys, wrapped by the master key that the user means.
    pub async fn generate(
        &self,
        holder: &impl KeyHolder,
        name: &KeyName,
    ) -> Result<WrappedKey, KeyError> {
        self.generate_for(&holder.owner(), name).await
    }

    /// As [`Vault::generate`], for what is about to be made.
    pub async fn generate_for(
        &self,
        owner: &Owner,
        name: &KeyName,
    ) -> Result<WrappedKey, KeyError> {
        let made = MasterKeys::generate(self, owner, name).await?;
        let (key_id, master, wrapped) = (name.to_string(), made.master, made.wrapped);
        Ok(WrappedKey { key_id, master, wrapped })
    }

    /// Whether a name means the master key of the stream's data key `id`, whatever state it is in. Fails, with
    /// `Unavailable` only, where that cannot be known now.
    pub async fn is_key_of(
        &self,
        holder: &impl KeyHolder,
        id: u32,
        name: &KeyName,
    ) -> Result<bool, KeyError> {
        let Some(key) = holder.encryption().key(id) else { return Ok(false) };
        if key.key_id == name.as_str() {
            return Ok(true);
        }
        match self.masters.resolve(&holder.owner(), name).await {
            Ok(meant) => Ok(meant == key.master),
            Err(error) => match error.fault {
                // A key that nobody has, or that the account has no business with, is not the stream's.
                KeyFault::NotFound | KeyFault::AccessDenied => Ok(false),
                KeyFault::Disabled
                | KeyFault::InvalidState
                | KeyFault::OptInRequired
                | KeyFault::Throttled
                | KeyFault::Unavailable => Err(KeyError::new(KeyFault::Unavailable, error.text)),
            },
        }
    }

    /// Data key number `id` of what has data keys. The master key is asked at the first use, and again after
    /// [`CHECKED_FOR`].
    pub async fn data_key(
        &self,
        holder: &impl KeyHolder,
        id: u32,
    ) -> Result<Arc<DataKey>, KeyError> {
        let Some(stored) = holder.encryption().key(id) else {
            let text = format!("{} has no data key {id}.", holder.owner().context);
            return Err(KeyError::new(KeyFault::NotFound, text));
        };
        let kept = self.kept(holder.group(), id);
        if let Some(known) = kept.known(self.now()) {
            return known;
        }
        let _asking = kept.asking.lock().await;
        let asked = self.now();
        if let Some(known) = kept.known(asked) {
            return known;
        }
        let owner = holder.owner();
        let key = self.unwrap(&owner, &stored.master, &stored.wrapped).await.map(Arc::new);
        let known = Known { key: key.clone(), asked };
        *kept.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        key
    }

    pub(crate) fn now(&self) -> Now {
        Now { service: self.clock.now(), machine: self.machine_clock.now() }
    }

    fn kept(&self, group: u64, id: u32) -> Arc<Kept> {
        let known = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = known.get(&(group, id)) {
            return kept.clone();
        }
        drop(known);
        let now = self.now();
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.retain(|_, kept| kept.known(now).is_some());
            if all.len() >= KEPT_MAX {
                // More keys in five minutes than are kept: they are unwrapped again when they are needed.
                all.clear();
            }
        }
        all.entry((group, id)).or_default().clone()
    }

    /// Forgets the keys of a stream or delivery stream that was deleted.
    pub fn forget(&self, group: u64) {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, _), _| *of != group);
    }
}

/// Whether master keys open the secrets of a catalog, as [`Vault::open`] does.
///
/// # Errors
/// They do not, or what they open is damaged.
pub async fn check_secrets(
    masters: &dyn MasterKeys,
    sealed: &SealedSecrets,
) -> Result<(), VaultError> {
    open_token_key(masters, sealed).await.map(drop)
}

async fn open_token_key(
    masters: &dyn MasterKeys,
    sealed: &SealedSecrets,
) -> Result<DataKey, VaultError> {
    let by = masters.unwrap(&secrets_owner(), &sealed.master, &sealed.wrapped).await?;
    unwrap(&by, TOKEN_KEY, SECRETS_CONTEXT, &sealed.token_key)
        .ok_or(VaultError::Damaged("the key of tokens"))
}

/// The secrets are the cluster's, no account's.
fn secrets_owner() -> Owner {
    let account = AccountId::from_u64(0).expect("zero is an account's number");
    let region = "us-east-1".parse().expect("it is a region's name");
    Owner { account, region, context: SECRETS_CONTEXT.into() }
}
