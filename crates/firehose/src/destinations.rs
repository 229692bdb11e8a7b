//! From a configuration to what is kept of it and to the settings of its pipeline: secrets are sealed and opened here,
//! and what is outside is asked whether it can do it.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{DeliveryDestination, DeliveryStream};
use millstream_types::{AccountId, DeliveryStreamArn, DeliveryStreamName, Region};
use millstream_vault::{Owner, Vault};

use crate::compiled::Compiled;
use crate::configuration::{Configuration, Home};
use crate::errors::Refusal;
use crate::quotas::CONFIGURATION_BYTES_MAX;
use crate::service::Firehose;
use crate::settings::{Context, Destination, ObjectTarget, Settings};
use crate::sink::{Sender, Sinks};

/// Whose a destination is.
#[derive(Clone, Debug)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The delivery stream's name.
    pub name: DeliveryStreamName,
}

impl Place {
    /// That of a delivery stream.
    pub fn of(stream: &DeliveryStream) -> Self {
        let (account, region, name) = (stream.account, stream.region.clone(), stream.name.clone());
        Place { account, region, name }
    }

    /// The ARN.
    pub fn arn(&self) -> DeliveryStreamArn {
        let Place { account, region, name } = self.clone();
        DeliveryStreamArn { region, account, name }
    }

    /// Whom keys are asked for.
    pub fn owner(&self) -> Owner {
        let (account, region) = (self.account, self.region.clone());
        Owner { account, region, context: self.arn().to_string() }
    }
}

impl Firehose {
    /// Checks a configuration and makes of it what is kept. `secret` is the one that the configuration before had.
    pub(crate) async fn kept(
        &self,
        place: &Place,
        mut configuration: Configuration,
        secret: Option<String>,
        context: &Context,
    ) -> Result<DeliveryDestination, Refusal> {
        configuration.fill(Home { account: place.account, region: &place.region });
        configuration.restore_secret(secret);
        let managed_secret = managed_secret(&*self.sinks, &configuration)?;
        let context = Context { managed_secret, ..context.clone() };
        let settings = Settings::of(&configuration, &context)?;
        self.require_possible(place, settings)?;
        let secret = match configuration.take_secret() {
            None => None,
            Some(secret) => {
                let sealed = self.vault.seal_secret(&place.owner(), secret.as_bytes()).await;
                Some(sealed.map_err(Refusal::Key)?)
            }
        };
        let document = configuration.document();
        if document.len() > CONFIGURATION_BYTES_MAX {
            return Err(Refusal::invalid(format!(
                "The destination's configuration has {} bytes: it must have at most {CONFIGURATION_BYTES_MAX}.",
                document.len()
            )));
        }
        Ok(DeliveryDestination { kind: configuration.kind(), document, secret })
    }

    /// Prepares settings as the pipeline will: whatever in them cannot be done is told before anything is kept. What is
    /// outside is asked whether it takes them.
    fn require_possible(&self, place: &Place, settings: Settings) -> Result<(), Refusal> {
        let objects = self.sinks.objects();
        let accepts = |target: &ObjectTarget| {
            objects.accepts(&target.bucket, &target.encryption).map_err(Refusal::Invalid)
        };
        match &settings.destination {
            Destination::Objects(target) => accepts(target)?,
            Destination::Records { staging, .. } => staging.iter().try_for_each(accepts)?,
        }
        accepts(&settings.errors.target)?;
        settings.backup.iter().try_for_each(|backup| accepts(&backup.target))?;
        if let Some(function) = &settings.processing.function {
            self.sinks.functions().accepts(&function.arn).map_err(Refusal::Invalid)?;
        }
        let sender = Sender {
            account: place.account,
            region: place.region.clone(),
            name: place.name.as_str().into(),
            arn: place.arn().to_string().into(),
            role_arn: settings.role_arn.clone(),
        };
        let no_channel: Arc<str> = "".into();
        let compiled = Compiled::new(Arc::new(settings), &sender, &no_channel, &*self.sinks);
        match compiled.map_err(Refusal::Invalid)?.refusal() {
            Some(why) => Err(Refusal::Invalid(why)),
            None => Ok(()),
        }
    }
}

/// The settings of a delivery stream's pipeline.
pub(crate) async fn settings_of(
    vault: &Vault,
    sinks: &dyn Sinks,
    stream: &DeliveryStream,
) -> Result<Arc<Settings>, Refusal> {
    let mut configuration = Configuration::of_document(&stream.destination)?;
    configuration.restore_secret(secret_of(vault, stream).await?);
    let managed_secret = managed_secret(sinks, &configuration)?;
    let context = Context::of(stream, managed_secret);
    Settings::of(&configuration, &context).map(Arc::new)
}

/// The secret of a delivery stream's configuration.
pub(crate) async fn secret_of(
    vault: &Vault,
    stream: &DeliveryStream,
) -> Result<Option<String>, Refusal> {
    let Some(sealed) = &stream.destination.secret else { return Ok(None) };
    let owner = Place::of(stream).owner();
    let secret = vault.open_secret(&owner, sealed).await.map_err(Refusal::Key)?;
    let text = String::from_utf8(secret);
    text.map(Some).map_err(|_| Refusal::Catalog("a secret is damaged".into()))
}

/// botocore, `SecretsManagerConfiguration`: the ARN is required if it is enabled.
fn managed_secret(
    sinks: &dyn Sinks,
    configuration: &Configuration,
) -> Result<Option<BTreeMap<String, String>>, Refusal> {
    let Some(managed) = configuration.secrets_manager() else { return Ok(None) };
    let arn = managed.secret_arn.as_deref().ok_or_else(|| {
        Refusal::invalid(
            "SecretsManagerConfiguration.SecretARN must be specified when Enabled is true.",
        )
    })?;
    let found = sinks.secret(arn);
    found
        .map(Some)
        .map_err(|why| Refusal::Invalid(format!("SecretsManagerConfiguration.SecretARN: {why}")))
}
