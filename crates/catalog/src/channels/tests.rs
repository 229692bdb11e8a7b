//! Channels from CREATING to gone, their rules, and their way through snapshots.

use super::*;
use crate::channel_settings::{ChannelLogs, Compression, DeadLetters, RecordFormat};
use crate::command::{ChannelCommand, Command, NewChannel, SettingsCommand};
use crate::machine::CatalogMachine;
use crate::outcome::Outcome;
use crate::resources::ResourceId;
use crate::stream::StreamMode;
use millstream_replica::Machine;

fn settings() -> ChannelSettings {
    let (bucket_arn, bucket_owner) = ("arn:aws:s3:::b".to_owned(), "000000000001".to_owned());
    ChannelSettings {
        role_arn: "arn:aws:iam::000000000001:role/r".into(),
        format: RecordFormat::Json,
        schema_arn: None,
        freshness_seconds: 300,
        bucket_arn: bucket_arn.clone(),
        bucket_owner: bucket_owner.clone(),
        key_template: None,
        storage_class: None,
        compression: Compression::Zstd,
        dead_letters: DeadLetters { bucket_arn, bucket_owner, prefix: None },
        key_id: None,
        logs: ChannelLogs { enabled: false, group: "g".into(), stream: "s".into() },
    }
}

fn do_it(state: &mut State, command: &Command) -> Outcome {
    let bytes = CatalogMachine::encode(command);
    assert_eq!(CatalogMachine::decode(&bytes, 1).as_ref(), Ok(command));
    CatalogMachine::apply(state, command)
}

/// Streams that are ACTIVE; all but the last are on-demand ones.
fn streams(count: usize) -> (State, Vec<u64>) {
    let mut state = State::default();
    let mut groups = Vec::new();
    for number in 0..count {
        let create = Command::CreateStream {
            account: 1,
            region: "us-east-1".into(),
            name: format!("s{number}"),
            shard_count: 1,
            max_record_size_kib: 1024,
            tags: BTreeMap::new(),
            at: 1_700_000_000_000,
            shards_max: 100,
            streams_max: 100,
            creating_max: 100,
            retention_hours: None,
        };
        let Outcome::Stream(stream) = do_it(&mut state, &create) else { panic!("no stream") };
        let group = stream.group.0;
        do_it(&mut state, &Command::Activate { group, at: 1_700_000_000_000 });
        if number + 1 < count {
            let mut stream = (**state.by_group(GroupId(group)).unwrap()).clone();
            stream.mode = StreamMode::OnDemand;
            state.insert(stream);
        }
        groups.push(group);
    }
    (state, groups)
}

fn create(group: u64, id: &str, name: &str, channels_max: u64) -> Command {
    let (id, name, settings) = (id.to_owned(), name.to_owned(), settings());
    let (tags, at) = (BTreeMap::new(), 1_700_000_001_234);
    ChannelCommand::Create(Box::new(NewChannel {
        group,
        id,
        name,
        settings,
        tags,
        at,
        channels_max,
    }))
    .into()
}

fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(why) => why,
        other => panic!("{other:?} was done"),
    }
}

fn status(state: &State, id: &str) -> Option<ChannelStatus> {
    state.channel(&id.parse().unwrap()).map(|channel| channel.status)
}

