//! A stream that is the source is deleted, and made again; what is counted of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use millstream_firehose::PipelineError;
use millstream_firehose::envelope::{KeyFuture, Keys};
use millstream_firehose::settings::Processing;
use millstream_firehose::sink::Then;
use millstream_vault::{DataKey, KeyError, KeyFault};

use crate::harness::*;
use crate::sources::Simulated;

fn world() -> (World, Arc<Simulated>) {
    let stream = Simulated::new();
    let mut world = World::new(to_objects());
    world.source = Some(stream.clone());
    (world, stream)
}

/// How often the delivery log says that the source was deleted.
async fn told(node: &Node<'_>) -> usize {
    let logs = node.pipeline().logs(100).await.unwrap();
    logs.iter().filter(|logged| logged.entry.contains("\"Delivery.SourceDeleted\"")).count()
}

async fn flush(node: &Node<'_>) -> Result<(), PipelineError> {
    node.pipeline().flush(Duration::from_secs(3600)).await
}

fn assert_deleted(flushed: Result<(), PipelineError>) {
    let Err(PipelineError::SourceDeleted(text)) = flushed else { panic!("{flushed:?}") };
    assert!(text.starts_with("The source stream arn:stream was deleted"), "{text}");
}

/// Two records of a stream are delivered, then the stream is gone.
async fn deliver_and_delete(node: &Node<'_>, stream: &Simulated) {
    stream.put(0, START, &["a\n", "b\n"]);
    node.flush().await;
    stream.delete();
    node.settle().await;
}

#[test]
fn that_the_source_was_deleted_is_told_once_and_with_each_flush() {
    let (world, stream) = world();
    world.live(async |node| {
        stream.put(0, START, &["a\n"]);
        node.flush().await;
        stream.put(0, START, &["never read\n", "nor this\n"]);
        node.settle().await;
        assert_eq!(told(&node).await, 0);
        stream.delete();
        node.settle().await;
        assert_deleted(flush(&node).await);
        assert_eq!(told(&node).await, 1);
        // What the lanes had gathered is settled, and does not wait for a buffer's time.
        assert_eq!(node.pipeline().status().waiting_records, 0);
        assert_eq!(node.pipeline().counters().lost_records.get(), 2);
    });
    world.live(async |node| {
        assert_deleted(flush(&node).await);
        assert_eq!(told(&node).await, 1);
    });
    assert_eq!(world.content("main"), "a\n");
}

#[test]
fn a_flush_under_way_ends_when_the_source_is_deleted() {
    let (world, stream) = world();
    world.object_acts("main", [Act::Fail(Then::Retry)]);
    world.live(async |node| {
        stream.put(0, START, &["a\n"]);
        let deleted = async {
            node.settle().await;
            stream.delete();
        };
        let (flushed, ()) = tokio::join!(flush(&node), deleted);
        assert_deleted(flushed);
    });
}

#[test]
fn a_stream_made_again_is_read_from_its_beginning_and_each_record_arrives_once() {
    let (mut world, first) = world();
    world.live(async |node| {
        deliver_and_delete(&node, &first).await;
    });
    let second = Simulated::after(1);
    // Whoever made it again puts at once.
    second.put(0, START, &["c\n", "d\n", "e\n"]);
    world.source = Some(second.clone());
    world.object_acts("main", [Act::TakeAndHang]);
    world.live(async |node| {
        node.settle().await;
        node.advance(61).await;
    });
    world.live(async |node| {
        second.put(0, START, &["f\n"]);
        node.flush().await;
        second.delete();
        node.settle().await;
        assert_deleted(flush(&node).await);
        assert_eq!(told(&node).await, 2);
    });
    world.live(async |_| {});
    let third = Simulated::after(2);
    third.put(0, START, &["g\n"]);
    world.source = Some(third.clone());
    world.live(async |node| node.flush().await);
    assert_eq!(world.lines("main"), ["a", "b", "c", "d", "e", "f", "g"]);
}

fn by_key() -> Processing {
    Processing { partitioned: true, query: Some("{k:.k}".into()), ..Processing::default() }
}

#[test]
fn a_worker_goes_on_with_a_stream_made_again() {
    let (mut world, first) = world();
    {
        let mut settings = world.settings.lock().unwrap();
        settings.processing =
            Processing { partitioned: true, query: Some("{k:.k}".into()), ..Processing::default() };
    }
    let records = ["{\"k\":\"x\"}\n", "{\"k\":\"y\"}\n"];
    world.live(async |node| {
        first.put(0, START, &records);
        node.settle().await;
        node.advance(1).await;
        first.delete();
        node.settle().await;
    });
    let second = Simulated::after(1);
    second.put(0, START, &records);
    second.put(0, START, &["{\"k\":\"z\"}\n"]);
    world.source = Some(second);
    world.live(async |node| node.flush().await);
    let lines = world.lines("main");
    assert!(lines.contains(&"{\"k\":\"z\"}".to_owned()), "{lines:?}");
    // What was processed of the first arrives once, or is lost with it; what the second has arrives once.
    assert!(lines.len() == 3 || lines.len() == 5, "{lines:?}");
}

