//! Functions and partitions: what is done once and regrouped.

use std::time::Duration;

use base64_simd::STANDARD;
use millstream_firehose::settings::*;
use millstream_firehose::sink::{SinkError, Then};
use millstream_formats::compression::{Compression, compress};
use millstream_log::testkit::Fault;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::*;

/// Answers what it was asked.
pub fn same(_: usize, request: &[u8]) -> Result<Vec<u8>, SinkError> {
    let request: Value = serde_json::from_slice(request).unwrap();
    let answer = |record: &Value| json!({"recordId": record["recordId"], "result": "Ok", "data": record["data"]});
    let records: Vec<Value> = request["records"].as_array().unwrap().iter().map(answer).collect();
    Ok(json!({"records": records}).to_string().into_bytes())
}

/// Answers each call differently: the data with the call's number before it. Data that begin with `!` fail, with `-`
/// are dropped.
pub fn numbering(call: usize, request: &[u8]) -> Result<Vec<u8>, SinkError> {
    let request: Value = serde_json::from_slice(request).unwrap();
    let answer = |record: &Value| {
        let id = &record["recordId"];
        let data = STANDARD.decode_to_vec(record["data"].as_str().unwrap()).unwrap();
        match data[0] {
            b'!' => json!({"recordId": id, "result": "ProcessingFailed", "data": record["data"]}),
            b'-' => json!({"recordId": id, "result": "Dropped"}),
            _ => {
                let data = [format!("{call}:").as_bytes(), &data].concat();
                json!({"recordId": id, "result": "Ok", "data": STANDARD.encode_to_string(data)})
            }
        }
    };
    let records: Vec<Value> = request["records"].as_array().unwrap().iter().map(answer).collect();
    Ok(json!({"records": records}).to_string().into_bytes())
}

fn broken(_: usize, _: &[u8]) -> Result<Vec<u8>, SinkError> {
    Err(SinkError {
        code: "Lambda.InvokeAccessDenied".into(),
        message: "no".into(),
        then: Then::Retry,
    })
}

pub fn with_function() -> Settings {
    let mut settings = to_objects();
    settings.processing.function = Some(Function {
        arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
        role_arn: None,
        retries: 2,
        hints: hints(1, 10),
    });
    settings
}

fn partitioned() -> Settings {
    let mut settings = to_objects();
    settings.processing.partitioned = true;
    settings.processing.query = Some("{k:.k}".into());
    settings.destination = Destination::Objects(target("main", "p/!{partitionKeyFromQuery:k}/"));
    settings
}

#[test]
fn a_function_transforms_drops_and_fails_records() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.live(async |node| {
        node.put(&["a\n", "-b\n", "!c\n", "d\n"]).await;
        node.flush().await;
    });
    assert_eq!(world.content("main"), "0:a\n0:d\n");
    let errors = world.objects("errors");
    let (key, body) = errors.first_key_value().unwrap();
    assert!(key.starts_with("errors/processing-failed/2026/03/01/12/ds-1-"), "{key}");
    assert!(body.contains("\"rawData\":\"IWMK\""), "{body}");
    assert!(body.contains("Lambda.ProcessingFailedStatus"), "{body}");
    assert_eq!(body.lines().count(), 1);
}

#[test]
fn a_window_that_decompression_makes_too_large_is_taken_in_parts() {
    let mut settings = with_function();
    settings.processing.decompress = true;
    let function = settings.processing.function.as_mut().unwrap();
    // Five calls of a thousand bytes are a window: far fewer than what comes of it.
    function.hints = Hints { bytes: 1000, interval: Duration::from_secs(10) };
    let world = World::new(settings);
    *world.outside.function.lock().unwrap() = Some(numbering);
    let line = |n: u32| format!("{n:03}{}\n", "x".repeat(496));
    let lines: Vec<String> = (0..40).map(line).collect();
    world.live(async |node| {
        let records: Vec<Vec<u8>> = lines
            .iter()
            .map(|line| compress(Compression::Gzip, &Uuid::nil(), line.as_bytes()).unwrap())
            .collect();
        assert_eq!(node.put(&records).await, 40);
        node.flush().await;
    });
    // Each was asked for once, whichever call came first.
    let content = world.content("main");
    let came: Vec<&str> =
        content.lines().filter_map(|line| Some(line.split_once(':')?.1)).collect();
    assert_eq!(came, lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>());
    let calls = world.outside.calls.lock().unwrap();
    let asked = calls.iter().map(|call| String::from_utf8_lossy(call).matches("recordId").count());
    assert_eq!(asked.sum::<usize>(), 40);
}

