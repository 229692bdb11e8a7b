//! EnableEnhancedMonitoring and DisableEnhancedMonitoring: the shard-level metrics.

use std::sync::Arc;

use millstream_api::Error;
use millstream_api::ops::{
    DisableEnhancedMonitoringInput, EnableEnhancedMonitoringInput, EnhancedMonitoringOutput,
};
use millstream_api::shapes::{EnhancedMetrics, MetricsName};
use millstream_catalog::{SettingsCommand, ShardMetric, ShardMetrics, Stream};

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Switches shard-level metrics on.
    pub async fn enable_enhanced_monitoring(
        &self,
        caller: &Caller,
        input: EnableEnhancedMonitoringInput,
    ) -> Result<EnhancedMonitoringOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:EnableEnhancedMonitoring", &stream.arn())?;
        self.admit_call(Call::EnableMonitoring, caller, Some(&stream))?;
        let desired = stream.shard_metrics.with(set_of(&input.shard_level_metrics));
        self.set_monitoring(&stream, desired).await
    }

    /// Switches shard-level metrics off.
    pub async fn disable_enhanced_monitoring(
        &self,
        caller: &Caller,
        input: DisableEnhancedMonitoringInput,
    ) -> Result<EnhancedMonitoringOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:DisableEnhancedMonitoring", &stream.arn())?;
        self.admit_call(Call::DisableMonitoring, caller, Some(&stream))?;
        let desired = stream.shard_metrics.without(set_of(&input.shard_level_metrics));
        self.set_monitoring(&stream, desired).await
    }

    async fn set_monitoring(
        &self,
        stream: &Arc<Stream>,
        desired: ShardMetrics,
    ) -> Result<EnhancedMonitoringOutput, Error> {
        self.require_active(stream)?;
        let (group, current) = (stream.group.0, stream.shard_metrics);
        let (metrics, from, at) = (desired.bits(), current.bits(), self.now().0);
        let command = SettingsCommand::SetMonitoring { group, metrics, from, at }.into();
        self.change(stream, &command).await?;
        Ok(EnhancedMonitoringOutput {
            stream_name: Some(stream.name.to_string()),
            current_shard_level_metrics: Some(names_of(current)),
            desired_shard_level_metrics: Some(names_of(desired)),
            stream_arn: Some(stream.arn().to_string()),
        })
    }
}

/// The shard-level metrics of a stream as they are shown.
pub(crate) fn monitoring_of(stream: &Stream) -> Vec<EnhancedMetrics> {
    vec![EnhancedMetrics { shard_level_metrics: Some(names_of(stream.shard_metrics)) }]
}

/// `ALL` is all seven; shown are always the seven.
fn set_of(names: &[MetricsName]) -> ShardMetrics {
    let set = |name: &MetricsName| match metric_of(*name) {
        Some(metric) => [metric].into_iter().collect(),
        None => ShardMetrics::ALL,
    };
    names.iter().map(set).fold(ShardMetrics::NONE, ShardMetrics::with)
}

fn metric_of(name: MetricsName) -> Option<ShardMetric> {
    match name {
        MetricsName::IncomingBytes => Some(ShardMetric::IncomingBytes),
        MetricsName::IncomingRecords => Some(ShardMetric::IncomingRecords),
        MetricsName::OutgoingBytes => Some(ShardMetric::OutgoingBytes),
        MetricsName::OutgoingRecords => Some(ShardMetric::OutgoingRecords),
        MetricsName::WriteProvisionedThroughputExceeded => {
            Some(ShardMetric::WriteProvisionedThroughputExceeded)
        }
        MetricsName::ReadProvisionedThroughputExceeded => {
            Some(ShardMetric::ReadProvisionedThroughputExceeded)
        }
        MetricsName::IteratorAgeMilliseconds => Some(ShardMetric::IteratorAgeMilliseconds),
        MetricsName::All => None,
    }
}

fn names_of(set: ShardMetrics) -> Vec<MetricsName> {
    let name = |metric| match metric {
        ShardMetric::IncomingBytes => MetricsName::IncomingBytes,
        ShardMetric::IncomingRecords => MetricsName::IncomingRecords,
        ShardMetric::OutgoingBytes => MetricsName::OutgoingBytes,
        ShardMetric::OutgoingRecords => MetricsName::OutgoingRecords,
        ShardMetric::WriteProvisionedThroughputExceeded => {
            MetricsName::WriteProvisionedThroughputExceeded
        }
        ShardMetric::ReadProvisionedThroughputExceeded => {
            MetricsName::ReadProvisionedThroughputExceeded
        }
        ShardMetric::IteratorAgeMilliseconds => MetricsName::IteratorAgeMilliseconds,
    };
    set.iter().map(name).collect()
}
