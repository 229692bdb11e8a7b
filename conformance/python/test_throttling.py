"""`--limits aws`, the default: what a shard takes and gives, and how often the control plane may be asked."""

import pytest
from conftest import failure, iterator, make_stream, running
from botocore.exceptions import ClientError

SHARD = "shardId-000000000000"
THROTTLED = "ProvisionedThroughputExceededException"


@pytest.fixture(scope="module")
def server():
    with running() as server:
        yield server


def test_a_shard_takes_a_mebibyte_a_second(server, name):
    kinesis = server.client()
    make_stream(kinesis, name, 1)
    big = {"Data": b"x" * 500 * 1000, "PartitionKey": "k"}
    entries = kinesis.put_records(StreamName=name, Records=[big] * 10)
    assert 1 <= entries["FailedRecordCount"] <= 9
    failed = [entry for entry in entries["Records"] if "ErrorCode" in entry]
    assert len(failed) == entries["FailedRecordCount"]
    text = f"Rate exceeded for shard {SHARD} in stream {name} under account 000000000000."
    for entry in failed:
        assert (entry["ErrorCode"], entry["ErrorMessage"]) == (THROTTLED, text)
        assert "SequenceNumber" not in entry
    code, message = failure(kinesis.put_record, StreamName=name, Data=b"x" * 1000 * 1000, PartitionKey="k")
    assert (code, message) == (THROTTLED, text)


def test_a_shard_takes_a_thousand_records_a_second(server, name):
    kinesis = server.client()
    make_stream(kinesis, name, 1)
    small = [{"Data": b"x", "PartitionKey": "k"}] * 500
    failed = sum(kinesis.put_records(StreamName=name, Records=small)["FailedRecordCount"] for _ in range(6))
    assert failed > 0


def test_a_shard_is_read_five_times_a_second(server, name):
    kinesis = server.client()
    make_stream(kinesis, name, 1)
    at = iterator(kinesis, name, SHARD)
    seen = []
    for _ in range(30):
        try:
            kinesis.get_records(ShardIterator=at)
        except ClientError as error:
            seen.append((error.response["Error"]["Code"], error.response["Error"]["Message"]))
    assert seen and seen[0] == (THROTTLED, f"Rate exceeded for Shard - 000000000000/{name}/{SHARD}")


def test_the_control_plane_has_rates(server):
    kinesis = server.client(region="eu-west-3")
    codes = set()
    for _ in range(40):
        try:
            kinesis.describe_limits()
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
    assert codes == {"LimitExceededException"}


def test_boto3_gets_through_by_its_own_retries(server, name):
    patient = server.client(retries=10)
    make_stream(patient, name, 1)
    for n in range(12):
        at = iterator(patient, name, SHARD)
        patient.get_records(ShardIterator=at)
