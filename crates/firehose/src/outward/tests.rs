//! In paused time: waits take none.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::*;

const MIB: u64 = 1 << 20;
/// Longer than anything that is silent keeps others waiting.
const SECONDS: Duration = Duration::from_secs(10);

fn pulse() -> Pulse {
    Pulse::new(Duration::from_secs(3))
}

/// What attempts hold, in bytes.
#[derive(Clone, Default)]
struct Held(Arc<AtomicU64>);

/// Attempts of so many bytes whose destination never answers, one after another: each ends when its time is over, or
/// when it gives way.
fn hang(outlet: &Arc<Outlet>, bytes: u64, held: &Held) {
    let (outlet, held) = (outlet.clone(), held.clone());
    tokio::spawn(async move {
        loop {
            let mut hold = outlet.enter(bytes, false).await;
            held.0.fetch_add(bytes, Ordering::SeqCst);
            let _ = hold.outside(&pulse(), sleep(Duration::from_secs(180))).await;
            held.0.fetch_sub(bytes, Ordering::SeqCst);
        }
    });
}

/// An attempt of so many bytes that is answered after a while.
async fn answered(outlet: &Outlet, bytes: u64, after: Duration) -> Result<(), GaveWay> {
    let mut hold = outlet.enter(bytes, false).await;
    hold.outside(&pulse(), sleep(after)).await?;
    hold.was_taken();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_that_answers_does_not_wait_for_hundreds_that_hang() {
    let outward = Outward::new(256 * MIB);
    for _ in 0..300 {
        let outlet = Arc::new(outward.outlet());
        (0..4).for_each(|_| hang(&outlet, 15 * MIB, &Held::default()));
    }
    // All of them have shown what they are.
    sleep(Duration::from_secs(600)).await;
    for _ in 0..20 {
        let outlet = outward.outlet();
        let answered = answered(&outlet, 15 * MIB, Duration::from_secs(1));
        assert_eq!(timeout(SECONDS, answered).await, Ok(Ok(())));
    }
}

#[tokio::test(start_paused = true)]
async fn small_attempts_that_hang_keep_nobody_waiting() {
    let outward = Outward::new(256 * MIB);
    for _ in 0..40 {
        hang(&Arc::new(outward.outlet()), 100, &Held::default());
    }
    sleep(Duration::from_millis(1)).await;
    let began = Instant::now();
    answered(&outward.outlet(), 15 * MIB, Duration::ZERO).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(10), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_slow_and_answers_has_its_turn_among_those_that_hang() {
    let outward = Outward::new(64 * MIB);
    for _ in 0..8 {
        hang(&Arc::new(outward.outlet()), 15 * MIB, &Held::default());
    }
    sleep(SECONDS).await;
    let slow = outward.outlet();
    let mut gave_way = 0;
    let tried = async {
        while answered(&slow, 15 * MIB, SECONDS).await.is_err() {
            gave_way += 1;
        }
    };
    // Each of the others may have its three minutes before.
    assert!(timeout(Duration::from_secs(10 * 180), tried).await.is_ok());
    assert!(gave_way < 2, "it gave way {gave_way} times");
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_falls_silent_keeps_its_memory_while_nobody_waits() {
    let outward = Outward::new(64 * MIB);
    let outlet = outward.outlet();
    let mut hold = outlet.enter(30 * MIB, false).await;
    let done = hold.outside(&pulse(), sleep(Duration::from_secs(170))).await;
    assert_eq!(done, Ok(()));
    drop(hold);
    // Nothing came of it: the next attempt is one at a time, and takes from what slow ones share.
    assert_eq!(outlet.standing(), SLOW);
    let hold = outlet.enter(30 * MIB, false).await;
    assert!(hold.slow.is_some());
    assert!(timeout(SECONDS, outlet.enter(MIB, false)).await.is_err());
    drop(hold);
    answered(&outlet, MIB, Duration::ZERO).await.unwrap();
    assert_eq!(outlet.standing(), PROVEN);
}

#[tokio::test(start_paused = true)]
async fn what_answers_late_has_several_attempts_at_once_while_there_is_room() {
    let outward = Outward::new(256 * MIB);
    let outlet = outward.outlet();
    answered(&outlet, 15 * MIB, SECONDS).await.unwrap();
    let began = Instant::now();
    let four = [(); 4].map(|()| answered(&outlet, 15 * MIB, SECONDS));
    let [a, b, c, d] = four;
    let done = tokio::join!(a, b, c, d);
    assert_eq!(done, (Ok(()), Ok(()), Ok(()), Ok(())));
    assert!(began.elapsed() < 2 * SECONDS, "{:?}", began.elapsed());
    // While there is none it has one at a time, and its part of the memory for others stays free.
    let others: Vec<_> = (0..4).map(|_| outward.outlet()).collect();
    for other in &others {
        other.stand(SLOW);
    }
    let taken =
        [&others[0], &others[1], &others[2], &others[3]].map(|other| other.enter(16 * MIB, false));
    let [a, b, c, d] = taken;
    let _full = tokio::join!(a, b, c, d);
    assert!(timeout(SECONDS, outlet.enter(MIB, false)).await.is_err());
    assert_eq!(outward.budget.free_bytes(), (256 - 64) * MIB);
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_are_waited_for() {
    let outward = Outward::new(64 * MIB);
    let outlet = outward.outlet();
    let mut hold = outlet.enter(MIB, false).await;
    let pulse = pulse();
    let answers = async {
        for _ in 0..10 {
            sleep(Duration::from_secs(2)).await;
            pulse.beat();
        }
        pulse.beat_for(Duration::from_secs(60));
        sleep(Duration::from_secs(50)).await;
    };
    hold.outside(&pulse, answers).await.unwrap();
    hold.was_taken();
    assert_eq!(outlet.standing(), PROVEN);
}

#[tokio::test(start_paused = true)]
async fn never_more_is_held_than_there_is() {
    let (outward, held) = (Outward::new(64 * MIB), Held::default());
    for number in 0..100 {
        hang(&Arc::new(outward.outlet()), (1 + number % 20) * MIB, &held);
    }
    let mut most = 0;
    for _ in 0..1000 {
        sleep(Duration::from_millis(700)).await;
        most = most.max(held.0.load(Ordering::SeqCst));
    }
    assert!((16 * MIB..=64 * MIB).contains(&most), "{most}");
}

#[tokio::test(start_paused = true)]
async fn another_place_is_another_way() {
    let ways = Ways::new(Outward::new(64 * MIB));
    let place = |address: &str| (Some(crate::machine::LaneId::Main), address.to_owned());
    hang(&ways.to(place("old")), MIB, &Held::default());
    sleep(SECONDS).await;
    assert_eq!(ways.to(place("old")).standing(), SLOW);
    let new = ways.to(place("new"));
    assert_eq!(new.standing(), NEW);
    // It has a turn of its own.
    assert_eq!(timeout(SECONDS, answered(&new, MIB, Duration::ZERO)).await, Ok(Ok(())));
    ways.keep(&[place("old")].into());
    assert_eq!(ways.to(place("old")).standing(), SLOW);
    assert_eq!(ways.to(place("new")).standing(), NEW);
}

#[tokio::test(start_paused = true)]
async fn what_hangs_has_several_attempts_at_once_in_the_half_of_the_slow_ones_part() {
    let (outward, held) = (Outward::new(256 * MIB), Held::default());
    let outlet = Arc::new(outward.outlet());
    outlet.stand(SLOW);
    (0..4).for_each(|_| hang(&outlet, 8 * MIB, &held));
    sleep(SECONDS).await;
    assert_eq!(held.0.load(Ordering::SeqCst), 32 * MIB);
    // While less is left each has one at a time.
    let (other, of_other) = (Arc::new(outward.outlet()), Held::default());
    other.stand(SLOW);
    (0..4).for_each(|_| hang(&other, 8 * MIB, &of_other));
    sleep(SECONDS).await;
    assert_eq!(of_other.0.load(Ordering::SeqCst), 8 * MIB);
}

#[tokio::test(start_paused = true)]
async fn what_gave_way_once_does_not_do_so_again() {
    let outward = Outward::new(64 * MIB);
    for _ in 0..2 {
        hang(&Arc::new(outward.outlet()), 15 * MIB, &Held::default());
    }
    // One has the slow ones' part by now, the other what is not theirs.
    sleep(SECONDS).await;
    let (outlet, press) = (outward.outlet(), outward.outlet());
    [&outlet, &press].iter().for_each(|outlet| outlet.stand(PROVEN));
    let attempt = async {
        let mut hold = outlet.enter(15 * MIB, false).await;
        hold.outside(&pulse(), std::future::pending::<()>()).await
    };
    let pressing = async {
        sleep(SECONDS).await;
        let (all, more) = (press.enter(32 * MIB, false).await, outward.outlet());
        drop((more.enter(8 * MIB, false).await, all));
    };
    let both = timeout(3 * SECONDS, async { tokio::join!(attempt, pressing) });
    assert_eq!(both.await.unwrap().0, Err(GaveWay));
    // Something else on the same way is taken in time.
    answered(&outlet, MIB, Duration::ZERO).await.unwrap();
    assert_eq!(outlet.standing(), PROVEN);
    let again = outlet.enter(15 * MIB, true).await;
    assert!(again.slow.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_slow_one_gives_back_what_it_does_not_need_of_their_part() {
    let outward = Outward::new(64 * MIB);
    let (one, other) = (outward.outlet(), outward.outlet());
    [&one, &other].iter().for_each(|outlet| outlet.stand(SLOW));
    let mut hold = one.enter(30 * MIB, false).await;
    assert!(timeout(SECONDS, other.enter(8 * MIB, false)).await.is_err());
    hold.shrink(8 * MIB);
    assert!(timeout(SECONDS, other.enter(8 * MIB, false)).await.is_ok());
}
