//! CreateDeliveryStream: CREATING at once; the lifecycle makes it ACTIVE.

use std::collections::BTreeMap;

use millstream_api::Error;
use millstream_api::firehose::{
    CreateDeliveryStreamInput, CreateDeliveryStreamOutput, DeliveryStreamType,
};
use millstream_catalog::{DeliveryStreamCommand, NewDeliverySource, NewDeliveryStream, Stream};
use millstream_streams::Caller;
use millstream_types::StreamArn;

use super::delivery_stream_encryption::key_name;
use super::delivery_stream_tags::tag_map;
use crate::configuration::Configuration;
use crate::destinations::Place;
use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::{Firehose, name_of};
use crate::settings::{Context, Source};

impl Firehose {
    /// Makes a delivery stream.
    pub async fn create_delivery_stream(
        &self,
        caller: &Caller,
        mut input: CreateDeliveryStreamInput,
    ) -> Result<CreateDeliveryStreamOutput, Error> {
        let name = name_of(&input.delivery_stream_name)?;
        let (account, region) = (caller.account, caller.region.clone());
        let place = Place { account, region: region.clone(), name: name.clone() };
        caller.may("firehose:CreateDeliveryStream", &place.arn())?;
        self.admit_call(Call::Create, caller)?;
        let tags = match input.tags.take() {
            Some(tags) => tag_map(tags)?,
            None => BTreeMap::new(),
        };
        let (source, of) = self.source(caller, &input)?;
        let configuration = Configuration::of_create(&mut input)?;
        let context = Context { version: 1, source: of, managed_secret: None };
        let destination = self.kept(&place, configuration, None, &context).await?;
        let key = match &input.delivery_stream_encryption_configuration_input {
            None => None,
            Some(_) if matches!(source, NewDeliverySource::KinesisStream { .. }) => {
                return Err(Refusal::invalid(
                    "DeliveryStreamEncryptionConfigurationInput can be specified only if DeliveryStreamType is \
                     DirectPut.",
                )
                .into());
            }
            Some(input) => {
                let key = self.vault.generate_for(&place.owner(), &key_name(Some(input))?).await;
                Some(key.map_err(Refusal::Key)?)
            }
        };
        let new = NewDeliveryStream {
            account: account.as_u64(),
            region: region.to_string(),
            name: name.to_string(),
            source,
            destination,
            tags,
            key,
            at: self.now().0,
            delivery_streams_max: self.limits.firehose_delivery_streams_max,
        };
        let made =
            self.change(&name, account, DeliveryStreamCommand::Create(Box::new(new))).await?;
        let arn = made.map(|stream| stream.arn().to_string());
        Ok(CreateDeliveryStreamOutput { delivery_stream_arn: arn })
    }

    /// Where records come from: the type and the configurations of sources must agree. AWS's text is quoted by its
    /// clients' reports.
    fn source(
        &self,
        caller: &Caller,
        input: &CreateDeliveryStreamInput,
    ) -> Result<(NewDeliverySource, Source), Refusal> {
        let (direct, kinesis) =
            (&input.direct_put_source_configuration, &input.kinesis_stream_source_configuration);
        match (input.delivery_stream_type, direct, kinesis) {
            (Some(DeliveryStreamType::DirectPut) | None, direct, None) => {
                let hint = direct.as_ref().map(|direct| direct.throughput_hint_in_mbs);
                let throughput_hint_mibps = hint.and_then(|hint| u32::try_from(hint).ok());
                Ok((NewDeliverySource::DirectPut { throughput_hint_mibps }, Source::DirectPut))
            }
            (Some(DeliveryStreamType::DirectPut) | None, _, Some(_)) => Err(Refusal::invalid(
                "KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type.",
            )),
            (Some(DeliveryStreamType::KinesisStreamAsSource), None, Some(kinesis)) => {
                let stream = self.source_stream(caller, &kinesis.kinesis_stream_arn)?;
                let of = Source::KinesisStream(stream.arn());
                let (role_arn, start) = (kinesis.role_arn.clone(), self.now().0);
                let group = stream.group.0;
                Ok((NewDeliverySource::KinesisStream { group, role_arn, start }, of))
            }
            (Some(DeliveryStreamType::KinesisStreamAsSource), Some(_), _) => Err(Refusal::invalid(
                "DirectPutSourceConfiguration is only applicable for DirectPut stream type.",
            )),
            (Some(DeliveryStreamType::KinesisStreamAsSource), None, None) => Err(Refusal::invalid(
                "KinesisStreamSourceConfiguration must be specified for KinesisStreamAsSource stream type.",
            )),
            (Some(DeliveryStreamType::MskAsSource), ..) => {
                Err(Refusal::invalid("DeliveryStreamType MSKAsSource is not supported."))
            }
            (Some(DeliveryStreamType::DatabaseAsSource), ..) => {
                Err(Refusal::invalid("DeliveryStreamType DatabaseAsSource is not supported."))
            }
        }
    }

    /// A stream of the caller's account and region.
    fn source_stream(&self, caller: &Caller, arn: &str) -> Result<std::sync::Arc<Stream>, Refusal> {
        let wrong = || {
            Refusal::Invalid(format!(
                "KinesisStreamARN {arn} is not that of a stream of the account {} in {}.",
                caller.account, caller.region
            ))
        };
        let parsed: StreamArn = arn.parse().map_err(|_| wrong())?;
        if (parsed.account, &parsed.region) != (caller.account, &caller.region) {
            return Err(wrong());
        }
        self.catalog.lookup(parsed.account, &parsed.region, &parsed.name).ok_or_else(wrong)
    }
}
