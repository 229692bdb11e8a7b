//! An object on its way in: a file that nobody sees yet.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use md5::{Digest, Md5};
use millstream_vault::ChunkSealer;

use crate::attributes::{ETag, ObjectInfo};
use crate::bucket::Bucket;
use crate::disk;
use crate::encryption::{CHUNK_BYTES, Role, SEALED_CHUNK_BYTES, Sealed, Sealing, is_arn_of};
use crate::error::{Error, Result};
use crate::names::{BucketName, Key, UploadId};
use crate::record;
use crate::store::Store;

/// Bytes that are written piece by piece, and become an object or a part, or nothing if this is dropped.
pub struct Staged {
    pub(crate) store: Arc<Store>,
    pub(crate) bucket: Arc<Bucket>,
    path: PathBuf,
    file: File,
    size: u64,
    bytes_max: u64,
    md5: Md5,
    /// Bytes of the file, for which room was taken.
    taken: u64,
    named: bool,
    seal: Option<Box<Seal>>,
}

/// How the bytes are sealed.
struct Seal {
    sealer: ChunkSealer,
    sealed: Sealed,
    role: Role,
    /// The ARN of the object.
    arn: String,
    /// In place of the MD5, which would tell something of the bytes.
    etag: Option<[u8; 16]>,
    /// What is not a whole chunk yet, in the clear.
    chunk: Vec<u8>,
}

impl Store {
    /// Begins to write an object or part of a bucket.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], or the disk's.
    pub fn stage(self: &Arc<Self>, bucket: &BucketName, bytes_max: u64) -> Result<Staged> {
        self.check()?;
        let bucket = self.find(bucket)?;
        let path = bucket.staged().join(UploadId::draw(&*self.random).as_str());
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|error| match error.kind() {
            // Deleted since.
            std::io::ErrorKind::NotFound => Error::NoSuchBucket,
            _ => Error::io("writing an object")(error),
        })?;
        Ok(Staged {
            store: self.clone(),
            bucket,
            path,
            file,
            size: 0,
            bytes_max,
            md5: Md5::new(),
            taken: 0,
            named: false,
            seal: None,
        })
    }
}

impl Staged {
    /// Seals all that is written, if there is a key to seal it with: to be said before anything is.
    pub fn sealed_with(mut self, sealing: Option<&Sealing>, role: Role) -> Self {
        let Some(sealing) = sealing else { return self };
        let random = &*self.store.random;
        let etag = sealing.sealed.key_arn.is_some().then(|| {
            let mut etag = [0; 16];
            random.fill(&mut etag);
            etag
        });
        self.seal = Some(Box::new(Seal {
            sealer: sealing.sealer(role, random),
            sealed: sealing.sealed.clone(),
            role,
            arn: sealing.arn.clone(),
            etag,
            chunk: Vec::new(),
        }));
        self
    }

    /// How it is sealed, if it is, and for this key and role; anything else is a mistake of the caller's.
    pub(crate) fn sealed(&self, key: &Key, role: Role) -> Result<Option<Box<Sealed>>> {
        let Some(seal) = self.seal.as_deref() else { return Ok(None) };
        match seal.role == role && is_arn_of(&seal.arn, &self.bucket.info.name, key) {
            true => Ok(Some(Box::new(seal.sealed.clone()))),
            false => Err(Error::Sealed),
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::NoSpace`], or the disk's.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.md5.update(bytes);
        self.write_unhashed(bytes)
    }

    /// Appends bytes of an object whose ETag is not their MD5.
    pub(crate) fn write_unhashed(&mut self, bytes: &[u8]) -> Result<()> {
        let size = self.size + bytes.len() as u64;
        if size > self.bytes_max {
            return Err(Error::TooLarge { bytes_max: self.bytes_max });
        }
        match self.seal.take() {
            None => self.append(bytes)?,
            Some(mut seal) => {
                let sealed = self.append_sealed(&mut seal, bytes);
                self.seal = Some(seal);
                sealed?;
            }
        }
        self.size = size;
        Ok(())
    }

    /// Chunks are sealed as soon as they are whole.
    fn append_sealed(&mut self, seal: &mut Seal, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            seal.chunk.reserve_exact(SEALED_CHUNK_BYTES - seal.chunk.len());
            let (now, rest) = bytes.split_at(bytes.len().min(CHUNK_BYTES - seal.chunk.len()));
            seal.chunk.extend_from_slice(now);
            bytes = rest;
            if seal.chunk.len() == CHUNK_BYTES {
                self.append_chunk(seal)?;
            }
        }
        Ok(())
    }

    fn append_chunk(&mut self, seal: &mut Seal) -> Result<()> {
        seal.sealer.seal(&mut seal.chunk);
        self.append(&seal.chunk)?;
        seal.chunk.clear();
        Ok(())
    }

    /// The bytes that were written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The MD5 of the bytes that were written so far.
    pub fn md5(&self) -> [u8; 16] {
        self.md5.clone().finalize().into()
    }

    /// The ETag of an object of these bytes.
    pub fn etag(&self) -> ETag {
        let drawn = self.seal.as_deref().and_then(|seal| seal.etag);
        ETag { md5: drawn.unwrap_or_else(|| self.md5()), parts: None }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.store.space.take(bytes.len() as u64)?;
        self.taken += bytes.len() as u64;
        self.file.write_all(bytes).map_err(Error::io("writing an object"))
    }

    /// Puts the record behind the bytes and makes all durable; it still has no name.
    pub(crate) fn seal(&mut self, info: &ObjectInfo) -> Result<()> {
        let tail = match self.seal.take() {
            None => record::tail_of(info),
            Some(mut seal) => {
                if !seal.chunk.is_empty() {
                    self.append_chunk(&mut seal)?;
                }
                record::sealed_tail_of(info, self.taken, seal.sealer)
            }
        };
        self.append(&tail)?;
        match self.store.durable() {
            true => self.store.synced(self.file.sync_all()),
            false => Ok(()),
        }
    }

    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file has its name: it stays.
    pub(crate) fn set_named(&mut self) {
        self.named = true;
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.named {
            return;
        }
        self.store.space.give(self.taken);
        // What stays is removed at the next start.
        let _ = disk::remove_if_there(&self.path);
    }
}

/// The MD5 of bytes: what S3 calls their ETag and Content-MD5.
pub fn md5_of(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}
