//! The catalog against the model, over thousands of generated commands: outcomes, the shards' invariants, and that
//! replay and snapshots come to the same state.

use std::sync::Arc;

use millstream_catalog::{
    CatalogMachine, Command, Outcome, Refusal, ShardState, Stream, StreamStatus,
};
use millstream_replica::Machine;

use crate::model::Expected;
use crate::shards::check_shards;
use crate::snapshots::{picture, through_slices};
use crate::world::{Place, World};

#[test]
fn generated_commands_come_to_what_the_model_says() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        (0..1500).for_each(|_| world.step());
        let done = world.expected.len();
        assert!(done > 0, "seed {seed} made something");
    }
}

#[test]
fn replay_from_any_snapshot_comes_to_the_same_state() {
    for seed in 100..106 {
        let mut world = World::new(seed);
        let mut snapshots = Vec::new();
        for step in 0..800 {
            if step % 160 == 0 {
                snapshots.push((step, through_slices(&world.state, [1, 500, 1 << 18][step % 3])));
            }
            world.step();
        }
        for (from, mut state) in snapshots {
            for command in &world.log[from..] {
                CatalogMachine::apply(&mut state, &CatalogMachine::decode(command, 1).unwrap());
            }
            assert_eq!(picture(&state), picture(&world.state), "seed {seed} from {from}");
        }
    }
}

impl World {
    fn step(&mut self) {
        self.now += [0, 0, 1, 400, 3_000, 40_000_000][self.below(6) as usize];
        let place = self.place();
        let command = self.command(&place);
        let bytes = CatalogMachine::encode(&command);
        assert_eq!(CatalogMachine::decode(&bytes, 1).as_ref(), Ok(&command));
        self.log.push(bytes);
        let before = self.find(&place);
        let outcome = CatalogMachine::apply(&mut self.state, &command);
        let after = self.find(&place);
        match (&command, &outcome) {
            (Command::BeginReshard { .. }, outcome) => {
                self.check_begun(&place, outcome, before, after)
            }
            (_, Outcome::Refused(why)) => {
                assert_eq!(self.expect(&place, &command), None, "{command:?}: {why:?}");
                assert_eq!(before, after, "a refused command changes nothing");
            }
            (_, Outcome::Channel(_)) => panic!("{command:?} is not about channels"),
            (_, Outcome::Queue(_)) => panic!("{command:?} is about no queue"),
            (_, Outcome::DeliveryStream(_)) => panic!("{command:?} is about no delivery stream"),
            (_, Outcome::Stream(_) | Outcome::Done) => {
                let expected =
                    self.expect(&place, &command).unwrap_or_else(|| panic!("{command:?} was done"));
                match expected {
                    Some(expected) => drop(self.expected.insert(place.clone(), expected)),
                    None => drop(self.expected.remove(&place)),
                }
            }
        }
        self.check_stream(&place);
    }

    fn check_begun(
        &mut self,
        place: &Place,
        outcome: &Outcome,
        before: Option<Arc<Stream>>,
        after: Option<Arc<Stream>>,
    ) {
        let (before, after) = (before.unwrap(), after.unwrap());
        match outcome {
            Outcome::Stream(_) => {
                assert_eq!(before.status, StreamStatus::Active);
                let expected = self.expected.get_mut(place).unwrap();
                (expected.status, expected.resharding) = (StreamStatus::Updating, true);
                let children = after.shards.len() - before.shards.len();
                expected.open = expected.open + children as u64
                    - after.reshard.as_ref().unwrap().parents.len() as u64;
            }
            Outcome::Refused(why) => {
                let active = before.status == StreamStatus::Active;
                assert_eq!(matches!(why, Refusal::Status(_)), !active, "{why:?}");
                assert_eq!(before, after);
            }
            Outcome::Done
            | Outcome::Channel(_)
            | Outcome::Queue(_)
            | Outcome::DeliveryStream(_) => panic!("a reshard has a stream"),
        }
    }

    fn check_stream(&mut self, place: &Place) {
        let stream = self.find(place);
        let seen = stream.as_deref().map(Expected::of);
        assert_eq!(seen.as_ref(), self.expected.get(place));
        let Some(stream) = stream else { return };
        check_shards(&stream);
        let creations = self.creations.entry(place.clone()).or_default();
        for shard in stream.shards.iter().filter(|shard| shard.state != ShardState::Reserved) {
            let group =
                *creations.entry((shard.created.seconds(), shard.id.0)).or_insert(stream.group.0);
            assert_eq!(
                group, stream.group.0,
                "two streams of one name have a shard of the same second"
            );
        }
    }
}
