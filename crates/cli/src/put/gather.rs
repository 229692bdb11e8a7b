//! Lines become entries, entries become batches.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use millstream_aggregate::limits::AGGREGATE_BYTES_MAX;
use millstream_aggregate::{Builder, UserRecord};
use millstream_types::{HashKey, Random};

use super::entry::{Entry, KeyedLine, Placement};
use super::input::Line;
use super::key::KeyRule;
use super::limits::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, WAITING_BYTES_MAX};
use super::report::Report;
use super::shard_map::ShardMap;

/// What waits to be sent.
pub(crate) struct Gather {
    rule: KeyRule,
    /// Most bytes of a record with its key, if the stream told.
    record_bytes_max: Option<usize>,
    /// With it, lines are aggregated by the shard that they will go to.
    map: Option<Arc<ShardMap>>,
    /// Aggregates that are not full, by shard.
    open: BTreeMap<String, Open>,
    waiting: VecDeque<Entry>,
    waiting_bytes: usize,
}

/// An aggregate that is not full.
#[derive(Default)]
struct Open {
    builder: Builder,
    lines: Vec<KeyedLine>,
}

impl Gather {
    pub fn new(rule: KeyRule, record_bytes_max: Option<usize>, map: Option<Arc<ShardMap>>) -> Self {
        Gather {
            rule,
            record_bytes_max,
            map,
            open: BTreeMap::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.open.is_empty()
    }

    /// Whether more may be read.
    pub fn has_room(&self) -> bool {
        self.waiting_bytes < WAITING_BYTES_MAX
    }

    /// Takes a line; one without a key is told to `report`, and so is one that is empty or too large.
    pub fn add(&mut self, line: Line, random: &dyn Random, report: &mut Report) {
        if line.data.is_empty() {
            return report.skipped_empty();
        }
        let key = self.rule.key_of(&line.data, random);
        match key.and_then(|key| self.sized(&line, key)) {
            Ok(key) => self.add_again(KeyedLine { line, key, misplaced: 0 }),
            Err(reason) => report.rejected(&[line.number], &reason),
        }
    }

    /// The key, unless the stream refuses a record of that size.
    fn sized(&self, line: &Line, key: String) -> Result<String, String> {
        let bytes = line.data.len();
        match self.record_bytes_max {
            Some(max) if bytes + key.len() > max => {
                Err(format!("it has {bytes} bytes; with its key the stream takes {max}"))
            }
            _ => Ok(key),
        }
    }

    /// Takes a line that has its key.
    pub fn add_again(&mut self, keyed: KeyedLine) {
        let shard =
            self.map.as_ref().and_then(|map| map.shard_of(HashKey::of_partition_key(&keyed.key)));
        // Without a known shard a line goes alone: nothing else is sure to go with it.
        let Some(shard) = shard else { return self.wait(Entry::of_line(keyed)) };
        let record = user_record(&keyed);
        if Builder::new().encoded_bytes_with(&record) > AGGREGATE_BYTES_MAX {
            return self.wait(Entry::of_line(keyed));
        }
        let open = self.open.entry(shard.clone()).or_default();
        if open.builder.encoded_bytes_with(&record) > AGGREGATE_BYTES_MAX {
            let full = std::mem::take(open);
            self.wait(full.close(shard.clone()));
        }
        let open = self.open.entry(shard).or_default();
        open.builder.add(&user_record(&keyed));
        open.lines.push(keyed);
    }

    /// Ends the aggregates as they are.
    pub fn close_aggregates(&mut self) {
        for (shard, open) in std::mem::take(&mut self.open) {
            self.wait(open.close(shard));
        }
    }

    /// The next batch: a full one, or with `all` what there is.
    pub fn next_batch(&mut self, all: bool) -> Option<Vec<Entry>> {
        let (mut count, mut bytes) = (0, 0);
        for entry in self.waiting.iter().take(BATCH_RECORDS_MAX) {
            // A larger record goes alone.
            if count > 0 && bytes + entry.bytes() > BATCH_BYTES_MAX {
                break;
            }
            bytes += entry.bytes();
            count += 1;
        }
        let full = count == BATCH_RECORDS_MAX || count < self.waiting.len();
        if count == 0 || !(full || all) {
            return None;
        }
        self.waiting_bytes -= bytes;
        Some(self.waiting.drain(..count).collect())
    }

    /// Gives up all that waits: the numbers of its lines.
    pub fn drop_all(&mut self) -> Vec<u64> {
        self.close_aggregates();
        self.waiting_bytes = 0;
        self.waiting.drain(..).flat_map(|entry| entry.lines).collect()
    }

    fn wait(&mut self, entry: Entry) {
        self.waiting_bytes += entry.bytes();
        self.waiting.push_back(entry);
    }
}

fn user_record(keyed: &KeyedLine) -> UserRecord<'_> {
    UserRecord { partition_key: &keyed.key, explicit_hash_key: None, data: &keyed.line.data }
}

