//! StartStreamEncryption and StopStreamEncryption.
//!
//! Each start makes a new data key, under the same master key too; what was written stays readable. Where the service's
//! answer is not known: `docs/decisions/0042-start-and-stop-of-encryption.md`.

use millstream_api::Error;
use millstream_api::ops::{StartStreamEncryptionInput, StopStreamEncryptionInput};
use millstream_api::shapes::EncryptionType;
use millstream_catalog::EncryptionCommand;
use millstream_vault::KeyName;

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::Streams;

impl Streams {
    /// Encrypts the stream's records from when it is ACTIVE again, with a new data key.
    pub async fn start_stream_encryption(
        &self,
        caller: &Caller,
        input: StartStreamEncryptionInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:StartStreamEncryption", &stream.arn())?;
        self.admit_call(Call::StartEncryption, caller, Some(&stream))?;
        let name = checked(input.encryption_type, &input.key_id)?;
        self.require_active(&stream)?;
        let key = self.vault.generate(&stream, &name).await.map_err(Refusal::Key)?;
        let starts_max = self.limits.encryption_starts_per_day;
        let (group, at) = (stream.group.0, self.now().0);
        self.change(&stream, &EncryptionCommand::Start { group, key, at, starts_max }.into())
            .await?;
        Ok(())
    }

    /// Writes the stream's records in the clear from when it is ACTIVE again. The key must be the one in use, by any of
    /// its names; its state does not matter.
    pub async fn stop_stream_encryption(
        &self,
        caller: &Caller,
        input: StopStreamEncryptionInput,
    ) -> Result<(), Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:StopStreamEncryption", &stream.arn())?;
        self.admit_call(Call::StopEncryption, caller, Some(&stream))?;
        let name = checked(input.encryption_type, &input.key_id)?;
        self.require_active(&stream)?;
        let of = || format!("stream {} under account {}", stream.name, stream.account);
        let Some(from) = stream.encryption.current else {
            return Err(Error::invalid_argument(format!(
                "Encryption of {} cannot be stopped: it is not encrypted.",
                of()
            )));
        };
        // The model lists no error of the key service for a stop: one that cannot answer is a failure of ours.
        if !self.vault.is_key_of(&stream, from, &name).await.map_err(Refusal::Key)? {
            return Err(Error::invalid_argument(format!(
                "The KeyId {name} is not that of the key with which {} is encrypted.",
                of()
            )));
        }
        let stops_max = self.limits.encryption_stops_per_day;
        let (group, at) = (stream.group.0, self.now().0);
        self.change(&stream, &EncryptionCommand::Stop { group, from, at, stops_max }.into())
            .await?;
        Ok(())
    }
}

/// botocore, both operations: "the only valid value is KMS".
fn checked(kind: EncryptionType, key_id: &str) -> Result<KeyName, Error> {
    match kind {
        EncryptionType::Kms => KeyName::parse(key_id).map_err(|_| {
            Error::invalid_argument("Received KeyId is not a properly formatted Alias or GUID")
        }),
        EncryptionType::None => {
            Err(Error::invalid_argument("The EncryptionType NONE is invalid: it must be KMS."))
        }
    }
}