#[test]
fn a_function_is_not_asked_again_once_its_answer_is_in_the_log() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.object_acts("main", [Act::Hang]);
    world.live(async |node| {
        node.put(&["a\n", "b\n"]).await;
        node.advance(10).await;
        assert_eq!(world.outside.calls.lock().unwrap().len(), 1);
    });
    world.live(async |node| node.advance(60).await);
    world.live(async |node| node.flush().await);
    assert_eq!(world.content("main"), "0:a\n0:b\n");
    assert_eq!(world.outside.calls.lock().unwrap().len(), 1);
}

#[test]
fn an_answer_whose_append_ended_unknown_is_taken_up_from_the_log() {
    for (fault, calls, content) in
        [(Fault::UnknownKept, 1, "0:a\n0:b\n"), (Fault::UnknownLost, 2, "1:a\n1:b\n")]
    {
        let world = World::new(with_function());
        *world.outside.function.lock().unwrap() = Some(numbering);
        world.live(async |node| {
            node.put(&["a\n", "b\n"]).await;
            node.settle().await;
            world.log.inject([fault.clone()]);
            node.advance(10).await;
            node.until(|world| world.outside.calls.lock().unwrap().len() == calls).await;
            node.flush().await;
        });
        assert_eq!(world.content("main"), content, "{fault:?}");
        assert_eq!(world.outside.calls.lock().unwrap().len(), calls, "{fault:?}");
    }
}

/// The world's configuration with another version and bucket.
fn update_bucket(world: &World, version: u64, bucket: &str) {
    let mut settings = world.settings.lock().unwrap();
    settings.version = version;
    settings.destination = Destination::Objects(target(bucket, ""));
}

#[test]
fn a_configuration_does_not_wait_for_a_function_that_hangs() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    *world.outside.unanswered.lock().unwrap() = vec![0];
    world.live(async |node| {
        node.put(&["a\n", "b\n"]).await;
        node.advance(10).await;
        assert_eq!(world.outside.calls.lock().unwrap().len(), 1);
        update_bucket(&world, 2, "second");
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        node.put(&["c\n"]).await;
        let began = tokio::time::Instant::now();
        node.flush().await;
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    });
    assert_eq!(world.content("second"), "1:a\n1:b\n1:c\n");
    assert!(world.objects("main").is_empty());
    assert_eq!(world.outside.calls.lock().unwrap().len(), 2);
}

#[test]
fn a_configuration_waits_for_answers_that_are_being_written() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.live(async |node| {
        node.put(&["a\n", "b\n"]).await;
        node.settle().await;
        world.log.hold();
        node.advance(10).await;
        assert_eq!(world.outside.calls.lock().unwrap().len(), 1);
        update_bucket(&world, 2, "second");
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        world.log.release();
        node.put(&["c\n"]).await;
        node.flush().await;
    });
    assert_eq!(world.content("second"), "0:a\n0:b\n1:c\n");
    assert_eq!(world.outside.calls.lock().unwrap().len(), 2);
}

#[test]
fn a_function_that_fails_is_called_as_often_as_configured() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(broken);
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.flush().await;
    });
    assert_eq!(world.outside.calls.lock().unwrap().len(), 3);
    let body = world.content("errors");
    assert_eq!(body.lines().count(), 2);
    assert!(body.contains("\"errorCode\":\"Lambda.InvokeAccessDenied\""), "{body}");
    assert!(body.contains("\"attemptsMade\":3"), "{body}");
    assert!(world.objects("main").is_empty());
}

#[test]
fn each_partition_has_objects_of_its_own_in_order() {
    let world = World::new(partitioned());
    let record = |n: u32| format!("{{\"k\":\"{}\",\"n\":\"{n:03}\"}}\n", n % 7);
    world.live(async |node| {
        for n in 0..100 {
            node.put(&[&record(n)]).await;
        }
        node.advance(60).await;
        assert_eq!(world.objects("main").len(), 7);
        node.put(&["no document"]).await;
        node.flush().await;
    });
    for (key, body) in world.objects("main") {
        let partition = key.strip_prefix("p/").unwrap().split('/').next().unwrap().to_owned();
        let wanted: String =
            (0..100).filter(|n| (n % 7).to_string() == partition).map(record).collect();
        assert_eq!(body, wanted, "{key}");
    }
    assert!(world.content("errors").contains("DynamicPartitioning.MetadataExtractionFailed"));
}

