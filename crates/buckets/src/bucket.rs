//! A bucket: its directory, and what is kept of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;

use millstream_types::{AccountId, Millis, Region};
use minicbor::{Decode, Encode};

use crate::encryption::DefaultEncryption;
use crate::error::{Error, Result};
use crate::names::BucketName;

/// The file that says what a bucket is.
pub(crate) const RECORD: &str = "bucket";
/// The directory of objects.
pub(crate) const OBJECTS: &str = "objects";
/// The directory of uploads in parts.
pub(crate) const UPLOADS: &str = "uploads";
/// The directory of files that are being written; emptied at start.
pub(crate) const STAGED: &str = "staged";

/// What is known of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketInfo {
    /// Its name.
    pub name: BucketName,
    /// When it was made, in service time.
    pub created: Millis,
    /// Whose it is; everyone's if it has no owner.
    pub owner: Option<AccountId>,
    /// The region that it was made in. Buckets of all regions lie on the same disk.
    pub region: Region,
}

/// What came of making a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It was made.
    Made,
    /// It was there already.
    Existed,
}

#[derive(Encode, Decode)]
struct Record {
    /// The version of the layout of the bucket's directory.
    #[n(0)]
    version: u32,
    #[n(1)]
    created_ms: u64,
    #[n(2)]
    owner: Option<u64>,
    #[n(3)]
    region: String,
    #[n(4)]
    encryption: Option<DefaultEncryption>,
}

/// The layouts that are written and read: of a bucket, and of one that has a default encryption.
const VERSION: u32 = 1;
const ENCRYPTED_VERSION: u32 = 2;

/// An open bucket.
pub(crate) struct Bucket {
    pub(crate) info: BucketInfo,
    pub(crate) directory: PathBuf,
    /// Held to write when directories are made or removed, to read when files are named: a directory that is seen is
    /// durable, and stays.
    pub(crate) tree: RwLock<()>,
    /// How objects are encrypted that do not say it themselves.
    pub(crate) encryption: RwLock<Option<DefaultEncryption>>,
    /// Set under `tree`.
    pub(crate) deleted: AtomicBool,
}

impl Bucket {
    pub(crate) fn new(
        info: BucketInfo,
        directory: PathBuf,
        encryption: Option<DefaultEncryption>,
    ) -> Self {
        Bucket {
            info,
            directory,
            tree: RwLock::new(()),
            encryption: RwLock::new(encryption),
            deleted: AtomicBool::new(false),
        }
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.directory.join(OBJECTS)
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.directory.join(UPLOADS)
    }

    pub(crate) fn staged(&self) -> PathBuf {
        self.directory.join(STAGED)
    }
}

/// The bytes of a bucket's file.
pub(crate) fn encode(info: &BucketInfo, encryption: Option<DefaultEncryption>) -> Vec<u8> {
    let record = Record {
        version: if encryption.is_some() { ENCRYPTED_VERSION } else { VERSION },
        created_ms: info.created.0,
        owner: info.owner.map(AccountId::as_u64),
        region: info.region.as_str().to_owned(),
        encryption,
    };
    // Writing to memory cannot fail.
    minicbor::to_vec(&record).unwrap_or_default()
}

/// Reads a bucket's file.
pub(crate) fn read(
    name: BucketName,
    directory: &Path,
) -> Result<(BucketInfo, Option<DefaultEncryption>)> {
    let path = directory.join(RECORD);
    let bytes = fs::read(&path).map_err(Error::io("reading a bucket"))?;
    let damaged = || Error::Damaged { path: path.display().to_string() };
    let record: Record = minicbor::decode(&bytes).map_err(|_| damaged())?;
    let owner = record.owner.map(AccountId::from_u64).transpose().map_err(|_| damaged())?;
    let version = if record.encryption.is_some() { ENCRYPTED_VERSION } else { VERSION };
    if record.version != version {
        return Err(damaged());
    }
    let region = record.region.parse().map_err(|_| damaged())?;
    let created = Millis(record.created_ms);
    Ok((BucketInfo { name, created, owner, region }, record.encryption))
}
