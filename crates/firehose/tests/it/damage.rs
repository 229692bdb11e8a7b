//! Damaged places in the logs: told, left out in the end, and in nobody else's way.

use millstream_firehose::INTAKE_LOG;
use millstream_firehose::PROCESSED_LOG;
use millstream_log::{LogId, Position};

use crate::harness::*;
use crate::records::to_endpoint;
use crate::worker::{numbering, with_function};

const DAY: u64 = 24 * 3600;
/// Records that are not sealed when the server ends: the next one reads them from the log.
const PUT: [&str; 3] = ["a\n", "b\n", "c\n"];

pub fn damage(world: &World, log: u32, position: u64, is_damaged: bool) {
    world.log.damage(LogId { group: DATA, index: log }, Position(position), is_damaged);
}

async fn put_each(node: &Node<'_>) {
    for record in PUT {
        node.put(&[record]).await;
    }
}

pub async fn told(node: &Node<'_>, what: &str) -> bool {
    let logs = node.pipeline().logs(1000).await.unwrap();
    logs.iter().any(|logged| logged.entry.contains(what))
}

#[test]
fn delivery_goes_on_behind_a_damaged_place_in_the_intake() {
    for is_put_right in [true, false] {
        let world = World::new(to_objects());
        world.live(async |node| put_each(&node).await);
        damage(&world, INTAKE_LOG, 1, true);
        world.live(async |node| {
            node.put(&["d\n"]).await;
            node.advance(60).await;
            assert_eq!(world.lines("main"), ["a", "c", "d"]);
            let pipeline = node.pipeline();
            assert_eq!(pipeline.counters().damaged_places.get(), 1);
            assert_eq!(pipeline.counters().restarts.get(), 0);
            assert_eq!((pipeline.status().open_plans, pipeline.status().totals.lost), (1, 0));
            assert!(told(&node, "damaged: the batch at 1").await);
            damage(&world, INTAKE_LOG, 1, !is_put_right);
            node.advance(DAY).await;
            node.until(|_| node.pipeline().status().open_plans == 0).await;
            let lost = if is_put_right { 0 } else { 1 };
            assert_eq!(pipeline.counters().lost_records.get(), lost);
            let totals = pipeline.status().totals;
            assert_eq!((totals.delivered, totals.lost), (4 - lost, lost));
        });
        assert_eq!(world.lines("main").len(), if is_put_right { 4 } else { 3 });
    }
}

#[test]
fn of_a_plan_only_what_is_damaged_is_lost() {
    let world = World::new(to_objects());
    world.live(async |node| {
        put_each(&node).await;
        node.settle().await;
        damage(&world, INTAKE_LOG, 1, true);
        node.advance(60).await;
        node.advance(DAY - 61).await;
        assert!(world.objects("main").is_empty());
        assert!(told(&node, "damaged: the batch at 1").await);
        node.advance(1).await;
        node.until(|_| node.pipeline().status().open_plans == 0).await;
        let totals = node.pipeline().status().totals;
        assert_eq!((totals.delivered, totals.lost), (2, 1));
        assert_eq!(node.pipeline().counters().lost_records.get(), 1);
    });
    assert_eq!(world.content("main"), "a\nc\n");
}

#[test]
fn the_worker_waits_a_while_for_a_damaged_place_and_goes_on() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.live(async |node| put_each(&node).await);
    damage(&world, INTAKE_LOG, 1, true);
    world.live(async |node| {
        node.advance(10).await;
        node.settle().await;
        assert_eq!(node.pipeline().counters().lost_records.get(), 0);
        node.flush().await;
        assert_eq!(node.pipeline().counters().lost_records.get(), 1);
        assert!(told(&node, "tried again: damaged: the batch at 1").await);
        assert!(told(&node, "1 records are damaged and lost").await);
    });
    assert_eq!(world.content("main"), "0:a\n1:c\n");
}

#[test]
fn a_window_whose_function_gives_way_tells_its_losses_once() {
    let mut world = World::new(with_function());
    world.memory_bytes = 1 << 20;
    *world.outside.function.lock().unwrap() = Some(numbering);
    *world.outside.unanswered.lock().unwrap() = vec![0];
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Hang);
    world.live(async |node| {
        put_each(&node).await;
        node.settle().await;
        // It was sound when the window was made.
        damage(&world, INTAKE_LOG, 1, true);
        for number in 0..2 {
            node.runtimes.start(world.other_parts(number, to_endpoint(3600))).await.unwrap();
        }
        node.advance(10).await;
        node.until(|world| world.outside.calls.lock().unwrap().len() == 1).await;
        // One takes what slow ones have, the other wants what the function holds.
        for number in 0..2 {
            node.put_to(other(number), &["x"]).await;
            node.advance(60).await;
        }
        node.until(|world| world.outside.calls.lock().unwrap().len() == 2).await;
        node.flush().await;
        let logs = node.pipeline().logs(1000).await.unwrap();
        let told = logs.iter().filter(|it| it.entry.contains("1 records are damaged and lost"));
        assert_eq!(told.count(), 1);
    });
    assert_eq!(world.lines("main").len(), 2);
}

