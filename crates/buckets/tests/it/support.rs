//! A store in a directory of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millstream_buckets::{
    Attributes, BucketName, Condition, Key, Keys, ObjectInfo, Options, Place, Result, Store, Writer,
};
use millstream_types::{AccountId, ManualClock, Millis, SeededRandom};
use millstream_vault::{DataKey, KeyUse, LocalKey, LocalKeys};

/// A directory that is gone with the test.
pub struct Home {
    pub directory: PathBuf,
    pub clock: Arc<ManualClock>,
}

pub const START: Millis = Millis(1_700_000_000_000);

impl Home {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("millstream-test-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        Home { directory, clock: Arc::new(ManualClock::new(START)) }
    }

    pub fn open(&self) -> Arc<Store> {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Arc<Store>> {
        self.open_with(&[("k", KeyUse::Enabled)])
    }

    /// A store that knows these keys of account 7.
    pub fn open_with(&self, keys: &[(&str, KeyUse)]) -> Result<Arc<Store>> {
        let account = AccountId::from_u64(7).unwrap();
        let declared = keys.iter().map(|(id, usable)| LocalKey {
            id: (*id).into(),
            aliases: Vec::new(),
            account,
            usable: *usable,
        });
        // Numbers that go on where those of the store before ended: salts must never repeat.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let random = Arc::new(SeededRandom::new(NEXT.fetch_add(1, Ordering::Relaxed)));
        let masters = LocalKeys::new(DataKey::new([5; 32]), declared.collect(), random.clone());
        let keys = Some(Keys::new(Arc::new(masters)));
        let place = Place::Directory(self.directory.clone());
        Store::open(Options { place, bytes_reserved: 0, keys }, self.clock.clone(), random)
    }

    /// An open store with the bucket `bucket`.
    pub fn with_bucket() -> (Home, Arc<Store>, BucketName) {
        let home = Home::new();
        let store = home.open();
        let bucket = name("bucket");
        store.create_bucket(&bucket, None, &"eu-west-1".parse().unwrap()).unwrap();
        (home, store, bucket)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub fn name(text: &str) -> BucketName {
    text.parse().unwrap()
}

pub fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub fn put_if(
    store: &Arc<Store>,
    bucket: &BucketName,
    key: &str,
    data: &[u8],
    condition: &Condition,
) -> Result<ObjectInfo> {
    let mut staged = store.stage(bucket, 1 << 20)?;
    data.chunks(7).try_for_each(|piece| staged.write(piece))?;
    store.publish(staged, &self::key(key), Attributes::default(), None, condition)
}

pub fn put(store: &Arc<Store>, bucket: &BucketName, key: &str, data: &[u8]) -> ObjectInfo {
    put_if(store, bucket, key, data, &Condition::Always).unwrap()
}

pub fn get(store: &Store, bucket: &BucketName, key: &str) -> Result<Vec<u8>> {
    let reader = store.open_object(bucket, &self::key(key))?;
    let mut data = vec![0; reader.info().size as usize + 10];
    let count = reader.read_at(0, &mut data)?;
    data.truncate(count);
    Ok(data)
}

/// Who writes sealed objects.
pub fn writer() -> Writer {
    let account = AccountId::from_u64(7).unwrap();
    Writer { account, region: "eu-west-1".parse().unwrap() }
}
