//! A stream's encryption: its data keys, each wrapped by a master key, and which of them is in use.

use std::sync::Arc;
use std::time::Duration;

use millstream_types::Millis;

use crate::apply::{active, change, set_status};
use crate::command::{EncryptionCommand, WrappedKey};
use crate::outcome::{Outcome, Refusal};
use crate::state::State;
use crate::stream::{Stream, StreamStatus};

/// Most starts, and most stops, that are remembered: a quota above it is none.
const CALLS_MAX: usize = 100;
/// The time over which starts and stops are counted (botocore, `StartStreamEncryption`: a rolling 24-hour period).
const QUOTA_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// How long a data key is kept once it is no longer written with: longer than any record lives (365 days), so that
/// whatever can still be read can be opened.
pub(crate) const KEY_LIFE_AFTER_USE: Duration = Duration::from_secs(400 * 24 * 3600);

/// The encryption of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// The data keys, oldest first.
    pub keys: Vec<Arc<StreamKey>>,
    /// The number of the data key that records are written with; `None` writes them in the clear.
    pub current: Option<u32>,
    /// What becomes of `current` once the stream is ACTIVE again.
    pub turn: Option<Turn>,
    /// The number of the newest data key; numbers are never used again.
    pub last_id: u32,
    /// When encryption was started, in the last 24 hours before the last start.
    pub starts: Vec<Millis>,
    /// When it was stopped, likewise.
    pub stops: Vec<Millis>,
}

/// A change of encryption that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Records will be written with this data key.
    To(u32),
    /// Records will be written in the clear.
    Off,
}

/// A data key of a stream, as it may be stored: only the master key opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamKey {
    /// Its number, which encrypted blocks bear; from 1.
    pub id: u32,
    /// The master key as the user named it, and as it is shown.
    pub key_id: String,
    /// The master key as the vault knows it.
    pub master: String,
    /// The data key, wrapped.
    pub wrapped: Vec<u8>,
    /// Since when no record is written with it.
    pub retired: Option<Millis>,
}

impl Encryption {
    /// A data key by its number.
    pub fn key(&self, id: u32) -> Option<&Arc<StreamKey>> {
        self.keys.iter().rev().find(|key| key.id == id)
    }

    /// The data key that records are written with.
    pub fn current_key(&self) -> Option<&Arc<StreamKey>> {
        self.key(self.current?)
    }

    /// Records will be written with a new data key, once that is settled.
    pub(crate) fn turn_to(&mut self, key: &WrappedKey) -> Result<(), Refusal> {
        let id = self.last_id.checked_add(1);
        let id = id.ok_or(Refusal::EncryptionQuota { max: u64::from(u32::MAX) })?;
        self.last_id = id;
        self.keys.push(Arc::new(StreamKey {
            id,
            key_id: key.key_id.clone(),
            master: key.master.clone(),
            wrapped: key.wrapped.clone(),
            retired: None,
        }));
        self.turn = Some(Turn::To(id));
        Ok(())
    }

    /// Records will be written in the clear, once that is settled.
    pub(crate) fn turn_off(&mut self) {
        self.turn = Some(Turn::Off);
    }

    /// Counts a start or a stop where a quota is for both together.
    pub(crate) fn admit_change(&mut self, at: Millis, max: u64) -> Result<(), Refusal> {
        admit(&mut self.starts, at, max)
    }

    /// What was asked for holds from now on: a stream is ACTIVE again. A key that has not been written with for longer
    /// than `key_life_after_use` is forgotten.
    pub(crate) fn settle(&mut self, at: Millis, key_life_after_use: Duration) {
        let Some(turn) = self.turn.take() else { return };
        if let Some(before) = self.current {
            let retired = self.keys.iter_mut().filter(|key| key.id == before);
            retired.for_each(|key| Arc::make_mut(key).retired = Some(at));
        }
        self.current = match turn {
            Turn::To(id) => Some(id),
            Turn::Off => None,
        };
        let oldest = at.minus(key_life_after_use);
        self.keys.retain(|key| key.retired.is_none_or(|retired| retired >= oldest));
    }
}

