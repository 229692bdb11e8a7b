//! No nonce repeats under a key: over crashes, cut tails, restarts and appends after them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use millstream_catalog::{Catalog, Command, EncryptionCommand, Outcome};
use millstream_log::testkit::{SimDisk, SimFault, Survives};
use millstream_log::{
    AckMany, Appender, Bounds, DamagedPlace, Engine, Frame, Fut, GroupId, GroupSpec, Log, LogError,
    LogId, Options, Position, Read,
};
use millstream_records::{SALT_BYTES, sealed_header};
use millstream_streams::{Limits, NoDelivery, Parts, Streams};
use millstream_types::{Clock, ManualClock, Millis, SeededRandom};

use crate::harness::{Harness, START, caller};
use crate::keys;

type Nonce = (u32, [u8; SALT_BYTES], u64);

/// Notes the nonce of each payload that is handed over, whatever becomes of it.
struct Noting {
    log: Arc<dyn Log>,
    seen: Arc<Mutex<Vec<Nonce>>>,
}

impl Log for Noting {
    fn append_many(&self, frame: Frame) -> Result<AckMany, LogError> {
        for part in frame.parts() {
            if let Some(header) = sealed_header(&frame.bytes()[part.payload.clone()]) {
                let nonce = (header.key_id, header.salt, header.counter);
                self.seen.lock().unwrap().push(nonce);
            }
        }
        self.log.append_many(frame)
    }

    fn create(&self, group: GroupId, spec: GroupSpec, logs: u32) -> Fut<'_, ()> {
        self.log.create(group, spec, logs)
    }
    fn grow(&self, group: GroupId, logs: u32) -> Fut<'_, ()> {
        self.log.grow(group, logs)
    }
    fn configure(&self, group: GroupId, spec: GroupSpec) -> Fut<'_, ()> {
        self.log.configure(group, spec)
    }
    fn delete(&self, group: GroupId) -> Fut<'_, ()> {
        self.log.delete(group)
    }
    fn groups(&self) -> Fut<'_, Vec<(GroupId, GroupSpec, u32)>> {
        self.log.groups()
    }
    fn open(&self, log: LogId) -> Fut<'_, Box<dyn Appender>> {
        self.log.open(log)
    }
    fn read(&self, log: LogId, from: Position, bytes_max: usize) -> Fut<'_, Read> {
        self.log.read(log, from, bytes_max)
    }
    fn bounds(&self, log: LogId) -> Fut<'_, Bounds> {
        self.log.bounds(log)
    }
    fn find(&self, log: LogId, at: Millis) -> Fut<'_, Position> {
        self.log.find(log, at)
    }
    fn read_around(
        &self,
        log: LogId,
        from: Position,
        bytes_max: usize,
    ) -> Fut<'_, Result<Read, DamagedPlace>> {
        self.log.read_around(log, from, bytes_max)
    }
    fn trim(&self, log: LogId, before: Position) -> Fut<'_, ()> {
        self.log.trim(log, before)
    }
    fn seal(&self, log: LogId) -> Fut<'_, Position> {
        self.log.seal(log)
    }
    fn wait(&self, log: LogId, after: Position) -> Fut<'_, ()> {
        self.log.wait(log, after)
    }
}

/// A service over a disk, with numbers of its own, as each process draws them.
async fn begin(disk: &SimDisk, life: u64, seen: &Arc<Mutex<Vec<Nonce>>>) -> (Harness, Arc<Engine>) {
    let clock = Arc::new(ManualClock::new(START));
    let mut options = Options::durable(Arc::new(disk.clone()), clock.clone());
    options.background = false;
    options.disk_bytes_reserved = 0;
    options.segment_bytes_min = 1 << 20;
    options.segment_bytes_max = 1 << 20;
    let (engine, report) = Engine::open(options).unwrap();
    assert_eq!(report.damage, Vec::new());
    let log: Arc<dyn Log> = Arc::new(Noting { log: engine.clone(), seen: seen.clone() });
    let random = Arc::new(SeededRandom::new(life));
    let catalog = Catalog::open(log.clone(), clock.clone(), random.clone()).await.unwrap();
    let catalog = Arc::new(catalog);
    let vault = keys::vault(&catalog, &clock, vec![]).await;
    let streams = Streams::new(Parts {
        catalog: catalog.clone(),
        log: log.clone(),
        clock: clock.clone(),
        limits: Limits::default().without_rates(),
        vault,
        random,
        delivery: Arc::new(NoDelivery),
    });
    (Harness { streams, catalog, log, clock, caller: caller(0, "us-east-1") }, engine)
}

async fn encrypt(h: &Harness) {
    let stream = h.stream("s", 2).await;
    let name = millstream_vault::KeyName::service();
    let vault = keys::vault(&h.catalog, &h.clock, vec![]).await;
    let key = vault.generate(&stream, &name).await.unwrap();
    let (group, at) = (stream.group.0, h.clock.now().0);
    for command in [
        EncryptionCommand::Start { group, key, at, starts_max: 25 }.into(),
        Command::Activate { group, at },
    ] {
        let outcome = h.catalog.submit(&command).await.unwrap();
        assert!(matches!(outcome, Outcome::Stream(_)), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_nonce_repeats_over_crashes_cuts_and_appends() {
    let disk = SimDisk::new(64 << 20);
    let seen: Arc<Mutex<Vec<Nonce>>> = Arc::default();
    let (h, engine) = begin(&disk, 1, &seen).await;
    encrypt(&h).await;
    end(h, engine).await;
    for life in 2..12 {
        let (h, engine) = begin(&disk, life, &seen).await;
        // In each life the power fails a step later, so that other writes are cut.
        disk.fail_at(disk.steps() + life, SimFault::Crash);
        for round in 0..20 {
            let data = vec![round; 100];
            let _ = h.put("s", &[("a", &data), ("b", &data), ("c", &data)]).await;
        }
        assert!(disk.is_off(), "life {life}");
        end(h, engine).await;
        let survives = [Survives::Nothing, Survives::Everything, Survives::Some(life)];
        disk.power_on(survives[life as usize % 3]);
        disk.clear_faults();
    }
    let seen = seen.lock().unwrap();
    let different: HashSet<&Nonce> = seen.iter().collect();
    assert!(seen.len() > 100, "{} payloads", seen.len());
    assert_eq!(different.len(), seen.len(), "a nonce was used twice");
    let salts: HashSet<_> = seen.iter().map(|(_, salt, _)| salt).collect();
    assert_eq!(salts.len(), 10, "each life has a salt of its own");
}

async fn end(h: Harness, engine: Arc<Engine>) {
    h.catalog.stop().await;
    drop(h);
    tokio::task::spawn_blocking(move || engine.stop()).await.unwrap();
}
