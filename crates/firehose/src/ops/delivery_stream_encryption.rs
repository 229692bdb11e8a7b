//! StartDeliveryStreamEncryption and StopDeliveryStreamEncryption. Each start makes a new data key.

use millstream_api::Error;
use millstream_api::firehose::{
    DeliveryStreamEncryptionConfigurationInput, KeyType, StartDeliveryStreamEncryptionInput,
    StartDeliveryStreamEncryptionOutput, StopDeliveryStreamEncryptionInput,
    StopDeliveryStreamEncryptionOutput,
};
use millstream_catalog::{
    DeliverySource, DeliveryStream, DeliveryStreamCommand, DeliveryStreamRefusal,
    DeliveryStreamStatus, WrappedKey,
};
use millstream_streams::Caller;
use millstream_vault::KeyName;

use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::Firehose;

impl Firehose {
    /// Encrypts what is put from when the lifecycle has made it ENABLED. A key that cannot be used is refused at once,
    /// so that it is never ENABLING_FAILED.
    pub async fn start_delivery_stream_encryption(
        &self,
        caller: &Caller,
        input: StartDeliveryStreamEncryptionInput,
    ) -> Result<StartDeliveryStreamEncryptionOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:StartDeliveryStreamEncryption", &stream.arn())?;
        self.admit_call(Call::StartEncryption, caller)?;
        let name = key_name(input.delivery_stream_encryption_configuration_input.as_ref())?;
        may_change(&stream)?;
        let key = self.vault.generate(&*stream, &name).await.map_err(Refusal::Key)?;
        self.set_encryption(&stream, Some(key)).await?;
        Ok(StartDeliveryStreamEncryptionOutput {})
    }

    /// Keeps what is put in the clear from when the lifecycle has made it DISABLED.
    pub async fn stop_delivery_stream_encryption(
        &self,
        caller: &Caller,
        input: StopDeliveryStreamEncryptionInput,
    ) -> Result<StopDeliveryStreamEncryptionOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:StopDeliveryStreamEncryption", &stream.arn())?;
        self.admit_call(Call::StopEncryption, caller)?;
        may_change(&stream)?;
        self.set_encryption(&stream, None).await?;
        Ok(StopDeliveryStreamEncryptionOutput {})
    }

    async fn set_encryption(
        &self,
        stream: &DeliveryStream,
        key: Option<WrappedKey>,
    ) -> Result<(), Refusal> {
        let calls_max = self.limits.firehose_encryption_changes_per_day;
        let (group, at) = (stream.data_group.0, self.now().0);
        let set = DeliveryStreamCommand::SetEncryption { group, key, at, calls_max };
        self.change(&stream.name, stream.account, set).await.map(drop)
    }
}

/// Before a key is asked for.
fn may_change(stream: &DeliveryStream) -> Result<(), Refusal> {
    let (name, account) = (stream.name.clone(), stream.account);
    if !matches!(stream.source, DeliverySource::DirectPut { .. }) {
        let why = DeliveryStreamRefusal::NotDirectPut.into();
        return Err(Refusal::Change { name, account, why });
    }
    match stream.status {
        DeliveryStreamStatus::Active => Ok(()),
        status => Err(Refusal::Status { name, account, status }),
    }
}

/// The master key that is meant: the service's own by default (botocore, `KeyType`).
pub(super) fn key_name(
    input: Option<&DeliveryStreamEncryptionConfigurationInput>,
) -> Result<KeyName, Refusal> {
    match input.map(|input| (input.key_type, &input.key_arn)) {
        None | Some((KeyType::AwsOwned, None)) => Ok(KeyName::service()),
        Some((KeyType::AwsOwned, Some(_))) => Err(Refusal::invalid(
            "KeyARN can be specified only if KeyType is CUSTOMER_MANAGED_CMK.",
        )),
        Some((KeyType::CustomerManaged, Some(arn))) => KeyName::parse(arn)
            .map_err(|_| Refusal::Invalid(format!("KeyARN {arn} is not the ARN of a key."))),
        Some((KeyType::CustomerManaged, None)) => {
            Err(Refusal::invalid("KeyARN must be specified if KeyType is CUSTOMER_MANAGED_CMK."))
        }
    }
}
