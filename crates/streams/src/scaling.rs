//! On-demand streams: how many shards the traffic needs, decided each minute of service time.
//!
//! The rules (developer guide, "Choose the data stream capacity mode"): there is room for twice the peak of the last 30
//! days; a shard that takes more than 500 KB/s is split evenly within 15 minutes. Shards are merged once they are more
//! than that room needs, if they and the shard beside them were cold for a day: together at most half of what makes a
//! shard hot. So what was merged is not split again by the same traffic, and what was split is not merged the same day.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use millstream_catalog::{CapacityCommand, Command, Reshard, Shard, Stream};
use millstream_counters::{Collector, Counter, Sample};
use millstream_log::GroupId;
use millstream_types::{HashKey, Millis, ShardId};

use crate::errors::Refusal;
use crate::limits::ON_DEMAND_SHARDS_MIN;
use crate::service::Streams;

/// How long the traffic is measured for one rate.
const SAMPLE_MS: u64 = 60_000;
/// How many rates make a shard hot: five minutes of the fifteen in which it is to be split.
const HOT_SAMPLES: usize = 5;
/// How many rates a release of capacity looks back: a quarter of an hour.
const RECENT_SAMPLES: usize = 15;
/// A shard above it on average is hot, in bytes per second (developer guide: 500 KB/s).
const HOT_BYTES_PER_SECOND: u64 = 500_000;
/// Two shards side by side that are together at most this are cold.
const COLD_BYTES_PER_SECOND: u64 = HOT_BYTES_PER_SECOND / 2;
/// What a shard's records count in bytes: it takes 1,000 records or 1 MiB a second, whichever comes first.
const RECORD_COUNTS_BYTES: u64 = SHARD_BYTES_PER_SECOND / 1000;
const SHARD_BYTES_PER_SECOND: u64 = 1024 * 1024;
const DAY_MS: u64 = 24 * 3_600_000;
/// Most changes of shards in one command.
const CHANGES_MAX: usize = 1000;
/// A peak is written down once it is this much above the day's, in KiB/s, and a fiftieth of it.
const PEAK_STEP_KIBPS: u32 = 16;

/// What is counted about scaling by traffic.
#[derive(Debug, Default)]
pub struct ScalingCounters {
    ups: Counter,
    downs: Counter,
    refused: Counter,
}

/// What is known of the traffic of on-demand streams. A restart forgets it; what must last is in the catalog.
#[derive(Default)]
pub struct Watches(HashMap<GroupId, Watch>);

impl Watches {
    /// Forgets streams that are gone or not on-demand any more. `streams` are in the order of their groups.
    pub fn keep(&mut self, streams: &[Arc<Stream>]) {
        self.0.retain(|group, _| {
            let found = streams.binary_search_by_key(group, |stream| stream.group);
            found.is_ok_and(|at| streams[at].mode == millstream_catalog::StreamMode::OnDemand)
        });
    }
}

/// The traffic of one stream.
struct Watch {
    at: Millis,
    /// Its last rates, in bytes per second, the latest last.
    rates: VecDeque<u64>,
    shards: HashMap<ShardId, ShardWatch>,
}

/// The traffic of one open shard, in bytes per second.
struct ShardWatch {
    /// Bytes that were counted by the last sample.
    counted: u64,
    rates: [u64; HOT_SAMPLES],
    samples: usize,
    /// When this day of its maximum began, that maximum, and the day before's; `None` before there was one.
    day_began: Millis,
    day_most: u64,
    day_before_most: Option<u64>,
}

impl ShardWatch {
    fn new(counted: u64, now: Millis) -> Self {
        ShardWatch {
            counted,
            rates: [0; HOT_SAMPLES],
            samples: 0,
            day_began: now,
            day_most: 0,
            day_before_most: None,
        }
    }

    fn sample(&mut self, counted: u64, elapsed_ms: u64, now: Millis) -> u64 {
        let rate = counted.saturating_sub(self.counted).saturating_mul(1000) / elapsed_ms.max(1);
        self.counted = counted;
        self.rates[self.samples % HOT_SAMPLES] = rate;
        self.samples += 1;
        self.day_most = self.day_most.max(rate);
        if now.0 >= self.day_began.0 + DAY_MS {
            self.day_before_most = Some(self.day_most);
            (self.day_began, self.day_most) = (now, rate);
        }
        rate
    }

