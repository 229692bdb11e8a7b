//! Delivery streams: their life, their encryption, and that replay and snapshots come to the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{
    CatalogMachine, Command, DeliveryDestination, DeliveryEncryptionStatus, DeliveryFailure,
    DeliverySource, DeliveryStream, DeliveryStreamCommand, DeliveryStreamRefusal,
    DeliveryStreamStatus, DestinationKind, NewDeliverySource, NewDeliveryStream, Outcome, Refusal,
    SealedSecret, State, WrappedKey,
};
use millstream_replica::{GroupId, Machine};
use millstream_types::{AccountId, Millis, Random, SeededRandom};

use crate::snapshots::through_slices;
use crate::world::World;

const AT: u64 = 1_700_000_000_123;

fn apply(state: &mut State, command: impl Into<Command>) -> Outcome {
    let command = command.into();
    let bytes = CatalogMachine::encode(&command);
    assert_eq!(CatalogMachine::decode(&bytes, 1).as_ref(), Ok(&command));
    CatalogMachine::apply(state, &command)
}

fn stream_of(outcome: Outcome) -> Arc<DeliveryStream> {
    match outcome {
        Outcome::DeliveryStream(stream) => stream,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(why) => why,
        other => panic!("{other:?} was done"),
    }
}

fn destination(bytes: usize) -> DeliveryDestination {
    let (master, wrapped, sealed) = ("local:aws/kinesis".to_owned(), vec![1; 81], vec![2; 60]);
    DeliveryDestination {
        kind: DestinationKind::HttpEndpoint,
        document: vec![b'x'; bytes],
        secret: Some(SealedSecret { master, wrapped, sealed }),
    }
}

fn key() -> WrappedKey {
    let (key_id, master) = ("k".to_owned(), "m".to_owned());
    WrappedKey { key_id, master, wrapped: vec![3] }
}

fn new(name: &str) -> NewDeliveryStream {
    NewDeliveryStream {
        account: 1,
        region: "us-east-1".into(),
        name: name.into(),
        source: NewDeliverySource::DirectPut { throughput_hint_mibps: Some(3) },
        destination: destination(10),
        tags: BTreeMap::from([("k".into(), "v".into())]),
        key: None,
        at: AT,
        delivery_streams_max: 4,
    }
}

fn create(new: NewDeliveryStream) -> DeliveryStreamCommand {
    DeliveryStreamCommand::Create(Box::new(new))
}

fn settle(group: u64, failed: bool) -> DeliveryStreamCommand {
    let failure = failed
        .then(|| DeliveryFailure { code: "UNKNOWN_ERROR".into(), details: "no bucket".into() });
    DeliveryStreamCommand::Settle { group, failure, at: AT + 1 }
}

fn made(state: &mut State, name: &str) -> u64 {
    let group = stream_of(apply(state, create(new(name)))).data_group.0;
    apply(state, settle(group, false));
    group
}

#[test]
fn a_delivery_stream_goes_from_creating_to_gone_and_its_groups_are_never_used_again() {
    let mut state = State::default();
    let stream = stream_of(apply(&mut state, create(new("a"))));
    assert_eq!((stream.status, stream.version), (DeliveryStreamStatus::Creating, 1));
    assert_eq!(stream.state_group.0, stream.data_group.0 + 1);
    let group = stream.data_group.0;
    let delete = || DeliveryStreamCommand::Delete { group, at: AT + 9 };
    let creating = DeliveryStreamRefusal::Status(DeliveryStreamStatus::Creating);
    assert_eq!(refused(apply(&mut state, delete())), creating.into());
    let active = stream_of(apply(&mut state, settle(group, false)));
    assert_eq!(
        (active.status, active.status_since),
        (DeliveryStreamStatus::Active, Millis(AT + 1))
    );
    let gone = || DeliveryStreamCommand::Remove { group };
    refused(apply(&mut state, gone()));
    apply(&mut state, delete());
    refused(apply(&mut state, settle(group, false)));
    let failed = stream_of(apply(&mut state, settle(group, true)));
    assert_eq!(failed.status, DeliveryStreamStatus::DeletingFailed);
    assert!(failed.failure.is_some());
    assert_eq!(stream_of(apply(&mut state, delete())).failure, None);
    assert_eq!(apply(&mut state, gone()), Outcome::Done);
    let again = stream_of(apply(&mut state, create(new("a"))));
    assert!(again.data_group > stream.state_group);
}

