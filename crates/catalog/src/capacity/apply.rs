//! What each command about capacity does.

use std::time::Duration;

use millstream_replica::GroupId;
use millstream_types::{AccountId, Millis, Region};

use super::Capacity;
use super::scale::{Way, begin_reshards, begin_scaling, continue_scaling, room, scale_to};
use crate::apply::{active, change, set_status};
use crate::command::{CapacityCommand, ScalingPlan};
use crate::lifecycle::{NewStream, StreamQuotas, create_stream};
use crate::outcome::{CapacityRefusal, Outcome, Refusal};
use crate::state::State;
use crate::stream::{Stream, StreamMode, StreamStatus};

/// How long changes count against the quotas by day (botocore, `UpdateShardCount`: a rolling 24-hour period).
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Most times of one kind that are remembered: a quota above it is none.
const TIMES_MAX: usize = 100;

/// Changes the state by one of the commands about capacity.
pub(crate) fn apply(state: &mut State, command: &CapacityCommand) -> Result<Outcome, Refusal> {
    match *command {
        CapacityCommand::CreateOnDemandStream {
            account,
            ref region,
            ref name,
            shard_count,
            max_record_size_kib,
            ref tags,
            at,
            shards_max,
            streams_max,
            creating_max,
            on_demand_max,
            warm_mibps,
            auto,
            retention_hours,
        } => {
            let quotas = StreamQuotas { shards_max, streams_max, creating_max };
            let new = NewStream {
                account,
                region,
                name,
                shard_count,
                max_record_size_kib,
                tags,
                retention_hours,
            };
            let capacity = Capacity { warm_mibps, auto, ..Capacity::default() };
            create_on_demand(state, &new, capacity, at, (quotas, on_demand_max))
        }
        CapacityCommand::SetMode {
            group,
            on_demand,
            warm_mibps,
            at,
            per_day_max,
            on_demand_max,
            shards_max,
            plan,
        } => {
            let quotas = ModeQuotas { per_day_max, on_demand_max, shards_max };
            set_mode(state, group, on_demand, (warm_mibps, plan), at, quotas)
        }
        CapacityCommand::SetDistribution { group, auto } => {
            change(state, group, |stream| set_distribution(stream, auto))
        }
        CapacityCommand::BeginScaling { group, target, at, per_day_max, shards_max, plan } => {
            begin_scaling(state, group, (target, plan), at, per_day_max, shards_max)
        }
        CapacityCommand::ContinueScaling { group } => change(state, group, continue_scaling),
        CapacityCommand::SetWarmThroughput { group, mibps, target, at, shards_max, plan } => {
            set_warm_throughput(state, group, mibps, (target, plan), at, shards_max)
        }
        CapacityCommand::BeginReshards { group, ref reshards, at, shards_max } => {
            begin_reshards(state, group, reshards, at, shards_max)
        }
        CapacityCommand::NotePeak { group, day, kibps } => change(state, group, |stream| {
            of_mode(stream, StreamMode::OnDemand)?;
            stream.capacity.note_peak(day, kibps);
            Ok(())
        }),
        CapacityCommand::ForgetCommitments => Ok(forget_commitments(state)),
        CapacityCommand::SetCommitment { account, ref region, enabled, at } => {
            crate::commitment::set_commitment(state, account, region, enabled, Millis(at))
        }
    }
}

fn forget_commitments(state: &mut State) -> Outcome {
    state.commitments.clear();
    Outcome::Done
}

fn create_on_demand(
    state: &mut State,
    new: &NewStream<'_>,
    capacity: Capacity,
    at: u64,
    (quotas, on_demand_max): (StreamQuotas, u64),
) -> Result<Outcome, Refusal> {
    let owner = AccountId::from_u64(new.account).map_err(|_| Refusal::Malformed("account"))?;
    let of: Region = new.region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let taken = new.name.parse().is_ok_and(|name| state.lookup(owner, &of, &name).is_some());
    if !taken {
        on_demand_quota(state, owner, &of, on_demand_max)?;
    }
    let group = create_stream(state, new, at, quotas)?.group.0;
    change(state, group, |stream| {
        stream.mode = StreamMode::OnDemand;
        stream.capacity = capacity;
        Ok(())
    })
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

fn set_warm_throughput(
    state: &mut State,
    group: u64,
    mibps: u32,
    way: Way,
    at: u64,
    shards_max: u64,
) -> Result<Outcome, Refusal> {
    let room = room(state, group, shards_max)?;
    change(state, group, |stream| {
        active(stream)?;
        of_mode(stream, StreamMode::OnDemand)?;
        stream.capacity.warm_mibps = Some(mibps);
        // What was needed once is released with it; the traffic of today counts again as it comes.
        stream.capacity.peaks.clear();
        scale_to(stream, way, room, shards_max)?;
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}

/// Refuses what is only for streams of one mode.
pub(crate) fn of_mode(stream: &Stream, mode: StreamMode) -> Result<(), Refusal> {
    if stream.mode == mode {
        Ok(())
    } else {
        Err(Refusal::Capacity(CapacityRefusal::Mode(stream.mode)))
    }
}

/// Refuses what was done as often as a day allows.
pub(super) fn left_of_day(times: &[Millis], at: Millis, max: u64) -> Result<(), Refusal> {
    if times.iter().filter(|time| at < time.plus(DAY)).count() as u64 >= max {
        return Err(Refusal::Capacity(CapacityRefusal::ChangesPerDay { max }));
    }
    Ok(())
}

/// Takes one of the changes that a day allows.
pub(super) fn take_of_day(times: &mut Vec<Millis>, at: Millis, max: u64) -> Result<(), Refusal> {
    left_of_day(times, at, max)?;
    times.retain(|time| at < time.plus(DAY));
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
    (warm_mibps, plan): (Option<u32>, Option<ScalingPlan>),
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
                scale_to(stream, (target, plan), room, quotas.shards_max)?;
            }
        }
        set_status(stream, StreamStatus::Updating, at);
        Ok(())
    })
}
