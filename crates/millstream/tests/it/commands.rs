//! The commands for people, from the shell's side: the real binary against a real server.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use millstream_testkit::Server;
use serde_json::{Value, json};

use crate::{SHARD, create, dev_must, put, server};

/// Runs the binary with no settings of AWS but the endpoint.
fn run(server: &Server, arguments: &[&str], input: &str) -> Output {
    let mut child = command(server, arguments).spawn().expect("the command runs");
    let mut stdin = child.stdin.take().expect("its input is piped");
    // A command that refuses its arguments reads nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the command ends")
}

fn command(server: &Server, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_millstream"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("HOME", server.home())
        .env("AWS_ENDPOINT_URL", format!("http://{}", server.address()))
        .env("AWS_ACCESS_KEY_ID", "123456789012")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_MAX_ATTEMPTS", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs what must succeed; returns what it printed.
fn must(server: &Server, arguments: &[&str], input: &str) -> String {
    let output = run(server, arguments, input);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs what must fail with 1; returns what it said.
fn refused(server: &Server, arguments: &[&str], input: &str) -> String {
    let output = run(server, arguments, input);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// All records of a stream from its trim horizon.
fn tail(server: &Server, stream: &str, options: &[&str]) -> Vec<Value> {
    let fixed = ["tail", stream, "--from", "trim-horizon", "--no-follow", "--json"];
    let text = must(server, &[&fixed, options].concat(), "");
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

fn texts<'a>(records: &'a [Value], name: &str) -> Vec<&'a str> {
    records.iter().map(|record| record[name].as_str().expect("text")).collect()
}

#[test]
fn a_stream_lives_from_create_to_delete() {
    let server = server().start();
    let made = must(&server, &["streams", "create", "s", "--shards", "2", "--wait"], "");
    assert_eq!(made, "s is active (2 shards)\n");
    let lines: String = (0..1200).map(|n| format!("line {n}\n")).collect();
    must(&server, &["put", "s", "--key", "a"], &lines[..lines.len() / 2]);
    must(&server, &["put", "s"], &lines[lines.len() / 2..]);

    must(&server, &["streams", "split", "s", "0", "--wait"], "");
    let described = must(&server, &["streams", "describe", "s", "--json"], "");
    let described: Value = serde_json::from_str(&described).expect("an object");
    assert_eq!(described["shards"].as_array().map(Vec::len), Some(4));
    assert_eq!(described["shards"][2]["parents"], serde_json::json!([SHARD]));
    assert_eq!(described["shards"][3]["starting_hash_key"], (1u128 << 126).to_string());
    must(&server, &["streams", "merge", "s", "2", "3", "--wait"], "");
    let table = must(&server, &["streams", "describe", "s"], "");
    assert!(table.contains("2 open shards, 3 closed"), "{table}");
    must(&server, &["put", "s", "--key", "a"], "after\n");

    let records = tail(&server, "s", &[]);
    assert_eq!(records.len(), 1202, "the cut line is two");
    let mine = records.iter().filter(|record| record["key"] == "a");
    let mine: Vec<&str> = mine.map(|record| record["data"].as_str().expect("text")).collect();
    assert_eq!(mine.last(), Some(&"after"), "children come after their parents");

    let listed = must(&server, &["streams", "list"], "");
    assert!(listed.lines().nth(1).is_some_and(|line| line.starts_with("s ")), "{listed}");
    let asked = refused(&server, &["streams", "delete", "s"], "");
    assert!(asked.contains("needs --yes"), "{asked}");
    let deleted = must(&server, &["streams", "delete", "s", "--yes", "--wait"], "");
    assert_eq!(deleted, "s is deleted\n");
    assert_eq!(must(&server, &["streams", "list", "--json"], ""), "[]\n");
}

#[test]
fn one_flight_keeps_the_order_of_lines() {
    let server = server().start();
    create_as(&server, "s", "1");
    let lines: String = (0..1500).map(|n| format!("{n}\n")).collect();
    must(&server, &["put", "s", "--in-flight", "1"], &lines);
    let records = tail(&server, "s", &[]);
    let expected: Vec<String> = (0..1500).map(|n| n.to_string()).collect();
    assert_eq!(texts(&records, "data"), expected);
    assert_eq!(tail(&server, "s", &["--limit", "7"]).len(), 7);
    let number = records[1400]["sequence"].as_str().expect("a number");
    let after = ["tail", "s", "--shard", "0", "--after", number, "--no-follow"];
    assert_eq!(must(&server, &after, "").lines().next(), Some("1401"));
    let at = ["tail", "s", "--shard", SHARD, "--from", number, "--no-follow", "--limit", "1"];
    assert_eq!(must(&server, &at, ""), "1400\n");
    assert_eq!(must(&server, &["tail", "s", "--no-follow"], ""), "", "latest is the tip");
}

#[test]
fn aggregated_lines_come_back_one_by_one() {
    let server = server().start();
    create_as(&server, "s", "3");
    let lines: String =
        (0..5000).map(|n| format!("{{\"user\":{{\"id\":{}}},\"n\":{n}}}\n", n % 50)).collect();
    let output = run(&server, &["put", "s", "--aggregate", "--key-field", "user.id"], &lines);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("5000 lines put in "), "{said}");
    let packed = tail(&server, "s", &["--no-deaggregate"]);
    assert!(packed.len() < 100, "{} records", packed.len());
    let records = tail(&server, "s", &[]);
    assert_eq!(records.len(), 5000);
    let mut numbers: Vec<u64> = Vec::new();
    for record in &records {
        let line: Value =
            serde_json::from_str(record["data"].as_str().expect("text")).expect("JSON");
        assert_eq!(record["key"], line["user"]["id"].to_string());
        assert!(record["sub_sequence"].is_u64());
        numbers.push(line["n"].as_u64().expect("a number"));
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..5000));
}

