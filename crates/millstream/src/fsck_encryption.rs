//! What `fsck` says about the master key, whether it fits, and about encrypted blocks: how many there are by key, and
//! whether each is what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use millstream_catalog::{
    Catalog, Channel, DeliverySource, DeliveryStream, Encryption, State, Stream,
};
use millstream_firehose::{INTAKE_LOG, PROCESSED_LOG};
use millstream_log::{Disk, End, GroupId, Inspection, Log, LogError, LogId, Position, ReadBatch};
use millstream_records::{Place, open, sealed_header};
use millstream_types::{ManualClock, Millis};
use millstream_vault::{DataKey, LocalKeys, check_secrets};

use crate::entropy::Entropy;
use crate::keys::unopened;
use crate::master_key;

/// How long a damaged directory's catalog may take to open.
const CATALOG_WAIT: Duration = Duration::from_secs(60);
const NOT_IN_TIME: &str = "the catalog could not be read in time";
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

/// What came of a check.
pub struct Checked {
    /// Why a server cannot start with this master key, or without it.
    pub key_damage: Option<String>,
    /// Whether each encrypted block that could be opened is what was written.
    pub blocks_are_sound: bool,
}

/// The master key's file, as a start finds it.
pub struct KeyFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What is in it.
    pub loaded: &'a Result<Option<DataKey>, String>,
}

impl KeyFile<'_> {
    fn root(&self) -> Option<&DataKey> {
        self.loaded.as_ref().ok().and_then(Option::as_ref)
    }

    /// What a start would say of it, if it would refuse.
    async fn damage(&self, catalog: &Catalog) -> Option<String> {
        let root = match self.loaded {
            Ok(root) => root,
            Err(error) => return Some(error.clone()),
        };
        let sealed = catalog.read(|state| state.sealed_secrets().cloned())?;
        let Some(root) = root else { return Some(master_key::missing(self.path)) };
        let masters = LocalKeys::new(root.clone(), Vec::new(), Arc::new(Entropy::new()));
        let opened = check_secrets(&masters, &sealed).await;
        opened.err().map(|error| unopened(&error, Some(self.path)))
    }
}

/// Checks the master key against the data and, where the log is whole, all encrypted blocks of a directory.
pub fn check(
    disk: &Arc<dyn Disk>,
    key: &KeyFile<'_>,
    log_is_whole: bool,
) -> Result<Checked, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime did not start: {error}"))?;
    if log_is_whole {
        return runtime.block_on(check_streams(disk, key, true));
    }
    let only_key =
        async { tokio::time::timeout(CATALOG_WAIT, check_streams(disk, key, false)).await };
    runtime.block_on(only_key).unwrap_or_else(|_| Err(NOT_IN_TIME.into()))
}

/// What the groups of a directory belong to, in words.
pub fn stream_names(disk: &Arc<dyn Disk>) -> Result<BTreeMap<GroupId, String>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime did not start: {error}"))?;
    // A damaged catalog must not keep the report waiting.
    let names = async { tokio::time::timeout(CATALOG_WAIT, names_of(disk)).await };
    runtime.block_on(names).unwrap_or_else(|_| Err(NOT_IN_TIME.into()))
}

async fn names_of(disk: &Arc<dyn Disk>) -> Result<BTreeMap<GroupId, String>, String> {
    let inspection = Inspection::open(disk).map_err(|error| error.to_string())?;
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let catalog = Catalog::open(Arc::new(inspection), clock, Arc::new(Entropy::new())).await;
    let catalog = catalog.map_err(|error| error.to_string())?;
    let names = catalog.read(|state| {
        let streams = state.streams().map(|stream| (stream.group, stream_name(stream)));
        let delivery_streams = state.delivery_streams().all().flat_map(|stream| {
            [stream.data_group, stream.state_group].map(|group| (group, delivery_name(stream)))
        });
        let channels = state.channels().flat_map(|channel| {
            let groups = channel.delivery.map(|groups| [groups.data, groups.state]);
            groups.into_iter().flatten().map(|group| (GroupId(group), channel_name(channel)))
        });
        let all = streams.chain(delivery_streams).chain(channels);
        all.map(|(group, name)| (group, format!("of {name}"))).collect()
    });
    catalog.stop().await;
    Ok(names)
}

fn stream_name(stream: &Stream) -> String {
    format!("stream {} of {} in {}", stream.name, stream.account, stream.region)
}

fn delivery_name(stream: &DeliveryStream) -> String {
    format!("delivery stream {} of {} in {}", stream.name, stream.account, stream.region)
}

fn channel_name(channel: &Channel) -> String {
    format!("channel {} of {} in {}", channel.name, channel.account, channel.region)
}

