//! A format that was lost, and what `fsck` says a server does on damage of each kind.

use std::sync::Arc;

use super::blocks::{content, data_end, sealed};
use super::damage::damaged_in_the_middle_of_the_tail;
use super::world::{Op, World, log_id};
use crate::contract::{Log, LogError, Position};
use crate::disk::{Disk, write_all_of};
use crate::format::{finalize, format_of};
use crate::fsck::fsck;
use crate::options::OpenError;
use crate::testkit::{SimDisk, Survives, block_on};

/// A directory that was written and stopped in an orderly way, or lost its power.
fn written(clean: bool) -> World {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 1)]);
    for _ in 0..12 {
        world.run(&[Op::Append(vec![(log_id(1, 0), 9000)])]);
    }
    if clean {
        world.engine().stop();
    }
    world.engine = None;
    world.disk.power_on(Survives::Everything);
    world
}

fn door(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

#[test]
fn segments_without_a_format_are_refused_untouched() {
    for clean in [true, false] {
        let mut world = written(clean);
        let whole = world.fork();
        for text in [None, Some(""), Some("millstream lo"), Some("millstream log ")] {
            world.disk = whole.disk.fork();
            match text {
                Some(text) => world.disk.corrupt("FORMAT", |bytes| *bytes = text.into()),
                None => world.disk.lose("FORMAT"),
            }
            let before = world.disk.steps();
            let error = world.open().err();
            assert!(matches!(error, Some(OpenError::LostFormat { .. })), "{text:?}: {error:?}");
            let said = error.unwrap().to_string();
            assert!(said.contains("`millstream log 1`") && said.contains("from a copy"), "{said}");
            assert!(finalize(&door(&world.disk)).is_err());
            assert_eq!(world.disk.steps(), before, "{text:?}");
            let report = fsck(&door(&world.disk)).unwrap();
            assert!(report.keeps_shut && report.damage[0].file == "FORMAT", "{report:?}");
            assert_eq!(report.damage.len(), 1);
        }
    }
}

#[test]
fn a_first_start_that_was_cut_short_begins_again() {
    for text in [None, Some(""), Some("millstream log ")] {
        let mut world = World::new();
        if let Some(text) = text {
            let file = world.disk.create("FORMAT").unwrap();
            write_all_of(&*file, text.as_bytes(), 0).unwrap();
        }
        assert_eq!(format_of(&world.disk).unwrap(), None);
        world.open_sound("begun again");
        assert_eq!(format_of(&world.disk).unwrap(), Some(1));
    }
}

#[test]
fn what_only_a_read_meets_refuses_no_writes_and_counts_once() {
    let mut world = written(true);
    let name = sealed(&world.disk).first().cloned().unwrap();
    // Within the payload of the segment's last block.
    let at = data_end(&content(&world.disk, &name)).unwrap() - 4000;
    world.disk.corrupt(&name, |bytes| bytes[at] ^= 1);
    let report = fsck(&door(&world.disk)).unwrap();
    assert!(
        !report.damage.is_empty() && !report.refuses_writes && !report.keeps_shut,
        "{report:?}"
    );
    assert!(world.open().unwrap().damage.is_empty());
    let engine = world.engine.clone().unwrap();
    for _ in 0..3 {
        let read = block_on(engine.read(log_id(1, 0), Position(0), 1 << 20));
        assert!(matches!(read, Err(LogError::Damaged(_))), "{read:?}");
    }
    assert_eq!(engine.counters().damage.get(), 1);
    assert_eq!(engine.health(), crate::Health::Writable);
}

#[test]
fn what_a_start_meets_refuses_writes() {
    let (mut world, _) = damaged_in_the_middle_of_the_tail();
    let report = fsck(&door(&world.disk)).unwrap();
    assert!(report.refuses_writes && !report.keeps_shut, "{report:?}");
    assert_eq!(world.open().unwrap().damage.len(), 1);
    assert_eq!(world.engine().counters().damage.get(), 1);
}
