use std::collections::BTreeMap;
use std::sync::Mutex;

use hyper::{Request, Response};
use millstream_firehose::settings::IndexRotation;
use serde_json::{Value, json};

use super::*;
use crate::outbound::stand_in::{StandIn, answer};
use crate::samples::{clock, outbound, parcel};

pub(super) fn destination(endpoint: &str) -> SearchDestination {
    SearchDestination {
        elasticsearch: false,
        endpoint: endpoint.into(),
        index: "myindex".into(),
        type_name: None,
        rotation: IndexRotation::Day,
        document_ids: true,
    }
}

/// A stand-in for a cluster: it reads bulk requests strictly and keeps documents by index and id. Documents say what
/// happens to them: `{"status":429}` is refused once with that status, others with it for good.
#[derive(Default)]
struct Cluster {
    documents: Mutex<BTreeMap<(String, String), Value>>,
    busy_before: Mutex<bool>,
}

impl Cluster {
    async fn start(self: Arc<Self>) -> StandIn {
        StandIn::start(move |request| self.answer(request)).await
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/_bulk"));
        assert_eq!(request.headers()["content-type"], "application/x-ndjson");
        let body = std::str::from_utf8(request.body()).unwrap();
        assert!(body.ends_with('\n'));
        let lines: Vec<Value> =
            body.lines().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect();
        let mut items = Vec::new();
        for pair in lines.chunks(2) {
            let [action, document] = pair else { panic!("an action without a document") };
            let action = &action["index"];
            let index = action["_index"].as_str().unwrap().to_owned();
            let generated = format!("generated-{}", items.len());
            let id = action["_id"].as_str().map_or(generated, str::to_owned);
            let wanted = document["status"].as_u64();
            let status = match (document, wanted) {
                (Value::Object(_), Some(429)) if *self.busy_before.lock().unwrap() => 200,
                (Value::Object(_), wanted) => wanted.unwrap_or(201),
                _ => 400,
            };
            let mut item = json!({"_index": index, "_id": id, "status": status});
            if status > 299 {
                item["error"] = json!({"type": "mapper_parsing_exception", "reason": "no"});
            } else {
                self.documents.lock().unwrap().insert((index, id), document.clone());
            }
            items.push(json!({"index": item}));
        }
        *self.busy_before.lock().unwrap() = true;
        let body = json!({"took": 1, "errors": true, "items": items}).to_string();
        answer(200, &[("content-type", "application/json")], body)
    }
}

fn sink(destination: &SearchDestination, clusters: &[SearchCluster]) -> Search {
    Search::new(destination, clusters, outbound(), clock(), Arc::default()).unwrap()
}

#[tokio::test]
async fn documents_go_to_the_index_of_their_arrival_under_stable_ids() {
    let cluster = Arc::new(Cluster::default());
    let server = cluster.clone().start().await;
    let parcel = parcel(&[b"{\"a\":1}\n", b"{\"a\":\n2}"]);
    for _ in 0..2 {
        let sink = sink(&destination(&server.url("/")), &[]);
        assert_eq!(sink.deliver(&parcel).await, Ok(Vec::new()));
    }
    let documents = cluster.documents.lock().unwrap();
    assert_eq!(documents.len(), 2);
    let (index, id) = documents.keys().next().unwrap();
    assert_eq!(index, "myindex-2023-11-14");
    assert_eq!(id, "ed4acda5034f4f42bba1f29aea6d7d8f.1.0.0");
}

#[tokio::test]
async fn types_and_missing_ids_are_sent_as_configured() {
    let server = Arc::new(Cluster::default()).start().await;
    let destination = SearchDestination {
        type_name: Some("t".into()),
        document_ids: false,
        rotation: IndexRotation::None,
        ..destination(&server.url(""))
    };
    assert_eq!(sink(&destination, &[]).deliver(&parcel(&[b"{}"])).await, Ok(Vec::new()));
    let expected = "{\"index\":{\"_index\":\"myindex\",\"_type\":\"t\"}}\n{}\n";
    assert_eq!(&server.requests()[0].body()[..], expected.as_bytes());
}

