//! Uploads in parts that are sealed: parts under the upload's data key, which becomes the object's.

use std::sync::Arc;

use millstream_buckets::{
    Asked, Attributes, BucketName, Checksum, CompletedPart, Condition, Encryption, Error, Key,
    ObjectInfo, PartInfo, Result, Role, Sealing, Store, UploadId,
};

use crate::support::{Home, key, writer};

const MIB: usize = 1 << 20;

async fn begin(store: &Store, bucket: &BucketName, key: &Key) -> (UploadId, Sealing) {
    let asked = Asked { encryption: Some(Encryption::Kms(None)), bucket_key: None };
    let sealing = store.sealing(&writer(), bucket, key, &asked).await.unwrap().unwrap();
    let sealed = Some(sealing.sealed().clone());
    let id = store.create_upload(bucket, key, Attributes::default(), None, sealed).unwrap();
    // Whoever comes later has what the upload says of itself.
    let said = store.upload(bucket, key, &id).unwrap().sealed.unwrap();
    (id, store.unsealing(None, bucket, key, &said).await.unwrap())
}

struct Upload<'a> {
    store: &'a Arc<Store>,
    bucket: &'a BucketName,
    key: &'a Key,
    id: UploadId,
    sealing: Sealing,
}

impl Upload<'_> {
    fn part(&self, number: u32, data: &[u8], role: Option<Role>) -> Result<PartInfo> {
        let mut staged = self.store.stage(self.bucket, 100 << 20)?;
        if let Some(role) = role {
            staged = staged.sealed_with(Some(&self.sealing), role);
        }
        staged.write(data)?;
        let (algorithm, value) = ("CRC32".to_owned(), format!("checksum-{number}"));
        let checksum = Some(Checksum { algorithm, value, full_object: true });
        self.store.put_part(staged, self.key, &self.id, number, checksum)
    }

    fn complete(&self, parts: &[PartInfo], sealing: Option<&Sealing>) -> Result<ObjectInfo> {
        let named: Vec<_> = parts
            .iter()
            .map(|part| CompletedPart {
                number: part.number,
                etag: part.etag,
                checksum: part.checksum.as_ref().map(|checksum| checksum.value.clone()),
            })
            .collect();
        let (bucket, key) = (self.bucket, self.key);
        let finish = |_: &[PartInfo]| Ok::<_, Error>(None);
        let condition = &Condition::Always;
        self.store.complete_upload(
            bucket,
            key,
            &self.id,
            &named,
            sealing,
            condition,
            |_| {},
            finish,
        )
    }
}

#[tokio::test]
async fn sealed_parts_become_one_sealed_object() {
    let (home, store, bucket) = Home::with_bucket();
    let key = key("big");
    let (id, sealing) = begin(&store, &bucket, &key).await;
    let upload = Upload { store: &store, bucket: &bucket, key: &key, id, sealing };
    let (first, last) = (vec![1; 5 * MIB + 11], b"the end".to_vec());
    let one = upload.part(1, &first, Some(Role::Part(1))).unwrap();
    let two = upload.part(2, &last, Some(Role::Part(2))).unwrap();
    assert_ne!(two.etag.md5, millstream_buckets::md5_of(&last));
    // Checksums of parts are told to who has the key.
    let (id, sealing) = (&upload.id, Some(&upload.sealing));
    let listed = |sealing| store.parts(&bucket, &key, id, 0, 10, sealing).unwrap().0;
    assert_eq!(listed(sealing), [one.clone(), two.clone()]);
    assert!(listed(None).iter().all(|part| part.checksum.is_none()));
    let object = upload.complete(&[one, two], sealing).unwrap();
    assert_eq!(object.size as usize, first.len() + last.len());
    assert_eq!(object.etag.parts, Some(2));
    let reader = store.open_object(&bucket, &key).unwrap();
    let sealed = reader.info().sealed.clone().unwrap();
    let own = store.unsealing(None, &bucket, &key, &sealed).await.unwrap();
    let reader = reader.unseal(&own).unwrap();
    let mut data = vec![0; object.size as usize];
    reader.read_at(0, &mut data).unwrap();
    assert_eq!(data, [first, last].concat());
    let file = std::fs::read(home.directory.join("names/bucket/objects/big,o")).unwrap();
    assert!(!file.windows(7).any(|bytes| bytes == b"the end"));
}

#[tokio::test]
async fn what_is_not_sealed_as_its_upload_is_is_refused() {
    let (home, store, bucket) = Home::with_bucket();
    let key = key("big");
    let (id, sealing) = begin(&store, &bucket, &key).await;
    let upload = Upload { store: &store, bucket: &bucket, key: &key, id, sealing };
    for role in [None, Some(Role::Object), Some(Role::Part(2))] {
        assert!(matches!(upload.part(1, b"x", role), Err(Error::Sealed)), "{role:?}");
    }
    let one = upload.part(1, b"x", Some(Role::Part(1))).unwrap();
    // A part in another's place, or in the object's, does not open.
    let directory = home.directory.join(format!("names/bucket/uploads/{}", upload.id));
    std::fs::copy(directory.join("00001"), directory.join("00002")).unwrap();
    let two = PartInfo { number: 2, ..one.clone() };
    let sealing = Some(&upload.sealing);
    assert!(matches!(upload.complete(&[two], sealing), Err(Error::Damaged { .. })));
    std::fs::copy(directory.join("00001"), home.directory.join("names/bucket/objects/big,o"))
        .unwrap();
    let reader = store.open_object(&bucket, &key).unwrap();
    assert!(matches!(reader.unseal(&upload.sealing), Err(Error::Damaged { .. })));
    // Nothing becomes an object in the clear because the key was forgotten.
    let forgotten = upload.complete(std::slice::from_ref(&one), None);
    assert!(matches!(forgotten, Err(Error::InvalidPart { .. } | Error::Sealed)), "{forgotten:?}");
    upload.complete(&[one], sealing).unwrap();
}