    /// The average of the last rates, once there are enough of them.
    fn steady_rate(&self) -> Option<u64> {
        let enough = self.samples >= HOT_SAMPLES;
        enough.then(|| self.rates.iter().sum::<u64>() / HOT_SAMPLES as u64)
    }

    /// The highest rate of at least a whole day; `None` if it was not watched for so long.
    fn most_of_a_day(&self) -> Option<u64> {
        self.day_before_most.map(|before| before.max(self.day_most))
    }

    fn latest(&self) -> u64 {
        self.samples.checked_sub(1).map_or(0, |last| self.rates[last % HOT_SAMPLES])
    }
}

impl Watch {
    fn new(now: Millis) -> Self {
        Watch { at: now, rates: VecDeque::new(), shards: HashMap::new() }
    }

    /// Measures the traffic since the last time: the stream's bytes per second, or `None` if it is too early.
    fn sample(
        &mut self,
        stream: &Stream,
        now: Millis,
        counted: impl Fn(ShardId) -> u64,
    ) -> Option<u64> {
        let elapsed_ms = now.0.saturating_sub(self.at.0);
        let open: Vec<ShardId> = stream.open_shards().map(|shard| shard.id).collect();
        for id in &open {
            // A child's first sample counts all it has taken: it is younger than the sample's time.
            let begun = if self.shards.is_empty() { counted(*id) } else { 0 };
            self.shards.entry(*id).or_insert_with(|| ShardWatch::new(begun, now));
        }
        if elapsed_ms < SAMPLE_MS {
            return None;
        }
        self.at = now;
        // What a closed shard took in this time belongs to the stream's rate too, then the shard is forgotten.
        let rate =
            |(id, watch): (&ShardId, &mut ShardWatch)| watch.sample(counted(*id), elapsed_ms, now);
        let total = self.shards.iter_mut().map(rate).sum();
        self.rates.push_back(total);
        let over = self.rates.len().saturating_sub(RECENT_SAMPLES);
        self.rates.drain(..over);
        self.shards.retain(|id, _| open.binary_search(id).is_ok());
        Some(total)
    }

    /// The highest of the last rates, in KiB/s.
    fn recent_kibps(&self) -> u32 {
        kibps(self.rates.iter().copied().max().unwrap_or(0))
    }

    /// What is to be changed so that `desired` shards are open.
    fn decide(&self, stream: &Stream, desired: usize, shards_max: usize) -> Vec<Reshard> {
        let open: Vec<&Shard> = stream.open_shards().collect();
        let splits = self.splits(&open, desired, shards_max);
        if !splits.is_empty() || open.len() <= desired {
            return splits;
        }
        self.merges(open, desired)
    }

    /// Hot shards, and then the busiest and widest until there are enough; none twice, so that at most twice as many
    /// come of it.
    fn splits(&self, open: &[&Shard], desired: usize, shards_max: usize) -> Vec<Reshard> {
        let hot = |shard: &Shard| {
            let rate = self.shards.get(&shard.id).and_then(ShardWatch::steady_rate);
            rate.is_some_and(|rate| rate > HOT_BYTES_PER_SECOND)
        };
        let mut busiest: Vec<&&Shard> =
            open.iter().filter(|shard| shard.range.start < shard.range.end).collect();
        let rank = |shard: &Shard| {
            let latest = self.shards.get(&shard.id).map_or(0, ShardWatch::latest);
            (hot(shard), latest, shard.range.end.0 - shard.range.start.0, Reverse(shard.id))
        };
        busiest.sort_by_cached_key(|shard| Reverse(rank(shard)));
        let hot_count = busiest.iter().filter(|shard| hot(shard)).count();
        let wanted = hot_count.max(desired.saturating_sub(open.len()));
        let room = shards_max.saturating_sub(open.len());
        let chosen = busiest.into_iter().take(wanted.min(room).min(CHANGES_MAX));
        chosen.map(|shard| halves(shard)).collect()
    }

