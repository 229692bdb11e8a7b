//! The service and what it stands on.

use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{Catalog, Command, DeliveryStream, Outcome};
use millstream_counters::Counter;
use millstream_log::{GroupId, Log};
use millstream_streams::Caller;
use millstream_types::{AccountId, Clock, DeliveryStreamName, Millis};
use millstream_vault::Vault;
use tokio::sync::watch;

use crate::counted::ControlCalls;
use crate::errors::Refusal;
use crate::pipelines::Pipelines;
use crate::quotas::Limits;
use crate::rates::Rates;
use crate::runtime::Pipeline;
use crate::sink::Sinks;

/// How long a request waits for a pipeline that is about to start.
const PIPELINE_WAIT: Duration = Duration::from_secs(5);

/// What the service is built from.
pub struct Parts {
    /// Delivery streams.
    pub catalog: Arc<Catalog>,
    /// Their logs.
    pub log: Arc<dyn Log>,
    /// Service time.
    pub clock: Arc<dyn Clock>,
    /// Keys and secrets.
    pub vault: Arc<Vault>,
    /// Destinations and functions.
    pub sinks: Arc<dyn Sinks>,
    /// What delivers.
    pub pipelines: Arc<dyn Pipelines>,
    /// Quotas and rates.
    pub limits: Limits,
}

/// Data Firehose.
pub struct Firehose {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) sinks: Arc<dyn Sinks>,
    pub(crate) pipelines: Arc<dyn Pipelines>,
    pub(crate) limits: Limits,
    pub(crate) rates: Rates,
    /// Calls of the control plane.
    pub(crate) calls: ControlCalls,
    /// Steps of the lifecycle that failed and are tried again.
    pub(crate) lifecycle_failures: Counter,
    /// Changes whenever service time was moved by hand.
    jumps: watch::Receiver<()>,
}

impl Firehose {
    /// The service.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { catalog, log, clock, vault, sinks, pipelines, limits } = parts;
        let (jumped, jumps) = watch::channel(());
        clock.on_jump(Box::new(move || jumped.send_modify(|()| {})));
        Arc::new(Firehose {
            catalog,
            log,
            clock,
            vault,
            sinks,
            pipelines,
            limits,
            rates: Rates::default(),
            calls: ControlCalls::default(),
            lifecycle_failures: Counter::new(),
            jumps,
        })
    }

    /// Service time.
    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Changes whenever service time was moved by hand. Marked as seen at the moment of the call.
    pub(crate) fn jumps(&self) -> watch::Receiver<()> {
        let mut jumps = self.jumps.clone();
        jumps.mark_unchanged();
        jumps
    }

    /// The delivery stream that a request names, in the caller's account and region.
    pub(crate) async fn resolve(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<Arc<DeliveryStream>, Refusal> {
        let name = name_of(name)?;
        let found = self.catalog.find_delivery_stream(caller.account, &caller.region, &name).await;
        found?.ok_or_else(|| {
            let (account, region) = (caller.account, &caller.region);
            let elsewhere = self
                .catalog
                .read(|state| state.delivery_streams().elsewhere(account, region, &name));
            Refusal::NotFound { name, account, elsewhere }
        })
    }

    /// The pipeline of a delivery stream or channel, by its group. Right after the start of the node it may not be at
    /// work yet: it is waited for.
    pub(crate) async fn pipeline_of(&self, data_group: GroupId) -> Option<Arc<Pipeline>> {
        let at_work = || self.pipelines.pipeline(data_group);
        // Most often it is there, and no timer is needed.
        if let Some(pipeline) = at_work() {
            return Some(pipeline);
        }
        let mut started = self.pipelines.started();
        let found = async {
            loop {
                started.mark_unchanged();
                match at_work() {
                    Some(pipeline) => return Some(pipeline),
                    None => started.changed().await.ok()?,
                }
            }
        };
        tokio::time::timeout(PIPELINE_WAIT, found).await.ok().flatten()
    }

    /// Sends a command about a delivery stream; the delivery stream as it is afterwards, if it still is.
    pub(crate) async fn change(
        &self,
        name: &DeliveryStreamName,
        account: AccountId,
        command: impl Into<Command>,
    ) -> Result<Option<Arc<DeliveryStream>>, Refusal> {
        match self.catalog.submit(&command.into()).await? {
            Outcome::DeliveryStream(stream) => Ok(Some(stream)),
            Outcome::Refused(why) => Err(Refusal::Change { name: name.clone(), account, why }),
            Outcome::Done | Outcome::Stream(_) | Outcome::Channel(_) | Outcome::Queue(_) => {
                Ok(None)
            }
        }
    }
}

/// The model's pattern for names is the type's own, so a name that came through the wire parses.
pub(crate) fn name_of(name: &str) -> Result<DeliveryStreamName, Refusal> {
    name.parse().map_err(|_| Refusal::invalid("DeliveryStreamName is not a name."))
}
