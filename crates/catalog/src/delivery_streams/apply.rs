//! What each command about a delivery stream does.

use std::sync::Arc;
use std::time::Duration;

use millstream_replica::GroupId;
use millstream_types::{AccountId, DeliveryStreamName, Millis};

use super::{
    DeliveryDestination, DeliveryEncryption, DeliveryEncryptionStatus, DeliveryFailure,
    DeliverySource, DeliveryStream, DeliveryStreamRefusal, DeliveryStreamStatus, KinesisSource,
};
use crate::command::{DeliveryStreamCommand, NewDeliverySource, NewDeliveryStream, WrappedKey};
use crate::outcome::{Outcome, Refusal};
use crate::resources;
use crate::state::{Scope, State};
use crate::stream::StreamStatus;

/// How long a data key is kept once it is no longer written with: longer than Firehose keeps undelivered data, which is
/// 24 hours, and 7 days for the records of a stream.
const KEY_LIFE_AFTER_USE: Duration = Duration::from_secs(8 * 24 * 3600);

/// Does one of the commands about delivery streams.
pub(crate) fn apply(
    state: &mut State,
    command: &DeliveryStreamCommand,
) -> Result<Outcome, Refusal> {
    use DeliveryStreamCommand as C;
    match command {
        C::Create(new) => create(state, new),
        C::Settle { group, failure, at } => {
            change(state, *group, |stream| settle(stream, failure.as_ref(), *at))
        }
        C::Update { group, from, destination, at } => {
            change(state, *group, |stream| update(stream, *from, destination, *at))
        }
        C::Delete { group, at } => change(state, *group, |stream| {
            // botocore, `DeleteDeliveryStream`: in any state but CREATING.
            if stream.status == DeliveryStreamStatus::Creating {
                return Err(DeliveryStreamRefusal::Status(stream.status).into());
            }
            set_status(stream, DeliveryStreamStatus::Deleting, *at);
            Ok(())
        }),
        C::Remove { group } => remove(state, *group),
        C::Tag { group, tags, tags_max } => change(state, *group, |stream| {
            not_deleting(stream)?;
            resources::add(&mut stream.tags, tags, *tags_max)
        }),
        C::Untag { group, keys } => change(state, *group, |stream| {
            not_deleting(stream)?;
            keys.iter().for_each(|key| drop(stream.tags.remove(key)));
            Ok(())
        }),
        C::SetEncryption { group, key, at, calls_max } => change(state, *group, |stream| {
            active(stream)?;
            set_encryption(stream, key.as_ref(), *at, *calls_max)
        }),
        C::SettleEncryption { group, at } => change(state, *group, |stream| {
            settle_encryption(&mut stream.encryption, Millis(*at));
            Ok(())
        }),
        C::Rebind { group, stream } => rebind(state, *group, GroupId(*stream)),
    }
}

impl From<DeliveryStreamRefusal> for Refusal {
    fn from(refusal: DeliveryStreamRefusal) -> Self {
        Refusal::DeliveryStream(refusal)
    }
}

/// Runs `act` on a copy of the delivery stream and keeps the copy if it succeeds and differs.
fn change(
    state: &mut State,
    group: u64,
    act: impl FnOnce(&mut DeliveryStream) -> Result<(), Refusal>,
) -> Result<Outcome, Refusal> {
    let before = state.delivery_streams.by_group(GroupId(group));
    let before = before.ok_or(DeliveryStreamRefusal::NoDeliveryStream)?.clone();
    let mut stream = (*before).clone();
    act(&mut stream)?;
    if stream == *before {
        return Ok(Outcome::DeliveryStream(before));
    }
    Ok(Outcome::DeliveryStream(state.delivery_streams.put(stream)))
}

fn set_status(stream: &mut DeliveryStream, status: DeliveryStreamStatus, at: u64) {
    if stream.status != status {
        stream.status = status;
        stream.status_since = Millis(at);
        stream.failure = None;
    }
}

fn active(stream: &DeliveryStream) -> Result<(), Refusal> {
    match stream.status {
        DeliveryStreamStatus::Active => Ok(()),
        status => Err(DeliveryStreamRefusal::Status(status).into()),
    }
}

