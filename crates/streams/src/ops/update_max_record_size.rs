//! UpdateMaxRecordSize: the size of the largest record that the stream takes.

use millstream_api::Error;
use millstream_api::ops::UpdateMaxRecordSizeInput;
use millstream_catalog::SettingsCommand;

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::lifecycle::group_spec;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Changes the size of the largest record; what is in the stream already stays readable. The present value is
    /// accepted and changes nothing. The range, 1024 to 10240 KiB, is the model's constraint.
    pub async fn update_max_record_size(
        &self,
        caller: &Caller,
        input: UpdateMaxRecordSizeInput,
    ) -> Result<(), Error> {
        let arn = input.stream_arn.as_deref();
        let arn = arn.ok_or_else(|| Error::invalid_argument("StreamARN must be specified."))?;
        let stream = self.resolve(caller, None, Some(arn)).await?;
        caller.may("kinesis:UpdateMaxRecordSize", &stream.arn())?;
        self.admit_call(Call::UpdateMaxRecordSize, caller, Some(&stream))?;
        self.require_active(&stream)?;
        let kib = u32::try_from(input.max_record_size_in_kib)
            .map_err(|_| Error::validation("MaxRecordSizeInKiB is not a size."))?;
        if kib > stream.max_record_size_kib {
            // The log takes larger records before the catalog promises it, so that none is refused in between; smaller
            // ones follow with the lifecycle.
            let mut larger = (*stream).clone();
            larger.max_record_size_kib = kib;
            self.log.configure(stream.group, group_spec(&larger)).await.map_err(Refusal::Log)?;
        }
        let command =
            SettingsCommand::SetMaxRecordSize { group: stream.group.0, kib, at: self.now().0 }
                .into();
        self.change(&stream, &command).await?;
        Ok(())
    }
}
