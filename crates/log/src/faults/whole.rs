//! What concerns the directory as a whole: its lock, its format, the check, readers of segments that go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use millstream_types::{Clock, Millis};

use super::world::{Op, World, log_id, workload};
use crate::contract::{Log, Position};
use crate::disk::Disk;
use crate::engine::Engine;
use crate::format::finalize;
use crate::fsck::fsck;
use crate::locate::Plan;
use crate::options::{OpenError, Options};
use crate::testkit::conformance::{append, batch, spec};
use crate::testkit::{SimDisk, Survives, block_on};

#[test]
fn a_second_process_is_told_who_has_the_directory() {
    let mut world = World::new();
    world.open_sound("the first");
    match Engine::open(world.options()) {
        Err(OpenError::InUse { directory }) => assert_eq!(directory, "the simulated disk"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two engines have one directory"),
    }
    let disk: Arc<dyn Disk> = Arc::new(world.disk.clone());
    assert!(matches!(finalize(&disk), Err(OpenError::InUse { .. })));
    world.engine().stop();
    assert_eq!(finalize(&disk).unwrap(), (1, 1));
}

#[test]
fn an_unknown_format_is_refused_untouched_and_both_versions_are_named() {
    let mut world = World::new();
    world.open_sound("at first");
    world.engine().stop();
    world.engine = None;
    world.disk.corrupt("FORMAT", |bytes| *bytes = b"millstream log 2\n".to_vec());
    let before = world.disk.steps();
    let error = world.open().unwrap_err().to_string();
    assert!(error.contains("format 2") && error.contains("up to 1"), "{error}");
    assert_eq!(world.disk.steps(), before, "nothing was changed");
}

#[test]
fn a_check_finds_nothing_in_a_sound_directory_and_changes_nothing() {
    for clean in [true, false] {
        let mut world = World::new();
        world.open_sound("at first");
        world.run(&workload());
        if clean {
            world.engine().stop();
        }
        world.engine = None;
        world.disk.power_on(Survives::Everything);
        let before = world.disk.steps();
        let disk: Arc<dyn Disk> = Arc::new(world.disk.clone());
        let report = fsck(&disk).unwrap();
        assert_eq!(report.damage, Vec::new());
        assert!(report.blocks > 0 && report.commits > 0 && report.groups == 1, "{report:?}");
        assert_eq!(world.disk.steps(), before, "nothing was changed");
    }
}

#[test]
fn a_check_names_every_flipped_bit_of_what_is_alive() {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&workload());
    let live: Vec<String> = {
        let set = world.engine().shared.set();
        set.all().iter().map(|s| crate::segment::file_name(s.file_id)).collect()
    };
    world.engine().stop();
    world.engine = None;
    world.disk.power_on(Survives::Everything);
    for name in live.iter().take(3) {
        for at in (4096..12_000).step_by(517) {
            let damaged = world.disk.fork();
            let mut used = true;
            damaged.corrupt(name, |bytes| {
                // The padding behind a commit belongs to nothing.
                used = bytes[at] != 0;
                bytes[at] ^= 0x20;
            });
            let disk: Arc<dyn Disk> = Arc::new(damaged);
            let report = fsck(&disk).unwrap();
            let named = report.damage.iter().any(|damage| damage.file == *name);
            assert!(named || !used, "{name} at byte {at}: {report:?}");
        }
    }
}

#[test]
fn a_reader_keeps_the_segments_it_reads_while_they_are_replaced_and_reused() {
    let mut world = World::new();
    world.open_sound("at first");
    world.run(&[Op::Create(1, 1)]);
    let log = log_id(1, 0);
    for _ in 0..40 {
        world.run(&[Op::Append(vec![(log, 5000)])]);
    }
    world.run(&[Op::Maintain]);
    let shared = world.engine().shared.clone();
    let mut plan = Plan::new();
    shared.plan_sealed(log, 0, u64::MAX, &mut plan).unwrap();
    assert!(plan.len() > 3);
    let before = shared.read_blocks(&plan).unwrap();
    assert!(world.engine().rewrite_now().unwrap() > 0);
    for _ in 0..30 {
        world.run(&[Op::Append(vec![(log, 5000)]), Op::Trim(log), Op::Maintain]);
    }
    assert_eq!(shared.read_blocks(&plan).unwrap(), before, "what is read is not written over");
    drop(plan);
    world.check("afterwards");
}

/// A clock that is set back every now and then.
struct Unsteady(AtomicU64);

impl Clock for Unsteady {
    fn now(&self) -> Millis {
        let reading = self.0.fetch_add(1, Ordering::SeqCst);
        Millis(if reading % 5 == 4 { 10 } else { 1000 + reading })
    }
}

#[test]
fn arrival_never_steps_back_though_the_clock_does() {
    let disk = SimDisk::new(1 << 20);
    let mut last = Millis(0);
    for _ in 0..3 {
        let clock = Arc::new(Unsteady(AtomicU64::new(3)));
        let mut options = Options::durable(Arc::new(disk.clone()), clock);
        options.disk_bytes_reserved = 0;
        options.segment_bytes_min = 64 << 10;
        let (engine, _) = Engine::open(options).unwrap();
        block_on(engine.create(crate::GroupId(1), spec(), 1)).unwrap();
        for _ in 0..20 {
            let appended = append(&*engine, log_id(1, 0), batch(1, "x")).unwrap();
            assert!(appended.arrival >= last);
            last = appended.arrival;
            let found = block_on(engine.find(log_id(1, 0), appended.arrival)).unwrap();
            assert!(found <= appended.at.start);
        }
        assert_eq!(block_on(engine.find(log_id(1, 0), Millis(0))), Ok(Position(0)));
        engine.stop();
    }
}
