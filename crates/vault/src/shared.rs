//! Data keys that many things share, such as an S3 Bucket Key: made and opened by the master key once, then remembered
//! for as long as a stream's is.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use millstream_types::{AccountId, Region};

use crate::data_key::DataKey;
use crate::error::KeyError;
use crate::master::{Generated, MasterKeys, Owner};
use crate::name::KeyName;
use crate::vault::{CHECKED_FOR, Now, Vault};

/// Most keys that are remembered, of those made and of those opened.
const KEPT_MAX: usize = 1_000;

/// What is remembered.
#[derive(Default)]
pub(crate) struct Shared {
    made: Kept<(Scope, String), Generated>,
    opened: Kept<(Scope, String, Vec<u8>), DataKey>,
}

/// An owner.
type Scope = (AccountId, Region, String);

fn scope(owner: &Owner) -> Scope {
    (owner.account, owner.region.clone(), owner.context.clone())
}

impl Vault {
    /// As `generate`, but whoever asks within [`CHECKED_FOR`] gets the same key. Failures are not remembered.
    pub(crate) async fn shared_key(
        &self,
        owner: &Owner,
        name: &KeyName,
    ) -> Result<Generated, KeyError> {
        let named = name.qualified(&owner.region, owner.account).to_string();
        let (of, now) = ((scope(owner), named), self.now());
        if let Some(made) = self.shared.made.get(&of, now) {
            return Ok(made);
        }
        let made = MasterKeys::generate(self, owner, name).await?;
        self.shared.made.set(of, made.clone(), now);
        Ok(made)
    }

    /// As `unwrap`, but the master key is not asked again within [`CHECKED_FOR`]. Failures are not remembered.
    pub(crate) async fn open_shared_key(
        &self,
        owner: &Owner,
        master: &str,
        wrapped: &[u8],
    ) -> Result<DataKey, KeyError> {
        let (of, now) = ((scope(owner), master.to_owned(), wrapped.to_vec()), self.now());
        if let Some(key) = self.shared.opened.get(&of, now) {
            return Ok(key);
        }
        let key = MasterKeys::unwrap(self, owner, master, wrapped).await?;
        self.shared.opened.set(of, key.clone(), now);
        Ok(key)
    }
}

/// Values and when they were got.
struct Kept<K, V>(Mutex<HashMap<K, (V, Now)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Kept(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    fn get(&self, key: &K, now: Now) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(_, at)| now.since(*at) < CHECKED_FOR).map(|(value, _)| value.clone())
    }

    fn set(&self, key: K, value: V, now: Now) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, (_, at)| now.since(*at) < CHECKED_FOR);
            if kept.len() >= KEPT_MAX {
                // More keys in five minutes than are kept: they are asked for again.
                kept.clear();
            }
        }
        kept.insert(key, (value, now));
    }
}

#[cfg(test)]
mod tests {
    use millstream_types::Millis;

    use super::*;

    fn at(service: u64, machine: u64) -> Now {
        Now { service: Millis(service), machine: Millis(machine) }
    }

    #[test]
    fn a_value_is_remembered_for_its_time_by_both_clocks() {
        let kept = Kept::default();
        kept.set("k", 1, at(0, 0));
        let life = CHECKED_FOR.as_millis() as u64;
        assert_eq!(kept.get(&"k", at(life - 1, life - 1)), Some(1));
        assert_eq!(kept.get(&"k", at(life, 0)), None);
        assert_eq!(kept.get(&"k", at(0, life)), None);
        assert_eq!(kept.get(&"other", at(0, 0)), None);
    }

    #[test]
    fn no_more_is_remembered_than_may_be() {
        let kept = Kept::default();
        for number in 0..3 * KEPT_MAX {
            kept.set(number, (), at(0, 0));
            assert!(kept.0.lock().unwrap().len() <= KEPT_MAX);
            assert!(kept.get(&number, at(0, 0)).is_some());
        }
    }
}
