//! Cases of the machine.

use millstream_replica::Machine;

use super::*;

pub fn through_slices(state: &State, bytes_max: usize) -> State {
    let frozen = QueueMachine::freeze(state);
    let (mut restored, mut from) = (State::default(), None::<Vec<u8>>);
    loop {
        let slice = QueueMachine::slice(&frozen, from.as_deref(), bytes_max);
        QueueMachine::restore(&mut restored, &slice.bytes, 1).unwrap();
        match slice.next {
            Some(next) => from = Some(next),
            None => return restored,
        }
    }
}

/// Everything that can be seen of a state.
pub fn picture(state: &State) -> String {
    let pages: Vec<_> = state.pages.iter().map(|(key, page)| (key, page.entries())).collect();
    format!(
        "{:?} {:?} {:?} {:?} {:?} {pages:?}",
        state.begun,
        state.shards,
        state.cursors,
        state.counts(),
        (&state.visible, &state.dead_visible),
    )
}

pub fn run(state: &mut State, now: u64, receives_max: u32, op: Op) -> Outcome {
    let command = Command { now, receives_max, op };
    let bytes = QueueMachine::encode(&command);
    assert_eq!(QueueMachine::decode(&bytes, 1).as_ref(), Ok(&command));
    QueueMachine::apply(state, &command)
}

pub fn receive(limit: u8, hidden_ms: u64, ends: &[(u32, u64)]) -> Receive {
    Receive {
        dead: false,
        limit,
        hidden_ms,
        in_flight_max: 1000,
        tracked_max: 10_000,
        ends: ends.to_vec(),
    }
}

pub fn granted(outcome: Outcome) -> Vec<Grant> {
    match outcome {
        Outcome::Granted(grants) => grants,
        other => panic!("{other:?}"),
    }
}

fn begun(shards: &[(u32, u64)]) -> State {
    let mut state = State::default();
    run(&mut state, 0, 6, Op::Init { shards: shards.to_vec(), skipped: vec![] });
    state
}

#[test]
fn a_second_beginning_changes_nothing() {
    let mut state = begun(&[(0, 5)]);
    run(&mut state, 0, 6, Op::Init { shards: vec![(0, 9), (1, 0)], skipped: vec![7] });
    assert_eq!(state.live().collect::<Vec<_>>(), [(0, 5)]);
    assert!(!state.has_met(7));
}

#[test]
fn the_cap_on_records_in_flight_refuses_beyond_and_grants_fewer_before() {
    let mut state = begun(&[(0, 0)]);
    let most = |limit| Op::Receive(Receive { in_flight_max: 3, ..receive(limit, 10, &[(0, 9)]) });
    assert_eq!(granted(run(&mut state, 1, 6, most(2))).len(), 2);
    assert_eq!(granted(run(&mut state, 1, 6, most(2))).len(), 1);
    assert_eq!(run(&mut state, 1, 6, most(2)), Outcome::Refused(Refusal::InFlight));
    assert_eq!(granted(run(&mut state, 11, 6, most(2))).len(), 2);
}

#[test]
fn records_that_nobody_acknowledges_do_not_keep_out_new_ones() {
    let mut state = begun(&[(0, 0)]);
    let mut seen = std::collections::BTreeSet::new();
    for now in 0..400 {
        let op = Op::Receive(receive(1, 0, &[(0, 60)]));
        seen.extend(granted(run(&mut state, now, 0, op)).iter().map(|g| g.ticket.position));
    }
    assert_eq!(seen.len(), 60);
}

#[test]
fn what_cannot_be_read_is_left_out_at_once_however_much_it_is() {
    let mut state = begun(&[(0, 0)]);
    let grants = granted(run(&mut state, 1, 6, Op::Receive(receive(3, 10, &[(0, 3)]))));
    run(&mut state, 1, 6, Op::Discard { ranges: vec![(0, 1, 1 << 40)] });
    assert_eq!(state.live().collect::<Vec<_>>(), [(0, 1 << 40)]);
    assert_eq!((state.counts().in_flight, state.floor(0)), (1, Some(0)));
    let tickets = vec![grants[0].ticket, grants[1].ticket];
    let outcome = run(&mut state, 1, 6, Op::Acknowledge { dead: false, tickets });
    assert_eq!(outcome, Outcome::Verdicts(vec![Verdict::Done, Verdict::Gone]));
    assert_eq!(state.floor(0), Some(1 << 40));
}

#[test]
fn a_closed_shard_is_forgotten_once_all_of_it_is_acknowledged() {
    let mut state = begun(&[(0, 0)]);
    let grants = granted(run(&mut state, 1, 6, Op::Receive(receive(10, 10, &[(0, 2)]))));
    let op = Op::Shards { new: vec![1], ended: vec![(0, 2)], gone: vec![] };
    run(&mut state, 1, 6, op);
    assert!(state.is_live(0) && state.is_live(1));
    let tickets = grants.iter().map(|grant| grant.ticket).collect();
    run(&mut state, 1, 6, Op::Acknowledge { dead: false, tickets });
    assert!(!state.is_live(0) && state.has_met(0));
    run(&mut state, 1, 6, Op::Shards { new: vec![0], ended: vec![], gone: vec![] });
    assert!(!state.is_live(0));
}

#[test]
fn a_release_takes_the_receive_back() {
    let mut state = begun(&[(0, 0)]);
    let grant = granted(run(&mut state, 1, 6, Op::Receive(receive(1, 10, &[(0, 1)]))))[0];
    run(&mut state, 1, 6, Op::Release { tickets: vec![grant.ticket] });
    let again = granted(run(&mut state, 2, 6, Op::Receive(receive(1, 10, &[]))))[0];
    assert_eq!((again.receives, again.first_received), (1, 1));
    assert_ne!(again.ticket, grant.ticket);
}

#[test]
fn memory_per_record_in_flight_is_below_thirty_two_bytes() {
    let mut state = begun(&[(0, 0), (1, 0)]);
    const MILLION: u64 = 1_000_000;
    for _ in 0..MILLION / 100 {
        let most = Receive {
            in_flight_max: MILLION,
            tracked_max: MILLION,
            ..receive(100, 1000, &[(0, MILLION), (1, MILLION)])
        };
        assert_eq!(granted(run(&mut state, 1, 6, Op::Receive(most))).len(), 100);
    }
    assert_eq!(state.counts().in_flight, MILLION);
    let bytes = state.memory_bytes();
    println!("{} bytes per record in flight", bytes as f64 / MILLION as f64);
    assert!(bytes < MILLION as usize * 32, "{bytes}");
}
