use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::*;
use crate::outbound::stand_in::{StandIn, answer};
use crate::samples::{clock, outbound, parcel};
use millstream_firehose::settings::SecretText;

fn destination(url: &str) -> HttpDestination {
    HttpDestination {
        url: url.into(),
        name: None,
        access_key: Some(SecretText("k3y-canary".into())),
        gzip: false,
        common_attributes: vec![("größe".into(), "\"1\"".into()), ("b".into(), "".into())],
    }
}

/// A stand-in for an endpoint that follows the guide to the letter: it checks what comes and answers as it must.
fn strict(request: &Request<Bytes>) -> Response<Bytes> {
    let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap());
    assert_eq!(request.method(), "POST");
    assert_eq!(header("x-amz-firehose-protocol-version"), Some("1.0"));
    assert_eq!(header("content-type"), Some("application/json"));
    let arn = "arn:aws:firehose:eu-central-1:000000000042:deliverystream/mine";
    assert_eq!(header("x-amz-firehose-source-arn"), Some(arn));
    let body = match header("content-encoding") {
        None => request.body().to_vec(),
        Some(encoding) => {
            assert_eq!(encoding, "gzip");
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(&request.body()[..]).read_to_end(&mut body).unwrap();
            body
        }
    };
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["requestId"].as_str(), header("x-amz-firehose-request-id"));
    assert!(body["timestamp"].is_u64());
    let count = body["records"].as_array().unwrap().len();
    assert!((1..=10_000).contains(&count), "{count}");
    let reply = json!({"requestId": body["requestId"], "timestamp": 1578090903599_u64});
    answer(200, &[("content-type", "application/json")], reply.to_string())
}

fn sink(destination: &HttpDestination) -> HttpEndpoint {
    HttpEndpoint::new(destination, outbound(), clock(), Arc::default()).unwrap()
}

