//! IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod.

use std::sync::Arc;

use millstream_api::Error;
use millstream_api::ops::{DecreaseStreamRetentionPeriodInput, IncreaseStreamRetentionPeriodInput};
use millstream_catalog::{Command, Stream};

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::lifecycle::group_spec;
use crate::limits::{RETENTION_HOURS_MAX, RETENTION_HOURS_MIN};
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Keeps records longer. The present value is accepted and changes nothing: Terraform sends it after every create.
    pub async fn increase_stream_retention_period(
        &self,
        caller: &Caller,
        input: IncreaseStreamRetentionPeriodInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:IncreaseStreamRetentionPeriod", &stream.arn())?;
        self.admit_call(Call::IncreaseRetention, caller, Some(&stream))?;
        let hours = checked_hours(input.retention_period_hours)?;
        if hours < stream.retention_hours {
            return Err(Error::invalid_argument(format!(
                "Requested retention period ({hours} hours) for stream {} can not be shorter than existing retention \
                 period ({} hours). Use DecreaseStreamRetentionPeriod.",
                stream.name, stream.retention_hours
            )));
        }
        self.require_active(&stream)?;
        // The log keeps more before the catalog promises more, so that nothing is dropped in between.
        let mut longer = (*stream).clone();
        longer.retention_hours = hours;
        self.log.configure(stream.group, group_spec(&longer)).await.map_err(Refusal::Log)?;
        self.set_retention(&stream, hours).await
    }

    /// Keeps records less long: what is older is gone at once.
    pub async fn decrease_stream_retention_period(
        &self,
        caller: &Caller,
        input: DecreaseStreamRetentionPeriodInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:DecreaseStreamRetentionPeriod", &stream.arn())?;
        self.admit_call(Call::DecreaseRetention, caller, Some(&stream))?;
        let hours = checked_hours(input.retention_period_hours)?;
        if hours > stream.retention_hours {
            return Err(Error::invalid_argument(format!(
                "Requested retention period ({hours} hours) for stream {} can not be longer than existing retention \
                 period ({} hours). Use IncreaseStreamRetentionPeriod.",
                stream.name, stream.retention_hours
            )));
        }
        self.set_retention(&stream, hours).await
    }

    async fn set_retention(&self, stream: &Arc<Stream>, hours: u32) -> Result<(), Error> {
        self.require_active(stream)?;
        if hours == stream.retention_hours {
            return Ok(());
        }
        let (group, from_hours) = (stream.group.0, stream.retention_hours);
        let command = Command::SetRetention { group, hours, at: self.now().0, from_hours };
        self.change(stream, &command).await?;
        Ok(())
    }
}

fn checked_hours(hours: i32) -> Result<u32, Error> {
    match u32::try_from(hours) {
        Ok(hours @ RETENTION_HOURS_MIN..=RETENTION_HOURS_MAX) => Ok(hours),
        Ok(hours) if hours > RETENTION_HOURS_MAX => Err(Error::invalid_argument(format!(
            "Maximum allowed retention period is {RETENTION_HOURS_MAX} hours. Requested retention period ({hours} \
             hours) is too long."
        ))),
        Ok(_) | Err(_) => Err(Error::invalid_argument(format!(
            "Minimum allowed retention period is {RETENTION_HOURS_MIN} hours. Requested retention period ({hours} \
             hours) is too short."
        ))),
    }
}
