//! One request of S3, once it is known who asks for what.

use std::sync::Arc;

use hyper::Response;
use hyper::header::HeaderMap;
use millstream_buckets::{BucketInfo, BucketName, Key, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{S3Error, S3Result};
use super::headers::text;
use super::operation::Operation;
use super::receive::Receiver;
use super::send::Place;
use super::target::{Query, Target};
use super::{ObjectFace, TURN_TIMEOUT, blocking};
use crate::body::ReplyBody;
use crate::signature::Identity;

/// A request.
pub(crate) struct Ask<'a> {
    pub face: &'a ObjectFace,
    pub identity: Identity,
    /// Whether a bucket is its owner's alone.
    pub owners_only: bool,
    pub target: Target,
    pub query: Query,
    pub headers: &'a HeaderMap,
}

impl Ask<'_> {
    /// Does what is asked.
    pub async fn answer(
        &self,
        operation: Operation,
        body: Receiver,
    ) -> S3Result<Response<ReplyBody>> {
        use Operation::*;
        match operation {
            ListBuckets => self.list_buckets().await,
            CreateBucket => self.create_bucket(body).await,
            HeadBucket => self.head_bucket().await,
            DeleteBucket => self.delete_bucket().await,
            GetBucketLocation => self.get_bucket_location().await,
            GetBucketVersioning => self.get_bucket_versioning().await,
            GetBucketEncryption => self.get_bucket_encryption().await,
            PutBucketEncryption => self.put_bucket_encryption(body).await,
            DeleteBucketEncryption => self.delete_bucket_encryption().await,
            ListObjects => self.list_objects().await,
            ListObjectsV2 => self.list_objects_v2().await,
            ListMultipartUploads => self.list_uploads().await,
            DeleteObjects => self.delete_objects(body).await,
            GetObject => self.get_object(true).await,
            HeadObject => self.get_object(false).await,
            GetObjectTagging => self.get_object_tagging().await,
            PutObject => self.put_object(body).await,
            CopyObject => self.copy_object().await,
            DeleteObject => self.delete_object().await,
            CreateMultipartUpload => self.create_upload().await,
            UploadPart => self.upload_part(body).await,
            UploadPartCopy => self.upload_part_copy().await,
            CompleteMultipartUpload => self.complete_upload(body).await,
            AbortMultipartUpload => self.abort_upload().await,
            ListParts => self.list_parts().await,
        }
    }

    pub fn store(&self) -> Arc<Store> {
        self.face.store.clone()
    }

    /// The bucket's name.
    pub fn bucket_name(&self) -> S3Result<BucketName> {
        match &self.target {
            Target::Bucket(bucket) | Target::Object(bucket, _) => Ok(bucket.clone()),
            Target::Service => {
                Err(S3Error::bad("InvalidBucketName", "The specified bucket is not valid."))
            }
        }
    }

    /// The bucket, if whoever asks may use it.
    pub async fn bucket(&self) -> S3Result<BucketInfo> {
        let expected = text(self.headers, "x-amz-expected-bucket-owner");
        self.usable(self.bucket_name()?, expected).await
    }

    /// The object's bucket and key, if whoever asks may use it.
    pub async fn object(&self) -> S3Result<(BucketName, Key)> {
        let bucket = self.bucket().await?;
        match &self.target {
            Target::Object(_, key) => Ok((bucket.name, key.clone())),
            Target::Service | Target::Bucket(_) => {
                Err(S3Error::bad("InvalidRequest", "A key must not be empty."))
            }
        }
    }

    /// A bucket, if whoever asks may use it, and it belongs to whom it is expected to.
    pub async fn usable(&self, name: BucketName, expected: Option<&str>) -> S3Result<BucketInfo> {
        let store = self.store();
        let info = blocking(move || Ok(store.bucket(&name)?)).await?;
        let foreign = info.owner.is_some_and(|owner| owner != self.identity.account);
        // A bucket without an owner is everyone's.
        let other = match (expected, info.owner) {
            (Some(expected), Some(owner)) => owner.to_string() != expected,
            _ => false,
        };
        if (self.owners_only && foreign) || other {
            return Err(S3Error::denied("Access Denied"));
        }
        Ok(info)
    }

    /// Waits for a place among those who are sent an object.
    pub async fn place_to_send(&self) -> S3Result<Place> {
        let place = self.face.sending.take().await.ok_or_else(S3Error::slow_down)?;
        Ok(Place { place, turns: self.face.reading.clone() })
    }

    /// Waits for the turn to receive an object.
    pub async fn turn_to_receive(&self) -> S3Result<OwnedSemaphorePermit> {
        turn(&self.face.receiving).await
    }
}

async fn turn(semaphore: &Arc<Semaphore>) -> S3Result<OwnedSemaphorePermit> {
    let permit = tokio::time::timeout(TURN_TIMEOUT, semaphore.clone().acquire_owned()).await;
    permit.ok().and_then(Result::ok).ok_or_else(S3Error::slow_down)
}
