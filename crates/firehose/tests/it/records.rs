//! Destinations that take records: retries, refusals, error output, backup.

use std::time::Duration;

use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;
use millstream_log::testkit::Fault;
use millstream_log::{Log, LogError, LogId, Position};

use crate::harness::*;
use crate::worker::same;

pub fn to_endpoint(retry_seconds: u64) -> Settings {
    let destination = RecordDestination::Http(HttpDestination {
        url: "https://localhost/in".into(),
        name: None,
        access_key: None,
        gzip: false,
        common_attributes: Vec::new(),
    });
    Settings {
        destination: Destination::Records {
            destination,
            retry_for: Duration::from_secs(retry_seconds),
            staging: None,
            secret: None,
        },
        ..to_objects()
    }
}

fn delivered(world: &World) -> Vec<String> {
    let parcels = world.outside.parcels.lock().unwrap();
    let records = parcels.iter().flat_map(|parcel| &parcel.records);
    records.map(|record| String::from_utf8_lossy(&record.data).into_owned()).collect()
}

#[test]
fn records_arrive_with_ids_that_stay_the_same() {
    let world = World::new(to_endpoint(300));
    *world.outside.parcel_acts.lock().unwrap() =
        [Act::TakeAndFail, Act::TakeAndHang, Act::Take].into();
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.advance(60).await;
        node.until(|world| world.outside.parcels.lock().unwrap().len() == 2).await;
    });
    world.live(async |node| node.flush().await);
    let parcels = world.outside.parcels.lock().unwrap();
    assert_eq!(parcels.len(), 3);
    assert!(parcels.iter().all(|parcel| parcel.plan == parcels[0].plan));
    assert!(parcels.iter().all(|parcel| parcel.records == parcels[0].records));
    assert_eq!(parcels[0].records.len(), 2);
    assert_ne!(parcels[0].records[0].id, parcels[0].records[1].id);
    let attempts: Vec<u32> = parcels.iter().map(|parcel| parcel.attempts_before).collect();
    assert_eq!(attempts, [0, 1, 1]);
    assert_eq!(parcels[1].last_error.as_ref().unwrap().0, "Test.Failed");
}

#[test]
fn refused_records_go_to_the_error_output_once() {
    let world = World::new(to_endpoint(300));
    *world.outside.parcel_acts.lock().unwrap() = [Act::Refuse(vec![1])].into();
    world.live(async |node| {
        node.put(&["a", "b", "c"]).await;
        node.flush().await;
        assert_eq!(node.pipeline().status().totals.failed, 1);
    });
    world.live(async |node| node.flush().await);
    let errors = world.objects("errors");
    let (key, body) = errors.first_key_value().unwrap();
    assert!(key.starts_with("errors/http-endpoint-failed/"), "{key}");
    assert_eq!(body.lines().count(), 1);
    assert!(
        body.contains("\"rawData\":\"Yg==\"") && body.contains("\"dataId\":\"id 1\""),
        "{body}"
    );
}

/// A destination refuses one record, and what is written next cannot be: its documents, and then that the attempt
/// failed.
fn with_lost_documents(refused: usize) -> World {
    let mut settings = to_endpoint(300);
    settings.logging = None;
    let world = World::new(settings);
    *world.outside.parcel_acts.lock().unwrap() = [Act::Refuse(vec![refused])].into();
    let log = world.log.clone();
    let refuse = move || log.inject([Fault::Refuse(LogError::Full)]);
    *world.outside.on_parcel.lock().unwrap() = Some(Box::new(refuse));
    world
}

#[test]
fn a_parcel_that_was_taken_is_not_delivered_again_for_its_error_documents() {
    let world = with_lost_documents(1);
    world.live(async |node| {
        node.put(&["a", "b", "c"]).await;
        node.flush().await;
        assert_eq!(node.pipeline().status().totals.failed, 1);
    });
    assert_eq!(*world.outside.parcel_attempts.lock().unwrap(), 1);
    assert_eq!(world.content("errors").lines().count(), 1);
}

#[test]
fn a_refusal_stays_the_records_when_others_expire() {
    let world = with_lost_documents(2);
    world.live(async |node| {
        node.put(&["a", "b", "c"]).await;
        node.advance(60).await;
        // Its documents could not be written; before the next attempt a record goes.
        let intake = LogId { group: DATA, index: 0 };
        world.log.trim(intake, Position(1)).await.unwrap();
        node.flush().await;
    });
    assert_eq!(*world.outside.parcel_attempts.lock().unwrap(), 1);
    let errors = world.content("errors");
    assert!(errors.lines().count() == 1 && errors.contains("\"rawData\":\"Yw==\""), "{errors}");
}

