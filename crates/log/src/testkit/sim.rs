//! `SimDisk`: a disk in memory that crashes, fails and forgets on request.
//!
//! What was written lies in the page cache until it is synced. At a power loss any subset of the unsynced 512-byte
//! sectors, of the sizes and of the directory's changes survives. Every call that changes something is a step, so that
//! a test can crash or fail at each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use millstream_types::{Random, SeededRandom};

use crate::disk::{Disk, DiskFile};

const SECTOR: usize = 512;

/// What goes wrong at a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SimFault {
    /// The power fails before the step is durable; every later call fails until [`SimDisk::power_on`].
    Crash,
    /// The call fails with an I/O error and does nothing; a sync's pages are then marked clean and lost.
    Broken,
    /// The call finds no room.
    NoRoom,
    /// The call is interrupted by a signal.
    Interrupted,
    /// A write does only a part.
    Short,
}

/// What survives a power loss of that which was not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Survives {
    /// Nothing.
    Nothing,
    /// Everything: the same as a killed process.
    Everything,
    /// A random part, by this seed.
    Some(u64),
}

/// A simulated disk. Clones share it.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

struct State {
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    next_file: u64,
    capacity: u64,
    steps: u64,
    faults: BTreeMap<u64, SimFault>,
    off: bool,
    locked: bool,
    /// Counts power losses, so that files opened before one are dead.
    life: u64,
}

#[derive(Default, Clone)]
struct File {
    cached: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

struct Handle {
    disk: SimDisk,
    file: u64,
    life: u64,
}

impl SimDisk {
    /// An empty disk of `capacity` bytes.
    pub fn new(capacity: u64) -> Self {
        SimDisk(Arc::new(Mutex::new(State {
            files: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            next_file: 1,
            capacity,
            steps: 0,
            faults: BTreeMap::new(),
            off: false,
            locked: false,
            life: 0,
        })))
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.lock_state().steps
    }

    /// The fault that step `step` meets; steps count from 1 and go on over restarts.
    pub fn fail_at(&self, step: u64, fault: SimFault) {
        self.lock_state().faults.insert(step, fault);
    }

    /// No more faults than happened.
    pub fn clear_faults(&self) {
        self.lock_state().faults.clear();
    }

    /// Changes how much the disk holds.
    pub fn set_capacity(&self, bytes: u64) {
        self.lock_state().capacity = bytes;
    }

    /// Whether the power has failed.
    pub fn is_off(&self) -> bool {
        self.lock_state().off
    }

    /// Cuts the power now.
    pub fn power_off(&self) {
        self.lock_state().off = true;
    }

    /// Starts the machine again after a power loss: of what was not synced, `survives` does.
    pub fn power_on(&self, survives: Survives) {
        self.lock_state().restart(survives);
    }

    /// A copy of the disk as it is now, page cache included, to try something on.
    pub fn fork(&self) -> SimDisk {
        let state = self.lock_state();
        SimDisk(Arc::new(Mutex::new(State {
            files: state.files.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            next_file: state.next_file,
            capacity: state.capacity,
            steps: 0,
            faults: BTreeMap::new(),
            off: state.off,
            locked: false,
            life: 0,
        })))
    }

    /// The names and sizes of the files.
    pub fn files(&self) -> Vec<(String, usize)> {
        let state = self.lock_state();
        let size = |file: &u64| state.files.get(file).map_or(0, |f| f.cached.len());
        state.names.iter().map(|(name, file)| (name.clone(), size(file))).collect()
    }

    /// Changes bytes of a file behind everyone's back, on the medium itself.
    pub fn corrupt(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock_state();
        let Some(file) = state.names.get(name).copied() else { return };
        if let Some(file) = state.files.get_mut(&file) {
            change(&mut file.durable);
            file.cached = file.durable.clone();
            file.dirty.clear();
        }
    }

