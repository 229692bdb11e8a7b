//! UpdateShardCount, UpdateStreamMode, warm throughput and account settings.

use std::time::Duration;

use millstream_api::Error;
use millstream_api::ErrorCode::*;
use millstream_api::ops::*;
use millstream_api::shapes::*;
use millstream_log::testkit::Fault;
use millstream_streams::Limits;
use millstream_types::HashKeyRange;

use super::fixture::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn arn(name: &str) -> String {
    format!("arn:aws:kinesis:us-east-1:000000000000:stream/{name}")
}

pub fn on_demand(name: &str, warm: Option<i32>) -> CreateStreamInput {
    let mut input = create(name, 1);
    input.shard_count = None;
    input.stream_mode_details = Some(StreamModeDetails { stream_mode: StreamMode::OnDemand });
    input.warm_throughput_mibps = warm;
    input
}

impl Fixture {
    pub async fn scale(&self, name: &str, target: i32) -> Result<(i32, i32), Error> {
        let input = UpdateShardCountInput {
            stream_name: Some(name.into()),
            target_shard_count: target,
            scaling_type: ScalingType::UniformScaling,
            stream_arn: None,
            stream_id: None,
        };
        let output = self.streams.update_shard_count(&self.caller, input).await?;
        let counts = (output.current_shard_count.unwrap(), output.target_shard_count.unwrap());
        self.until(name, StreamStatus::Active).await;
        Ok(counts)
    }

    pub async fn mode(&self, name: &str, mode: StreamMode, warm: Option<i32>) -> Result<(), Error> {
        let input = UpdateStreamModeInput {
            stream_arn: arn(name),
            stream_id: None,
            stream_mode_details: StreamModeDetails { stream_mode: mode },
            warm_throughput_mibps: warm,
        };
        self.streams.update_stream_mode(&self.caller, input).await?;
        self.until(name, StreamStatus::Active).await;
        Ok(())
    }

    pub async fn warm(&self, name: &str, mibps: i32) -> Result<WarmThroughputObject, Error> {
        let input = UpdateStreamWarmThroughputInput {
            stream_arn: None,
            stream_name: Some(name.into()),
            stream_id: None,
            warm_throughput_mibps: mibps,
        };
        let output = self.streams.update_stream_warm_throughput(&self.caller, input).await?;
        self.until(name, StreamStatus::Active).await;
        Ok(output.warm_throughput.unwrap())
    }

    pub async fn distribution(
        &self,
        name: &str,
        strategy: RecordDistributionStrategy,
    ) -> Result<(), Error> {
        let input = UpdateStreamRecordDistributionStrategyInput {
            stream_arn: arn(name),
            stream_id: None,
            record_distribution_strategy: strategy,
        };
        self.streams.update_stream_record_distribution_strategy(&self.caller, input).await
    }

    pub async fn commit(
        &self,
        status: MinimumThroughputBillingCommitmentInputStatus,
    ) -> MinimumThroughputBillingCommitmentOutput {
        let input = UpdateAccountSettingsInput {
            minimum_throughput_billing_commitment: MinimumThroughputBillingCommitmentInput {
                status,
            },
        };
        let output = self.streams.update_account_settings(&self.caller, input).await.unwrap();
        output.minimum_throughput_billing_commitment.unwrap()
    }

    pub async fn settings(&self) -> MinimumThroughputBillingCommitmentOutput {
        let input = DescribeAccountSettingsInput {};
        let output = self.streams.describe_account_settings(&self.caller, input).await.unwrap();
        output.minimum_throughput_billing_commitment.unwrap()
    }

    pub async fn summary(&self, name: &str) -> StreamDescriptionSummary {
        let input = DescribeStreamSummaryInput {
            stream_name: Some(name.into()),
            stream_arn: None,
            stream_id: None,
        };
        let output = self.streams.describe_stream_summary(&self.caller, input).await.unwrap();
        output.stream_description_summary
    }

    /// The open shards' ranges in the order of their keys.
    pub fn open_ranges(&self, name: &str) -> Vec<HashKeyRange> {
        let (account, region) = (self.caller.account, &self.caller.region);
        let stream = self.catalog.lookup(account, region, &name.parse().unwrap()).unwrap();
        let mut ranges: Vec<_> = stream.open_shards().map(|shard| shard.range).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        ranges
    }
}

fn even(count: u32) -> Vec<HashKeyRange> {
    (0..count).map(|i| HashKeyRange::uniform(i, count)).collect()
}

#[tokio::test]
async fn a_stream_gets_the_number_of_equal_shards_that_was_asked_for() {
    let f = Fixture::new().await;
    f.create("s", 4).await;
    let mut before = 4;
    for target in [3, 6, 5, 10, 7, 4, 2, 1, 2] {
        assert_eq!(f.scale("s", target).await.unwrap(), (before, target));
        assert_eq!(f.open_ranges("s"), even(target as u32));
        before = target;
    }
    // Parents end before their children begin.
    let shards = f.shards("s").await;
    for child in &shards {
        for parent in [&child.parent_shard_id, &child.adjacent_parent_shard_id] {
            let Some(parent) = shards.iter().find(|s| Some(&s.shard_id) == parent.as_ref()) else {
                continue;
            };
            let end = parent.sequence_number_range.ending_sequence_number.clone().unwrap();
            assert!(end < child.sequence_number_range.starting_sequence_number);
        }
    }
}

