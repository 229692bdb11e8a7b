use std::collections::BTreeMap;

use millstream_replica::Machine;

use super::state::SourceState;
use super::*;

fn plan(id: u64, lane: LaneId, input: u32, ranges: &[(u64, u64)]) -> Plan {
    let mut cover = Cover::default();
    ranges.iter().for_each(|(from, to)| cover.insert(input, *from, *to));
    Plan {
        id,
        lane,
        version: 1,
        uuid: [7; 16],
        oldest: 1000,
        cover,
        records: 3,
        bytes: 30,
        created: 2000,
        encoder: 1,
        key: "logs/a".into(),
        error_type: None,
        failure: None,
        newest: 1500,
    }
}

fn begun(shape: Shape) -> State {
    let mut state = State::default();
    apply(&mut state, Command::Begin { logs: vec![(0, 5)] });
    apply(&mut state, Command::Configure { version: 1, document: b"one".to_vec(), shape });
    state
}

/// Applies a command as it comes back from the log.
fn apply(state: &mut State, command: Command) -> Outcome {
    let bytes = DeliveryMachine::encode(&command);
    assert_eq!(DeliveryMachine::decode(&bytes, 1).as_ref(), Ok(&command));
    DeliveryMachine::apply(state, &command)
}

fn seal(plans: Vec<Plan>, floors: Vec<(u32, u64)>) -> Command {
    let lane = plans[0].lane;
    Command::Seal(Seal { plans, lane, floors })
}

fn close(plan: u64) -> Command {
    Command::Close {
        plan,
        how: Closing::Delivered,
        errors: Ranges::default(),
        failed: 0,
        lost: None,
    }
}

#[test]
fn what_open_plans_cover_is_needed_until_they_are_settled() {
    let mut state = begun(Shape::default());
    assert_eq!(state.needed_from(0), 5);
    let first = plan(0, LaneId::Main, 0, &[(5, 8)]);
    assert_eq!(apply(&mut state, seal(vec![first], vec![(0, 8)])), Outcome::Done);
    let second = plan(1, LaneId::Main, 0, &[(8, 20)]);
    assert_eq!(apply(&mut state, seal(vec![second], vec![(0, 20)])), Outcome::Done);
    assert_eq!(state.needed_from(0), 5);
    assert_eq!(apply(&mut state, close(1)), Outcome::Done);
    assert_eq!(state.needed_from(0), 5);
    assert_eq!(apply(&mut state, close(0)), Outcome::Done);
    assert_eq!(state.needed_from(0), 20);
    assert_eq!(state.totals.delivered, 6);
    assert_eq!(apply(&mut state, close(0)), Outcome::Stale);
}

#[test]
fn nothing_is_planned_twice() {
    let mut state = begun(Shape::default());
    let first = plan(0, LaneId::Main, 0, &[(5, 8)]);
    apply(&mut state, seal(vec![first.clone()], vec![(0, 8)]));
    assert_eq!(apply(&mut state, seal(vec![first], vec![(0, 8)])), Outcome::Stale);
    let again = plan(1, LaneId::Main, 0, &[(7, 9)]);
    assert_eq!(apply(&mut state, seal(vec![again], vec![(0, 9)])), Outcome::Stale);
    let inside = plan(1, LaneId::Main, PROCESSED, &[(3, 4), (9, 10)]);
    assert_eq!(apply(&mut state, seal(vec![inside], vec![(PROCESSED, 2)])), Outcome::Done);
    let twice = plan(2, LaneId::Main, PROCESSED, &[(9, 10)]);
    assert_eq!(apply(&mut state, seal(vec![twice], vec![])), Outcome::Stale);
}

