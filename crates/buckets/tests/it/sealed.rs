//! Sealed objects: they come back whole and by range, and whatever was changed, cut, swapped or moved does not open.

use std::path::PathBuf;
use std::sync::Arc;

use millstream_buckets::{
    Asked, Attributes, BucketName, Checksum, Condition, DefaultEncryption, Encryption, Error,
    KeyFault, ObjectInfo, ObjectReader, Result, Role, Sealing, Store,
};
use millstream_types::AccountId;
use millstream_vault::KeyUse;

use crate::support::{Home, get, key, name, put, writer};

const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

fn kms() -> Encryption {
    Encryption::Kms(Some("k".into()))
}

async fn sealing(store: &Store, bucket: &BucketName, of: &str, asked: Encryption) -> Sealing {
    let sealing = store.sealing(&writer(), bucket, &key(of), &asks(asked)).await;
    sealing.unwrap().unwrap()
}

fn asks(encryption: Encryption) -> Asked {
    Asked { encryption: Some(encryption), bucket_key: None }
}

pub async fn put_sealed(
    store: &Arc<Store>,
    bucket: &BucketName,
    of: &str,
    data: &[u8],
    asked: Encryption,
) -> ObjectInfo {
    let sealing = sealing(store, bucket, of, asked).await;
    let mut staged =
        store.stage(bucket, 1 << 30).unwrap().sealed_with(Some(&sealing), Role::Object);
    // Pieces of a length that has nothing to do with a chunk's.
    data.chunks(50_001).for_each(|piece| staged.write(piece).unwrap());
    let checksum =
        Checksum { algorithm: "CRC32".into(), value: "the-checksum".into(), full_object: true };
    let checksum = Some(checksum);
    store.publish(staged, &key(of), attributes(), checksum, &Condition::Always).unwrap()
}

fn attributes() -> Attributes {
    Attributes { content_type: Some("text/x-a".into()), ..Attributes::default() }
}

async fn open(store: &Store, bucket: &BucketName, of: &str) -> Result<ObjectReader> {
    let reader = store.open_object(bucket, &key(of))?;
    let sealed = reader.info().sealed.clone().expect("it is sealed");
    let sealing = store.unsealing(None, bucket, &key(of), &sealed).await?;
    reader.unseal(&sealing)
}

fn read(reader: &ObjectReader, offset: u64, bytes: usize) -> Result<Vec<u8>> {
    let mut data = vec![0; bytes];
    let count = reader.read_at(offset, &mut data)?;
    data.truncate(count);
    Ok(data)
}

async fn get_sealed(store: &Store, bucket: &BucketName, of: &str) -> Result<Vec<u8>> {
    let reader = open(store, bucket, of).await?;
    read(&reader, 0, reader.info().size as usize + 1)
}

/// No two chunks are alike.
pub fn data(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at / 251 + at) as u8).collect()
}

fn path(home: &Home, bucket: &str, name: &str) -> PathBuf {
    home.directory.join(format!("names/{bucket}/objects/{name},o"))
}

#[tokio::test]
async fn objects_of_all_sizes_come_back_whole() {
    let (home, store, bucket) = Home::with_bucket();
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
        for asked in [Encryption::Managed, kms()] {
            let data = data(size);
            let info = put_sealed(&store, &bucket, "o", &data, asked.clone()).await;
            assert_eq!(info.size, size as u64);
            assert_eq!(get_sealed(&store, &bucket, "o").await.unwrap(), data, "{size}");
            let is_md5 = info.etag.md5 == millstream_buckets::md5_of(&data);
            assert_eq!(is_md5, asked == Encryption::Managed);
            // No more than chunks, their tags and the record.
            let length = path(&home, "bucket", "o").metadata().unwrap().len() as usize;
            let chunks = size + size.div_ceil(CHUNK) * TAG;
            assert!((chunks + 100..chunks + 700).contains(&length), "{size}: {length}");
        }
    }
}

