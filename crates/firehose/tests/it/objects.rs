//! From puts to objects.

use millstream_firehose::RecordCheck;
use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;

use crate::harness::*;

#[test]
fn what_was_put_is_in_one_object_once_its_interval_is_over() {
    let world = World::new(to_objects());
    world.live(async |node| {
        assert_eq!(node.put(&["one\n", "two\n"]).await, 2);
        node.advance(30).await;
        node.put(&["three\n"]).await;
        node.advance(29).await;
        assert!(world.objects("main").is_empty());
        assert_eq!(node.pipeline().status().data_freshness_ms, 59_000);
        node.advance(1).await;
        let objects = world.objects("main");
        assert_eq!(objects.len(), 1, "{objects:?}");
        let (key, body) = objects.first_key_value().unwrap();
        assert_eq!(body, "one\ntwo\nthree\n");
        assert!(key.starts_with("logs/2026/03/01/12/ds-1-2026-03-01-12-00-00-"), "{key}");
        node.settle().await;
        let status = node.pipeline().status();
        assert_eq!((status.data_freshness_ms, status.open_plans), (0, 0));
        assert_eq!(status.totals.delivered, 3);
    });
}

#[test]
fn a_buffer_is_sealed_at_its_size_and_order_is_kept() {
    let world = World::new(to_objects());
    world.live(async |node| {
        let line = |n: usize| format!("{n:07}{}\n", "x".repeat(1016));
        for batch in 0..6 {
            let lines: Vec<String> = (0..500).map(|n| line(batch * 500 + n)).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            node.put(&lines).await;
        }
        node.settle().await;
        assert_eq!(world.objects("main").len(), 2);
        node.flush().await;
        let objects = world.objects("main");
        assert_eq!(objects.len(), 3);
        let mut all = Vec::new();
        for body in objects.values() {
            let numbers: Vec<usize> = body.lines().map(|line| line[..7].parse().unwrap()).collect();
            assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
            all.extend(numbers);
        }
        all.sort_unstable();
        assert_eq!(all, (0..3000).collect::<Vec<_>>());
    });
}

#[test]
fn an_interval_of_zero_seals_at_once() {
    let world = World::new(Settings { hints: hints(5, 0), ..to_objects() });
    world.live(async |node| {
        node.put(&["now"]).await;
        node.settle().await;
        assert_eq!(world.content("main"), "now");
    });
}

#[test]
fn a_kill_at_any_stage_of_an_upload_leaves_each_record_in_one_object() {
    for act in [Act::Hang, Act::TakeAndHang, Act::Fail(Then::Retry), Act::TakeAndFail] {
        let world = World::new(to_objects());
        world.object_acts("main", [act.clone()]);
        world.live(async |node| {
            node.put(&["a\n", "b\n"]).await;
            node.advance(60).await;
        });
        assert!(world.object_attempts("main") >= 1);
        world.live(async |node| {
            node.put(&["c\n"]).await;
            node.flush().await;
        });
        assert_eq!(world.lines("main"), ["a", "b", "c"], "{act:?}");
    }
}

#[test]
fn a_kill_before_anything_is_sealed_loses_nothing() {
    let world = World::new(to_objects());
    world.live(async |node| node.put(&["a\n"]).await);
    world.live(async |node| node.put(&["b\n"]).await);
    world.live(async |node| {
        node.advance(60).await;
        assert_eq!(world.content("main"), "a\nb\n");
        node.settle().await;
    });
    world.live(async |node| node.advance(600).await);
    assert_eq!(world.objects("main").len(), 1);
}

#[test]
fn a_bucket_that_is_down_holds_nothing_up_but_its_own_plans() {
    let mut settings = to_objects();
    settings.backup = Some(backup("backup"));
    let world = World::new(settings);
    world.object_always("backup", Act::Hang);
    world.live(async |node| {
        for round in 0..10 {
            node.put(&[&format!("{round}\n")]).await;
            node.advance(300).await;
        }
        assert_eq!(world.lines("main").len(), 10);
        assert!(world.lines("backup").is_empty());
        world.outside.object_always.lock().unwrap().clear();
    });
    world.live(async |node| node.flush().await);
    assert_eq!(world.lines("backup"), world.lines("main"));
    assert_eq!(world.lines("main").len(), 10);
}

#[test]
fn what_a_bucket_refuses_for_a_day_is_lost_and_counted() {
    let world = World::new(to_objects());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.advance(23 * 3600).await;
        assert_eq!(node.pipeline().status().open_plans, 1);
        node.world.clock.advance(std::time::Duration::from_secs(3600));
        node.until(|_| node.pipeline().status().open_plans == 0).await;
        assert_eq!(node.pipeline().status().totals.lost, 2);
        assert_eq!(node.pipeline().counters().lost_records.get(), 2);
        let logs = node.pipeline().logs(10).await.unwrap();
        assert!(logs[0].entry.contains("\"errorCode\":\"Test.Failed\""), "{logs:?}");
        assert!(logs[0].entry.contains("\"destination\":\"arn:aws:s3:::main\""), "{logs:?}");
    });
}