#[test]
fn a_group_counts_once_and_only_where_the_worker_had_come_to() {
    let mut state = begun(Shape { worker: true, backup: BackupInput::None });
    let group = |from, to, block| {
        Command::Group(Group { source: vec![(0, from, to)], blocks: Ranges::of(block, block + 1) })
    };
    assert_eq!(apply(&mut state, group(5, 9, 0)), Outcome::Done);
    assert_eq!(apply(&mut state, group(5, 9, 1)), Outcome::Stale);
    assert_eq!(apply(&mut state, group(9, 12, 2)), Outcome::Done);
    assert!(state.valid.contains(0) && !state.valid.contains(1) && state.valid.contains(2));
    assert_eq!(state.needed_from(0), 12);
    let cover = plan(0, LaneId::Main, PROCESSED, &[(0, 1)]);
    apply(&mut state, seal(vec![cover], vec![(PROCESSED, 2)]));
    apply(
        &mut state,
        seal(vec![plan(1, LaneId::Errors, PROCESSED, &[(9, 10)])], vec![(PROCESSED, 2)]),
    );
    apply(&mut state, close(0));
    apply(&mut state, close(1));
    assert!(!state.valid.contains(0) && state.valid.contains(2));
}

#[test]
fn configurations_stay_while_a_plan_names_them() {
    let mut state = begun(Shape::default());
    apply(&mut state, seal(vec![plan(0, LaneId::Main, 0, &[(5, 8)])], vec![(0, 8)]));
    let shape = Shape { worker: false, backup: BackupInput::Raw };
    let update = |version| Command::Configure { version, document: b"two".to_vec(), shape };
    assert_eq!(apply(&mut state, update(2)), Outcome::Done);
    assert_eq!(apply(&mut state, update(2)), Outcome::Stale);
    assert_eq!(state.configs.len(), 2);
    assert_eq!(state.floor(LaneId::Backup, 0), 8, "the new lane gets what was not planned");
    apply(&mut state, close(0));
    assert_eq!(state.configs.keys().copied().collect::<Vec<_>>(), [2]);
}

#[test]
fn attempts_are_counted_from_the_first() {
    let mut state = begun(Shape::default());
    apply(&mut state, seal(vec![plan(0, LaneId::Main, 0, &[(5, 8)])], vec![(0, 8)]));
    for at in [50, 70] {
        let (code, message) = ("S3.Slow".into(), format!("at {at}"));
        apply(&mut state, Command::Attempted { plan: 0, at, code, message });
    }
    let failure = state.plans[&0].failure.clone().unwrap();
    assert_eq!((failure.attempts, failure.first, failure.last), (2, 50, 70));
    assert_eq!(failure.message, "at 70");
}

