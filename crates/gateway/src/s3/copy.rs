//! CopyObject, and where UploadPartCopy copies from.

use hyper::Response;
use millstream_buckets::limits::{COPY_BYTES, PUT_BYTES_MAX};
use millstream_buckets::{Asked, BucketName, Encryption, Error, Key, ObjectReader, Role, Staged};

use super::ask::Ask;
use super::dates;
use super::error::{S3Error, S3Result};
use super::headers::{Verdict, add, attributes, read_condition, text, write_condition};
use super::target::{self, Target};
use super::xml_write::Document;
use super::{blocking, document_reply, encryption};
use crate::body::ReplyBody;

/// What begins the names of the conditions on the source.
const CONDITIONS: &str = "x-amz-copy-source-";

impl Ask<'_> {
    pub(super) async fn copy_object(&self) -> S3Result<Response<ReplyBody>> {
        let condition = write_condition(self.headers)?;
        let (bucket, key) = self.object().await?;
        let replaces = text(self.headers, "x-amz-metadata-directive") == Some("REPLACE");
        let said = attributes(self.headers)?;
        let asked = encryption::asked(self.headers)?;
        let (from_bucket, from_key, reader) = self.copy_source().await?;
        let same = from_bucket == bucket && from_key == key;
        if same && !replaces && said.storage_class.is_none() && asked.encryption.is_none() {
            return Err(S3Error::bad(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes.",
            ));
        }
        let mut sealing = self.sealing(&bucket, &key, &asked).await?;
        if sealing.is_none() && reader.info().sealed.is_some() {
            // A copy is never less than its source.
            let asked = Asked { encryption: Some(Encryption::Managed), bucket_key: None };
            sealing = self.sealing(&bucket, &key, &asked).await?;
        }
        let _turn = self.turn_to_receive().await?;
        let store = self.store();
        let info = blocking(move || {
            let source = reader.info().clone();
            let mut attributes = if replaces { said.clone() } else { source.attributes };
            attributes.storage_class = said.storage_class;
            let staged = store.stage(&bucket, PUT_BYTES_MAX)?;
            let staged = staged.sealed_with(sealing.as_ref(), Role::Object);
            let staged = copy(&reader, 0, source.size, staged, |_| {})?;
            // That of parts is not one of this object, which has none.
            let checksum = source.checksum.filter(|checksum| checksum.full_object);
            Ok(store.publish(staged, &key, attributes, checksum, &condition)?)
        })
        .await?;
        let mut document = Document::new("CopyObjectResult");
        document
            .element("LastModified", dates::iso(info.modified))
            .element("ETag", format!("\"{}\"", info.etag));
        let mut reply = document_reply(document);
        add(reply.headers_mut(), encryption::reply_headers(info.sealed.as_deref()));
        Ok(reply)
    }

    /// The object that `x-amz-copy-source` names, with the key to it, if whoever asks may read it and its conditions
    /// hold.
    pub(super) async fn copy_source(&self) -> S3Result<(BucketName, Key, ObjectReader)> {
        let invalid = || {
            let text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey";
            S3Error::bad("InvalidArgument", text).with("ArgumentName", "x-amz-copy-source")
        };
        let source = text(self.headers, "x-amz-copy-source").ok_or_else(invalid)?;
        if source.contains("?versionId=") {
            return Err(S3Error::not_implemented("versions of objects"));
        }
        let found = target::target(None, source)?;
        let Target::Object(bucket, key) = found else { return Err(invalid()) };
        let expected = text(self.headers, "x-amz-source-expected-bucket-owner");
        self.usable(bucket.clone(), expected).await?;
        let (store, name, wanted) = (self.store(), bucket.clone(), key.clone());
        let reader = blocking(move || Ok(store.open_object(&name, &wanted)?)).await?;
        match read_condition(self.headers, CONDITIONS, reader.info()) {
            Verdict::Holds => {
                let reader = self.unsealed(&bucket, &key, reader).await?;
                Ok((bucket, key, reader))
            }
            Verdict::Failed | Verdict::NotModified => Err(Error::PreconditionFailed.into()),
        }
    }
}

/// Copies bytes of an object, which `see` sees as well.
pub(super) fn copy(
    reader: &ObjectReader,
    mut offset: u64,
    mut left: u64,
    mut staged: Staged,
    mut see: impl FnMut(&[u8]),
) -> Result<Staged, Error> {
    let mut buffer = vec![0; COPY_BYTES];
    while left > 0 {
        let wanted = left.min(COPY_BYTES as u64) as usize;
        let count = reader.read_at(offset, &mut buffer[..wanted])?;
        if count == 0 {
            break;
        }
        see(&buffer[..count]);
        staged.write(&buffer[..count])?;
        offset += count as u64;
        left -= count as u64;
    }
    Ok(staged)
}
