//! The state: shards, pages, and the indexes that find what is visible or due without looking at all pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::page::{Page, PageKey, Phase, Summary, is_spent, place_of};
use super::shards::{Shard, Shards};

/// How many records a queue holds entries for, by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In flight.
    pub in_flight: u64,
    /// Received before, and visible again.
    pub visible: u64,
    /// Dead letters in flight.
    pub dead_in_flight: u64,
    /// Dead letters that are visible.
    pub dead_visible: u64,
}

impl Counts {
    /// All in flight, dead letters too.
    pub fn all_in_flight(&self) -> u64 {
        self.in_flight + self.dead_in_flight
    }

    /// All that have an entry.
    pub fn tracked(&self) -> u64 {
        self.all_in_flight() + self.visible + self.dead_visible
    }

    fn add(&mut self, before: Summary, after: Summary) {
        let change = |sum: &mut u64, phase: Phase| {
            *sum = (*sum + u64::from(after.of(phase))) - u64::from(before.of(phase));
        };
        change(&mut self.in_flight, Phase::InFlight);
        change(&mut self.visible, Phase::Visible);
        change(&mut self.dead_in_flight, Phase::DeadInFlight);
        change(&mut self.dead_visible, Phase::DeadVisible);
    }
}

/// When a receive may find something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Now.
    Now,
    /// At this time, in milliseconds, unless something arrives before.
    At(u64),
    /// Once something arrives.
    Unknown,
}

/// What a queue has delivered.
#[derive(Debug, Default)]
pub struct State {
    /// Whether it is fixed where the queue begins.
    pub(super) begun: bool,
    pub(super) shards: Shards,
    pub(super) pages: BTreeMap<PageKey, Arc<Page>>,
    pub(super) cursors: Cursors,
    // What follows is made from `pages`.
    pub(super) due: BTreeSet<(u64, PageKey)>,
    pub(super) visible: BTreeSet<PageKey>,
    pub(super) dead_visible: BTreeSet<PageKey>,
    counts: Counts,
}

/// Where the next receive goes on, so that each record has its turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    /// The place after the last record that was redelivered.
    pub visible: (u32, u64),
    /// The place after the last dead letter.
    pub dead_visible: (u32, u64),
    /// The shard from which new records come.
    pub fresh: u32,
    /// Receives so far; wraps.
    pub turn: u32,
}

impl State {
    /// Whether it is fixed where the queue begins.
    pub fn begun(&self) -> bool {
        self.begun
    }

    /// How many records there are in each phase; those whose time is over may still be counted as in flight.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many records there are in each phase, with those whose time is over where the next command will put them.
    pub fn counts_at(&self, now: u64, receives_max: u32) -> Counts {
        let mut counts = self.counts;
        for (_, key) in self.due.iter().take_while(|(due, _)| *due <= now) {
            let Some(page) = self.pages.get(key) else { continue };
            for entry in page.entries().iter().filter(|entry| entry.until() <= now) {
                match entry.phase() {
                    Phase::InFlight if is_spent(entry, receives_max) => {
                        counts.in_flight -= 1;
                        counts.dead_visible += 1;
                    }
                    Phase::InFlight => {
                        counts.in_flight -= 1;
                        counts.visible += 1;
                    }
                    Phase::DeadInFlight => {
                        counts.dead_in_flight -= 1;
                        counts.dead_visible += 1;
                    }
                    Phase::Visible | Phase::DeadVisible => {}
                }
            }
        }
        counts
    }

    /// Records that were never received, as far as ends are known.
    pub fn never_received(&self) -> u64 {
        self.shards.live().map(|(_, shard)| shard.end.saturating_sub(shard.next)).sum()
    }

    /// Live shards, with the first position that was never received.
    pub fn live(&self) -> impl Iterator<Item = (u32, u64)> {
        self.shards.live().map(|(number, shard)| (number, shard.next))
    }

    /// How far a live shard is known to reach.
    pub fn end_of(&self, shard: u32) -> Option<u64> {
        self.shards.get(shard).map(|shard| shard.end)
    }

    /// Whether the queue has met a shard.
    pub fn has_met(&self, shard: u32) -> bool {
        self.shards.has_met(shard)
    }

    /// Whether a shard is live and its end is not fixed yet.
    pub fn is_unended(&self, shard: u32) -> bool {
        self.shards.get(shard).is_some_and(|shard| !shard.closed)
    }