#[test]
fn a_channel_goes_from_creating_through_updating_to_gone() {
    let (mut state, groups) = streams(2);
    let id = || "c1".to_owned();
    do_it(&mut state, &create(groups[0], "c1", "c", 9));
    assert_eq!(status(&state, "c1"), Some(ChannelStatus::Creating));
    let update =
        ChannelCommand::Update { id: id(), freshness_seconds: Some(900), logs: None, at: 3 }.into();
    let why = refused(do_it(&mut state, &update));
    assert_eq!(why, ChannelRefusal::Status(ChannelStatus::Creating).into());
    let settle = ChannelCommand::Settle { id: id(), failed: None, at: 2 }.into();
    do_it(&mut state, &settle);
    assert_eq!(status(&state, "c1"), Some(ChannelStatus::Active));
    let Outcome::Channel(channel) = do_it(&mut state, &update) else { panic!("not updated") };
    assert_eq!(channel.settings.freshness_seconds, 900);
    assert_eq!((channel.status, channel.status_since), (ChannelStatus::Updating, Millis(3)));
    do_it(&mut state, &settle);
    let at_work = refused(do_it(&mut state, &Command::DeleteStream { group: groups[0], at: 4 }));
    assert_eq!(at_work, ChannelRefusal::AtWork("c".parse().unwrap()).into());
    refused(do_it(&mut state, &ChannelCommand::Remove { id: id() }.into()));
    do_it(&mut state, &ChannelCommand::Delete { id: id(), at: 5 }.into());
    assert_eq!(status(&state, "c1"), Some(ChannelStatus::Deleting));
    refused(do_it(&mut state, &settle));
    do_it(&mut state, &ChannelCommand::Remove { id: id() }.into());
    assert_eq!(status(&state, "c1"), None);
    assert_eq!(state.channels_of(GroupId(groups[0])).count(), 0);
    let deleted = do_it(&mut state, &Command::DeleteStream { group: groups[0], at: 6 });
    assert!(matches!(deleted, Outcome::Stream(_)));
}

#[test]
fn no_two_changes_of_a_channel_share_a_version() {
    let (mut state, groups) = streams(2);
    do_it(&mut state, &create(groups[0], "c1", "c", 9));
    let mut versions = vec![state.channel(&"c1".parse().unwrap()).unwrap().version];
    // Within one millisecond, and with a clock that goes back.
    for at in [1_700_000_001_234, 1_700_000_001_234, 5, 1_700_000_009_000] {
        let id = || "c1".to_owned();
        do_it(&mut state, &ChannelCommand::Settle { id: id(), failed: None, at }.into());
        let freshness_seconds = Some(300 + versions.len() as u32);
        let update = ChannelCommand::Update { id: id(), freshness_seconds, logs: None, at }.into();
        let Outcome::Channel(channel) = do_it(&mut state, &update) else { panic!("not updated") };
        versions.push(channel.version);
        // What starts it again knows it by the same version, whatever became of its status.
        do_it(&mut state, &ChannelCommand::Settle { id: id(), failed: None, at: at + 9 }.into());
        assert_eq!(state.channel(&"c1".parse().unwrap()).unwrap().version, channel.version);
    }
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    assert_eq!(versions.last(), Some(&1_700_000_009_000));
}

#[test]
fn a_channel_that_failed_stays_so_and_holds_no_stream() {
    let (mut state, groups) = streams(2);
    do_it(&mut state, &create(groups[0], "c1", "c", 9));
    let failed = Some("no such bucket".to_owned());
    do_it(&mut state, &ChannelCommand::Settle { id: "c1".into(), failed, at: 2 }.into());
    let channel = state.channel(&"c1".parse().unwrap()).unwrap();
    assert_eq!(channel.reason.as_deref(), Some("no such bucket"));
    assert_eq!(channel.status, ChannelStatus::Failed);
    let settle = ChannelCommand::Settle { id: "c1".into(), failed: None, at: 3 }.into();
    refused(do_it(&mut state, &settle));
    let deleted = do_it(&mut state, &Command::DeleteStream { group: groups[0], at: 6 });
    assert!(matches!(deleted, Outcome::Stream(_)));
}

