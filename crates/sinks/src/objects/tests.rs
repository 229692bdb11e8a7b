use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use millstream_buckets::{BucketName, Options, Place, Store};
use millstream_types::{AccountId, ManualClock, Millis, SeededRandom};

use super::*;

/// A store that is gone with the test.
fn store() -> Arc<Store> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let seed = u64::from(std::process::id()) << 32 | NEXT.fetch_add(1, Ordering::Relaxed);
    let place = Place::Temporary { parent: std::env::temp_dir(), bytes_max: 1 << 20 };
    let clock = Arc::new(ManualClock::new(Millis(1_700_000_000_000)));
    let options = Options { place, bytes_reserved: 0 };
    Store::open(options, clock, Arc::new(SeededRandom::new(seed))).unwrap()
}

fn account(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn sender() -> Sender {
    Sender {
        account: account("123456789012"),
        region: "eu-west-1".parse().unwrap(),
        name: "n".into(),
        arn: "arn".into(),
        role_arn: "role".into(),
    }
}

fn object(key: &str) -> Object {
    Object {
        bucket: "bucket".into(),
        key: key.into(),
        body: Bytes::from_static(b"data"),
        content_type: "application/octet-stream",
        content_encoding: Some("gzip"),
        encryption: Encryption::BucketDefault,
        bucket_owner: None,
        storage_class: None,
    }
}

fn made(store: &Store, owner: Option<AccountId>) -> BucketName {
    let bucket: BucketName = "bucket".parse().unwrap();
    store.create_bucket(&bucket, owner, &"eu-west-1".parse().unwrap()).unwrap();
    bucket
}

async fn code(objects: &Objects, object: &Object) -> String {
    let error = objects.put(&sender(), object).await.unwrap_err();
    assert_eq!(error.then, Then::Retry, "{error:?}");
    error.code
}

#[tokio::test]
async fn an_object_is_written_once_with_its_headers() {
    let store = store();
    let bucket = made(&store, None);
    let objects = Objects::new(ObjectSettings::default(), store.clone());
    let object = object("a/b.gz");
    assert_eq!(objects.put(&sender(), &object).await, Ok(Put::Written));
    let again = Object { body: Bytes::from_static(b"other"), ..object };
    assert_eq!(objects.put(&sender(), &again).await, Ok(Put::Existed));
    let info = store.head(&bucket, &"a/b.gz".parse().unwrap()).unwrap();
    assert_eq!((info.size, info.attributes.content_encoding.as_deref()), (4, Some("gzip")));
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_made_only_where_that_is_set() {
    let store = store();
    let settings = ObjectSettings::default();
    let strict = Objects::new(settings.clone(), store.clone());
    assert_eq!(strict.accepts("bucket", &Encryption::BucketDefault), Ok(()));
    assert_eq!(code(&strict, &object("k")).await, "S3.NoSuchBucket");
    let making = ObjectSettings { create_buckets: true, ..settings };
    let making = Objects::new(making, store.clone());
    assert_eq!(making.put(&sender(), &object("k")).await, Ok(Put::Written));
    assert_eq!(strict.put(&sender(), &object("k")).await, Ok(Put::Existed));
}

#[tokio::test]
async fn a_bucket_of_another_account_is_denied_where_accounts_are_known() {
    let store = store();
    made(&store, Some(account("000000000007")));
    let open = ObjectSettings::default();
    let signed = ObjectSettings { owners_only: true, ..open.clone() };
    let signed = Objects::new(signed, store.clone());
    assert_eq!(code(&signed, &object("k")).await, "S3.AccessDenied");
    let open = Objects::new(open, store.clone());
    assert_eq!(open.put(&sender(), &object("k")).await, Ok(Put::Written));
    let expecting = Object { bucket_owner: Some("123456789012".into()), ..object("k2") };
    assert_eq!(code(&open, &expecting).await, "S3.AccessDenied");
}

#[tokio::test]
async fn encryption_by_a_key_is_refused_and_never_left_out() {
    let store = store();
    let bucket = made(&store, None);
    let objects = Objects::new(ObjectSettings::default(), store.clone());
    let kms = Encryption::Kms("arn:aws:kms:eu-west-1:123456789012:key/k".into());
    assert!(objects.accepts("bucket", &kms).unwrap_err().contains("KMSEncryptionConfig"));
    let object = Object { encryption: kms, ..object("k") };
    assert_eq!(objects.put(&sender(), &object).await.unwrap_err().then, Then::GiveUp);
    assert!(store.head(&bucket, &"k".parse().unwrap()).is_err());
}
