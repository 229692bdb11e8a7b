//! Completing an upload: its parts become one object.

use md5::{Digest, Md5};

use crate::attributes::{Checksum, ETag, ObjectInfo};
use crate::encryption::{Role, Sealing};
use crate::error::{Error, Result};
use crate::limits::{COPY_BYTES, OBJECT_BYTES_MAX, PART_BYTES_MIN};
use crate::names::{BucketName, Key, UploadId};
use crate::objects::Condition;
use crate::reader::open;
use crate::store::Store;
use crate::uploads::{Ending, PartInfo, part_name, read_part};

/// A part as whoever completes an upload names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its number.
    pub number: u32,
    /// Its ETag as the client got it.
    pub etag: ETag,
    /// Its checksum, if it was given.
    pub checksum: Option<String>,
}

impl Store {
    /// Makes one object of parts. `sealing` is the key to the upload if it is sealed; `see` gets all bytes in order,
    /// for a checksum of the full object; `finish` makes the object's checksum of the parts, or refuses.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::InvalidPart`], [`Error::InvalidPartOrder`], [`Error::PartTooSmall`],
    /// [`Error::PreconditionFailed`], [`Error::Busy`], [`Error::NoSpace`], [`Error::Sealed`], or the disk's: the upload
    /// then stays open.
    #[allow(clippy::too_many_arguments)] // what S3's CompleteMultipartUpload has
    pub fn complete_upload<E: From<Error>>(
        self: &std::sync::Arc<Self>,
        bucket_name: &BucketName,
        key: &Key,
        id: &UploadId,
        named: &[CompletedPart],
        sealing: Option<&Sealing>,
        condition: &Condition,
        mut see: impl FnMut(&[u8]),
        finish: impl FnOnce(&[PartInfo]) -> std::result::Result<Option<Checksum>, E>,
    ) -> std::result::Result<ObjectInfo, E> {
        self.check()?;
        let bucket = self.find(bucket_name)?;
        let (directory, upload) = self.find_upload(&bucket, key, id)?;
        let ending = Ending::begin(self, id)?;
        let parts = check_parts(&directory, named, sealing)?;
        // A key that is given for an upload in the clear does not seal it.
        let into = upload.sealed.is_some().then(|| sealing.ok_or(Error::Sealed)).transpose()?;
        let mut staged = self.stage(bucket_name, OBJECT_BYTES_MAX)?.sealed_with(into, Role::Object);
        let mut buffer = vec![0; COPY_BYTES];
        for part in &parts {
            let reader = open(&directory.join(part_name(part.number)))?;
            let reader = reader.unseal_as(sealing, Role::Part(part.number))?;
            let mut offset = 0;
            loop {
                let count = reader.read_at(offset, &mut buffer)?;
                if count == 0 {
                    break;
                }
                see(&buffer[..count]);
                staged.write_unhashed(&buffer[..count])?;
                offset += count as u64;
            }
        }
        let checksum = finish(&parts)?;
        let etag = etag_of(&parts);
        let info = self.publish_as(staged, key, upload.attributes, checksum, condition, etag)?;
        // The object is there, whatever becomes of the parts.
        if let Err(error) = self.remove_upload(&bucket, &directory) {
            tracing::warn!(upload = %id, %error, "the parts of a completed upload could not be removed");
        }
        drop(ending);
        Ok(info)
    }
}

fn check_parts(
    directory: &std::path::Path,
    named: &[CompletedPart],
    sealing: Option<&Sealing>,
) -> Result<Vec<PartInfo>> {
    if named.is_empty() || !named.is_sorted_by(|a, b| a.number < b.number) {
        return Err(Error::InvalidPartOrder);
    }
    let mut parts = Vec::with_capacity(named.len());
    let mut bytes = 0u64;
    for (index, wanted) in named.iter().enumerate() {
        let number = wanted.number;
        let part = match read_part(directory, number, sealing) {
            Err(Error::NoSuchKey) => return Err(Error::InvalidPart { number }),
            part => part?,
        };
        let has = part.checksum.as_ref().map(|checksum| &checksum.value);
        let same_checksum = wanted.checksum.is_none() || wanted.checksum.as_ref() == has;
        if part.etag != wanted.etag || !same_checksum {
            return Err(Error::InvalidPart { number });
        }
        if part.size < PART_BYTES_MIN && index + 1 < named.len() {
            return Err(Error::PartTooSmall { number });
        }
        bytes += part.size;
        if bytes > OBJECT_BYTES_MAX {
            return Err(Error::TooLarge { bytes_max: OBJECT_BYTES_MAX });
        }
        parts.push(part);
    }
    Ok(parts)
}

fn etag_of(parts: &[PartInfo]) -> ETag {
    let mut md5 = Md5::new();
    parts.iter().for_each(|part| md5.update(part.etag.md5));
    ETag { md5: md5.finalize().into(), parts: Some(parts.len() as u32) }
}
