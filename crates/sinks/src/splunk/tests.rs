use std::collections::BTreeMap;
use std::sync::Mutex;

use hyper::{Request, Response};
use millstream_firehose::settings::SecretText;
use millstream_firehose::sink::Then;
use millstream_types::{ManualClock, Millis, SeededRandom};
use serde_json::{Value, json};

use super::*;
use crate::outbound::stand_in::{StandIn, answer};
use crate::samples::{outbound, parcel};

/// A stand-in for a collector: it checks token, channel and cookie, and acknowledges after some questions.
struct Collector {
    /// Questions until it says yes.
    questions: u64,
    asked: Mutex<BTreeMap<u64, u64>>,
}

impl Collector {
    async fn start(questions: u64) -> StandIn {
        let collector = Collector { questions, asked: Mutex::default() };
        StandIn::start(move |request| collector.answer(request)).await
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap());
        if header("authorization") != Some("Splunk t0ken-canary") {
            return answer(403, &[], json!({"text": "Invalid token", "code": 4}).to_string());
        }
        let channel = request.uri().query().and_then(|query| query.strip_prefix("channel="));
        assert_eq!(channel, header("x-splunk-request-channel"));
        assert_eq!(channel.unwrap().len(), 36);
        let mut asked = self.asked.lock().unwrap();
        match request.uri().path() {
            "/services/collector/ack" => {
                assert_eq!(header("cookie"), Some("AWSELB=node-1"));
                let question: Value = serde_json::from_slice(request.body()).unwrap();
                let id = question["acks"][0].as_u64().unwrap();
                let times = asked.get_mut(&id).unwrap();
                *times += 1;
                let acks = json!({"acks": {id.to_string(): *times >= self.questions}});
                answer(200, &[], acks.to_string())
            }
            "/services/collector/raw" => self.take(&mut asked),
            "/services/collector/event" => {
                let events = serde_json::Deserializer::from_slice(request.body());
                for (number, event) in events.into_iter::<Value>().enumerate() {
                    if !event.is_ok_and(|event| event.get("event").is_some()) {
                        let reply = json!({
                            "text": "Invalid data format", "code": 6, "invalid-event-number": number,
                        });
                        return answer(400, &[], reply.to_string());
                    }
                }
                self.take(&mut asked)
            }
            path => panic!("{path}"),
        }
    }

    fn take(&self, asked: &mut BTreeMap<u64, u64>) -> Response<Bytes> {
        let id = asked.len() as u64;
        asked.insert(id, 0);
        let reply = json!({"text": "Success", "code": 0, "ackId": id});
        answer(200, &[("set-cookie", "AWSELB=node-1; Path=/")], reply.to_string())
    }
}

fn sink(endpoint: &str, event: bool) -> Splunk {
    sink_at(endpoint, event, Arc::new(ManualClock::new(Millis(0))))
}