#[test]
fn names_and_quotas_bound_delivery_streams() {
    let mut state = State::default();
    for name in ["b", "a", "c", "d"] {
        made(&mut state, name);
    }
    assert_eq!(
        refused(apply(&mut state, create(new("a")))),
        DeliveryStreamRefusal::NameTaken.into()
    );
    let quota = DeliveryStreamRefusal::Quota { max: 4 };
    assert_eq!(refused(apply(&mut state, create(new("e")))), quota.into());
    let elsewhere = NewDeliveryStream { region: "eu-west-1".into(), ..new("a") };
    stream_of(apply(&mut state, create(elsewhere)));
    let (account, region) = (AccountId::from_u64(1).unwrap(), "us-east-1".parse().unwrap());
    let streams = state.delivery_streams();
    let after = "a".parse().unwrap();
    let listed = streams.list(account, &region, Some(&after)).map(|stream| stream.name.to_string());
    assert_eq!(listed.collect::<Vec<_>>(), ["b", "c", "d"]);
    let there = streams.elsewhere(account, &region, &after);
    assert_eq!(there, ["eu-west-1".parse().unwrap()]);
}

#[test]
fn an_update_needs_the_version_that_it_replaces() {
    let mut state = State::default();
    let group = made(&mut state, "a");
    let update = |from| {
        let destination = Box::new(destination(20));
        DeliveryStreamCommand::Update { group, from, destination, at: AT + 5 }
    };
    let stream = stream_of(apply(&mut state, update(1)));
    assert_eq!((stream.version, stream.updated), (2, Some(Millis(AT + 5))));
    assert_eq!(stream.destination.document.len(), 20);
    let other = DeliveryStreamRefusal::Version { version: 2 };
    assert_eq!(refused(apply(&mut state, update(1))), other.into());
}

#[test]
fn encryption_is_switched_in_two_steps_and_counted_over_a_day() {
    use DeliveryEncryptionStatus::{Disabled, Disabling, Enabled, Enabling};
    let mut state = State::default();
    let encrypted = NewDeliveryStream { key: Some(key()), ..new("a") };
    let group = stream_of(apply(&mut state, create(encrypted))).data_group.0;
    let encryption = |outcome| stream_of(outcome).encryption.clone();
    let on = encryption(apply(&mut state, settle(group, false)));
    assert_eq!((on.status, on.keys.current), (Enabled, Some(1)));
    let set = |key, at| DeliveryStreamCommand::SetEncryption { group, key, at, calls_max: 2 };
    let done = DeliveryStreamCommand::SettleEncryption { group, at: AT };
    let off = encryption(apply(&mut state, set(None, AT)));
    assert_eq!((off.status, off.keys.current), (Disabling, Some(1)));
    let busy = refused(apply(&mut state, set(Some(key()), AT)));
    assert_eq!(busy, DeliveryStreamRefusal::EncryptionStatus(Disabling).into());
    let off = encryption(apply(&mut state, done.clone()));
    assert_eq!((off.status, off.keys.current), (Disabled, None));
    // What was written with it can still be opened.
    assert!(off.keys.key(1).is_some());
    let on = encryption(apply(&mut state, set(Some(key()), AT)));
    assert_eq!((on.status, on.shown_key().unwrap().id), (Enabling, 2));
    apply(&mut state, done);
    let quota = refused(apply(&mut state, set(None, AT)));
    assert_eq!(quota, Refusal::EncryptionQuota { max: 2 });
    stream_of(apply(&mut state, set(None, AT + 24 * 3_600_000)));
}

#[test]
fn a_stream_as_source_must_be_there_and_takes_no_encryption() {
    let mut world = World::new(1);
    let place = (1, "us-east-1".to_owned(), "s".to_owned());
    let create_stream = world.create(&place);
    CatalogMachine::apply(&mut world.state, &create_stream);
    let stream = world.find(&place).unwrap();
    let source = |group| NewDeliverySource::KinesisStream { group, role_arn: "r".into(), start: 7 };
    let from = |group| NewDeliveryStream { source: source(group), ..new("a") };
    refused(apply(&mut world.state, create(from(stream.group.0))));
    apply(&mut world.state, Command::Activate { group: stream.group.0, at: AT });
    assert_eq!(refused(apply(&mut world.state, create(from(99)))), Refusal::NoStream);
    let encrypted = NewDeliveryStream { key: Some(key()), ..from(stream.group.0) };
    let why = refused(apply(&mut world.state, create(encrypted)));
    assert_eq!(why, DeliveryStreamRefusal::NotDirectPut.into());
    let made = stream_of(apply(&mut world.state, create(from(stream.group.0))));
    let DeliverySource::KinesisStream(source) = &made.source else { panic!() };
    assert_eq!((&source.arn, source.start), (&stream.arn(), Millis(7)));
}

