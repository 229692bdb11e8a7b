//! What is outside changes: secrets are rotated, addresses and configurations are refused that were taken once.

use millstream_firehose::settings::*;

use crate::harness::*;
use crate::records::to_endpoint;

#[test]
fn a_secret_that_was_rotated_is_used_with_the_next_attempt() {
    let mut settings = to_endpoint(300);
    if let Destination::Records { secret, .. } = &mut settings.destination {
        *secret = Some("arn:secret".into());
    }
    let world = World::new(settings);
    let keys = || world.outside.keys.lock().unwrap().clone();
    world.live(async |node| {
        // Where it cannot be read any more, the last one is used.
        for secret in [Some("one"), Some("one"), Some("two"), None] {
            *world.outside.secret.lock().unwrap() = secret;
            node.put(&["a"]).await;
            node.flush().await;
        }
    });
    assert_eq!(keys(), ["one", "two"]);
    assert_eq!(world.outside.parcels.lock().unwrap().len(), 4);
}

#[test]
fn a_destination_that_is_refused_by_now_stops_nothing_else_and_is_used_when_it_may_be() {
    let mut settings = to_endpoint(3600);
    settings.backup = Some(backup("backup"));
    let world = World::new(settings);
    *world.outside.refuses.lock().unwrap() = true;
    world.live(async |node| {
        node.put(&["a"]).await;
        node.advance(300).await;
        assert_eq!(world.content("backup"), "a");
        let told = &node.pipeline().logs(5).await.unwrap()[0].entry;
        assert!(told.contains("Delivery.DestinationRefused"), "{told}");
        assert!(told.contains("it may not be reached"), "{told}");
        *world.outside.refuses.lock().unwrap() = false;
        node.flush().await;
    });
    assert_eq!(world.outside.parcels.lock().unwrap().len(), 1);
    assert!(world.objects("errors").is_empty());
}

#[test]
fn a_configuration_that_cannot_be_worked_with_is_told_and_stops_nobody_else() {
    let mut settings = to_objects();
    settings.processing.query = Some("this is no query (".into());
    let world = World::new(settings);
    world.live(async |node| {
        let parts = world.other_parts(1, to_objects());
        node.runtimes.start(parts).await.unwrap();
        node.put_to(other(1), &["a\n"]).await;
        assert_eq!(node.put(&["b\n"]).await, 1);
        node.advance(60).await;
        assert_eq!(world.content("main"), "a\n");
        let told = &node.pipeline().logs(5).await.unwrap()[0].entry;
        assert!(told.contains("Delivery.ConfigurationRefused"), "{told}");
    });
    // What was put meanwhile is delivered once the configuration can be worked with.
    world.settings.lock().unwrap().processing.query = None;
    world.live(async |node| node.flush().await);
    assert_eq!(world.lines("main"), ["a", "b"]);
}
