//! UpdateDestination.

use millstream_api::Error;
use millstream_api::firehose::{UpdateDestinationInput, UpdateDestinationOutput};
use millstream_catalog::{DeliveryStreamCommand, DeliveryStreamStatus};
use millstream_streams::Caller;

use crate::configuration::{Change, Configuration, of_update};
use crate::describe::DESTINATION_ID;
use crate::destinations::{Place, secret_of};
use crate::errors::Refusal;
use crate::rates::Call;
use crate::service::Firehose;
use crate::settings::Context;

impl Firehose {
    /// Changes the destination, if the version is still the one that the caller knows. It holds once the lifecycle has
    /// told the pipeline.
    pub async fn update_destination(
        &self,
        caller: &Caller,
        mut input: UpdateDestinationInput,
    ) -> Result<UpdateDestinationOutput, Error> {
        let stream = self.resolve(caller, &input.delivery_stream_name).await?;
        caller.may("firehose:UpdateDestination", &stream.arn())?;
        self.admit_call(Call::Update, caller)?;
        let (name, account, status) = (stream.name.clone(), stream.account, stream.status);
        if status != DeliveryStreamStatus::Active {
            return Err(Refusal::Status { name, account, status }.into());
        }
        let given = input.current_delivery_stream_version_id.clone();
        if given != stream.version.to_string() {
            let current = stream.version;
            return Err(Refusal::Version { name, current, given }.into());
        }
        if input.destination_id != DESTINATION_ID {
            let id = &input.destination_id;
            return Err(Refusal::Invalid(format!("Destination Id {id} not found")).into());
        }
        let change = Change::of_update(&mut input)?;
        let before = Configuration::of_document(&stream.destination)?;
        let kind = before.kind();
        let configuration = before.changed(change)?;
        // A secret belongs to the kind of destination that it was given for.
        let secret = match configuration.kind() == kind {
            true => secret_of(&self.vault, &stream).await?,
            false => None,
        };
        let context = Context { version: stream.version + 1, ..Context::of(&stream, None) };
        let place = Place::of(&stream);
        let destination = self.kept(&place, configuration, secret, &context).await;
        let destination = destination.map_err(of_update)?;
        let update = DeliveryStreamCommand::Update {
            group: stream.data_group.0,
            from: stream.version,
            destination: Box::new(destination),
            at: self.now().0,
        };
        self.change(&name, account, update).await?;
        Ok(UpdateDestinationOutput {})
    }
}
