//! The rules in force, and what they decide.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use millstream_counters::{Collect, Collector, Counter, Sample};
use millstream_types::{Random, SeededRandom, ShardId, StreamName};

use crate::RULES_MAX;
use crate::rule::{Action, CallFault, Place, RecordFault, Rule, When};

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults {
    /// How many rules there are: what is looked at when there are none.
    count: AtomicUsize,
    rules: Mutex<Rules>,
    injected: [Counter; Action::KINDS.len()],
}

#[derive(Debug, Default)]
struct Rules {
    last_id: u64,
    list: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    rule: Rule,
    random: SeededRandom,
    seen: u64,
    hits: u64,
}

/// A rule with what it has counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its id, never used again.
    pub id: u64,
    /// What it says.
    pub rule: Rule,
    /// Calls or records that matched.
    pub seen: u64,
    /// Those of them that failed by it.
    pub hits: u64,
}

/// What happens to a call: it waits, and then it may fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Injection {
    /// How long it waits.
    pub latency: Duration,
    /// How it fails.
    pub fault: Option<CallFault>,
}

/// There are [`RULES_MAX`] rules already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRules;

impl Faults {
    /// Whether there are rules at all.
    pub fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Adds a rule that was checked. Rules are asked in the order in which they came.
    pub fn add(&self, rule: Rule) -> Result<u64, TooManyRules> {
        let mut rules = self.lock();
        if rules.list.len() >= RULES_MAX {
            return Err(TooManyRules);
        }
        rules.last_id += 1;
        let id = rules.last_id;
        let seed = match rule.when {
            When::Every(_) => 0,
            When::Rate { seed, .. } => seed,
        };
        tracing::warn!(id, ?rule, "a fault rule is active: calls fail because a test asked for it");
        rules.list.push(Entry { id, rule, random: SeededRandom::new(seed), seen: 0, hits: 0 });
        self.count.store(rules.list.len(), Ordering::Relaxed);
        Ok(id)
    }

    /// Removes a rule; `false` if there is none of this id.
    pub fn remove(&self, id: u64) -> bool {
        self.retain(|entry| entry.id != id) > 0
    }

    /// Removes all rules; how many there were.
    pub fn clear(&self) -> usize {
        self.retain(|_| false)
    }

    /// The rules, in the order in which they are asked.
    pub fn list(&self) -> Vec<Listed> {
        let listed = |entry: &Entry| {
            let Entry { id, rule, seen, hits, .. } = entry;
            Listed { id: *id, rule: rule.clone(), seen: *seen, hits: *hits }
        };
        self.lock().list.iter().map(listed).collect()
    }

    /// What happens to a call. Delays add up; the first rule with another fault that fires is the last that is asked.
    pub fn call(&self, operation: &str, place: &Place) -> Injection {
        let mut injection = Injection::default();
        for entry in &mut self.lock().list {
            let Action::Call(fault) = entry.rule.action else { continue };
            if !entry.fires(operation, place.stream.as_ref(), place.shard) {
                continue;
            }
            self.count_injected(entry, operation);
            match fault {
                CallFault::Latency(by) => injection.latency = injection.latency.saturating_add(by),
                CallFault::Throttle | CallFault::Error(_) | CallFault::Cut(_) => {
                    injection.fault = Some(fault);
                    break;
                }
            }
        }
        injection
    }

    /// What happens to a record. The first rule that fires is the last that is asked.
    pub fn record(
        &self,
        operation: &str,
        stream: &StreamName,
        shard: ShardId,
    ) -> Option<RecordFault> {
        for entry in &mut self.lock().list {
            let Action::Record(fault) = entry.rule.action else { continue };
            if entry.fires(operation, Some(stream), Some(shard)) {
                self.count_injected(entry, operation);
                return Some(fault);
            }
        }
        None
    }

