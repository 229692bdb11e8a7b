//! Objects: named at once and whole, opened, deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use crate::attributes::{Attributes, Checksum, ETag, ObjectInfo};
use crate::bucket::Bucket;
use crate::disk;
use crate::encode::object_path;
use crate::encryption::Role;
use crate::error::{Error, Result};
use crate::names::{BucketName, Key};
use crate::reader::{ObjectReader, is_absent, open};
use crate::staged::Staged;
use crate::store::Store;

/// Times that directories are made again for a file, because a delete removed them in between.
const ATTEMPTS_MAX: usize = 16;

/// What must hold for an object to be written or deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    Always,
    /// There is no object of this key (`If-None-Match: *`).
    IfAbsent,
    /// The object of this key has one of these ETags (`If-Match`).
    IfMatch(Vec<ETag>),
    /// There is an object of this key (`If-Match: *`).
    IfPresent,
}

impl Store {
    /// Names what was staged, if the condition holds; it is durable and seen by all when this returns.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`], [`Error::NoSuchKey`] for a condition on an object that is not there, or the
    /// disk's: then the object is as it was before.
    pub fn publish(
        &self,
        staged: Staged,
        key: &Key,
        attributes: Attributes,
        checksum: Option<Checksum>,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        let etag = staged.etag();
        self.publish_as(staged, key, attributes, checksum, condition, etag)
    }

    pub(crate) fn publish_as(
        &self,
        mut staged: Staged,
        key: &Key,
        attributes: Attributes,
        checksum: Option<Checksum>,
        condition: &Condition,
        etag: ETag,
    ) -> Result<ObjectInfo> {
        let (size, modified) = (staged.size(), self.clock.now());
        let key = key.clone();
        let sealed = staged.sealed(&key, Role::Object)?;
        let info = ObjectInfo { key, size, modified, etag, attributes, checksum, sealed };
        let bucket = staged.bucket.clone();
        let target = bucket.objects().join(object_path(info.key.as_str()));
        // Told before the bytes are made durable, where it is clear already.
        if *condition == Condition::IfAbsent && target.exists() {
            return Err(self.refused_for_existing(&target));
        }
        staged.seal(&info)?;
        self.name(&bucket, &mut staged, &target, condition)?;
        self.sync_directory(parent(&target))?;
        Ok(info)
    }

    /// Gives the file its name, making directories as needed.
    fn name(
        &self,
        bucket: &Bucket,
        staged: &mut Staged,
        target: &Path,
        condition: &Condition,
    ) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            match self.try_name(bucket, staged, target, condition) {
                Err(Error::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
                done => return done,
            }
            self.make_directories(bucket, parent(target))?;
        }
        Err(Error::Busy)
    }

    fn try_name(
        &self,
        bucket: &Bucket,
        staged: &mut Staged,
        target: &Path,
        condition: &Condition,
    ) -> Result<()> {
        let _one = self.lock(&bucket.info.name, &target.to_string_lossy());
        let _tree = bucket.tree.read().unwrap_or_else(PoisonError::into_inner);
        if bucket.deleted.load(Ordering::Relaxed) {
            return Err(Error::NoSuchBucket);
        }
        if *condition == Condition::IfAbsent {
            let named = disk::rename_new(staged.path(), target);
            return match named {
                Ok(()) => {
                    staged.set_named();
                    Ok(())
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    Err(self.refused_for_existing(target))
                }
                Err(error) => Err(Error::io("naming an object")(error)),
            };
        }
        check_condition(target, condition)?;
        let replaced = fs::symlink_metadata(target).map_or(0, |metadata| metadata.len());
        fs::rename(staged.path(), target).map_err(Error::io("naming an object"))?;
        staged.set_named();
        self.space.give(replaced);
        Ok(())
    }

    /// Whoever hears that an object exists may rely on it: it is made durable, if its writer has not come to that yet.
    fn refused_for_existing(&self, target: &Path) -> Error {
        match self.sync_directory(parent(target)) {
            Ok(()) => Error::PreconditionFailed,
            Err(error) => error,
        }
    }

    /// Makes a directory within a bucket, and those above it, durable before anyone uses them.
    fn make_directories(&self, bucket: &Bucket, directory: &Path) -> Result<()> {
        let _tree = bucket.tree.write().unwrap_or_else(PoisonError::into_inner);
        if bucket.deleted.load(Ordering::Relaxed) {
            return Err(Error::NoSuchBucket);
        }
        let objects = bucket.objects();
        let mut missing: Vec<&Path> = Vec::new();
        let mut at = directory;
        while at != objects && !at.exists() {
            missing.push(at);
            at = parent(at);
        }
        for directory in missing.into_iter().rev() {
            fs::create_dir(directory).map_err(Error::io("making a directory"))?;
            self.sync_directory(parent(directory))?;
        }
        Ok(())
    }

    /// Opens an object to be read.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchKey`], [`Error::Damaged`], or the disk's.
    pub fn open_object(&self, bucket: &BucketName, key: &Key) -> Result<ObjectReader> {
        let path = self.find(bucket)?.objects().join(object_path(key.as_str()));
        open(&path)
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// As [`Store::open_object`].
    pub fn head(&self, bucket: &BucketName, key: &Key) -> Result<ObjectInfo> {
        self.open_object(bucket, key).map(|reader| reader.info().clone())
    }

    /// Deletes an object; nothing is to be done if it is not there.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::PreconditionFailed`], or the disk's.
    pub fn delete(&self, bucket: &BucketName, key: &Key, condition: &Condition) -> Result<()> {
        self.check()?;
        let bucket = self.find(bucket)?;
        let path = bucket.objects().join(object_path(key.as_str()));
        {
            let _one = self.lock(&bucket.info.name, &path.to_string_lossy());
            check_condition(&path, condition)?;
            let bytes = fs::symlink_metadata(&path).map_or(0, |metadata| metadata.len());
            match fs::remove_file(&path) {
                Err(error) if is_absent(&error) => return Ok(()),
                done => done.map_err(Error::io("deleting an object"))?,
            }
            self.space.give(bytes);
        }
        let objects = bucket.objects();
        self.sync_directory(parent(&path))?;
        prune(&bucket, &objects, parent(&path));
        Ok(())
    }
}

/// Removes directories that have become empty.
fn prune(bucket: &Bucket, objects: &Path, directory: &Path) {
    if directory == objects {
        return;
    }
    let _tree = bucket.tree.write().unwrap_or_else(PoisonError::into_inner);
    let mut at: PathBuf = directory.to_owned();
    // It fails at the first that is not empty.
    while at != objects && fs::remove_dir(&at).is_ok() {
        at.pop();
    }
}

fn check_condition(path: &Path, condition: &Condition) -> Result<()> {
    match condition {
        Condition::Always => Ok(()),
        Condition::IfAbsent => match open(path) {
            Ok(_) => Err(Error::PreconditionFailed),
            Err(Error::NoSuchKey) => Ok(()),
            Err(error) => Err(error),
        },
        Condition::IfPresent => open(path).map(|_| ()),
        Condition::IfMatch(etags) => match etags.contains(&open(path)?.info().etag) {
            true => Ok(()),
            false => Err(Error::PreconditionFailed),
        },
    }
}

/// Every path of a bucket has one.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}
