//! The store: its directory, and the buckets in it.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use millstream_types::{AccountId, Clock, Random, Region};

use crate::bucket::{self, Bucket, BucketInfo, Created};
use crate::disk;
use crate::encryption::DefaultEncryption;
use crate::error::{Error, Result};
use crate::format::{FORMAT_NEWEST, NAMES, format_of, write_format};
use crate::keys::Keys;
use crate::limits::BUCKETS_MAX;
use crate::lock::{make_and_lock, make_temporary, remove_orphans};
use crate::names::{BucketName, UploadId};
use crate::space::Space;
use crate::walk::Walk;

/// What is being made or removed; emptied at start.
const TRASH: &str = "trash";
/// Locks that keys are spread over.
const STRIPES: usize = 64;

/// What a store is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is.
    pub place: Place,
    /// Bytes of the disk that objects leave free.
    pub bytes_reserved: u64,
    /// What wraps the keys of encrypted objects; without, none can be written or read.
    pub keys: Option<Keys>,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a directory, made if it is not there. What is answered is on disk.
    Directory(PathBuf),
    /// In a directory of its own below this one; it is removed with the store, or, if that was killed, by the next
    /// one that is opened there. Nothing is synced.
    Temporary {
        /// Where temporary directories are made.
        parent: PathBuf,
        /// Bytes that all files may have together.
        bytes_max: u64,
    },
}

/// The built-in object store.
pub struct Store {
    root: PathBuf,
    durable: bool,
    pub(crate) space: Space,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) keys: Option<Keys>,
    buckets: RwLock<BTreeMap<BucketName, Arc<Bucket>>>,
    /// Held while a bucket is made or deleted.
    changing: Mutex<()>,
    stripes: Vec<Mutex<()>>,
    /// Uploads that are being completed or aborted.
    pub(crate) ending: Mutex<HashSet<UploadId>>,
    /// A sync failed.
    failed: AtomicBool,
    _lock: File,
}

impl Store {
    /// Opens the store of a directory, and removes what a crash left half done.
    ///
    /// # Errors
    /// As [`format_of`], with nothing changed; or the directory cannot be read or written.
    pub fn open(
        options: Options,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Arc<Store>> {
        let opening = || Error::io("opening the buckets");
        let (root, lock, bytes_max) = match options.place {
            Place::Directory(root) => {
                // Before the lock is made: what this release does not know stays untouched.
                format_of(&root)?;
                let lock = make_and_lock(&root).map_err(opening())?;
                (root, lock, None)
            }
            Place::Temporary { parent, bytes_max } => {
                remove_orphans(&parent);
                let (root, lock) = make_temporary(&parent, &*random).map_err(opening())?;
                (root, lock, Some(bytes_max))
            }
        };
        let durable = bytes_max.is_none();
        let format = format_of(&root)?;
        fs::create_dir_all(root.join(NAMES)).map_err(opening())?;
        if format.is_none() {
            write_format(&root, FORMAT_NEWEST)?;
        }
        let trash = root.join(TRASH);
        if trash.exists() {
            fs::remove_dir_all(&trash).map_err(opening())?;
        }
        fs::create_dir(&trash).map_err(opening())?;
        let buckets = open_buckets(&root.join(NAMES))?;
        if durable {
            disk::sync_all(&root).map_err(opening())?;
        }
        Ok(Arc::new(Store {
            durable,
            space: Space::new(root.clone(), options.bytes_reserved, bytes_max),
            root,
            clock,
            random,
            keys: options.keys,
            buckets: RwLock::new(buckets),
            changing: Mutex::default(),
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            ending: Mutex::default(),
            failed: AtomicBool::new(false),
            _lock: lock,
        }))
    }

    /// All buckets, by name.
    pub fn buckets(&self) -> Vec<BucketInfo> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.values().map(|bucket| bucket.info.clone()).collect()
    }

