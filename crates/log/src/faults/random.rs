//! Random workloads against the model: restarts, power losses, faults, in any order.

use std::time::Duration;

use millstream_types::{Random, SeededRandom};

use super::world::{Op, World, log_id};
use crate::testkit::{SimFault, Survives};

fn random_op(random: &SeededRandom) -> Op {
    let pick = |most: u64| random.next_u64() % most;
    let log = log_id(1 + pick(2), pick(3) as u32);
    match pick(24) {
        0 => Op::Create(1 + pick(3), 1 + pick(3) as u32),
        1 => Op::Seal(log_id(2, 2)),
        2 | 3 => Op::Trim(log),
        4 | 5 => Op::Maintain,
        6 => Op::Rewrite,
        7 => Op::Pass(pick(1000)),
        8 => Op::Delete(3),
        _ => {
            let part = |_| (log_id(1 + pick(3), pick(3) as u32), pick(4000) as usize);
            Op::Append((0..1 + pick(5)).map(part).collect())
        }
    }
}

#[test]
fn random_workloads_with_random_crashes_keep_what_was_acknowledged() {
    for seed in 0..60 {
        let random = SeededRandom::new(seed);
        let pick = |most: u64| random.next_u64() % most;
        let mut world = World::new();
        let faults = [
            SimFault::Crash,
            SimFault::Short,
            SimFault::Interrupted,
            SimFault::NoRoom,
            SimFault::Broken,
        ];
        for round in 0..6 {
            let context = format!("seed {seed}, round {round}");
            world.open_sound(&context);
            world.check(&context);
            world.run(&[Op::Create(1, 3), Op::Create(2, 3)]);
            for _ in 0..pick(3) {
                let fault = faults[pick(5) as usize];
                world.disk.fail_at(world.disk.steps() + 1 + pick(60), fault);
            }
            for _ in 0..pick(60) {
                world.run(&[random_op(&random)]);
            }
            if pick(3) == 0 {
                world.engine().stop();
            }
            world.engine = None;
            world.disk.clear_faults();
            world.disk.power_on(match pick(3) {
                0 => Survives::Nothing,
                1 => Survives::Everything,
                _ => Survives::Some(random.next_u64()),
            });
        }
        world.open_sound("at last");
        world.check(&format!("seed {seed}, at last"));
    }
}

#[test]
fn expiry_frees_disk_and_keeps_what_is_younger() {
    let mut world = World::new().keep(Duration::from_secs(3600)).without_pool();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 2)]);
    let fill = |world: &mut World| {
        for _ in 0..20 {
            world.run(&[Op::Append(vec![(log_id(1, 0), 4000), (log_id(1, 1), 4000)])]);
        }
    };
    fill(&mut world);
    world.run(&[Op::Maintain]);
    let full: usize = world.disk.files().iter().map(|(_, bytes)| bytes).sum();
    world.check("before anything expired");
    world.run(&[Op::Pass(7_200_000)]);
    world.logs.values_mut().for_each(|log| log.may_expire());
    world.run(&[Op::Append(vec![(log_id(1, 0), 100)]), Op::Maintain, Op::Maintain]);
    let left: usize = world.disk.files().iter().map(|(_, bytes)| bytes).sum();
    assert!(left * 2 < full, "{left} bytes are left of {full}");
    world.check("after expiry");
    fill(&mut world);
    world.check("after expiry and more");
    world.engine = None;
    world.disk.power_on(Survives::Nothing);
    world.open_sound("after a restart");
    world.check("after a restart");
}