#[tokio::test]
async fn ranges_at_every_boundary_are_what_they_are_in_the_clear() {
    let (_home, store, bucket) = Home::with_bucket();
    let data = data(3 * CHUNK + 7);
    put_sealed(&store, &bucket, "o", &data, kms()).await;
    let reader = open(&store, &bucket, "o").await.unwrap();
    let edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK, 3 * CHUNK + 6];
    let ends = edges.into_iter().chain([3 * CHUNK + 7, 3 * CHUNK + 8, 9 * CHUNK]);
    for (from, to) in edges.into_iter().flat_map(|from| ends.clone().map(move |to| (from, to))) {
        let Some(bytes) = to.checked_sub(from) else { continue };
        let expected = &data[from..to.min(data.len())];
        assert_eq!(read(&reader, from as u64, bytes).unwrap(), expected, "{from}..{to}");
    }
    assert_eq!(read(&reader, data.len() as u64, 5).unwrap(), b"");
    assert_eq!(read(&reader, u64::MAX, 5).unwrap(), b"");
}

#[tokio::test]
async fn without_its_key_nothing_of_an_object_is_given_out() {
    let (home, store, bucket) = Home::with_bucket();
    let canary = b"canary-plaintext-93c1".repeat(5000);
    put_sealed(&store, &bucket, "o", &canary, kms()).await;
    assert!(matches!(get(&store, &bucket, "o"), Err(Error::Sealed)));
    let file = std::fs::read(path(&home, "bucket", "o")).unwrap();
    for secret in [&b"canary-plaintext"[..], b"the-checksum", &millstream_buckets::md5_of(&canary)]
    {
        assert!(!file.windows(secret.len()).any(|bytes| bytes == secret));
    }
    // Its size and what was said of it are known without; its checksum is not.
    let info = store.head(&bucket, &key("o")).unwrap();
    assert_eq!((info.size, &info.attributes), (canary.len() as u64, &attributes()));
    assert_eq!(info.checksum, None);
    let reader = open(&store, &bucket, "o").await.unwrap();
    assert_eq!(reader.info().checksum.as_ref().unwrap().value, "the-checksum");
    let arn = info.sealed.unwrap().key_arn;
    assert_eq!(arn.as_deref(), Some("arn:aws:kms:eu-west-1:000000000007:key/k"));
}

/// What reading all of a changed file comes to: it must fail, and name the file.
async fn refused(store: &Store, bucket: &BucketName, what: &str) {
    match get_sealed(store, bucket, "o").await {
        Err(Error::Damaged { path }) => assert!(path.ends_with(",o"), "{path}"),
        other => panic!("{what}: {:?}", other.map(|data| data.len())),
    }
}

#[tokio::test]
async fn a_chunk_that_was_flipped_swapped_or_cut_is_refused() {
    let (home, store, bucket) = Home::with_bucket();
    let data = data(2 * CHUNK + 5);
    put_sealed(&store, &bucket, "o", &data, kms()).await;
    let path = path(&home, "bucket", "o");
    let file = std::fs::read(&path).unwrap();
    let sealed = CHUNK + TAG;
    for at in [0, CHUNK / 2, CHUNK - 1, CHUNK, sealed - 1, sealed, 2 * sealed, 2 * sealed + 20] {
        let mut bad = file.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        refused(&store, &bucket, &format!("byte {at}")).await;
    }
    // What is in other chunks can be read up to the one that was changed.
    let reader = open(&store, &bucket, "o").await.unwrap();
    assert_eq!(read(&reader, 0, 2 * CHUNK).unwrap(), data[..2 * CHUNK]);
    let (first, rest) = file.split_at(sealed);
    let (second, rest) = rest.split_at(sealed);
    let swapped = [second, first, rest].concat();
    let twice = [first, first, rest].concat();
    let cut_in_front = [second, rest].concat();
    let cut_behind = [first, rest].concat();
    for (what, bad) in [
        ("swapped", swapped),
        ("twice", twice),
        ("without the first", cut_in_front),
        ("without the second", cut_behind),
        ("without the end", file[..file.len() - 1].to_vec()),
    ] {
        std::fs::write(&path, &bad).unwrap();
        refused(&store, &bucket, what).await;
    }
    std::fs::write(&path, &file).unwrap();
    assert_eq!(get_sealed(&store, &bucket, "o").await.unwrap(), data);
}