#[test]
fn lines_that_are_not_taken_are_named() {
    let server = server().start();
    create_as(&server, "s", "1");
    let large = "x".repeat(1_100_000);
    let input = format!(
        "{{\"k\":\"a\"}}\n{{\"j\":1}}\n\nno\n{{\"k\":\"b\",\"x\":\"{large}\"}}\n{{\"k\":\"c\"}}\n"
    );
    let said = refused(&server, &["put", "s", "--key-field", "k"], &input);
    for expected in [
        "line 2: it has no k",
        "line 4: no JSON: expected ident at column 2\n",
        "line 5: it has 1100016 bytes; with its key the stream takes 1048576\n",
        "2 lines put",
        "3 not taken",
        "1 empty",
    ] {
        assert!(said.contains(expected), "{expected:?} in {said}");
    }
    assert_eq!(texts(&tail(&server, "s", &[]), "key"), ["a", "c"]);
}

#[test]
fn lines_of_other_systems_end_with_cr_and_lf() {
    let server = server().start();
    create_as(&server, "s", "1");
    let output = run(&server, &["put", "s", "--in-flight", "1"], "one\r\n\r\ntwo\r\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("2 lines put (70 B, ") && said.contains("1 empty"), "{said}");
    must(&server, &["put", "s", "--keep-cr"], "three\r\n");
    assert_eq!(texts(&tail(&server, "s", &[]), "data"), ["one", "two", "three\r"]);
}

#[test]
fn a_refusal_that_comes_late_names_the_lines_and_its_cause_once() {
    let server = server().start();
    create_as(&server, "s", "1");
    let rule = json!({ "operation": "PutRecords", "every": 2, "error": "AccessDeniedException" });
    dev_must(&server, "POST", "faults", rule);
    let lines: String = (0..501).map(|n| format!("{n}\n")).collect();
    let said = refused(&server, &["put", "s", "--in-flight", "1"], &lines);
    assert!(said.contains("millstream: line 501: not taken\n500 lines put"), "{said}");
    assert_eq!(said.matches("AccessDeniedException").count(), 1, "{said}");
}

#[test]
fn objects_keep_the_order_that_is_promised() {
    let server = server().start();
    create_as(&server, "s", "1");
    must(&server, &["put", "s", "--aggregate", "--key", "k"], "a\nb\n");
    let fixed = ["tail", "s", "--from", "trim-horizon", "--no-follow", "--json"];
    let order = |text: &str, names: &[&str]| {
        let places: Vec<_> = names.iter().map(|name| text.find(&format!("\"{name}\":"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{names:?} in {text}");
    };
    let record = must(&server, &fixed, "");
    order(&record, &["shard", "sequence", "sub_sequence", "key", "arrival", "data"]);
    let described = must(&server, &["streams", "describe", "s", "--json"], "");
    order(
        &described,
        &["name", "arn", "status", "mode", "open_shards", "shards", "shard", "state"],
    );
    let listed = must(&server, &["streams", "list", "--json"], "");
    order(&listed, &["name", "arn", "status", "mode", "created"]);
    serde_json::from_str::<Value>(&described).expect("JSON");
}

#[test]
fn tail_follows_through_a_reshard_and_ends_when_nobody_reads() {
    use std::io::{BufRead, BufReader};
    let server = server().start();
    create_as(&server, "s", "1");
    let follow = ["tail", "s", "--from", "trim-horizon", "--poll-ms", "50"];
    let mut child = command(&server, &follow).spawn().expect("the command runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    must(&server, &["put", "s"], "before\n");
    assert_eq!(next(), "before");
    must(&server, &["streams", "split", "s", "0", "--wait"], "");
    must(&server, &["put", "s", "--key", "a"], "after\n");
    assert_eq!(next(), "after");
    drop(lines);
    must(&server, &["put", "s", "--key", "a"], "unread\n");
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn tail_ends_cleanly_when_interrupted() {
    use std::io::{BufRead, BufReader};
    let server = server().start();
    create_as(&server, "s", "1");
    must(&server, &["put", "s"], "one\n");
    let follow = ["tail", "s", "--from", "trim-horizon"];
    let mut child = command(&server, &follow).spawn().expect("the command runs");
    let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    assert_eq!(line, "one\n");
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn faults_are_told_as_aws_tells_them() {
    let server = server().start();
    let missing = refused(&server, &["tail", "nothing"], "");
    assert!(
        missing.starts_with("millstream: ResourceNotFoundException: Stream nothing"),
        "{missing}"
    );
    let lost = refused(&server, &["put", "nothing"], "a\nb\n");
    assert!(lost.starts_with("millstream: ResourceNotFoundException: Stream nothing"), "{lost}");
    assert_eq!(lost.lines().count(), 1, "the cause alone: {lost}");
    let closed = ["streams", "list", "--endpoint", "http://127.0.0.1:1"];
    let closed = refused(&server, &closed, "");
    assert!(closed.contains("no answer from http://127.0.0.1:1: "), "{closed}");
    let place = refused(&server, &["tail", "s", "--from", "now"], "");
    assert!(place.contains("is no position") && place.contains("2026-01-31,"), "{place}");
    let profile = refused(&server, &["streams", "list", "--profile", "dev"], "");
    assert!(profile.contains("no profile \"dev\" in"), "{profile}");
}

#[test]
fn profiles_and_processes_give_credentials() {
    let server = server().start();
    let directory = server.home().join(".aws");
    std::fs::create_dir_all(&directory).expect("a directory");
    let config = "[profile mine]\nregion = eu-west-3\ncredential_process = printf \
        '{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\"}' 210987654321\n\
        [profile role]\nrole_arn = arn:aws:iam::1:role/x\n";
    std::fs::write(directory.join("config"), config).expect("the file is written");
    let create = ["streams", "create", "s", "--wait", "--profile", "mine"];
    must(&server, &create, "");
    let shown = must(&server, &["streams", "describe", "s", "--profile", "mine"], "");
    assert!(shown.contains("arn:aws:kinesis:eu-west-3:210987654321:stream/s"), "{shown}");
    let role = refused(&server, &["streams", "list", "--profile", "role"], "");
    assert!(role.contains("assuming a role (role_arn)"), "{role}");
}

#[test]
fn a_server_of_this_machine_needs_no_credentials_and_tls_is_verified_unless_told() {
    let server = server().start();
    let mut list = command(&server, &["streams", "list"]);
    list.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = list.output().expect("the command ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("signed with placeholders"), "{said}");
    let endpoint = format!("https://{}", server.address());
    let tls = ["streams", "list", "--endpoint", &endpoint];
    assert!(refused(&server, &tls, "").contains("TLS: "));
    must(&server, &[&tls[..], &["--no-verify-tls"]].concat(), "");
}

#[test]
fn what_others_put_is_read_by_tail() {
    let server = server().start();
    create(&server, "s", 1);
    put(&server, "s", "/wA=");
    let output = run(&server, &["tail", "s", "--from", "1970-01-01", "--no-follow", "--raw"], "");
    // Another account's stream: the raw calls above sign nothing.
    assert_eq!(output.status.code(), Some(1));
    let mut read = command(&server, &["tail", "s", "--from", "1970-01-01", "--no-follow", "--raw"]);
    let output = read.env("AWS_ACCESS_KEY_ID", "anyone").output().expect("the command ends");
    assert_eq!(output.stdout, [0xff, 0]);
}

fn create_as(server: &Server, name: &str, shards: &str) {
    must(server, &["streams", "create", name, "--shards", shards, "--wait"], "");
}