#[test]
fn slices_put_the_state_back_however_small_they_are() {
    let mut state = begun(Shape { worker: true, backup: BackupInput::Delivered });
    let scattered: Vec<_> = (0..5000).map(|n| (n * 3, n * 3 + 1)).collect();
    apply(&mut state, seal(vec![plan(0, LaneId::Main, PROCESSED, &scattered)], vec![]));
    for id in 1..40 {
        let cover = [(20_000 + id * 2, 20_001 + id * 2)];
        apply(&mut state, seal(vec![plan(id, LaneId::Errors, PROCESSED, &cover)], vec![]));
    }
    for bytes_max in [1, 100, 10_000, 1 << 20] {
        let frozen = DeliveryMachine::freeze(&state);
        let (mut restored, mut from, mut slices) = (State::default(), None, 0);
        loop {
            let slice = DeliveryMachine::slice(&frozen, from.as_deref(), bytes_max);
            DeliveryMachine::restore(&mut restored, &slice.bytes, 1).unwrap();
            slices += 1;
            match slice.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        assert_eq!(restored, state, "in slices of {bytes_max}");
        assert!(slices > 1 || bytes_max == 1 << 20);
    }
    let covers: BTreeMap<u32, usize> =
        state.lanes[&LaneId::Main].covered.iter().map(|(input, it)| (*input, it.len())).collect();
    assert_eq!(covers, [(PROCESSED, 5000)].into());
}

#[test]
fn what_a_plan_lost_is_not_delivered() {
    let mut state = begun(Shape::default());
    apply(&mut state, seal(vec![plan(0, LaneId::Main, 0, &[(5, 8)])], vec![(0, 8)]));
    let (how, errors, failed) = (Closing::Delivered, Ranges::default(), 0);
    apply(&mut state, Command::Close { plan: 0, how, errors, failed, lost: Some(2) });
    assert_eq!((state.totals.delivered, state.totals.lost), (1, 2));
}

#[test]
fn a_close_without_losses_is_read_as_builds_before_wrote_it() {
    // Variant 5: plan 7, delivered, no blocks, 1 failed; no fifth field.
    let bytes = [0x82, 0x05, 0x84, 0x07, 0x00, 0x40, 0x01];
    let (how, errors) = (Closing::Delivered, Ranges::default());
    let close = Command::Close { plan: 7, how, errors, failed: 1, lost: None };
    assert_eq!(DeliveryMachine::decode(&bytes, 1), Ok(close));
}

#[test]
fn the_same_configuration_may_have_other_stages_with_another_build() {
    let mut state = begun(Shape::default());
    apply(&mut state, seal(vec![plan(0, LaneId::Main, 0, &[(5, 8)])], vec![(0, 8)]));
    let shape = Shape { worker: true, backup: BackupInput::None };
    let again = |shape| Command::Configure { version: 1, document: b"one".to_vec(), shape };
    assert_eq!(apply(&mut state, again(Shape::default())), Outcome::Stale);
    assert_eq!(apply(&mut state, again(shape)), Outcome::Done);
    assert_eq!(state.shape(), shape);
    assert_eq!(apply(&mut state, again(shape)), Outcome::Stale);
    assert_eq!((state.configs.len(), state.floor(LaneId::Main, 0)), (1, 8));
}

#[test]
fn a_seal_without_its_last_command_says_how_far_the_source_is_planned() {
    let mut state = begun(Shape::default());
    apply(&mut state, seal(vec![plan(0, LaneId::Main, 0, &[(5, 8)])], vec![]));
    let main = state.lane(LaneId::Main);
    assert_eq!((main.floor(0), main.reached(0)), (5, 8));
}

#[test]
fn a_source_in_the_place_of_another_has_logs_of_its_own() {
    let mut state = begun(Shape { worker: true, backup: BackupInput::Raw });
    apply(&mut state, Command::Begin { logs: vec![(3, 0)] });
    apply(&mut state, seal(vec![plan(0, LaneId::Main, 3, &[(0, 4)])], vec![(3, 4)]));
    assert_eq!(apply(&mut state, Command::SourceGone), Outcome::Done);
    assert_eq!(apply(&mut state, Command::SourceGone), Outcome::Stale);
    assert!(state.source.gone);
    assert_eq!(apply(&mut state, Command::Rebind { generation: 2, processed: 9 }), Outcome::Done);
    let source = SourceState { generation: 2, base: 4, gone: false, processed: 9 };
    assert_eq!(state.source, source);
    assert_eq!(apply(&mut state, Command::Rebind { generation: 2, processed: 9 }), Outcome::Stale);
    assert!(state.logs.is_empty() && state.plans.len() == 1);
    assert_eq!((state.floor(LaneId::Main, 3), state.floor(LaneId::Backup, 0)), (0, 0));
    // What the worker made of the stream before, and nobody wrote down, does not count.
    let group = |log| Group { source: vec![(log, 0, 1)], blocks: Ranges::default() };
    assert_eq!(apply(&mut state, Command::Group(group(3))), Outcome::Stale);
    apply(&mut state, Command::Begin { logs: vec![(4, 0)] });
    assert_eq!(apply(&mut state, Command::Group(group(4))), Outcome::Done);
    let mut restored = State::default();
    let slice = DeliveryMachine::slice(&DeliveryMachine::freeze(&state), None, 1 << 20);
    DeliveryMachine::restore(&mut restored, &slice.bytes, 1).unwrap();
    assert_eq!(restored, state);
    apply(&mut state, Command::Rebind { generation: 3, processed: 9 });
    assert_eq!(state.source.base, 5);
}
