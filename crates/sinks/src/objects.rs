//! Where objects go: the built-in buckets, or an endpoint that speaks S3, by the bucket's name.

mod built_in;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use millstream_buckets::Store;
use millstream_firehose::settings::Encryption;
use millstream_firehose::sink::{Object, ObjectStorage, Put, Sender, SinkError, SinkFuture, Then};

use built_in::BuiltIn;

/// `[destinations.s3]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectSettings {
    /// Whether a delivery makes a built-in bucket that does not exist. AWS does not.
    pub create_buckets: bool,
    /// Whether a built-in bucket takes objects of its owner's delivery streams only. Not so where anyone may be anyone.
    pub owners_only: bool,
}

/// All places for objects.
pub struct Objects {
    built_in: BuiltIn,
}

impl Objects {
    /// The built-in buckets of `store`, unless the settings have an endpoint for a bucket.
    pub fn new(settings: ObjectSettings, store: Arc<Store>) -> Self {
        let ObjectSettings { create_buckets, owners_only } = settings;
        Objects { built_in: BuiltIn { store, create_buckets, owners_only } }
    }
}

impl ObjectStorage for Objects {
    fn accepts(&self, bucket: &str, encryption: &Encryption) -> Result<(), String> {
        self.built_in.accepts(bucket, encryption)
    }

    fn put<'a>(
        &'a self,
        sender: &'a Sender,
        object: &'a Object,
    ) -> SinkFuture<'a, Result<Put, SinkError>> {
        Box::pin(self.built_in.put(sender, object))
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
