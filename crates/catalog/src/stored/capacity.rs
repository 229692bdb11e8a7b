//! What belongs to modes and numbers of shards, as it is written into a snapshot.

use std::collections::BTreeMap;

use millstream_types::{AccountId, Millis};
use minicbor::{Decode, Encode};

use crate::capacity::{Capacity, Scaling};
use crate::commitment::Commitment;
use crate::state::Scope;

/// A stream's capacity; absent while all of it is as a new provisioned stream has it.
#[derive(Encode, Decode)]
pub struct StoredCapacity {
    /// Shards before, target, most on the way.
    #[n(0)]
    scaling: Option<(u32, u32, u32)>,
    #[n(1)]
    scaled: Vec<u64>,
    #[n(2)]
    mode_changed: Vec<u64>,
    #[n(3)]
    warm_mibps: Option<u32>,
    #[n(4)]
    auto: bool,
    /// Days and KiB/s.
    #[n(5)]
    peaks: Vec<(u32, u32)>,
}

impl StoredCapacity {
    /// The stored form.
    pub fn of(capacity: &Capacity) -> Option<Self> {
        let times = |times: &[Millis]| times.iter().map(|time| time.0).collect();
        (*capacity != Capacity::default()).then(|| StoredCapacity {
            scaling: capacity.scaling.map(|s| (s.from, s.target, s.open_max)),
            scaled: times(&capacity.scaled),
            mode_changed: times(&capacity.mode_changed),
            warm_mibps: capacity.warm_mibps,
            auto: capacity.auto,
            peaks: capacity.peaks.clone(),
        })
    }

    /// What was stored.
    pub fn restore(self) -> Capacity {
        let times = |times: Vec<u64>| times.into_iter().map(Millis).collect();
        let scaling =
            self.scaling.map(|(from, target, open_max)| Scaling { from, target, open_max });
        Capacity {
            scaling,
            scaled: times(self.scaled),
            mode_changed: times(self.mode_changed),
            warm_mibps: self.warm_mibps,
            auto: self.auto,
            peaks: self.peaks,
        }
    }
}

/// An account's commitment in a region.
#[derive(Encode, Decode)]
pub struct StoredCommitment {
    #[n(0)]
    account: u64,
    #[n(1)]
    region: String,
    #[n(2)]
    started: u64,
    #[n(3)]
    ends: Option<u64>,
}

impl StoredCommitment {
    /// All of them; `None` if there are none.
    pub fn all(commitments: &BTreeMap<Scope, Commitment>) -> Option<Vec<Self>> {
        let stored = commitments.iter().map(|((account, region), commitment)| StoredCommitment {
            account: account.as_u64(),
            region: region.to_string(),
            started: commitment.started.0,
            ends: commitment.ends.map(|at| at.0),
        });
        (!commitments.is_empty()).then(|| stored.collect())
    }

    /// What was stored.
    pub fn restore(self) -> Result<(Scope, Commitment), String> {
        let account = AccountId::from_u64(self.account).map_err(|_| "account")?;
        let region = self.region.parse().map_err(|_| "region")?;
        let commitment = Commitment { started: Millis(self.started), ends: self.ends.map(Millis) };
        Ok(((account, region), commitment))
    }
}
