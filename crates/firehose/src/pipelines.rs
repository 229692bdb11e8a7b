//! The seam between a delivery stream's life and its pipeline.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use millstream_catalog::DeliveryStream;
use millstream_log::GroupId;
use tokio::sync::watch;

use crate::runtime::Pipeline;
use crate::settings::Settings;

/// What the calls of [`Pipelines`] return.
pub type PipelineFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(), PipelineFailure>> + Send + 'a>>;

/// What makes delivery streams deliver. The lifecycle calls it, for one delivery stream one call at a time; each call
/// may be made twice, since what is unfinished is taken up again after a crash.
pub trait Pipelines: Send + Sync {
    /// Makes the logs of a delivery stream unless they are there, and begins to deliver. Called for one that is
    /// CREATING, which is ACTIVE afterwards, and for each ACTIVE one after the start of the node.
    fn start<'a>(
        &'a self,
        stream: Arc<DeliveryStream>,
        settings: Arc<Settings>,
    ) -> PipelineFuture<'a>;
    /// A delivery stream that was started has another configuration, or another encryption. What is planned keeps the
    /// configuration that it was planned with.
    fn update<'a>(
        &'a self,
        stream: Arc<DeliveryStream>,
        settings: Arc<Settings>,
    ) -> PipelineFuture<'a>;
    /// Ends the delivery of a delivery stream that is DELETING, started or not, and throws away what is undelivered,
    /// counted and logged. Once it has ended nothing uses the logs of its two groups any more: they are deleted next.
    fn stop<'a>(&'a self, stream: Arc<DeliveryStream>) -> PipelineFuture<'a>;
    /// The pipeline of a delivery stream by the group of its data logs, while it is at work: where puts go.
    fn pipeline(&self, data_group: GroupId) -> Option<Arc<Pipeline>>;
    /// Changes whenever a pipeline has come to work.
    fn started(&self) -> watch::Receiver<()>;
}

/// Why a pipeline could not do what it was told. The text is for people: it holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineFailure {
    /// It is to be told again.
    Retry(String),
    /// It will never be able to.
    Final(String),
}
