//! Uploads in parts: begun, their parts written in any order, listed, ended.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use millstream_types::Millis;
use minicbor::{Decode, Encode};

use crate::attributes::{Attributes, Checksum, ETag};
use crate::bucket::Bucket;
use crate::encryption::{Role, Sealed, Sealing};
use crate::error::{Error, Result};
use crate::limits::{PARTS_MAX, UPLOADS_MAX};
use crate::names::{BucketName, Key, UploadId};
use crate::reader::open;
use crate::staged::Staged;
use crate::store::Store;

/// The file that says what an upload is.
pub(crate) const RECORD: &str = "upload";
/// The layouts of an upload's directory: of one in the clear, and of one whose parts and object are sealed.
const VERSION: u32 = 1;
const SEALED_VERSION: u32 = 2;

/// An upload that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadInfo {
    /// Its id.
    pub id: UploadId,
    /// The key of the object that it will be.
    pub key: Key,
    /// When it was begun, in service time.
    pub begun: Millis,
    /// What was said of the object.
    pub attributes: Attributes,
    /// The algorithm of its checksum, if one was named, and whether it is to be of the full object.
    pub checksum: Option<(String, bool)>,
    /// How its parts and the object are encrypted at rest, if they are.
    pub sealed: Option<Sealed>,
}

/// A part that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartInfo {
    /// Its number, from 1.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// When it was written, in service time.
    pub modified: Millis,
    /// Its ETag.
    pub etag: ETag,
    /// The checksum that came with it.
    pub checksum: Option<Checksum>,
}

/// Which uploads to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadQuery {
    /// What keys begin with.
    pub prefix: String,
    /// Only uploads after this key and, of this key, this id (all of this key if it is empty).
    pub after: (String, String),
    /// How many at most.
    pub uploads_max: usize,
}

#[derive(Encode, Decode)]
struct Record {
    #[n(0)]
    version: u32,
    #[n(1)]
    key: String,
    #[n(2)]
    begun_ms: u64,
    #[n(3)]
    attributes: Attributes,
    #[n(4)]
    algorithm: Option<String>,
    #[n(5)]
    full_object: bool,
    #[n(6)]
    sealed: Option<Sealed>,
}

impl Store {
    /// Begins an upload, encrypted at rest if `sealed` says how.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], too many, or the disk's.
    pub fn create_upload(
        &self,
        bucket: &BucketName,
        key: &Key,
        attributes: Attributes,
        checksum: Option<(String, bool)>,
        sealed: Option<Sealed>,
    ) -> Result<UploadId> {
        self.check()?;
        let bucket = self.find(bucket)?;
        let making = || Error::io("beginning an upload");
        let open = fs::read_dir(bucket.uploads()).map_err(making())?.count();
        if open >= UPLOADS_MAX {
            return Err(Error::TooMany { what: "uploads of a bucket", max: UPLOADS_MAX });
        }
        let id = UploadId::draw(&*self.random);
        let (algorithm, full_object) = checksum.unzip();
        let record = Record {
            version: if sealed.is_some() { SEALED_VERSION } else { VERSION },
            key: key.as_str().to_owned(),
            begun_ms: self.clock.now().0,
            attributes,
            algorithm,
            full_object: full_object.unwrap_or(false),
            sealed,
        };
        let aside = self.aside();
        fs::create_dir(&aside).map_err(making())?;
        let path = aside.join(RECORD);
        // Writing to memory cannot fail.
        fs::write(&path, minicbor::to_vec(&record).unwrap_or_default()).map_err(making())?;
        if self.durable() {
            let file = fs::File::open(&path).map_err(making())?;
            self.synced(file.sync_all())?;
        }
        self.sync_directory(&aside)?;
        let _tree = bucket.tree.read().unwrap_or_else(PoisonError::into_inner);
        fs::rename(&aside, bucket.uploads().join(id.as_str())).map_err(|error| {
            self.discard(&aside);
            match error.kind() {
                io::ErrorKind::NotFound => Error::NoSuchBucket,
                _ => making()(error),
            }
        })?;
        self.sync_directory(&bucket.uploads())?;
        Ok(id)
    }