#[tokio::test]
async fn what_is_of_another_object_is_refused() {
    let (home, store, bucket) = Home::with_bucket();
    let other = name("other");
    store.create_bucket(&other, None, &"eu-west-1".parse().unwrap()).unwrap();
    for asked in [Encryption::Managed, kms()] {
        let (mine, theirs) = (data(CHUNK + 5), vec![9; CHUNK + 5]);
        put_sealed(&store, &bucket, "o", &mine, asked.clone()).await;
        put_sealed(&store, &bucket, "p", &theirs, asked.clone()).await;
        let (o, p) = (path(&home, "bucket", "o"), path(&home, "bucket", "p"));
        let (file, of_other) = (std::fs::read(&o).unwrap(), std::fs::read(&p).unwrap());
        // A chunk of another object, in the same place.
        let sealed = CHUNK + TAG;
        std::fs::write(&o, [&of_other[..sealed], &file[sealed..]].concat()).unwrap();
        refused(&store, &bucket, "a chunk of another object").await;
        // The whole file of another object, in this bucket and in another.
        std::fs::write(&o, &of_other).unwrap();
        std::fs::write(path(&home, "other", "o"), &file).unwrap();
        for bucket in [&bucket, &other] {
            match get_sealed(&store, bucket, "o").await {
                Err(Error::Key(error)) => assert_eq!(error.fault, KeyFault::AccessDenied),
                other => panic!("{:?}", other.map(|data| data.len())),
            }
        }
        // An object in the clear says of itself that it is.
        put(&store, &bucket, "plain", b"plain");
        std::fs::copy(path(&home, "bucket", "plain"), &o).unwrap();
        assert!(store.open_object(&bucket, &key("o")).unwrap().info().sealed.is_none());
    }
}

#[tokio::test]
async fn a_key_that_may_not_be_used_stops_the_next_read_and_write() {
    let (home, store, bucket) = Home::with_bucket();
    put_sealed(&store, &bucket, "o", b"data", kms()).await;
    put_sealed(&store, &bucket, "m", b"data", Encryption::Managed).await;
    drop(store);
    for (usable, fault) in [
        (Some(KeyUse::Disabled), KeyFault::Disabled),
        (Some(KeyUse::PendingDeletion), KeyFault::InvalidState),
        (Some(KeyUse::Denied), KeyFault::AccessDenied),
        (None, KeyFault::NotFound),
    ] {
        let keys: Vec<_> = usable.map(|usable| ("k", usable)).into_iter().collect();
        let store = home.open_with(&keys).unwrap();
        let read = get_sealed(&store, &bucket, "o").await.map(|_| ());
        let written = store.sealing(&writer(), &bucket, &key("p"), &asks(kms())).await.map(|_| ());
        for done in [read, written] {
            match done {
                Err(Error::Key(error)) => assert_eq!(error.fault, fault),
                other => panic!("{fault:?}: {other:?}"),
            }
        }
        // HEAD and deleting need no key, and other keys are as they were.
        assert_eq!(store.head(&bucket, &key("o")).unwrap().size, 4);
        assert_eq!(get_sealed(&store, &bucket, "m").await.unwrap(), b"data");
    }
    let store = home.open();
    assert_eq!(get_sealed(&store, &bucket, "o").await.unwrap(), b"data");
    // Where accounts are known, it is the account's that wrote it.
    let sealed = |of: &str| store.head(&bucket, &key(of)).unwrap().sealed.unwrap();
    for (of, account, may) in [("o", 7, true), ("o", 8, false), ("m", 8, true)] {
        let reader = Some(AccountId::from_u64(account).unwrap());
        let opened = store.unsealing(reader, &bucket, &key(of), &sealed(of)).await;
        assert_eq!(opened.is_ok(), may, "{of} {account}");
    }
    store.delete(&bucket, &key("o"), &Condition::Always).unwrap();
}

