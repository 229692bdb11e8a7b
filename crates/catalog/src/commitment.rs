//! Commitments of accounts to a least throughput, with which on-demand streams can be warmed.

use std::time::Duration;

use millstream_types::{AccountId, Millis, Region};

use crate::outcome::{CapacityRefusal, Outcome, Refusal};
use crate::state::State;

/// How long a commitment holds at least (botocore, `MinimumThroughputBillingCommitmentInput`: 24 hours).
pub const COMMITMENT_HOLDS: Duration = Duration::from_secs(24 * 3600);
/// Accounts and regions whose settings are kept; they travel in the first slice of a snapshot.
const COMMITMENTS_MAX: usize = 1000;

/// An account's commitment to a least throughput in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// When it was enabled.
    pub started: Millis,
    /// When it ends or has ended; in the future while it was disabled too early.
    pub ends: Option<Millis>,
}

/// What a commitment is at a time (botocore, `MinimumThroughputBillingCommitmentOutputStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentStatus {
    /// It holds.
    Enabled,
    /// It holds until its end.
    EnabledUntilEnd,
    /// It has ended.
    Disabled,
}

impl Commitment {
    /// What it is at `now`.
    pub fn status(&self, now: Millis) -> CommitmentStatus {
        match self.ends {
            None => CommitmentStatus::Enabled,
            Some(ends) if now < ends => CommitmentStatus::EnabledUntilEnd,
            Some(_) => CommitmentStatus::Disabled,
        }
    }

    /// When it may end at the earliest.
    pub fn earliest_end(&self) -> Millis {
        self.started.plus(COMMITMENT_HOLDS)
    }
}

impl State {
    /// An account's commitment in a region, if it ever made one.
    pub fn commitment(&self, account: AccountId, region: &Region) -> Option<Commitment> {
        self.commitments.get(&(account, region.clone())).copied()
    }

    /// Whether an account is committed in a region at a time.
    pub fn is_committed(&self, account: AccountId, region: &Region, now: Millis) -> bool {
        let commitment = self.commitment(account, region);
        commitment.is_some_and(|c| c.status(now) != CommitmentStatus::Disabled)
    }
}

/// Enables or disables a commitment.
pub(crate) fn set_commitment(
    state: &mut State,
    account: u64,
    region: &str,
    enabled: bool,
    at: Millis,
) -> Result<Outcome, Refusal> {
    let account = AccountId::from_u64(account).map_err(|_| Refusal::Malformed("account"))?;
    let region: Region = region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let scope = (account, region);
    let known = state.commitments.get(&scope).copied();
    let next = match (known, enabled) {
        (None, false) => return Ok(Outcome::Done),
        // Enabling what is about to end cancels the end.
        (Some(known), true) if known.status(at) != CommitmentStatus::Disabled => {
            Commitment { ends: None, ..known }
        }
        (None | Some(_), true) => Commitment { started: at, ends: None },
        (Some(known), false) => match known.status(at) {
            CommitmentStatus::Enabled => {
                Commitment { ends: Some(known.earliest_end().max(at)), ..known }
            }
            CommitmentStatus::EnabledUntilEnd | CommitmentStatus::Disabled => known,
        },
    };
    if known.is_none() && state.commitments.len() >= COMMITMENTS_MAX {
        state.commitments.retain(|_, other| other.status(at) != CommitmentStatus::Disabled);
        if state.commitments.len() >= COMMITMENTS_MAX {
            return Err(Refusal::Capacity(CapacityRefusal::SettingsQuota {
                max: COMMITMENTS_MAX as u64,
            }));
        }
    }
    state.commitments.insert(scope, next);
    Ok(Outcome::Done)
}
