//! Bits that flip, sectors that end up elsewhere, files that vanish: all are named, none is skipped.

use millstream_types::{Random, SeededRandom};

use super::world::{Op, World, log_id, workload};
use crate::segment::{Role, SegmentHeader};
use crate::testkit::{SimDisk, Survives};

/// A directory after the workload, whose last commit is one that nobody asks for: a torn last commit cannot be told
/// from damage of it.
fn filled(clean: bool) -> World {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&workload());
    world.run(&[Op::Create(9, 1), Op::Append(vec![(log_id(9, 0), 600)])]);
    world.logs.remove(&log_id(9, 0));
    if clean {
        world.engine().stop();
    }
    world.engine = None;
    world.disk.power_on(Survives::Everything);
    // Reads once, so that the model knows where each log begins.
    let mut known = world.fork();
    known.open_sound("untouched");
    known.check("untouched");
    world.logs = known.logs;
    world
}

fn segments(disk: &SimDisk) -> Vec<(String, usize)> {
    disk.files().into_iter().filter(|(name, _)| name.ends_with(".seg")).collect()
}

/// The segment of the chain with the highest number.
fn newest_segment(disk: &SimDisk) -> String {
    let mut newest = (0, String::new());
    for (name, _) in segments(disk) {
        disk.corrupt(&name, |bytes| {
            if let Some(header) = SegmentHeader::decode(bytes).filter(|h| h.role == Role::Chain) {
                newest = newest.clone().max((header.number, name.clone()));
            }
        });
    }
    newest.1
}

#[test]
fn a_flipped_bit_is_named_or_harmless() {
    for clean in [true, false] {
        let world = filled(clean);
        for (name, bytes) in world.disk.files() {
            for at in (0..bytes).step_by(389) {
                let mut damaged = world.fork();
                damaged.disk.corrupt(&name, |bytes| bytes[at] ^= 1 << (at % 8));
                damaged.check_named(&format!("{name} at byte {at}, clean stop {clean}"));
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_header_or_trailer_is_named_or_harmless() {
    for clean in [true, false] {
        let world = filled(clean);
        for (name, bytes) in segments(&world.disk) {
            let heads = (0..64).chain(4096..4224).chain(bytes - 512..bytes - 480);
            for at in heads.step_by(3) {
                let mut damaged = world.fork();
                damaged.disk.corrupt(&name, |bytes| bytes[at] ^= 0x10);
                damaged.check_named(&format!("{name} at byte {at}, clean stop {clean}"));
            }
        }
    }
}

#[test]
fn a_misdirected_stale_or_empty_sector_is_named_or_harmless() {
    let random = SeededRandom::new(7);
    let pick = |most: usize| (random.next_u64() % most as u64) as usize;
    for clean in [true, false] {
        let world = filled(clean);
        let files = segments(&world.disk);
        for round in 0..400 {
            let (from, from_bytes) = &files[pick(files.len())];
            let (to, to_bytes) = &files[pick(files.len())];
            let (from_at, to_at) = (pick(from_bytes / 512) * 512, pick(to_bytes / 512) * 512);
            let mut sector = vec![0; 512];
            if round % 3 > 0 {
                let take =
                    |bytes: &mut Vec<u8>| sector.copy_from_slice(&bytes[from_at..from_at + 512]);
                world.disk.corrupt(from, take);
            }
            let mut damaged = world.fork();
            damaged.disk.corrupt(to, |bytes| bytes[to_at..to_at + 512].copy_from_slice(&sector));
            damaged.check_named(&format!("{from} at {from_at} over {to} at {to_at}, {clean}"));
        }
    }
}

#[test]
fn a_file_that_is_missing_or_shorter_is_named_or_harmless() {
    for clean in [true, false] {
        let world = filled(clean);
        let newest = newest_segment(&world.disk);
        // That the newest file of all was taken away, nothing else can know.
        for (name, bytes) in segments(&world.disk).into_iter().filter(|(n, _)| *n != newest) {
            let mut damaged = world.fork();
            damaged.disk.lose(&name);
            damaged.check_named(&format!("{name} is missing"));
            for left in [0, 100, 4096, bytes / 2, bytes - 512] {
                let mut damaged = world.fork();
                damaged.disk.corrupt(&name, |bytes| bytes.truncate(left));
                damaged.check_named(&format!("{name} has {left} bytes left"));
            }
        }
    }
}

#[test]
fn damage_in_the_middle_of_the_tail_refuses_writing_and_changes_nothing() {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 1)]);
    for _ in 0..4 {
        world.run(&[Op::Append(vec![(log_id(1, 0), 900)])]);
    }
    world.engine = None;
    world.disk.power_on(Survives::Everything);
    let (name, _) = segments(&world.disk)[0].clone();
    world.disk.corrupt(&name, |bytes| bytes[4608 + 600] ^= 1);
    let before = world.disk.steps();
    let report = world.open().unwrap();
    assert_eq!(report.damage.len(), 1, "{report:?}");
    assert_eq!(report.damage[0].file, name);
    assert!(report.damage[0].what.contains("follows"), "{}", report.damage[0]);
    world.run(&[Op::Append(vec![(log_id(1, 0), 1)])]);
    assert_eq!(world.known(log_id(1, 0)), 4, "the append was refused");
    world.engine().maintain();
    // Syncing what may only be in the page cache is all that happened.
    assert!(world.disk.steps() - before <= 1, "{} steps", world.disk.steps() - before);
    world.check_named("damage in the tail");
}