#[test]
fn partitions_survive_kills_at_each_stage() {
    let world = World::new(partitioned());
    let record = |n: u32| format!("{{\"k\":\"{}\",\"n\":\"{n:03}\"}}\n", n % 5);
    for life in 0..6 {
        let acts = [Act::Take, Act::TakeAndHang, Act::Hang, Act::TakeAndFail];
        world.object_acts("main", acts);
        world.live(async |node| {
            for n in life * 20..life * 20 + 20 {
                node.put(&[&record(n)]).await;
            }
            node.advance([10, 60, 0, 61, 30, 60][life as usize]).await;
        });
    }
    world.outside.object_acts.lock().unwrap().clear();
    world.live(async |node| node.flush().await);
    let mut wanted: Vec<String> = (0..120).map(|n| record(n).trim_end().to_owned()).collect();
    wanted.sort();
    assert_eq!(world.lines("main"), wanted);
}

#[test]
fn beyond_the_active_partitions_records_go_to_the_error_output() {
    let mut world = World::new(partitioned());
    world.partitions_max = 2;
    world.live(async |node| {
        node.put(&["{\"k\":1}\n", "{\"k\":2}\n", "{\"k\":3}\n", "{\"k\":1}\n"]).await;
        node.flush().await;
        // Once their buffers are sealed there is room again.
        node.put(&["{\"k\":3}\n"]).await;
        node.flush().await;
        assert_eq!(node.pipeline().counters().partitions_exceeded.get(), 1);
    });
    assert_eq!(world.lines("main"), ["{\"k\":1}", "{\"k\":1}", "{\"k\":2}", "{\"k\":3}"]);
    let errors = world.content("errors");
    assert!(errors.contains("DynamicPartitioning.ActivePartitionsLimitExceeded"), "{errors}");
    assert_eq!(errors.lines().count(), 1);
}

#[test]
fn what_was_processed_and_what_was_not_is_counted_when_it_is_thrown_away() {
    let world = World::new(partitioned());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&["{\"k\":1}\n", "{\"k\":2}\n", "no json\n"]).await;
        node.advance(60).await;
        // Two are in plans that fail; the errors' buffer gathers for longer.
        let pipeline = node.pipeline();
        assert_eq!(pipeline.counters().waiting_processed_records.get(), 1);
        assert_eq!(pipeline.status().open_plans, 2);
        node.put(&["{\"k\":3}\n"; 5]).await;
        node.runtimes.stop(DATA, true).await;
        assert_eq!(node.runtimes.discarded_records(), 8);
    });
}

#[test]
fn many_partitions_and_a_bucket_that_is_down_stay_within_bounds_and_catch_up() {
    let mut world = World::new(Settings { hints: hints(64, 60), ..partitioned() });
    world.memory_bytes = 8 << 20;
    world.object_always("main", Act::Fail(Then::Retry));
    let record = |n: usize| format!("{{\"k\":\"{:03}\",\"n\":\"{n:07}\"}}\n", n % 300);
    world.live(async |node| {
        for batch in 0..40 {
            let records: Vec<String> = (0..500).map(|n| record(batch * 500 + n)).collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            node.put(&records).await;
            node.advance(20).await;
        }
        let status = node.pipeline().status();
        assert!(status.open_plans <= 1024, "{status:?}");
    });
    world.outside.object_always.lock().unwrap().clear();
    world.live(async |node| node.flush().await);
    let mut wanted: Vec<String> = (0..20_000).map(|n| record(n).trim_end().to_owned()).collect();
    wanted.sort();
    assert_eq!(world.lines("main"), wanted);
}

#[test]
fn a_function_that_is_added_and_removed_loses_and_repeats_nothing() {
    let mut settings = to_objects();
    settings.backup = Some(backup("backup"));
    let world = World::new(settings.clone());
    *world.outside.function.lock().unwrap() = Some(numbering);
    let update = |version, function: bool| {
        let mut next = settings.clone();
        next.version = version;
        if function {
            next.processing.function = with_function().processing.function;
        }
        *world.settings.lock().unwrap() = next;
    };
    world.live(async |node| {
        node.put(&["a\n"]).await;
        update(2, true);
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        node.put(&["b\n"]).await;
        node.advance(5).await;
    });
    world.live(async |node| {
        node.advance(10).await;
        node.put(&["c\n"]).await;
        update(3, false);
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        node.put(&["d\n"]).await;
        node.settle().await;
        node.flush().await;
    });
    let lines: Vec<String> = world
        .lines("main")
        .iter()
        .map(|line| line.rsplit(':').next().unwrap().to_owned())
        .collect();
    let mut sorted = lines.clone();
    sorted.sort();
    assert_eq!(sorted, ["a", "b", "c", "d"]);
    assert_eq!(world.lines("backup"), ["a", "b", "c", "d"]);
}
