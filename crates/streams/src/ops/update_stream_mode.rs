//! UpdateStreamMode: who decides the number of shards; the shards themselves stay.

use millstream_api::Error;
use millstream_api::ops::UpdateStreamModeInput;
use millstream_api::shapes::StreamMode;
use millstream_catalog::{CapacityCommand, StreamMode as Mode};

use crate::caller::Caller;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Changes a stream's mode.
    pub async fn update_stream_mode(
        &self,
        caller: &Caller,
        input: UpdateStreamModeInput,
    ) -> Result<(), Error> {
        let stream = self.resolve(caller, None, Some(&input.stream_arn)).await?;
        caller.may("kinesis:UpdateStreamMode", &stream.arn())?;
        self.admit_call(Call::UpdateMode, caller, Some(&stream))?;
        // The wire keeps it from being negative.
        let warm_mibps = input.warm_throughput_mibps.map(|mibps| mibps.max(0) as u32);
        let on_demand = match input.stream_mode_details.stream_mode {
            StreamMode::OnDemand => true,
            StreamMode::Provisioned if warm_mibps.is_some() => {
                return Err(Error::validation(
                    "WarmThroughputMiBps cannot be specified for a change to PROVISIONED mode.",
                ));
            }
            StreamMode::Provisioned => false,
        };
        self.checked_warm_shards(caller, warm_mibps)?;
        self.require_active(&stream)?;
        let open = stream.open_shards().count() as u32;
        let plan = match warm_mibps.filter(|warm| *warm > open) {
            Some(target) if on_demand && stream.mode == Mode::Provisioned => {
                Some(self.plan_scaling(&stream, target).await?)
            }
            Some(_) | None => None,
        };
        let command = CapacityCommand::SetMode {
            group: stream.group.0,
            on_demand,
            warm_mibps,
            at: self.now().0,
            per_day_max: self.limits.update_stream_mode_per_day,
            on_demand_max: self.limits.on_demand_streams_max,
            shards_max: self.limits.shards_max,
            plan,
        }
        .into();
        self.change(&stream, &command).await?;
        Ok(())
    }
}