#[tokio::test]
async fn keys_are_the_buckets_regions_and_the_writers_accounts() {
    let (_home, store, everyones) = Home::with_bucket();
    let owned = name("owned");
    let far = "us-west-2".parse().unwrap();
    store.create_bucket(&owned, Some(writer().account), &far).unwrap();
    let asked = |arn: &str| asks(Encryption::Kms(Some(arn.into())));
    let arn_of = |region: &str| format!("arn:aws:kms:{region}:000000000007:key/k");
    for (bucket, name, expected) in [
        (&everyones, "k".to_owned(), Ok(arn_of("eu-west-1"))),
        (&owned, "k".to_owned(), Ok(arn_of("us-west-2"))),
        (&owned, arn_of("us-west-2"), Ok(arn_of("us-west-2"))),
        (&owned, arn_of("eu-west-1"), Err(KeyFault::NotFound)),
        (&owned, arn_of("us-west-2").replace('7', "8"), Err(KeyFault::AccessDenied)),
        (&owned, "alias/aws/kinesis".to_owned(), Err(KeyFault::AccessDenied)),
        (&owned, "aws/s3".to_owned(), Err(KeyFault::NotFound)),
        (
            &owned,
            "alias/aws/s3".to_owned(),
            Ok("arn:aws:kms:us-west-2:000000000007:alias/aws/s3".to_owned()),
        ),
    ] {
        let made = store.sealing(&writer(), bucket, &key("o"), &asked(&name)).await;
        let made = match made {
            Ok(made) => Ok(made.unwrap().sealed().key_arn.clone().unwrap()),
            Err(Error::Key(error)) => Err(error.fault),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(made, expected, "{name}");
    }
}

#[tokio::test]
async fn a_buckets_default_holds_for_what_asks_for_nothing_and_over_a_restart() {
    let (home, store, bucket) = Home::with_bucket();
    let asks_nothing = async |store: &Store| {
        store.sealing(&writer(), &bucket, &key("o"), &Asked::default()).await.unwrap()
    };
    let default = DefaultEncryption { encryption: kms(), bucket_key: false };
    assert_eq!(store.default_encryption(&bucket).unwrap(), None);
    assert!(asks_nothing(&store).await.is_none());
    store.set_default_encryption(&bucket, Some(default.clone())).unwrap();
    drop(store);
    let store = home.open();
    assert_eq!(store.default_encryption(&bucket).unwrap(), Some(default));
    assert!(asks_nothing(&store).await.unwrap().sealed().key_arn.is_some());
    // A release that knows no encryption must not read it as a bucket whose objects stay in the clear.
    let record = home.directory.join("names/bucket/bucket");
    assert_eq!(std::fs::read(&record).unwrap()[1], 2);
    store.set_default_encryption(&bucket, None).unwrap();
    assert_eq!(std::fs::read(&record).unwrap()[1], 1);
    drop(store);
    assert_eq!(home.open().default_encryption(&bucket).unwrap(), None);
    let absent = home.open().set_default_encryption(&name("absent"), None);
    assert!(matches!(absent, Err(Error::NoSuchBucket)));
}

#[tokio::test]
async fn an_object_under_a_bucket_key_is_as_bound_to_its_place_as_any() {
    let (home, store, bucket) = Home::with_bucket();
    let asked = |bucket_key| Asked { encryption: Some(kms()), bucket_key };
    for (of, asked, default, expected) in [
        ("a", asked(None), false, false),
        ("a", asked(Some(true)), false, true),
        ("a", asked(None), true, true),
        ("a", asked(Some(false)), true, false),
        ("a", Asked { encryption: Some(Encryption::Managed), bucket_key: Some(true) }, true, false),
    ] {
        let default = DefaultEncryption { encryption: kms(), bucket_key: default };
        store.set_default_encryption(&bucket, Some(default)).unwrap();
        let sealing = store.sealing(&writer(), &bucket, &key(of), &asked).await.unwrap().unwrap();
        assert_eq!(sealing.sealed().bucket_key, expected, "{asked:?}");
    }
    // Both under one data key, as a bucket's is for a while.
    let of_a = store.sealing(&writer(), &bucket, &key("a"), &asked(Some(true))).await;
    let of_a = of_a.unwrap().unwrap();
    let of_b = store.unsealing(None, &bucket, &key("b"), of_a.sealed()).await.unwrap();
    for (of, sealing) in [("a", &of_a), ("b", &of_b)] {
        let mut staged =
            store.stage(&bucket, 100).unwrap().sealed_with(Some(sealing), Role::Object);
        staged.write(b"same").unwrap();
        let attributes = Attributes::default();
        store.publish(staged, &key(of), attributes, None, &Condition::Always).unwrap();
        assert_eq!(get_sealed(&store, &bucket, of).await.unwrap(), b"same");
    }
    let [a, b] = ["a", "b"].map(|of| path(&home, "bucket", of));
    assert_ne!(std::fs::read(&a).unwrap()[..4], std::fs::read(&b).unwrap()[..4]);
    std::fs::copy(&a, &b).unwrap();
    let moved = get_sealed(&store, &bucket, "b").await;
    assert!(matches!(moved, Err(Error::Damaged { .. })), "{moved:?}");
    // What is sealed for one key never gets another's name.
    let staged = store.stage(&bucket, 100).unwrap().sealed_with(Some(&of_a), Role::Object);
    let named = store.publish(staged, &key("b"), Attributes::default(), None, &Condition::Always);
    assert!(matches!(named, Err(Error::Sealed)));
}
