//! A disk that is full: what is refused, what goes on, and what is said of it.

use millstream_testkit::Server;

use crate::{SHARD, create, read, server};

#[test]
fn a_full_store_refuses_writes_and_goes_on_reading() {
    let limit = (96 * 1024 * 1024).to_string();
    let server: Server =
        server().ephemeral().argument("--ephemeral-limit").argument(&limit).start();
    create(&server, "s", 1);
    let data = "QUFB".repeat(250_000);
    let mut taken = 0;
    let refused = loop {
        let input = serde_json::json!({ "StreamName": "s", "Data": data, "PartitionKey": "k" });
        let reply = server.call("PutRecord", &input);
        if reply.status != 200 {
            break reply;
        }
        taken += 1;
        assert!(taken < 1000, "the limit holds");
    };
    assert_eq!(refused.status, 500);
    let id = refused.http.header("x-amzn-requestid").expect("an id").to_owned();
    let told: Vec<_> =
        server.log().lines().filter(|l| l.contains(&id)).map(str::to_owned).collect();
    assert!(
        told.iter().any(|line| line.contains("ERROR") && line.contains("PutRecord")),
        "{told:?}"
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(refused.code(), "InternalFailureException");
    let message = refused.message();
    assert!(message.contains("the server's disk is full. Reads go on."), "{message}");
    let records = serde_json::json!([{ "Data": data, "PartitionKey": "k" }]);
    let input = serde_json::json!({ "StreamName": "s", "Records": records });
    let reply = server.must("PutRecords", input);
    assert_eq!(reply["Records"][0]["ErrorCode"], "InternalFailure");
    assert_eq!(reply["Records"][0]["ErrorMessage"], "Internal Service Failure");
    // The change is told, once, whatever is refused after it.
    let changes = |level: &str, words: &str| {
        let log = server.log();
        log.lines().filter(|line| line.contains(level) && line.contains(words)).count()
    };
    assert_eq!(changes("WARN", "is nearly full: large puts are refused"), 1, "{}", server.log());
    let (status, page) = server.get("/readyz");
    assert_eq!(status, 503);
    assert!(page.contains("is nearly full: large puts are refused"), "{page}");
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(read(&server, "s", SHARD).len(), taken);
    server.must("DeleteStream", serde_json::json!({ "StreamName": "s" }));
    while server.get("/readyz").0 != 200 {}
    assert_eq!(changes("INFO", "there is room for writes again"), 1, "{}", server.log());
    assert_eq!(changes("WARN", "is nearly full"), 1, "{}", server.log());
}