    /// Whether a shard is live.
    pub fn is_live(&self, shard: u32) -> bool {
        self.shards.get(shard).is_some()
    }

    /// The lowest position of a live shard that is not acknowledged.
    pub fn floor(&self, shard: u32) -> Option<u64> {
        let next = self.shards.get(shard)?.next;
        let first = self.pages.range((shard, 0)..=(shard, u64::MAX)).next();
        let first = first.and_then(|((_, number), page)| {
            let slot = page.entries().first()?.slot();
            Some(number * super::page::PAGE_POSITIONS + u64::from(slot))
        });
        Some(first.unwrap_or(next).min(next))
    }

    /// Ends that reach further than the state knows: some, beginning where the next new records come from. A receive
    /// hands out ten at most, so a few shards do.
    pub fn news(&self, ends: &BTreeMap<u32, u64>, shards_max: usize) -> Vec<(u32, u64)> {
        let from = self.cursors.fresh;
        let further = |(shard, end): (&u32, &u64)| {
            let known = self.shards.get(*shard)?;
            (*end > known.end && !known.closed).then_some((*shard, *end))
        };
        let after = ends.range(from..).filter_map(further);
        after.chain(ends.range(..from).filter_map(further)).take(shards_max).collect()
    }

    /// When a receive may find something.
    pub fn outlook(&self, now: u64, dead: bool) -> Outlook {
        let visible = match dead {
            true => !self.dead_visible.is_empty(),
            false => !self.visible.is_empty() || self.shards.has_fresh(),
        };
        match self.due.first() {
            _ if visible => Outlook::Now,
            Some((due, _)) if *due <= now => Outlook::Now,
            Some((due, _)) => Outlook::At(*due),
            None => Outlook::Unknown,
        }
    }

    /// Changes a page, and what is made from it.
    pub(super) fn edit<T>(&mut self, key: PageKey, act: impl FnOnce(&mut Page) -> T) -> T {
        let handle = self.pages.entry(key).or_default();
        let before = handle.summary();
        let page = Arc::make_mut(handle);
        let result = act(page);
        let (after, empty) = (page.summary(), page.entries().is_empty());
        if empty {
            self.pages.remove(&key);
        }
        self.index(key, before, after);
        result
    }

    fn index(&mut self, key: PageKey, before: Summary, after: Summary) {
        if before.due != after.due {
            self.due.remove(&(before.due, key));
            if after.due != u64::MAX {
                self.due.insert((after.due, key));
            }
        }
        for (set, phase) in
            [(&mut self.visible, Phase::Visible), (&mut self.dead_visible, Phase::DeadVisible)]
        {
            match (before.of(phase) > 0, after.of(phase) > 0) {
                (false, true) => drop(set.insert(key)),
                (true, false) => drop(set.remove(&key)),
                (true, true) | (false, false) => {}
            }
        }
        self.counts.add(before, after);
    }

    /// Puts a page back that was in a snapshot.
    pub(super) fn insert_page(&mut self, key: PageKey, page: Page) {
        let (before, after) = (Summary::default(), page.summary());
        if self.pages.insert(key, Arc::new(page)).is_none() {
            self.index(key, before, after);
        }
    }

    /// The page and the index of a record's entry.
    pub(super) fn find(&self, shard: u32, position: u64) -> Option<(PageKey, usize)> {
        let (key, slot) = place_of(shard, position);
        let page = self.pages.get(&key)?;
        Some((key, page.find(slot)?))
    }

    /// Forgets a shard that is closed once nothing of it is left.
    pub(super) fn settle(&mut self, number: u32) {
        let Some(Shard { next, end, closed }) = self.shards.get(number).copied() else { return };
        let is_through = closed && next >= end;
        if is_through && self.pages.range((number, 0)..=(number, u64::MAX)).next().is_none() {
            self.shards.remove(number);
        }
    }
}

impl State {
    /// Bytes of memory that the pages and their indexes take, as the collections allocate it.
    pub fn memory_bytes(&self) -> usize {
        // A B-tree's node holds eleven keys and is at least half full.
        let of_tree = |entries: usize, bytes: usize| entries * (bytes + 8) * 2;
        let pages: usize = self.pages.values().map(|page| 16 + page.memory_bytes()).sum();
        pages
            + of_tree(self.pages.len(), size_of::<(PageKey, Arc<Page>)>())
            + of_tree(self.due.len(), size_of::<(u64, PageKey)>())
            + of_tree(self.visible.len() + self.dead_visible.len(), size_of::<PageKey>())
    }
}
