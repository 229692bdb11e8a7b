//! Calls that fail: short writes, interruptions, no room, I/O errors, syncs that fail.

use super::world::{Op, World, log_id, workload};
use crate::contract::{Class, GroupId, GroupSpec, Log, LogError, Position};
use crate::options::Health;
use crate::testkit::conformance::{append, batch, read_all};
use crate::testkit::{SimFault, Survives, block_on};

fn steps() -> u64 {
    let mut world = World::new();
    world.open_sound("without faults");
    world.run(&workload());
    world.disk.steps()
}

#[test]
fn short_writes_and_interruptions_are_repeated() {
    for fault in [SimFault::Short, SimFault::Interrupted] {
        for step in 1..=steps() {
            let context = format!("{fault:?} at step {step}");
            let mut world = World::new();
            world.disk.fail_at(step, fault);
            if world.open().is_err() {
                world.open_sound(&context);
            }
            world.run(&workload());
            world.check(&context);
            world.engine = None;
            world.disk.power_on(Survives::Nothing);
            world.open_sound(&context);
            world.check(&context);
        }
    }
}

#[test]
fn no_room_at_any_step_refuses_and_recovers() {
    for step in 1..=steps() {
        let context = format!("no room at step {step}");
        let mut world = World::new();
        world.disk.fail_at(step, SimFault::NoRoom);
        if world.open().is_err() {
            world.open_sound(&context);
        }
        world.run(&workload());
        world.check(&context);
        world.run(&[Op::Append(vec![(log_id(1, 0), 10)]), Op::Maintain]);
        // A sync that fails is never repeated, whatever its reason.
        let health = world.engine().health();
        let unsynced = matches!(&health, Health::Refusing(why) if why.contains("sync"));
        assert!(unsynced || health == Health::Writable, "{context}: {health:?}");
        world.engine = None;
        world.disk.power_on(Survives::Some(step));
        world.open_sound(&context);
        world.check(&context);
    }
}

#[test]
fn an_io_error_at_any_step_acknowledges_nothing_that_is_lost() {
    for step in 1..=steps() {
        let mut world = World::new();
        world.disk.fail_at(step, SimFault::Broken);
        if world.open().is_ok() {
            world.run(&workload());
            let known: Vec<usize> = [0, 1].map(|log| world.known(log_id(1, log))).into();
            let mut reading = world.fork();
            reading.engine = world.engine.take();
            reading.check(&format!("error at step {step}, before the restart"));
            drop(known);
        }
        world.engine = None;
        for survives in [Survives::Nothing, Survives::Everything, Survives::Some(step)] {
            let context = format!("error at step {step}, {survives:?}");
            let mut world = world.fork();
            world.disk.power_on(survives);
            world.open_sound(&context);
            world.check(&context);
        }
    }
}

#[test]
fn after_a_failed_sync_nothing_of_it_is_read_before_or_after_a_restart() {
    for survives in [Survives::Nothing, Survives::Everything] {
        let mut world = World::new();
        world.open_sound("at first");
        world.run(&[Op::Create(1, 1), Op::Append(vec![(log_id(1, 0), 100)])]);
        let log = world.engine.clone().unwrap();
        let id = log_id(1, 0);
        world.disk.fail_at(world.disk.steps() + 2, SimFault::Broken);
        let failed = append(&*log, id, batch(1, "lost"));
        assert!(matches!(failed, Err(LogError::Unknown(_))), "{failed:?}");
        let later = append(&*log, id, batch(1, "later"));
        assert!(matches!(later, Err(LogError::Unavailable(_))), "{later:?}");
        assert!(matches!(log.health(), Health::Refusing(_)));
        assert_eq!(read_all(&*log, id, Position(0)).unwrap().0.len(), 1, "reads go on");
        log.maintain();
        drop(log);
        world.engine = None;
        world.disk.power_on(survives);
        world.open_sound("after the restart");
        let log = world.engine.clone().unwrap();
        assert_eq!(read_all(&*log, id, Position(0)).unwrap().0.len(), 1);
        append(&*log, id, batch(1, "on")).unwrap();
        assert_eq!(read_all(&*log, id, Position(0)).unwrap().0.len(), 2);
    }
}

