//! The destination of a configuration that takes records, with its secret as it is now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::settings::{Destination, RecordDestination, Settings};
use crate::sink::{Parcel, RecordSink, RefusedRecord, Sender, SinkError, SinkFuture, Sinks, Then};

/// The code of attempts at a destination that the configuration of the server refuses by now.
const REFUSED: &str = "Delivery.DestinationRefused";

/// A destination that takes records.
pub struct Recipient {
    sender: Sender,
    /// The secret in Secrets Manager that it is reached with.
    secret: Option<Arc<str>>,
    current: Mutex<Current>,
}

/// What it is made of now.
struct Current {
    destination: RecordDestination,
    sink: Arc<dyn RecordSink>,
    /// Why it cannot be made, if so.
    refusal: Option<String>,
}

impl Current {
    fn new(sinks: &dyn Sinks, sender: &Sender, destination: RecordDestination) -> Self {
        match sinks.records(sender, &destination) {
            Ok(sink) => Current { destination, sink, refusal: None },
            Err(why) => {
                let sink = Arc::new(Refused(why.clone()));
                Current { destination, sink, refusal: Some(why) }
            }
        }
    }
}

impl Recipient {
    /// None where records go to a bucket.
    pub fn of(settings: &Settings, sender: &Sender, sinks: &dyn Sinks) -> Option<Self> {
        let Destination::Records { destination, secret, .. } = &settings.destination else {
            return None;
        };
        let current = Current::new(sinks, sender, destination.clone());
        let (sender, secret) = (sender.clone(), secret.clone());
        Some(Recipient { sender, secret, current: Mutex::new(current) })
    }

    /// Why nothing can be delivered to it, if so.
    pub fn refusal(&self) -> Option<String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).refusal.clone()
    }

    /// What delivers to it, where nothing has to be looked at again.
    pub fn at_hand(&self) -> Option<Arc<dyn RecordSink>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_final = self.secret.is_none() && current.refusal.is_none();
        is_final.then(|| current.sink.clone())
    }

    /// What delivers to it now. The secret is looked at again, since it may have been rotated (developer guide, "Use
    /// the secret": within ten minutes); one that cannot be used changes nothing. What was refused is tried again,
    /// too. May read a file.
    pub fn sink(&self, sinks: &dyn Sinks) -> Arc<dyn RecordSink> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let destination = match self.secret.as_deref().map(|arn| sinks.secret(arn)) {
            None => current.destination.clone(),
            Some(members) => {
                let changed = members.and_then(|it| with_secret(&current.destination, &it));
                changed.unwrap_or_else(|why| {
                    tracing::warn!(
                        name = %self.sender.name, %why,
                        "a secret cannot be read again; its last members stay"
                    );
                    current.destination.clone()
                })
            }
        };
        if destination != current.destination || current.refusal.is_some() {
            let next = Current::new(sinks, &self.sender, destination);
            // A secret that cannot be sent does not replace one that could.
            if next.refusal.is_none() || current.refusal.is_some() {
                *current = next;
            }
        }
        current.sink.clone()
    }
}

fn with_secret(
    destination: &RecordDestination,
    members: &BTreeMap<String, String>,
) -> Result<RecordDestination, String> {
    let changed = destination.with_secret(members);
    changed.map_err(|refusal| millstream_api::Error::from(refusal).message.into_owned())
}

/// In the place of a destination that the server's configuration refuses: every attempt fails, until it does no more or
/// the time of retries is over. Nothing else of the delivery stream stops for it.
struct Refused(String);

impl RecordSink for Refused {
    fn deliver<'a>(
        &'a self,
        _: &'a Parcel,
    ) -> SinkFuture<'a, Result<Vec<RefusedRecord>, SinkError>> {
        let (code, message) = (REFUSED.to_owned(), self.0.clone());
        let refused = SinkError { code, message, then: Then::Retry };
        Box::pin(std::future::ready(Err(refused)))
    }
}
