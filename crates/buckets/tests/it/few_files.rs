//! When a process may open no more files.

use std::fs::File;

use crate::support::{Home, get, put, put_if};
use millstream_buckets::Condition;

/// Set in the process that may open few files.
const HERE: &str = "MILLSTREAM_TEST_FEW_FILES";

#[test]
fn too_many_open_files_are_no_reason_to_take_nothing_more() {
    if std::env::var_os(HERE).is_some() {
        return with_few_files();
    }
    // A limit is a whole process's: this very test in a process of its own.
    let this = std::env::current_exe().unwrap();
    let name = "few_files::too_many_open_files_are_no_reason_to_take_nothing_more";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 64 && exec \"$0\" --exact --nocapture \"$1\""]);
    let output = shell.arg(this).arg(name).env(HERE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{output:?}");
}

fn with_few_files() {
    let (_home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "before", b"x");
    let mut refused = 0;
    // Each step of a write meets the limit once: so many files may still be opened.
    for free in 0..6 {
        let mut open: Vec<File> = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            open.push(file);
        }
        open.truncate(open.len() - free);
        let key = format!("directory-{free}/key");
        refused += u32::from(put_if(&store, &bucket, &key, b"y", &Condition::Always).is_err());
        drop(open);
        put(&store, &bucket, &key, b"z");
        assert_eq!(get(&store, &bucket, &key).unwrap(), b"z");
    }
    assert!(refused >= 2, "the limit was met {refused} times");
}