#[test]
fn a_full_disk_refuses_writes_reads_on_gives_space_back_and_recovers() {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 1), Op::Create(2, 1)]);
    for _ in 0..10 {
        world.run(&[Op::Append(vec![(log_id(1, 0), 3000), (log_id(2, 0), 9000)])]);
    }
    let used: usize = world.disk.files().iter().map(|(_, bytes)| bytes).sum();
    world.disk.set_capacity(used as u64);
    let log = world.engine.clone().unwrap();
    let text = "x".repeat(9000);
    let refused = (0..20).find_map(|_| append(&*log, log_id(2, 0), batch(1, &text)).err());
    assert_eq!(refused, Some(LogError::Full));
    assert!(matches!(log.health(), Health::NearlyFull(_)));
    world.run(&[Op::Append(vec![(log_id(1, 0), 9000)])]);
    world.logs.remove(&log_id(2, 0));
    world.check("while the disk is full");
    // Deleting works on a full disk, and what it frees is used again.
    block_on(log.delete(crate::GroupId(2))).unwrap();
    world.run(&[Op::Trim(log_id(1, 0)), Op::Trim(log_id(1, 0)), Op::Trim(log_id(1, 0))]);
    for _ in 0..3 {
        log.maintain();
    }
    append(&*log, log_id(1, 0), batch(1, &text)).unwrap();
    assert_eq!(log.health(), Health::Writable);
}

/// Fills the disk but for its reserve, and starts again, by `survives` after a loss of power or else in an orderly way.
fn full_and_restarted(survives: Option<Survives>) -> World {
    let mut world = World::new();
    world.reserve = 256 << 10;
    world.open_sound("at first");
    let state = GroupSpec { class: Class::State, keep: None, record_bytes_max: 20_000 };
    block_on(world.engine().create(GroupId(9), state, 1)).unwrap();
    world.run(&[Op::Create(1, 1), Op::Create(2, 1)]);
    world.disk.set_capacity(1 << 20);
    let log = world.engine.clone().unwrap();
    world.run(&[Op::Append(vec![(log_id(2, 0), 9000)])]);
    // What is appended to it directly is not in the model.
    world.logs.remove(&log_id(1, 0));
    let text = "y".repeat(9000);
    while append(&*log, log_id(1, 0), batch(1, &text)).is_ok() {}
    assert!(matches!(log.health(), Health::NearlyFull(_)));
    if survives.is_none() {
        log.stop();
    }
    drop(log);
    world.engine = None;
    world.disk.power_on(survives.unwrap_or(Survives::Everything));
    world.open_sound("full");
    world
}

#[test]
fn a_disk_that_was_full_before_a_restart_is_freed_by_trims_and_deletions() {
    for survives in [None, Some(Survives::Nothing), Some(Survives::Everything)] {
        let mut world = full_and_restarted(survives);
        let log = world.engine.clone().unwrap();
        let health = log.health();
        assert!(matches!(health, Health::NearlyFull(_)), "before any write: {health:?}");
        let text = "x".repeat(9000);
        assert_eq!(append(&*log, log_id(1, 0), batch(1, &text)), Err(LogError::Full));
        // The command of a machine comes first, then what follows from it; nothing of it lets data in.
        append(&*log, log_id(9, 0), batch(1, "delete")).unwrap();
        assert_eq!(append(&*log, log_id(1, 0), batch(1, "x")), Err(LogError::Full));
        assert!(matches!(log.health(), Health::NearlyFull(_)));
        world.run(&[Op::Trim(log_id(2, 0))]);
        world.check("while the disk is full");
        block_on(log.delete(GroupId(1))).unwrap();
        for _ in 0..3 {
            log.maintain();
        }
        append(&*log, log_id(2, 0), batch(1, &text)).unwrap();
        assert_eq!(log.health(), Health::Writable);
        let free = (1 << 20) - world.disk.files().iter().map(|(_, n)| *n as u64).sum::<u64>();
        assert!(free >= world.reserve, "the reserve is whole again: {free}");
    }
}

#[test]
fn the_state_of_machines_stays_within_the_reserve() {
    let world = full_and_restarted(None);
    let log = world.engine.clone().unwrap();
    let text = "z".repeat(9000);
    let refused = (0..200).find_map(|_| append(&*log, log_id(9, 0), batch(1, &text)).err());
    assert_eq!(refused, Some(LogError::Full));
    // What frees space still finds room.
    block_on(log.delete(GroupId(1))).unwrap();
}

#[test]
fn a_new_directory_without_room_is_refused_with_the_figures_and_stays_empty() {
    let mut world = World::new();
    world.reserve = 64 << 20;
    let refused = world.open().unwrap_err().to_string();
    assert!(refused.contains("has 4 MiB free; 64 MiB are kept in reserve"), "{refused}");
    assert_eq!(world.disk.files(), []);
}
