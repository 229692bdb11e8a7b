//! What a channel needs of whoever delivers its records.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use millstream_api::Error;
use millstream_catalog::{Channel, ChannelSettings};

/// A step that is under way.
pub type DeliveryStep<'a> = Pin<Box<dyn Future<Output = Result<(), DeliveryFailure>> + Send + 'a>>;

/// Delivers the records of channels. The lifecycle calls it, one step of a channel at a time; each step may be called
/// again after a crash, and must then come to the same.
pub trait Delivery: Send + Sync + 'static {
    /// Whether channels of these settings can be delivered at all: asked before one is made, with all that can be
    /// checked of the request itself checked already.
    fn accepts(&self, settings: &ChannelSettings) -> Result<(), Error>;

    /// Begins to deliver, from the records that arrive from now on; also after each start of the node, going on where
    /// delivery had come to.
    fn start(&self, channel: Arc<Channel>) -> DeliveryStep<'_>;

    /// Goes on with other settings: freshness and logs may have changed.
    fn update(&self, channel: Arc<Channel>) -> DeliveryStep<'_>;

    /// Ends for good. What was read and not delivered yet is delivered or given up, as the destination allows.
    fn stop(&self, channel: Arc<Channel>) -> DeliveryStep<'_>;
}

/// Why a step was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// It may come to something later: the step is tried again.
    Retry(String),
    /// It never will: the channel is FAILED, for the reason that its owner is shown.
    Final(String),
}

/// Delivers nothing, and says so before a channel is made.
#[derive(Debug, Default)]
pub struct NoDelivery;

impl NoDelivery {
    fn step(&self) -> DeliveryStep<'_> {
        // Not final: a server that delivers may come back to the same data.
        let why = "This server does not deliver channels.".to_owned();
        Box::pin(std::future::ready(Err(DeliveryFailure::Retry(why))))
    }
}

impl Delivery for NoDelivery {
    fn accepts(&self, _: &ChannelSettings) -> Result<(), Error> {
        Err(Error::invalid_argument(
            "S3DestinationConfiguration: the delivery of channels is not implemented.",
        ))
    }

    fn start(&self, _: Arc<Channel>) -> DeliveryStep<'_> {
        self.step()
    }

    fn update(&self, _: Arc<Channel>) -> DeliveryStep<'_> {
        self.step()
    }

    fn stop(&self, _: Arc<Channel>) -> DeliveryStep<'_> {
        // There is nothing to end: a channel that another configuration made can be deleted.
        Box::pin(std::future::ready(Ok(())))
    }
}
