use std::time::Duration;

use millstream_buckets::{Attributes, Checksum, Condition, ETag, Error, Key};

use crate::support::{Home, START, get, key, put, put_if};

#[test]
fn an_object_comes_back_with_all_that_was_said_of_it() {
    let (home, store, bucket) = Home::with_bucket();
    let attributes = Attributes {
        content_type: Some("text/plain".into()),
        content_encoding: Some("gzip".into()),
        metadata: vec![("a".into(), "1".into()), ("b".into(), "ä".into())],
        storage_class: Some("STANDARD_IA".into()),
        ..Attributes::default()
    };
    let checksum =
        Checksum { algorithm: "CRC32".into(), value: "AAAAAA==".into(), full_object: true };
    let mut staged = store.stage(&bucket, 100).unwrap();
    staged.write(b"hello ").unwrap();
    staged.write(b"world").unwrap();
    home.clock.advance(Duration::from_secs(1));
    let written = store
        .publish(staged, &key("k"), attributes.clone(), Some(checksum.clone()), &Condition::Always)
        .unwrap();
    drop(store);
    let store = home.open();
    let info = store.head(&bucket, &key("k")).unwrap();
    assert_eq!(info, written);
    assert_eq!((info.size, info.modified), (11, START.plus(Duration::from_secs(1))));
    assert_eq!(info.etag.to_string(), "5eb63bbbe01eeed093cb22bb8f5acdc3");
    assert_eq!((info.attributes, info.checksum), (attributes, Some(checksum)));
    let reader = store.open_object(&bucket, &key("k")).unwrap();
    let mut part = [0; 3];
    assert_eq!(reader.read_at(9, &mut part).unwrap(), 2);
    assert_eq!(&part[..2], b"ld");
    assert_eq!(reader.read_at(12, &mut part).unwrap(), 0);
}

#[test]
fn conditions_decide_whether_an_object_is_written() {
    let (_home, store, bucket) = Home::with_bucket();
    let absent = Condition::IfAbsent;
    put_if(&store, &bucket, "k", b"1", &absent).unwrap();
    let refused = put_if(&store, &bucket, "k", b"2", &absent);
    assert!(matches!(refused, Err(Error::PreconditionFailed)));
    let first = ETag::parse("c4ca4238a0b923820dcc509a6f75849b").unwrap();
    let other = ETag { parts: Some(1), ..first };
    let refused = put_if(&store, &bucket, "k", b"2", &Condition::IfMatch(vec![other]));
    assert!(matches!(refused, Err(Error::PreconditionFailed)));
    assert_eq!(get(&store, &bucket, "k").unwrap(), b"1");
    put_if(&store, &bucket, "k", b"2", &Condition::IfMatch(vec![other, first])).unwrap();
    assert_eq!(get(&store, &bucket, "k").unwrap(), b"2");
    let refused = put_if(&store, &bucket, "none", b"2", &Condition::IfMatch(vec![first]));
    assert!(matches!(refused, Err(Error::NoSuchKey)));
    let refused = put_if(&store, &bucket, "none", b"2", &Condition::IfPresent);
    assert!(matches!(refused, Err(Error::NoSuchKey)));
    put_if(&store, &bucket, "k", b"3", &Condition::IfPresent).unwrap();
    let refused = store.delete(&bucket, &key("k"), &Condition::IfMatch(vec![first]));
    assert!(matches!(refused, Err(Error::PreconditionFailed)));
}

#[test]
fn of_many_who_write_a_new_object_one_does() {
    let (_home, store, bucket) = Home::with_bucket();
    let written = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8u8)
            .map(|n| {
                let (store, bucket) = (&store, &bucket);
                scope.spawn(move || put_if(store, bucket, "a/b/c", &[n], &Condition::IfAbsent))
            })
            .collect();
        let results = writers.into_iter().map(|writer| writer.join().unwrap());
        results.filter(|result| result.is_ok()).count()
    });
    assert_eq!(written, 1);
}

#[test]
fn puts_and_deletes_beside_each_other_lose_no_object() {
    let (_home, store, bucket) = Home::with_bucket();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (store, bucket) = (&store, &bucket);
            scope.spawn(move || {
                for round in 0..50 {
                    let path = format!("deep/er/{writer}");
                    put(store, bucket, &path, &[round]);
                    assert_eq!(get(store, bucket, &path).unwrap(), [round]);
                    store.delete(bucket, &key(&path), &Condition::Always).unwrap();
                }
            });
        }
    });
    assert!(store.list(&bucket, &all()).unwrap().entries.is_empty());
    store.delete_bucket(&bucket).unwrap();
}

fn all() -> millstream_buckets::ListQuery {
    millstream_buckets::ListQuery { entries_max: 1000, ..Default::default() }
}

#[test]
fn odd_keys_are_objects_of_their_own() {
    let (home, store, bucket) = Home::with_bucket();
    let long = "x".repeat(1024);
    let slashes = "/".repeat(1024);
    let wide = "ä/".repeat(341);
    let mut keys = vec![
        "a",
        "A",
        "a/b",
        "a/",
        "a//",
        "/",
        "/a",
        "..",
        "../../etc/passwd",
        ".",
        "a/../b",
        "nul\0",
        "a,o",
        "a,o/b",
        "%2e",
        "é",
        "e\u{301}",
        &long,
        &slashes,
        &wide,
    ];
    for (index, key) in keys.iter().enumerate() {
        put(&store, &bucket, key, index.to_string().as_bytes());
    }
    drop(store);
    let store = home.open();
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(get(&store, &bucket, key).unwrap(), index.to_string().as_bytes(), "{key:?}");
    }
    keys.sort_unstable();
    let listed = store.list(&bucket, &all()).unwrap();
    let listed: Vec<_> = listed.entries.iter().map(|entry| entry.name().to_owned()).collect();
    assert_eq!(listed, keys);
    for key in &keys {
        store.delete(&bucket, &self::key(key), &Condition::Always).unwrap();
    }
    // Nothing is left, directories neither.
    let objects = home.directory.join("names/bucket/objects");
    assert_eq!(std::fs::read_dir(objects).unwrap().count(), 0);
    assert!("x".repeat(1025).parse::<Key>().is_err() && "".parse::<Key>().is_err());
}

#[test]
fn more_bytes_than_allowed_are_refused_and_leave_nothing() {
    let (home, store, bucket) = Home::with_bucket();
    let mut staged = store.stage(&bucket, 3).unwrap();
    staged.write(b"abc").unwrap();
    assert!(matches!(staged.write(b"d"), Err(Error::TooLarge { bytes_max: 3 })));
    drop(staged);
    let staged = home.directory.join("names/bucket/staged");
    assert_eq!(std::fs::read_dir(staged).unwrap().count(), 0);
}