fn not_deleting(stream: &DeliveryStream) -> Result<(), Refusal> {
    match stream.status {
        DeliveryStreamStatus::Creating
        | DeliveryStreamStatus::CreatingFailed
        | DeliveryStreamStatus::Active => Ok(()),
        status @ (DeliveryStreamStatus::Deleting | DeliveryStreamStatus::DeletingFailed) => {
            Err(DeliveryStreamRefusal::Status(status).into())
        }
    }
}

fn create(state: &mut State, new: &NewDeliveryStream) -> Result<Outcome, Refusal> {
    let account = AccountId::from_u64(new.account).map_err(|_| Refusal::Malformed("account"))?;
    let region = new.region.parse().map_err(|_| Refusal::Malformed("region"))?;
    let scope: Scope = (account, region);
    let name: DeliveryStreamName = new.name.parse().map_err(|_| Refusal::Malformed("name"))?;
    if state.delivery_streams.by_name(&scope, &name).is_some() {
        return Err(DeliveryStreamRefusal::NameTaken.into());
    }
    let max = new.delivery_streams_max;
    if state.delivery_streams.count(&scope) >= max {
        return Err(DeliveryStreamRefusal::Quota { max }.into());
    }
    let source = source_of(state, &new.source)?;
    let mut encryption = DeliveryEncryption::default();
    if let Some(key) = &new.key {
        if !matches!(source, DeliverySource::DirectPut { .. }) {
            return Err(DeliveryStreamRefusal::NotDirectPut.into());
        }
        // It is no call of StartDeliveryStreamEncryption.
        begin_encryption(&mut encryption, key)?;
    }
    let data_group = GroupId(state.next_group);
    let state_group = GroupId(state.next_group + 1);
    state.next_group += 2;
    let stream = DeliveryStream {
        data_group,
        state_group,
        account,
        region: scope.1,
        name,
        created: Millis(new.at),
        updated: None,
        status: DeliveryStreamStatus::Creating,
        status_since: Millis(new.at),
        failure: None,
        source,
        destination: Arc::new(new.destination.clone()),
        version: 1,
        tags: new.tags.clone(),
        encryption,
    };
    Ok(Outcome::DeliveryStream(state.delivery_streams.put(stream)))
}

fn source_of(state: &State, source: &NewDeliverySource) -> Result<DeliverySource, Refusal> {
    match source {
        NewDeliverySource::DirectPut { throughput_hint_mibps } => {
            Ok(DeliverySource::DirectPut { throughput_hint_mibps: *throughput_hint_mibps })
        }
        NewDeliverySource::KinesisStream { group, role_arn, start } => {
            let stream = state.by_group(GroupId(*group)).ok_or(Refusal::NoStream)?;
            match stream.status {
                StreamStatus::Active | StreamStatus::Updating => {}
                status @ (StreamStatus::Creating | StreamStatus::Deleting) => {
                    return Err(Refusal::Status(status));
                }
            }
            Ok(DeliverySource::KinesisStream(KinesisSource {
                arn: stream.arn(),
                group: stream.group,
                role_arn: role_arn.clone(),
                start: Millis(*start),
                generation: 0,
            }))
        }
    }
}

/// Another stream of the source's name takes the place of the one that was deleted. All of its records came after the
/// delivery stream, so that it is read from its beginning.
fn rebind(state: &mut State, group: u64, new: GroupId) -> Result<Outcome, Refusal> {
    let known = state.delivery_streams.by_group(GroupId(group));
    let known = known.ok_or(DeliveryStreamRefusal::NoDeliveryStream)?;
    let DeliverySource::KinesisStream(source) = &known.source else {
        return Err(Refusal::NoStream);
    };
    let is_there = source.group != new && state.by_group(source.group).is_some();
    let found = state.by_group(new).filter(|stream| !is_there && stream.arn() == source.arn);
    let (arn, created) = found.map(|it| (it.arn(), it.created)).ok_or(Refusal::NoStream)?;
    change(state, group, |stream| {
        active(stream)?;
        if let DeliverySource::KinesisStream(source) = &mut stream.source
            && source.group != new
            && source.arn == arn
        {
            (source.group, source.start) = (new, created);
            source.generation += 1;
        }
        Ok(())
    })
}

