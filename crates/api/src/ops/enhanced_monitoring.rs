//! EnableEnhancedMonitoring and DisableEnhancedMonitoring.

use crate::record::record;
use crate::shape::Shape;
use crate::shapes::{METRICS_NAME_LIST, MetricsName, STREAM_ARN, STREAM_ID, STREAM_NAME};

record! {
    /// What EnableEnhancedMonitoring takes.
    pub struct EnableEnhancedMonitoringInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The metrics to switch on.
        shard_level_metrics: Vec<MetricsName> = "ShardLevelMetrics", required, Shape::List(&METRICS_NAME_LIST);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What DisableEnhancedMonitoring takes.
    pub struct DisableEnhancedMonitoringInput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The metrics to switch off.
        shard_level_metrics: Vec<MetricsName> = "ShardLevelMetrics", required, Shape::List(&METRICS_NAME_LIST);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
        /// Reserved by the service: checked against the pattern, means nothing.
        stream_id: Option<String> = "StreamId", optional, Shape::Text(&STREAM_ID);
    }
}

record! {
    /// What both return.
    pub struct EnhancedMonitoringOutput {
        /// The stream's name.
        stream_name: Option<String> = "StreamName", optional, Shape::Text(&STREAM_NAME);
        /// The metrics that were on before.
        current_shard_level_metrics: Option<Vec<MetricsName>> = "CurrentShardLevelMetrics", optional,
            Shape::List(&METRICS_NAME_LIST);
        /// The metrics that are on from now on.
        desired_shard_level_metrics: Option<Vec<MetricsName>> = "DesiredShardLevelMetrics", optional,
            Shape::List(&METRICS_NAME_LIST);
        /// The stream's ARN.
        stream_arn: Option<String> = "StreamARN", optional, Shape::Text(&STREAM_ARN);
    }
}
