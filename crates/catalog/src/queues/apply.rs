//! What each command about a queue does.

use millstream_replica::GroupId;
use millstream_types::{AccountId, Millis};

use super::{Queue, QueueRefusal, QueueStart, QueueStatus};
use crate::command::{NewQueue, QueueCommand};
use crate::outcome::{Outcome, Refusal};
use crate::state::{Scope, State};
use crate::stream::{StreamMode, StreamStatus};

/// Does one of the commands about queues.
pub(crate) fn apply(state: &mut State, command: &QueueCommand) -> Result<Outcome, Refusal> {
    match command {
        QueueCommand::Create(new) => create(state, new),
        QueueCommand::Activate { group, at, effective_start } => change(state, *group, |queue| {
            if queue.status == QueueStatus::Deleting {
                return Err(QueueRefusal::Status(queue.status).into());
            }
            set_status(queue, QueueStatus::Active, *at);
            // It never changes once it is known.
            queue.effective_start = queue.effective_start.or(effective_start.map(Millis));
            Ok(())
        }),
        QueueCommand::Update { group, visibility_seconds, dead_letters, at } => {
            change(state, *group, |queue| {
                if queue.status != QueueStatus::Active {
                    return Err(QueueRefusal::Status(queue.status).into());
                }
                queue.visibility_seconds = visibility_seconds.unwrap_or(queue.visibility_seconds);
                if let Some(receives) = dead_letters {
                    queue.receives_max = (*receives > 0).then_some(*receives);
                }
                set_status(queue, QueueStatus::Updating, *at);
                Ok(())
            })
        }
        QueueCommand::Delete { group, at, deleting_max } => {
            delete(state, *group, *at, *deleting_max)
        }
        QueueCommand::Remove { group } => remove(state, *group),
    }
}

impl From<QueueRefusal> for Refusal {
    fn from(refusal: QueueRefusal) -> Self {
        Refusal::Queue(refusal)
    }
}

fn scope_of(queue: &Queue) -> Scope {
    (queue.account, queue.region.clone())
}

/// Runs `act` on a copy of the queue and keeps the copy if it succeeds.
pub(crate) fn change(
    state: &mut State,
    group: u64,
    act: impl FnOnce(&mut Queue) -> Result<(), Refusal>,
) -> Result<Outcome, Refusal> {
    let before = state.queues.by_group(GroupId(group)).ok_or(QueueRefusal::NoQueue)?;
    let mut queue = (**before).clone();
    act(&mut queue)?;
    Ok(Outcome::Queue(state.queues.put(queue)))
}

fn set_status(queue: &mut Queue, status: QueueStatus, at: u64) {
    if queue.status != status {
        queue.status = status;
        queue.status_since = Millis(at);
    }
}

/// A queue that is DELETING does not change.
pub(crate) fn not_deleting(queue: &Queue) -> Result<(), Refusal> {
    match queue.status {
        QueueStatus::Deleting => Err(QueueRefusal::Status(queue.status).into()),
        QueueStatus::Creating | QueueStatus::Active | QueueStatus::Updating => Ok(()),
    }
}

fn create(state: &mut State, new: &NewQueue) -> Result<Outcome, Refusal> {
    let account = AccountId::from_u64(new.account).map_err(|_| Refusal::Malformed("account"))?;
    let region = new.region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let scope: Scope = (account, region);
    let name = new.name.parse().map_err(|_| Refusal::Malformed("name"))?;
    let id: millstream_types::QueueId = new.id.parse().map_err(|_| Refusal::Malformed("id"))?;
    let stream = state.by_group(GroupId(new.stream)).ok_or(Refusal::NoStream)?.clone();
    match stream.status {
        StreamStatus::Active | StreamStatus::Updating => {}
        status @ (StreamStatus::Creating | StreamStatus::Deleting) => {
            return Err(Refusal::Status(status));
        }
    }
    if stream.mode != StreamMode::OnDemand {
        return Err(QueueRefusal::NotOnDemand.into());
    }
    if state.queues.has_name(&scope, &name) {
        return Err(QueueRefusal::NameTaken.into());
    }
    if state.readers_of(stream.group) >= new.readers_max {
        return Err(QueueRefusal::ReaderQuota { max: new.readers_max }.into());
    }
    let status = QueueStatus::Creating;
    if state.queues.with_status(&scope, status) >= new.creating_max {
        return Err(QueueRefusal::TransitionQuota { status, max: new.creating_max }.into());
    }
    let group = GroupId(state.next_group);
    state.next_group += 1;
    let queue = Queue {
        group,
        account,
        region: scope.1,
        name,
        id,
        created: Millis(new.at),
        status,
        status_since: Millis(new.at),
        stream: stream.group,
        stream_name: stream.name.clone(),
        stream_created: stream.created,
        start: start_of(new.start),
        effective_start: None,
        visibility_seconds: new.visibility_seconds,
        receives_max: (new.receives_max > 0).then_some(new.receives_max),
        tags: new.tags.clone(),
        policy: None,
    };
    Ok(Outcome::Queue(state.queues.put(queue)))
}

/// A start as commands and slices hold it: kind and time.
pub(super) fn start_of((kind, at): (u8, u64)) -> QueueStart {
    match kind {
        TRIM_HORIZON => QueueStart::TrimHorizon,
        AT_TIMESTAMP => QueueStart::AtTimestamp(Millis(at)),
        _ => QueueStart::Latest,
    }
}

const TRIM_HORIZON: u8 = 1;
const AT_TIMESTAMP: u8 = 2;

impl QueueStart {
    /// As commands and slices hold it: kind and time.
    pub fn stored(self) -> (u8, u64) {
        match self {
            QueueStart::Latest => (0, 0),
            QueueStart::TrimHorizon => (TRIM_HORIZON, 0),
            QueueStart::AtTimestamp(at) => (AT_TIMESTAMP, at.0),
        }
    }
}

fn delete(state: &mut State, group: u64, at: u64, deleting_max: u64) -> Result<Outcome, Refusal> {
    let queue = state.queues.by_group(GroupId(group)).ok_or(QueueRefusal::NoQueue)?;
    let status = QueueStatus::Deleting;
    if queue.status == status {
        return Ok(Outcome::Queue(queue.clone()));
    }
    if state.queues.with_status(&scope_of(queue), status) >= deleting_max {
        return Err(QueueRefusal::TransitionQuota { status, max: deleting_max }.into());
    }
    change(state, group, |queue| {
        set_status(queue, status, at);
        Ok(())
    })
}

fn remove(state: &mut State, group: u64) -> Result<Outcome, Refusal> {
    let queue = state.queues.by_group(GroupId(group)).ok_or(QueueRefusal::NoQueue)?;
    if queue.status != QueueStatus::Deleting {
        return Err(QueueRefusal::Status(queue.status).into());
    }
    state.queues.remove(GroupId(group));
    Ok(Outcome::Done)
}
