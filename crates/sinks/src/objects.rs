//! Where objects go: the built-in buckets, or an endpoint that speaks S3, by the bucket's name.

mod built_in;
mod external;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::Uri;
use millstream_buckets::Store;
use millstream_firehose::settings::Encryption;
use millstream_firehose::sink::{Object, ObjectStorage, Put, Sender, SinkError, SinkFuture, Then};
use millstream_types::Clock;

use crate::Identity;
use crate::outbound::Outbound;
use built_in::BuiltIn;
use external::External;

/// `[destinations.s3]` of the configuration. It has no `Debug`, since it holds secrets.
#[derive(Clone, Default)]
pub struct ObjectSettings {
    /// Whether a delivery makes a built-in bucket that does not exist. AWS does not.
    pub create_buckets: bool,
    /// Whether a built-in bucket takes objects of its owner's delivery streams only. Not so where anyone may be anyone.
    pub owners_only: bool,
    /// Endpoints for buckets that are not built in. The first that names a bucket has it.
    pub endpoints: Vec<EndpointSettings>,
}

/// An endpoint that speaks S3.
#[derive(Clone)]
pub struct EndpointSettings {
    /// The names of its buckets; `*` stands for any characters.
    pub buckets: Vec<String>,
    /// Where it is.
    pub url: Uri,
    /// What requests are signed with; they are not signed if absent.
    pub identity: Option<Identity>,
    /// Whether the bucket is in the path and not in the host's name.
    pub path_style: bool,
}

/// All places for objects.
pub struct Objects {
    built_in: BuiltIn,
    external: Vec<External>,
}

impl Objects {
    /// The built-in buckets of `store`, and the endpoints of the settings, which `outbound` connects to; `clock` is the
    /// machine's, for signatures. The error says which endpoint cannot be used and why.
    pub fn new(
        settings: ObjectSettings,
        store: Arc<Store>,
        outbound: Arc<Outbound>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let ObjectSettings { create_buckets, owners_only, endpoints } = settings;
        let external = endpoints
            .into_iter()
            .map(|endpoint| External::new(endpoint, outbound.clone(), clock.clone()));
        Ok(Objects {
            built_in: BuiltIn { store, create_buckets, owners_only },
            external: external.collect::<Result<_, _>>()?,
        })
    }

    fn external(&self, bucket: &str) -> Option<&External> {
        self.external.iter().find(|endpoint| endpoint.has(bucket))
    }
}

impl ObjectStorage for Objects {
    fn accepts(&self, bucket: &str, encryption: &Encryption) -> Result<(), String> {
        match self.external(bucket) {
            // What it can do, only it knows.
            Some(_) => Ok(()),
            None => self.built_in.accepts(bucket, encryption),
        }
    }

    fn is_outward(&self, bucket: &str) -> bool {
        self.external(bucket).is_some()
    }

    fn put<'a>(
        &'a self,
        sender: &'a Sender,
        object: &'a Object,
    ) -> SinkFuture<'a, Result<Put, SinkError>> {
        match self.external(&object.bucket) {
            Some(endpoint) => Box::pin(endpoint.put(sender, object)),
            None => Box::pin(self.built_in.put(sender, object)),
        }
    }
}

/// An error of S3 as the delivery logs name it; AWS tries again for as long as it keeps the records.
fn failed(code: &str, message: impl Into<String>) -> SinkError {
    SinkError { code: format!("S3.{code}"), message: message.into(), then: Then::Retry }
}

/// An error that no attempt can end differently.
fn refused(code: &str, message: impl Into<String>) -> SinkError {
    SinkError { then: Then::GiveUp, ..failed(code, message) }
}

/// `S3.NoSuchBucket`, as the guide to Firehose explains it.
fn no_such_bucket(bucket: &str) -> SinkError {
    failed(
        "NoSuchBucket",
        format!(
            "The specified bucket {bucket} does not exist. Create the bucket or use a different \
             bucket that does exist."
        ),
    )
}
