//! CompleteMultipartUpload.

use hyper::Response;
use millstream_buckets::{BucketName, Checksum, CompletedPart, ETag, Key, ObjectInfo, PartInfo};

use super::algorithm_of_upload;
use crate::body::ReplyBody;
use crate::s3::ask::Ask;
use crate::s3::checksum::{self, Algorithm, Hasher, composite, kind_of, mismatch};
use crate::s3::error::{S3Error, S3Result};
use crate::s3::headers::{add, text, write_condition};
use crate::s3::receive::Receiver;
use crate::s3::xml_read::{self, Element};
use crate::s3::xml_write::Document;
use crate::s3::{blocking, encryption, late};

/// Largest list of parts: 10,000 with two checksums each are no more.
const PARTS_BYTES_MAX: usize = 8 << 20;

/// What the checksum of the whole is to be.
struct Wanted {
    algorithm: Option<Algorithm>,
    full: bool,
    /// In base64, if it was sent.
    value: Option<String>,
    size: Option<u64>,
}

impl Ask<'_> {
    pub(in crate::s3) async fn complete_upload(
        &self,
        body: Receiver,
    ) -> S3Result<Response<ReplyBody>> {
        let (id, condition) = (self.upload_id()?, write_condition(self.headers)?);
        let (bucket, key) = self.object().await?;
        let turn = self.turn_to_receive().await?;
        // Its checksum header is the object's, not the body's.
        let sent = checksum::declared(self.headers)?;
        let parts = parts_of(&body.without_checksum().read(PARTS_BYTES_MAX).await?)?;
        let upload = self.upload(&bucket, &key, &id).await?;
        let sealing = self.unsealing(&bucket, &key, upload.sealed.as_ref()).await?;
        let headers = encryption::reply_headers(upload.sealed.as_ref());
        let wanted = Wanted {
            algorithm: algorithm_of_upload(&upload),
            full: upload.checksum.as_ref().is_some_and(|(_, full)| *full),
            value: sent.and_then(|sent| sent.value),
            size: object_size(text(self.headers, "x-amz-mp-object-size"))?,
        };
        if let Some(kind) = text(self.headers, "x-amz-checksum-type")
            && wanted.algorithm.is_some()
            && kind != kind_of(wanted.full)
        {
            let text =
                format!("The upload was created using the {} checksum mode.", kind_of(wanted.full));
            return Err(S3Error::bad("InvalidRequest", text));
        }
        let store = self.store();
        let (name, wanted_key) = (bucket.clone(), key.clone());
        // It goes on to its end, whoever still waits for it.
        let completing = tokio::task::spawn(blocking(move || {
            let _turn = turn;
            let algorithm = wanted.algorithm.filter(|_| wanted.full);
            let hasher = std::cell::RefCell::new(algorithm.map(Hasher::new));
            let see = |bytes: &[u8]| {
                if let Some(hasher) = hasher.borrow_mut().as_mut() {
                    hasher.update(bytes);
                }
            };
            let finish = |parts: &[PartInfo]| wanted.check(parts, hasher.take());
            let sealing = sealing.as_ref();
            store.complete_upload(&name, &wanted_key, &id, &parts, sealing, &condition, see, finish)
        }));
        let mut reply = late::reply(async move {
            let info = completing.await.unwrap_or_else(|_| Err(S3Error::internal()))?;
            Ok(completed(&bucket, &key, &info))
        })
        .await?;
        add(reply.headers_mut(), headers);
        Ok(reply)
    }
}

fn completed(bucket: &BucketName, key: &Key, info: &ObjectInfo) -> Document {
    let mut document = Document::new("CompleteMultipartUploadResult");
    document
        .element("Location", format!("/{bucket}/{key}"))
        .element("Bucket", bucket)
        .element("Key", key)
        .element("ETag", format!("\"{}\"", info.etag));
    if let Some(checksum) = &info.checksum
        && let Some(algorithm) = checksum::algorithm_of(checksum)
    {
        document
            .element(algorithm.element(), &checksum.value)
            .element("ChecksumType", kind_of(checksum.full_object));
    }
    document
}

impl Wanted {
    /// The object's checksum, if what was said of it holds.
    fn check(self, parts: &[PartInfo], full: Option<Hasher>) -> S3Result<Option<Checksum>> {
        let bytes: u64 = parts.iter().map(|part| part.size).sum();
        if self.size.is_some_and(|size| size != bytes) {
            return Err(S3Error::bad(
                "InvalidRequest",
                "The provided 'x-amz-mp-object-size' header value does not match what was computed.",
            ));
        }
        let Some(algorithm) = self.algorithm else { return Ok(None) };
        let checksum = match full {
            Some(hasher) => Some(Checksum {
                algorithm: algorithm.name().to_owned(),
                value: hasher.finish(),
                full_object: true,
            }),
            None => composite(algorithm, parts),
        };
        let has = checksum.as_ref().map(|checksum| checksum.value.as_str());
        // Of parts' checksums the number of parts may be left out.
        let is_same = |sent: &String| {
            has.is_some_and(|has| has == sent || has.split('-').next() == Some(sent.as_str()))
        };
        match self.value {
            Some(sent) if !is_same(&sent) => Err(mismatch(algorithm)),
            Some(_) | None => Ok(checksum),
        }
    }
}

fn object_size(text: Option<&str>) -> S3Result<Option<u64>> {
    text.map(str::parse).transpose().map_err(|_| {
        S3Error::bad("InvalidRequest", "Value for x-amz-mp-object-size header is invalid.")
    })
}

/// The parts that a body names.
fn parts_of(body: &[u8]) -> S3Result<Vec<CompletedPart>> {
    let root = xml_read::document(body)?;
    if root.name != "CompleteMultipartUpload" || root.all("Part").next().is_none() {
        return Err(S3Error::malformed_xml());
    }
    root.all("Part").map(part_of).collect()
}

fn part_of(element: &Element) -> S3Result<CompletedPart> {
    let number = element.text_of("PartNumber").and_then(|text| text.trim().parse().ok());
    let number = number.ok_or_else(S3Error::malformed_xml)?;
    let etag = element.text_of("ETag").ok_or_else(S3Error::malformed_xml)?;
    // What is no ETag is that of no part.
    let etag = ETag::parse(etag).ok_or(millstream_buckets::Error::InvalidPart { number })?;
    let checksum = Algorithm::ALL.into_iter().find_map(|algorithm| {
        element.text_of(algorithm.element()).map(|text| text.trim().to_owned())
    });
    Ok(CompletedPart { number, etag, checksum })
}