fn sink_at(endpoint: &str, event: bool, clock: Arc<dyn Clock>) -> Splunk {
    let destination = SplunkDestination {
        endpoint: endpoint.into(),
        event,
        token: SecretText("t0ken-canary".into()),
        acknowledgement_timeout: Duration::from_secs(180),
    };
    let random = SeededRandom::new(1);
    Splunk::new(&destination, outbound(), clock, &random, Arc::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn records_are_sent_raw_and_asked_for_until_they_are_indexed() {
    let server = Collector::start(4).await;
    let parcel = parcel(&[b"one\n", b"two", b"\xff"]);
    assert_eq!(sink(&server.url(""), false).deliver(&parcel).await, Ok(Vec::new()));
    let requests = server.requests();
    assert_eq!(requests[0].uri().path(), "/services/collector/raw");
    assert_eq!(&requests[0].body()[..], b"one\ntwo\xff");
    assert_eq!(requests.len(), 1 + 4);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_does_not_come_is_a_failure_in_time() {
    let server = Collector::start(u64::MAX).await;
    let begun = Instant::now();
    let error = sink(&server.url(""), false).deliver(&parcel(&[b"x"])).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.then), ("Splunk.AckTimeout", Then::Retry));
    assert!((180..=181).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert!((15..=30).contains(&server.count()), "{}", server.count());
}

#[tokio::test(start_paused = true)]
async fn service_time_ends_the_wait_for_an_acknowledgement_too() {
    let clock = Arc::new(ManualClock::new(Millis(0)));
    let moved = clock.clone();
    let server = StandIn::start(move |request| {
        // Time goes on while the first question is asked.
        if request.uri().path().ends_with("/ack") {
            moved.advance(Duration::from_secs(180));
            return answer(200, &[], json!({"acks": {"0": false}}).to_string());
        }
        answer(200, &[], json!({"text": "Success", "code": 0, "ackId": 0}).to_string())
    })
    .await;
    let begun = Instant::now();
    let sink = sink_at(&server.url(""), false, clock);
    let error = sink.deliver(&parcel(&[b"x"])).await.unwrap_err();
    assert_eq!(error.code, "Splunk.AckTimeout");
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert_eq!(server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_valid_is_refused_alone() {
    let server = Collector::start(1).await;
    let parcel =
        parcel(&[b"{\"event\":1}{\"event\":2}", b"{\"message\":3}", b"{\"event\":4}", b"nonsense"]);
    let refused = sink(&server.url("/services/collector/event"), true).deliver(&parcel).await;
    let refused = refused.unwrap();
    assert_eq!(refused.iter().map(|record| record.id.position).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(refused[0].code, "Splunk.InvalidDataFormat");
    assert_eq!(refused[0].members, [("EventId", "1.1.0".to_owned())]);
    let taken = server.requests().into_iter().rfind(|it| it.uri().path().ends_with("event"));
    assert_eq!(&taken.unwrap().body()[..], b"{\"event\":1}{\"event\":2}{\"event\":4}");
}

#[tokio::test]
async fn a_delivery_that_is_cut_forgets_no_refusal() {
    let collector = Collector { questions: 1, asked: Mutex::default() };
    let server = StandIn::start_silent_at(1, move |request| collector.answer(request)).await;
    let sink = sink(&server.url(""), true);
    let parcel = parcel(&[b"{\"event\":1}", b"{\"message\":2}"]);
    tokio::select! {
        done = sink.deliver(&parcel) => panic!("{done:?}"),
        () = server.until_count(2) => {}
    }
    let refused = sink.deliver(&parcel).await.unwrap();
    assert_eq!(refused.iter().map(|record| record.id.position).collect::<Vec<_>>(), [1]);
    let events = server.requests().into_iter().filter(|it| it.uri().path().ends_with("event"));
    let bodies: Vec<usize> = events.map(|request| request.body().len()).collect();
    assert_eq!(bodies, [24, 11, 11]);
}

#[tokio::test]
async fn a_refusal_stays_the_records_when_others_expire() {
    let collector = Collector { questions: 1, asked: Mutex::default() };
    let server = StandIn::start_silent_at(1, move |request| collector.answer(request)).await;
    let sink = sink(&server.url(""), true);
    let whole = parcel(&[b"{\"event\":1}", b"{\"event\":2}", b"{\"message\":3}", b"{\"event\":4}"]);
    tokio::select! {
        done = sink.deliver(&whole) => panic!("{done:?}"),
        () = server.until_count(2) => {}
    }
    let shorter = Parcel { records: whole.records[1..].to_vec(), ..whole };
    let refused = sink.deliver(&shorter).await.unwrap();
    assert_eq!(refused.iter().map(|record| record.id.position).collect::<Vec<_>>(), [2]);
    let last = server.requests().into_iter().rfind(|it| it.uri().path().ends_with("event"));
    assert_eq!(&last.unwrap().body()[..], b"{\"event\":2}{\"event\":4}");
}

#[tokio::test]
async fn a_wrong_token_is_told_and_not_shown() {
    let server = StandIn::start(|request| {
        let echo = request.headers()["authorization"].to_str().unwrap();
        answer(403, &[], json!({"code": 4, "text": echo}).to_string())
    })
    .await;
    let error = sink(&server.url(""), false).deliver(&parcel(&[b"x"])).await.unwrap_err();
    assert_eq!(error.code, "Splunk.InvalidToken");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[test]
fn an_endpoint_is_taken_with_and_without_its_path() {
    for (endpoint, expected) in [
        ("https://h:8088", "https://h:8088"),
        ("https://h:8088/", "https://h:8088"),
        ("https://h/services/collector", "https://h"),
        ("https://h/services/collector/raw", "https://h"),
        ("https://h/services/collector/event/", "https://h"),
        ("https://h/splunk/services/collector", "https://h/splunk"),
        ("https://h/raw", "https://h/raw"),
    ] {
        assert_eq!(base(endpoint), Ok(expected), "{endpoint}");
    }
    assert!(base("https://h/?a=b").is_err());
}
