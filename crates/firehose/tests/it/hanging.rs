//! Destinations that hang: what they keep, and what they must not keep from others.

use std::time::Duration;

use millstream_firehose::INTAKE_LOG;
use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;

use crate::damage::{damage, told};
use crate::harness::*;
use crate::records::to_endpoint;

/// Delivery streams whose four deliveries at once fill all places.
const HANGING: u64 = 9;

/// Fills places and memory with what hangs, and asserts that the built-in buckets do not feel it.
fn others_go_on(hanging: &Settings) {
    let mut world = World::new(to_objects());
    world.memory_bytes = 256 * 1024;
    world.outside.outward.lock().unwrap().push("far".into());
    world.object_always("far", Act::Hang);
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Hang);
    world.live(async |node| {
        for number in 0..HANGING {
            let parts = world.other_parts(number, hanging.clone());
            node.runtimes.start(parts).await.unwrap();
        }
        for _ in 0..4 {
            for number in 0..HANGING {
                node.put_to(other(number), &["x\n"]).await;
            }
            node.advance(60).await;
        }
        for number in 0..HANGING {
            let status = node.runtimes.pipeline(other(number)).unwrap().status();
            assert_eq!(status.open_plans, 4);
        }
        node.put(&["a\n"]).await;
        node.advance(60).await;
        assert_eq!(world.content("main"), "a\n");
    });
}

#[test]
fn uploads_elsewhere_that_hang_do_not_stop_the_built_in_buckets() {
    let settings =
        Settings { destination: Destination::Objects(target("far", "")), ..to_objects() };
    others_go_on(&settings);
}

#[test]
fn endpoints_that_hang_do_not_stop_the_built_in_buckets() {
    others_go_on(&to_endpoint(300));
}

/// Asserts that a delivery to somewhere else that answers is there within seconds, whatever hangs there.
async fn arrives_within(node: &Node<'_>, limit: Duration) {
    let began = tokio::time::Instant::now();
    node.put(&["a\n"]).await;
    node.advance(60).await;
    node.until(|world| world.content("near") == "a\n").await;
    assert!(began.elapsed() < limit, "{:?}", began.elapsed());
}

fn to_somewhere_else() -> World {
    let near = Settings { destination: Destination::Objects(target("near", "")), ..to_objects() };
    let mut world = World::new(near);
    world.memory_bytes = 8 << 20;
    world.outside.outward.lock().unwrap().extend(["near".into(), "far".into()]);
    world.object_always("far", Act::Hang);
    world
}

#[test]
fn many_that_hang_do_not_stop_one_that_answers() {
    let world = to_somewhere_else();
    let far = Settings { destination: Destination::Objects(target("far", "")), ..to_objects() };
    world.live(async |node| {
        for number in 0..100 {
            // One attempt that failed would be the last.
            let hanging = if number % 2 == 0 { far.clone() } else { to_endpoint(0) };
            node.runtimes.start(world.other_parts(number, hanging)).await.unwrap();
        }
        *world.outside.parcel_always.lock().unwrap() = Some(Act::Hang);
        for _ in 0..2 {
            for number in 0..100 {
                node.put_to(other(number), &["x\n"]).await;
            }
            node.advance(60).await;
        }
        let attempts = || *world.outside.parcel_attempts.lock().unwrap();
        node.until(|_| attempts() >= 50).await;
        arrives_within(&node, Duration::from_secs(10)).await;
        // None of it counts as an attempt that failed.
        let status = node.runtimes.pipeline(other(1)).unwrap().status();
        assert_eq!((status.open_plans, status.totals.failed), (2, 0));
        assert_eq!(*world.outside.given_up.lock().unwrap(), 0);
    });
    // What waited for others' sake is delivered.
    world.outside.object_always.lock().unwrap().clear();
    *world.outside.parcel_always.lock().unwrap() = None;
    world.live(async |node| {
        let hanging = world.other_parts(1, to_endpoint(0));
        node.runtimes.start(hanging).await.unwrap();
        node.runtimes.pipeline(other(1)).unwrap().flush(Duration::from_secs(60)).await.unwrap();
    });
    assert_eq!(world.outside.parcels.lock().unwrap().len(), 2);
}

#[test]
fn functions_that_hang_do_not_stop_a_destination_that_answers() {
    let world = to_somewhere_else();
    *world.outside.function.lock().unwrap() = Some(|_, _| Ok(Vec::new()));
    world.outside.unanswered.lock().unwrap().extend(0..10_000);
    let mut with_function = to_objects();
    with_function.processing.function =
        Some(Function { arn: "arn:f".into(), role_arn: None, retries: 3, hints: hints(1, 0) });
    world.live(async |node| {
        for number in 0..20 {
            let parts = world.other_parts(number, with_function.clone());
            node.runtimes.start(parts).await.unwrap();
            node.put_to(other(number), &["x\n"]).await;
        }
        node.advance(60).await;
        // Each has its ten seconds first, eight at once.
        arrives_within(&node, Duration::from_secs(40)).await;
        world.outside.objects.lock().unwrap().clear();
        arrives_within(&node, Duration::from_secs(10)).await;
    });
}

