//! Buckets: ListBuckets, CreateBucket, HeadBucket, DeleteBucket, and what is asked of them.

use hyper::{Response, StatusCode};
use millstream_buckets::{BucketInfo, Created};
use millstream_types::Region;

use super::ask::Ask;
use super::dates;
use super::error::{S3Error, S3Result};
use super::headers::add;
use super::receive::Receiver;
use super::xml_write::Document;
use super::{blocking, document_reply, empty_reply, xml_read};
use crate::body::ReplyBody;

/// Largest CreateBucketConfiguration.
const CONFIGURATION_BYTES_MAX: usize = 64 * 1024;
/// The region that a location constraint does not name, and in which a bucket may be made again.
const US_EAST_1: &str = "us-east-1";

impl Ask<'_> {
    pub(super) async fn list_buckets(&self) -> S3Result<Response<ReplyBody>> {
        let store = self.store();
        let all = blocking(move || Ok(store.buckets())).await?;
        let max = self.query.number("max-buckets")?.map_or(usize::MAX, |max| max as usize);
        let after = self.query.text_or_empty("continuation-token");
        let prefix = self.query.text_or_empty("prefix");
        let region = self.query.text("bucket-region");
        let own = |info: &BucketInfo| {
            let name = info.name.as_str();
            let usable = info.owner.is_none_or(|owner| owner == self.identity.account);
            (usable || !self.owners_only)
                && name > after
                && name.starts_with(prefix)
                && region.is_none_or(|region| region == info.region.as_str())
        };
        let mut found: Vec<BucketInfo> = all.into_iter().filter(own).collect();
        let truncated = found.len() > max;
        found.truncate(max);
        let mut document = Document::new("ListAllMyBucketsResult");
        owner(&mut document, &self.identity.account.to_string());
        document.open("Buckets");
        for bucket in &found {
            document
                .open("Bucket")
                .element("Name", &bucket.name)
                .element("CreationDate", dates::iso(bucket.created))
                .element("BucketRegion", &bucket.region)
                .close();
        }
        document.close();
        let next = found.last().filter(|_| truncated);
        document.optional("ContinuationToken", next.map(|bucket| &bucket.name));
        Ok(document_reply(document))
    }

    pub(super) async fn create_bucket(&self, body: Receiver) -> S3Result<Response<ReplyBody>> {
        let name = self.bucket_name()?;
        let region = self.location(&body.read(CONFIGURATION_BYTES_MAX).await?)?;
        let (store, account) = (self.store(), self.identity.account);
        let (bucket, place) = (name.clone(), region.clone());
        let (created, info) = blocking(move || {
            let created = store.create_bucket(&bucket, Some(account), &place)?;
            Ok((created, store.bucket(&bucket)?))
        })
        .await?;
        let own = info.owner == Some(account);
        match created {
            Created::Existed if !own => {
                return Err(millstream_buckets::Error::BucketExists.into());
            }
            Created::Existed if region.as_str() != US_EAST_1 => {
                let text = "Your previous request to create the named bucket succeeded and you already own it.";
                let error = S3Error::new("BucketAlreadyOwnedByYou", StatusCode::CONFLICT, text);
                return Err(error.with("BucketName", name.as_str()));
            }
            Created::Existed | Created::Made => {}
        }
        let mut reply = empty_reply(StatusCode::OK);
        add(reply.headers_mut(), vec![(hyper::header::LOCATION, format!("/{name}"))]);
        Ok(reply)
    }

    /// The region that a body names, else the signature's.
    fn location(&self, body: &[u8]) -> S3Result<Region> {
        if body.trim_ascii().is_empty() {
            return Ok(self.identity.region.clone());
        }
        let root = xml_read::document(body)?;
        if root.name != "CreateBucketConfiguration" {
            return Err(S3Error::malformed_xml());
        }
        if let Some(other) = root.children.iter().find(|child| child.name != "LocationConstraint") {
            return Err(S3Error::not_implemented(&format!("{} of a bucket", other.name)));
        }
        match root.text_of("LocationConstraint") {
            None | Some("") => Ok(self.identity.region.clone()),
            Some("EU") => "eu-west-1".parse().map_err(|_| S3Error::malformed_xml()),
            Some(region) => region.parse().map_err(|_| {
                let text = "The specified location-constraint is not valid";
                S3Error::bad("InvalidLocationConstraint", text)
            }),
        }
    }

    pub(super) async fn head_bucket(&self) -> S3Result<Response<ReplyBody>> {
        let info = self.bucket().await?;
        let mut reply = empty_reply(StatusCode::OK);
        let region = info.region.to_string();
        let name = hyper::header::HeaderName::from_static("x-amz-bucket-region");
        add(reply.headers_mut(), vec![(name, region)]);
        Ok(reply)
    }

    pub(super) async fn delete_bucket(&self) -> S3Result<Response<ReplyBody>> {
        let (info, store) = (self.bucket().await?, self.store());
        blocking(move || Ok(store.delete_bucket(&info.name)?)).await?;
        Ok(empty_reply(StatusCode::NO_CONTENT))
    }

    pub(super) async fn get_bucket_location(&self) -> S3Result<Response<ReplyBody>> {
        let info = self.bucket().await?;
        // The root itself has the text; us-east-1 is none.
        let region = Some(info.region.as_str()).filter(|region| *region != US_EAST_1);
        let mut document = Document::new("LocationConstraint");
        document.text(region.unwrap_or_default());
        Ok(document_reply(document))
    }

    /// Versions are not kept, which an empty document says.
    pub(super) async fn get_bucket_versioning(&self) -> S3Result<Response<ReplyBody>> {
        self.bucket().await?;
        Ok(document_reply(Document::new("VersioningConfiguration")))
    }
}

/// Who owns what is shown: an account.
pub(super) fn owner(document: &mut Document, account: &str) {
    document.open("Owner").element("ID", account).element("DisplayName", account).close();
}
