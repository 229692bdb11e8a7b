//! What belongs to modes and numbers of shards: scaling, warm throughput, distribution, peaks; and the
//! commands that change them.

use std::time::Duration;

use millstream_replica::GroupId;
use millstream_types::{AccountId, Millis, Region, ShardId};

use crate::apply::{active, change, create_stream, merge, reserve, set_status, shard_quota, split};
use crate::command::{Command, Reshard};
use crate::outcome::{CapacityRefusal, Outcome, Refusal};
use crate::scaling::{Change, OpenShard, is_even, next_step, peak};
use crate::state::State;
use crate::stream::{Stream, StreamMode, StreamStatus};

/// How long changes count against the quotas by day (botocore, `UpdateShardCount`: a rolling 24-hour period).
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Most times of one kind that are remembered: a quota above it is none.
const TIMES_MAX: usize = 100;
/// How many days peaks are remembered (developer guide, "Choose the data stream capacity mode": 30 days).
pub const PEAK_DAYS: u32 = 30;
/// What belongs to a stream's mode and number of shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// The number of equal shards that the stream is on its way to.
    pub scaling: Option<Scaling>,
    /// When UpdateShardCount was called in the last 24 hours.
    pub scaled: Vec<Millis>,
    /// When the mode was changed in the last 24 hours.
    pub mode_changed: Vec<Millis>,
    /// The warm throughput that was asked for, in MiB/s.
    pub warm_mibps: Option<u32>,
    /// Whether the service chooses the shards of records, and not the partition key.
    pub auto: bool,
    /// Peaks of the write throughput: days since 1970 and KiB/s, the oldest first; at most one a day.
    pub peaks: Vec<(u32, u32)>,
}

/// A change to equal shards that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// How many shards were open before.
    pub from: u32,
    /// How many there are to be.
    pub target: u32,
    /// How many are open at most on the way: so many count against the quota until it is done.
    pub open_max: u32,
}

impl Capacity {
    /// The highest write throughput that is remembered on `day` (days since 1970), in KiB/s.
    pub fn peak_kibps(&self, day: u32) -> u32 {
        let kept = self.peaks.iter().filter(|(of, _)| of.saturating_add(PEAK_DAYS) > day);
        kept.map(|(_, kibps)| *kibps).max().unwrap_or(0)
    }

    fn note_peak(&mut self, day: u32, kibps: u32) {
        self.peaks.retain(|(of, _)| of.saturating_add(PEAK_DAYS) > day);
        match self.peaks.iter_mut().find(|(of, _)| *of == day) {
            Some((_, known)) => *known = kibps.max(*known),
            None => self.peaks.push((day, kibps)),
        }
        // A clock that went back between two nodes must not make the list longer than its days.
        self.peaks.sort_unstable();
        let over = self.peaks.len().saturating_sub(PEAK_DAYS as usize);
        self.peaks.drain(..over);
    }
}

