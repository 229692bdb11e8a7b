//! What a kill cuts in two, and what another build does otherwise: nothing is lost, nothing is done twice.

use std::time::Duration;

use millstream_firehose::settings::*;
use millstream_firehose::sink::Then;
use millstream_formats::compression::{Compression, compress};
use millstream_log::testkit::Fault;
use uuid::Uuid;

use crate::harness::*;
use crate::records::to_endpoint;
use crate::worker::{numbering, same, with_function};

/// Windows of the worker of which each leaves a block in each of two partitions: so many scattered blocks that the
/// plans of both do not fit into one command.
const WINDOWS: usize = 2500;

fn two_partitions() -> Settings {
    let mut settings = with_function();
    settings.processing.partitioned = true;
    settings.processing.query = Some("{k:.k}".into());
    settings.processing.function.as_mut().unwrap().hints.interval = Duration::ZERO;
    settings.destination = Destination::Objects(target("main", "p/!{partitionKeyFromQuery:k}/"));
    settings.hints = hints(128, 900);
    settings
}

#[test]
fn a_seal_that_is_cut_between_its_commands_goes_on_after_a_restart() {
    let world = World::new(two_partitions());
    *world.outside.function.lock().unwrap() = Some(same);
    let line = |k: &str, n: usize| format!("{{\"k\":\"{k}\",\"n\":\"{n:04}\"}}\n");
    world.live(async |node| {
        for n in 0..WINDOWS {
            node.put(&[&line("a", n), &line("b", n)]).await;
            let processed = || node.pipeline().counters().processed_records.get();
            while processed() < 2 * (n as u64 + 1) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        *world.settings.lock().unwrap() =
            Settings { version: 2, hints: hints(128, 900), ..to_objects() };
        node.runtimes.update(DATA, world.configuration()).await.unwrap();
        node.put(&["{\"k\":\"c\"}\n"]).await;
        node.until(|_| node.pipeline().counters().waiting_records.get() > 2 * WINDOWS as u64).await;
        // The first of the seal's commands is written, and nothing comes after it.
        world.log.hold();
        node.advance(900).await;
        assert!(world.objects("main").is_empty());
    });
    world.log.release();
    world.live(async |node| {
        node.flush().await;
        assert!(node.pipeline().counters().restarts.get() == 0);
    });
    let lines = world.lines("main");
    assert_eq!(lines.len(), 2 * WINDOWS + 1);
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]));
}

fn compressed(line: &str) -> Vec<u8> {
    compress(Compression::Gzip, &Uuid::nil(), line.as_bytes()).unwrap()
}

#[test]
fn stages_that_another_build_adds_hold_at_the_start() {
    let mut settings = to_objects();
    settings.backup = Some(backup("backup"));
    let world = World::new(settings);
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&[compressed("a\n")]).await;
        node.advance(60).await;
        node.put(&[compressed("b\n")]).await;
        node.settle().await;
    });
    // The same version of the configuration, which now asks for the worker.
    world.settings.lock().unwrap().processing.decompress = true;
    world.outside.object_always.lock().unwrap().clear();
    world.live(async |node| {
        node.put(&[compressed("c\n")]).await;
        node.flush().await;
        // What was sealed before is delivered as it was sealed; all else passes the worker.
        assert_eq!(node.pipeline().counters().processed_records.get(), 2);
        assert_eq!(node.pipeline().counters().restarts.get(), 1);
    });
    world.live(async |node| {
        node.put(&[compressed("d\n")]).await;
        node.flush().await;
        assert_eq!(node.pipeline().counters().restarts.get(), 0);
    });
    assert_eq!(world.lines("main"), ["a", "b", "c", "d"]);
    let backup = world.outside.objects.lock().unwrap();
    let backup = backup.iter().filter(|((bucket, _), _)| bucket == "backup");
    let bytes: usize = backup.map(|(_, object)| object.body.len()).sum();
    assert_eq!(bytes, 4 * compressed("a\n").len());
}

#[test]
fn a_backup_of_what_is_delivered_gets_all_once_across_such_a_change() {
    let mut settings = to_endpoint(300);
    settings.backup = Some(backup("backup"));
    let world = World::new(settings);
    world.live(async |node| {
        node.put(&[compressed("a\n")]).await;
        // The main lane has sealed; the backup gathers for longer.
        node.advance(60).await;
        node.put(&[compressed("b\n")]).await;
        node.settle().await;
    });
    world.settings.lock().unwrap().processing.decompress = true;
    world.live(async |node| {
        // Both lanes come to one place, behind what was sealed, and the worker begins there.
        node.settle().await;
        node.put(&[compressed("c\n")]).await;
        node.flush().await;
        assert_eq!(node.pipeline().counters().processed_records.get(), 2);
    });
    let parcels = world.outside.parcels.lock().unwrap();
    let records = parcels.iter().flat_map(|parcel| &parcel.records).map(|it| it.data.clone());
    let mut delivered: Vec<_> = records.collect();
    delivered.sort();
    let first = compressed("a\n");
    assert_eq!(delivered.len(), 3, "{delivered:?}");
    assert!(delivered.iter().any(|data| *data == first || &data[..] == b"a\n"));
    assert_eq!(world.lines("backup"), ["a", "b", "c"]);
}

#[test]
fn what_processing_came_to_is_counted_once_however_often_it_is_done() {
    for fault in [Fault::UnknownKept, Fault::UnknownLost] {
        let world = World::new(with_function());
        *world.outside.function.lock().unwrap() = Some(numbering);
        world.live(async |node| {
            node.put(&["a\n", "b\n", "!c\n"]).await;
            node.settle().await;
            world.log.inject([fault.clone()]);
            node.advance(10).await;
            node.flush().await;
            let counters = node.pipeline();
            let counters = counters.counters();
            let counts = [&counters.processed_records, &counters.processing_failed_records];
            assert_eq!(counts.map(|it| it.get()), [2, 1], "{fault:?}");
            // The number of the call comes before the data.
            assert_eq!(counters.processed_bytes.get(), 8, "{fault:?}");
        });
    }
}

#[test]
fn conversions_are_counted_once_however_often_they_are_done() {
    let mut settings = to_objects();
    let mut columns = target("main", "c/");
    columns.conversion = Some(Conversion {
        table: TableName {
            catalog: None,
            region: "us-east-1".into(),
            database: "d".into(),
            table: "t".into(),
            version: "LATEST".into(),
        },
        deserializer: r#"{"OpenXJsonSerDe":{}}"#.into(),
        serializer: r#"{"ParquetSerDe":{}}"#.into(),
    });
    settings.destination = Destination::Objects(columns);
    let world = World::new(settings);
    let table = r#"{"StorageDescriptor":{"Columns":[{"Name":"n","Type":"int"}]}}"#;
    *world.outside.table.lock().unwrap() = Some(table.into());
    world.object_acts("main", [Act::Fail(Then::Retry), Act::Fail(Then::Retry)]);
    world.live(async |node| {
        node.put(&["{\"n\":1}", "{\"n\":2}", "no document"]).await;
        node.flush().await;
        assert_eq!(world.object_attempts("main"), 3);
        let pipeline = node.pipeline();
        let counters = pipeline.counters();
        let records = [&counters.converted_records, &counters.conversion_failed_records];
        assert_eq!(records.map(|it| it.get()), [2, 1]);
        let bytes = [&counters.converted_bytes, &counters.conversion_failed_bytes];
        assert_eq!(bytes.map(|it| it.get()), [14, 11]);
    });
}