#[test]
fn a_damaged_block_of_processed_records_does_not_keep_a_pipeline_from_beginning() {
    for is_put_right in [true, false] {
        let world = World::new(with_function());
        *world.outside.function.lock().unwrap() = Some(numbering);
        world.live(async |node| {
            for record in ["a\n", "b\n"] {
                node.put(&[record]).await;
                node.advance(10).await;
            }
        });
        damage(&world, PROCESSED_LOG, 0, true);
        world.live(async |node| {
            node.until(|_| node.pipeline().counters().restarts.get() > 2).await;
            assert!(world.objects("main").is_empty());
            damage(&world, PROCESSED_LOG, 0, !is_put_right);
            node.flush().await;
            let places = node.pipeline().counters().damaged_places.get();
            assert_eq!(places, u64::from(!is_put_right));
            assert_eq!(told(&node, "1 blocks of processed records").await, !is_put_right);
        });
        assert_eq!(world.lines("main").len(), if is_put_right { 2 } else { 1 });
        assert!(world.content("main").ends_with("1:b\n"));
    }
}

#[test]
fn of_a_plan_of_processed_blocks_only_the_damaged_ones_are_lost() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    world.live(async |node| {
        for record in ["a\n", "b\n"] {
            node.put(&[record]).await;
            node.advance(10).await;
        }
        damage(&world, PROCESSED_LOG, 0, true);
        node.advance(60).await;
        node.advance(DAY).await;
        node.until(|_| node.pipeline().status().open_plans == 0).await;
        let totals = node.pipeline().status().totals;
        assert_eq!((totals.delivered, totals.lost), (1, 1));
    });
    assert_eq!(world.content("main"), "1:b\n");
}

/// Forty records, every other one damaged from then on.
fn damage_every_other(world: &World) {
    world.live(async |node| {
        for n in 0..40 {
            node.put(&[&format!("{n}\n")]).await;
        }
    });
    (0..40).step_by(2).for_each(|position| damage(world, INTAKE_LOG, position, true));
}

#[test]
fn many_damaged_places_are_waited_for_a_while() {
    let world = World::new(to_objects());
    damage_every_other(&world);
    world.live(async |node| {
        node.advance(60).await;
        assert_eq!(world.lines("main").len(), 16);
        let pipeline = node.pipeline();
        let began = tokio::time::Instant::now();
        assert_eq!(pipeline.status().open_plans, 16);
        assert_eq!(pipeline.counters().lost_records.get(), 0);
        // What is put right while it is waited for is not lost.
        damage(&world, INTAKE_LOG, 38, false);
        node.until(|_| pipeline.counters().lost_records.get() == 3).await;
        let minutes = began.elapsed().as_secs() / 60;
        assert!((10..12).contains(&minutes), "{minutes} minutes");
        node.advance(60).await;
        assert_eq!(world.lines("main").len(), 21);
        assert_eq!(pipeline.counters().damaged_places.get(), 19);
    });
}

#[test]
fn the_worker_waits_once_for_many_damaged_places() {
    let world = World::new(with_function());
    *world.outside.function.lock().unwrap() = Some(numbering);
    damage_every_other(&world);
    world.live(async |node| {
        let began = tokio::time::Instant::now();
        node.flush().await;
        let minutes = began.elapsed().as_secs() / 60;
        assert!((10..15).contains(&minutes), "{minutes} minutes");
        assert_eq!(node.pipeline().counters().lost_records.get(), 20);
    });
    assert_eq!(world.lines("main").len(), 20);
}

#[test]
fn blocks_that_were_left_out_are_not_come_upon_again() {
    for damaged in [0, 1] {
        let world = World::new(with_function());
        *world.outside.function.lock().unwrap() = Some(numbering);
        world.live(async |node| {
            for record in PUT {
                node.put(&[record]).await;
                node.advance(10).await;
            }
        });
        damage(&world, PROCESSED_LOG, damaged, true);
        world.live(async |node| {
            node.until(|_| node.pipeline().counters().damaged_places.get() == 1).await;
            node.settle().await;
        });
        world.live(async |node| {
            node.flush().await;
            let pipeline = node.pipeline();
            let counters = pipeline.counters();
            assert_eq!((counters.damaged_places.get(), counters.restarts.get()), (0, 0));
        });
        assert_eq!(world.lines("main").len(), 2);
    }
}

#[test]
fn a_damaged_place_is_many_plans_that_are_none_too_large() {
    let world = World::new(to_objects());
    let record = "x".repeat(200 * 1024);
    world.live(async |node| {
        for _ in 0..40 {
            node.put(&[&record]).await;
        }
    });
    (0..40).for_each(|position| damage(&world, INTAKE_LOG, position, true));
    world.live(async |node| {
        node.advance(1).await;
        let pipeline = node.pipeline();
        assert_eq!(pipeline.status().open_plans, 8);
        assert_eq!(pipeline.counters().damaged_places.get(), 8);
        let lane = &pipeline.counters().lanes[0];
        node.until(|_| lane.attempts.get() >= 8).await;
        let bytes = lane.attempted_bytes.get() / lane.attempts.get();
        assert!((1_000_000..=1 << 20).contains(&bytes), "{bytes} bytes");
    });
}