async fn check_streams(
    disk: &Arc<dyn Disk>,
    key: &KeyFile<'_>,
    with_blocks: bool,
) -> Result<Checked, String> {
    let inspection = Inspection::open(disk).map_err(|error| error.to_string())?;
    let log: Arc<dyn Log> = Arc::new(inspection);
    if log.groups().await.map_err(|error| error.to_string())?.is_empty() {
        return Ok(Checked { key_damage: None, blocks_are_sound: true });
    }
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let catalog = Catalog::open(log.clone(), clock, Arc::new(Entropy::new())).await;
    let catalog = catalog.map_err(|error| error.to_string())?;
    let key_damage = key.damage(&catalog).await;
    if !with_blocks {
        catalog.stop().await;
        return Ok(Checked { key_damage, blocks_are_sound: true });
    }
    // Service time at the last stop was this or later: what is beyond the horizon by it is beyond it for good.
    let now = last_arrival(&*log).await;
    let holders = catalog.read(|state| holders(state, now));
    let mut sound = true;
    for holder in &holders {
        let keys = opened_keys(holder, key.root());
        let mut blocks =
            Blocks { log: &*log, horizon: holder.horizon, keys, counts: BTreeMap::new() };
        for log in &holder.logs {
            blocks.count_log(*log).await;
        }
        for (id, count) in &blocks.counts {
            let (verdict, is_sound) = judge(holder, *id, count, key.root().is_some(), key.path);
            tell(holder, *id, count, &verdict);
            sound &= is_sound;
        }
    }
    catalog.stop().await;
    Ok(Checked { key_damage, blocks_are_sound: sound })
}

/// Logs whose blocks are encrypted with the same data keys.
struct Holder {
    /// What they are, in words.
    name: String,
    logs: Vec<LogId>,
    /// What arrived before it, nobody can read any more.
    horizon: Millis,
    /// Whose data keys they are; none where it is gone.
    keys: Option<KeysOf>,
}

/// Data keys, and what they are bound to.
struct KeysOf {
    encryption: Arc<Encryption>,
    context: String,
}

impl KeysOf {
    fn stream(stream: &Stream) -> Self {
        KeysOf { encryption: stream.encryption.clone(), context: stream.arn().to_string() }
    }
}

/// Everything that may have encrypted blocks.
fn holders(state: &State, now: Millis) -> Vec<Holder> {
    let streams = state.streams().map(|stream| Holder {
        name: stream_name(stream),
        logs: stream
            .shards
            .iter()
            .map(|shard| LogId { group: stream.group, index: shard.id.0 })
            .collect(),
        horizon: stream.horizon(now),
        keys: Some(KeysOf::stream(stream)),
    });
    // What is kept of a source's records is sealed with the source's keys.
    let of_source = |group| state.by_group(group).map(|stream| KeysOf::stream(stream));
    let delivery_streams = state.delivery_streams().all().flat_map(|stream| {
        let logs = [(INTAKE_LOG, "intake"), (PROCESSED_LOG, "processed log")];
        logs.map(|(index, what)| Holder {
            name: format!("{}, {what}", delivery_name(stream)),
            logs: vec![LogId { group: stream.data_group, index }],
            horizon: Millis(0),
            keys: match &stream.source {
                DeliverySource::DirectPut { .. } => Some(KeysOf {
                    encryption: stream.encryption.keys.clone(),
                    context: stream.arn().to_string(),
                }),
                DeliverySource::KinesisStream(source) => of_source(source.group),
            },
        })
    });
    let channels = state.channels().filter_map(|channel| {
        let group = GroupId(channel.delivery?.data);
        Some(Holder {
            name: format!("{}, processed log", channel_name(channel)),
            logs: vec![LogId { group, index: PROCESSED_LOG }],
            horizon: Millis(0),
            keys: of_source(channel.group),
        })
    });
    streams.chain(delivery_streams).chain(channels).collect()
}