    /// Loses a directory entry.
    pub fn lose(&self, name: &str) {
        let mut state = self.lock_state();
        state.names.remove(name);
        state.durable_names.remove(name);
    }
}

impl State {
    /// Counts a step and says what goes wrong with it.
    fn step(&mut self) -> Result<Option<SimFault>, io::Error> {
        self.check()?;
        self.steps += 1;
        let fault = self.faults.remove(&self.steps);
        match fault {
            Some(SimFault::NoRoom) => Err(io::ErrorKind::StorageFull.into()),
            Some(SimFault::Interrupted) => Err(io::ErrorKind::Interrupted.into()),
            fault => Ok(fault),
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    /// Ends a step of the directory or of a size, which crashes after it was done but before it is durable.
    fn end(&mut self, fault: Option<SimFault>) -> io::Result<()> {
        if fault == Some(SimFault::Crash) {
            self.off = true;
        }
        self.check()
    }

    fn used(&self) -> u64 {
        let linked: BTreeSet<u64> =
            self.names.values().chain(self.durable_names.values()).copied().collect();
        let files = self.files.iter().filter(|(id, _)| linked.contains(id));
        files.map(|(_, file)| file.cached.len() as u64).sum()
    }

    fn restart(&mut self, survives: Survives) {
        let random = match survives {
            Survives::Some(seed) => SeededRandom::new(seed),
            Survives::Nothing | Survives::Everything => SeededRandom::new(0),
        };
        let kept = || match survives {
            Survives::Nothing => false,
            Survives::Everything => true,
            Survives::Some(_) => random.next_u64().is_multiple_of(2),
        };
        let mut names = self.durable_names.clone();
        for (name, file) in &self.names {
            if self.durable_names.get(name) != Some(file) && kept() {
                names.insert(name.clone(), *file);
            }
        }
        for name in self.durable_names.keys() {
            if !self.names.contains_key(name) && kept() {
                names.remove(name);
            }
        }
        for file in self.files.values_mut() {
            file.settle(&kept);
        }
        let linked: BTreeSet<u64> = names.values().copied().collect();
        self.files.retain(|file, _| linked.contains(file));
        self.names = names.clone();
        self.durable_names = names;
        self.off = false;
        self.locked = false;
        self.faults.clear();
        self.life += 1;
    }
}

impl File {
    fn write(&mut self, bytes: &[u8], at: usize) {
        let end = at + bytes.len();
        if self.cached.len() < end {
            self.cached.resize(end, 0);
        }
        self.cached[at..end].copy_from_slice(bytes);
        if end > at {
            self.dirty.extend(at / SECTOR..=(end - 1) / SECTOR);
        }
    }

    fn keep_sector(&mut self, sector: usize) {
        let start = sector * SECTOR;
        let end = (start + SECTOR).min(self.cached.len()).min(self.durable.len());
        if start < end {
            self.durable[start..end].copy_from_slice(&self.cached[start..end]);
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.cached.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.keep_sector(sector);
        }
    }

    /// What is left after a power loss.
    fn settle(&mut self, kept: &impl Fn() -> bool) {
        if self.durable.len() != self.cached.len() && kept() {
            self.durable.resize(self.cached.len(), 0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            if kept() {
                self.keep_sector(sector);
            }
        }
        self.cached = self.durable.clone();
    }
}

struct Guard(SimDisk, u64);

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.lock_state();
        if state.life == self.1 {
            state.locked = false;
        }
    }
}

impl Disk for SimDisk {
    fn name(&self) -> String {
        "the simulated disk".into()
    }

    fn lock(&self) -> io::Result<Box<dyn Send + Sync>> {
        let mut state = self.lock_state();
        state.check()?;
        if std::mem::replace(&mut state.locked, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let life = state.life;
        Ok(Box::new(Guard(self.clone(), life)))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.lock_state();
        state.check()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.lock_state();
        state.check()?;
        let file = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(Handle { disk: self.clone(), file, life: state.life }))
    }

    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open(name)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.lock_state();
        let fault = state.step()?;
        if fault == Some(SimFault::Broken) {
            return Err(io::Error::other("injected"));
        }
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = state.next_file;
        state.next_file += 1;
        state.files.insert(file, File::default());
        state.names.insert(name.to_owned(), file);
        state.end(fault)?;
        Ok(Arc::new(Handle { disk: self.clone(), file, life: state.life }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.lock_state();
        let fault = state.step()?;
        if fault == Some(SimFault::Broken) {
            return Err(io::Error::other("injected"));
        }
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.end(fault)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.lock_state();
        let fault = state.step()?;
        if fault == Some(SimFault::Broken) {
            return Err(io::Error::other("injected"));
        }
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        state.end(fault)
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.lock_state();
        match state.step()? {
            Some(SimFault::Crash) => state.end(Some(SimFault::Crash)),
            Some(SimFault::Broken) => Err(io::Error::other("injected")),
            _ => {
                state.durable_names = state.names.clone();
                Ok(())
            }
        }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let state = self.lock_state();
        state.check()?;
        Ok(state.capacity.saturating_sub(state.used()))
    }
}

impl Handle {
    fn with<T>(&self, f: impl FnOnce(&mut State, u64) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.disk.lock_state();
        state.check()?;
        if state.life != self.life {
            return Err(io::Error::other("the file was opened before the power failed"));
        }
        f(&mut state, self.file)
    }