    /// A bucket.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub fn bucket(&self, name: &BucketName) -> Result<BucketInfo> {
        self.find(name).map(|bucket| bucket.info.clone())
    }

    pub(crate) fn find(&self, name: &BucketName) -> Result<Arc<Bucket>> {
        let buckets = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        buckets.get(name).cloned().ok_or(Error::NoSuchBucket)
    }

    /// Makes a bucket. One that is there stays as it is, whoever's it is.
    ///
    /// # Errors
    /// There are too many, or the disk's.
    pub fn create_bucket(
        &self,
        name: &BucketName,
        owner: Option<AccountId>,
        region: &Region,
    ) -> Result<Created> {
        self.check()?;
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.find(name) {
            Ok(_) => return Ok(Created::Existed),
            Err(Error::NoSuchBucket) => {}
            Err(error) => return Err(error),
        }
        if self.write_buckets().len() >= BUCKETS_MAX {
            return Err(Error::TooMany { what: "buckets", max: BUCKETS_MAX });
        }
        let (created, region) = (self.clock.now(), region.clone());
        let info = BucketInfo { name: name.clone(), created, owner, region };
        let directory = self.root.join(NAMES).join(name.as_str());
        self.make_bucket(&info, &directory)?;
        let bucket = Arc::new(Bucket::new(info, directory, None));
        self.write_buckets().insert(name.clone(), bucket);
        Ok(Created::Made)
    }

    fn write_buckets(&self) -> RwLockWriteGuard<'_, BTreeMap<BucketName, Arc<Bucket>>> {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Made aside, then named: a bucket is there whole or not at all.
    fn make_bucket(&self, info: &BucketInfo, directory: &Path) -> Result<()> {
        let making = || Error::io("making a bucket");
        let aside = self.aside();
        fs::create_dir(&aside).map_err(making())?;
        for part in [bucket::OBJECTS, bucket::UPLOADS, bucket::STAGED] {
            fs::create_dir(aside.join(part)).map_err(making())?;
        }
        self.write_record(&aside.join(bucket::RECORD), info, None)?;
        self.sync_directory(&aside)?;
        fs::rename(&aside, directory).map_err(making())?;
        self.sync_directory(&self.root.join(NAMES))
    }

    /// Writes what a bucket is, durably.
    fn write_record(
        &self,
        path: &Path,
        info: &BucketInfo,
        encryption: Option<DefaultEncryption>,
    ) -> Result<()> {
        let writing = || Error::io("writing a bucket's record");
        fs::write(path, bucket::encode(info, encryption)).map_err(writing())?;
        match self.durable {
            true => self.synced(File::open(path).map_err(writing())?.sync_all()),
            false => Ok(()),
        }
    }

    /// How objects of a bucket are encrypted that do not say it themselves; `None` leaves them in the clear.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub fn default_encryption(&self, name: &BucketName) -> Result<Option<DefaultEncryption>> {
        let bucket = self.find(name)?;
        let encryption = bucket.encryption.read().unwrap_or_else(PoisonError::into_inner);
        Ok(encryption.clone())
    }

    /// Says how objects of a bucket are encrypted from now on that do not say it themselves.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], or the disk's.
    pub fn set_default_encryption(
        &self,
        name: &BucketName,
        encryption: Option<DefaultEncryption>,
    ) -> Result<()> {
        self.check()?;
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = self.find(name)?;
        let aside = self.aside();
        self.write_record(&aside, &bucket.info, encryption.clone())?;
        let named = fs::rename(&aside, bucket.directory.join(bucket::RECORD));
        named.map_err(Error::io("naming a bucket's record"))?;
        self.sync_directory(&bucket.directory)?;
        *bucket.encryption.write().unwrap_or_else(PoisonError::into_inner) = encryption;
        Ok(())
    }

    /// Deletes a bucket that holds no objects; uploads that are open in it end.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::BucketNotEmpty`], or the disk's.
    pub fn delete_bucket(&self, name: &BucketName) -> Result<()> {
        self.check()?;
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = self.find(name)?;
        let _tree = bucket.tree.write().unwrap_or_else(PoisonError::into_inner);
        if Walk::has_any(&bucket.objects())? {
            return Err(Error::BucketNotEmpty);
        }
        self.remove_bucket(&bucket)
    }

    /// Deletes all buckets with all that is in them, and tells how many that were.
    ///
    /// # Errors
    /// The disk's.
    pub fn reset(&self) -> Result<usize> {
        self.check()?;
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets: Vec<Arc<Bucket>> = self.write_buckets().values().cloned().collect();
        for bucket in &buckets {
            let _tree = bucket.tree.write().unwrap_or_else(PoisonError::into_inner);
            self.remove_bucket(bucket)?;
        }
        Ok(buckets.len())
    }

    /// Removes a bucket whose `tree` is held.
    fn remove_bucket(&self, bucket: &Bucket) -> Result<()> {
        let aside = self.aside();
        fs::rename(&bucket.directory, &aside).map_err(Error::io("deleting a bucket"))?;
        bucket.deleted.store(true, Ordering::Relaxed);
        self.write_buckets().remove(&bucket.info.name);
        self.sync_directory(&self.root.join(NAMES))?;
        self.discard(&aside);
        Ok(())
    }

    /// A path of its own for what is being made or removed.
    pub(crate) fn aside(&self) -> PathBuf {
        self.root.join(TRASH).join(UploadId::draw(&*self.random).as_str())
    }

    /// Removes a directory in the trash. What cannot be removed now is removed at the next start.
    pub(crate) fn discard(&self, aside: &Path) {
        if let Err(error) = fs::remove_dir_all(aside) {
            tracing::warn!(path = %aside.display(), %error, "what was deleted could not be removed yet");
        }
    }

    /// One at a time for each key, where something is looked at before it is changed.
    pub(crate) fn lock(&self, bucket: &BucketName, key: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        (bucket, key).hash(&mut hasher);
        let stripe = hasher.finish() as usize % STRIPES;
        self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses to write once a sync has failed.
    pub(crate) fn check(&self) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) { Err(Error::Failed) } else { Ok(()) }
    }

    /// Whether what is answered is on disk.
    pub(crate) fn durable(&self) -> bool {
        self.durable
    }

    /// Makes a directory's entries durable. One that is gone has none: its last was deleted meanwhile.
    pub(crate) fn sync_directory(&self, directory: &Path) -> Result<()> {
        if !self.durable {
            return Ok(());
        }
        match File::open(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // Nothing was asked of the disk yet: it may be that too many files are open.
            Err(error) => Err(Error::Io { doing: "opening a directory", error }),
            Ok(opened) => self.synced(opened.sync_all()),
        }
    }

    /// After a sync that failed nobody knows what is on disk: the page cache may have dropped it and say so only once.
    pub(crate) fn synced(&self, result: io::Result<()>) -> Result<()> {
        result.map_err(|error| {
            self.failed.store(true, Ordering::Relaxed);
            tracing::error!(%error, "a sync of the buckets failed: nothing more is taken until a restart");
            Error::Io { doing: "syncing", error }
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !self.durable {
            self.discard(&self.root);
        }
    }
}

/// The buckets of a directory, without what was being written to them.
fn open_buckets(names: &Path) -> Result<BTreeMap<BucketName, Arc<Bucket>>> {
    let opening = || Error::io("opening the buckets");
    let mut buckets = BTreeMap::new();
    for entry in fs::read_dir(names).map_err(opening())? {
        let entry = entry.map_err(opening())?;
        let name = entry.file_name().to_str().and_then(|name| name.parse::<BucketName>().ok());
        let Some(name) = name else {
            tracing::warn!(path = %entry.path().display(), "this is no bucket; it is left alone");
            continue;
        };
        let (info, encryption) = bucket::read(name.clone(), &entry.path())?;
        let bucket = Bucket::new(info, entry.path(), encryption);
        let staged = bucket.staged();
        if staged.exists() {
            fs::remove_dir_all(&staged).map_err(opening())?;
        }
        fs::create_dir(&staged).map_err(opening())?;
        buckets.insert(name, Arc::new(bucket));
    }
    Ok(buckets)
}