#[tokio::test]
async fn refused_documents_are_told_and_busy_ones_are_sent_again_alone() {
    let cluster = Arc::new(Cluster::default());
    let server = cluster.clone().start().await;
    let parcel =
        parcel(&[b"{\"a\":1}", b"not json", b"{\"status\":429}", b"", b"{\"status\":409}"]);
    let sink = sink(&destination(&server.url("")), &[]);
    let error = sink.deliver(&parcel).await.unwrap_err();
    assert_eq!((error.code.as_str(), error.then), ("OS.ServiceException", Then::Retry));
    let mut refused = sink.deliver(&parcel).await.unwrap();
    refused.sort_by_key(|record| record.id);
    let told: Vec<(u64, &str)> =
        refused.iter().map(|record| (record.id.position, record.code.as_str())).collect();
    assert_eq!(told, [(1, "400"), (3, "400"), (4, "409")]);
    assert_eq!(refused[0].message, "{\"reason\":\"no\",\"type\":\"mapper_parsing_exception\"}");
    let members = [
        ("esDocumentId", "ed4acda5034f4f42bba1f29aea6d7d8f.1.1.0".to_owned()),
        ("esIndexName", "myindex-2023-11-14".to_owned()),
        ("esTypeName", String::new()),
    ];
    assert_eq!(refused[0].members, members);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].body().iter().filter(|byte| **byte == b'\n').count(), 2);
    assert_eq!(cluster.documents.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_halved() {
    let server = StandIn::start(|request| {
        let lines = request.body().iter().filter(|byte| **byte == b'\n').count();
        if lines > 2 || request.body().ends_with(b"{\"large\":1}\n") {
            return answer(413, &[], "too large");
        }
        answer(200, &[], json!({"items": [{"index": {"status": 201}}]}).to_string())
    })
    .await;
    let parcel = parcel(&[b"{}", b"{\"large\":1}", b"{}", b"{}", b"{}"]);
    let refused = sink(&destination(&server.url("")), &[]).deliver(&parcel).await.unwrap();
    let told: Vec<(u64, &str)> =
        refused.iter().map(|record| (record.id.position, record.code.as_str())).collect();
    assert_eq!(told, [(1, "413")]);
}

#[tokio::test]
async fn failures_of_the_whole_have_their_codes() {
    for (status, body, expected) in [
        (401, "no", "AccessDenied"),
        (403, "no", "AccessDenied"),
        (404, "no", "ResourceNotFound"),
        (429, "no", "ServiceException"),
        (503, "no", "ServiceException"),
        (200, "no", "ServiceException"),
        (200, "{\"items\":[]}", "ServiceException"),
        (200, "{\"items\":[{\"create\":{\"status\":200}}]}", "ServiceException"),
    ] {
        let server = StandIn::start(move |_| answer(status, &[], body)).await;
        for (elasticsearch, family) in [(true, "ES"), (false, "OS")] {
            let destination = SearchDestination { elasticsearch, ..destination(&server.url("")) };
            let error = sink(&destination, &[]).deliver(&parcel(&[b"{}"])).await.unwrap_err();
            assert_eq!((error.code, error.then), (format!("{family}.{expected}"), Then::Retry));
        }
    }
}

#[tokio::test]
async fn a_cluster_is_told_who_sends() {
    let cluster = Arc::new(Cluster::default());
    let server = cluster.start().await;
    let arn = "arn:aws:es:eu-central-1:000000000042:domain/mine";
    let identities = [
        SearchIdentity::Basic { user: "u".into(), password: "p".into() },
        SearchIdentity::Signed(Identity {
            access_key_id: "AKID".into(),
            secret_access_key: "s3cret".into(),
            session_token: None,
            region: None,
            service: None,
        }),
    ];
    for identity in identities {
        let endpoint = server.url("").parse().unwrap();
        let clusters = [SearchCluster { endpoint, domain_arn: Some(arn.into()), identity }];
        for wanted in [arn, &server.url("")] {
            let sink = sink(&destination(wanted), &clusters);
            assert_eq!(sink.deliver(&parcel(&[b"{}"])).await, Ok(Vec::new()));
        }
    }
    let sent: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.headers()["authorization"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(sent[..2], ["Basic dTpw", "Basic dTpw"]);
    for authorization in &sent[2..] {
        assert!(
            authorization.contains("Credential=AKID/20231114/eu-central-1/es/"),
            "{authorization}"
        );
    }
    let error = Search::new(&destination(arn), &[], outbound(), clock(), Arc::default())
        .map(|_| ())
        .unwrap_err();
    assert!(error.contains("domain_arn"), "{error}");
}

#[tokio::test]
async fn a_delivery_that_is_cut_forgets_no_refusal_and_sends_nothing_twice() {
    let cluster = Arc::new(Cluster::default());
    let server = StandIn::start_silent_at(1, move |request| cluster.answer(request)).await;
    let sink = sink(&destination(&server.url("")), &[]);
    let mut records = vec![&b"{\"a\":1}"[..]; 10_001];
    records[7] = b"{\"status\":409}";
    let parcel = parcel(&records);
    tokio::select! {
        done = sink.deliver(&parcel) => panic!("{done:?}"),
        () = server.until_count(2) => {}
    }
    let refused = sink.deliver(&parcel).await.unwrap();
    assert_eq!(refused.iter().map(|record| record.id.position).collect::<Vec<_>>(), [7]);
    let documents: Vec<usize> = server
        .requests()
        .iter()
        .map(|request| request.body().split(|byte| *byte == b'\n').count() / 2)
        .collect();
    assert_eq!(documents, [10_000, 1, 1]);
}

#[tokio::test]
async fn a_document_that_is_settled_stays_so_when_others_expire() {
    let cluster = Arc::new(Cluster::default());
    let server = cluster.clone().start().await;
    let records =
        [&b"{\"a\":1}"[..], b"{\"status\":429}", b"{\"a\":2}", b"{\"status\":409}", b"{\"a\":3}"];
    let whole = parcel(&records);
    let sink = sink(&destination(&server.url("")), &[]);
    sink.deliver(&whole).await.unwrap_err();
    let shorter = Parcel { records: whole.records[1..].to_vec(), ..whole };
    // The one that was busy is sent again, by its id and not by its place; the refusal is of the same record as before.
    let refused = sink.deliver(&shorter).await.unwrap();
    assert_eq!(refused.iter().map(|record| record.id.position).collect::<Vec<_>>(), [3]);
    let requests = server.requests();
    let again = std::str::from_utf8(requests[1].body()).unwrap();
    assert_eq!(requests.len(), 2);
    assert!(again.ends_with("{\"status\":429}\n") && again.lines().count() == 2, "{again}");
}
