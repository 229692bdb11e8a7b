//! Objects in the built-in buckets, in this process.

use std::sync::Arc;

use millstream_buckets::limits::PUT_BYTES_MAX;
use millstream_buckets::{
    Asked, Attributes, BucketName, Condition, Encryption as AtRest, Error, Key, KeyError, KeyFault,
    KeyName, Role, Sealing, Store, Writer,
};
use millstream_firehose::settings::Encryption;
use millstream_firehose::sink::{Object, Put, Sender, SinkError};

use super::{failed, no_such_bucket, refused};

/// Bytes that are written at once.
const PIECE_BYTES: usize = 1 << 20;

/// The built-in buckets.
#[derive(Clone)]
pub(super) struct BuiltIn {
    pub store: Arc<Store>,
    pub create_buckets: bool,
    pub owners_only: bool,
}

impl BuiltIn {
    /// A bucket that does not exist is no reason to refuse: it may be made later, as with AWS.
    pub fn accepts(&self, bucket: &str, encryption: &Encryption) -> Result<(), String> {
        match encryption {
            Encryption::Kms(key) if KeyName::parse(key).is_err() => {
                return Err(format!("{key} is not the ARN, id or alias of a KMS key."));
            }
            Encryption::Kms(_) | Encryption::BucketDefault => {}
        }
        let name = bucket.parse::<BucketName>();
        name.map(|_| ()).map_err(|_| format!("{bucket} is not a valid name of a bucket."))
    }

    /// Writes an object, durably, unless it exists; encrypted as is asked for, else as the bucket has it by default.
    pub async fn put(&self, sender: &Sender, object: &Object) -> Result<Put, SinkError> {
        let bucket = &*object.bucket;
        let Ok(name) = bucket.parse::<BucketName>() else { return Err(no_such_bucket(bucket)) };
        let Ok(key) = object.key.parse::<Key>() else {
            return Err(refused("KeyTooLongError", "The key has more than 1024 bytes."));
        };
        let (this, by, of, into) = (self.clone(), sender.clone(), object.clone(), name.clone());
        blocking(move || this.check_bucket(&by, &of, &into)).await?;
        let writer = Writer { account: sender.account, region: sender.region.clone() };
        let encryption = match &object.encryption {
            Encryption::Kms(arn) => Some(AtRest::Kms(Some(arn.to_string()))),
            Encryption::BucketDefault => None,
        };
        let asked = Asked { encryption, bucket_key: None };
        let sealing = self.store.sealing(&writer, &name, &key, &asked).await;
        let sealing = sealing.map_err(|error| sink_error(&error, bucket))?;
        let (this, object) = (self.clone(), object.clone());
        blocking(move || this.write(&name, &key, &object, sealing.as_ref())).await
    }

    fn write(
        &self,
        bucket: &BucketName,
        key: &Key,
        object: &Object,
        sealing: Option<&Sealing>,
    ) -> Result<Put, SinkError> {
        let attributes = Attributes {
            content_type: Some(object.content_type.to_owned()),
            content_encoding: object.content_encoding.map(str::to_owned),
            storage_class: object
                .storage_class
                .filter(|class| *class != "STANDARD")
                .map(str::to_owned),
            ..Attributes::default()
        };
        let write = || -> Result<(), Error> {
            let staged = self.store.stage(bucket, PUT_BYTES_MAX)?;
            let mut staged = staged.sealed_with(sealing, Role::Object);
            object.body.chunks(PIECE_BYTES).try_for_each(|piece| staged.write(piece))?;
            self.store.publish(staged, key, attributes, None, &Condition::IfAbsent).map(|_| ())
        };
        match write() {
            Ok(()) => Ok(Put::Written),
            Err(Error::PreconditionFailed) => Ok(Put::Existed),
            Err(error) => Err(sink_error(&error, bucket.as_str())),
        }
    }

    /// That the bucket is there and may be written to.
    fn check_bucket(
        &self,
        sender: &Sender,
        object: &Object,
        name: &BucketName,
    ) -> Result<(), SinkError> {
        let bucket = name.as_str();
        let mut found = self.store.bucket(name);
        if self.create_buckets && matches!(found, Err(Error::NoSuchBucket)) {
            let made = self.store.create_bucket(name, Some(sender.account), &sender.region);
            made.map_err(|error| sink_error(&error, bucket))?;
            tracing::info!(bucket, "a delivery made a bucket, as create_buckets says");
            found = self.store.bucket(name);
        }
        let info = found.map_err(|error| sink_error(&error, bucket))?;
        let foreign = info.owner.is_some_and(|owner| owner != sender.account);
        if self.owners_only && foreign {
            let text =
                format!("Access was denied: the bucket {bucket} belongs to another account.");
            return Err(failed("AccessDenied", text));
        }
        // A bucket without an owner is everyone's.
        let expected = object.bucket_owner.as_deref();
        match (expected, info.owner) {
            (Some(expected), Some(owner)) if owner.to_string() != expected => Err(failed(
                "AccessDenied",
                format!("Access was denied: the bucket {bucket} does not belong to {expected}."),
            )),
            _ => Ok(()),
        }
    }
}

/// The file system blocks.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
) -> Result<T, SinkError> {
    let done = tokio::task::spawn_blocking(run).await;
    done.unwrap_or_else(|_| Err(failed("InternalError", "The write was not finished.")))
}

/// A master key's failure by S3's name. Limits have one of the guide to Firehose ("Amazon S3 data delivery errors").
fn key_error(error: &KeyError) -> SinkError {
    let code = match error.fault {
        KeyFault::NotFound => "KMS.NotFoundException",
        KeyFault::Disabled => "KMS.DisabledException",
        KeyFault::InvalidState => "KMS.KMSInvalidStateException",
        KeyFault::AccessDenied => "AccessDenied",
        KeyFault::OptInRequired => "KMS.OptInRequired",
        KeyFault::Throttled => "KMS.RequestLimitExceeded",
        KeyFault::Unavailable => "ServiceUnavailable",
    };
    failed(code, error.text.clone())
}

fn sink_error(error: &Error, bucket: &str) -> SinkError {
    match error {
        Error::Key(error) => key_error(error),
        Error::NoSuchBucket => no_such_bucket(bucket),
        Error::PathTooLong => refused("KeyTooLongError", error.to_string()),
        Error::TooLarge { .. } => refused("EntityTooLarge", error.to_string()),
        Error::NoSpace | Error::Busy | Error::Failed => {
            failed("ServiceUnavailable", error.to_string())
        }
        Error::BucketExists
        | Error::BucketNotEmpty
        | Error::TooMany { .. }
        | Error::NoSuchKey
        | Error::NoSuchUpload
        | Error::PreconditionFailed
        | Error::InvalidPart { .. }
        | Error::InvalidPartOrder
        | Error::PartTooSmall { .. }
        | Error::Sealed
        | Error::Damaged { .. }
        | Error::Format(_)
        | Error::Io { .. } => failed("InternalError", error.to_string()),
    }
}
