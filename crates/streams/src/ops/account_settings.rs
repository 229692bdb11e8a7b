//! DescribeAccountSettings and UpdateAccountSettings: the commitment to a least throughput.

use millstream_api::Error;
use millstream_api::ops::{
    DescribeAccountSettingsInput, DescribeAccountSettingsOutput,
    MinimumThroughputBillingCommitmentInputStatus as Wanted,
    MinimumThroughputBillingCommitmentOutput,
    MinimumThroughputBillingCommitmentOutputStatus as Shown, UpdateAccountSettingsInput,
    UpdateAccountSettingsOutput,
};
use millstream_catalog::{
    CapacityCommand, CatalogError, Commitment, CommitmentStatus, Outcome, Refusal as CatalogRefusal,
};
use millstream_types::Millis;

use crate::caller::Caller;
use crate::errors::{Refusal, capacity_refused};
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Describes the settings of the caller's account in its region.
    pub async fn describe_account_settings(
        &self,
        caller: &Caller,
        _: DescribeAccountSettingsInput,
    ) -> Result<DescribeAccountSettingsOutput, Error> {
        self.admit_call(Call::DescribeAccountSettings, caller, None)?;
        self.catalog.barrier().await.map_err(unanswered)?;
        Ok(DescribeAccountSettingsOutput {
            minimum_throughput_billing_commitment: Some(self.shown_commitment(caller)),
        })
    }

    /// Changes the settings of the caller's account in its region, at once.
    pub async fn update_account_settings(
        &self,
        caller: &Caller,
        input: UpdateAccountSettingsInput,
    ) -> Result<UpdateAccountSettingsOutput, Error> {
        self.admit_call(Call::UpdateAccountSettings, caller, None)?;
        let enabled = match input.minimum_throughput_billing_commitment.status {
            Wanted::Enabled => true,
            Wanted::Disabled => false,
        };
        let command = CapacityCommand::SetCommitment {
            account: caller.account.as_u64(),
            region: caller.region.to_string(),
            enabled,
            at: self.now().0,
        }
        .into();
        match self.catalog.submit(&command).await {
            Ok(
                Outcome::Done
                | Outcome::Stream(_)
                | Outcome::Channel(_)
                | Outcome::Queue(_)
                | Outcome::DeliveryStream(_),
            ) => {}
            Ok(Outcome::Refused(CatalogRefusal::Capacity(why))) => {
                return Err(capacity_refused("the account", caller.account, why));
            }
            Ok(Outcome::Refused(why)) => {
                return Err(Refusal::Catalog(format!("settings were refused: {why:?}")).into());
            }
            Err(error) => return Err(unanswered(error).into()),
        }
        Ok(UpdateAccountSettingsOutput {
            minimum_throughput_billing_commitment: Some(self.shown_commitment(caller)),
        })
    }

    fn shown_commitment(&self, caller: &Caller) -> MinimumThroughputBillingCommitmentOutput {
        let known = self.catalog.read(|state| state.commitment(caller.account, &caller.region));
        shown(known, self.now())
    }
}

fn unanswered(error: CatalogError) -> Refusal {
    Refusal::Catalog(error.to_string())
}

/// A commitment as it is shown. One that was never made is disabled, without times.
fn shown(known: Option<Commitment>, now: Millis) -> MinimumThroughputBillingCommitmentOutput {
    let Some(commitment) = known else {
        return MinimumThroughputBillingCommitmentOutput {
            status: Shown::Disabled,
            started_at: None,
            ended_at: None,
            earliest_allowed_end_at: None,
        };
    };
    let (status, ended_at, earliest) = match commitment.status(now) {
        CommitmentStatus::Enabled => (Shown::Enabled, None, Some(commitment.earliest_end())),
        CommitmentStatus::EnabledUntilEnd => {
            (Shown::EnabledUntilEarliestAllowedEnd, None, Some(commitment.earliest_end()))
        }
        CommitmentStatus::Disabled => (Shown::Disabled, commitment.ends, None),
    };
    MinimumThroughputBillingCommitmentOutput {
        status,
        started_at: Some(commitment.started),
        ended_at,
        earliest_allowed_end_at: earliest,
    }
}
