//! Memory for deliveries and workers, shared by all pipelines: reserved before anything is read.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which memory is reserved, in bytes.
const UNIT_BYTES: u64 = 64 * 1024;

/// Memory that all pipelines share.
#[derive(Clone, Debug)]
pub struct Budget {
    units: Arc<Semaphore>,
    units_max: u32,
}

/// A share of a [`Budget`]: one user's reservations never take more than it, so that a destination that hangs leaves
/// the rest to others.
#[derive(Clone, Debug)]
pub struct Share {
    budget: Budget,
    units: Arc<Semaphore>,
    units_max: u32,
}

/// Memory that is reserved until this is dropped.
#[derive(Debug)]
pub struct Reserved {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Budget {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        let units_max = units(bytes);
        Budget { units: Arc::new(Semaphore::new(units_max as usize)), units_max }
    }

    /// A share of half of it.
    pub fn share(&self) -> Share {
        let units_max = (self.units_max / 2).max(1);
        Share {
            budget: self.clone(),
            units: Arc::new(Semaphore::new(units_max as usize)),
            units_max,
        }
    }

    /// Bytes that nobody has reserved.
    pub fn free_bytes(&self) -> u64 {
        self.units.available_permits() as u64 * UNIT_BYTES
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).clamp(1, 1 << 20)
}

impl Share {
    /// Waits for so many bytes; for all of the share if it has fewer.
    pub async fn reserve(&self, bytes: u64) -> Reserved {
        let wanted = units(bytes).min(self.units_max);
        loop {
            let own = self.units.clone().acquire_many_owned(wanted).await;
            let all = self.budget.units.clone().acquire_many_owned(wanted).await;
            // Neither is ever closed.
            if let (Ok(own), Ok(all)) = (own, all) {
                return Reserved { _own: own, _all: all };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_never_takes_more_than_half() {
        let budget = Budget::new(8 * UNIT_BYTES);
        let (one, other) = (budget.share(), budget.share());
        let all_of_one = one.reserve(100 * UNIT_BYTES).await;
        assert_eq!(budget.free_bytes(), 4 * UNIT_BYTES);
        let part = other.reserve(1).await;
        drop((all_of_one, part));
        assert_eq!(budget.free_bytes(), 8 * UNIT_BYTES);
    }
}
