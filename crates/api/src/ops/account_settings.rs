//! DescribeAccountSettings and UpdateAccountSettings.

use millstream_types::Millis;

use crate::record::{record, text_enum};
use crate::shape::Shape;

record! {
    /// What DescribeAccountSettings takes.
    pub struct DescribeAccountSettingsInput {
    }
}

text_enum! {
    /// What the commitment is.
    pub enum MinimumThroughputBillingCommitmentOutputStatus {
        /// It holds.
        Enabled = "ENABLED",
        /// It does not hold.
        Disabled = "DISABLED",
        /// It ends as soon as it may.
        EnabledUntilEarliestAllowedEnd = "ENABLED_UNTIL_EARLIEST_ALLOWED_END",
    }
}

record! {
    /// The commitment to a least throughput.
    pub struct MinimumThroughputBillingCommitmentOutput {
        /// Its status.
        status: MinimumThroughputBillingCommitmentOutputStatus = "Status", required,
            MinimumThroughputBillingCommitmentOutputStatus::SHAPE;
        /// When it began.
        started_at: Option<Millis> = "StartedAt", optional, Shape::Timestamp;
        /// When it ended.
        ended_at: Option<Millis> = "EndedAt", optional, Shape::Timestamp;
        /// When it may end at the earliest.
        earliest_allowed_end_at: Option<Millis> = "EarliestAllowedEndAt", optional, Shape::Timestamp;
    }
}

record! {
    /// What DescribeAccountSettings returns.
    pub struct DescribeAccountSettingsOutput {
        /// The commitment to a least throughput.
        minimum_throughput_billing_commitment: Option<MinimumThroughputBillingCommitmentOutput> =
            "MinimumThroughputBillingCommitment", optional,
            Shape::Structure(MinimumThroughputBillingCommitmentOutput::SHAPE);
    }
}

text_enum! {
    /// What the commitment can be set to.
    pub enum MinimumThroughputBillingCommitmentInputStatus {
        /// It holds.
        Enabled = "ENABLED",
        /// It does not hold.
        Disabled = "DISABLED",
    }
}

record! {
    /// What the commitment is to be.
    pub struct MinimumThroughputBillingCommitmentInput {
        /// Its status.
        status: MinimumThroughputBillingCommitmentInputStatus = "Status", required,
            MinimumThroughputBillingCommitmentInputStatus::SHAPE;
    }
}

record! {
    /// What UpdateAccountSettings takes.
    pub struct UpdateAccountSettingsInput {
        /// The commitment to a least throughput.
        minimum_throughput_billing_commitment: MinimumThroughputBillingCommitmentInput =
            "MinimumThroughputBillingCommitment", required,
            Shape::Structure(MinimumThroughputBillingCommitmentInput::SHAPE);
    }
}

record! {
    /// What UpdateAccountSettings returns.
    pub struct UpdateAccountSettingsOutput {
        /// The commitment to a least throughput.
        minimum_throughput_billing_commitment: Option<MinimumThroughputBillingCommitmentOutput> =
            "MinimumThroughputBillingCommitment", optional,
            Shape::Structure(MinimumThroughputBillingCommitmentOutput::SHAPE);
    }
}