#[tokio::test]
async fn records_go_out_as_the_guide_says() {
    let server = StandIn::start(strict).await;
    for gzip in [false, true] {
        let destination = HttpDestination { gzip, ..destination(&server.url("/in?a=b")) };
        let parcel = parcel(&[b"hello", b"", b"hello world"]);
        assert_eq!(sink(&destination).deliver(&parcel).await, Ok(Vec::new()));
    }
    let request = &server.requests()[0];
    assert_eq!(request.uri(), "/in?a=b");
    assert_eq!(request.headers()["x-amz-firehose-access-key"], "k3y-canary");
    assert_eq!(
        request.headers()["x-amz-firehose-common-attributes"],
        "{\"commonAttributes\":{\"gr\\u00f6\\u00dfe\":\"\\\"1\\\"\",\"b\":\"\"}}"
    );
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let expected = json!({
        "requestId": parcel(&[]).plan.to_string(),
        "timestamp": 1_700_000_000_000_u64,
        "records": [{"data": "aGVsbG8="}, {"data": ""}, {"data": "aGVsbG8gd29ybGQ="}],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_large_plan_goes_out_in_parts_and_a_failed_one_is_tried_again_alone() {
    let calls = AtomicUsize::new(0);
    let server = StandIn::start(move |request| match calls.fetch_add(1, Ordering::SeqCst) {
        1 => answer(500, &[], "later"),
        _ => strict(request),
    })
    .await;
    let sink = sink(&destination(&server.url("/")));
    let parcel = parcel(&[&b"x"[..]; 20_001]);
    let error = sink.deliver(&parcel).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.then),
        ("HttpEndpoint.DestinationException", Then::Retry)
    );
    assert_eq!(sink.deliver(&parcel).await, Ok(Vec::new()));
    let requests = server.requests();
    let seen: Vec<(String, usize)> = requests
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let id = body["requestId"].as_str().unwrap().to_owned();
            (id, body["records"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(
        seen.iter().map(|(_, count)| *count).collect::<Vec<_>>(),
        [10_000, 10_000, 10_000, 1]
    );
    assert_eq!(seen[1].0, seen[2].0);
    assert!(seen[0].0 != seen[1].0 && seen[1].0 != seen[3].0);
    // The ids are the plan's, not the process's.
    let again = Division::of(&parcel).parts(&parcel).into_iter().map(|part| part.request_id);
    let again: Vec<_> = again.collect();
    assert_eq!(again, [seen[0].0.clone(), seen[1].0.clone(), seen[3].0.clone()]);
}

#[tokio::test]
async fn a_delivery_that_is_cut_goes_on_with_the_part_it_had_come_to() {
    let server = StandIn::start_silent_at(1, strict).await;
    let sink = sink(&destination(&server.url("/")));
    let parcel = parcel(&[&b"x"[..]; 10_001]);
    tokio::select! {
        done = sink.deliver(&parcel) => panic!("{done:?}"),
        () = server.until_count(2) => {}
    }
    assert_eq!(sink.deliver(&parcel).await, Ok(Vec::new()));
    let counts: Vec<usize> = server
        .requests()
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            body["records"].as_array().unwrap().len()
        })
        .collect();
    assert_eq!(counts, [10_000, 1, 1]);
}

/// The data of the records of all requests, and the request's id with each.
fn sent(server: &StandIn) -> Vec<(String, String)> {
    let of_request = |request: Request<Bytes>| {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let id = body["requestId"].as_str().unwrap().to_owned();
        let records = body["records"].as_array().unwrap().clone();
        records.into_iter().map(move |it| (it["data"].as_str().unwrap().to_owned(), id.clone()))
    };
    server.requests().into_iter().flat_map(of_request).collect()
}

#[tokio::test]
async fn records_that_expire_between_attempts_move_no_other_to_another_request() {
    let calls = AtomicUsize::new(0);
    let server = StandIn::start(move |request| match calls.fetch_add(1, Ordering::SeqCst) {
        1 => answer(500, &[], "later"),
        _ => strict(request),
    })
    .await;
    let sink = sink(&destination(&server.url("/")));
    let data: Vec<String> = (0..20_001).map(|number| number.to_string()).collect();
    let data: Vec<&[u8]> = data.iter().map(|it| it.as_bytes()).collect();
    let whole = parcel(&data);
    sink.deliver(&whole).await.unwrap_err();
    let records = whole.records[5_000..].iter().filter(|it| it.id.position != 12_000);
    let shorter = Parcel { records: records.cloned().collect(), ..whole.clone() };
    assert_eq!(sink.deliver(&shorter).await, Ok(Vec::new()));
    let sent = sent(&server);
    let (first, again) = sent.split_at(20_000);
    let expected: Vec<&(String, String)> =
        first[10_000..].iter().filter(|(data, _)| *data != encoded(b"12000")).collect();
    assert_eq!(again[..9_999].iter().collect::<Vec<_>>(), expected);
    assert_eq!((again.len(), &again[9_999].0), (10_000, &encoded(b"20000")));
}

#[test]
fn requests_that_differ_have_different_ids_after_a_restart_too() {
    let whole = parcel(&[&b"x"[..]; 20_001]);
    let shorter = Parcel { records: whole.records[1..].to_vec(), ..whole.clone() };
    let ids =
        |parcel: &Parcel| Division::of(parcel).parts(parcel).into_iter().map(|it| it.request_id);
    let (before, after): (Vec<_>, Vec<_>) = (ids(&whole).collect(), ids(&shorter).collect());
    assert_eq!((before.len(), after.len()), (3, 2));
    assert!(after.iter().all(|id| !before.contains(id)), "{before:?} {after:?}");
}

fn encoded(data: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(data)
}

#[test]
fn no_request_is_larger_than_64_mib() {
    let record = vec![b'x'; 1_024_000];
    let parcel = parcel(&[&record[..]; 60]);
    let parts = Division::of(&parcel).parts(&parcel);
    let head =
        Head::new(&destination("https://example.com"), Uri::from_static("https://example.com"));
    let head = head.unwrap();
    let sizes: Vec<usize> = parts
        .iter()
        .map(|part| head.request(&parcel, part, clock().now()).unwrap().body().len())
        .collect();
    assert_eq!(sizes.len(), 2);
    assert!(sizes.iter().all(|size| *size <= 64 << 20), "{sizes:?}");
}

#[tokio::test]
async fn what_an_endpoint_finds_too_large_is_dropped() {
    let server = StandIn::start(|_| answer(413, &[], "Payload too large")).await;
    let error = sink(&destination(&server.url("/"))).deliver(&parcel(&[b"x"])).await.unwrap_err();
    assert_eq!(error.then, Then::Drop);
    let text =
        "The following response was received from the endpoint destination. 413: Payload too large";
    assert_eq!(error.message, text);
}

#[tokio::test(start_paused = true)]
async fn three_minutes_are_waited_and_no_longer() {
    let server = StandIn::start_silent().await;
    let begun = tokio::time::Instant::now();
    let error = sink(&destination(&server.url("/"))).deliver(&parcel(&[b"x"])).await.unwrap_err();
    assert_eq!(error.code, "HttpEndpoint.RequestTimeout");
    assert!((180..=181).contains(&begun.elapsed().as_secs()));
}

#[tokio::test]
async fn nothing_that_is_shown_holds_the_access_key() {
    let echo = |request: &Request<Bytes>| {
        let key = request.headers()["x-amz-firehose-access-key"].to_str().unwrap().to_owned();
        answer(200, &[("content-type", "application/json")], format!("{{\"bad\":\"{key}\"}}"))
    };
    let server = StandIn::start(echo).await;
    let destination = destination(&server.url("/k3y-canary"));
    let error = sink(&destination).deliver(&parcel(&[b"x"])).await.unwrap_err();
    assert!(!format!("{error:?}").contains("k3y-canary"), "{error:?}");
    assert!(!format!("{:?}", destination.access_key).contains("k3y-canary"));
}

#[test]
fn what_cannot_be_sent_is_refused_before() {
    let refused = |change: fn(&mut HttpDestination)| {
        let mut destination = destination("https://example.com");
        change(&mut destination);
        let made = HttpEndpoint::new(&destination, outbound(), clock(), Arc::default());
        made.map(|_| ()).unwrap_err()
    };
    assert!(refused(|it| it.url = "https://".into()).contains("URL"));
    assert!(refused(|it| it.url = "https://169.254.169.254/".into()).contains("allow"));
    assert!(refused(|it| it.url = "http://example.com\n".into()).contains("URL"));
    assert!(refused(|it| it.access_key = Some(SecretText("a\nb".into()))).contains("access key"));
    assert!(
        refused(|it| it.access_key = Some(SecretText("x".repeat(4097).into()))).contains("4096")
    );
}