/// Changes the state by one of the commands about capacity.
pub(crate) fn apply(state: &mut State, command: &Command) -> Result<Outcome, Refusal> {
    match *command {
        Command::CreateOnDemandStream { .. } => create_on_demand(state, command),
        Command::SetMode {
            group,
            on_demand,
            warm_mibps,
            at,
            per_day_max,
            on_demand_max,
            shards_max,
        } => {
            let quotas = ModeQuotas { per_day_max, on_demand_max, shards_max };
            set_mode(state, group, on_demand, warm_mibps, at, quotas)
        }
        Command::SetDistribution { group, auto } => {
            change(state, group, |stream| set_distribution(stream, auto))
        }
        Command::BeginScaling { group, target, at, per_day_max, shards_max } => {
            begin_scaling(state, group, target, at, per_day_max, shards_max)
        }
        Command::ContinueScaling { group } => change(state, group, |stream| {
            continue_scaling(stream);
            Ok(())
        }),
        Command::SetWarmThroughput { group, mibps, target, at, shards_max } => {
            let room = room(state, group, shards_max)?;
            change(state, group, |stream| {
                active(stream)?;
                of_mode(stream, StreamMode::OnDemand)?;
                stream.capacity.warm_mibps = Some(mibps);
                // What was needed once is released with it; the traffic of today counts again as it comes.
                stream.capacity.peaks.clear();
                scale_to(stream, target, room, shards_max)?;
                set_status(stream, StreamStatus::Updating, at);
                Ok(())
            })
        }
        Command::BeginReshards { group, ref reshards, at, shards_max } => {
            let room = room(state, group, shards_max)?;
            change(state, group, |stream| {
                begin_reshards(stream, reshards, room, shards_max)?;
                set_status(stream, StreamStatus::Updating, at);
                Ok(())
            })
        }
        Command::NotePeak { group, day, kibps } => change(state, group, |stream| {
            of_mode(stream, StreamMode::OnDemand)?;
            stream.capacity.note_peak(day, kibps);
            Ok(())
        }),
        Command::SetCommitment { account, ref region, enabled, at } => {
            crate::commitment::set_commitment(state, account, region, enabled, Millis(at))
        }
        _ => Err(Refusal::Malformed("not about capacity")),
    }
}

fn create_on_demand(state: &mut State, command: &Command) -> Result<Outcome, Refusal> {
    let Command::CreateOnDemandStream {
        account,
        region,
        name,
        shard_count,
        max_record_size_kib,
        tags,
        at,
        shards_max,
        streams_max,
        creating_max,
        on_demand_max,
        warm_mibps,
        auto,
    } = command
    else {
        return Err(Refusal::Malformed("not a CreateOnDemandStream"));
    };
    let owner = AccountId::from_u64(*account).map_err(|_| Refusal::Malformed("account"))?;
    let of: Region = region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let fits = on_demand_quota(state, owner, &of, *on_demand_max);
    let create = Command::CreateStream {
        account: *account,
        region: region.clone(),
        name: name.clone(),
        shard_count: *shard_count,
        max_record_size_kib: *max_record_size_kib,
        tags: tags.clone(),
        at: *at,
        shards_max: *shards_max,
        streams_max: *streams_max,
        creating_max: *creating_max,
    };
    let taken = || name.parse().is_ok_and(|name| state.lookup(owner, &of, &name).is_some());
    if !taken() {
        fits?;
    }
    match create_stream(state, &create)? {
        Outcome::Stream(stream) => change(state, stream.group.0, |stream| {
            stream.mode = StreamMode::OnDemand;
            stream.capacity.warm_mibps = *warm_mibps;
            stream.capacity.auto = *auto;
            Ok(())
        }),
        other => Ok(other),
    }
}

fn on_demand_quota(
    state: &State,
    account: AccountId,
    region: &Region,
    max: u64,
) -> Result<(), Refusal> {
    let full = state.usage(account, region).on_demand >= max;
    if full { Err(Refusal::Capacity(CapacityRefusal::OnDemandQuota { max })) } else { Ok(()) }
}

fn set_distribution(stream: &mut Stream, auto: bool) -> Result<(), Refusal> {
    match stream.status {
        StreamStatus::Active | StreamStatus::Updating => {}
        status @ (StreamStatus::Creating | StreamStatus::Deleting) => {
            return Err(Refusal::Status(status));
        }
    }
    if auto {
        of_mode(stream, StreamMode::OnDemand)?;
    }
    stream.capacity.auto = auto;
    Ok(())
}

/// Refuses what is only for streams of one mode.
pub(crate) fn of_mode(stream: &Stream, mode: StreamMode) -> Result<(), Refusal> {
    if stream.mode == mode {
        Ok(())
    } else {
        Err(Refusal::Capacity(CapacityRefusal::Mode(stream.mode)))
    }
}