#[test]
fn a_stream_takes_the_place_of_the_source_of_its_name_that_is_gone() {
    let mut world = World::new(2);
    let place = (1, "us-east-1".to_owned(), "s".to_owned());
    let another = (1, "us-east-1".to_owned(), "t".to_owned());
    let stream = |world: &mut World, place: &_| {
        let create = world.create(place);
        CatalogMachine::apply(&mut world.state, &create);
        let made = world.find(place).unwrap();
        apply(&mut world.state, Command::Activate { group: made.group.0, at: AT });
        made
    };
    let first = stream(&mut world, &place);
    let other = stream(&mut world, &another);
    let source =
        NewDeliverySource::KinesisStream { group: first.group.0, role_arn: "r".into(), start: 7 };
    let made = stream_of(apply(&mut world.state, create(NewDeliveryStream { source, ..new("a") })));
    let group = made.data_group.0;
    apply(&mut world.state, settle(group, false));
    let rebind = |stream: u64| DeliveryStreamCommand::Rebind { group, stream };
    // The source is there, or what is named has another name, or is no stream.
    for wrong in [other.group.0, 999] {
        assert_eq!(refused(apply(&mut world.state, rebind(wrong))), Refusal::NoStream);
    }
    apply(&mut world.state, Command::DeleteStream { group: first.group.0, at: AT + 1 });
    apply(&mut world.state, Command::RemoveStream { group: first.group.0 });
    let second = stream(&mut world, &place);
    assert_eq!(refused(apply(&mut world.state, rebind(other.group.0))), Refusal::NoStream);
    for _ in 0..2 {
        let bound = stream_of(apply(&mut world.state, rebind(second.group.0)));
        let DeliverySource::KinesisStream(source) = &bound.source else { panic!() };
        assert_eq!((source.group, source.start), (second.group, second.created));
        assert_eq!(source.generation, 1);
    }
    let restored = through_slices(&world.state, 1);
    assert_eq!(all(&restored), all(&world.state));
}

/// A command for one of a few delivery streams; many make no sense at the moment.
fn random_command(state: &State, random: &SeededRandom) -> Command {
    let below = |n: u64| random.next_u64() % n;
    let groups: Vec<u64> =
        state.delivery_streams().all().map(|stream| stream.data_group.0).collect();
    if groups.is_empty() || below(8) == 0 {
        let name = format!("d{}", below(6));
        let key = (below(2) == 0).then(key);
        return create(NewDeliveryStream { key, ..new(&name) }).into();
    }
    let (group, at) = (groups[below(groups.len() as u64) as usize], AT + below(1 << 30));
    match below(9) {
        0 | 1 => settle(group, below(4) == 0),
        2 => DeliveryStreamCommand::Update {
            group,
            from: below(3) + 1,
            destination: Box::new(destination(below(900) as usize)),
            at,
        },
        3 => DeliveryStreamCommand::Delete { group, at },
        4 => DeliveryStreamCommand::Remove { group },
        5 => {
            let tags = [(format!("k{}", below(5)), "v".to_owned())].into();
            DeliveryStreamCommand::Tag { group, tags, tags_max: 3 }
        }
        6 => DeliveryStreamCommand::Untag { group, keys: vec![format!("k{}", below(5))] },
        7 => {
            let key = (below(2) == 0).then(key);
            DeliveryStreamCommand::SetEncryption { group, key, at, calls_max: 9 }
        }
        _ => DeliveryStreamCommand::SettleEncryption { group, at },
    }
    .into()
}

fn all(state: &State) -> Vec<Arc<DeliveryStream>> {
    state.delivery_streams().all().cloned().collect()
}

#[test]
fn replay_from_any_snapshot_comes_to_the_same_delivery_streams() {
    for seed in 0..8 {
        let random = SeededRandom::new(seed);
        let (mut state, mut commands, mut snapshots) = (State::default(), Vec::new(), Vec::new());
        for step in 0..400 {
            if step % 80 == 0 {
                snapshots.push((step, through_slices(&state, [1, 1500, 1 << 18][step % 3])));
            }
            let command = random_command(&state, &random);
            let before = all(&state);
            if let Outcome::Refused(why) = apply(&mut state, command.clone()) {
                assert_eq!(before, all(&state), "{command:?}: {why:?}");
            }
            commands.push(command);
        }
        for (from, mut restored) in snapshots {
            for command in &commands[from..] {
                apply(&mut restored, command.clone());
            }
            assert_eq!(all(&restored), all(&state), "seed {seed} from {from}");
            let first = all(&state).first().map(|stream| stream.data_group);
            let group = first.unwrap_or(GroupId(0));
            assert_eq!(
                restored.delivery_streams().by_group(group),
                state.delivery_streams().by_group(group)
            );
        }
    }
}
