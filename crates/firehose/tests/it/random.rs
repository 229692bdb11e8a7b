//! Random schedules of puts, time, failures and kills, compared with a model: each acknowledged record is in exactly
//! one object of each lane, and none that was refused; one of unknown outcome is in one at most.

use std::collections::BTreeMap;

use millstream_api::Blob;
use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;
use millstream_log::LogError;
use millstream_log::testkit::Fault;
use millstream_types::{Random, SeededRandom};

use crate::harness::*;
use crate::worker::same;

/// What became of a record that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Acknowledged,
    Unknown,
    Refused,
}

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, n: u64) -> u64 {
        self.0.next_u64() % n
    }
}

async fn put(node: &Node<'_>, dice: &Dice, fates: &mut BTreeMap<String, Fate>) {
    let count = 1 + dice.below(4);
    let records: Vec<String> = (0..count)
        .map(|_| {
            let n = fates.len();
            let record = format!("{{\"k\":\"{}\",\"n\":\"{n:05}\"}}", dice.below(4));
            fates.insert(record.clone(), Fate::Refused);
            record + "\n"
        })
        .collect();
    if dice.below(8) == 0 {
        let faults = [Fault::UnknownKept, Fault::UnknownLost, Fault::Refuse(LogError::Busy)];
        node.settle().await;
        node.world.log.inject([faults[dice.below(3) as usize].clone()]);
    }
    let blobs: Vec<Blob<'_>> =
        records.iter().map(|record| Blob::Raw(record.as_bytes().into())).collect();
    let runs = node.pipeline().intake().unwrap().put(&blobs).await.unwrap();
    for run in runs {
        let fate = match run.outcome {
            Ok(_) => Fate::Acknowledged,
            Err(LogError::Unknown(_)) => Fate::Unknown,
            Err(_) => Fate::Refused,
        };
        for record in &records[run.from..run.to] {
            fates.insert(record.trim_end().to_owned(), fate);
        }
    }
}

fn acts(dice: &Dice) -> Vec<Act> {
    let all = [
        Act::Take,
        Act::TakeAndFail,
        Act::Fail(Then::Retry),
        Act::Hang,
        Act::TakeAndHang,
        Act::Fail(Then::RetryAfter(std::time::Duration::from_secs(3))),
    ];
    (0..dice.below(5)).map(|_| all[dice.below(6) as usize].clone()).collect()
}

async fn life(node: Node<'_>, dice: &Dice, fates: &mut BTreeMap<String, Fate>) {
    for _ in 0..1 + dice.below(12) {
        match dice.below(10) {
            0..5 => put(&node, dice, fates).await,
            5..7 => node.advance([1, 10, 30, 60, 300][dice.below(5) as usize]).await,
            7 => node.world.object_acts("main", acts(dice)),
            8 => node.world.object_acts("backup", acts(dice)),
            _ => {
                // Kept waiting for so long, or given up by the one who asked.
                let limit = std::time::Duration::from_millis(dice.below(3000));
                let _ = node.pipeline().flush(limit).await;
            }
        }
        if dice.below(6) == 0 {
            // A disk that answers nothing certain, for whoever writes next.
            node.world.log.inject([Fault::UnknownKept]);
        }
    }
}

fn check(settings: Settings, seed: u64) {
    let world = World::new(settings);
    *world.outside.function.lock().unwrap() = Some(same);
    let (dice, mut fates) = (Dice(SeededRandom::new(seed)), BTreeMap::new());
    for _ in 0..2 + dice.below(5) {
        world.live(async |node| life(node, &dice, &mut fates).await);
    }
    world.outside.object_acts.lock().unwrap().clear();
    world.live(async |node| {
        node.settle().await;
        node.flush().await;
    });
    for bucket in ["main", "backup"] {
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for line in world.lines(bucket) {
            *found.entry(line).or_default() += 1;
        }
        if bucket == "backup" && world.settings.lock().unwrap().backup.is_none() {
            assert!(found.is_empty());
            continue;
        }
        for (record, fate) in &fates {
            let times = found.remove(record).unwrap_or(0);
            let fits = match fate {
                Fate::Acknowledged => times == 1,
                Fate::Unknown => times <= 1,
                Fate::Refused => times == 0,
            };
            assert!(fits, "seed {seed}, {bucket}: {record} ({fate:?}) is there {times} times");
        }
        assert!(found.is_empty(), "seed {seed}, {bucket}: {found:?}");
    }
    assert!(world.objects("errors").is_empty(), "seed {seed}: {:?}", world.objects("errors"));
}

fn seeds() -> std::ops::Range<u64> {
    let seeds = std::env::var("MILLSTREAM_SEEDS").ok().and_then(|text| text.parse().ok());
    0..seeds.unwrap_or(60)
}

#[test]
fn plain_objects_and_a_backup_have_each_record_once() {
    for seed in seeds() {
        let settings = Settings { backup: Some(backup("backup")), ..to_objects() };
        check(settings, seed);
    }
}

#[test]
fn transformed_records_are_there_once() {
    for seed in seeds() {
        let mut settings = Settings { backup: Some(backup("backup")), ..to_objects() };
        settings.processing.function =
            Some(Function { arn: "arn:f".into(), role_arn: None, retries: 1, hints: hints(1, 20) });
        check(settings, seed);
    }
}

#[test]
fn partitioned_records_are_there_once() {
    for seed in seeds() {
        let mut settings = to_objects();
        settings.processing.partitioned = true;
        settings.processing.query = Some("{k:.k}".into());
        settings.destination =
            Destination::Objects(target("main", "p/!{partitionKeyFromQuery:k}/"));
        check(settings, seed);
    }
}