/// Does one of the commands about encryption.
pub(crate) fn apply(state: &mut State, command: &EncryptionCommand) -> Result<Outcome, Refusal> {
    match command {
        EncryptionCommand::Start { group, key, at, starts_max } => {
            change(state, *group, |stream| {
                active(stream)?;
                start(stream, key, *at, *starts_max)?;
                set_status(stream, StreamStatus::Updating, *at);
                Ok(())
            })
        }
        EncryptionCommand::Stop { group, from, at, stops_max } => change(state, *group, |stream| {
            active(stream)?;
            stop(stream, *from, *at, *stops_max)?;
            set_status(stream, StreamStatus::Updating, *at);
            Ok(())
        }),
        EncryptionCommand::SealSecrets { master, wrapped, token_key } => {
            let (master, wrapped, token_key) = (master.clone(), wrapped.clone(), token_key.clone());
            seal_secrets(state, SealedSecrets { master, wrapped, token_key });
            Ok(Outcome::Done)
        }
    }
}

/// Adds a call at `at` to those of the last 24 hours, if the quota allows one more.
fn admit(calls: &mut Vec<Millis>, at: Millis, max: u64) -> Result<(), Refusal> {
    calls.retain(|call| call.plus(QUOTA_WINDOW) > at);
    if calls.len() as u64 >= max {
        return Err(Refusal::EncryptionQuota { max });
    }
    calls.push(at);
    let over = calls.len().saturating_sub(CALLS_MAX);
    calls.drain(..over);
    Ok(())
}

fn start(stream: &mut Stream, key: &WrappedKey, at: u64, max: u64) -> Result<(), Refusal> {
    let encryption = Arc::make_mut(&mut stream.encryption);
    admit(&mut encryption.starts, Millis(at), max)?;
    encryption.turn_to(key)
}

fn stop(stream: &mut Stream, from: u32, at: u64, max: u64) -> Result<(), Refusal> {
    if stream.encryption.current != Some(from) {
        return Err(Refusal::OtherEncryption);
    }
    let encryption = Arc::make_mut(&mut stream.encryption);
    admit(&mut encryption.stops, Millis(at), max)?;
    encryption.turn_off();
    Ok(())
}

/// Wraps the secrets of the catalog, once; a key of tokens in the clear is forgotten, since it is among them.
fn seal_secrets(state: &mut State, secrets: SealedSecrets) {
    if state.sealed_secrets.is_none() {
        state.sealed_secrets = Some(Arc::new(secrets));
        state.token_key = None;
    }
}

/// The cluster's secrets as they may be stored: a data key wrapped by a master key, and what it encrypts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecrets {
    /// The master key as the vault knows it.
    pub master: String,
    /// The data key, wrapped.
    pub wrapped: Vec<u8>,
    /// The key of iterators and tokens, encrypted with the data key.
    pub token_key: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_over_a_rolling_day() {
        let mut calls = Vec::new();
        let hour = |n: u64| Millis(n * 3_600_000);
        for n in 0..3 {
            assert_eq!(admit(&mut calls, hour(n), 3), Ok(()));
        }
        assert_eq!(admit(&mut calls, hour(23), 3), Err(Refusal::EncryptionQuota { max: 3 }));
        assert_eq!(admit(&mut calls, hour(24), 3), Ok(()));
        assert_eq!(admit(&mut calls, hour(24), 3), Err(Refusal::EncryptionQuota { max: 3 }));
    }

    #[test]
    fn keys_outlive_every_record_that_was_written_with_them() {
        let key = |id, retired| {
            let (key_id, master) = (String::new(), String::new());
            Arc::new(StreamKey { id, key_id, master, wrapped: Vec::new(), retired })
        };
        let mut encryption = Encryption {
            keys: vec![key(1, Some(Millis(0))), key(2, None), key(3, None)],
            current: Some(2),
            turn: Some(Turn::To(3)),
            last_id: 3,
            ..Encryption::default()
        };
        let year = Duration::from_secs(365 * 24 * 3600);
        encryption.settle(Millis(0).plus(year), KEY_LIFE_AFTER_USE);
        assert_eq!(encryption.current, Some(3));
        assert!(encryption.key(1).is_some() && encryption.key(2).is_some());
        encryption.turn = Some(Turn::Off);
        let later = Millis(0).plus(year + Duration::from_secs(36 * 24 * 3600));
        encryption.settle(later, KEY_LIFE_AFTER_USE);
        assert_eq!(encryption.current, None);
        assert!(encryption.key(1).is_none() && encryption.key(2).is_some());
    }
}