#[test]
fn what_waits_for_its_turn_is_given_up_when_its_time_is_over() {
    let mut world = World::new(to_endpoint(300));
    world.memory_bytes = 1 << 20;
    *world.outside.parcel_acts.lock().unwrap() = [Act::Fail(Then::Retry)].into();
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Hang);
    world.live(async |node| {
        node.put(&["a"]).await;
        node.advance(60).await;
        // The second has the lane's one turn, and the first waits for it.
        node.put(&["b"]).await;
        node.advance(60).await;
        let began = tokio::time::Instant::now();
        node.advance(300).await;
        node.until(|world| *world.outside.given_up.lock().unwrap() == 1).await;
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
        node.advance(300).await;
        let errors = world.content("errors");
        assert!(errors.contains("\"attemptsMade\":1") && errors.contains("\"YQ==\""), "{errors}");
    });
}

#[test]
fn what_goes_to_another_destination_waits_for_nothing_that_goes_to_the_one_before() {
    let far = Settings { destination: Destination::Objects(target("far", "")), ..to_objects() };
    let world = World::new(far);
    world.outside.outward.lock().unwrap().extend(["near".into(), "far".into()]);
    world.object_always("far", Act::Hang);
    world.live(async |node| {
        for n in 0..8 {
            node.put(&[&format!("{n}\n")]).await;
            node.advance(60).await;
        }
        // It is known to hang, and the lane has as many at work as it may.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(node.pipeline().status().open_plans, 8);
        {
            let mut settings = world.settings.lock().unwrap();
            settings.version = 2;
            settings.destination = Destination::Objects(target("near", ""));
        }
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        for _ in 0..8 {
            world.outside.objects.lock().unwrap().clear();
            arrives_within(&node, Duration::from_secs(5)).await;
        }
        assert_eq!(node.pipeline().status().open_plans, 8);
    });
}

#[test]
fn what_hangs_has_more_than_one_attempt_at_once_where_there_is_room() {
    let world = World::new(to_endpoint(3600));
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Hang);
    world.live(async |node| {
        for _ in 0..8 {
            node.put(&["a"]).await;
            node.advance(60).await;
        }
        let attempts = || *world.outside.parcel_attempts.lock().unwrap();
        assert_eq!(attempts(), 1);
        // Ten minutes until its time-out, then four at once.
        tokio::time::sleep(Duration::from_secs(630)).await;
        assert_eq!(attempts(), 5);
    });
}

#[test]
fn what_fails_here_takes_nothing_of_the_time_of_retries() {
    let world = World::new(to_endpoint(300));
    *world.outside.parcel_acts.lock().unwrap() = [Act::Fail(Then::Retry)].into();
    world.live(async |node| {
        node.put(&["a"]).await;
        node.settle().await;
        damage(&world, INTAKE_LOG, 0, true);
        node.advance(60).await;
        assert!(told(&node, "damaged: the batch at 0").await);
        damage(&world, INTAKE_LOG, 0, false);
        node.advance(400).await;
        node.until(|_| node.pipeline().status().open_plans == 0).await;
    });
    assert_eq!(*world.outside.parcel_attempts.lock().unwrap(), 2);
    assert_eq!(world.outside.parcels.lock().unwrap().len(), 1);
    assert_eq!(*world.outside.given_up.lock().unwrap(), 0);
}

#[test]
fn a_backup_elsewhere_that_hangs_does_not_stop_its_own_delivery_stream() {
    let mut settings = to_objects();
    settings.backup = Some(backup("far"));
    let mut world = World::new(settings);
    world.memory_bytes = 256 * 1024;
    world.outside.outward.lock().unwrap().push("far".into());
    world.object_always("far", Act::Hang);
    world.live(async |node| {
        for n in 0..10 {
            node.put(&[&format!("{n}\n")]).await;
            node.advance(300).await;
        }
        assert_eq!(world.lines("main").len(), 10);
    });
}

#[test]
fn a_configuration_holds_while_plans_of_the_one_before_fail() {
    let world = World::new(to_objects());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        for n in 0..70 {
            node.put(&[&format!("{n}\n")]).await;
            node.advance(60).await;
        }
        // As many as may be open; the rest waits.
        assert_eq!(node.pipeline().status().open_plans, 64);
        {
            let mut settings = world.settings.lock().unwrap();
            settings.version = 2;
            settings.destination = Destination::Objects(target("second", ""));
        }
        let update = node.runtimes.update(DATA, world.configuration());
        tokio::time::timeout(Duration::from_secs(1), update).await.unwrap().unwrap();
        node.put(&["after\n"]).await;
        node.advance(60).await;
        let second = world.lines("second");
        assert_eq!((second.len(), second.last().unwrap().as_str()), (7, "after"), "{second:?}");
    });
    // So it does after a restart, and what failed arrives where it was meant to go.
    world.live(async |node| {
        node.put(&["again\n"]).await;
        node.advance(60).await;
        assert_eq!(world.lines("second").len(), 8);
        world.outside.object_always.lock().unwrap().clear();
        node.flush().await;
    });
    assert_eq!(world.lines("main").len(), 64);
}