#[test]
fn a_backup_has_what_came_in() {
    let mut settings = to_objects();
    settings.backup = Some(backup("backup"));
    settings.processing.delimiter = Some(b"|".as_slice().into());
    let world = World::new(settings);
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.flush().await;
        assert_eq!(world.content("main"), "a|b|");
        assert_eq!(world.content("backup"), "ab");
    });
}

#[test]
fn what_is_planned_keeps_its_configuration() {
    let world = World::new(to_objects());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&["old\n"]).await;
        node.advance(60).await;
        let mut settings = to_objects();
        settings.version = 2;
        settings.destination = Destination::Objects(target("other", "logs/"));
        *world.settings.lock().unwrap() = settings;
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        node.put(&["new\n"]).await;
        node.advance(60).await;
        assert_eq!(world.content("other"), "new\n");
    });
    world.outside.object_always.lock().unwrap().clear();
    world.live(async |node| node.flush().await);
    assert_eq!(world.content("main"), "old\n");
    assert_eq!(world.content("other"), "new\n");
    let key = world.objects("other").into_keys().next().unwrap();
    assert!(key.contains("/ds-2-"), "{key}");
}

#[test]
fn the_intake_is_trimmed_once_all_is_delivered() {
    use millstream_log::{Log, LogId};
    let world = World::new(to_objects());
    world.live(async |node| {
        node.put(&["a", "b", "c"]).await;
        node.flush().await;
        node.settle().await;
        let bounds = world.log.bounds(LogId { group: DATA, index: 0 }).await.unwrap();
        assert_eq!(bounds.first, bounds.end);
    });
}

#[test]
fn a_stopped_pipeline_counts_what_it_throws_away() {
    let world = World::new(to_objects());
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.settle().await;
        node.runtimes.stop(DATA, true).await;
        assert_eq!(node.runtimes.discarded_records(), 2);
        assert!(node.runtimes.pipeline(DATA).is_none());
    });
    assert!(world.objects("main").is_empty());
}

#[test]
fn what_is_thrown_away_is_counted_however_far_it_had_come() {
    let world = World::new(to_objects());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        // Ten in a plan that cannot be delivered, and then so many that nobody looks at them all: a put each.
        node.put(&["a"; 10]).await;
        node.advance(60).await;
        let big = "b".repeat(1 << 20);
        for _ in 0..100 {
            node.put(&[&big]).await;
        }
        node.settle().await;
        let status = node.pipeline().status();
        let looked_at = 10 + (status.open_plans - 1) + status.waiting_records;
        assert!(looked_at < 110, "all {looked_at} were looked at, so that this test shows nothing");
        node.runtimes.stop(DATA, true).await;
        assert_eq!(node.runtimes.discarded_records(), 110);
    });
}

#[test]
fn what_was_delivered_is_not_thrown_away() {
    let world = World::new(to_objects());
    world.live(async |node| {
        node.put(&["a"; 10]).await;
        node.flush().await;
        node.put(&["b"; 3]).await;
        node.runtimes.stop(DATA, true).await;
        assert_eq!(node.runtimes.discarded_records(), 3);
    });
}

#[test]
fn a_flush_that_cannot_end_says_what_is_left() {
    let world = World::new(to_objects());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&["a"]).await;
        let flushed = node.pipeline().flush(std::time::Duration::from_secs(30)).await;
        let why = flushed.unwrap_err().to_string();
        assert!(why.contains("1 deliveries are under way"), "{why}");
    });
}

#[test]
fn what_was_put_by_a_client_that_went_away_is_delivered_if_it_is_in_the_log() {
    let world = World::new(to_objects());
    world.live(async |node| {
        node.put(&["a\n"]).await;
        node.settle().await;
        world.log.hold();
        let brief = std::time::Duration::from_millis(1);
        assert!(tokio::time::timeout(brief, node.put(&["b\n"])).await.is_err());
        world.log.release();
        node.settle().await;
        node.flush().await;
        assert_eq!(world.content("main"), "a\nb\n");
    });
}

#[test]
fn error_documents_that_are_too_many_to_wait_are_made_again_once_the_object_has_arrived() {
    let mut settings = to_objects();
    settings.hints = hints(64, 60);
    settings.processing.delimiter = Some(b"\n"[..].into());
    let mut world = World::new(settings);
    world.check = Some(RecordCheck::Json);
    world.object_acts("main", [Act::Fail(Then::Retry)]);
    // Eleven megabytes of documents.
    let bad: Vec<String> = (0..32).map(|n| format!("{n:02}{}", "x".repeat(250_000))).collect();
    world.live(async |node| {
        for record in &bad {
            node.put(&[record]).await;
        }
        node.put(&["{}"]).await;
        node.flush().await;
    });
    assert_eq!(world.content("main"), "{}\n");
    let errors = world.lines("errors");
    assert_eq!(errors.len(), bad.len());
    let distinct: std::collections::BTreeSet<&str> = errors.iter().map(|it| &it[..40]).collect();
    assert_eq!(distinct.len(), bad.len());
}