    /// The coldest pairs until there are few enough; no shard twice.
    fn merges(&self, mut open: Vec<&Shard>, desired: usize) -> Vec<Reshard> {
        open.sort_unstable_by_key(|shard| shard.range.start);
        let most = |shard: &Shard| self.shards.get(&shard.id).and_then(ShardWatch::most_of_a_day);
        let cold = |pair: &[&Shard]| {
            let together = most(pair[0])?.saturating_add(most(pair[1])?);
            let width = pair[1].range.end.0 - pair[0].range.start.0;
            (together <= COLD_BYTES_PER_SECOND).then_some((together, width))
        };
        let mut pairs: Vec<_> = open
            .windows(2)
            .filter_map(|pair| Some((cold(pair)?, pair[0].id, pair[1].id)))
            .collect();
        pairs.sort_unstable();
        let mut taken = std::collections::HashSet::new();
        let mut merges = Vec::new();
        for (_, low, high) in pairs {
            if merges.len() == (open.len() - desired).min(CHANGES_MAX) {
                break;
            }
            if !taken.contains(&low) && !taken.contains(&high) {
                taken.extend([low, high]);
                merges.push(Reshard::Merge { shard: low.0, adjacent: high.0 });
            }
        }
        merges
    }
}

fn halves(shard: &Shard) -> Reshard {
    let (start, end) = (shard.range.start.0, shard.range.end.0);
    let middle = HashKey(start + (end - start) / 2 + 1);
    Reshard::Split { shard: shard.id.0, new_start: middle.0.to_be_bytes() }
}

/// How many shards have room for twice a peak, for the warm throughput, and for the least that a stream has.
fn desired_shards(peak_kibps: u32, warm_mibps: u32, mibps_max: u64) -> usize {
    let twice_the_peak = (u64::from(peak_kibps) * 2).div_ceil(1024);
    let by_traffic = twice_the_peak.min(mibps_max);
    by_traffic.max(u64::from(warm_mibps)).max(u64::from(ON_DEMAND_SHARDS_MIN)) as usize
}

/// What writes a rate down as the day's peak, if it is one.
fn new_peak(stream: &Stream, rate: u64, now: Millis) -> Option<Command> {
    let (day, kibps) = (day_of(now), kibps(rate));
    let today = stream.capacity.peaks.iter().find(|(of, _)| *of == day).map_or(0, |(_, k)| *k);
    let is_new = kibps >= today.saturating_add(today / 50).saturating_add(PEAK_STEP_KIBPS);
    is_new.then_some(CapacityCommand::NotePeak { group: stream.group.0, day, kibps }.into())
}

impl Streams {
    /// Looks at an on-demand stream's traffic once a minute, and begins what it asks for.
    pub(crate) async fn scale_by_traffic(
        &self,
        stream: &Arc<Stream>,
        watches: &mut Watches,
        now: Millis,
    ) -> Result<(), Refusal> {
        let runtime = self.runtimes.known(stream.group);
        let counted = |shard: ShardId| {
            let limits = runtime.as_ref().and_then(|runtime| runtime.known_limits_of(shard));
            let (bytes, records) = limits.map_or((0, 0), |limits| limits.written());
            bytes.max(records.saturating_mul(RECORD_COUNTS_BYTES))
        };
        let watch = watches.0.entry(stream.group).or_insert_with(|| Watch::new(now));
        let Some(rate) = watch.sample(stream, now, counted) else { return Ok(()) };
        if let Some(runtime) = &runtime {
            runtime.traffic.recent_kibps.store(watch.recent_kibps(), Ordering::Relaxed);
        }
        let stream = self.note_peak(stream, rate, now).await?;
        let warm = match stream.capacity.warm_mibps {
            Some(mibps) if self.is_committed(&stream) => mibps,
            Some(_) | None => 0,
        };
        let mibps_max = self.limits.on_demand_mibps_max;
        let desired = desired_shards(stream.capacity.peak_kibps(day_of(now)), warm, mibps_max);
        let shards_max = desired.max(usize::try_from(mibps_max).unwrap_or(usize::MAX));
        let reshards = watch.decide(&stream, desired, shards_max);
        if !reshards.is_empty() {
            self.scale(&stream, reshards, rate, now).await?;
        }
        Ok(())
    }

