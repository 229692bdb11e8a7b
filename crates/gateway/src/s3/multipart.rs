//! Uploads in parts.

mod complete;

use std::sync::Arc;

use hyper::header::HeaderName;
use hyper::{Response, StatusCode};
use millstream_buckets::limits::{LIST_ENTRIES_MAX, PARTS_MAX, PUT_BYTES_MAX};
use millstream_buckets::{
    BucketName, Checksum, Key, Role, Sealing, Staged, Store, UploadId, UploadInfo, UploadQuery,
};

use super::ask::Ask;
use super::buckets::owner;
use super::checksum::{Algorithm, Hasher, algorithm_of, kind_of};
use super::copy::copy;
use super::dates;
use super::error::{S3Error, S3Result};
use super::headers::{add, attributes, text};
use super::list::Encoding;
use super::receive::Receiver;
use super::write::{check_size, written};
use super::xml_write::Document;
use super::{blocking, document_reply, empty_reply, encryption};
use crate::body::ReplyBody;

/// The algorithm of an upload and its kind, as headers say them.
const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-checksum-algorithm");
const TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");

impl Ask<'_> {
    pub(super) async fn create_upload(&self) -> S3Result<Response<ReplyBody>> {
        let (attributes, checksum) = (attributes(self.headers)?, self.upload_checksum()?);
        let asked = encryption::asked(self.headers)?;
        let (bucket, key) = self.object().await?;
        let sealing = self.sealing(&bucket, &key, &asked).await?;
        let sealed = sealing.map(|sealing| sealing.sealed().clone());
        let headers = encryption::reply_headers(sealed.as_ref());
        let store = self.store();
        let kept = checksum.map(|(algorithm, full)| (algorithm.name().to_owned(), full));
        let (into, wanted) = (bucket.clone(), key.clone());
        let id =
            blocking(move || Ok(store.create_upload(&into, &wanted, attributes, kept, sealed)?))
                .await?;
        let mut document = Document::new("InitiateMultipartUploadResult");
        document.element("Bucket", bucket).element("Key", key).element("UploadId", id);
        let mut reply = document_reply(document);
        add(reply.headers_mut(), headers);
        if let Some((algorithm, full)) = checksum {
            let headers =
                vec![(ALGORITHM, algorithm.name().to_owned()), (TYPE, kind_of(full).to_owned())];
            add(reply.headers_mut(), headers);
        }
        Ok(reply)
    }

    /// The checksum that an upload is to have, and whether it is of the full object.
    fn upload_checksum(&self) -> S3Result<Option<(Algorithm, bool)>> {
        let kind = text(self.headers, "x-amz-checksum-type");
        let Some(name) = text(self.headers, "x-amz-checksum-algorithm") else {
            return match kind {
                None => Ok(None),
                Some(_) => Err(S3Error::bad(
                    "InvalidRequest",
                    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
                )),
            };
        };
        let algorithm = Algorithm::of_name(name).ok_or_else(|| {
            let text = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";
            S3Error::bad("InvalidRequest", text)
        })?;
        let full = kind.map_or(algorithm.is_full_by_default(), |kind| kind == kind_of(true));
        let possible = if full { algorithm.is_crc() } else { algorithm != Algorithm::Crc64Nvme };
        if !possible {
            let (kind, name) = (kind_of(full), algorithm.name().to_ascii_lowercase());
            let text = format!(
                "The {kind} checksum type cannot be used with the {name} checksum algorithm."
            );
            return Err(S3Error::bad("InvalidRequest", text));
        }
        Ok(Some((algorithm, full)))
    }

    /// The id of the upload. One that none can have is one that is not there.
    fn upload_id(&self) -> S3Result<UploadId> {
        let id = self.query.text_or_empty("uploadId").parse();
        id.map_err(|_| millstream_buckets::Error::NoSuchUpload.into())
    }

    /// The part's number, and its upload.
    async fn part(&self) -> S3Result<(u32, UploadId, UploadInfo)> {
        let number = self.query.number("partNumber")?.unwrap_or_default();
        if !(1..=PARTS_MAX).contains(&number) {
            let text = "Part number must be an integer between 1 and 10000, inclusive";
            return Err(S3Error::bad("InvalidArgument", text).with("ArgumentName", "partNumber"));
        }
        let id = self.upload_id()?;
        let (bucket, key) = self.object().await?;
        let upload = self.upload(&bucket, &key, &id).await?;
        Ok((number, id, upload))
    }

    async fn upload(&self, bucket: &BucketName, key: &Key, id: &UploadId) -> S3Result<UploadInfo> {
        let (store, bucket, key, id) = (self.store(), bucket.clone(), key.clone(), id.clone());
        blocking(move || Ok(store.upload(&bucket, &key, &id)?)).await
    }

    pub(super) async fn upload_part(&self, mut body: Receiver) -> S3Result<Response<ReplyBody>> {
        let (number, id, upload) = self.part().await?;
        check_size(&body)?;
        if let Some(algorithm) = algorithm_of_upload(&upload) {
            if let Some(sent) = body.algorithm().filter(|sent| *sent != algorithm) {
                let (expected, sent) = (algorithm.name(), sent.name());
                let text = format!(
                    "Checksum Type mismatch occurred, expected checksum Type: {expected}, actual \
                    checksum Type: {sent}"
                );
                return Err(S3Error::bad("InvalidRequest", text));
            }
            body.compute(algorithm);
        }
        let bucket = self.bucket_name()?;
        let sealing = self.unsealing(&bucket, &upload.key, upload.sealed.as_ref()).await?;
        let _turn = self.turn_to_receive().await?;
        let store = self.store();
        let staged = blocking(move || Ok(stage(&store, &bucket, sealing, number)?)).await?;
        let (staged, checksum) = body.store(staged).await?;
        let (store, wanted) = (self.store(), upload.key.clone());
        let part = blocking(move || Ok(store.put_part(staged, &wanted, &id, number, checksum)?));
        let part = part.await?;
        let mut reply = written(part.etag, part.checksum.as_ref(), upload.sealed.as_ref());
        // What a part's checksum is of goes without saying.
        reply.headers_mut().remove(TYPE);
        Ok(reply)
    }

    pub(super) async fn upload_part_copy(&self) -> S3Result<Response<ReplyBody>> {
        let (number, id, upload) = self.part().await?;
        let (_, _, reader) = self.copy_source().await?;
        let size = reader.info().size;
        let asked = text(self.headers, "x-amz-copy-source-range");
        let (offset, bytes) = match asked {
            None => (0, size),
            Some(asked) => part_range(asked, size)?,
        };
        let bucket = self.bucket_name()?;
        let sealing = self.unsealing(&bucket, &upload.key, upload.sealed.as_ref()).await?;
        let headers = encryption::reply_headers(upload.sealed.as_ref());
        let _turn = self.turn_to_receive().await?;
        let store = self.store();
        let part = blocking(move || {
            let staged = stage(&store, &bucket, sealing, number)?;
            let algorithm = algorithm_of_upload(&upload);
            let mut hasher = algorithm.map(Hasher::new);
            let see = |bytes: &[u8]| hasher.iter_mut().for_each(|hasher| hasher.update(bytes));
            let staged = copy(&reader, offset, bytes, staged, see)?;
            let checksum = algorithm.zip(hasher).map(|(algorithm, hasher)| Checksum {
                algorithm: algorithm.name().to_owned(),
                value: hasher.finish(),
                full_object: true,
            });
            Ok(store.put_part(staged, &upload.key, &id, number, checksum)?)
        })
        .await?;
        let mut document = Document::new("CopyPartResult");
        document
            .element("LastModified", dates::iso(part.modified))
            .element("ETag", format!("\"{}\"", part.etag));
        if let Some(checksum) = &part.checksum
            && let Some(algorithm) = algorithm_of(checksum)
        {
            document.element(algorithm.element(), &checksum.value);
        }
        let mut reply = document_reply(document);
        add(reply.headers_mut(), headers);
        Ok(reply)
    }

    pub(super) async fn abort_upload(&self) -> S3Result<Response<ReplyBody>> {
        let id = self.upload_id()?;
        let (bucket, key) = self.object().await?;
        let store = self.store();
        blocking(move || Ok(store.abort_upload(&bucket, &key, &id)?)).await?;
        Ok(empty_reply(StatusCode::NO_CONTENT))
    }

    pub(super) async fn list_parts(&self) -> S3Result<Response<ReplyBody>> {
        let (id, encoding) = (self.upload_id()?, Encoding::of(self)?);
        let (bucket, key) = self.object().await?;
        let after = self.query.number("part-number-marker")?.unwrap_or_default();
        let max = self.query.number("max-parts")?.unwrap_or(LIST_ENTRIES_MAX as u32);
        let max = max.min(LIST_ENTRIES_MAX as u32);
        let upload = self.upload(&bucket, &key, &id).await?;
        // Checksums of sealed parts are sealed too.
        let sealing = self.unsealing(&bucket, &key, upload.sealed.as_ref()).await?;
        let store = self.store();
        let (name, wanted, upload_id) = (bucket.clone(), key.clone(), id.clone());
        let (parts, truncated) = blocking(move || {
            let max = max as usize;
            Ok(store.parts(&name, &wanted, &upload_id, after, max, sealing.as_ref())?)
        })
        .await?;
        let mut document = Document::new("ListPartsResult");
        encoding.tell(&mut document);
        document
            .element("Bucket", bucket)
            .element("Key", encoding.write(key.as_str()))
            .element("UploadId", id);
        let account = self.identity.account.to_string();
        document.open("Initiator").element("ID", &account).element("DisplayName", &account).close();
        owner(&mut document, &account);
        let class = upload.attributes.storage_class.as_deref().unwrap_or("STANDARD");
        document
            .element("StorageClass", class)
            .element("PartNumberMarker", after)
            .optional("NextPartNumberMarker", parts.last().map(|part| part.number))
            .element("MaxParts", max)
            .element("IsTruncated", truncated);
        if let Some((algorithm, full)) = &upload.checksum {
            document
                .element("ChecksumAlgorithm", algorithm)
                .element("ChecksumType", kind_of(*full));
        }
        for part in parts {
            document
                .open("Part")
                .element("PartNumber", part.number)
                .element("LastModified", dates::iso(part.modified))
                .element("ETag", format!("\"{}\"", part.etag))
                .element("Size", part.size);
            if let Some(checksum) = &part.checksum
                && let Some(algorithm) = algorithm_of(checksum)
            {
                document.element(algorithm.element(), &checksum.value);
            }
            document.close();
        }
        Ok(document_reply(document))
    }

    pub(super) async fn list_uploads(&self) -> S3Result<Response<ReplyBody>> {
        let encoding = Encoding::of(self)?;
        if !self.query.text_or_empty("delimiter").is_empty() {
            return Err(S3Error::not_implemented(
                "the parameter delimiter of ListMultipartUploads",
            ));
        }
        let bucket = self.bucket().await?.name;
        let marker = |name: &str| self.query.text_or_empty(name).to_owned();
        let max = self.query.number("max-uploads")?.unwrap_or(LIST_ENTRIES_MAX as u32);
        let max = max.min(LIST_ENTRIES_MAX as u32);
        let query = UploadQuery {
            prefix: marker("prefix"),
            after: (marker("key-marker"), marker("upload-id-marker")),
            uploads_max: max as usize,
        };
        let (store, name, asked) = (self.store(), bucket.clone(), query.clone());
        let (uploads, truncated) = blocking(move || Ok(store.uploads(&name, &asked)?)).await?;
        let mut document = Document::new("ListMultipartUploadsResult");
        encoding.tell(&mut document);
        document
            .element("Bucket", bucket)
            .element("KeyMarker", encoding.write(&query.after.0))
            .element("UploadIdMarker", &query.after.1)
            .element("Prefix", encoding.write(&query.prefix))
            .element("MaxUploads", max)
            .element("IsTruncated", truncated);
        if let Some(last) = uploads.last().filter(|_| truncated) {
            document
                .element("NextKeyMarker", encoding.write(last.key.as_str()))
                .element("NextUploadIdMarker", &last.id);
        }
        let account = self.identity.account.to_string();
        for upload in uploads {
            let class = upload.attributes.storage_class.as_deref().unwrap_or("STANDARD");
            document
                .open("Upload")
                .element("Key", encoding.write(upload.key.as_str()))
                .element("UploadId", &upload.id);
            let initiator = document.open("Initiator");
            initiator.element("ID", &account).element("DisplayName", &account).close();
            owner(&mut document, &account);
            document
                .element("StorageClass", class)
                .element("Initiated", dates::iso(upload.begun))
                .close();
        }
        Ok(document_reply(document))
    }
}

