//! Power losses at every step.

use std::sync::Arc;

use millstream_types::{ManualClock, Millis};

use super::world::{Op, World, log_id, workload};
use crate::contract::Position;
use crate::testkit::conformance::read_all;
use crate::testkit::{SimFault, Survives};

/// Steps of the workload on a disk without faults.
fn steps() -> u64 {
    let mut world = World::new();
    world.open_sound("without faults");
    world.run(&workload());
    world.check("without faults");
    world.disk.steps()
}

/// Runs the workload until the power fails at `step`.
fn crash_at(step: u64) -> World {
    let mut world = World::new();
    world.disk.fail_at(step, SimFault::Crash);
    if world.open().is_ok() {
        world.run(&workload());
    }
    world.engine = None;
    world
}

fn survivals(step: u64) -> [Survives; 4] {
    [Survives::Nothing, Survives::Everything, Survives::Some(step), Survives::Some(step + 7777)]
}

#[test]
fn whatever_survives_a_power_loss_at_any_step_the_acknowledged_is_there() {
    for step in 1..=steps() {
        let crashed = crash_at(step);
        for survives in survivals(step) {
            let context = format!("crash at step {step}, {survives:?}");
            let mut world = crashed.fork();
            world.disk.power_on(survives);
            world.open_sound(&context);
            world.check(&context);
        }
    }
}

#[test]
fn no_old_block_returns_after_a_cut_a_shorter_append_and_another_crash() {
    for step in 1..=steps() {
        let crashed = crash_at(step);
        for survives in survivals(step) {
            let context = format!("crash at step {step}, {survives:?}");
            let mut world = crashed.fork();
            world.disk.power_on(survives);
            world.open_sound(&context);
            world.check(&context);
            world.run(&[Op::Create(3, 1), Op::Append(vec![(log_id(1, 0), 5), (log_id(3, 0), 1)])]);
            world.disk.power_off();
            world.engine = None;
            world.disk.power_on(survives);
            let context = format!("{context}, second crash");
            world.open_sound(&context);
            world.check(&context);
            world.run(&workload());
            world.check(&context);
        }
    }
}

#[test]
fn a_crash_during_recovery_changes_nothing() {
    let all = steps();
    for step in (1..=all).step_by(3) {
        let crashed = crash_at(step);
        crashed.disk.power_on(Survives::Some(step));
        for recovery_step in 1.. {
            let mut world = crashed.fork();
            world.disk.fail_at(recovery_step, SimFault::Crash);
            let opened = world.open();
            world.engine = None;
            if opened.is_ok() && !world.disk.is_off() {
                break;
            }
            let context = format!("crash at step {step} and at step {recovery_step} of recovery");
            world.disk.power_on(Survives::Some(recovery_step * 31));
            world.open_sound(&context);
            world.check(&context);
            world.open_sound(&context);
            world.check(&context);
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_that_a_reader_could_have_seen() {
    let mut world = World::new();
    world.open_sound("at first");
    for op in workload() {
        world.run(&[op]);
        let mut other = world.fork();
        other.disk.power_on(Survives::Everything);
        other.open_sound("after the kill");
        other.check("after the kill");
        // What was served after the kill survives a power loss.
        other.disk.power_off();
        other.engine = None;
        other.disk.power_on(Survives::Nothing);
        other.open_sound("after the power loss");
        other.check("after the power loss");
    }
}

#[test]
fn many_restarts_of_a_small_log_do_not_pile_up_files() {
    let mut world = World::new();
    for round in 0..60 {
        world.open_sound("again");
        world.run(&[Op::Create(1, 1), Op::Append(vec![(log_id(1, 0), 100)])]);
        if round % 2 == 0 {
            world.engine().stop();
        }
        world.engine = None;
        world.disk.power_on(Survives::Everything);
    }
    world.open_sound("at last");
    world.check("at last");
    let bytes: usize = world.disk.files().iter().map(|(_, bytes)| bytes).sum();
    assert!(bytes < 1 << 20, "{bytes} bytes for 60 small records");
}

#[test]
fn a_clock_that_was_set_back_over_a_restart_moves_no_arrival_back() {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 1), Op::Append(vec![(log_id(1, 0), 10)])]);
    for jump in [Millis(0), Millis(1_000_000), Millis(5_000_000)] {
        world.clock = Arc::new(ManualClock::new(jump));
        world.disk.power_on(Survives::Everything);
        world.open_sound("with another clock");
        world.run(&[Op::Append(vec![(log_id(1, 0), 10)])]);
        world.check("with another clock");
    }
    let (batches, _) = read_all(world.engine(), log_id(1, 0), Position(0)).unwrap();
    let arrivals: Vec<Millis> = batches.iter().map(|batch| batch.arrival).collect();
    assert_eq!(arrivals, [1_000_000, 1_000_000, 1_000_000, 5_000_000].map(Millis));
}