/// The data keys that the master key file opens.
fn opened_keys(holder: &Holder, root: Option<&DataKey>) -> BTreeMap<u32, DataKey> {
    let Some(KeysOf { encryption, context }) = &holder.keys else { return BTreeMap::new() };
    let keys = encryption.keys.iter().filter_map(|key| {
        let opened = LocalKeys::open_stored(root?, &key.master, context, &key.wrapped)?;
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

/// The encrypted blocks of some logs.
struct Blocks<'a> {
    log: &'a dyn Log,
    horizon: Millis,
    keys: BTreeMap<u32, DataKey>,
    counts: BTreeMap<u32, Count>,
}

impl Blocks<'_> {
    async fn count_log(&mut self, id: LogId) {
        let mut next = Position(0);
        loop {
            let read = match self.log.read(id, next, STEP_BYTES).await {
                Ok(read) => read,
                Err(LogError::Trimmed(first)) if first > next => {
                    next = first;
                    continue;
                }
                // What is not made yet has no log; damage was reported by the check of the log.
                Err(_) => return,
            };
            for batch in &read.batches {
                self.count(id, batch);
            }
            next = read.next;
            match read.end {
                End::More => {}
                End::Tail | End::Sealed(_) => return,
            }
        }
    }

    fn count(&mut self, id: LogId, batch: &ReadBatch) {
        let payload = &batch.batch.payload;
        let Some(header) = sealed_header(payload) else { return };
        let count = self.counts.entry(header.key_id).or_default();
        count.blocks += 1;
        if batch.arrival < self.horizon {
            count.expired += 1;
            return;
        }
        let Some(key) = self.keys.get(&header.key_id) else { return };
        let place = Place { group: id.group.0, shard: id.index, count: batch.batch.count };
        match open(key.bytes(), payload, place) {
            Ok(_) => count.opened += 1,
            Err(_) => count.refused += 1,
        }
    }
}

/// What is to be said of the blocks of a data key, and whether they can be what was written.
fn judge(holder: &Holder, id: u32, count: &Count, has_file: bool, file: &Path) -> (String, bool) {
    let Some(KeysOf { encryption, .. }) = &holder.keys else {
        return ("not checked: the stream that was its source is gone, with its keys".into(), true);
    };
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

fn tell(holder: &Holder, id: u32, count: &Count, verdict: &str) {
    let key = holder.keys.as_ref().and_then(|keys| keys.encryption.key(id));
    let key = key.map_or("unknown", |key| key.key_id.as_str());
    println!(
        "{}, data key {id} ({key}): {} blocks encrypted, {verdict}",
        holder.name, count.blocks
    );
}

#[cfg(test)]
mod tests {
    use millstream_catalog::StreamKey;
    use millstream_log::testkit::{MemoryLog, block_on};
    use millstream_log::{Batch, Class, Frame, GroupSpec};
    use millstream_records::{BlockWriter, SEALED_BYTES, Sealer, payload_bytes, plain_part};

    use super::*;

    fn holder() -> Holder {
        let key = StreamKey {
            id: 2,
            key_id: "alias/aws/kinesis".into(),
            master: "local:aws/kinesis".into(),
            wrapped: Vec::new(),
            retired: None,
        };
        let encryption =
            Encryption { keys: vec![Arc::new(key)], last_id: 2, ..Encryption::default() };
        let keys = KeysOf { encryption: Arc::new(encryption), context: "arn".into() };
        Holder { name: "it".into(), logs: Vec::new(), horizon: Millis(0), keys: Some(keys) }
    }

    fn check(id: u32, count: Count, expected: &str, is_sound: bool) {
        let judged = judge(&holder(), id, &count, true, Path::new("f"));
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
    #[test]
    fn blocks_of_a_source_that_is_gone_are_no_damage() {
        let holder = Holder { keys: None, ..holder() };
        let count = Count { blocks: 3, ..Count::default() };
        let (verdict, is_sound) = judge(&holder, 2, &count, true, Path::new("f"));
        assert!(is_sound && verdict.contains("gone"), "{verdict}");
    }

    #[test]
    fn a_block_that_is_not_what_was_written_is_found_in_any_log_of_a_group() {
        let log = MemoryLog::new(Arc::new(ManualClock::new(Millis(5000))));
        let spec = GroupSpec { class: Class::Data, keep: None, record_bytes_max: 1 << 20 };
        block_on(log.create(GroupId(4), spec, 3)).unwrap();
        let key = || DataKey::new([7; 32]);
        let sealer = Sealer::new(key().bytes(), 2, [1; 16]);
        let append = |index, spoil: bool, encrypted: bool| {
            let id = LogId { group: GroupId(4), index };
            let extra = if encrypted { SEALED_BYTES } else { 0 };
            let mut payload = vec![0; payload_bytes(1, 6) + extra];
            let place = Place { group: 4, shard: index, count: 1 };
            let plain = if encrypted { plain_part(&mut payload) } else { &mut payload[..] };
            BlockWriter::new(plain, 1).push(None, 6).copy_from_slice(b"secret");
            if encrypted {
                sealer.seal(&mut payload, place).unwrap();
            }
            if spoil {
                *payload.last_mut().unwrap() ^= 1;
            }
            let batch = Batch { count: 1, payload: payload.into() };
            let appended = block_on(log.append_many(Frame::of_batch(id, &batch)).unwrap());
            assert!(appended.into_iter().all(|one| one.is_ok()));
        };
        for (index, spoil, encrypted) in
            [(INTAKE_LOG, false, true), (INTAKE_LOG, false, false), (PROCESSED_LOG, true, true)]
        {
            append(index, spoil, encrypted);
        }
        for (index, opened, refused) in [(INTAKE_LOG, 1, 0), (PROCESSED_LOG, 0, 1)] {
            let keys = BTreeMap::from([(2, key())]);
            let (horizon, counts) = (Millis(0), BTreeMap::new());
            let mut blocks = Blocks { log: &*log, horizon, keys, counts };
            block_on(blocks.count_log(LogId { group: GroupId(4), index }));
            let count = &blocks.counts[&2];
            assert_eq!((count.blocks, count.opened, count.refused), (1, opened, refused));
        }
    }
}
