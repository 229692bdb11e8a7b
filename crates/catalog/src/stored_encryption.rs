//! A stream's encryption and the sealed secrets as they are written into a snapshot.

use std::sync::Arc;

use millstream_types::Millis;
use minicbor::{Decode, Encode};

use crate::encryption::{Encryption, SealedSecrets, StreamKey, Turn};

/// A stream's encryption; absent from a stream that never had any.
#[derive(Encode, Decode)]
pub struct StoredEncryption {
    #[n(0)]
    keys: Vec<StoredKey>,
    #[n(1)]
    current: Option<u32>,
    /// 0 turns it off, another number is the data key's.
    #[n(2)]
    turn: Option<u32>,
    #[n(3)]
    last_id: u32,
    #[n(4)]
    starts: Vec<u64>,
    #[n(5)]
    stops: Vec<u64>,
}

#[derive(Encode, Decode)]
struct StoredKey {
    #[n(0)]
    id: u32,
    #[n(1)]
    key_id: String,
    #[n(2)]
    master: String,
    #[cbor(n(3), with = "minicbor::bytes")]
    wrapped: Vec<u8>,
    #[n(4)]
    retired: Option<u64>,
}

impl StoredEncryption {
    /// What is stored of it.
    pub fn of(encryption: &Encryption) -> Option<Self> {
        if *encryption == Encryption::default() {
            return None;
        }
        let numbers = |times: &[Millis]| times.iter().map(|time| time.0).collect();
        Some(StoredEncryption {
            keys: encryption.keys.iter().map(|key| StoredKey::of(key)).collect(),
            current: encryption.current,
            turn: encryption.turn.map(|turn| match turn {
                Turn::To(id) => id,
                Turn::Off => 0,
            }),
            last_id: encryption.last_id,
            starts: numbers(&encryption.starts),
            stops: numbers(&encryption.stops),
        })
    }

    /// What was stored.
    pub fn restore(stored: Option<Self>) -> Encryption {
        let Some(stored) = stored else { return Encryption::default() };
        let times = |numbers: Vec<u64>| numbers.into_iter().map(Millis).collect();
        Encryption {
            keys: stored.keys.into_iter().map(|key| Arc::new(key.restore())).collect(),
            current: stored.current,
            turn: stored.turn.map(|turn| if turn == 0 { Turn::Off } else { Turn::To(turn) }),
            last_id: stored.last_id,
            starts: times(stored.starts),
            stops: times(stored.stops),
        }
    }
}

impl StoredKey {
    fn of(key: &StreamKey) -> Self {
        StoredKey {
            id: key.id,
            key_id: key.key_id.clone(),
            master: key.master.clone(),
            wrapped: key.wrapped.clone(),
            retired: key.retired.map(|at| at.0),
        }
    }

    fn restore(self) -> StreamKey {
        let StoredKey { id, key_id, master, wrapped, retired } = self;
        StreamKey { id, key_id, master, wrapped, retired: retired.map(Millis) }
    }
}

/// The sealed secrets.
#[derive(Encode, Decode)]
pub struct StoredSecrets {
    #[n(0)]
    master: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    wrapped: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    token_key: Vec<u8>,
}

impl StoredSecrets {
    /// What is stored of them.
    pub fn of(secrets: &SealedSecrets) -> Self {
        StoredSecrets {
            master: secrets.master.clone(),
            wrapped: secrets.wrapped.clone(),
            token_key: secrets.token_key.clone(),
        }
    }

    /// What was stored.
    pub fn restore(self) -> SealedSecrets {
        let StoredSecrets { master, wrapped, token_key } = self;
        SealedSecrets { master, wrapped, token_key }
    }
}