/// What was begun has ended, well or not. A delivery stream that is deleted meanwhile stays DELETING.
fn settle(
    stream: &mut DeliveryStream,
    failure: Option<&DeliveryFailure>,
    at: u64,
) -> Result<(), Refusal> {
    let (status, failure) = match (stream.status, failure) {
        (DeliveryStreamStatus::Creating, None) => (DeliveryStreamStatus::Active, None),
        (DeliveryStreamStatus::Creating, Some(why)) => {
            (DeliveryStreamStatus::CreatingFailed, Some(why))
        }
        (DeliveryStreamStatus::Deleting, Some(why)) => {
            (DeliveryStreamStatus::DeletingFailed, Some(why))
        }
        // Settled before.
        (DeliveryStreamStatus::Active, None) => return Ok(()),
        (status, _) => return Err(DeliveryStreamRefusal::Status(status).into()),
    };
    set_status(stream, status, at);
    stream.failure = failure.cloned();
    settle_encryption(&mut stream.encryption, Millis(at));
    Ok(())
}

fn update(
    stream: &mut DeliveryStream,
    from: u64,
    destination: &DeliveryDestination,
    at: u64,
) -> Result<(), Refusal> {
    active(stream)?;
    if stream.version != from {
        return Err(DeliveryStreamRefusal::Version { version: stream.version }.into());
    }
    stream.destination = Arc::new(destination.clone());
    stream.version += 1;
    stream.updated = Some(Millis(at));
    Ok(())
}

/// A delivery stream that is DELETING is gone.
fn remove(state: &mut State, group: u64) -> Result<Outcome, Refusal> {
    let stream = state.delivery_streams.by_group(GroupId(group));
    let stream = stream.ok_or(DeliveryStreamRefusal::NoDeliveryStream)?;
    if stream.status != DeliveryStreamStatus::Deleting {
        return Err(DeliveryStreamRefusal::Status(stream.status).into());
    }
    state.delivery_streams.remove(GroupId(group));
    Ok(Outcome::Done)
}

fn set_encryption(
    stream: &mut DeliveryStream,
    key: Option<&WrappedKey>,
    at: u64,
    calls_max: u64,
) -> Result<(), Refusal> {
    if !matches!(stream.source, DeliverySource::DirectPut { .. }) {
        return Err(DeliveryStreamRefusal::NotDirectPut.into());
    }
    let encryption = &mut stream.encryption;
    match encryption.status {
        status @ (DeliveryEncryptionStatus::Enabling | DeliveryEncryptionStatus::Disabling) => {
            return Err(DeliveryStreamRefusal::EncryptionStatus(status).into());
        }
        DeliveryEncryptionStatus::Disabled | DeliveryEncryptionStatus::Enabled => {}
    }
    Arc::make_mut(&mut encryption.keys).admit_change(Millis(at), calls_max)?;
    match key {
        Some(key) => begin_encryption(encryption, key)?,
        None if encryption.keys.current.is_some() => {
            Arc::make_mut(&mut encryption.keys).turn_off();
            encryption.status = DeliveryEncryptionStatus::Disabling;
        }
        // Nothing is encrypted, and so it stays.
        None => encryption.status = DeliveryEncryptionStatus::Disabled,
    }
    Ok(())
}

fn begin_encryption(encryption: &mut DeliveryEncryption, key: &WrappedKey) -> Result<(), Refusal> {
    Arc::make_mut(&mut encryption.keys).turn_to(key)?;
    encryption.status = DeliveryEncryptionStatus::Enabling;
    Ok(())
}

/// What was asked for holds from now on.
fn settle_encryption(encryption: &mut DeliveryEncryption, at: Millis) {
    encryption.status = match encryption.status {
        DeliveryEncryptionStatus::Enabling => DeliveryEncryptionStatus::Enabled,
        DeliveryEncryptionStatus::Disabling => DeliveryEncryptionStatus::Disabled,
        DeliveryEncryptionStatus::Enabled | DeliveryEncryptionStatus::Disabled => return,
    };
    Arc::make_mut(&mut encryption.keys).settle(at, KEY_LIFE_AFTER_USE);
}
