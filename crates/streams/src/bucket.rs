//! Token buckets over service time.

use std::sync::{Mutex, PoisonError};

use millstream_types::Millis;

use crate::limits::UNLIMITED;

/// Allows `per_second` units a second, with a burst of one second's worth.
///
/// What is larger than a whole second's worth is let through when the bucket is full, and paid for afterwards: a rate
/// is an average, and large records may burst (botocore, `GetRecords`).
#[derive(Debug)]
pub struct Bucket {
    per_second: u64,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    /// Thousandths of a unit.
    milli_units: i128,
    at: Millis,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: u64, now: Millis) -> Self {
        let milli_units = i128::from(per_second) * 1000;
        Bucket { per_second, level: Mutex::new(Level { milli_units, at: now }) }
    }

    /// Whether it limits nothing.
    pub fn is_unlimited(&self) -> bool {
        self.per_second == UNLIMITED
    }

    /// Takes `units` if they are there.
    pub fn take(&self, units: u64, now: Millis) -> bool {
        self.is_unlimited() || self.filled(now, |level, full| take(level, full, units))
    }

    /// Whether anything is left, without taking it.
    pub fn has_any(&self, now: Millis) -> bool {
        self.is_unlimited() || self.filled(now, |level, _| level.milli_units > 0)
    }

    /// Takes `units` even where they are not there: what was already done is paid for afterwards.
    pub fn charge(&self, units: u64, now: Millis) {
        if !self.is_unlimited() {
            self.filled(now, |level, _| level.milli_units -= i128::from(units) * 1000);
        }
    }

    fn filled<T>(&self, now: Millis, act: impl FnOnce(&mut Level, i128) -> T) -> T {
        let full = i128::from(self.per_second) * 1000;
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let gained = i128::from(now.0.saturating_sub(level.at.0)) * i128::from(self.per_second);
        level.milli_units = (level.milli_units + gained).min(full);
        level.at = level.at.max(now);
        act(&mut level, full)
    }
}

fn take(level: &mut Level, full: i128, units: u64) -> bool {
    let cost = i128::from(units) * 1000;
    if level.milli_units < cost.min(full) {
        return false;
    }
    level.milli_units -= cost;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_refills_what_a_second_allows() {
        let bucket = Bucket::new(5, Millis(1000));
        assert_eq!((0..7).filter(|_| bucket.take(1, Millis(1000))).count(), 5);
        assert!(!bucket.take(1, Millis(1199)));
        assert!(bucket.take(1, Millis(1200)));
        assert_eq!((0..99).filter(|_| bucket.take(1, Millis(60_000))).count(), 5);
    }

    #[test]
    fn what_exceeds_a_second_bursts_once_and_is_paid_for() {
        let bucket = Bucket::new(100, Millis(0));
        assert!(bucket.take(250, Millis(0)));
        assert!(!bucket.take(1, Millis(1500)));
        assert!(bucket.take(1, Millis(1510)));
    }

    #[test]
    fn unlimited_is_unlimited() {
        let bucket = Bucket::new(UNLIMITED, Millis(0));
        assert!((0..100).all(|_| bucket.take(u64::MAX / 2, Millis(0))));
    }
}
