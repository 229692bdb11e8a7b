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
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Reserved {
    /// How much it is.
    pub fn units(&self) -> u32 {
        self.all.num_permits() as u32
    }

    /// Gives back all but so many bytes.
    pub fn shrink(&mut self, bytes: u64) {
        let kept = units(bytes) as usize;
        for permit in [&mut self.own, &mut self.all] {
            drop(permit.split(permit.num_permits().saturating_sub(kept)));
        }
    }
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

/// Bytes in units of memory.
pub fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX).clamp(1, 1 << 20)
}

impl Share {
    /// Waits for so many bytes; for all of the share if it has fewer.
    pub async fn reserve(&self, bytes: u64) -> Reserved {
        self.complete(self.own(bytes).await).await
    }

    /// How much it is at most that is reserved for so many bytes.
    pub fn units_of(&self, bytes: u64) -> u32 {
        units(bytes).min(self.units_max)
    }

    /// Waits for so much of the share: the first half of [`Share::reserve`].
    pub async fn own(&self, bytes: u64) -> OwnedSemaphorePermit {
        acquire(&self.units, self.units_of(bytes)).await
    }

    /// Waits for as much of the budget: the second half of [`Share::reserve`].
    pub async fn complete(&self, own: OwnedSemaphorePermit) -> Reserved {
        let all = acquire(&self.budget.units, own.num_permits() as u32).await;
        Reserved { own, all }
    }
}

async fn acquire(units: &Arc<Semaphore>, wanted: u32) -> OwnedSemaphorePermit {
    loop {
        // It is never closed.
        if let Ok(permit) = units.clone().acquire_many_owned(wanted).await {
            return permit;
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
        drop(part);
        let mut all_of_one = all_of_one;
        all_of_one.shrink(UNIT_BYTES);
        assert_eq!(budget.free_bytes(), 7 * UNIT_BYTES);
        all_of_one.shrink(5 * UNIT_BYTES);
        assert_eq!(budget.free_bytes(), 7 * UNIT_BYTES);
        drop(all_of_one);
        assert_eq!(budget.free_bytes(), 8 * UNIT_BYTES);
    }
}