    /// How many shards a stream needs for the traffic of the last minutes and a warm throughput.
    pub(crate) fn needed_shards(&self, stream: &Stream, warm_mibps: u32) -> u32 {
        let runtime = self.runtimes.known(stream.group);
        let recent = runtime.map_or(0, |r| r.traffic.recent_kibps.load(Ordering::Relaxed));
        desired_shards(recent, warm_mibps, self.limits.on_demand_mibps_max) as u32
    }

    /// Writes a peak down where it lasts, if it is a new one.
    async fn note_peak(
        &self,
        stream: &Arc<Stream>,
        rate: u64,
        now: Millis,
    ) -> Result<Arc<Stream>, Refusal> {
        match new_peak(stream, rate, now) {
            Some(note) => self.change(stream, &note).await,
            None => Ok(stream.clone()),
        }
    }

    async fn scale(
        &self,
        stream: &Stream,
        reshards: Vec<Reshard>,
        rate: u64,
        now: Millis,
    ) -> Result<(), Refusal> {
        let up = matches!(reshards.first(), Some(Reshard::Split { .. }));
        let (changes, open) = (reshards.len(), stream.open_shards().count());
        let shards_max = self.limits.shards_max;
        let command = CapacityCommand::BeginReshards {
            group: stream.group.0,
            reshards,
            at: now.0,
            shards_max,
        }
        .into();
        match self.change(stream, &command).await {
            Ok(_) => {
                (if up { &self.scaling.ups } else { &self.scaling.downs }).add(1);
                let to = if up { open + changes } else { open - changes };
                let name = &stream.name;
                tracing::info!(stream = %name, from = open, to, rate, "an on-demand stream scales");
                Ok(())
            }
            // A quota is for someone to raise, not a step to be tried again each second.
            Err(Refusal::Change { why, .. }) => {
                self.scaling.refused.add(1);
                tracing::warn!(stream = %stream.name, ?why, "an on-demand stream cannot scale");
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// Shows what was counted, and the capacity of the on-demand streams that are in use.
    pub(crate) fn collect_scaling(&self, to: &mut dyn Collector) {
        for (name, help, counter) in [
            (
                "millstream_on_demand_scale_ups_total",
                "Times that an on-demand stream got more shards for its traffic.",
                &self.scaling.ups,
            ),
            (
                "millstream_on_demand_scale_downs_total",
                "Times that an on-demand stream got fewer shards for its traffic.",
                &self.scaling.downs,
            ),
            (
                "millstream_on_demand_scale_refused_total",
                "Times that a quota kept an on-demand stream from scaling.",
                &self.scaling.refused,
            ),
        ] {
            to.sample(name, help, &[], Sample::Counter(counter.get()));
        }
        let on_demand =
            |stream: &&Arc<Stream>| stream.mode == millstream_catalog::StreamMode::OnDemand;
        let streams: Vec<Arc<Stream>> = self.catalog.read(|state| {
            state.streams().filter(on_demand).take(STREAMS_SHOWN_MAX).cloned().collect()
        });
        let help = "Write throughput that the open shards of an on-demand stream take, in MiB/s.";
        for stream in streams {
            let account = stream.account.to_string();
            let labels = [
                ("stream", stream.name.as_str()),
                ("region", stream.region.as_str()),
                ("account", account.as_str()),
            ];
            let open = Sample::Gauge(stream.open_shards().count() as u64);
            to.sample("millstream_on_demand_capacity_mibps", help, &labels, open);
        }
    }
}

/// On-demand streams whose capacity is shown.
const STREAMS_SHOWN_MAX: usize = 1000;

fn kibps(bytes_per_second: u64) -> u32 {
    u32::try_from(bytes_per_second / 1024).unwrap_or(u32::MAX)
}

fn day_of(now: Millis) -> u32 {
    u32::try_from(now.0 / DAY_MS).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