/// Takes one of the changes that a day allows.
fn take_of_day(times: &mut Vec<Millis>, at: Millis, max: u64) -> Result<(), Refusal> {
    times.retain(|time| at < time.plus(DAY));
    if times.len() as u64 >= max {
        return Err(Refusal::Capacity(CapacityRefusal::ChangesPerDay { max }));
    }
    times.push(at);
    let over = times.len().saturating_sub(TIMES_MAX);
    times.drain(..over);
    Ok(())
}

struct ModeQuotas {
    per_day_max: u64,
    on_demand_max: u64,
    shards_max: u64,
}

fn set_mode(
    state: &mut State,
    group: u64,
    on_demand: bool,
    warm_mibps: Option<u32>,
    at: u64,
    quotas: ModeQuotas,
) -> Result<Outcome, Refusal> {
    let room = room(state, group, quotas.shards_max)?;
    let stream = state.by_group(GroupId(group)).ok_or(Refusal::NoStream)?;
    // With queues a stream stays on-demand (botocore, `UpdateStreamMode`); channels need it likewise.
    let queues = state.queues.count_of(GroupId(group));
    if !on_demand {
        crate::channels::none_at_work(state, group)?;
    }
    let fits = on_demand_quota(state, stream.account, &stream.region, quotas.on_demand_max);
    change(state, group, |stream| {
        active(stream)?;
        let mode = if on_demand { StreamMode::OnDemand } else { StreamMode::Provisioned };
        if stream.mode == mode {
            return Err(Refusal::Capacity(CapacityRefusal::Mode(mode)));
        }
        if on_demand {
            fits?;
        } else if queues > 0 {
            return Err(Refusal::Capacity(CapacityRefusal::HasQueues));
        }
        take_of_day(&mut stream.capacity.mode_changed, Millis(at), quotas.per_day_max)?;
        stream.mode = mode;
        // The distribution is an on-demand stream's setting: a provisioned one has the default.
        stream.capacity.auto = false;
        stream.capacity.warm_mibps = warm_mibps;
        stream.capacity.peaks.clear();
        if on_demand {
            let open = stream.open_shards().count() as u32;
            // An on-demand stream has room for twice its peak, so this peak is what the shards are for.
            let day = (Millis(at).seconds() / DAY.as_secs()) as u32;
            stream.capacity.note_peak(day, open.saturating_mul(1024) / 2);
            if let Some(target) = warm_mibps.filter(|warm| *warm > open) {
                scale_to(stream, target, room, quotas.shards_max)?;
            }
        }
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}

/// How many shards of the stream may be open within the quota.
fn room(state: &State, group: u64, shards_max: u64) -> Result<usize, Refusal> {
    let stream = state.by_group(GroupId(group)).ok_or(Refusal::NoStream)?;
    let all = state.usage(stream.account, &stream.region).claimed;
    let others = all.saturating_sub(crate::state::Usage::of(stream).claimed);
    Ok(usize::try_from(shards_max.saturating_sub(others)).unwrap_or(usize::MAX))
}

fn open_by_key(stream: &Stream) -> Vec<OpenShard> {
    let mut open: Vec<OpenShard> =
        stream.open_shards().map(|shard| (shard.id, shard.range)).collect();
    open.sort_unstable_by_key(|(_, range)| range.start);
    open
}

fn begin_scaling(
    state: &mut State,
    group: u64,
    target: u32,
    at: u64,
    per_day_max: u64,
    shards_max: u64,
) -> Result<Outcome, Refusal> {
    let room = room(state, group, shards_max)?;
    change(state, group, |stream| {
        of_mode(stream, StreamMode::Provisioned)?;
        active(stream)?;
        let shards = open_by_key(stream);
        let open = shards.len() as u32;
        if target > open.saturating_mul(2) || target < open.div_ceil(2) {
            return Err(Refusal::Capacity(CapacityRefusal::ShardCountBounds { open, target }));
        }
        if is_even(&shards, target) {
            return Err(Refusal::Capacity(CapacityRefusal::ShardCountSame { open }));
        }
        take_of_day(&mut stream.capacity.scaled, Millis(at), per_day_max)?;
        scale_to(stream, target, room, shards_max)?;
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}

/// Begins the way to `target` equal shards, unless they are there.
fn scale_to(stream: &mut Stream, target: u32, room: usize, shards_max: u64) -> Result<(), Refusal> {
    let shards = open_by_key(stream);
    if target == 0 {
        return Err(Refusal::Malformed("a stream has shards"));
    }
    if is_even(&shards, target) {
        return Ok(());
    }
    let from = shards.len() as u32;
    let quota = Refusal::ShardQuota { max: shards_max, open: u64::from(from) };
    if target as usize > room {
        return Err(quota);
    }
    let open_max = peak(&shards, target, room.max(shards.len())).ok_or(quota)? as u32;
    stream.capacity.scaling = Some(Scaling { from, target, open_max });
    continue_scaling(stream);
    Ok(())
}

/// Reserves the shards of the next step, or ends the scaling if there is none.
fn continue_scaling(stream: &mut Stream) {
    let Some(scaling) = stream.capacity.scaling.filter(|_| stream.reshard.is_none()) else {
        return;
    };
    let shards = open_by_key(stream);
    let step = next_step(&shards, scaling.target, scaling.open_max as usize);
    if step.is_empty() {
        stream.capacity.scaling = None;
        return;
    }
    let ranges: std::collections::HashMap<ShardId, _> = shards.into_iter().collect();
    let next = stream.shards.len() as u32;
    let mut families = Vec::with_capacity(step.len());
    for change in &step {
        let parents = match *change {
            Change::Split(id, _) => vec![id],
            Change::Merge(low, high) => vec![low, high],
        };
        let open: Vec<OpenShard> = parents.iter().map(|id| (*id, ranges[id])).collect();
        let children = crate::scaling::after(&open, &[*change], next);
        families.push((parents, children.into_iter().map(|(_, range)| range).collect()));
    }
    reserve_all(stream, &families);
}

type Family = (Vec<ShardId>, Vec<millstream_types::HashKeyRange>);

/// Reserves the children of several families as one change.
fn reserve_all(stream: &mut Stream, families: &[Family]) {
    let mut all = crate::stream::ReshardUnderWay { parents: Vec::new(), children: Vec::new() };
    for (parents, ranges) in families {
        reserve(stream, parents, ranges);
        if let Some(one) = stream.reshard.take() {
            all.parents.extend(one.parents);
            all.children.extend(one.children);
        }
    }
    stream.reshard = Some(all);
}

fn begin_reshards(
    stream: &mut Stream,
    reshards: &[Reshard],
    room: usize,
    shards_max: u64,
) -> Result<(), Refusal> {
    active(stream)?;
    of_mode(stream, StreamMode::OnDemand)?;
    let mut families: Vec<Family> = Vec::with_capacity(reshards.len());
    let mut taken = std::collections::BTreeSet::new();
    for reshard in reshards {
        let family = match *reshard {
            Reshard::Split { shard, new_start } => {
                let key = millstream_types::HashKey(u128::from_be_bytes(new_start));
                let (lower, upper) = split(stream, ShardId(shard), key)?;
                (vec![ShardId(shard)], vec![lower, upper])
            }
            Reshard::Merge { shard, adjacent } => {
                let (shard, adjacent) = (ShardId(shard), ShardId(adjacent));
                (vec![shard, adjacent], vec![merge(stream, shard, adjacent)?])
            }
        };
        if let Some(twice) = family.0.iter().find(|id| !taken.insert(**id)) {
            return Err(Refusal::ShardClosed(*twice));
        }
        families.push(family);
    }
    if families.is_empty() {
        return Err(Refusal::Malformed("no change of shards"));
    }
    let more: usize = families.iter().map(|(_, children)| children.len()).sum();
    let open = stream.open_shards().count();
    let extra = more.saturating_sub(taken.len());
    shard_quota(open as u64, extra as u64, room as u64)
        .map_err(|_| Refusal::ShardQuota { max: shards_max, open: open as u64 })?;
    reserve_all(stream, &families);
    Ok(())
}
