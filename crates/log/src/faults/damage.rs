//! Bits that flip, sectors that end up elsewhere, files that vanish: all are named, none is skipped.

use millstream_types::{Random, SeededRandom};

use super::blocks::{content, data_end, sealed};
use super::world::{Op, World, log_id, workload};
use crate::codec::u64_at;
use crate::footer::{ENTRY_BYTES, ROW_BYTES};
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
    world.remember();
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

/// A log whose first commit is damaged while others follow it, and no footer tells of them; and its file.
pub(super) fn damaged_in_the_middle_of_the_tail() -> (World, String) {
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
    (world, name)
}

#[test]
fn damage_in_the_middle_of_the_tail_refuses_writing_and_changes_nothing() {
    let (mut world, name) = damaged_in_the_middle_of_the_tail();
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

/// A log over several sealed segments.
fn long() -> World {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 2)]);
    for _ in 0..40 {
        world.run(&[Op::Append(vec![(log_id(1, 0), 9000), (log_id(1, 1), 20)])]);
    }
    world.engine().stop();
    world.engine = None;
    world.disk.power_on(Survives::Everything);
    world.remember();
    assert!(sealed(&world.disk).len() >= 7, "{:?}", sealed(&world.disk));
    world
}

/// Where the rows and the entries of a segment begin.
fn tables(content: &[u8]) -> (usize, usize) {
    let head = data_end(content).unwrap();
    let (state, rows) = (u64_at(content, head + 72) as usize, u64_at(content, head + 80) as usize);
    (head + 512 + state, head + 512 + state + rows * ROW_BYTES)
}

#[test]
fn a_row_that_is_damaged_keeps_nobody_from_other_segments() {
    let world = long();
    for name in sealed(&world.disk) {
        let (rows, _) = tables(&content(&world.disk, &name));
        let mut damaged = world.fork();
        damaged.disk.corrupt(&name, |bytes| bytes[rows + 36] ^= 1);
        damaged.check_named(&format!("the first row in {name}"));
    }
}

#[test]
fn an_index_full_of_nonsense_leads_nowhere() {
    let world = long();
    for name in sealed(&world.disk) {
        let (_, entries) = tables(&content(&world.disk, &name));
        for base in [0, 7, 1 << 40, 1 << 63, u64::MAX - 5] {
            for every in [1, 2] {
                let mut damaged = world.fork();
                damaged.disk.corrupt(&name, |bytes| {
                    let count = u64_at(bytes, data_end(bytes).unwrap() + 88) as usize;
                    for number in (0..count).step_by(every) {
                        let at = entries + number * ENTRY_BYTES;
                        let base: u64 = base + (number as u64).min(5);
                        bytes[at..at + 8].copy_from_slice(&base.to_le_bytes());
                    }
                });
                damaged.check_named(&format!("every {every} of {name} from {base}"));
            }
        }
    }
}
