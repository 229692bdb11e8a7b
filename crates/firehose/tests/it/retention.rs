//! What cannot be delivered ends with the time for which records are kept, whatever the reason.

use std::sync::Arc;
use std::time::Duration;

use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;
use millstream_log::LogError;
use millstream_log::testkit::Fault;

use crate::harness::*;
use crate::records::to_endpoint;
use crate::sources::Simulated;
use crate::worker::{numbering, with_function};

const DAY: u64 = 24 * 3600;
/// How long all is tried after a start.
const GRACE: u64 = 2 * 3600;

fn with_source(settings: Settings) -> (World, Arc<Simulated>) {
    let stream = Simulated::new();
    let mut world = World::new(settings);
    world.source = Some(stream.clone());
    (world, stream)
}

#[test]
fn a_plan_whose_records_cannot_be_read_is_lost_when_its_time_is_over() {
    for settings in [to_objects(), to_endpoint(300)] {
        let (world, stream) = with_source(settings);
        world.live(async |node| {
            *stream.broken.lock().unwrap() = true;
            stream.put(0, START, &["a\n", "b\n"]);
            node.settle().await;
            node.advance(DAY - 1).await;
            let status = node.pipeline().status();
            assert_eq!((status.open_plans, status.totals.lost), (1, 0));
            node.advance(1).await;
            node.until(|_| node.pipeline().status().totals.lost == 2).await;
            assert_eq!(node.pipeline().status().open_plans, 0);
            assert_eq!(node.pipeline().counters().lost_records.get(), 2);
        });
    }
}

#[test]
fn a_plan_whose_records_can_be_read_again_is_delivered() {
    let (world, stream) = with_source(to_objects());
    world.live(async |node| {
        *stream.broken.lock().unwrap() = true;
        stream.put(0, START, &["a\n"]);
        node.settle().await;
        node.advance(DAY - 1).await;
        *stream.broken.lock().unwrap() = false;
        node.until(|world| world.content("main") == "a\n").await;
    });
}

#[test]
fn a_window_that_cannot_be_read_rests_and_is_lost_when_its_time_is_over() {
    let (world, stream) = with_source(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.live(async |node| {
        *stream.broken.lock().unwrap() = true;
        stream.put(0, START, &["a\n", "b\n"]);
        node.settle().await;
        node.advance(DAY - 1).await;
        // Nothing else of the pipeline is disturbed by it.
        assert_eq!(node.pipeline().counters().restarts.get(), 0);
        assert_eq!(node.pipeline().counters().lost_records.get(), 0);
        node.advance(1).await;
        node.until(|_| node.pipeline().counters().lost_records.get() == 2).await;
        *stream.broken.lock().unwrap() = false;
        stream.put(0, world.clock_now(), &["c\n"]);
        node.settle().await;
        node.flush().await;
    });
    assert_eq!(world.content("main"), "0:c\n");
}

#[test]
fn a_window_that_can_be_read_again_is_asked_once() {
    let (world, stream) = with_source(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.live(async |node| {
        *stream.broken.lock().unwrap() = true;
        stream.put(0, START, &["a\n"]);
        node.settle().await;
        node.advance(600).await;
        *stream.broken.lock().unwrap() = false;
        node.flush().await;
    });
    assert_eq!(world.content("main"), "0:a\n");
    assert_eq!(world.outside.calls.lock().unwrap().len(), 1);
}

#[test]
fn a_parcel_that_cannot_be_given_up_is_lost_when_its_time_is_over() {
    let world = World::new(to_endpoint(0));
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Fail(Then::Retry));
    *world.outside.gave_up_fails.lock().unwrap() = true;
    world.live(async |node| {
        node.put(&["a\n"]).await;
        node.settle().await;
        node.advance(DAY - 1).await;
        assert_eq!(node.pipeline().status().totals.lost, 0);
        node.advance(1).await;
        node.until(|_| node.pipeline().status().totals.lost == 1).await;
    });
    assert!(world.objects("errors").is_empty());
}

#[test]
fn error_documents_that_cannot_be_written_are_lost_when_their_time_is_over() {
    let mut settings = to_endpoint(0);
    settings.logging = None;
    // What was refused alone is lost alone.
    for (act, lost_of_plan) in [(Act::Refuse(vec![1]), 0), (Act::Fail(Then::GiveUp), 2)] {
        let world = World::new(settings.clone());
        *world.outside.parcel_always.lock().unwrap() = Some(act);
        let log = world.log.clone();
        let refuse = move || log.inject([Fault::Refuse(LogError::Full)]);
        *world.outside.on_parcel.lock().unwrap() = Some(Box::new(refuse));
        world.live(async |node| {
            node.put(&["a\n", "b\n"]).await;
            node.settle().await;
            // The first attempt is the last: the parcel waited for longer than records are kept.
            node.advance(DAY).await;
            assert_eq!(*world.outside.parcel_attempts.lock().unwrap(), 1);
            assert_eq!(node.pipeline().status().open_plans, 0);
            let totals = node.pipeline().status().totals;
            assert_eq!((totals.lost, totals.failed), (lost_of_plan, 0));
            let counted = node.pipeline().counters().lost_records.get();
            assert_eq!(counted, lost_of_plan.max(1));
        });
        assert!(world.objects("errors").is_empty());
    }
}

#[test]
fn what_is_older_than_a_day_at_the_start_is_still_tried_for_a_while() {
    for is_back in [true, false] {
        let world = World::new(to_objects());
        world.object_always("main", Act::Fail(Then::Retry));
        world.live(async |node| {
            node.put(&["a\n"]).await;
            node.advance(60).await;
            node.put(&["b\n"]).await;
        });
        world.clock.advance(Duration::from_secs(30 * 3600));
        world.live(async |node| {
            node.advance(GRACE - 1).await;
            let status = node.pipeline().status();
            assert_eq!((status.open_plans, status.totals.lost), (2, 0));
            if is_back {
                world.outside.object_always.lock().unwrap().clear();
                node.flush().await;
                assert_eq!(world.content("main"), "a\nb\n");
            } else {
                node.advance(1).await;
                node.until(|_| node.pipeline().status().totals.lost == 2).await;
            }
        });
    }
}

#[test]
fn an_endpoint_is_tried_again_for_its_whole_time_after_a_start() {
    let world = World::new(to_endpoint(300));
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Fail(Then::Retry));
    let given_up = || *world.outside.given_up.lock().unwrap();
    world.live(async |node| {
        node.put(&["a\n"]).await;
        node.advance(60).await;
        assert!(*world.outside.parcel_attempts.lock().unwrap() > 0);
    });
    world.clock.advance(Duration::from_secs(30 * 3600));
    world.live(async |node| {
        node.settle().await;
        node.advance(299).await;
        node.until(|world| *world.outside.parcel_attempts.lock().unwrap() > 5).await;
        assert_eq!(given_up(), 0);
        node.advance(1).await;
        node.until(|_| given_up() == 1).await;
    });
}

#[test]
fn the_worker_reads_on_for_a_while_after_a_start() {
    let (world, stream) = with_source(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    *stream.broken.lock().unwrap() = true;
    world.live(async |node| {
        stream.put(0, START, &["a\n"]);
        node.settle().await;
    });
    world.clock.advance(Duration::from_secs(30 * 3600));
    world.live(async |node| {
        node.advance(GRACE - 1).await;
        assert_eq!(node.pipeline().counters().lost_records.get(), 0);
        *stream.broken.lock().unwrap() = false;
        node.flush().await;
    });
    assert_eq!(world.content("main"), "0:a\n");
}
