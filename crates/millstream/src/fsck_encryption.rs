//! What `fsck` says about encrypted blocks: how many there are by key, and whether each is what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{Catalog, Stream};
use millstream_log::{Disk, End, GroupId, Inspection, Log, LogError, LogId, Position, ReadBatch};
use millstream_records::{Place, open, sealed_header};
use millstream_types::{ManualClock, Millis};
use millstream_vault::{DataKey, LocalKeys};

use crate::entropy::Entropy;
use crate::master_key;

/// How long a damaged directory's catalog may take to open.
const CATALOG_WAIT: Duration = Duration::from_secs(60);
/// Bytes that are read at a time.
const STEP_BYTES: usize = 1024 * 1024;

/// The blocks of one data key.
#[derive(Default)]
struct Count {
    blocks: u64,
    opened: u64,
    refused: u64,
}

/// Reports on all encrypted blocks of a directory; `Ok(false)` if one is not what was written.
pub fn check(disk: &Arc<dyn Disk>, master_key_file: &Path) -> Result<bool, String> {
    let root = master_key::load(master_key_file)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime did not start: {error}"))?;
    runtime.block_on(check_streams(disk, root, master_key_file))
}

/// The streams of a directory by their group, in words.
pub fn stream_names(disk: &Arc<dyn Disk>) -> Result<BTreeMap<GroupId, String>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime did not start: {error}"))?;
    // A damaged catalog must not keep the report waiting.
    let names = async { tokio::time::timeout(CATALOG_WAIT, names_of(disk)).await };
    runtime.block_on(names).unwrap_or_else(|_| Err("the catalog could not be read in time".into()))
}

async fn names_of(disk: &Arc<dyn Disk>) -> Result<BTreeMap<GroupId, String>, String> {
    let inspection = Inspection::open(disk).map_err(|error| error.to_string())?;
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let catalog = Catalog::open(Arc::new(inspection), clock, Arc::new(Entropy::new())).await;
    let catalog = catalog.map_err(|error| error.to_string())?;
    let name = |stream: &Arc<Stream>| {
        let (name, account, region) = (&stream.name, stream.account, &stream.region);
        (stream.group, format!("of stream {name} of {account} in {region}"))
    };
    let names = catalog.read(|state| state.streams().map(name).collect());
    catalog.stop().await;
    Ok(names)
}

async fn check_streams(
    disk: &Arc<dyn Disk>,
    root: Option<DataKey>,
    file: &Path,
) -> Result<bool, String> {
    let inspection = Inspection::open(disk).map_err(|error| error.to_string())?;
    let log: Arc<dyn Log> = Arc::new(inspection);
    if log.groups().await.map_err(|error| error.to_string())?.is_empty() {
        return Ok(true);
    }
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let catalog = Catalog::open(log.clone(), clock, Arc::new(Entropy::new())).await;
    let catalog = catalog.map_err(|error| error.to_string())?;
    let streams: Vec<Arc<Stream>> = catalog.read(|state| state.streams().cloned().collect());
    let mut sound = true;
    for stream in streams {
        let keys = opened_keys(&stream, root.as_ref());
        let mut counts = BTreeMap::new();
        for shard in &stream.shards {
            count_shard(&*log, &stream, shard.id.0, &keys, &mut counts).await;
        }
        for (id, count) in counts {
            sound &= report(&stream, id, &count, root.is_some(), file);
        }
    }
    catalog.stop().await;
    Ok(sound)
}

/// The data keys that the master key file opens.
fn opened_keys(stream: &Stream, root: Option<&DataKey>) -> BTreeMap<u32, DataKey> {
    let context = stream.arn().to_string();
    let keys = stream.encryption.keys.iter().filter_map(|key| {
        let opened = LocalKeys::open_stored(root?, &key.master, &context, &key.wrapped)?;
        Some((key.id, opened))
    });
    keys.collect()
}

async fn count_shard(
    log: &dyn Log,
    stream: &Stream,
    shard: u32,
    keys: &BTreeMap<u32, DataKey>,
    counts: &mut BTreeMap<u32, Count>,
) {
    let id = LogId { group: stream.group, index: shard };
    let mut next = Position(0);
    loop {
        let read = match log.read(id, next, STEP_BYTES).await {
            Ok(read) => read,
            Err(LogError::Trimmed(first)) if first > next => {
                next = first;
                continue;
            }
            // A shard that is not made yet has no log; damage was reported by the check of the log.
            Err(_) => return,
        };
        for batch in &read.batches {
            count_block(stream, shard, batch, keys, counts);
        }
        next = read.next;
        match read.end {
            End::More => {}
            End::Tail | End::Sealed(_) => return,
        }
    }
}

fn count_block(
    stream: &Stream,
    shard: u32,
    batch: &ReadBatch,
    keys: &BTreeMap<u32, DataKey>,
    counts: &mut BTreeMap<u32, Count>,
) {
    let payload = &batch.batch.payload;
    let Some(header) = sealed_header(payload) else { return };
    let count = counts.entry(header.key_id).or_default();
    count.blocks += 1;
    let Some(key) = keys.get(&header.key_id) else { return };
    let place = Place { group: stream.group.0, shard, count: batch.batch.count };
    match open(key.bytes(), payload, place) {
        Ok(_) => count.opened += 1,
        Err(_) => count.refused += 1,
    }
}

/// One line for a data key; `false` if blocks cannot be what was written.
fn report(stream: &Stream, id: u32, count: &Count, has_file: bool, file: &Path) -> bool {
    let key = stream.encryption.key(id);
    let verdict = match key {
        None => "DAMAGE: the catalog has no such key".to_owned(),
        Some(_) if count.refused > 0 => {
            format!("DAMAGE: {} not authentic", count.refused)
        }
        Some(_) if count.opened == count.blocks => "all authentic".to_owned(),
        Some(key) if !LocalKeys::is_local(&key.master) => {
            "not checked: a key service holds the key".to_owned()
        }
        Some(_) if !has_file => format!("not checked: there is no {}", file.display()),
        Some(_) => format!("not checked: {} does not open the key", file.display()),
    };
    let name = key.map_or("unknown", |key| key.key_id.as_str());
    println!(
        "stream {} of {} in {}, data key {id} ({name}): {} blocks encrypted, {verdict}",
        stream.name, stream.account, stream.region, count.blocks
    );
    key.is_some() && count.refused == 0
}