    /// An upload of a key.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`] and others.
    pub fn upload(&self, bucket: &BucketName, key: &Key, id: &UploadId) -> Result<UploadInfo> {
        let bucket = self.find(bucket)?;
        self.find_upload(&bucket, key, id).map(|found| found.1)
    }

    pub(crate) fn find_upload(
        &self,
        bucket: &Arc<Bucket>,
        key: &Key,
        id: &UploadId,
    ) -> Result<(PathBuf, UploadInfo)> {
        let directory = bucket.uploads().join(id.as_str());
        let info = read_upload(&directory, id)?;
        if info.key == *key { Ok((directory, info)) } else { Err(Error::NoSuchUpload) }
    }

    /// Makes what was staged a part of an upload, instead of an earlier one of this number.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::InvalidPart`] for a number that none has, [`Error::Sealed`] if it is sealed
    /// and the upload is not or the other way round, or the disk's.
    pub fn put_part(
        &self,
        mut staged: Staged,
        key: &Key,
        id: &UploadId,
        number: u32,
        checksum: Option<Checksum>,
    ) -> Result<PartInfo> {
        if !(1..=PARTS_MAX).contains(&number) {
            return Err(Error::InvalidPart { number });
        }
        let bucket = staged.bucket.clone();
        let (directory, upload) = self.find_upload(&bucket, key, id)?;
        let (size, modified, etag) = (staged.size(), self.clock.now(), staged.etag());
        let sealed = staged.sealed(&upload.key, Role::Part(number))?;
        if sealed.as_deref() != upload.sealed.as_ref() {
            return Err(Error::Sealed);
        }
        let info = crate::ObjectInfo {
            sealed,
            key: upload.key,
            size,
            modified,
            etag,
            attributes: Attributes::default(),
            checksum: checksum.clone(),
        };
        staged.seal(&info)?;
        let target = directory.join(part_name(number));
        {
            let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
            if ending.contains(id) {
                return Err(Error::Busy);
            }
            let replaced = fs::symlink_metadata(&target).map_or(0, |metadata| metadata.len());
            fs::rename(staged.path(), &target).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => Error::NoSuchUpload,
                _ => Error::io("naming a part")(error),
            })?;
            staged.set_named();
            self.space.give(replaced);
        }
        self.sync_directory(&directory)?;
        Ok(PartInfo { number, size, modified, etag, checksum })
    }

    /// The parts of an upload with numbers above `after`, `parts_max` at most, and whether there are more. Without the
    /// key the checksums of sealed ones are not told.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], or the disk's.
    pub fn parts(
        &self,
        bucket: &BucketName,
        key: &Key,
        id: &UploadId,
        after: u32,
        parts_max: usize,
        sealing: Option<&Sealing>,
    ) -> Result<(Vec<PartInfo>, bool)> {
        let bucket = self.find(bucket)?;
        let (directory, _) = self.find_upload(&bucket, key, id)?;
        let numbers = numbers_of(&directory)?;
        let mut numbers = numbers.range(after.saturating_add(1)..);
        let mut parts = Vec::new();
        for number in numbers.by_ref().take(parts_max) {
            match read_part(&directory, *number, sealing) {
                Ok(part) => parts.push(part),
                Err(Error::NoSuchKey) => return Err(Error::NoSuchUpload),
                Err(error) => return Err(error),
            }
        }
        Ok((parts, numbers.next().is_some()))
    }

    /// The uploads that are open in a bucket, by key and then id, and whether there are more.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], or the disk's.
    pub fn uploads(
        &self,
        bucket: &BucketName,
        query: &UploadQuery,
    ) -> Result<(Vec<UploadInfo>, bool)> {
        let bucket = self.find(bucket)?;
        let entries = fs::read_dir(bucket.uploads()).map_err(Error::io("listing uploads"))?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(Error::io("listing uploads"))?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<UploadId>().ok());
            let Some(id) = id else { continue };
            match read_upload(&entry.path(), &id) {
                Ok(upload) => found.push(upload),
                // Ended since.
                Err(Error::NoSuchUpload) => {}
                Err(error) => return Err(error),
            }
        }
        let (key, id) = &query.after;
        found.retain(|upload| {
            let same_key = upload.key.as_str() == key;
            let later = upload.key.as_str() > key.as_str()
                || (same_key && !id.is_empty() && upload.id.as_str() > id.as_str());
            later && upload.key.as_str().starts_with(&query.prefix)
        });
        found.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        let truncated = found.len() > query.uploads_max;
        found.truncate(query.uploads_max);
        Ok((found, truncated))
    }

    /// Ends an upload; its parts are gone.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::Busy`], or the disk's.
    pub fn abort_upload(&self, bucket: &BucketName, key: &Key, id: &UploadId) -> Result<()> {
        self.check()?;
        let bucket = self.find(bucket)?;
        let (directory, _) = self.find_upload(&bucket, key, id)?;
        let _ending = Ending::begin(self, id)?;
        self.remove_upload(&bucket, &directory)
    }

    pub(crate) fn remove_upload(&self, bucket: &Bucket, directory: &Path) -> Result<()> {
        let aside = self.aside();
        fs::rename(directory, &aside).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NoSuchUpload,
            _ => Error::io("ending an upload")(error),
        })?;
        self.sync_directory(&bucket.uploads())?;
        for number in numbers_of(&aside)? {
            let bytes = fs::symlink_metadata(aside.join(part_name(number)));
            self.space.give(bytes.map_or(0, |metadata| metadata.len()));
        }
        self.discard(&aside);
        Ok(())
    }
}

