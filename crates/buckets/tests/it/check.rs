//! The check of a directory: it passes what is whole, and names each byte that is not what was written.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use millstream_buckets::{
    Attributes, BucketName, CheckReport, Checksum, CompletedPart, Condition, Encryption, Error,
    Finding, FormatError, Means, PartInfo, Store, Sum, check,
};
use millstream_vault::{DataKey, KeyUse, LocalKeys};

use crate::sealed::{data, put_sealed};
use crate::support::{Home, key, put};

const MIB: usize = 1 << 20;

/// What the store's master key is made of.
fn open_key(master: &str, context: &str, wrapped: &[u8]) -> Option<DataKey> {
    LocalKeys::open_stored(&DataKey::new([5; 32]), master, context, wrapped)
}

/// A checksum of which only this test has heard.
struct Xor(u8);

impl Sum for Xor {
    fn update(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum ^ byte);
    }

    fn finish(self: Box<Self>) -> String {
        self.0.to_string()
    }
}

fn sum_of(algorithm: &str) -> Option<Box<dyn Sum>> {
    (algorithm == "XOR").then(|| Box::new(Xor(0)) as Box<dyn Sum>)
}

const MEANS: Means<'static> = Means { open_key: &open_key, sum_of: &sum_of };

fn checked(home: &Home) -> (CheckReport, Vec<String>) {
    let mut found = Vec::new();
    let report =
        check(&home.directory, MEANS, &mut |finding| found.push(finding.to_string())).unwrap();
    (report, found)
}

fn path(home: &Home, name: &str) -> PathBuf {
    home.directory.join("names/bucket").join(name)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// Exactly one damaged place, in this file; then the file is put back.
#[track_caller]
fn names(home: &Home, file: &Path, what: &str, spoil: impl FnOnce(&Path)) {
    let whole = fs::read(file).unwrap();
    spoil(file);
    let (report, found) = checked(home);
    assert_eq!((report.damaged, found.len()), (1, 1), "{found:?}");
    assert!(found[0].starts_with("DAMAGE: ") && found[0].contains(what), "{found:?}");
    assert!(found[0].contains(&file.display().to_string()), "{found:?}");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, whole).unwrap();
    assert_eq!(checked(home).0.damaged, 0);
}

async fn upload(
    store: &Arc<Store>,
    bucket: &BucketName,
    name: &str,
    sealed: bool,
    parts: &[&[u8]],
    complete: Option<Option<Checksum>>,
) -> String {
    let key = key(name);
    let asked = millstream_buckets::Asked {
        encryption: sealed.then_some(Encryption::Managed),
        bucket_key: None,
    };
    let writer = crate::support::writer();
    let sealing = store.sealing(&writer, bucket, &key, &asked).await.unwrap();
    let says = sealing.as_ref().map(|sealing| sealing.sealed().clone());
    let id = store.create_upload(bucket, &key, Attributes::default(), None, says).unwrap();
    let mut named = Vec::new();
    for (number, data) in (1..).zip(parts) {
        let staged = store.stage(bucket, 100 << 20).unwrap();
        let role = millstream_buckets::Role::Part(number);
        let mut staged = staged.sealed_with(sealing.as_ref(), role);
        staged.write(data).unwrap();
        let part = store.put_part(staged, &key, &id, number, None).unwrap();
        named.push(CompletedPart { number, etag: part.etag, checksum: None });
    }
    if let Some(checksum) = complete {
        let finish = |_: &[PartInfo]| Ok::<_, Error>(checksum);
        let (sealing, always) = (sealing.as_ref(), Condition::Always);
        store.complete_upload(bucket, &key, &id, &named, sealing, &always, |_| {}, finish).unwrap();
    }
    id.to_string()
}

/// A directory with something of everything.
async fn filled() -> (Home, String, String) {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "plain", b"hello");
    put(&store, &bucket, "empty", b"");
    put(&store, &bucket, &format!("{}/deep/er", "D".repeat(300)), b"far down");
    put_sealed(&store, &bucket, "sealed", &data(150_000), Encryption::Managed).await;
    put_sealed(&store, &bucket, "kms", b"k", Encryption::Kms(Some("k".into()))).await;
    let first = data(5 * MIB);
    upload(&store, &bucket, "parts", false, &[&first, b"end"], Some(None)).await;
    upload(&store, &bucket, "sealedparts", true, &[&first, b"end"], Some(None)).await;
    let sum = first.iter().fold(b'e' ^ b'n' ^ b'd', |sum, byte| sum ^ byte).to_string();
    let sum = Checksum { algorithm: "XOR".into(), value: sum, full_object: true };
    upload(&store, &bucket, "summed", false, &[&first, b"end"], Some(Some(sum))).await;
    let open = upload(&store, &bucket, "open", false, &[b"one", b"two"], None).await;
    let sealed = upload(&store, &bucket, "opensealed", true, &[b"one"], None).await;
    (home, open, sealed)
}

