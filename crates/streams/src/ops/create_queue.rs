//! CreateQueue: the queue is there, CREATING; the lifecycle fixes where it begins and then it is ACTIVE.

use millstream_api::Error;
use millstream_api::ops::{
    CreateQueueInput, CreateQueueOutput, DeadLetterConfiguration, QueueStartingPosition,
    QueueStartingPositionType, TargetType,
};
use millstream_catalog::{NewQueue, QueueCommand, QueueStart};
use millstream_types::{QueueArn, QueueId, QueueName};

use crate::caller::Caller;
use crate::describe::queue_of;
use crate::limits::{RECEIVES_MAX_DEFAULT, VISIBILITY_SECONDS_DEFAULT};
use crate::rates::Call;
use crate::service::Streams;
use crate::tags::check_tags;

impl Streams {
    /// Makes a queue on a stream of on-demand mode.
    pub async fn create_queue(
        &self,
        caller: &Caller,
        input: CreateQueueInput,
    ) -> Result<CreateQueueOutput, Error> {
        let name: QueueName = input.queue_name.parse().map_err(|_| {
            Error::validation(format!("The queue name {} is not valid.", input.queue_name))
        })?;
        let id = QueueId::generate(&*self.random);
        let (region, account) = (caller.region.clone(), caller.account);
        caller
            .may_on_queue("kinesis:CreateQueue", &QueueArn { region, account, id: id.clone() })?;
        self.admit_call(Call::CreateQueue, caller, None)?;
        let [configuration] = &input.stream_configuration_list[..] else {
            return Err(Error::validation(
                "StreamConfigurationList must contain exactly one entry.",
            ));
        };
        let start = start_of(configuration.starting_position.as_ref())?;
        let tags = input.tags.unwrap_or_default();
        check_tags(&tags, self.limits.tags_max)?;
        let attributes = input.queue_attributes;
        let visibility = attributes.as_ref().and_then(|a| a.visibility_timeout_seconds);
        let dead_letters = attributes.as_ref().and_then(|a| a.dead_letter_configuration.as_ref());
        let receives_max = dead_letters.map(receives_max).transpose()?;
        let stream = self.resolve(caller, None, Some(&configuration.stream_arn)).await?;
        let command = QueueCommand::Create(NewQueue {
            account: caller.account.as_u64(),
            region: caller.region.to_string(),
            name: name.to_string(),
            id: id.to_string(),
            stream: stream.group.0,
            start: start.stored(),
            visibility_seconds: visibility.map_or(VISIBILITY_SECONDS_DEFAULT, |s| s as u32),
            receives_max: receives_max.unwrap_or(RECEIVES_MAX_DEFAULT),
            tags,
            at: self.now().0,
            readers_max: self.stream_readers_max(caller),
            creating_max: self.limits.changing_queues_max,
        })
        .into();
        let queue = self.change_queue(caller.account, &command).await?;
        Ok(CreateQueueOutput { queue_description: queue_of(&queue) })
    }
}

/// Where a queue begins. A time belongs to AT_TIMESTAMP alone (botocore, `QueueStartingPosition`).
fn start_of(position: Option<&QueueStartingPosition>) -> Result<QueueStart, Error> {
    let Some(QueueStartingPosition { kind, timestamp }) = position else {
        return Ok(QueueStart::Latest);
    };
    match (kind, timestamp) {
        (QueueStartingPositionType::AtTimestamp, Some(at)) => Ok(QueueStart::AtTimestamp(*at)),
        (QueueStartingPositionType::AtTimestamp, None) => Err(Error::validation(
            "StartingPosition: Timestamp is required when Type is AT_TIMESTAMP.",
        )),
        (QueueStartingPositionType::TrimHorizon, None) => Ok(QueueStart::TrimHorizon),
        (QueueStartingPositionType::Latest, None) => Ok(QueueStart::Latest),
        (QueueStartingPositionType::TrimHorizon | QueueStartingPositionType::Latest, Some(_)) => {
            Err(Error::validation(
                "StartingPosition: Timestamp can be specified only when Type is AT_TIMESTAMP.",
            ))
        }
    }
}

/// After how many receives a record is a dead letter; 0 for never.
pub(super) fn receives_max(dead_letters: &DeadLetterConfiguration) -> Result<u32, Error> {
    match (dead_letters.target_type, dead_letters.max_receive_count) {
        (TargetType::BuiltIn, Some(count)) => Ok(count as u32),
        (TargetType::BuiltIn, None) => Err(Error::validation(
            "DeadLetterConfiguration: MaxReceiveCount is required when TargetType is BUILT_IN.",
        )),
        (TargetType::None, None) => Ok(0),
        (TargetType::None, Some(_)) => Err(Error::validation(
            "DeadLetterConfiguration: MaxReceiveCount has no meaning when TargetType is NONE.",
        )),
    }
}
