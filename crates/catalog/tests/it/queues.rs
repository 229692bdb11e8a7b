//! Queues come back from slices of any size, after the streams.

use std::collections::BTreeMap;

use millstream_catalog::{
    CapacityCommand, CatalogMachine, Command, NewQueue, Outcome, Queue, QueueCommand, QueueRefusal,
    Refusal, ResourceId, SettingsCommand, State,
};
use millstream_replica::Machine;

const AT: u64 = 1_700_000_000_000;

fn apply(state: &mut State, command: Command) -> Outcome {
    let bytes = CatalogMachine::encode(&command);
    assert_eq!(CatalogMachine::decode(&bytes, 1).as_ref(), Ok(&command));
    CatalogMachine::apply(state, &command)
}

/// A state with a stream of on-demand mode, and the stream's group.
fn with_stream() -> (State, u64) {
    let mut state = State::default();
    let create = CapacityCommand::CreateOnDemandStream {
        account: 1,
        region: "us-east-1".into(),
        name: "s".into(),
        shard_count: 1,
        max_record_size_kib: 1024,
        tags: BTreeMap::new(),
        at: AT,
        shards_max: 10,
        streams_max: 10,
        creating_max: 5,
        on_demand_max: 5,
        warm_mibps: None,
        auto: false,
        retention_hours: None,
    }
    .into();
    let Outcome::Stream(stream) = apply(&mut state, create) else { panic!() };
    let group = stream.group.0;
    apply(&mut state, Command::Activate { group, at: AT });
    (state, group)
}

fn create(name: &str, stream: u64) -> Command {
    QueueCommand::Create(NewQueue {
        account: 1,
        region: "us-east-1".into(),
        name: name.into(),
        id: format!("{name:a>20}"),
        stream,
        start: (2, AT + 5),
        visibility_seconds: 30,
        receives_max: 6,
        tags: BTreeMap::from([("k".into(), "v".repeat(200))]),
        at: AT,
        readers_max: 9,
        creating_max: 9,
    })
    .into()
}

fn queues(state: &State) -> Vec<Queue> {
    state.queues().all().map(|queue| (**queue).clone()).collect()
}

#[test]
fn queues_come_back_from_slices_of_any_size() {
    let (mut state, stream) = with_stream();
    for number in 0..9 {
        let Outcome::Queue(queue) = apply(&mut state, create(&format!("q{number}"), stream)) else {
            panic!()
        };
        let group = queue.group.0;
        let policy = Some("{}".to_owned());
        let resource = ResourceId::Queue { group };
        apply(&mut state, SettingsCommand::SetPolicy { resource, policy }.into());
        apply(
            &mut state,
            QueueCommand::Activate { group, at: AT, effective_start: Some(AT) }.into(),
        );
    }
    for bytes_max in [1, 700, 1 << 18] {
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
        assert_eq!(queues(&restored), queues(&state));
        assert_eq!(restored.streams().count(), 1);
    }
}

#[test]
fn quotas_names_and_the_streams_life_bound_queues() {
    let (mut state, stream) = with_stream();
    for number in 0..9 {
        assert!(matches!(
            apply(&mut state, create(&format!("q{number}"), stream)),
            Outcome::Queue(_)
        ));
    }
    let refused = |why| Outcome::Refused(Refusal::Queue(why));
    assert_eq!(apply(&mut state, create("q1", stream)), refused(QueueRefusal::NameTaken));
    let too_many = refused(QueueRefusal::ReaderQuota { max: 9 });
    assert_eq!(apply(&mut state, create("more", stream)), too_many);
    let delete = Command::DeleteStream { group: stream, at: AT };
    assert_eq!(
        apply(&mut state, delete.clone()),
        Outcome::Refused(Refusal::HasQueues { count: 9 })
    );
    for queue in queues(&state) {
        let group = queue.group.0;
        apply(&mut state, QueueCommand::Delete { group, at: AT, deleting_max: 9 }.into());
        assert_eq!(apply(&mut state, QueueCommand::Remove { group }.into()), Outcome::Done);
    }
    assert!(matches!(apply(&mut state, delete), Outcome::Stream(_)));
}
