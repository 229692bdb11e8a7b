//! The way from any open shards to a number of equal ones, by splits and merges.
//!
//! Only boundaries that the target has are added, and only those that it lacks are removed, each once: no plan has
//! fewer changes. The plan is made step by step from the open shards alone, so that it needs no other memory than the
//! target, and goes on after a crash where it stopped. What can be changed at the same time is one step.

use millstream_types::{HashKey, HashKeyRange, ShardId};

/// Most parents of one step: while their logs are sealed, puts to them wait.
pub const STEP_PARENTS_MAX: usize = 2048;
/// Most steps of a plan, besides those that its size needs: each puts the shards' creation a second further ahead.
const STEPS_MAX: usize = 24;
/// So many shards, before and after, give a plan one step more.
const SHARDS_PER_STEP: usize = 1024;
/// Most steps of what was begun before plans were made by the sender.
pub const STEPS_WITHOUT_PLAN_MAX: usize = 2000;

/// Most steps from `open` shards to `target`. A quota that leaves next to no room needs more.
pub fn steps_max(open: usize, target: u32) -> usize {
    STEPS_MAX + (open + target as usize) / SHARDS_PER_STEP
}

/// An open shard: its number and its hash keys.
pub type OpenShard = (ShardId, HashKeyRange);

/// A change within a step. No shard is in two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// One becomes two; the upper begins at the key.
    Split(ShardId, HashKey),
    /// Two that lie beside each other become one; the lower comes first.
    Merge(ShardId, ShardId),
}

/// Whether `open`, in the order of their keys, are `target` equal ranges.
pub fn is_even(open: &[OpenShard], target: u32) -> bool {
    open.len() == target as usize
        && open.iter().zip(0..).all(|((_, range), i)| *range == HashKeyRange::uniform(i, target))
}

/// The next step from `open`, which tile the key space in the order of their keys. After it, at most `open_max` shards
/// are open. Empty when all is done, or when there is no room for another step.
pub fn next_step(open: &[OpenShard], target: u32, open_max: usize) -> Vec<Change> {
    let mut step = Vec::new();
    let (mut parents, mut count) = (0, open.len());
    let mut wanted = Wanted::new(target);
    let places: Vec<Place> = open.iter().map(|(_, range)| wanted.place(range)).collect();
    // Merges come first: they make the room that splits need.
    let mut merged = vec![false; open.len()];
    for upper in 1..open.len() {
        let apart = places[upper].begins_wanted || merged[upper - 1];
        let whole = |place: &Place| place.inside == 0;
        if parents + 2 > STEP_PARENTS_MAX || apart || !whole(&places[upper - 1]) {
            continue;
        }
        if whole(&places[upper]) {
            step.push(Change::Merge(open[upper - 1].0, open[upper].0));
            (merged[upper - 1], merged[upper]) = (true, true);
            (parents, count) = (parents + 2, count - 1);
        }
    }
    for ((id, _), place) in open.iter().zip(&places) {
        if parents == STEP_PARENTS_MAX || count >= open_max {
            break;
        }
        if place.inside > 0 {
            let middle = place.first + place.inside / 2;
            step.push(Change::Split(*id, HashKeyRange::uniform(middle, target).start));
            (parents, count) = (parents + 1, count + 1);
        }
    }
    step
}

/// Where a shard lies among the boundaries of the target.
struct Place {
    /// Whether it begins at one of them.
    begins_wanted: bool,
    /// How many lie inside it, above its start.
    inside: u32,
    /// The number of the first of these.
    first: u32,
}

/// Walks along the boundaries of the target.
struct Wanted {
    target: u32,
    next: u32,
}

impl Wanted {
    fn new(target: u32) -> Self {
        Wanted { target, next: 0 }
    }

    fn key(&self) -> Option<HashKey> {
        (self.next < self.target).then(|| HashKeyRange::uniform(self.next, self.target).start)
    }

    /// The place of the next range, which begins above the last one's end.
    fn place(&mut self, range: &HashKeyRange) -> Place {
        let begins_wanted = self.key() == Some(range.start);
        self.next += u32::from(begins_wanted);
        let first = self.next;
        while self.key().is_some_and(|key| key <= range.end) {
            self.next += 1;
        }
        Place { begins_wanted, inside: self.next - first, first }
    }
}

