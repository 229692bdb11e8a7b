//! What a server refuses to start with, and what it says.

use millstream_testkit::Scratch;
use std::path::Path;
use std::process::{Command, Output};

use crate::{SHARD, create, put, read, server};

pub fn run(arguments: &[&str], path: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millstream"));
    command.args(arguments).arg(path).output().expect("the binary runs")
}

#[test]
fn a_second_process_on_a_data_directory_is_refused() {
    let first = server().start();
    create(&first, "s", 1);
    let mut second = Command::new(env!("CARGO_BIN_EXE_millstream"));
    second.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(first.data_dir());
    let output = second.output().expect("the binary runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("in use") || said.contains("another process"), "{said}");
    put(&first, "s", "QQ==");
    assert_eq!(read(&first, "s", SHARD), ["QQ=="]);
}

#[test]
fn an_unknown_format_is_refused_untouched_with_both_versions_named() {
    let first = server().start();
    create(&first, "s", 1);
    let format = first.data_dir().join("log/FORMAT");
    let home = first.stop();
    std::fs::write(&format, "millstream log 4711\n").expect("the format is written");
    let before = listing(&home.path().join("data"));
    let (status, said) = server().refuse_in(&home);
    assert!(!status.success());
    assert!(said.contains("4711") && said.contains(" 1"), "{said}");
    assert_eq!(listing(&home.path().join("data")), before);
}

/// Every file with its bytes.
fn listing(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(listing(&path));
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).expect("a file")));
        }
    }
    files.sort();
    files
}

#[test]
fn options_that_contradict_each_other_are_refused_with_what_to_do() {
    let home = Scratch::new();
    for (arguments, word) in [
        (&["--ephemeral"][..], "--ephemeral"),
        (&["--auth", "enforced"], "enforced"),
        (&["--listen", "0.0.0.0:0"], "--insecure-open"),
        (&["--limits", "some"], "some"),
        (&["--region", "no region"], "no region"),
        (&["--auth", "signed"], "MILLSTREAM_KEYS"),
        (&["--tls-cert", "/no/cert.pem", "--tls-key", "/no/key.pem"], "--tls-cert /no/cert.pem"),
    ] {
        let builder = arguments.iter().fold(server(), |builder, word| builder.argument(word));
        let (status, said) = builder.refuse_in(&home);
        assert!(!status.success() && said.contains(word), "{arguments:?}: {said}");
    }
}

#[test]
fn variables_that_are_set_to_nothing_say_nothing() {
    let names = ["AWS_REGION", "MILLSTREAM_LIMITS", "MILLSTREAM_LISTEN", "MILLSTREAM_DATA_DIR"];
    let more =
        ["MILLSTREAM_EPHEMERAL", "MILLSTREAM_TLS_CERT", "MILLSTREAM_KEYS", "MILLSTREAM_AUTH"];
    let all = names.iter().chain(&more);
    let server = all.fold(server(), |builder, name| builder.variable(name, "")).start();
    assert_eq!(server.get("/readyz").0, 200);
    let log = server.log();
    assert!(log.contains("millstream starts") && log.contains("us-east-1"), "{log}");
}

#[test]
fn a_place_that_a_variable_names_is_told_by_the_variable() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millstream"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--ephemeral"]);
    let output = command.env("MILLSTREAM_DATA_DIR", "d").output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("MILLSTREAM_DATA_DIR"), "{said}");
}

#[test]
fn what_is_no_data_directory_is_told_so() {
    let home = Scratch::new();
    for chore in ["fsck", "finalize"] {
        let output = run(&[chore], home.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("is no Millstream data directory (no log/FORMAT)"), "{said}");
        assert_eq!(output.status.code(), Some(if chore == "fsck" { 2 } else { 1 }), "{said}");
        assert_eq!(listing(home.path()), []);
    }
}

#[test]
fn a_configuration_that_names_what_does_not_exist_is_refused() {
    let home = Scratch::new();
    for (text, word) in [
        ("lisen = \"127.0.0.1:0\"", "lisen"),
        ("[limits]\nshards_maximum = 1", "shards_maximum"),
        ("[limits]\nshards_max = -1", "shards_max"),
        ("auth = \"opened\"", "opened"),
        ("auth = ", "auth"),
    ] {
        let (status, said) = server().config(text).refuse_in(&home);
        assert!(!status.success() && said.contains(word), "{text}: {said}");
    }
}
