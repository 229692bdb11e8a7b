use std::sync::Arc;

use millstream_buckets::{
    Attributes, BucketName, CompletedPart, Condition, Error, Key, ObjectInfo, PartInfo, Result,
    Store, UploadId, UploadQuery,
};

use crate::support::{Home, get, key, put};

const MIB: usize = 1 << 20;

fn part(
    store: &Arc<Store>,
    bucket: &BucketName,
    key: &Key,
    id: &UploadId,
    number: u32,
    data: &[u8],
) -> Result<PartInfo> {
    let mut staged = store.stage(bucket, 100 << 20)?;
    staged.write(data)?;
    store.put_part(staged, key, id, number, None)
}

fn complete(
    store: &Arc<Store>,
    bucket: &BucketName,
    key: &Key,
    id: &UploadId,
    parts: &[PartInfo],
    condition: &Condition,
) -> Result<ObjectInfo> {
    let named: Vec<_> = parts
        .iter()
        .map(|part| CompletedPart { number: part.number, etag: part.etag, checksum: None })
        .collect();
    let finish = |_: &[PartInfo]| Ok::<_, Error>(None);
    store.complete_upload(bucket, key, id, &named, None, condition, |_| {}, finish)
}

#[test]
fn parts_in_any_order_become_one_object() {
    let (home, store, bucket) = Home::with_bucket();
    let attributes = Attributes { content_type: Some("x/y".into()), ..Attributes::default() };
    let key = key("big");
    let id = store.create_upload(&bucket, &key, attributes.clone(), None, None).unwrap();
    let second = part(&store, &bucket, &key, &id, 7, b"tail").unwrap();
    part(&store, &bucket, &key, &id, 2, b"replaced").unwrap();
    let first = part(&store, &bucket, &key, &id, 2, &vec![1; 5 * MIB]).unwrap();
    drop(store);
    let store = home.open();
    let (listed, more) = store.parts(&bucket, &key, &id, 0, 1, None).unwrap();
    assert_eq!((listed.as_slice(), more), (&[first.clone()][..], true));
    let (listed, more) = store.parts(&bucket, &key, &id, 2, 10, None).unwrap();
    assert_eq!((listed.as_slice(), more), (&[second.clone()][..], false));
    let parts = [first, second];
    let info = complete(&store, &bucket, &key, &id, &parts, &Condition::IfAbsent).unwrap();
    assert_eq!((info.size, info.attributes), (5 * MIB as u64 + 4, attributes));
    assert!(info.etag.to_string().ends_with("-2"));
    let data = get(&store, &bucket, "big").unwrap();
    assert_eq!((&data[5 * MIB..], data[0]), (&b"tail"[..], 1));
    assert!(matches!(store.parts(&bucket, &key, &id, 0, 1, None), Err(Error::NoSuchUpload)));
    let uploads = home.directory.join("names/bucket/uploads");
    assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
}

#[test]
fn what_does_not_fit_together_is_refused_and_the_upload_stays() {
    let (_home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "k", b"old");
    let key = key("k");
    let id = store.create_upload(&bucket, &key, Attributes::default(), None, None).unwrap();
    let small = part(&store, &bucket, &key, &id, 1, b"small").unwrap();
    let last = part(&store, &bucket, &key, &id, 2, b"last").unwrap();
    let always = Condition::Always;
    let end = |parts: &[PartInfo], condition: &Condition| {
        complete(&store, &bucket, &key, &id, parts, condition)
    };
    let both = [small.clone(), last.clone()];
    assert!(matches!(end(&both, &always), Err(Error::PartTooSmall { number: 1 })));
    let reversed = [last.clone(), small.clone()];
    assert!(matches!(end(&reversed, &always), Err(Error::InvalidPartOrder)));
    assert!(matches!(end(&[], &always), Err(Error::InvalidPartOrder)));
    let other = PartInfo { etag: small.etag, ..last.clone() };
    assert!(matches!(end(&[other], &always), Err(Error::InvalidPart { number: 2 })));
    let absent = PartInfo { number: 3, ..last.clone() };
    assert!(matches!(end(&[absent], &always), Err(Error::InvalidPart { number: 3 })));
    let existing = end(std::slice::from_ref(&last), &Condition::IfAbsent);
    assert!(matches!(existing, Err(Error::PreconditionFailed)));
    for number in [0, 10_001] {
        let refused = part(&store, &bucket, &key, &id, number, b"x");
        assert!(matches!(refused, Err(Error::InvalidPart { .. })));
    }
    assert_eq!(get(&store, &bucket, "k").unwrap(), b"old");
    end(&[last], &always).unwrap();
    assert_eq!(get(&store, &bucket, "k").unwrap(), b"last");
}

#[test]
fn uploads_are_listed_by_key_and_can_be_aborted() {
    let (_home, store, bucket) = Home::with_bucket();
    let mut begun: Vec<(String, UploadId)> = ["b", "a/1", "a/1", "a/2"]
        .into_iter()
        .map(|text| {
            let id = store.create_upload(&bucket, &key(text), Attributes::default(), None, None);
            (text.to_owned(), id.unwrap())
        })
        .collect();
    begun.sort();
    let listed = |query: &UploadQuery| {
        let (uploads, more) = store.uploads(&bucket, query).unwrap();
        let found = uploads.into_iter().map(|upload| (upload.key.to_string(), upload.id));
        (found.collect::<Vec<_>>(), more)
    };
    let all = UploadQuery { uploads_max: 10, ..UploadQuery::default() };
    assert_eq!(listed(&all), (begun.clone(), false));
    let after = (begun[0].0.clone(), begun[0].1.to_string());
    let page = UploadQuery { after, uploads_max: 2, ..UploadQuery::default() };
    assert_eq!(listed(&page), (begun[1..3].to_vec(), true));
    let of_a = UploadQuery { prefix: "a/".into(), ..all.clone() };
    assert_eq!(listed(&of_a).0, begun[..3]);
    let (text, id) = &begun[0];
    assert!(matches!(store.abort_upload(&bucket, &key("b"), id), Err(Error::NoSuchUpload)));
    store.abort_upload(&bucket, &key(text), id).unwrap();
    assert!(matches!(store.abort_upload(&bucket, &key(text), id), Err(Error::NoSuchUpload)));
    assert_eq!(listed(&all).0, begun[1..]);
    store.delete_bucket(&bucket).unwrap();
}
