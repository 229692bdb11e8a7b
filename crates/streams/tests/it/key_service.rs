//! Keys that are elsewhere: when they are asked for, and what becomes of a stop while they cannot be.

use std::sync::Arc;
use std::time::Duration;

use millstream_api::ErrorCode::*;
use millstream_api::shapes::EncryptionType::Kms;
use millstream_streams::Limits;
use millstream_types::{ManualClock, Millis};
use millstream_vault::{CHECKED_FOR, KeyFault, VaultCounters};

use crate::encryption::{activate, code, put, start, stop, with_vault};
use crate::harness::Harness;
use crate::keys::{FAR, FarKeys, vault_with_far_keys};

/// A stream that was encrypted with `alias/far`.
struct Setup {
    h: Harness,
    far: Arc<FarKeys>,
    machine: Arc<ManualClock>,
    counters: Arc<VaultCounters>,
}

impl Setup {
    async fn new() -> Self {
        let mut h = Harness::new(Limits::default().without_rates()).await;
        let stream = h.stream("s", 1).await;
        let (far, machine) = (Arc::default(), Arc::new(ManualClock::new(Millis(1))));
        let vault = vault_with_far_keys(&h.catalog, [&h.clock, &machine], &far).await;
        let counters = with_vault(&mut h, vault);
        start(&h, "alias/far", Kms).await.unwrap();
        activate(&h, &stream).await;
        Setup { h, far, machine, counters }
    }

    fn fail(&self, fault: Option<KeyFault>) {
        *self.far.fault.lock().unwrap() = fault;
    }
}

#[tokio::test]
async fn a_stop_by_another_name_fails_for_us_while_nobody_knows_whose_it_is() {
    let s = Setup::new().await;
    for (fault, expected) in [
        (KeyFault::Unavailable, InternalFailureException),
        (KeyFault::Throttled, InternalFailureException),
        (KeyFault::NotFound, InvalidArgumentException),
        (KeyFault::AccessDenied, InvalidArgumentException),
    ] {
        s.fail(Some(fault));
        assert_eq!(code(stop(&s.h, FAR, Kms).await), expected, "{fault:?}");
    }
    s.fail(None);
    stop(&s.h, FAR, Kms).await.unwrap();
}

#[tokio::test]
async fn a_stop_by_the_name_of_the_start_needs_no_key_service() {
    let s = Setup::new().await;
    s.fail(Some(KeyFault::Unavailable));
    stop(&s.h, "alias/far", Kms).await.unwrap();
}

#[tokio::test]
async fn a_refusal_holds_for_a_second_while_service_time_stands_still() {
    let s = Setup::new().await;
    s.fail(Some(KeyFault::Disabled));
    assert_eq!(code(put(&s.h, b"x").await), KMSDisabledException);
    s.fail(None);
    s.machine.advance(Duration::from_millis(999));
    s.h.clock.advance(Duration::from_secs(60));
    assert_eq!(code(put(&s.h, b"x").await), KMSDisabledException);
    s.machine.advance(Duration::from_millis(1));
    put(&s.h, b"x").await.unwrap();
}

#[tokio::test]
async fn a_key_is_checked_after_five_minutes_of_either_time() {
    let s = Setup::new().await;
    put(&s.h, b"x").await.unwrap();
    let (tick, almost) = (Duration::from_millis(1), CHECKED_FOR - Duration::from_millis(1));
    for (clock, asked) in [(&s.machine, 2), (&s.h.clock, 3)] {
        clock.advance(almost);
        put(&s.h, b"x").await.unwrap();
        assert_eq!(s.counters.unwrapped.get(), asked - 1);
        clock.advance(tick);
        put(&s.h, b"x").await.unwrap();
        assert_eq!(s.counters.unwrapped.get(), asked);
    }
}
