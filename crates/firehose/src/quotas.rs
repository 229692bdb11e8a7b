//! Quotas and rates of delivery streams, each a key of `[limits]`.

pub use millstream_streams::limits::UNLIMITED;

/// Bytes of one configuration's document, so that a delivery stream with its tags and keys fits into a slice of the
/// catalog's snapshots.
pub const CONFIGURATION_BYTES_MAX: usize = 96 * 1024;
/// Most call rates that are kept track of: accounts, regions and operations with calls in the last second.
pub const CALL_BUCKETS_MAX: usize = 16_384;
/// Delivery streams that are started, changed or stopped at once.
pub const LIFECYCLE_STEPS_MAX: usize = 16;

millstream_streams::limits! {
    /// Delivery streams of an account and region (botocore, `CreateDeliveryStream`).
    firehose_delivery_streams_max: quota = 5000;
    /// Calls of each operation that is no put per second and account (developer guide, quotas).
    firehose_control_per_second: rate = 5;
    /// Records put to a delivery stream per second (developer guide, quotas: the largest regions; so the next two).
    firehose_put_records_per_second: rate = 500_000;
    /// Calls of PutRecord and PutRecordBatch on a delivery stream per second.
    firehose_put_requests_per_second: rate = 2000;
    /// Bytes put to a delivery stream per second.
    firehose_put_bytes_per_second: rate = 5 * 1024 * 1024;
    /// Tags of a delivery stream (botocore, `TagDeliveryStream`).
    firehose_tags_max: quota = 50;
    /// Active partitions of a delivery stream with dynamic partitioning (developer guide, quotas).
    firehose_active_partitions_max: quota = 500;
    /// Starts and stops of a delivery stream's encryption in 24 hours (botocore, `StartDeliveryStreamEncryption`).
    firehose_encryption_changes_per_day: rate = 25;
    /// How long a delivery stream stays CREATING or DELETING, and its encryption ENABLING or DISABLING, in milliseconds
    /// of service time.
    firehose_transition_delay_ms: quota = 0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_lifts_rates_and_keeps_quotas() {
        let off = Limits::default().without_rates();
        assert_eq!(off.firehose_put_bytes_per_second, UNLIMITED);
        assert_eq!(off.firehose_control_per_second, UNLIMITED);
        assert_eq!(off.firehose_delivery_streams_max, 5000);
    }

    #[test]
    fn every_key_can_be_set_and_is_named_after_the_service() {
        let mut limits = Limits::default();
        for key in Limits::KEYS {
            assert!(key.starts_with("firehose_") && limits.set(key, 7), "{key}");
        }
        assert!(!limits.set("no_such_limit", 7));
    }
}