    fn count_injected(&self, entry: &Entry, operation: &str) {
        let kind = entry.rule.action.kind();
        if let Some(at) = Action::KINDS.iter().position(|known| *known == kind) {
            self.injected[at].add(1);
        }
        // The rule's own counts tell of all; a line for each would fill the disk at a high rate.
        if entry.hits == 1 {
            tracing::info!(
                rule = entry.id,
                kind,
                operation,
                "a fault rule fired for the first time"
            );
        } else {
            tracing::debug!(rule = entry.id, kind, operation, "a fault rule fired");
        }
    }

    fn retain(&self, keep: impl Fn(&Entry) -> bool) -> usize {
        let mut rules = self.lock();
        let before = rules.list.len();
        rules.list.retain(keep);
        let (left, removed) = (rules.list.len(), before - rules.list.len());
        self.count.store(left, Ordering::Relaxed);
        if removed > 0 {
            tracing::info!(removed, left, "fault rules were removed");
        }
        removed
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Counts what matches; whether it fails.
    fn fires(
        &mut self,
        operation: &str,
        stream: Option<&StreamName>,
        shard: Option<ShardId>,
    ) -> bool {
        if !self.rule.matches(operation, stream, shard) {
            return false;
        }
        self.seen += 1;
        let fires = match self.rule.when {
            When::Every(n) => self.seen.is_multiple_of(n),
            When::Rate { probability, .. } => {
                // 53 bits are what a double tells apart.
                let drawn = (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                drawn < probability
            }
        };
        let fires = fires && self.rule.times.is_none_or(|times| self.hits < times);
        self.hits += u64::from(fires);
        fires
    }
}

impl Collect for Faults {
    fn collect(&self, to: &mut dyn Collector) {
        for (kind, counter) in Action::KINDS.iter().zip(&self.injected) {
            let value = Sample::Counter(counter.get());
            let help = "Calls and records that failed or waited by a fault rule.";
            to.sample("millstream_faults_injected_total", help, &[("kind", kind)], value);
        }
        let rules = Sample::Gauge(self.count.load(Ordering::Relaxed) as u64);
        to.sample("millstream_fault_rules", "Fault rules in force.", &[], rules);
    }
}

#[cfg(test)]
mod tests {
    use millstream_api::ErrorCode;

    use super::*;
    use crate::rule::RuleError;

    fn rule(action: Action) -> Rule {
        let operation = Some("GetRecords".to_owned());
        Rule { operation, stream: None, shard: None, when: When::Every(1), times: None, action }
    }

    const THROTTLE: Action = Action::Call(CallFault::Throttle);

    fn place(stream: &str, shard: u32) -> Place {
        Place { stream: stream.parse().ok(), shard: Some(ShardId(shard)) }
    }

    /// Which of `calls` calls fail, from 1.
    fn failing(rule: Rule, calls: u64) -> Vec<u64> {
        let faults = Faults::default();
        faults.add(rule).unwrap();
        let fails = |_: &u64| faults.call("GetRecords", &place("s", 0)).fault.is_some();
        (1..=calls).filter(fails).collect()
    }

    #[test]
    fn every_nth_fails_until_its_times_are_over() {
        assert_eq!(failing(rule(THROTTLE), 3), [1, 2, 3]);
        let third = Rule { when: When::Every(3), ..rule(THROTTLE) };
        assert_eq!(failing(third.clone(), 10), [3, 6, 9]);
        assert_eq!(failing(Rule { times: Some(2), ..third }, 20), [3, 6]);
    }

    #[test]
    fn a_rate_is_the_same_with_the_same_seed() {
        let rate = |seed| Rule { when: When::Rate { probability: 0.25, seed }, ..rule(THROTTLE) };
        let first = failing(rate(7), 1000);
        assert_eq!(first, failing(rate(7), 1000));
        assert_ne!(first, failing(rate(8), 1000));
        assert!((200..300).contains(&first.len()), "{}", first.len());
        let always = Rule { when: When::Rate { probability: 1.0, seed: 1 }, ..rule(THROTTLE) };
        assert_eq!(failing(always, 50).len(), 50);
    }

    #[test]
    fn only_what_matches_is_seen() {
        let faults = Faults::default();
        assert!(!faults.any());
        let narrow = Rule {
            stream: "s".parse().ok(),
            shard: Some(ShardId(1)),
            ..rule(Action::Call(CallFault::Error(ErrorCode::InternalFailureException)))
        };
        let id = faults.add(narrow).unwrap();
        assert!(faults.any());
        for (operation, place, fails) in [
            ("GetRecords", place("s", 1), true),
            ("GetRecords", place("s", 2), false),
            ("GetRecords", place("t", 1), false),
            ("GetRecords", Place::default(), false),
            ("GetShardIterator", place("s", 1), false),
        ] {
            assert_eq!(faults.call(operation, &place).fault.is_some(), fails, "{operation}");
        }
        let counted = faults.list();
        assert_eq!((counted[0].seen, counted[0].hits), (1, 1));
        assert!(faults.remove(id) && !faults.remove(id) && !faults.any());
        assert_eq!(faults.call("GetRecords", &place("s", 1)), Injection::default());
    }

    #[test]
    fn delays_add_up_before_the_first_other_fault() {
        let faults = Faults::default();
        let latency = |ms| rule(Action::Call(CallFault::Latency(Duration::from_millis(ms))));
        for rule in [latency(20), latency(30), rule(THROTTLE), latency(500)] {
            faults.add(rule).unwrap();
        }
        let injection = faults.call("GetRecords", &Place::default());
        let expected =
            Injection { latency: Duration::from_millis(50), fault: Some(CallFault::Throttle) };
        assert_eq!(injection, expected);
        assert_eq!(faults.clear(), 4);
    }

    #[test]
    fn records_and_calls_are_apart() {
        let faults = Faults::default();
        let action = Action::Record(RecordFault::Internal);
        faults.add(Rule { operation: Some("PutRecords".into()), ..rule(action) }).unwrap();
        let stream: StreamName = "s".parse().unwrap();
        assert_eq!(faults.call("PutRecords", &place("s", 0)), Injection::default());
        assert_eq!(faults.record("PutRecord", &stream, ShardId(0)), None);
        let fault = faults.record("PutRecords", &stream, ShardId(0));
        assert_eq!(fault, Some(RecordFault::Internal));
    }

    #[test]
    fn rules_are_bounded() {
        let faults = Faults::default();
        assert!((0..RULES_MAX).all(|_| faults.add(rule(THROTTLE)).is_ok()));
        assert_eq!(faults.add(rule(THROTTLE)), Err(TooManyRules));
    }

    #[test]
    fn what_could_never_happen_is_refused() {
        let latency = Action::Call(CallFault::Latency(Duration::from_secs(301)));
        let record = Action::Record(RecordFault::Throttle);
        let on = |name: &str, action| Rule { operation: Some(name.into()), ..rule(action) };
        let rate = |probability| When::Rate { probability, seed: 0 };
        for (rule, error) in [
            (on("GetRecord", THROTTLE), RuleError::Operation("GetRecord".into())),
            (Rule { when: When::Every(0), ..rule(THROTTLE) }, RuleError::EveryZero),
            (Rule { when: rate(0.0), ..rule(THROTTLE) }, RuleError::Probability),
            (Rule { when: rate(1.01), ..rule(THROTTLE) }, RuleError::Probability),
            (Rule { when: rate(f64::NAN), ..rule(THROTTLE) }, RuleError::Probability),
            (Rule { times: Some(0), ..rule(THROTTLE) }, RuleError::TimesZero),
            (rule(latency), RuleError::Latency),
            (rule(record), RuleError::NoRecords("GetRecords".into())),
            (Rule { shard: Some(ShardId(0)), ..on("PutRecords", THROTTLE) }, RuleError::PutShard),
        ] {
            assert_eq!(rule.check(), Err(error));
        }
        let on_shard = Rule { shard: Some(ShardId(0)), ..on("PutRecords", record) };
        for rule in [rule(THROTTLE), on_shard, Rule { operation: None, ..rule(record) }] {
            assert_eq!(rule.check(), Ok(()));
        }
    }
}