#[test]
fn names_streams_modes_and_quotas_bound_channels() {
    let (mut state, groups) = streams(4);
    do_it(&mut state, &create(groups[0], "c1", "c", 2));
    let name = || "c".parse().unwrap();
    for (command, expected) in [
        (create(groups[1], "c2", "c", 2), ChannelRefusal::NameTaken.into()),
        (create(groups[0], "c2", "d", 2), ChannelRefusal::StreamHasOne(name()).into()),
        (create(groups[3], "c2", "d", 2), ChannelRefusal::NotOnDemand.into()),
        (create(groups[1], "c2", "d", 1), ChannelRefusal::Quota { max: 1 }.into()),
        (create(99, "c2", "d", 2), Refusal::NoStream),
        // Names and streams come before the id, which only a fault of the sender can take twice.
        (create(groups[0], "c1", "c", 2), ChannelRefusal::NameTaken.into()),
        (create(groups[0], "c1", "d", 2), ChannelRefusal::StreamHasOne(name()).into()),
    ] {
        assert_eq!(refused(do_it(&mut state, &command)), expected);
    }
    do_it(&mut state, &create(groups[1], "c2", "b", 2));
    let (account, region) =
        (AccountId::from_u64(1).unwrap(), "us-east-1".parse::<Region>().unwrap());
    let names = |after: Option<&str>| -> Vec<String> {
        let after = after.map(|name| name.parse().unwrap());
        let listed = state.list_channels(account, &region, after.as_ref());
        listed.map(|channel| channel.name.to_string()).collect()
    };
    assert_eq!((names(None), names(Some("b"))), (vec!["b".into(), "c".into()], vec!["c".into()]));
    assert_eq!(state.channel_count(account, &region), 2);
}

#[test]
fn snapshots_of_any_slice_size_keep_channels_with_their_tags() {
    let (mut state, groups) = streams(6);
    for (number, group) in groups.iter().take(5).enumerate() {
        do_it(&mut state, &create(*group, &format!("id-{number}"), &format!("c{number}"), 9));
        let id = format!("id-{number}");
        do_it(&mut state, &ChannelCommand::Settle { id: id.clone(), failed: None, at: 7 }.into());
        let (resource, tags) = (ResourceId::Channel { id }, [("k".into(), "v".into())].into());
        do_it(&mut state, &SettingsCommand::TagResource { resource, tags, tags_max: 1 }.into());
    }
    for bytes_max in [1, 400, 1 << 18] {
        let frozen = CatalogMachine::freeze(&state);
        let (mut restored, mut from) = (State::default(), None::<Vec<u8>>);
        loop {
            let slice = CatalogMachine::slice(&frozen, from.as_deref(), bytes_max);
            CatalogMachine::restore(&mut restored, &slice.bytes, 1).unwrap();
            match slice.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        let all = |state: &State| state.channels().cloned().collect::<Vec<_>>();
        assert_eq!(all(&restored), all(&state));
        assert_eq!(all(&restored).len(), 5);
        assert!(all(&restored).iter().all(|channel| channel.tags["k"] == "v"));
        assert_eq!(restored.streams().count(), 6);
        assert_eq!(restored.channels_of(GroupId(groups[0])).count(), 1);
    }
}

#[test]
fn tags_of_a_channel_keep_their_quota_and_wait_for_it_to_be_made() {
    let (mut state, groups) = streams(2);
    do_it(&mut state, &create(groups[0], "c1", "c", 9));
    let resource = || ResourceId::Channel { id: "c1".into() };
    let tag = |key: &str| {
        let tags = [(key.to_owned(), String::new())].into();
        SettingsCommand::TagResource { resource: resource(), tags, tags_max: 1 }.into()
    };
    let why = refused(do_it(&mut state, &tag("a")));
    assert_eq!(why, ChannelRefusal::Status(ChannelStatus::Creating).into());
    do_it(&mut state, &ChannelCommand::Settle { id: "c1".into(), failed: None, at: 7 }.into());
    assert!(matches!(do_it(&mut state, &tag("a")), Outcome::Channel(_)));
    assert!(matches!(do_it(&mut state, &tag("a")), Outcome::Channel(_)));
    assert_eq!(refused(do_it(&mut state, &tag("b"))), Refusal::TagQuota { max: 1 });
    let keys = vec!["a".to_owned(), "absent".to_owned()];
    do_it(&mut state, &SettingsCommand::UntagResource { resource: resource(), keys }.into());
    assert!(state.channel(&"c1".parse().unwrap()).unwrap().tags.is_empty());
}
