//! Hostile input, case 41: more connections than files that may be open, and data directories that cannot be written.

use std::process::Command;

use millstream_testkit::{Wire, call};
use serde_json::json;

use crate::{SHARD, create, put, read, server};

/// What the server may have open.
const FILES_MAX: u64 = 128;
/// Connections beyond that.
const WAITING: u64 = 40;

#[test]
fn more_connections_than_files_are_borne_until_they_are_gone() {
    let mut server = server().files_max(FILES_MAX).start();
    create(&server, "s", 1);
    assert!(server.log().contains("the limit of open files is too low for so many connections"));
    let mut kept = server.connect();
    assert_eq!(accepts_failed(&mut kept), 0);
    let held: Vec<Wire> = (0..FILES_MAX + WAITING).map(|_| server.connect()).collect();
    // Who is connected is served.
    let record = json!({ "StreamName": "s", "Data": "QQ==", "PartitionKey": "k" });
    let mut acknowledged = 0;
    while acknowledged == 0 || accepts_failed(&mut kept) < 10 {
        acknowledged += usize::from(call(&mut kept, "PutRecord", &record).status == 200);
    }
    let told = server.log().matches("a connection was not accepted").count();
    assert!((1..=2).contains(&told), "told {told} times:\n{}", server.log());
    drop(held);
    assert_eq!(server.get("/healthz").0, 200);
    put(&server, "s", "QUE=");
    server.kill();
    server.restart();
    assert_eq!(read(&server, "s", SHARD).len(), acknowledged + 1);
}

#[test]
fn as_many_files_may_be_open_as_the_system_allows() {
    let server = server().ephemeral().start();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut columns = line["Max open files".len()..].split_whitespace();
    let mut limit = || columns.next().unwrap().parse::<u64>().unwrap_or(u64::MAX);
    let (now, most) = (limit(), limit());
    assert!(now >= most.min(1 << 20), "{line}");
}

/// How often a connection was not accepted, asked over one that was.
fn accepts_failed(wire: &mut Wire) -> u64 {
    wire.send(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let http = wire.read_http().expect("an answer");
    let page = String::from_utf8_lossy(&http.body).into_owned();
    let line = page.lines().find(|line| line.starts_with("millstream_http_accepts_failed_total "));
    let value = line.and_then(|line| line.split(' ').next_back()).expect("the metric");
    value.parse().expect("a number")
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named_at_the_start() {
    // File systems of the kernel take no directories, not even from the superuser.
    for path in ["/proc/millstream", "/sys/millstream", "/dev/null/millstream"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_millstream"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", path]);
        let output = command.output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let expected = format!("the data directory {path} cannot be made or written: ");
        assert!(said.contains(&expected) && !said.contains("panicked"), "{said}");
    }
}