#[tokio::test]
async fn uneven_shards_become_equal_even_if_their_number_stays() {
    let f = Fixture::new().await;
    f.create("s", 2).await;
    assert_eq!(code(f.scale("s", 2).await), InvalidArgumentException);
    f.split("s", "shardId-000000000000", 1000).await.unwrap();
    assert_eq!(f.scale("s", 3).await.unwrap(), (3, 3));
    assert_eq!(f.open_ranges("s"), even(3));
}

#[tokio::test]
async fn a_count_is_between_half_and_double_and_ten_a_day() {
    let mut limits = Limits::default().without_rates();
    limits.update_shard_count_per_day = 3;
    let f = Fixture::with(limits).await;
    f.create("s", 5).await;
    for (target, word) in [(11, "double"), (2, "half"), (10_001, "10000")] {
        let error = f.scale("s", target).await.unwrap_err();
        assert_eq!(error.code, LimitExceededException);
        assert!(error.message.contains(word), "{}", error.message);
    }
    for target in [10, 5, 3] {
        f.scale("s", target).await.unwrap();
        f.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(code(f.scale("s", 5).await), LimitExceededException);
    f.clock.advance(DAY - Duration::from_secs(3 * 3600));
    f.scale("s", 5).await.unwrap();
    assert_eq!(code(f.scale("s", 6).await), LimitExceededException);
}

#[tokio::test]
async fn short_lived_shards_count_against_the_quota() {
    let mut limits = Limits::default().without_rates();
    limits.shards_max = 8;
    let f = Fixture::with(limits).await;
    f.create("s", 4).await;
    f.create("other", 3).await;
    // With room for one more, four to three goes shard by shard; five needs a sixth on the way.
    f.scale("s", 3).await.unwrap();
    assert_eq!(f.open_ranges("s"), even(3));
    f.scale("s", 4).await.unwrap();
    assert_eq!(code(f.scale("s", 6).await), LimitExceededException);
    assert_eq!(f.open_ranges("s"), even(4));
}

#[tokio::test]
async fn a_way_with_next_to_no_room_is_refused_and_costs_the_catalog_nothing() {
    let mut limits = Limits::default().without_rates();
    limits.shards_max = 101;
    let f = Fixture::with(limits.clone()).await;
    f.create("s", 100).await;
    let before = f.catalog.read(|state| state.streams().next().unwrap().version);
    let error = f.scale("s", 99).await.unwrap_err();
    assert_eq!(error.code, LimitExceededException);
    assert!(error.message.contains("short-lived"), "{}", error.message);
    assert_eq!(f.catalog.read(|state| state.streams().next().unwrap().version), before);
    // With room the way is short, and the shards' seconds stay near.
    limits.shards_max = 300;
    let f = f.restart(limits).await;
    f.scale("s", 99).await.unwrap();
    let stream = f.catalog.read(|state| state.streams().next().unwrap().clone());
    let latest = stream.shards.iter().map(|shard| shard.created.seconds()).max().unwrap();
    assert!(latest - START.seconds() < 10, "{}", latest - START.seconds());
}

#[tokio::test(start_paused = true)]
async fn a_scaling_whose_commands_get_lost_goes_on_after_a_restart() {
    let f = Fixture::new().await;
    f.create("s", 10).await;
    let input = UpdateShardCountInput {
        stream_name: Some("s".into()),
        target_shard_count: 7,
        scaling_type: ScalingType::UniformScaling,
        stream_arn: None,
        stream_id: None,
    };
    f.streams.update_shard_count(&f.caller, input).await.unwrap();
    f.log.inject([Fault::UnknownLost, Fault::UnknownKept]);
    let f = f.restart(Limits::default().without_rates()).await;
    while f.status("s").await.unwrap() != StreamStatus::Active {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(f.open_ranges("s"), even(7));
}

#[tokio::test]
async fn on_demand_streams_start_with_four_shards_and_are_not_scaled_by_hand() {
    let f = Fixture::new().await;
    f.streams.create_stream(&f.caller, on_demand("s", None)).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    let summary = f.summary("s").await;
    assert_eq!(summary.open_shard_count, 4);
    assert_eq!(summary.stream_mode_details.unwrap().stream_mode, StreamMode::OnDemand);
    assert_eq!(summary.warm_throughput, None);
    assert_eq!(code(f.scale("s", 8).await), ValidationException);
    let limits = f.streams.describe_limits(&f.caller, DescribeLimitsInput {}).await.unwrap();
    assert_eq!((limits.on_demand_stream_count, limits.on_demand_stream_count_limit), (1, 50));
    assert_eq!((limits.open_shard_count, limits.shard_limit), (4, 20_000));
}

#[tokio::test]
async fn a_mode_changes_twice_a_day_and_keeps_the_shards() {
    let mut limits = Limits::default().without_rates();
    limits.update_stream_mode_per_day = 2;
    limits.on_demand_streams_max = 1;
    let f = Fixture::with(limits).await;
    f.create("s", 3).await;
    f.create("other", 1).await;
    assert_eq!(code(f.mode("s", StreamMode::Provisioned, None).await), ValidationException);
    f.mode("s", StreamMode::OnDemand, None).await.unwrap();
    assert_eq!(f.open_ranges("s"), even(3));
    assert_eq!(code(f.mode("other", StreamMode::OnDemand, None).await), LimitExceededException);
    f.distribution("s", RecordDistributionStrategy::Auto).await.unwrap();
    f.mode("s", StreamMode::Provisioned, None).await.unwrap();
    let summary = f.summary("s").await;
    assert_eq!(
        summary.record_distribution_strategy,
        Some(RecordDistributionStrategy::UserPartitionKey)
    );
    assert_eq!(code(f.mode("s", StreamMode::OnDemand, None).await), LimitExceededException);
    let auto = f.distribution("s", RecordDistributionStrategy::Auto).await;
    assert_eq!(code(auto), InvalidArgumentException);
    f.clock.advance(DAY);
    f.mode("s", StreamMode::OnDemand, None).await.unwrap();
}

#[tokio::test]
async fn warm_throughput_needs_the_commitment_and_brings_its_shards() {
    use MinimumThroughputBillingCommitmentInputStatus::*;
    let f = Fixture::new().await;
    let refused = f.streams.create_stream(&f.caller, on_demand("s", Some(10))).await;
    assert_eq!(code(refused), ValidationException);
    f.commit(Enabled).await;
    f.streams.create_stream(&f.caller, on_demand("s", Some(10))).await.unwrap();
    f.until("s", StreamStatus::Active).await;
    assert_eq!(f.open_ranges("s"), even(10));
    let shown = |target, current| {
        Some(WarmThroughputObject { target_mibps: Some(target), current_mibps: Some(current) })
    };
    assert_eq!(f.summary("s").await.warm_throughput, shown(10, 10));
    assert_eq!(Some(f.warm("s", 25).await.unwrap()), shown(25, 10));
    assert_eq!(f.open_ranges("s"), even(25));
    assert_eq!(f.summary("s").await.warm_throughput, shown(25, 25));
    f.warm("s", 2).await.unwrap();
    assert_eq!(f.open_ranges("s"), even(4));
    assert_eq!(code(f.warm("s", 10_241).await), LimitExceededException);
    f.create("p", 1).await;
    assert_eq!(code(f.warm("p", 4).await), ValidationException);
    f.mode("p", StreamMode::OnDemand, Some(6)).await.unwrap();
    assert_eq!(f.open_ranges("p"), even(6));
}

#[tokio::test]
async fn a_commitment_holds_for_a_day() {
    use MinimumThroughputBillingCommitmentInputStatus as Set;
    use MinimumThroughputBillingCommitmentOutputStatus::*;
    let f = Fixture::new().await;
    assert_eq!(f.settings().await.status, Disabled);
    assert_eq!(f.commit(Set::Disabled).await.started_at, None);
    let enabled = f.commit(Set::Enabled).await;
    assert_eq!((enabled.status, enabled.started_at), (Enabled, Some(START)));
    assert_eq!(enabled.earliest_allowed_end_at, Some(START.plus(DAY)));
    f.clock.advance(Duration::from_secs(3600));
    assert_eq!(f.commit(Set::Disabled).await.status, EnabledUntilEarliestAllowedEnd);
    assert_eq!(f.commit(Set::Enabled).await, enabled);
    f.commit(Set::Disabled).await;
    f.clock.advance(DAY - Duration::from_secs(3600));
    let ended = f.settings().await;
    assert_eq!((ended.status, ended.ended_at), (Disabled, Some(START.plus(DAY))));
    let again = f.commit(Set::Enabled).await;
    assert_eq!((again.status, again.started_at), (Enabled, Some(START.plus(DAY))));
    f.clock.advance(DAY + DAY);
    assert_eq!(f.commit(Set::Disabled).await.ended_at, Some(START.plus(3 * DAY)));
    // It is the account's and lasts.
    let f = f.restart(Limits::default().without_rates()).await;
    assert_eq!(f.settings().await.status, Disabled);
    assert_eq!(f.settings().await.started_at, Some(START.plus(DAY)));
}

#[tokio::test]
async fn a_reset_forgets_commitments() {
    let f = Fixture::new().await;
    let before = f.settings().await;
    f.commit(MinimumThroughputBillingCommitmentInputStatus::Enabled).await;
    assert_ne!(f.settings().await, before);
    f.streams.reset().await.unwrap();
    assert_eq!(f.settings().await, before);
}
