//! One file of an object, or of a part of an upload.

use std::path::Path;

use md5::{Digest, Md5};

use super::{Check, Place, words};
use crate::attributes::ETag;
use crate::encode::object_path;
use crate::encryption::{Role, Sealing, arn_of};
use crate::error::Error;
use crate::reader::{ObjectReader, open};

impl Check<'_> {
    pub(super) fn object(&mut self, place: &Place, path: &Path) {
        self.report.objects += 1;
        let checked = open_file(path).and_then(|reader| {
            let own = place.objects.join(object_path(reader.info().key.as_str()));
            match own == path {
                true => self.content(place, reader, Role::Object),
                false => Err(format!("it is the object of the key {:?}", reader.info().key)),
            }
        });
        if let Err(what) = checked {
            self.damage(path, what);
        }
    }

    /// Reads all bytes of a file, and compares them with whatever the store has to compare them with.
    pub(super) fn content(
        &mut self,
        place: &Place,
        reader: ObjectReader,
        role: Role,
    ) -> Result<(), String> {
        let (key, etag) = (reader.info().key.clone(), reader.info().etag);
        let Some(sealed) = reader.info().sealed.clone() else {
            return self.content_in_the_clear(&reader, etag);
        };
        let owner = sealed.owner(&place.bucket, &key);
        let owner = owner.ok_or("what it says of its key is not what was written")?;
        let opened = (self.means.open_key)(&sealed.master, &owner.context, &sealed.wrapped);
        let Some(opened) = opened else {
            self.report.unopened += 1;
            return Ok(());
        };
        let arn = arn_of(&owner.region, &place.bucket, &key);
        let sealing = Sealing { sealed: *sealed, key: opened, arn };
        let reader = reader.unseal_as(Some(&sealing), role);
        let reader = reader.map_err(|_| "what it says is not what was sealed".to_owned())?;
        self.read_through(&reader, |_| {})
    }

    /// The ETag is the MD5 of the bytes, but of parts only that of all parts' own: where one ends and the next begins
    /// is not kept. Then a checksum of the whole may have come from the client.
    fn content_in_the_clear(&mut self, reader: &ObjectReader, etag: ETag) -> Result<(), String> {
        if etag.parts.is_none() {
            let mut md5 = Md5::new();
            self.read_through(reader, |bytes| md5.update(bytes))?;
            let is_same = <[u8; 16]>::from(md5.finalize()) == etag.md5;
            return is_same.then_some(()).ok_or_else(|| differs("MD5"));
        }
        let kept = reader.info().checksum.as_ref().filter(|checksum| checksum.full_object);
        let summed = kept.and_then(|kept| Some((kept, (self.means.sum_of)(&kept.algorithm)?)));
        let Some((kept, mut sum)) = summed else {
            self.report.without_sum += 1;
            return self.read_through(reader, |_| {});
        };
        self.read_through(reader, |bytes| sum.update(bytes))?;
        (sum.finish() == kept.value).then_some(()).ok_or_else(|| differs(&kept.algorithm))
    }

    /// Reads all bytes as they are in the clear.
    fn read_through(
        &mut self,
        reader: &ObjectReader,
        mut see: impl FnMut(&[u8]),
    ) -> Result<(), String> {
        let mut offset = 0;
        loop {
            let read = reader.read_at(offset, &mut self.buffer).map_err(|error| match error {
                Error::Damaged { .. } => {
                    format!("its bytes from {offset} on are not what was sealed")
                }
                error => words(&error),
            })?;
            if read == 0 {
                return Ok(());
            }
            see(&self.buffer[..read]);
            offset += read as u64;
            self.report.bytes += read as u64;
        }
    }
}

fn differs(sum: &str) -> String {
    format!("its bytes are not what was written: their {sum} differs")
}

/// A file whose length and record are what was written.
pub(super) fn open_file(path: &Path) -> Result<ObjectReader, String> {
    open(path).map_err(|error| match error {
        Error::Damaged { .. } => {
            "it was cut, or its end, which says what it is, is not what was written".into()
        }
        error => words(&error),
    })
}
