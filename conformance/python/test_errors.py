"""Constraint violations and malformed bodies: AWS's codes and texts. botocore's own checks are off."""

import json

import httpx
import pytest
from conftest import failure, make_stream

SHARD = "shardId-000000000000"


@pytest.fixture
def loose(server):
    """A client that sends what the model forbids."""
    return server.client(config={"parameter_validation": False})


def violation(call, **arguments):
    code, message = failure(call, **arguments)
    assert code == "ValidationException", message
    return message


def test_each_constraint_has_its_text(loose):
    long = "s" * 129
    cases = [
        (loose.describe_stream, {"StreamName": ""},
         "2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must satisfy "
         "regular expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy constraint: Member "
         "must have length greater than or equal to 1"),
        (loose.describe_stream, {"StreamName": long},
         f"1 validation error detected: Value '{long}' at 'streamName' failed to satisfy constraint: Member must "
         "have length less than or equal to 128"),
        (loose.describe_stream, {"StreamName": "a b"},
         "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: Member must "
         "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
        (loose.create_stream, {"StreamName": "s", "ShardCount": 0},
         "1 validation error detected: Value '0' at 'shardCount' failed to satisfy constraint: Member must have "
         "value greater than or equal to 1"),
        (loose.create_stream, {"ShardCount": 1},
         "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must not be "
         "null"),
        (loose.list_shards, {"StreamName": "s", "MaxResults": 10001},
         "1 validation error detected: Value '10001' at 'maxResults' failed to satisfy constraint: Member must "
         "have value less than or equal to 10000"),
        (loose.put_record, {"StreamName": "s", "Data": b"x", "PartitionKey": ""},
         "1 validation error detected: Value '' at 'partitionKey' failed to satisfy constraint: Member must have "
         "length greater than or equal to 1"),
        (loose.put_record, {"StreamName": "s", "PartitionKey": "k"},
         "1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null"),
    ]
    for call, arguments, text in cases:
        assert violation(call, **arguments) == text


def test_an_enum_names_its_values(loose):
    message = violation(loose.get_shard_iterator, StreamName="s", ShardId=SHARD, ShardIteratorType="SOMEWHERE")
    opening = (
        "1 validation error detected: Value 'SOMEWHERE' at 'shardIteratorType' failed to satisfy constraint: Member "
        "must satisfy enum value set: ["
    )
    assert message.startswith(opening) and message.endswith("]")
    values = set(message.removeprefix(opening).removesuffix("]").split(", "))
    assert values == {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"}


def test_several_violations_are_counted_together(loose):
    message = violation(loose.put_records, StreamName="a b", Records=[
        {"Data": b"x", "PartitionKey": "k"}, {"Data": b"x", "PartitionKey": ""}, {"PartitionKey": "k"}])
    assert message.startswith("3 validation errors detected: ")
    parts = message.removeprefix("3 validation errors detected: ").split("; ")
    assert sorted(parts) == sorted([
        "Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9_.-]+",
        "Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: Member must have length greater "
        "than or equal to 1",
        "Value null at 'records.3.member.data' failed to satisfy constraint: Member must not be null",
    ])


def post(server, body, **headers):
    head = {
        "x-amz-target": "Kinesis_20131202.DescribeStream",
        "content-type": "application/x-amz-json-1.1",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return httpx.post(server.endpoint, content=body, headers={n: v for n, v in head.items() if v is not None})


def test_malformed_bodies_are_serialization_exceptions(server):
    for body in (
        b"[]", b"{", b"nul", b"\xef\xbb\xbf{}", b'{"StreamName":"s"}x', b'{"StreamName":5}',
        b'{"StreamName":"\\ud800"}', b'{"StreamName":"\xff"}', b'{"StreamName":{"a":1}}',
        b'{"Limit":NaN}', b'{"Limit":"1"}', b'{"Limit":1.5}', b'{"Limit":99999999999999999999}',
        b"[" * 100000, b'{"a":' * 10000,
    ):
        reply = post(server, body)
        assert reply.status_code == 400, body[:40]
        assert reply.json()["__type"].endswith("SerializationException"), (body[:40], reply.text)


def test_targets_and_types_that_are_not_known(server):
    for headers in (
        {"x_amz_target": None},
        {"x_amz_target": "Kinesis_20131202.Nothing"},
        {"x_amz_target": "Kinesis_20131202."},
        {"x_amz_target": "Kinesis_20991231.DescribeStream"},
        {"x_amz_target": "DescribeStream"},
        {"content_type": "text/plain"},
    ):
        reply = post(server, b"{}", **headers)
        assert reply.status_code in (400, 404), headers
        assert reply.json()["__type"].endswith("UnknownOperationException"), headers


def test_every_reply_carries_its_ids(server, kinesis, stream):
    ids = set()
    for _ in range(3):
        headers = kinesis.describe_stream(StreamName=stream)["ResponseMetadata"]["HTTPHeaders"]
        ids.add(headers["x-amzn-requestid"])
        assert len(headers["x-amz-id-2"]) == 96
    assert len(ids) == 3
    reply = post(server, b"{")
    assert reply.headers["x-amzn-requestid"] and reply.headers["content-type"] == "application/x-amz-json-1.1"


def test_members_that_the_model_does_not_know_are_ignored_and_counted(server, name):
    stream = make_stream(server.client(region="us-east-1"), name, 1)
    body = json.dumps({"StreamName": stream, "FutureMember": {"deep": [1, 2]}}).encode()
    assert post(server, body).status_code == 200
    metrics = httpx.get(f"{server.endpoint}/metrics").text
    counted = [line for line in metrics.splitlines() if "unknown_members" in line and not line.startswith("#")]
    assert counted and float(counted[0].split()[-1]) >= 1
    assert "FutureMember" in (server.home / "log.txt").read_text()


def test_the_largest_legal_body_is_taken_and_more_is_413(server):
    big = b'{"StreamName":"' + b"s" * (2 * 1024 * 1024) + b'"}'
    reply = post(server, big)
    assert reply.status_code == 413
    assert reply.json()["__type"].endswith("SerializationException")
    put = b'{"StreamName":"s","Records":[],"x":"' + b"s" * (2 * 1024 * 1024) + b'"}'
    reply = post(server, put, x_amz_target="Kinesis_20131202.PutRecords")
    assert reply.json()["__type"].endswith(("ValidationException", "ResourceNotFoundException"))


def test_health_readiness_and_metrics_are_pages(server):
    for page in ("/healthz", "/readyz"):
        assert httpx.get(server.endpoint + page).status_code == 200
    metrics = httpx.get(f"{server.endpoint}/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    names = [line.split()[2] for line in metrics.text.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names)) and len(names) > 10
    assert httpx.get(f"{server.endpoint}/nothing").status_code in (400, 404)