    fn on_file<T>(&self, f: impl FnOnce(&mut File) -> T) -> io::Result<T> {
        self.with(|state, file| {
            state.files.get_mut(&file).map(f).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn resize(&self, bytes: u64, only_grow: bool) -> io::Result<()> {
        self.with(|state, id| {
            let fault = state.step()?;
            if fault == Some(SimFault::Broken) {
                return Err(io::Error::other("injected"));
            }
            let room = state.capacity.saturating_sub(state.used());
            let Some(file) = state.files.get_mut(&id) else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let size = file.cached.len() as u64;
            if bytes.saturating_sub(size) > room {
                return Err(io::ErrorKind::StorageFull.into());
            }
            if bytes > size || !only_grow {
                file.cached.resize(bytes as usize, 0);
            }
            state.end(fault)
        })
    }
}

impl DiskFile for Handle {
    fn size(&self) -> io::Result<u64> {
        self.on_file(|file| file.cached.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.on_file(|file| {
            let rest = file.cached.get(offset as usize..).unwrap_or_default();
            let read = rest.len().min(buffer.len());
            buffer[..read].copy_from_slice(&rest[..read]);
            read
        })
    }

    fn read_cached(&self, buffer: &mut [u8], offset: u64) -> io::Result<Option<usize>> {
        self.read_at(buffer, offset).map(Some)
    }

    fn prefetch(&self, _offset: u64, _bytes: u64) {}

    fn write_at(&self, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.with(|state, id| {
            let fault = state.step()?;
            if fault == Some(SimFault::Broken) {
                return Err(io::Error::other("injected"));
            }
            let mut bytes: Vec<u8> = buffers.iter().flat_map(|b| b.iter().copied()).collect();
            if fault == Some(SimFault::Short) {
                bytes.truncate(bytes.len() / 2 + 1);
            }
            let room = state.capacity.saturating_sub(state.used());
            let Some(file) = state.files.get_mut(&id) else {
                return Err(io::ErrorKind::NotFound.into());
            };
            let end = offset + bytes.len() as u64;
            if end.saturating_sub(file.cached.len() as u64) > room {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.write(&bytes, offset as usize);
            state.end(fault)?;
            Ok(bytes.len())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.with(|state, id| {
            let fault = state.step()?;
            let Some(file) = state.files.get_mut(&id) else {
                return Err(io::ErrorKind::NotFound.into());
            };
            match fault {
                Some(SimFault::Crash) => state.end(fault),
                Some(SimFault::Broken) => {
                    // The kernel marks the pages clean: they look written, but the medium never gets them.
                    file.dirty.clear();
                    Err(io::Error::other("injected"))
                }
                _ => {
                    file.sync();
                    Ok(())
                }
            }
        })
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.resize(bytes, true)
    }

    fn set_size(&self, bytes: u64) -> io::Result<()> {
        self.resize(bytes, false)
    }

    fn drop_cached(&self) -> io::Result<()> {
        self.on_file(|file| {
            let dirty = std::mem::take(&mut file.dirty);
            let mut fresh = file.durable.clone();
            fresh.resize(file.cached.len(), 0);
            for sector in &dirty {
                let start = sector * SECTOR;
                let end = (start + SECTOR).min(fresh.len());
                fresh[start..end].copy_from_slice(&file.cached[start..end]);
            }
            file.cached = fresh;
            file.dirty = dirty;
        })
    }
}
