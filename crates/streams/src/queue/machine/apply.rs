//! What each command does: pure functions of state and command.

use super::command::{Command, Grant, Op, Outcome, Receive, Refusal, Ticket, Verdict};
use super::page::{
    Entry, PAGE_POSITIONS, PageKey, Phase, is_dead, is_in_flight, is_spent, place_of,
};
use super::shards::Shard;
use super::state::State;

/// Pages that one command looks through for records whose time is over; what is left waits for the next command.
const EXPIRED_PAGES_MAX: usize = 64;

/// Changes the state.
pub fn apply(state: &mut State, command: &Command) -> Outcome {
    let Command { now, receives_max, op } = command;
    let at = At { now: *now, receives_max: *receives_max };
    at.expire(state);
    match op {
        Op::Init { shards, skipped } => init(state, shards, skipped),
        Op::Shards { new, ended, gone } => change_shards(state, new, ended, gone),
        Op::Receive(receive) => return at.receive(state, receive),
        Op::Acknowledge { dead, tickets } => {
            return each(tickets, |ticket| at.acknowledge(state, ticket, *dead));
        }
        Op::Hide { dead, tickets } => {
            return each(tickets, |(ticket, hidden_ms)| at.hide(state, ticket, *hidden_ms, *dead));
        }
        Op::Restore { tickets } => return each(tickets, |ticket| at.restore(state, ticket)),
        Op::Release { tickets } => return each(tickets, |ticket| at.release(state, ticket)),
        Op::Discard { ranges } => {
            ranges.iter().for_each(|(shard, from, to)| discard(state, *shard, *from, *to));
        }
    }
    Outcome::Done
}

fn each<T>(all: &[T], act: impl FnMut(&T) -> Verdict) -> Outcome {
    Outcome::Verdicts(all.iter().map(act).collect())
}

fn init(state: &mut State, shards: &[(u32, u64)], skipped: &[u32]) {
    if std::mem::replace(&mut state.begun, true) {
        return;
    }
    for (number, first) in shards {
        state.shards.meet(*number);
        state.shards.put(*number, Shard { next: *first, end: *first, closed: false });
    }
    skipped.iter().for_each(|number| state.shards.meet(*number));
}

fn change_shards(state: &mut State, new: &[u32], ended: &[(u32, u64)], gone: &[u32]) {
    for number in new {
        if !state.shards.has_met(*number) {
            state.shards.meet(*number);
            state.shards.put(*number, Shard { next: 0, end: 0, closed: false });
        }
    }
    for (number, end) in ended {
        if let Some(shard) = state.shards.get(*number).copied().filter(|shard| !shard.closed) {
            state.shards.put(*number, Shard { end: *end, closed: true, ..shard });
            state.settle(*number);
        }
    }
    for number in gone {
        state.shards.meet(*number);
        discard(state, *number, 0, u64::MAX);
        state.shards.remove(*number);
    }
}

/// Nothing can be read of these positions.
fn discard(state: &mut State, number: u32, from: u64, to: u64) {
    let Some(shard) = state.shards.get(number).copied() else { return };
    if from >= to {
        return;
    }
    let (first, last) = ((number, from / PAGE_POSITIONS), (number, (to - 1) / PAGE_POSITIONS));
    let keys: Vec<PageKey> = state.pages.range(first..=last).map(|(key, _)| *key).collect();
    for key in keys {
        let start = key.1 * PAGE_POSITIONS;
        let slot = |position: u64| position.saturating_sub(start).min(PAGE_POSITIONS) as u16;
        state.edit(key, |page| page.remove_slots(slot(from), slot(to)));
    }
    if (from..to).contains(&shard.next) {
        // An end that is fixed stays; otherwise the shard reaches at least as far as what cannot be read.
        let next = if shard.closed { to.min(shard.end) } else { to };
        let next = next.min(1 << 63);
        state.shards.put(number, Shard { next, end: shard.end.max(next), ..shard });
    }
    state.settle(number);
}

/// When a command is applied, and under which rule.
struct At {
    now: u64,
    receives_max: u32,
}