/// The shards that are open after a step, in the order of their keys; new ones get the numbers from `next` on.
pub fn after(open: &[OpenShard], step: &[Change], mut next: u32) -> Vec<OpenShard> {
    let mut changes: std::collections::HashMap<ShardId, Change> = Default::default();
    for change in step {
        match change {
            Change::Split(id, _) | Change::Merge(id, _) => changes.insert(*id, *change),
        };
    }
    let mut number = || {
        next += 1;
        ShardId(next - 1)
    };
    let mut result = Vec::with_capacity(open.len() + step.len());
    let mut shards = open.iter();
    while let Some((id, range)) = shards.next() {
        match changes.get(id) {
            None => result.push((*id, *range)),
            Some(Change::Split(_, key)) => {
                let below = HashKey(key.0.saturating_sub(1));
                result.push((number(), HashKeyRange { start: range.start, end: below }));
                result.push((number(), HashKeyRange { start: *key, end: range.end }));
            }
            Some(Change::Merge(..)) => {
                let end = shards.next().map_or(range.end, |(_, upper)| upper.end);
                result.push((number(), HashKeyRange { start: range.start, end }));
            }
        }
    }
    result
}

/// How many shards are open at most on the way to `target`, if it is reached with at most `open_max` and in at most
/// `steps` steps. Follows the whole plan: too much for `apply` where there are many shards.
pub fn peak(open: &[OpenShard], target: u32, open_max: usize, steps: usize) -> Option<usize> {
    let mut now = open.to_vec();
    let mut next = open.iter().map(|(id, _)| id.0 + 1).max().unwrap_or(0);
    let mut most = now.len();
    for left in (0..=steps).rev() {
        if is_even(&now, target) {
            return Some(most);
        }
        if left == 0 {
            break;
        }
        let step = next_step(&now, target, open_max);
        if step.is_empty() {
            return None;
        }
        now = after(&now, &step, next);
        next += 2 * step.len() as u32;
        most = most.max(now.len());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_types::{Random, SeededRandom};

    fn uniform(count: u32) -> Vec<OpenShard> {
        (0..count).map(|i| (ShardId(i), HashKeyRange::uniform(i, count))).collect()
    }

    /// Ranges that begin anywhere, often beside each other.
    fn uneven(random: &SeededRandom, count: usize) -> Vec<OpenShard> {
        let mut starts = std::collections::BTreeSet::from([0u128]);
        while starts.len() < count {
            let high = u128::from(random.next_u64()) << 64;
            starts.insert(if random.next_u64().is_multiple_of(4) { high | 1 } else { high });
            starts.insert(high);
        }
        let starts: Vec<u128> = starts.into_iter().take(count).collect();
        let ends = starts.iter().skip(1).map(|start| start - 1).chain([u128::MAX]);
        let ranges = starts
            .iter()
            .zip(ends)
            .map(|(s, e)| HashKeyRange { start: HashKey(*s), end: HashKey(e) });
        ranges.enumerate().map(|(i, range)| (ShardId(i as u32), range)).collect()
    }

    /// Follows a plan to its end: the number of changes and of steps. Each step is checked.
    fn follow(from: &[OpenShard], target: u32, open_max: usize) -> (usize, usize) {
        let (mut open, mut next) = (from.to_vec(), from.len() as u32);
        let (mut changes, mut steps) = (0, 0);
        loop {
            let step = next_step(&open, target, open_max);
            if step.is_empty() {
                assert!(is_even(&open, target), "{} to {target}", from.len());
                return (changes, steps);
            }
            let mut parents = std::collections::HashSet::new();
            for change in &step {
                let fresh = match change {
                    Change::Split(id, _) => parents.insert(*id),
                    Change::Merge(low, high) => parents.insert(*low) && parents.insert(*high),
                };
                assert!(fresh, "a shard is in one change only");
            }
            assert!(parents.len() <= STEP_PARENTS_MAX);
            let known = next;
            open = after(&open, &step, next);
            next += 2 * step.len() as u32;
            assert!(open.len() <= open_max.max(from.len()));
            assert!(open.iter().all(|(id, _)| id.0 >= known || !parents.contains(id)));
            assert_tiles(&open);
            (changes, steps) = (changes + step.len(), steps + 1);
        }
    }

    fn assert_tiles(open: &[OpenShard]) {
        let mut next = Some(0u128);
        for (_, range) in open {
            assert_eq!(Some(range.start.0), next);
            assert!(range.start <= range.end);
            next = range.end.0.checked_add(1);
        }
        assert_eq!(next, None);
    }

    /// The boundaries that one of the two has and the other has not.
    fn distance(from: &[OpenShard], target: u32) -> usize {
        let starts = |open: &[OpenShard]| -> std::collections::HashSet<HashKey> {
            open.iter().map(|(_, range)| range.start).collect()
        };
        starts(from).symmetric_difference(&starts(&uniform(target))).count()
    }

    #[test]
    fn any_shards_become_equal_ones_with_the_fewest_changes() {
        let random = SeededRandom::new(3);
        for round in 0..300 {
            let count = 1 + (random.next_u64() % 40) as usize;
            let from = if round % 3 == 0 { uniform(count as u32) } else { uneven(&random, count) };
            let target = 1 + (random.next_u64() % 40) as u32;
            let (changes, steps) = follow(&from, target, usize::MAX);
            assert_eq!(changes, distance(&from, target));
            assert!(steps <= 14, "{steps} steps from {count} to {target}");
        }
    }

    #[test]
    fn four_to_three_splits_two_and_merges() {
        let step = next_step(&uniform(4), 3, 100);
        let third = HashKeyRange::uniform(1, 3).start;
        let two_thirds = HashKeyRange::uniform(2, 3).start;
        assert_eq!(step, [Change::Split(ShardId(1), third), Change::Split(ShardId(2), two_thirds)]);
        assert_eq!(follow(&uniform(4), 3, 100), (5, 2));
        assert_eq!(peak(&uniform(4), 3, 100, 2), Some(6));
    }

    #[test]
    fn doubling_and_halving_are_one_step() {
        assert_eq!(follow(&uniform(500), 1000, 1000), (500, 1));
        assert_eq!(follow(&uniform(1000), 500, 1000), (500, 1));
        assert_eq!(peak(&uniform(1000), 500, 1000, 1), Some(1000));
    }

    #[test]
    fn the_peak_is_what_the_plan_needs_and_it_works_with_less_room() {
        let random = SeededRandom::new(9);
        for _ in 0..200 {
            let count = 1 + (random.next_u64() % 30) as usize;
            let from = uneven(&random, count);
            let target = 1 + (random.next_u64() % 30) as u32;
            let tight = count.max(target as usize) + 1;
            for open_max in [usize::MAX, tight] {
                match peak(&from, target, open_max, 100) {
                    Some(most) => {
                        assert!(most <= open_max);
                        follow(&from, target, most);
                    }
                    None => assert_eq!(open_max, tight, "without a limit each plan ends"),
                }
            }
        }
        assert_eq!(peak(&uniform(2), 4, 3, 100), None);
    }

    #[test]
    fn a_plan_with_next_to_no_room_takes_too_many_steps() {
        let from = uniform(300);
        assert_eq!(peak(&from, 299, 301, 500), Some(301));
        assert_eq!(peak(&from, 299, 301, steps_max(300, 299)), None);
        assert_eq!(peak(&uniform(4), 3, 100, 1), None);
    }

    #[test]
    fn with_room_no_plan_takes_too_many_steps() {
        for (from, target) in [(10_000, 9_999), (10_000, 5_001), (5_001, 10_000), (300, 299)] {
            let most = peak(&uniform(from), target, usize::MAX, steps_max(from as usize, target));
            assert!(most.is_some(), "{from} to {target}");
        }
    }

    #[test]
    fn ten_thousand_shards_need_few_steps() {
        let (_, steps) = follow(&uniform(5000), 10_000, 20_000);
        assert_eq!(steps, 3);
        let (_, steps) = follow(&uniform(10_000), 7_301, 20_000);
        assert!(steps < 30, "{steps}");
    }
}
