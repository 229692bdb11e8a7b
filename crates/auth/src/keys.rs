//! Signing keys: what a secret becomes for one day, region and service.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ring::hmac::{self, HMAC_SHA256, Key};

use crate::limits::SIGNING_KEYS_MAX;
use crate::scope::{Scope, TERMINATOR};
use crate::secret::Secret;

/// Derives the signing key.
pub(crate) fn derive(secret: &Secret, scope: &Scope) -> Key {
    let seed = [b"AWS4", secret.bytes()].concat();
    let mut key = Key::new(HMAC_SHA256, &seed);
    for part in [&scope.date, scope.region.as_str(), &scope.service, TERMINATOR] {
        key = Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    key
}

/// The signing keys of requests that were verified, in bounded memory, so that later requests cost one HMAC and no
/// derivation. Only a good signature puts a key in, so that nobody without a secret can push keys out.
#[derive(Default)]
pub struct SigningKeys {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    keys: HashMap<Scope, Entry>,
    /// Counts uses.
    now: u64,
}

struct Entry {
    /// The key is good for this secret only; a key id may get another.
    secret: Secret,
    key: Key,
    used: u64,
}

impl SigningKeys {
    /// An empty memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The key of the scope, if it is kept and was made from this secret.
    pub(crate) fn get(&self, secret: &Secret, scope: &Scope) -> Option<Key> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.now += 1;
        let now = kept.now;
        let entry = kept.keys.get_mut(scope)?;
        entry.used = now;
        // Both are ours, so how long this takes tells a caller nothing.
        (entry.secret.bytes() == secret.bytes()).then(|| entry.key.clone())
    }

    /// Keeps a key; the one that was not used for longest goes if there are too many.
    pub(crate) fn put(&self, secret: &Secret, scope: &Scope, key: Key) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.keys.len() >= SIGNING_KEYS_MAX && !kept.keys.contains_key(scope) {
            let oldest = kept.keys.iter().min_by_key(|(_, entry)| entry.used);
            let oldest = oldest.map(|(scope, _)| scope.clone());
            oldest.and_then(|scope| kept.keys.remove(&scope));
        }
        let used = kept.now;
        kept.keys.insert(scope.clone(), Entry { secret: secret.clone(), key, used });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(date: usize) -> Scope {
        Scope {
            access_key_id: "k".into(),
            date: date.to_string(),
            region: "us-east-1".parse().unwrap(),
            service: "kinesis".into(),
        }
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_the_longest_unused() {
        let (keys, secret) = (SigningKeys::new(), Secret::new("s"));
        for date in 0..SIGNING_KEYS_MAX {
            keys.put(&secret, &scope(date), derive(&secret, &scope(date)));
            assert!(keys.get(&secret, &scope(0)).is_some());
        }
        keys.put(&secret, &scope(9999), derive(&secret, &scope(9999)));
        assert!(keys.get(&secret, &scope(0)).is_some());
        assert!(keys.get(&secret, &scope(1)).is_none());
        assert_eq!(keys.kept.lock().unwrap().keys.len(), SIGNING_KEYS_MAX);
    }

    #[test]
    fn a_key_of_another_secret_is_not_used() {
        let keys = SigningKeys::new();
        let old = Secret::new("old");
        keys.put(&old, &scope(1), derive(&old, &scope(1)));
        assert!(keys.get(&Secret::new("new"), &scope(1)).is_none());
    }
}