impl At {
    /// Makes visible what is hidden no longer.
    fn expire(&self, state: &mut State) {
        for _ in 0..EXPIRED_PAGES_MAX {
            let Some((due, key)) = state.due.first().copied() else { return };
            if due > self.now {
                return;
            }
            state.edit(key, |page| page.expire(self.now, self.receives_max));
        }
    }

    fn until(&self, hidden_ms: u64) -> u64 {
        self.now.saturating_add(hidden_ms)
    }

    fn receive(&self, state: &mut State, receive: &Receive) -> Outcome {
        for (number, end) in &receive.ends {
            let known = state.shards.get(*number).copied();
            if let Some(shard) = known.filter(|shard| !shard.closed && *end > shard.end) {
                state.shards.put(*number, Shard { end: *end, ..shard });
            }
        }
        let room = receive.in_flight_max.saturating_sub(state.counts().all_in_flight());
        let limit = room.min(receive.limit.into()) as usize;
        if limit == 0 {
            return Outcome::Refused(Refusal::InFlight);
        }
        let mut granted = Vec::with_capacity(limit);
        if receive.dead {
            self.redeliver(state, receive, limit, &mut granted);
            return Outcome::Granted(granted);
        }
        state.cursors.turn = state.cursors.turn.wrapping_add(1);
        let before = state.counts().tracked();
        let tracked_room = receive.tracked_max.saturating_sub(before) as usize;
        let share = fresh_share(limit, state.cursors.turn);
        let share = if state.shards.has_fresh() { share.min(tracked_room) } else { 0 };
        self.redeliver(state, receive, limit - share, &mut granted);
        let fresh_limit = (limit - granted.len()).min(tracked_room);
        self.deliver_fresh(state, receive, fresh_limit, &mut granted);
        let rest = limit - granted.len();
        if rest > 0 && share > 0 {
            self.redeliver(state, receive, rest, &mut granted);
        }
        if granted.is_empty() && tracked_room == 0 && state.shards.has_fresh() {
            return Outcome::Refused(Refusal::Tracked);
        }
        Outcome::Granted(granted)
    }

    /// Hands out what was received before, going round so that each record has its turn.
    fn redeliver(&self, state: &mut State, receive: &Receive, limit: usize, out: &mut Vec<Grant>) {
        if limit == 0 {
            return;
        }
        let (set, cursor) = match receive.dead {
            true => (&state.dead_visible, state.cursors.dead_visible),
            false => (&state.visible, state.cursors.visible),
        };
        let (here, slot) = place_of(cursor.0, cursor.1);
        let round = set.range(here..).chain(set.range(..here)).copied();
        // Each of these pages has a record at least; the first comes again for what lies before the cursor.
        let keys: Vec<PageKey> = round.take(limit + 1).collect();
        let full = out.len() + limit;
        let again = keys.first().copied().filter(|key| *key == here).map(|key| (key, 0));
        let from = |key: PageKey| (key, if key == here { slot } else { 0 });
        for (key, slot) in keys.into_iter().map(from).chain(again) {
            if out.len() == full {
                return;
            }
            let most = full - out.len();
            let taken = state.edit(key, |page| self.take_visible(page, receive, slot, most));
            for entry in taken {
                let grant = grant_of(key, &entry);
                let next = (key.0, grant.ticket.position + 1);
                match receive.dead {
                    true => state.cursors.dead_visible = next,
                    false => state.cursors.visible = next,
                }
                out.push(grant);
            }
        }
    }

    fn take_visible(
        &self,
        page: &mut super::page::Page,
        receive: &Receive,
        from_slot: u16,
        most: usize,
    ) -> Vec<Entry> {
        let wanted = if receive.dead { Phase::DeadVisible } else { Phase::Visible };
        let mut taken = Vec::new();
        for index in 0..page.entries().len() {
            let entry = page.entry(index);
            if taken.len() == most || page.summary().of(wanted) == 0 {
                break;
            }
            if entry.slot() < from_slot || entry.phase() != wanted {
                continue;
            }
            // The limit may have become lower since the record became visible.
            if !receive.dead && is_spent(&entry, self.receives_max) {
                page.show(index, Phase::DeadVisible, entry.receives);
                continue;
            }
            taken.push(page.receive(index, self.until(receive.hidden_ms)));
        }
        taken
    }

