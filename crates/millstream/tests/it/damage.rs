//! Damage of the log: what `fsck` says of it, and what a server does.

use std::path::Path;

use crate::refusals::run;
use crate::{SHARD, create, put, server};

#[test]
fn fsck_passes_a_whole_directory_and_names_damage() {
    let first = server().start();
    create(&first, "s", 1);
    for _ in 0..50 {
        put(&first, "s", &"QUFB".repeat(200));
    }
    let home = first.stop();
    let data = home.path().join("data");
    let whole = run(&["fsck"], &data);
    assert!(whole.status.success(), "{whole:?}");
    let segment = largest_file(&data.join("log"));
    let mut bytes = std::fs::read(&segment).expect("a segment");
    // In the middle of what was put: not at its end, where a torn tail would be cut.
    let place = bytes
        .windows(40)
        .position(|window| window == [0, 1, 0x41].repeat(14)[..40].to_vec().as_slice());
    let place = place.unwrap_or_else(|| middle_of_content(&bytes));
    bytes[place] ^= 0x10;
    std::fs::write(&segment, bytes).expect("the segment is written");
    let damaged = run(&["fsck"], &data);
    let said = String::from_utf8_lossy(&damaged.stdout) + String::from_utf8_lossy(&damaged.stderr);
    assert_eq!(damaged.status.code(), Some(1), "{said}");
    assert!(said.contains("next: ") && !said.contains("LogId"), "{said}");
    assert!(said.contains("takes writes") && !said.contains("refuses writes"), "{said}");
    let name = segment.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(said.contains(&name), "{said}");
}

#[test]
fn a_damaged_segment_refuses_writes_and_says_what_to_do() {
    let first = server().start();
    create(&first, "s", 1);
    for _ in 0..50 {
        put(&first, "s", &"QUFB".repeat(200));
    }
    let segment_dir = first.data_dir().join("log");
    let mut first = first;
    first.kill();
    let segment = largest_file(&segment_dir);
    let mut bytes = std::fs::read(&segment).expect("a segment");
    let place = middle_of_content(&bytes);
    bytes[place] ^= 0x10;
    std::fs::write(&segment, bytes).expect("the segment is written");
    let said = run(&["fsck"], &first.data_dir());
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("refuses writes") && !said.contains("takes writes"), "{said}");
    first.restart();
    let (status, page) = first.get("/readyz");
    let input = serde_json::json!({ "StreamName": "s", "Data": "QQ==", "PartitionKey": "k" });
    let reply = first.call("PutRecord", &input);
    assert!(status == 503 || reply.status != 200, "{page} {reply:?}");
    assert!(first.log().contains("fsck"), "{}", first.log());
}

fn largest_file(directory: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    // By what is written, since segments are all of one size.
    let content = |path: &std::path::PathBuf| {
        std::fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte != 0).count())
    };
    paths.max_by_key(content).expect("a file")
}

/// A place half way through what is not zero.
fn middle_of_content(bytes: &[u8]) -> usize {
    let places: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    places[places.len() / 2]
}

#[test]
fn damage_that_only_a_read_meets_lets_writes_go_on_and_counts_once() {
    let first = server().start();
    create(&first, "s", 1);
    for _ in 0..50 {
        put(&first, "s", &"QUFB".repeat(200));
    }
    // An orderly stop writes the footer: a start does not read the blocks again.
    let home = first.stop();
    let segment = largest_file(&home.path().join("data/log"));
    let mut bytes = std::fs::read(&segment).expect("a segment");
    let place = middle_of_content(&bytes);
    bytes[place] ^= 0x10;
    std::fs::write(&segment, bytes).expect("the segment is written");
    let server = server().start_in(home);
    assert_eq!(server.get("/readyz").0, 200);
    let at = serde_json::json!({ "StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON" });
    for _ in 0..3 {
        let at = server.must("GetShardIterator", at.clone())["ShardIterator"].clone();
        let reply = server.call("GetRecords", &serde_json::json!({ "ShardIterator": at }));
        assert_eq!((reply.status, reply.code()), (500, "InternalFailureException".into()));
        let message = reply.message();
        assert!(message.contains("damaged") && message.contains("millstream fsck"), "{message}");
        assert!(message.contains("from a copy"), "{message}");
    }
    put(&server, "s", "QQ==");
    let (_, metrics) = server.get("/metrics");
    let counted = metrics.lines().find(|line| line.starts_with("millstream_log_damage_total "));
    assert_eq!(counted, Some("millstream_log_damage_total 1"), "{counted:?}");
    assert!(metrics.contains("each once"), "{metrics}");
}

#[test]
fn on_a_damaged_catalog_no_server_starts_and_fsck_says_so() {
    let first = server().start();
    create(&first, "canary", 1);
    let home = first.stop();
    let segment = largest_file(&home.path().join("data/log"));
    let mut bytes = std::fs::read(&segment).expect("a segment");
    let is_name = |at: &usize| bytes[*at..].starts_with(b"canary");
    let places: Vec<usize> = (0..bytes.len()).filter(is_name).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[*at] ^= 0x10);
    std::fs::write(&segment, bytes).expect("the segment is written");
    let said = run(&["fsck"], &home.path().join("data"));
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("is the catalog") && said.contains("does not start"), "{said}");
    let (status, _) = server().refuse_in(&home);
    assert!(!status.success());
}
