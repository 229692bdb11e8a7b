//! The machine against a naive model: every record with its own state, generated commands, snapshots on the way.

use std::collections::BTreeMap;

use millstream_replica::Machine;
use millstream_types::{Random, SeededRandom};

use super::tests::{granted, picture, run, through_slices};
use super::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Fresh,
    Leased { until: u64 },
    Visible,
    DeadLeased { until: u64 },
    Dead,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    kind: Kind,
    receives: u32,
    delivery: u32,
    first: u64,
}

/// What is neither acknowledged nor gone.
#[derive(Default)]
struct Model {
    records: BTreeMap<(u32, u64), Record>,
}

impl Model {
    fn expire(&mut self, now: u64, max: u32) {
        for record in self.records.values_mut() {
            record.kind = match record.kind {
                Kind::Leased { until } if until <= now => {
                    if max > 0 && record.receives >= max {
                        Kind::Dead
                    } else {
                        Kind::Visible
                    }
                }
                Kind::DeadLeased { until } if until <= now => Kind::Dead,
                kind => kind,
            };
        }
    }

    fn in_flight(&self) -> u64 {
        let hidden = |r: &&Record| matches!(r.kind, Kind::Leased { .. } | Kind::DeadLeased { .. });
        self.records.values().filter(hidden).count() as u64
    }

    fn verdict(&self, ticket: &Ticket, dead: bool) -> Verdict {
        let Some(record) = self.records.get(&(ticket.shard, ticket.position)) else {
            return Verdict::Gone;
        };
        if record.kind == Kind::Fresh {
            return Verdict::Gone;
        }
        if record.delivery != ticket.delivery {
            return Verdict::Stale;
        }
        match (matches!(record.kind, Kind::Dead | Kind::DeadLeased { .. }), dead) {
            (true, false) => Verdict::DeadLetter,
            (false, true) => Verdict::NotDeadLetter,
            _ => Verdict::Done,
        }
    }
}

struct World {
    random: SeededRandom,
    state: State,
    model: Model,
    log: Vec<Vec<u8>>,
    now: u64,
    max: u32,
    ends: BTreeMap<u32, u64>,
    open: Vec<u32>,
    tickets: Vec<Ticket>,
}

const HIDDEN_MAX_MS: u64 = 50;

impl World {
    fn new(seed: u64) -> Self {
        let mut world = World {
            random: SeededRandom::new(seed),
            state: State::default(),
            model: Model::default(),
            log: vec![],
            now: 1000,
            max: 3,
            ends: BTreeMap::from([(0, 500), (1, 0)]),
            open: vec![0, 1],
            tickets: vec![],
        };
        world.send(Op::Init { shards: vec![(0, 500), (1, 0)], skipped: vec![2] });
        world
    }

    fn below(&self, n: u64) -> u64 {
        self.random.next_u64() % n
    }

    fn send(&mut self, op: Op) -> Outcome {
        let command = Command { now: self.now, receives_max: self.max, op };
        self.log.push(QueueMachine::encode(&command));
        self.model.expire(self.now, self.max);
        run(&mut self.state, self.now, self.max, command.op)
    }

    fn step(&mut self) {
        self.now += self.below(8);
        match self.below(12) {
            0 | 1 => self.arrive(),
            2..=4 => self.receive(false),
            5 => self.receive(true),
            6 | 7 => self.acknowledge(),
            8 => self.hide(),
            9 => self.restore(),
            10 => self.discard(),
            _ => self.reshard(),
        }
        self.compare();
    }

    fn arrive(&mut self) {
        let shard = self.open[self.below(self.open.len() as u64) as usize];
        let end = self.ends.get_mut(&shard).unwrap();
        let from = *end;
        *end += self.random.next_u64() % 30;
        for position in from..*end {
            let record = Record { kind: Kind::Fresh, receives: 0, delivery: 0, first: 0 };
            self.model.records.insert((shard, position), record);
        }
    }

    fn receive(&mut self, dead: bool) {
        let (limit, hidden) = (1 + self.below(10) as u8, self.below(HIDDEN_MAX_MS));
        let cap = 20 + self.below(100);
        let ends: Vec<_> = self.ends.iter().map(|(shard, end)| (*shard, *end)).collect();
        let outcome = self.send(Op::Receive(Receive {
            dead,
            limit,
            hidden_ms: hidden,
            in_flight_max: cap,
            tracked_max: u64::MAX,
            ends,
        }));
        let before = self.model.in_flight();
        if before >= cap {
            assert_eq!(outcome, Outcome::Refused(Refusal::InFlight));
            return;
        }
        let grants = granted(outcome);
        let most = (cap - before).min(limit.into());
        let may = |r: &&Record| match dead {
            true => r.kind == Kind::Dead,
            false => matches!(r.kind, Kind::Fresh | Kind::Visible),
        };
        let there = self.model.records.values().filter(may).count() as u64;
        assert_eq!(grants.len() as u64, most.min(there));
        for Grant { ticket, receives, first_received } in grants {
            let record = self.model.records.get_mut(&(ticket.shard, ticket.position)).unwrap();
            assert!(may(&&*record), "{record:?}");
            let until = self.now + hidden;
            record.kind = if dead { Kind::DeadLeased { until } } else { Kind::Leased { until } };
            record.receives += 1;
            record.delivery += 1;
            record.first = if record.first == 0 { self.now } else { record.first };
            assert_eq!(
                (receives, ticket.delivery, first_received),
                (record.receives, record.delivery, record.first)
            );
            self.tickets.push(ticket);
        }
    }