    /// Hands out what was never received, from one shard after another.
    fn deliver_fresh(
        &self,
        state: &mut State,
        receive: &Receive,
        limit: usize,
        out: &mut Vec<Grant>,
    ) {
        let full = out.len() + limit;
        while out.len() < full {
            let Some(number) = state.shards.fresh_from(state.cursors.fresh) else { return };
            let Some(shard) = state.shards.get(number).copied() else { return };
            let count = ((full - out.len()) as u64).min(shard.end - shard.next);
            for position in shard.next..shard.next + count {
                let (key, slot) = place_of(number, position);
                let entry = Entry::fresh(slot, self.now, self.until(receive.hidden_ms));
                state.edit(key, |page| page.insert(entry));
                out.push(grant_of(key, &entry));
            }
            state.shards.put(number, Shard { next: shard.next + count, ..shard });
            state.cursors.fresh = number.wrapping_add(1);
        }
    }

    /// The record of a ticket, once its own time is looked at: whichever pages `expire` has not reached yet.
    fn held(
        &self,
        state: &mut State,
        ticket: &Ticket,
        dead: bool,
    ) -> Result<(PageKey, usize, Entry), Verdict> {
        let (key, index) = state.find(ticket.shard, ticket.position).ok_or(Verdict::Gone)?;
        if state.pages[&key].summary().due <= self.now {
            state.edit(key, |page| page.expire(self.now, self.receives_max));
        }
        let entry = state.pages[&key].entry(index);
        if entry.delivery != ticket.delivery {
            return Err(Verdict::Stale);
        }
        match (is_dead(entry.phase()), dead) {
            (true, false) => Err(Verdict::DeadLetter),
            (false, true) => Err(Verdict::NotDeadLetter),
            (true, true) | (false, false) => Ok((key, index, entry)),
        }
    }

    fn acknowledge(&self, state: &mut State, ticket: &Ticket, dead: bool) -> Verdict {
        match self.held(state, ticket, dead) {
            Ok((key, index, _)) => {
                state.edit(key, |page| page.remove(index));
                state.settle(ticket.shard);
                Verdict::Done
            }
            Err(why) => why,
        }
    }

    fn hide(&self, state: &mut State, ticket: &Ticket, hidden_ms: u64, dead: bool) -> Verdict {
        match self.held(state, ticket, dead) {
            Ok((_, _, entry)) if !is_in_flight(entry.phase()) => Verdict::Visible,
            Ok((key, index, _)) => {
                let until = self.until(hidden_ms);
                state.edit(key, |page| {
                    page.hide(index, until);
                    page.expire(self.now, self.receives_max);
                });
                Verdict::Done
            }
            Err(why) => why,
        }
    }

    fn restore(&self, state: &mut State, ticket: &Ticket) -> Verdict {
        match self.held(state, ticket, true) {
            Ok((key, index, _)) => {
                state.edit(key, |page| page.show(index, Phase::Visible, 0));
                Verdict::Done
            }
            Err(why) => why,
        }
    }

    /// What was handed out a moment ago and could not be returned is as it was before.
    fn release(&self, state: &mut State, ticket: &Ticket) -> Verdict {
        let Some((key, index)) = state.find(ticket.shard, ticket.position) else {
            return Verdict::Gone;
        };
        let entry = state.pages[&key].entry(index);
        if entry.delivery != ticket.delivery || !is_in_flight(entry.phase()) {
            return Verdict::Stale;
        }
        let dead = is_dead(entry.phase());
        let phase = if dead { Phase::DeadVisible } else { Phase::Visible };
        state.edit(key, |page| page.show(index, phase, entry.receives.saturating_sub(1)));
        Verdict::Done
    }
}

/// How many of a receive's records are new ones where both kinds are there: a quarter, so that records that are never
/// acknowledged do not keep out all others.
fn fresh_share(limit: usize, turn: u32) -> usize {
    match limit {
        0 => 0,
        1..=3 => usize::from(turn.is_multiple_of(4)),
        _ => limit / 4,
    }
}

fn grant_of((shard, page): PageKey, entry: &Entry) -> Grant {
    let position = page * PAGE_POSITIONS + u64::from(entry.slot());
    Grant {
        ticket: Ticket { shard, position, delivery: entry.delivery },
        receives: entry.receives.into(),
        first_received: entry.first_received(),
    }
}
