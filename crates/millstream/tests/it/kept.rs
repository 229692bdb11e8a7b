//! Data directories of earlier releases, one per format, kept in `tests/kept`: each is read by this release.
//!
//! `MILLSTREAM_KEEP=1 cargo test -p millstream --test it kept` writes the one of the newest format.

use std::path::{Path, PathBuf};

use millstream_testkit::Scratch;
use serde_json::json;

use crate::{SHARD, create, put, read, server, wait_active};

/// What every kept directory holds.
const RECORDS: [&str; 4] = ["QQ==", "QUE=", "", "QUFB"];
/// The newest format that is kept.
const NEWEST: &str = "0001";

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// Segments are mostly zeros: what is kept ends with the last byte that is not.
fn without_zeros_at_the_end(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            without_zeros_at_the_end(&path);
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        std::fs::write(&path, &bytes[..end]).expect("a file");
        std::fs::write(with_length(&path), bytes.len().to_string()).expect("a file");
    }
}

fn with_length(path: &Path) -> PathBuf {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    path.with_file_name(format!("{name}.length"))
}

/// Gives each file its length back.
fn with_zeros_at_the_end(directory: &Path) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            with_zeros_at_the_end(&path);
        } else if path.extension().is_some_and(|extension| extension == "length") {
            let length = std::fs::read_to_string(&path).expect("a length");
            let file = std::fs::OpenOptions::new().write(true).open(path.with_extension(""));
            let length = length.trim().parse().expect("a number");
            file.and_then(|file| file.set_len(length)).expect("a file");
            std::fs::remove_file(&path).expect("a file");
        }
    }
}

fn keep_the_newest() {
    let server = server().start();
    create(&server, "kept", 1);
    for data in RECORDS {
        put(&server, "kept", data);
    }
    server.must("AddTagsToStream", json!({ "StreamName": "kept", "Tags": { "made": "then" } }));
    server.must(
        "IncreaseStreamRetentionPeriod",
        json!({ "StreamName": "kept", "RetentionPeriodHours": 8760 }),
    );
    wait_active(&server, "kept");
    server.must(
        "SplitShard",
        json!({ "StreamName": "kept", "ShardToSplit": SHARD, "NewStartingHashKey": "1000" }),
    );
    wait_active(&server, "kept");
    let home = server.stop();
    let place = kept().join(NEWEST);
    let _ = std::fs::remove_dir_all(&place);
    copy(&home.path().join("data"), &place);
    // A private key is made anew where it is missing.
    let _ = std::fs::remove_dir_all(place.join("tls"));
    without_zeros_at_the_end(&place);
}

#[test]
fn every_released_format_is_read() {
    if std::env::var_os("MILLSTREAM_KEEP").is_some() {
        keep_the_newest();
    }
    let formats: Vec<_> = std::fs::read_dir(kept())
        .expect("kept directories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(formats.iter().any(|format| format.ends_with(NEWEST)));
    for format in formats {
        let home = Scratch::new();
        copy(&format, &home.path().join("data"));
        with_zeros_at_the_end(&home.path().join("data"));
        let server = server().start_in(home);
        let summary = server.must("DescribeStreamSummary", json!({ "StreamName": "kept" }));
        let summary = &summary["StreamDescriptionSummary"];
        assert_eq!(summary["RetentionPeriodHours"], 8760);
        assert_eq!(summary["OpenShardCount"], 2);
        let tags = server.must("ListTagsForStream", json!({ "StreamName": "kept" }));
        assert_eq!(tags["Tags"], json!([{ "Key": "made", "Value": "then" }]));
        // A year after it was made its records have expired; the catalog has not.
        let records = read(&server, "kept", SHARD);
        assert!(records == RECORDS || records.is_empty(), "{records:?}");
        put(&server, "kept", "QQ==");
    }
}
