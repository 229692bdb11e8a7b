//! How long damaged places are waited for by whom they stop.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::DAMAGE_PATIENCE;

/// Damage that is come upon after so long is waited for anew.
const FORGOTTEN: Duration = Duration::from_secs(3600);

/// The patience of one pipeline: damaged places often come together, and are waited for once.
#[derive(Debug, Default)]
pub struct Patience(Mutex<Option<Waited>>);

#[derive(Clone, Copy, Debug)]
struct Waited {
    since: Instant,
    last: Instant,
}

impl Patience {
    /// Someone came upon a damaged place. Whether it is to be left out now.
    pub fn is_over(&self) -> bool {
        let now = Instant::now();
        let mut waited = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = waited.filter(|it| now - it.last < FORGOTTEN).map_or(now, |it| it.since);
        *waited = Some(Waited { since, last: now });
        now - since >= DAMAGE_PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_that_are_found_together_are_waited_for_once() {
        let patience = Patience::default();
        assert!(!patience.is_over());
        advance(DAMAGE_PATIENCE - Duration::from_secs(1)).await;
        assert!(!patience.is_over());
        advance(Duration::from_secs(1)).await;
        assert!(patience.is_over() && patience.is_over());
        advance(FORGOTTEN - Duration::from_secs(1)).await;
        assert!(patience.is_over());
        advance(FORGOTTEN).await;
        assert!(!patience.is_over());
    }
}