/// The keys of a stream: once it is deleted they are gone.
struct KeysOf(Mutex<Option<u8>>);

impl KeysOf {
    fn key(&self) -> Option<Arc<DataKey>> {
        self.0.lock().unwrap().map(|byte| Arc::new(DataKey::new([byte; 32])))
    }
}

impl Keys for KeysOf {
    fn current(&self) -> KeyFuture<'_, Option<(u32, Arc<DataKey>)>> {
        Box::pin(std::future::ready(Ok(self.key().map(|key| (1, key)))))
    }

    fn by_id(&self, _: u32) -> KeyFuture<'_, Arc<DataKey>> {
        let gone = || KeyError::new(KeyFault::NotFound, "the stream, and its keys, are gone");
        Box::pin(std::future::ready(self.key().ok_or_else(gone)))
    }
}

#[test]
fn what_was_sealed_with_the_keys_of_a_deleted_stream_stops_nothing() {
    let (mut world, first) = world();
    world.settings.lock().unwrap().processing = by_key();
    let keys = Arc::new(KeysOf(Mutex::new(Some(7))));
    world.keys = keys.clone();
    world.object_acts("main", [Act::Hang]);
    world.live(async |node| {
        first.put(0, START, &["{\"k\":\"x\"}\n"]);
        node.settle().await;
        node.advance(1).await;
        // One is in an open plan, one was processed and waits.
        node.advance(61).await;
        first.put(0, node.world.clock_now(), &["{\"k\":\"y\"}\n"]);
        node.settle().await;
        node.advance(1).await;
    });
    first.delete();
    *keys.0.lock().unwrap() = None;
    world.live(async |node| assert_deleted(flush(&node).await));
    let second = Simulated::after(1);
    second.put(0, START, &["{\"k\":\"z\"}\n"]);
    world.source = Some(second);
    // Another key of the same number.
    *keys.0.lock().unwrap() = Some(8);
    world.live(async |node| {
        node.flush().await;
        assert_eq!(node.pipeline().counters().restarts.get(), 0);
    });
    assert_eq!(world.lines("main"), ["{\"k\":\"z\"}"]);
}

#[test]
fn a_source_is_replaced_while_the_pipeline_is_at_work_and_counts_go_on() {
    let (world, first) = world();
    world.live(async |node| {
        deliver_and_delete(&node, &first).await;
        let second = Simulated::after(1);
        second.put(0, START, &["c\n"]);
        let mut parts = world.parts();
        parts.source = Some((second, "arn:stream".into()));
        node.runtimes.replace(parts).await.unwrap();
        assert_eq!(node.pipeline().source_generation(), 1);
        node.flush().await;
        assert_eq!(node.pipeline().counters().read_records.get(), 3);
    });
    assert_eq!(world.content("main"), "a\nb\nc\n");
}

#[test]
fn records_of_a_stream_count_once_however_often_they_are_read() {
    let (world, stream) = world();
    {
        let mut settings = world.settings.lock().unwrap();
        settings.backup = Some(backup("backup"));
        settings.processing.delimiter = Some(b"\n".as_slice().into());
    }
    world.object_acts("main", vec![Act::Fail(Then::Retry); 4]);
    world.live(async |node| {
        stream.put(0, START, &["1", "2", "3", "4", "5"]);
        node.settle().await;
        // The pipeline begins again, and looks at all of it once more.
        let mut other = world.configuration();
        let mut settings = (*other.settings).clone();
        (settings.version, settings.backup) = (2, None);
        other.settings = Arc::new(settings);
        node.runtimes.update(DATA, other).await.unwrap();
        stream.put(0, START, &["6", "7", "8", "9", "0"]);
        node.flush().await;
        let pipeline = node.pipeline();
        let counters = pipeline.counters();
        assert_eq!((counters.read_records.get(), counters.read_bytes.get()), (10, 10));
        assert!(counters.source_read_records.get() >= 20, "{:?}", counters.source_read_records);
    });
    assert_eq!(world.lines("main").len(), 10);
}

#[test]
fn puts_are_no_records_of_a_stream() {
    let world = World::new(to_objects());
    world.live(async |node| {
        node.put(&["a", "b"]).await;
        node.flush().await;
        assert_eq!(node.pipeline().counters().read_records.get(), 0);
        assert!(node.pipeline().counters().source_read_records.get() >= 2);
    });
}

#[test]
fn a_flush_that_is_late_says_what_fails() {
    let world = World::new(to_objects());
    world.object_always("main", Act::Fail(Then::Retry));
    world.live(async |node| {
        node.put(&["a"]).await;
        let late = node.pipeline().flush(Duration::from_secs(2)).await;
        let Err(PipelineError::Late(text)) = late else { panic!("{late:?}") };
        assert!(text.ends_with("the last errors: Test.Failed: no"), "{text}");
        assert!(
            text.starts_with("not all was delivered in 2 s: 0 records wait, 1 deliveries"),
            "{text}"
        );
    });
}