#[tokio::test]
async fn what_is_whole_passes() {
    let (home, _, _) = filled().await;
    let (report, found) = checked(&home);
    assert_eq!(found, Vec::<String>::new());
    let bytes = 5 + 8 + 150_000 + 1 + 3 * (5 * MIB as u64 + 3) + 6 + 3;
    let expected = CheckReport {
        format: Some(1),
        buckets: 1,
        objects: 8,
        uploads: 2,
        parts: 3,
        bytes,
        without_sum: 1,
        ..CheckReport::default()
    };
    assert_eq!(report, expected);
    // Without the master key what is sealed is not opened.
    let report =
        check(&home.directory, Means { open_key: &|_, _, _| None, ..MEANS }, &mut |finding| {
            panic!("{finding}")
        });
    let report = report.unwrap();
    assert_eq!((report.unopened, report.damaged), (4, 0));
}

#[tokio::test]
async fn a_byte_that_is_changed_is_named() {
    let (home, open, open_sealed) = filled().await;
    let objects = ["plain", "sealed", "kms", "sealedparts", "summed"];
    let files = objects.map(|name| format!("objects/{name},o"));
    let parts = [format!("uploads/{open}/00002"), format!("uploads/{open_sealed}/00001")];
    for file in files.iter().chain(&parts) {
        let file = path(&home, file);
        let bytes = fs::read(&file).unwrap().len();
        for at in [0, bytes / 4, bytes.saturating_sub(80), bytes - 20, bytes - 1] {
            names(&home, &file, "", |file| flip(file, at));
        }
    }
    // The end of an object of parts; of its bytes nothing tells.
    let file = path(&home, "objects/parts,o");
    let bytes = fs::read(&file).unwrap().len();
    names(&home, &file, "its end", |file| flip(file, bytes - 40));
}

#[tokio::test]
async fn what_was_cut_moved_or_taken_away_is_named_where_the_layout_tells() {
    let (home, open, _) = filled().await;
    let plain = path(&home, "objects/plain,o");
    for left in [0, 3, 50] {
        let cut = |file: &Path| {
            fs::File::options().write(true).open(file).unwrap().set_len(left).unwrap();
        };
        names(&home, &plain, "it was cut", cut);
        names(&home, &path(&home, "objects/parts,o"), "it was cut", cut);
    }
    let other = fs::read(path(&home, "objects/empty,o")).unwrap();
    names(&home, &plain, "the key \"empty\"", |file| fs::write(file, other).unwrap());
    let remove = |file: &Path| fs::remove_file(file).unwrap();
    for file in ["bucket".to_owned(), format!("uploads/{open}/upload")] {
        let file = path(&home, &file);
        names(&home, &file, "is missing", remove);
        names(&home, &file, "not what was written", |file| fs::write(file, "?").unwrap());
    }
    let other = fs::read(path(&home, &format!("uploads/{open}/00001"))).unwrap();
    let moved = path(&home, "uploads").join(&open).join("00002");
    // Which part of its upload a part in the clear is, only its name tells.
    fs::write(&moved, other).unwrap();
    assert_eq!(checked(&home).0.damaged, 0);
    fs::rename(path(&home, "objects"), path(&home, "elsewhere")).unwrap();
    let (report, found) = checked(&home);
    assert_eq!((report.damaged, report.objects), (1, 0), "{found:?}");
}

#[tokio::test]
async fn what_keeps_a_store_shut_is_told_apart() {
    let (home, _, _) = filled().await;
    for file in ["FORMAT", "names/bucket/bucket"] {
        let file = home.directory.join(file);
        let whole = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let (report, found) = checked(&home);
        assert_eq!((report.damaged, report.keeps_shut), (1, 1), "{found:?}");
        assert!(home.try_open().is_err());
        fs::write(&file, whole).unwrap();
    }
    fs::write(home.directory.join("FORMAT"), "millstream buckets 9\n").unwrap();
    let error = check(&home.directory, MEANS, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Format(FormatError::Unknown { .. })), "{error:?}");
}

#[test]
fn many_directories_are_gone_through_a_window_at_a_time() {
    let (home, store, bucket) = Home::with_bucket();
    for number in 0..600 {
        put(&store, &bucket, &format!("{number}/k"), b"x");
    }
    put(&store, &bucket, "a", b"x");
    drop(store);
    flip(&path(&home, "objects/577/k,o"), 0);
    fs::write(path(&home, "objects/.DS_Store"), "?").unwrap();
    fs::write(path(&home, "objects/afile"), "?").unwrap();
    let mut found: Vec<Finding> = Vec::new();
    let report = check(&home.directory, MEANS, &mut |finding| found.push(finding.clone()));
    assert_eq!((report.as_ref().unwrap().objects, report.unwrap().damaged), (601, 1));
    let is_note = |finding: &&Finding| matches!(finding, Finding::Note { .. });
    assert_eq!((found.len(), found.iter().filter(is_note).count()), (3, 2), "{found:?}");
}

#[tokio::test]
async fn a_directory_in_use_or_never_used_is_not_checked() {
    let home = Home::new();
    let report = check(&home.directory, MEANS, &mut |finding| panic!("{finding}")).unwrap();
    assert_eq!(report, CheckReport::default());
    let store = home.open_with(&[("k", KeyUse::Enabled)]).unwrap();
    let error = check(&home.directory, MEANS, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(store);
    assert_eq!(checked(&home).0.format, Some(1));
}
