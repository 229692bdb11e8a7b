//! From a configuration to what is kept of it and to the settings of its pipeline: secrets are sealed and opened here,
//! and what is outside is asked whether it can do it.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{DeliveryDestination, DeliveryStream};
use millstream_types::{AccountId, DeliveryStreamArn, DeliveryStreamName, Region};
use millstream_vault::{Owner, Vault};

use crate::configuration::{Configuration, Home};
use crate::errors::Refusal;
use crate::quotas::CONFIGURATION_BYTES_MAX;
use crate::settings::{Context, Destination, ObjectTarget, Settings};
use crate::sink::{Sender, Sinks};

/// What makes settings of configurations, and of settings what is kept.
#[derive(Clone)]
pub struct Destinations {
    vault: Arc<Vault>,
    sinks: Arc<dyn Sinks>,
}

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

impl Destinations {
    /// Secrets are the vault's to seal and to open; what is outside is asked whether it can do it.
    pub fn new(vault: Arc<Vault>, sinks: Arc<dyn Sinks>) -> Self {
        Destinations { vault, sinks }
    }

    /// Checks a configuration and makes of it what is kept. `secret` is the one that the configuration before had.
    pub(crate) async fn keep(
        &self,
        place: &Place,
        mut configuration: Configuration,
        secret: Option<String>,
        context: &Context,
    ) -> Result<DeliveryDestination, Refusal> {
        configuration.fill(Home { account: place.account, region: &place.region });
        configuration.restore_secret(secret);
        let managed_secret = self.managed_secret(&configuration)?;
        let context = Context { managed_secret, ..context.clone() };
        let settings = Settings::of(&configuration, &context)?;
        self.require_outside(place, &settings)?;
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

    /// The settings of a delivery stream's pipeline.
    pub(crate) async fn settings(
        &self,
        stream: &DeliveryStream,
    ) -> Result<Arc<Settings>, Refusal> {
        self.settings_as(stream, stream.version, &stream.destination).await
    }

    /// The settings of a delivery stream's pipeline by a destination that it had as of a version. The text says why
    /// there are none any more, such as a secret that is gone.
    pub async fn settings_of(
        &self,
        stream: &DeliveryStream,
        version: u64,
        destination: &DeliveryDestination,
    ) -> Result<Arc<Settings>, String> {
        let settings = self.settings_as(stream, version, destination).await;
        settings.map_err(|why| millstream_api::Error::from(why).message.into_owned())
    }

    async fn settings_as(
        &self,
        stream: &DeliveryStream,
        version: u64,
        destination: &DeliveryDestination,
    ) -> Result<Arc<Settings>, Refusal> {
        let mut configuration = Configuration::of_document(destination)?;
        configuration.restore_secret(self.open_secret(stream, destination).await?);
        let managed_secret = self.managed_secret(&configuration)?;
        let context = Context { version, ..Context::of(stream, managed_secret) };
        Settings::of(&configuration, &context).map(Arc::new)
    }

    /// The secret of a delivery stream's configuration.
    pub(crate) async fn open_secret(
        &self,
        stream: &DeliveryStream,
        destination: &DeliveryDestination,
    ) -> Result<Option<String>, Refusal> {
        let Some(sealed) = &destination.secret else { return Ok(None) };
        let owner = Place::of(stream).owner();
        let secret = self.vault.open_secret(&owner, sealed).await.map_err(Refusal::Key)?;
        let text = String::from_utf8(secret);
        text.map(Some).map_err(|_| Refusal::Catalog("a secret is damaged".into()))
    }

    /// botocore, `SecretsManagerConfiguration`: the ARN is required if it is enabled.
    fn managed_secret(
        &self,
        configuration: &Configuration,
    ) -> Result<Option<BTreeMap<String, String>>, Refusal> {
        let Some(managed) = configuration.secrets_manager() else { return Ok(None) };
        let arn = managed.secret_arn.as_deref().ok_or_else(|| {
            Refusal::invalid(
                "SecretsManagerConfiguration.SecretARN must be specified when Enabled is true.",
            )
        })?;
        let found = self.sinks.secret(arn);
        found.map(Some).map_err(|why| {
            Refusal::Invalid(format!("SecretsManagerConfiguration.SecretARN: {why}"))
        })
    }

    /// Asks what is outside whether it can do what the settings say.
    fn require_outside(&self, place: &Place, settings: &Settings) -> Result<(), Refusal> {
        let objects = self.sinks.objects();
        let accepts = |target: &ObjectTarget| {
            objects.accepts(&target.bucket, &target.encryption).map_err(Refusal::Invalid)
        };
        let sender = Sender {
            account: place.account,
            region: place.region.clone(),
            name: place.name.as_str().into(),
            arn: place.arn().to_string().into(),
            role_arn: settings.role_arn.clone(),
        };
        match &settings.destination {
            Destination::Objects(target) => {
                accepts(target)?;
                if let Some(conversion) = &target.conversion {
                    self.sinks.table(&conversion.table).map_err(Refusal::Invalid)?;
                }
            }
            Destination::Records { destination, staging, .. } => {
                if let Some(staging) = staging {
                    accepts(staging)?;
                }
                self.sinks.records(&sender, destination).map_err(Refusal::Invalid)?;
            }
        }
        accepts(&settings.errors.target)?;
        if let Some(backup) = &settings.backup {
            accepts(&backup.target)?;
        }
        if let Some(function) = &settings.processing.function {
            self.sinks.functions().accepts(&function.arn).map_err(Refusal::Invalid)?;
        }
        Ok(())
    }
}