/// Held while an upload is completed or aborted, by one request only.
pub(crate) struct Ending<'a> {
    store: &'a Store,
    id: UploadId,
}

impl<'a> Ending<'a> {
    pub(crate) fn begin(store: &'a Store, id: &UploadId) -> Result<Self> {
        let mut ending = store.ending.lock().unwrap_or_else(PoisonError::into_inner);
        match ending.insert(id.clone()) {
            true => Ok(Ending { store, id: id.clone() }),
            false => Err(Error::Busy),
        }
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.store.ending.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// The name of a part's file.
pub(crate) fn part_name(number: u32) -> String {
    format!("{number:05}")
}

pub(crate) fn read_part(
    directory: &Path,
    number: u32,
    sealing: Option<&Sealing>,
) -> Result<PartInfo> {
    let reader = open(&directory.join(part_name(number)))?;
    let reader = reader.unseal_as(sealing, Role::Part(number))?;
    let info = reader.info();
    Ok(PartInfo {
        number,
        size: info.size,
        modified: info.modified,
        etag: info.etag,
        checksum: info.checksum.clone(),
    })
}

fn numbers_of(directory: &Path) -> Result<BTreeSet<u32>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoSuchUpload),
        entries => entries.map_err(Error::io("listing parts"))?,
    };
    let mut numbers = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("listing parts"))?;
        numbers.extend(entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    Ok(numbers)
}

pub(crate) fn read_upload(directory: &Path, id: &UploadId) -> Result<UploadInfo> {
    let path = directory.join(RECORD);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoSuchUpload),
        bytes => bytes.map_err(Error::io("reading an upload"))?,
    };
    let damaged = || Error::Damaged { path: path.display().to_string() };
    let record: Record = minicbor::decode(&bytes).map_err(|_| damaged())?;
    let version = if record.sealed.is_some() { SEALED_VERSION } else { VERSION };
    if record.version != version {
        return Err(damaged());
    }
    Ok(UploadInfo {
        id: id.clone(),
        key: record.key.parse().map_err(|_| damaged())?,
        begun: Millis(record.begun_ms),
        attributes: record.attributes,
        checksum: record.algorithm.map(|algorithm| (algorithm, record.full_object)),
        sealed: record.sealed,
    })
}