#[test]
fn a_parcel_is_given_up_when_its_time_is_over() {
    let world = World::new(to_endpoint(300));
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.advance(60).await;
        node.until(|world| *world.outside.parcel_attempts.lock().unwrap() >= 3).await;
        assert!(world.objects("errors").is_empty());
        node.advance(300).await;
        node.until(|world| *world.outside.given_up.lock().unwrap() == 1).await;
        node.flush().await;
        assert_eq!(node.pipeline().status().open_plans, 0);
    });
    let errors = world.content("errors");
    assert_eq!(errors.lines().count(), 2);
    assert!(errors.contains("\"errorCode\":\"Test.Failed\""), "{errors}");
}

#[test]
fn without_time_for_retries_there_is_one_attempt() {
    for (retry, then) in [(0, Then::Retry), (300, Then::GiveUp)] {
        let world = World::new(to_endpoint(retry));
        *world.outside.parcel_always.lock().unwrap() = Some(Act::Fail(then));
        world.live(async |node| {
            node.put(&["a"]).await;
            node.flush().await;
        });
        assert_eq!(*world.outside.parcel_attempts.lock().unwrap(), 1, "{then:?}");
        assert_eq!(world.content("errors").lines().count(), 1, "{then:?}");
    }
}

#[test]
fn what_a_destination_says_to_drop_is_lost_and_counted() {
    let world = World::new(to_endpoint(300));
    *world.outside.parcel_acts.lock().unwrap() = [Act::Fail(Then::Drop)].into();
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.flush().await;
        assert_eq!(node.pipeline().status().totals.lost, 2);
        assert!(node.pipeline().logs(5).await.unwrap()[0].entry.contains("https://localhost/in"));
    });
    assert!(world.objects("errors").is_empty());
}

#[test]
fn error_documents_wait_for_a_bucket_that_is_down() {
    let world = World::new(to_endpoint(0));
    *world.outside.parcel_always.lock().unwrap() = Some(Act::Fail(Then::Retry));
    world.object_acts("errors", [Act::Hang, Act::TakeAndHang]);
    for _ in 0..2 {
        world.live(async |node| {
            node.put(&["a"]).await;
            node.advance(60).await;
            node.advance(300).await;
        });
    }
    world.live(async |node| node.flush().await);
    assert_eq!(world.content("errors").lines().count(), 2);
}

#[test]
fn a_backup_of_all_has_what_is_delivered() {
    let mut settings = to_endpoint(300);
    settings.backup = Some(backup("backup"));
    settings.processing.delimiter = Some(b"\n".as_slice().into());
    let world = World::new(settings);
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.flush().await;
    });
    assert_eq!(delivered(&world), ["a\n", "b\n"]);
    assert_eq!(world.content("backup"), "a\nb\n");
}

#[test]
fn a_backup_of_all_survives_that_a_function_comes_and_goes() {
    let mut settings = to_endpoint(300);
    settings.backup = Some(backup("backup"));
    let world = World::new(settings.clone());
    *world.outside.function.lock().unwrap() = Some(same);
    for version in 1..8 {
        let mut next = settings.clone();
        next.version = version;
        if version % 2 == 0 {
            next.processing.function = Some(Function {
                arn: "arn:f".into(),
                role_arn: None,
                retries: 0,
                hints: hints(1, 7),
            });
        }
        *world.settings.lock().unwrap() = next;
        world.live(async |node| {
            node.put(&[&format!("{version}a\n")]).await;
            node.advance(version * 20).await;
            node.put(&[&format!("{version}b\n")]).await;
            node.advance(5).await;
        });
    }
    world.live(async |node| node.flush().await);
    let wanted: Vec<String> = (1..8).flat_map(|n| [format!("{n}a"), format!("{n}b")]).collect();
    assert_eq!(world.lines("backup"), wanted);
    let mut all: Vec<String> =
        delivered(&world).iter().map(|record| record.trim_end().to_owned()).collect();
    all.sort();
    all.dedup();
    assert_eq!(all, wanted);
}

#[test]
fn a_staged_parcel_is_an_object_that_the_destination_loads() {
    let mut settings = to_endpoint(0);
    if let Destination::Records { staging, .. } = &mut settings.destination {
        *staging = Some(target("staging", "load/"));
    }
    let world = World::new(settings);
    *world.outside.parcel_acts.lock().unwrap() = [Act::Take, Act::Fail(Then::GiveUp)].into();
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.flush().await;
        node.put(&["c"]).await;
        node.flush().await;
    });
    let parcels = world.outside.parcels.lock().unwrap();
    let staged = parcels[0].staged.as_ref().unwrap();
    assert_eq!((&*staged.bucket, &staged.body[..]), ("staging", &b"ab"[..]));
    assert!(parcels[0].records.is_empty());
    assert!(world.objects("staging").contains_key(&staged.key));
    assert_eq!(*world.outside.given_up.lock().unwrap(), 1);
    assert_eq!(world.objects("staging").len(), 2);
}
