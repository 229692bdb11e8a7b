"""What developers ask of a mock: declared streams, reset, clock, faults, with boto3 as it is."""

import json
import urllib.request

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from conftest import drain, failure, iterator, make_stream, running

SHARD = "shardId-000000000000"


@pytest.fixture(scope="module")
def server():
    """Open, with a stream that the variable declares."""
    with running("--limits", "off", environment={"MILLSTREAM_STREAMS": "declared:2"}) as server:
        yield server


@pytest.fixture
def dev(server):
    """Calls the control API; everything is reset afterwards."""

    def call(method, path, **body):
        data = json.dumps(body).encode()
        request = urllib.request.Request(f"{server.endpoint}/dev/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    yield call
    call("POST", "reset")


def put(kinesis, name, data=b"x"):
    return kinesis.put_record(StreamName=name, Data=data, PartitionKey="k")


def test_declared_streams_are_active_when_the_server_is_ready(server):
    kinesis = server.client(region="us-east-1")
    summary = kinesis.describe_stream_summary(StreamName="declared")["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2)


def test_a_deleted_stream_can_be_made_again_at_once(kinesis, name):
    make_stream(kinesis, name, 1)
    last = int(put(kinesis, name)["SequenceNumber"])
    for _ in range(5):
        kinesis.delete_stream(StreamName=name)
        make_stream(kinesis, name, 1)
        number = int(put(kinesis, name)["SequenceNumber"])
        assert number > last
        last = number


def test_a_reset_leaves_what_is_declared(server, dev, kinesis, name):
    make_stream(kinesis, name, 2)
    reply = dev("POST", "reset")
    assert reply["declared"] == 1 and reply["deleted"] >= 2
    assert kinesis.list_streams()["StreamNames"] == []
    there = server.client(region="us-east-1")
    assert there.list_streams()["StreamNames"] == ["declared"]


def test_iterators_and_retention_follow_the_clock(dev, kinesis, stream):
    dev("POST", "clock/hold")
    put(kinesis, stream, b"old")
    at = iterator(kinesis, stream, SHARD)
    dev("POST", "clock/advance", by_ms=300_001)
    code, _ = failure(kinesis.get_records, ShardIterator=at)
    assert code == "ExpiredIteratorException"
    dev("POST", "clock/advance", by_ms=24 * 3_600_000)
    put(kinesis, stream, b"new")
    records, _ = drain(kinesis, stream, SHARD)
    assert [record["Data"] for record in records] == [b"new"]
    now = dev("GET", "clock")["now_ms"] / 1000
    assert records[0]["ApproximateArrivalTimestamp"].timestamp() == pytest.approx(now, abs=0.001)


def test_boto3_retries_what_is_throttled(server, dev, stream):
    dev("POST", "faults", operation="PutRecord", stream=stream, times=2, throttle=True)
    reply = put(server.client(retries=4), stream)
    assert reply["ResponseMetadata"]["RetryAttempts"] == 2
    (rule,) = dev("GET", "faults")["faults"]
    assert (rule["seen"], rule["hits"]) == (3, 2)


def test_boto3_sees_the_errors_that_it_does_not_retry(dev, kinesis, stream):
    dev("POST", "faults", operation="PutRecord", times=1, throttle=True)
    dev("POST", "faults", operation="ListShards", times=1, error=500)
    code, _ = failure(put, kinesis=kinesis, name=stream)
    assert code == "ProvisionedThroughputExceededException"
    with pytest.raises(ClientError) as caught:
        kinesis.list_shards(StreamName=stream)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    put(kinesis, stream)


@pytest.mark.parametrize("cut, copies", [("before", 1), ("after", 2)])
def test_boto3_retries_over_a_cut_connection(server, dev, kinesis, stream, cut, copies):
    """A put whose reply is lost is there already: the retry puts it a second time."""
    dev("POST", "faults", operation="PutRecord", times=1, cut=cut)
    put(server.client(retries=3), stream)
    records, _ = drain(kinesis, stream, SHARD)
    assert len(records) == copies


def test_half_a_reply_is_nothing_that_boto3_notices(dev, kinesis, stream):
    """botocore 1.44.5 does not compare what came with Content-Length: the members are just not there."""
    dev("POST", "faults", operation="PutRecord", times=1, cut="during")
    reply = put(kinesis, stream)
    assert "SequenceNumber" not in reply and reply["ResponseMetadata"]["RetryAttempts"] == 0
    assert len(drain(kinesis, stream, SHARD)[0]) == 1


def test_boto3_without_retries_sees_the_cut(dev, kinesis, stream):
    dev("POST", "faults", operation="PutRecord", times=1, cut="before")
    with pytest.raises(ConnectionClosedError):
        put(kinesis, stream)


def test_single_records_fail(dev, kinesis, stream):
    dev("POST", "faults", operation="PutRecords", stream=stream, every=2, record_error="throttle")
    records = [{"Data": str(n).encode(), "PartitionKey": "k"} for n in range(6)]
    reply = kinesis.put_records(StreamName=stream, Records=records)
    assert reply["FailedRecordCount"] == 3
    codes = [entry.get("ErrorCode") for entry in reply["Records"]]
    assert codes == [None, "ProvisionedThroughputExceededException"] * 3
    put_there, _ = drain(kinesis, stream, SHARD)
    assert [record["Data"] for record in put_there] == [b"0", b"2", b"4"]
