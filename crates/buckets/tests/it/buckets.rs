use millstream_buckets::{Created, Error, FormatError};

use crate::support::{Home, START, get, key, name, put};

#[test]
fn a_bucket_is_made_once_and_found_after_a_restart() {
    let home = Home::new();
    let store = home.open();
    let region = "eu-west-1".parse().unwrap();
    let owner = Some("123456789012".parse().unwrap());
    assert_eq!(store.create_bucket(&name("first"), owner, &region).unwrap(), Created::Made);
    assert_eq!(store.create_bucket(&name("first"), None, &region).unwrap(), Created::Existed);
    store.create_bucket(&name("another"), None, &region).unwrap();
    drop(store);
    let store = home.open();
    let names: Vec<_> = store.buckets().iter().map(|info| info.name.to_string()).collect();
    assert_eq!(names, ["another", "first"]);
    let info = store.bucket(&name("first")).unwrap();
    assert_eq!((info.owner, info.created, info.region), (owner, START, region));
    assert!(matches!(store.bucket(&name("third")), Err(Error::NoSuchBucket)));
}

#[test]
fn only_an_empty_bucket_can_be_deleted() {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "a/b", b"x");
    assert!(matches!(store.delete_bucket(&bucket), Err(Error::BucketNotEmpty)));
    store.delete(&bucket, &key("a/b"), &Default::default()).unwrap();
    let staged = store.stage(&bucket, 10).unwrap();
    store.delete_bucket(&bucket).unwrap();
    assert!(matches!(store.delete_bucket(&bucket), Err(Error::NoSuchBucket)));
    assert!(matches!(get(&store, &bucket, "a/b"), Err(Error::NoSuchBucket)));
    // What was being written when the bucket went does not bring it back.
    let late = store.publish(staged, &key("late"), Default::default(), None, &Default::default());
    assert!(matches!(late, Err(Error::NoSuchBucket)), "{late:?}");
    drop(store);
    assert!(home.open().buckets().is_empty());
}

#[test]
fn a_reset_leaves_nothing() {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "a/b", b"x");
    store.create_upload(&bucket, &key("c"), Default::default(), None, None).unwrap();
    assert_eq!(store.reset().unwrap(), 1);
    assert!(store.buckets().is_empty());
    assert_eq!(std::fs::read_dir(home.directory.join("names")).unwrap().count(), 0);
    store.create_bucket(&bucket, None, &"us-east-1".parse().unwrap()).unwrap();
    assert!(matches!(get(&store, &bucket, "a/b"), Err(Error::NoSuchKey)));
}

#[test]
fn a_directory_is_open_once_and_one_of_another_version_not_at_all() {
    let home = Home::new();
    let store = home.open();
    assert!(home.try_open().is_err());
    drop(store);
    std::fs::write(home.directory.join("FORMAT"), "millstream buckets 2\n").unwrap();
    assert!(matches!(home.try_open(), Err(Error::Format(FormatError::Unknown { .. }))));
}
