//! Destinations that hang: what they keep, and what they must not keep from others.

use std::time::Duration;

use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;

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