impl Open {
    /// A single line stays as it is, as with the KPL. The key of the first chooses the shard.
    fn close(mut self, shard: String) -> Entry {
        if self.lines.len() == 1 {
            return Entry::of_line(self.lines.remove(0));
        }
        let misplaced = self.lines.iter().map(|keyed| keyed.misplaced).max().unwrap_or_default();
        let lines = self.lines.iter().map(|keyed| keyed.line.number).collect();
        let key = self.lines.swap_remove(0).key;
        let aggregate = Some(Placement { shard, misplaced });
        Entry { data: self.builder.finish(), key, lines, aggregate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_aggregate::Aggregate;

    fn keyed(number: u64, key: &str, bytes: usize) -> KeyedLine {
        let line = Line { number, data: vec![b'x'; bytes] };
        KeyedLine { line, key: key.to_owned(), misplaced: 0 }
    }

    #[test]
    fn batches_keep_both_limits() {
        let mut gather = Gather::new(KeyRule::Random, None, None);
        (0..501).for_each(|n| gather.add_again(keyed(n, "k", 1)));
        assert_eq!(gather.next_batch(false).map(|batch| batch.len()), Some(500));
        assert_eq!(gather.next_batch(false), None);
        assert_eq!(gather.next_batch(true).map(|batch| batch.len()), Some(1));
        for bytes in [3 << 20, 3 << 20, 9 << 20] {
            gather.add_again(keyed(1, "k", bytes));
        }
        let sizes: Vec<usize> =
            std::iter::from_fn(|| gather.next_batch(true)).map(|batch| batch.len()).collect();
        assert_eq!(sizes, [1, 1, 1]);
        assert!(gather.is_empty() && gather.has_room());
    }

    #[test]
    fn a_record_may_have_as_many_bytes_as_the_stream_takes_with_its_key() {
        let gather = |max| Gather::new(KeyRule::Random, max, None);
        let line = |bytes| Line { number: 1, data: vec![b'x'; bytes] };
        assert!(gather(Some(10)).sized(&line(8), "kk".to_owned()).is_ok());
        let refused = gather(Some(10)).sized(&line(9), "kk".to_owned());
        assert_eq!(refused.unwrap_err(), "it has 9 bytes; with its key the stream takes 10");
        assert!(gather(None).sized(&line(1 << 20), "k".to_owned()).is_ok());
    }

    #[test]
    fn lines_are_aggregated_by_shard() {
        let map = Arc::new(ShardMap::uniform(2));
        let mut gather = Gather::new(KeyRule::Random, None, Some(map.clone()));
        (0..100).for_each(|n| gather.add_again(keyed(n, &format!("k{}", n % 10), 10)));
        gather.add_again(keyed(100, "k", 60_000));
        gather.close_aggregates();
        let batch = gather.next_batch(true).unwrap();
        assert_eq!(batch.len(), 3);
        let mut lines = 0;
        for entry in &batch {
            let Some(placement) = &entry.aggregate else {
                assert_eq!(entry.lines, [100]);
                continue;
            };
            let aggregate = Aggregate::decode(&entry.data).expect("an aggregate");
            assert_eq!(aggregate.count(), entry.lines.len());
            lines += aggregate.count();
            for record in aggregate.records() {
                let key = HashKey::of_partition_key(record.partition_key);
                assert_eq!(map.shard_of(key).as_ref(), Some(&placement.shard));
            }
        }
        assert_eq!(lines, 100);
    }

    #[test]
    fn full_aggregates_are_cut_and_single_lines_stay_plain() {
        let map = Arc::new(ShardMap::uniform(1));
        let mut gather = Gather::new(KeyRule::Random, None, Some(map));
        (0..3).for_each(|n| gather.add_again(keyed(n, "k", 20_000)));
        gather.close_aggregates();
        let batch = gather.next_batch(true).unwrap();
        assert_eq!(batch[0].lines, [0, 1]);
        assert!(batch[0].data.len() <= AGGREGATE_BYTES_MAX);
        assert_eq!((batch[1].data.len(), batch[1].aggregate.as_ref()), (20_000, None));
    }
}