    fn some_tickets(&mut self) -> Vec<Ticket> {
        let count = (1 + self.below(10)).min(self.tickets.len() as u64);
        let pick = |world: &Self| world.tickets[world.below(world.tickets.len() as u64) as usize];
        (0..count).map(|_| pick(self)).collect()
    }

    fn acknowledge(&mut self) {
        let (tickets, dead) = (self.some_tickets(), self.below(4) == 0);
        let outcome = self.send(Op::Acknowledge { dead, tickets: tickets.clone() });
        let expected = tickets.iter().map(|ticket| {
            let verdict = self.model.verdict(ticket, dead);
            if verdict == Verdict::Done {
                self.model.records.remove(&(ticket.shard, ticket.position));
            }
            verdict
        });
        assert_eq!(outcome, Outcome::Verdicts(expected.collect()));
    }

    fn hide(&mut self) {
        let dead = self.below(3) == 0;
        let mut tickets: Vec<_> = self.some_tickets();
        tickets.truncate(1);
        let hidden = [0, self.below(HIDDEN_MAX_MS)][self.below(2) as usize];
        let with_time = tickets.iter().map(|ticket| (*ticket, hidden)).collect();
        let outcome = self.send(Op::Hide { dead, tickets: with_time });
        let (now, max) = (self.now, self.max);
        let expected = tickets.iter().map(|ticket| {
            let verdict = self.model.verdict(ticket, dead);
            let at = (ticket.shard, ticket.position);
            match self.model.records.get_mut(&at) {
                Some(record) if verdict == Verdict::Done => match record.kind {
                    Kind::Visible | Kind::Dead => Verdict::Visible,
                    Kind::Leased { .. } => {
                        record.kind = Kind::Leased { until: now + hidden };
                        Verdict::Done
                    }
                    _ => {
                        record.kind = Kind::DeadLeased { until: now + hidden };
                        Verdict::Done
                    }
                },
                _ => verdict,
            }
        });
        assert_eq!(outcome, Outcome::Verdicts(expected.collect()));
        self.model.expire(now, max);
    }

    fn restore(&mut self) {
        let tickets = self.some_tickets();
        let outcome = self.send(Op::Restore { tickets: tickets.clone() });
        let expected = tickets.iter().map(|ticket| {
            let verdict = self.model.verdict(ticket, true);
            if verdict == Verdict::Done {
                let record = self.model.records.get_mut(&(ticket.shard, ticket.position)).unwrap();
                (record.kind, record.receives) = (Kind::Visible, 0);
            }
            verdict
        });
        assert_eq!(outcome, Outcome::Verdicts(expected.collect()));
    }

    /// The oldest records of a shard expire.
    fn discard(&mut self) {
        if self.below(4) > 0 {
            return;
        }
        let shards: Vec<u32> = self.ends.keys().copied().collect();
        let shard = shards[self.below(shards.len() as u64) as usize];
        let to = self.ends[&shard].saturating_sub(self.below(100));
        self.send(Op::Discard { ranges: vec![(shard, 0, to)] });
        self.model.records.retain(|(s, position), _| *s != shard || *position >= to);
    }

    /// A shard closes and another opens.
    fn reshard(&mut self) {
        if self.below(6) > 0 {
            return;
        }
        let parent = self.open.remove(0);
        let child = *self.ends.keys().last().unwrap() + 2;
        let ended = vec![(parent, self.ends[&parent])];
        self.send(Op::Shards { new: vec![child], ended, gone: vec![] });
        self.ends.insert(child, 0);
        self.open.push(child);
    }

    fn compare(&mut self) {
        let fresh = self.model.records.values().filter(|r| r.kind == Kind::Fresh).count() as u64;
        let known: u64 = self.state.never_received();
        assert!(known <= fresh, "{known} of {fresh}");
        let with_entry = self.model.records.len() as u64 - fresh;
        assert_eq!(self.state.counts().tracked(), with_entry);
        for (shard, end) in &self.ends {
            let closed = !self.open.contains(shard);
            let left = self.model.records.keys().any(|(s, _)| s == shard);
            assert!(!closed || left || !self.state.is_live(*shard), "{shard} up to {end}");
        }
        let half = self.tickets.len() / 2;
        if half > 200 {
            self.tickets.drain(..half);
        }
    }
}

#[test]
fn generated_commands_come_to_what_the_model_says() {
    for seed in 0..12 {
        let mut world = World::new(seed);
        (0..1500).for_each(|_| world.step());
        assert!(world.log.len() > 1000, "seed {seed} did something");
    }
}

#[test]
fn replay_from_any_snapshot_comes_to_the_same_state() {
    for seed in 100..104 {
        let mut world = World::new(seed);
        let mut snapshots = Vec::new();
        for step in 0..600 {
            if step % 120 == 0 {
                let room = [1, 600, 1 << 17][step / 120 % 3];
                snapshots.push((world.log.len(), through_slices(&world.state, room)));
                assert_eq!(picture(&snapshots[step / 120].1), picture(&world.state));
            }
            world.step();
        }
        for (from, mut state) in snapshots {
            for command in &world.log[from..] {
                QueueMachine::apply(&mut state, &QueueMachine::decode(command, 1).unwrap());
            }
            assert_eq!(picture(&state), picture(&world.state), "seed {seed} from {from}");
        }
    }
}
