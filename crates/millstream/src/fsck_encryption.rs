//! What `fsck` says about encrypted blocks: how many there are by key, and whether each is what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{Catalog, Encryption, Stream};
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
    /// Beyond the stream's horizon: nobody can read them, and their key may be gone.
    expired: u64,
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
    // Service time at the last stop was this or later: what is beyond the horizon by it is beyond it for good.
    let now = last_arrival(&*log).await;
    let streams: Vec<Arc<Stream>> = catalog.read(|state| state.streams().cloned().collect());
    let mut sound = true;
    for stream in streams {
        let mut blocks = Blocks {
            log: &*log,
            stream: &stream,
            horizon: stream.horizon(now),
            keys: opened_keys(&stream, root.as_ref()),
            counts: BTreeMap::new(),
        };
        for shard in &stream.shards {
            blocks.count_shard(shard.id.0).await;
        }
        for (id, count) in &blocks.counts {
            let (verdict, is_sound) = judge(&stream.encryption, *id, count, root.is_some(), file);
            tell(&stream, *id, count, &verdict);
            sound &= is_sound;
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

/// When the last of all batches arrived.
async fn last_arrival(log: &dyn Log) -> Millis {
    let mut last = Millis(0);
    // What cannot be read was reported by the check of the log.
    for (group, _, logs) in log.groups().await.unwrap_or_default() {
        for index in 0..logs {
            let bounds = log.bounds(LogId { group, index }).await;
            last = last.max(bounds.ok().and_then(|bounds| bounds.last_arrival).unwrap_or_default());
        }
    }
    last
}

/// The encrypted blocks of a stream.
struct Blocks<'a> {
    log: &'a dyn Log,
    stream: &'a Stream,
    horizon: Millis,
    keys: BTreeMap<u32, DataKey>,
    counts: BTreeMap<u32, Count>,
}

impl Blocks<'_> {
    async fn count_shard(&mut self, shard: u32) {
        let id = LogId { group: self.stream.group, index: shard };
        let mut next = Position(0);
        loop {
            let read = match self.log.read(id, next, STEP_BYTES).await {
                Ok(read) => read,
                Err(LogError::Trimmed(first)) if first > next => {
                    next = first;
                    continue;
                }
                // A shard that is not made yet has no log; damage was reported by the check of the log.
                Err(_) => return,
            };
            for batch in &read.batches {
                self.count(shard, batch);
            }
            next = read.next;
            match read.end {
                End::More => {}
                End::Tail | End::Sealed(_) => return,
            }
        }
    }

    fn count(&mut self, shard: u32, batch: &ReadBatch) {
        let payload = &batch.batch.payload;
        let Some(header) = sealed_header(payload) else { return };
        let count = self.counts.entry(header.key_id).or_default();
        count.blocks += 1;
        if batch.arrival < self.horizon {
            count.expired += 1;
            return;
        }
        let Some(key) = self.keys.get(&header.key_id) else { return };
        let place = Place { group: self.stream.group.0, shard, count: batch.batch.count };
        match open(key.bytes(), payload, place) {
            Ok(_) => count.opened += 1,
            Err(_) => count.refused += 1,
        }
    }
}

/// What is to be said of the blocks of a data key, and whether they can be what was written.
fn judge(
    encryption: &Encryption,
    id: u32,
    count: &Count,
    has_file: bool,
    file: &Path,
) -> (String, bool) {
    let Some(key) = encryption.key(id) else {
        // A key is forgotten long after whatever it encrypted has expired.
        return match (1..=encryption.last_id).contains(&id) {
            true => ("expired, not checked".into(), true),
            false => ("DAMAGE: the catalog never had such a key".into(), false),
        };
    };
    if count.refused > 0 {
        return (format!("DAMAGE: {} not authentic", count.refused), false);
    }
    let verdict = if count.expired == count.blocks {
        return ("expired, not checked".into(), true);
    } else if count.opened + count.expired == count.blocks {
        "all authentic".into()
    } else if !LocalKeys::is_local(&key.master) {
        "not checked: a key service holds the key".into()
    } else if !has_file {
        format!("not checked: there is no {}", file.display())
    } else {
        format!("not checked: {} does not open the key", file.display())
    };
    match count.expired {
        0 => (verdict, true),
        expired => (format!("{verdict}; {expired} expired, not checked"), true),
    }
}

fn tell(stream: &Stream, id: u32, count: &Count, verdict: &str) {
    let key = stream.encryption.key(id);
    let name = key.map_or("unknown", |key| key.key_id.as_str());
    println!(
        "stream {} of {} in {}, data key {id} ({name}): {} blocks encrypted, {verdict}",
        stream.name, stream.account, stream.region, count.blocks
    );
}

#[cfg(test)]
mod tests {
    use millstream_catalog::StreamKey;

    use super::*;

    fn check(id: u32, count: Count, expected: &str, is_sound: bool) {
        let key = StreamKey {
            id: 2,
            key_id: "alias/aws/kinesis".into(),
            master: "local:aws/kinesis".into(),
            wrapped: Vec::new(),
            retired: None,
        };
        let encryption =
            Encryption { keys: vec![Arc::new(key)], last_id: 2, ..Encryption::default() };
        let judged = judge(&encryption, id, &count, true, Path::new("f"));
        assert_eq!(judged, (expected.to_owned(), is_sound));
    }

    #[test]
    fn a_block_without_a_key_is_damage_only_if_there_never_was_one() {
        let count = || Count { blocks: 2, ..Count::default() };
        check(1, count(), "expired, not checked", true);
        check(3, count(), "DAMAGE: the catalog never had such a key", false);
        check(0, count(), "DAMAGE: the catalog never had such a key", false);
    }

    #[test]
    fn blocks_beyond_the_horizon_are_told_apart() {
        let count = |expired, opened, refused| Count { blocks: 3, expired, opened, refused };
        check(2, count(0, 3, 0), "all authentic", true);
        check(2, count(1, 2, 0), "all authentic; 1 expired, not checked", true);
        check(2, count(3, 0, 0), "expired, not checked", true);
        check(2, count(1, 1, 1), "DAMAGE: 1 not authentic", false);
        check(2, count(0, 0, 0), "not checked: f does not open the key", true);
    }
}