/// Begins to write a part, sealed if its upload is.
fn stage(
    store: &Arc<Store>,
    bucket: &BucketName,
    sealing: Option<Sealing>,
    number: u32,
) -> Result<Staged, millstream_buckets::Error> {
    Ok(store.stage(bucket, PUT_BYTES_MAX)?.sealed_with(sealing.as_ref(), Role::Part(number)))
}

/// The algorithm that an upload has.
fn algorithm_of_upload(upload: &UploadInfo) -> Option<Algorithm> {
    upload.checksum.as_ref().and_then(|(name, _)| Algorithm::of_name(name))
}

/// The part of an object that is copied: `bytes=FIRST-LAST`, both within it (API reference, UploadPartCopy).
fn part_range(asked: &str, size: u64) -> S3Result<(u64, u64)> {
    let ends = asked.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
    let ends: Option<(u64, u64)> =
        ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    match ends {
        Some((first, last)) if first <= last && last < size => Ok((first, last - first + 1)),
        Some((first, last)) if first <= last => {
            Err(S3Error::bad("InvalidRange", "The requested range is not satisfiable."))
        }
        _ => {
            let text = "The x-amz-copy-source-range value must be of the form bytes=first-last";
            let error = S3Error::bad("InvalidArgument", text);
            Err(error.with("ArgumentName", "x-amz-copy-source-range").with("ArgumentValue", asked))
        }
    }
}
