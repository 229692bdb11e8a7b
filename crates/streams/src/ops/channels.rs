//! CreateChannel, DescribeChannel, UpdateChannel and DeleteChannel; ListChannels has a file of its own.

use std::sync::Arc;

use millstream_api::Error;
use millstream_api::ops::{
    CreateChannelInput, CreateChannelOutput, DeleteChannelInput, DescribeChannelInput,
    DescribeChannelOutput, UpdateChannelInput, UpdateChannelOutput,
};
use millstream_catalog::{
    Channel, ChannelCommand, ChannelRefusal, NewChannel, Refusal as Why, StreamMode,
};
use millstream_types::{ChannelArn, ChannelId, ResourceArn};

use crate::caller::Caller;
use crate::channels::{check_update, description_of, settings_of};
use crate::errors::{ChangeOf, Refusal};
use crate::rates::Call;
use crate::resource::own_resource;
use crate::service::Streams;
use crate::tags::check_tags;

/// Characters of a channel's id: those of a host's name, in which botocore puts it.
const ID_LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
/// Length of a channel's id: more than a hundred bits.
const ID_CHARS: usize = 20;

impl Streams {
    /// Makes a channel, CREATING; the lifecycle has its delivery started, and then it is ACTIVE.
    pub async fn create_channel(
        &self,
        caller: &Caller,
        input: CreateChannelInput,
    ) -> Result<CreateChannelOutput, Error> {
        let id = self.new_channel_id()?;
        let (region, account) = (caller.region.clone(), caller.account);
        let arn = ResourceArn::Channel(ChannelArn { region, account, id: id.clone() });
        caller.may("kinesis:CreateChannel", &arn)?;
        self.admit_call(Call::CreateChannel, caller, None)?;
        let settings = settings_of(&input, caller.account, &id)?;
        let tags = input.tags.clone().unwrap_or_default();
        if !tags.is_empty() {
            caller.may("kinesis:TagResource", &arn)?;
        }
        check_tags(&tags, self.limits.tags_max)?;
        let source = input.stream_configuration_list.first();
        let stream =
            self.resolve(caller, None, source.map(|source| source.stream_arn.as_str())).await?;
        self.require_active(&stream)?;
        let of = ChangeOf::Other(input.channel_name.clone());
        if stream.mode != StreamMode::OnDemand {
            return Err(of.refused(Why::Channel(ChannelRefusal::NotOnDemand)).into());
        }
        self.delivery.accepts(&settings)?;
        let command = ChannelCommand::Create(Box::new(NewChannel {
            group: stream.group.0,
            id: id.to_string(),
            name: input.channel_name,
            settings,
            tags,
            at: self.now().0,
            channels_max: self.limits.channels_max,
        }))
        .into();
        let channel = self.change_channel(&of, &command).await?;
        Ok(CreateChannelOutput { channel_description: description_of(&channel) })
    }

    /// Describes a channel.
    pub async fn describe_channel(
        &self,
        caller: &Caller,
        input: DescribeChannelInput,
    ) -> Result<DescribeChannelOutput, Error> {
        let channel = self.resolve_channel(caller, &input.channel_arn).await?;
        caller.may("kinesis:DescribeChannel", &channel.arn())?;
        self.admit_call(Call::DescribeChannel, caller, None)?;
        Ok(DescribeChannelOutput { channel_description: description_of(&channel) })
    }

    /// Changes freshness and logs of an ACTIVE channel.
    pub async fn update_channel(
        &self,
        caller: &Caller,
        input: UpdateChannelInput,
    ) -> Result<UpdateChannelOutput, Error> {
        let channel = self.resolve_channel(caller, &input.channel_arn).await?;
        caller.may("kinesis:UpdateChannel", &channel.arn())?;
        self.admit_call(Call::UpdateChannel, caller, None)?;
        let (freshness_seconds, logs) = check_update(
            &channel,
            input.s3_destination_configuration.as_ref(),
            input.logging_configuration.as_ref(),
        )?;
        let (id, at) = (channel.id.to_string(), self.now().0);
        let command = ChannelCommand::Update { id, freshness_seconds, logs, at }.into();
        let of = ChangeOf::Other(channel.arn().to_string());
        let channel = self.change_channel(&of, &command).await?;
        Ok(UpdateChannelOutput { channel_description: description_of(&channel) })
    }

    /// Deletes a channel, whatever it does; the lifecycle has its delivery stopped, and then it is gone.
    pub async fn delete_channel(
        &self,
        caller: &Caller,
        input: DeleteChannelInput,
    ) -> Result<(), Error> {
        let channel = self.resolve_channel(caller, &input.channel_arn).await?;
        caller.may("kinesis:DeleteChannel", &channel.arn())?;
        self.admit_call(Call::DeleteChannel, caller, None)?;
        let command =
            ChannelCommand::Delete { id: channel.id.to_string(), at: self.now().0 }.into();
        let of = ChangeOf::Other(channel.arn().to_string());
        self.change_channel(&of, &command).await?;
        Ok(())
    }

    /// The channel that an ARN names, of the caller's account and region.
    async fn resolve_channel(&self, caller: &Caller, text: &str) -> Result<Arc<Channel>, Refusal> {
        let ResourceArn::Channel(arn) = own_resource(caller, text)? else {
            return Err(Refusal::InvalidResourceArn { arn: text.to_owned() });
        };
        let find = || {
            let found = self.catalog.read(|state| state.channel(&arn.id).cloned());
            found.filter(|found| found.account == arn.account && found.region == arn.region)
        };
        if let Some(channel) = find() {
            return Ok(channel);
        }
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        find().ok_or_else(|| Refusal::ResourceNotFound { arn: text.to_owned() })
    }

    fn new_channel_id(&self) -> Result<ChannelId, Error> {
        let letter = |_| {
            let index = self.random.next_u64() % ID_LETTERS.len() as u64;
            char::from(ID_LETTERS[index as usize])
        };
        let id: String = (0..ID_CHARS).map(letter).collect();
        id.parse().map_err(|_| Refusal::Catalog("an id was not one".into()).into())
    }
}
