//! A system that denies calls for as long as something lasts: no file handles are left, or the file system has turned
//! read-only. Nothing acknowledged is lost, and reads go on.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::world::{Op, World, log_id};
use crate::contract::{LogError, Position};
use crate::disk::{Disk, DiskFile};
use crate::engine::Engine;
use crate::options::Health;
use crate::testkit::conformance::{append, batch, read_all};
use crate::testkit::{SimDisk, Survives};

/// `EMFILE` and `EROFS` of Linux.
const TOO_MANY_FILES: i32 = 24;
const READ_ONLY: i32 = 30;

/// What a disk denies now.
#[derive(Default)]
struct Denied {
    files: AtomicBool,
    changes: AtomicBool,
}

impl Denied {
    fn opening(&self) -> io::Result<()> {
        deny(&self.files, TOO_MANY_FILES)
    }

    fn changing(&self) -> io::Result<()> {
        deny(&self.changes, READ_ONLY)
    }
}

fn deny(denied: &AtomicBool, error: i32) -> io::Result<()> {
    match denied.load(Ordering::Relaxed) {
        true => Err(io::Error::from_raw_os_error(error)),
        false => Ok(()),
    }
}

/// A simulated disk of a system that denies.
struct DeniedDisk {
    disk: SimDisk,
    denied: Arc<Denied>,
}

struct DeniedFile {
    file: Arc<dyn DiskFile>,
    denied: Arc<Denied>,
}

impl DeniedDisk {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(DeniedFile { file, denied: self.denied.clone() })
    }
}

impl Disk for DeniedDisk {
    fn name(&self) -> String {
        self.disk.name()
    }

    fn lock(&self) -> io::Result<Box<dyn Send + Sync>> {
        // The lock is a file that is opened for writing.
        self.denied.opening().and_then(|()| self.denied.changing())?;
        self.disk.lock()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.denied.opening()?;
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.denied.opening().and_then(|()| self.denied.changing())?;
        self.disk.open(name).map(|file| self.file(file))
    }

    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.denied.opening()?;
        self.disk.open_to_read(name).map(|file| self.file(file))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.denied.opening().and_then(|()| self.denied.changing())?;
        self.disk.create(name).map(|file| self.file(file))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.denied.changing()?;
        self.disk.remove(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.denied.changing()?;
        self.disk.rename(from, to)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.denied.opening()?;
        self.disk.sync_directory()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes()
    }
}

impl DiskFile for DeniedFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn read_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        self.file.read_cached(buffer, offset)
    }

    fn prefetch(&self, offset: u64, bytes: u64) {
        self.file.prefetch(offset, bytes);
    }

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.denied.changing()?;
        self.file.write_at(buffers, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.denied.changing()?;
        self.file.allocate(bytes)
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        self.denied.changing()?;
        self.file.set_size(bytes)
    }

    fn drop_cached(&self) -> io::Result<()> {
        self.file.drop_cached()
    }
}

/// A world whose disk may deny, with a log of a few segments.
fn world() -> (World, Arc<Denied>) {
    let mut world = World::new();
    let denied = Arc::<Denied>::default();
    open(&mut world, &denied).expect("an empty disk");
    world.run(&[Op::Create(1, 1)]);
    for _ in 0..8 {
        world.run(&[Op::Append(vec![(log_id(1, 0), 9000)])]);
    }
    (world, denied)
}

fn open(world: &mut World, denied: &Arc<Denied>) -> Result<(), String> {
    world.engine = None;
    let mut options = world.options();
    options.disk = Arc::new(DeniedDisk { disk: world.disk.clone(), denied: denied.clone() });
    let (engine, report) = Engine::open(options).map_err(|error| error.to_string())?;
    assert_eq!(report.damage, Vec::new());
    world.engine = Some(engine);
    Ok(())
}

/// Appends until it is refused.
fn refused(world: &World) -> LogError {
    let text = "x".repeat(9000);
    let log = world.engine();
    (0..20).find_map(|_| append(log, log_id(1, 0), batch(1, &text)).err()).expect("a refusal")
}

/// Appends that were acknowledged, and are read.
fn count(world: &World) -> usize {
    read_all(world.engine(), log_id(1, 0), Position(0)).expect("it can be read").0.len()
}

#[test]
fn without_file_handles_appends_are_refused_until_there_are_some_again() {
    let (mut world, denied) = world();
    denied.files.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let why = refused(&world);
        let LogError::Unavailable(why) = &why else { panic!("{why:?}") };
        assert!(why.contains("Too many open files"), "{why}");
        world.engine().maintain();
    }
    let held = count(&world);
    assert!(held >= 8, "what was acknowledged is read on: {held}");
    denied.files.store(false, Ordering::Relaxed);
    append(world.engine(), log_id(1, 0), batch(1, "on")).expect("there are handles again");
    assert_eq!((world.engine().health(), count(&world)), (Health::Writable, held + 1));
    world.engine = None;
    world.disk.power_on(Survives::Nothing);
    open(&mut world, &denied).expect("a sound disk");
    assert_eq!(count(&world), held + 1);
}

#[test]
fn a_file_system_that_turns_read_only_is_read_on_and_named() {
    let (mut world, denied) = world();
    denied.changes.store(true, Ordering::Relaxed);
    let why = refused(&world);
    let (LogError::Unknown(text) | LogError::Unavailable(text)) = &why else { panic!("{why:?}") };
    assert!(text.contains("Read-only file system"), "{text}");
    assert!(matches!(refused(&world), LogError::Unavailable(_)));
    let health = world.engine().health();
    assert!(matches!(&health, Health::Refusing(why) if why.contains("Read-only")), "{health:?}");
    world.engine().maintain();
    let held = count(&world);
    assert_eq!(held, 8, "what was acknowledged is read on");
    let start = open(&mut world, &denied).expect_err("it cannot be written");
    assert!(start.contains("the simulated disk") && start.contains("Read-only"), "{start}");
    denied.changes.store(false, Ordering::Relaxed);
    world.disk.power_on(Survives::Nothing);
    open(&mut world, &denied).expect("a sound disk");
    append(world.engine(), log_id(1, 0), batch(1, "on")).expect("it can be written");
    assert_eq!(count(&world), held + 1);
}
