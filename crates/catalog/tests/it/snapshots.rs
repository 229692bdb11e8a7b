//! Snapshots of any slice size bring the same state back.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_catalog::{
    CapacityCommand, CatalogMachine, Command, Outcome, State, Stream, StreamStatus, plan_scaling,
};
use millstream_replica::Machine;

use crate::shards::{assert_tiles, check_shards};
use crate::world::World;

/// Everything that can be seen of a state.
pub fn picture(state: &State) -> (Option<[u8; 32]>, Vec<Arc<Stream>>) {
    (state.token_key(), state.streams().cloned().collect())
}

/// The state that comes back from slices of at most so many bytes.
pub fn through_slices(state: &State, bytes_max: usize) -> State {
    let frozen = CatalogMachine::freeze(state);
    let (mut restored, mut from) = (State::default(), None::<Vec<u8>>);
    loop {
        let slice = CatalogMachine::slice(&frozen, from.as_deref(), bytes_max);
        CatalogMachine::restore(&mut restored, &slice.bytes, 1).unwrap();
        match slice.next {
            Some(next) => from = Some(next),
            None => return restored,
        }
    }
}

#[test]
fn a_stream_of_twenty_thousand_shards_is_cut_into_slices_within_their_limit() {
    let mut state = State::default();
    let mut tags = BTreeMap::new();
    (0..50).for_each(|i| drop(tags.insert(format!("{i:0>128}"), "ü".repeat(256))));
    for name in ["a", "b"] {
        let outcome = CatalogMachine::apply(
            &mut state,
            &Command::CreateStream {
                account: 1,
                region: "us-east-1".into(),
                name: name.into(),
                shard_count: 20_000,
                max_record_size_kib: 1024,
                tags: tags.clone(),
                at: 1_700_000_000_000,
                shards_max: 40_000,
                streams_max: 10,
                creating_max: 5,
                retention_hours: None,
            },
        );
        assert!(matches!(outcome, Outcome::Stream(_)));
    }
    let room = 224 * 1024;
    let frozen = CatalogMachine::freeze(&state);
    let (mut slices, mut from) = (0, None::<Vec<u8>>);
    loop {
        let slice = CatalogMachine::slice(&frozen, from.as_deref(), room);
        assert!(slice.bytes.len() <= room + 1024, "{}", slice.bytes.len());
        slices += 1;
        match slice.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    assert!(slices > 10);
    assert_eq!(picture(&through_slices(&state, room)), picture(&state));
}

#[test]
fn a_scaling_goes_on_from_a_snapshot_at_any_step_and_tiles_at_each() {
    let at = 1_700_000_000_000;
    let (shards_max, per_day_max) = (100, 5);
    for (from, target) in [(10, 7), (5, 10), (9, 5), (1, 2)] {
        let mut world = World::new(1);
        let place = (1, "us-east-1".to_owned(), "s".to_owned());
        let mut create = world.create(&place);
        if let Command::CreateStream { shard_count, shards_max, .. } = &mut create {
            (*shard_count, *shards_max) = (from, 100);
        }
        CatalogMachine::apply(&mut world.state, &create);
        let group = world.find(&place).unwrap().group.0;
        CatalogMachine::apply(&mut world.state, &Command::Activate { group, at });
        // Without a plan as in what was sent before there were any.
        let stream = world.find(&place).unwrap();
        let room = world.state.room(&stream, shards_max);
        let plan = (from > 5).then(|| plan_scaling(&stream, target, room, shards_max).unwrap());
        let commands = [
            CapacityCommand::BeginScaling { group, target, at, per_day_max, shards_max, plan }
                .into(),
            CapacityCommand::SetCommitment {
                account: 1,
                region: place.1.clone(),
                enabled: true,
                at,
            }
            .into(),
        ];
        for command in &commands {
            let outcome = CatalogMachine::apply(&mut world.state, command);
            assert!(!matches!(outcome, Outcome::Refused(_)), "{command:?}: {outcome:?}");
        }
        while let Some(stream) = world.find(&place).filter(|s| s.capacity.scaling.is_some()) {
            check_shards(&stream);
            world.state = through_slices(&world.state, 500);
            assert_eq!(world.find(&place), Some(stream.clone()));
            let next = match &stream.reshard {
                Some(reshard) => {
                    Command::FinishReshard { group, ends: vec![0; reshard.parents.len()], at }
                }
                None => CapacityCommand::ContinueScaling { group }.into(),
            };
            CatalogMachine::apply(&mut world.state, &Command::Activate { group, at });
            assert_eq!(world.find(&place).unwrap().status, StreamStatus::Updating);
            CatalogMachine::apply(&mut world.state, &next);
        }
        let stream = world.find(&place).unwrap();
        assert_eq!(stream.open_shards().count() as u32, target);
        assert!(world.state.commitment(stream.account, &stream.region).is_some());
        assert_tiles(&stream, "after", |shard| shard.is_open());
    }
}
