//! One step of a delivery stream's life.

use std::sync::Arc;

use millstream_catalog::{
    DeliveryFailure, DeliverySource, DeliveryStream, DeliveryStreamCommand, StreamStatus,
};
use millstream_log::GroupId;

use crate::destinations::settings_of;
use crate::errors::Refusal;
use crate::pipelines::PipelineFailure;
use crate::service::Firehose;

/// The failure code of what has no code of its own (botocore, `DeliveryStreamFailureType`).
const UNKNOWN_ERROR: &str = "UNKNOWN_ERROR";
/// Longest details of a failure, in characters (botocore, `NonEmptyString`).
const DETAILS_CHARS_MAX: usize = 1024;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// CREATING becomes ACTIVE, or CREATING_FAILED.
    Create,
    /// The pipeline of an ACTIVE one starts, after a start of the node.
    Start,
    /// The pipeline is told of a change.
    Update,
    /// The stream that was the source is gone, and another has its name.
    Rebind,
    /// ENABLING becomes ENABLED, DISABLING becomes DISABLED.
    Encrypt,
    /// DELETING becomes nothing, or DELETING_FAILED.
    Delete,
}

/// Why a step is not done.
#[derive(Debug)]
pub struct StepFailure {
    /// Whether it will not help to try it again.
    pub is_final: bool,
    /// For the log.
    pub text: String,
}

impl StepFailure {
    fn retry(text: impl Into<String>) -> Self {
        StepFailure { is_final: false, text: text.into() }
    }
}

impl From<Refusal> for StepFailure {
    fn from(refusal: Refusal) -> Self {
        let is_final = matches!(refusal, Refusal::Invalid(_) | Refusal::Key(_));
        StepFailure { is_final, text: millstream_api::Error::from(refusal).message.into_owned() }
    }
}

impl From<PipelineFailure> for StepFailure {
    fn from(failure: PipelineFailure) -> Self {
        match failure {
            PipelineFailure::Retry(text) => StepFailure { is_final: false, text },
            PipelineFailure::Final(text) => StepFailure { is_final: true, text },
        }
    }
}

impl Firehose {
    /// Does a step.
    pub(super) async fn do_step(
        &self,
        stream: &Arc<DeliveryStream>,
        step: Step,
    ) -> Result<(), StepFailure> {
        let group = stream.data_group.0;
        match step {
            Step::Create => {
                let failure = match self.start(stream).await {
                    Ok(()) => None,
                    Err(why) if why.is_final => Some(failure(&why.text)),
                    Err(why) => return Err(why),
                };
                let at = self.now().0;
                self.settle(stream, DeliveryStreamCommand::Settle { group, failure, at }).await
            }
            Step::Start => self.start(stream).await,
            Step::Update => {
                let settings = settings_of(&self.vault, &*self.sinks, stream).await?;
                Ok(self.pipelines.update(stream.clone(), settings).await?)
            }
            Step::Rebind => match self.successor(stream) {
                Some(stream_group) => {
                    let rebind = DeliveryStreamCommand::Rebind { group, stream: stream_group.0 };
                    self.settle(stream, rebind).await
                }
                None => Ok(()),
            },
            Step::Encrypt => {
                let at = self.now().0;
                self.settle(stream, DeliveryStreamCommand::SettleEncryption { group, at }).await
            }
            Step::Delete => self.delete(stream).await,
        }
    }

    /// The stream that has the ARN of the source, which is gone: Firehose knows its source by the ARN.
    pub(super) fn successor(&self, stream: &DeliveryStream) -> Option<GroupId> {
        let DeliverySource::KinesisStream(source) = &stream.source else { return None };
        if self.catalog.by_group(source.group).is_some() {
            return None;
        }
        let arn = &source.arn;
        let found = self.catalog.lookup(arn.account, &arn.region, &arn.name)?;
        matches!(found.status, StreamStatus::Active | StreamStatus::Updating).then_some(found.group)
    }

    async fn start(&self, stream: &Arc<DeliveryStream>) -> Result<(), StepFailure> {
        let settings = settings_of(&self.vault, &*self.sinks, stream).await?;
        Ok(self.pipelines.start(stream.clone(), settings).await?)
    }

    async fn delete(&self, stream: &Arc<DeliveryStream>) -> Result<(), StepFailure> {
        let group = stream.data_group.0;
        if let Err(why) = self.pipelines.stop(stream.clone()).await {
            let why = StepFailure::from(why);
            if !why.is_final {
                return Err(why);
            }
            let (failure, at) = (Some(failure(&why.text)), self.now().0);
            return self.settle(stream, DeliveryStreamCommand::Settle { group, failure, at }).await;
        }
        for logs in [stream.data_group, stream.state_group] {
            let deleted = self.log.delete(logs).await;
            deleted.map_err(|error| StepFailure::retry(format!("log: {error}")))?;
        }
        self.settle(stream, DeliveryStreamCommand::Remove { group }).await?;
        self.vault.forget(group);
        self.rates.forget(stream.data_group);
        Ok(())
    }

    async fn settle(
        &self,
        stream: &DeliveryStream,
        command: DeliveryStreamCommand,
    ) -> Result<(), StepFailure> {
        match self.change(&stream.name, stream.account, command).await {
            Ok(_) => Ok(()),
            // It was deleted, or settled by another node, meanwhile: the next pass sees what it is now.
            Err(why) => Err(StepFailure::retry(format!("{why:?}"))),
        }
    }
}

fn failure(text: &str) -> DeliveryFailure {
    let details: String = text.chars().take(DETAILS_CHARS_MAX).collect();
    let details =
        if details.trim().is_empty() { "Internal service failure.".into() } else { details };
    DeliveryFailure { code: UNKNOWN_ERROR.into(), details }
}
