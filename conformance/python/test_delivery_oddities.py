"""Deliveries at the edges: keys that paths would mistake, names used twice, a destination or a configuration that
changes under what waits.
"""

import base64
import functools
import json
import pathlib
import tempfile
import time
import urllib.request
import uuid

import pytest
from conftest import Server, insist, running, until
from delivery import ROLE, bodies, documents, flush, keys, logs, make, processing, put
from receivers import FunctionStandIn, reply_to
from stand_ins import HttpStandIn, StorageStandIn

FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
ERRORS = {"ErrorOutputPrefix": "bad/!{firehose:error-output-type}/"}
DESTINATION = "destinationId-000000000001"


@pytest.fixture(scope="module")
def storage():
    with StorageStandIn() as storage:
        yield storage


@pytest.fixture(scope="module")
def server(storage):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(f'[[destinations.s3.endpoint]]\nbuckets = ["away-*"]\nurl = "{storage.url}"\n')
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            yield server


def partitioned(prefix):
    query = {"MetadataExtractionQuery": "{k: .k}", "JsonParsingEngine": "JQ-1.6"}
    return {
        "Prefix": prefix,
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": processing(("MetadataExtraction", query)),
        **ERRORS,
    }


VALUES = {
    "..": "..", "../other": "../other", "./x": "./x", "a//b": "a//b", "/abs": "/abs", "%2e%2E": "%2e%2E",
    "a?b#c d+e&f": "a?b#c d+e&f", "back\\slash": "back\\slash", "tab\tand\nline": "tab\tand\nline", " ": " ",
    "é\N{GRINNING FACE}": "é\N{GRINNING FACE}", "null\0byte": "null\0byte", "7": 7, "1.5": 1.5, "true": True,
}


def folders(found, flow):
    return {key.partition(f"/{flow}-1-")[0]: json.loads(body)["k"] for key, body in found.items()}


def test_values_of_partitions_are_texts_in_keys_and_never_paths(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket, **partitioned("!{partitionKeyFromQuery:k}/"))
    put(firehose, flow, [json.dumps({"k": value}) for value in VALUES.values()])
    flush(server, flow)
    assert folders(bodies(s3, bucket), flow) == VALUES
    # Nothing of it lies beside the store.
    assert {entry.name for entry in server.home.iterdir()} == {"data", "log.txt"}


def test_values_of_partitions_reach_another_store_as_they_are(server, storage, firehose, flow):
    away = f"away-{uuid.uuid4().hex[:12]}"
    make(firehose, flow, away, **partitioned("in/!{partitionKeyFromQuery:k}/"))
    values = {text: value for text, value in VALUES.items() if "?" not in text and text.isprintable()}
    put(firehose, flow, [json.dumps({"k": value}) for value in values.values()])
    flush(server, flow)
    assert storage.faults == []
    found = {key: body for key, body in storage.objects.items() if key.startswith(f"{away}/")}
    assert len(found) == len(values) and all(key.startswith(f"{away}/in/") for key in found)


@pytest.mark.parametrize("value", [None, "", [1], {"a": 1}, "x" * 600])
def test_a_value_that_names_no_partition_is_told_in_the_errors(server, firehose, s3, bucket, flow, value):
    make(firehose, flow, bucket, **partitioned("!{partitionKeyFromQuery:k}/"))
    record = json.dumps({"k": value})
    put(firehose, flow, [record])
    flush(server, flow)
    (document,) = documents(s3, bucket, "bad/processing-failed/")
    assert document["errorCode"].startswith("DynamicPartitioning.") and document["errorMessage"]
    assert base64.b64decode(document["rawData"]).decode() == record
    assert len(keys(s3, bucket)) == 1


def test_the_partitions_beyond_five_hundred_are_told_in_the_errors(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket, **partitioned("in/!{partitionKeyFromQuery:k}/"))
    records = [json.dumps({"k": n % 600, "n": n}) + "\n" for n in range(1800)]
    put(firehose, flow, list(records))
    flush(server, flow)
    found = bodies(s3, bucket, "in/")
    failed = documents(s3, bucket, "bad/processing-failed/")
    assert len({key.split("/")[1] for key in found}) == 500
    assert {document["errorCode"] for document in failed} == {"DynamicPartitioning.ActivePartitionsLimitExceeded"}
    lines = [line.decode() for body in found.values() for line in body.splitlines(keepends=True)]
    lines += [base64.b64decode(document["rawData"]).decode() for document in failed]
    assert sorted(lines) == sorted(records)
    # What was delivered is active no more.
    put(firehose, flow, [json.dumps({"k": f"new-{n}"}) for n in range(500)])
    flush(server, flow)
    assert len(keys(s3, bucket, "in/new-")) == 500
    assert len(documents(s3, bucket, "bad/processing-failed/")) == len(failed)


def metric(server, name, flow):
    with urllib.request.urlopen(f"{server.endpoint}/metrics", timeout=60) as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name}{{") and f'"{flow}"' in line)


def clock(server, verb, body=None):
    url = f"{server.endpoint}/dev/clock/{verb}"
    request = urllib.request.Request(url, json.dumps(body or {}).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


def test_what_no_bucket_took_for_a_day_is_lost_and_counted(flow):
    with running("--limits", "off") as server:
        clock(server, "hold")
        firehose, s3 = server.client("firehose"), server.client("s3")
        options = {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
        hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
        make(firehose, flow, "absent-one", CloudWatchLoggingOptions=options, BufferingHints=hints)
        put(firehose, flow, ["lost"] * 3)
        until(lambda: logs(server, flow), "nobody is told")
        clock(server, "advance", {"by_ms": 23 * 3_600_000})
        assert metric(server, "millstream_firehose_lost_records_total", flow) == 0
        clock(server, "advance", {"by_ms": 3_600_001})
        until(lambda: metric(server, "millstream_firehose_lost_records_total", flow) == 3, "they are not given up")
        s3.create_bucket(Bucket="absent-one")
        put(firehose, flow, ["kept"])
        flush(server, flow)
        assert b"".join(bodies(s3, "absent-one").values()) == b"kept"


def test_a_name_that_is_used_again_gets_nothing_of_what_was_there(server, firehose, s3, bucket, flow):
    for generation in range(5):
        again = functools.partial(make, firehose, flow, bucket, Prefix=f"{generation}/")
        insist(again, firehose.exceptions.ResourceInUseException, "the name is not free")
        put(firehose, flow, [f"generation {generation}"])
        if generation < 4:
            firehose.delete_delivery_stream(DeliveryStreamName=flow)
    flush(server, flow)
    assert list(bodies(s3, bucket).values()) == [b"generation 4"]
    assert keys(s3, bucket)[0].startswith("4/")


def test_what_waits_while_the_kind_of_destination_changes_arrives_once(server, firehose, s3, bucket, flow):
    with HttpStandIn() as receiver:
        make(firehose, flow, bucket, Prefix="objects/")
        put(firehose, flow, ["before"])
        firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId="1",
            DestinationId=DESTINATION,
            HttpEndpointDestinationUpdate={
                "EndpointConfiguration": {"Url": receiver.url},
                "S3Update": {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "Prefix": "http/"},
            },
        )
        put(firehose, flow, ["after"])
        flush(server, flow)
        arrived = [record for _, records, _, _ in receiver.requests for record in records]
        arrived += [body for body in bodies(s3, bucket).values()]
        assert sorted(arrived) == [b"after", b"before"]


def test_empty_records_do_not_stop_what_comes_after(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket)
    put(firehose, flow, ["", ""])
    flush(server, flow)
    put(firehose, flow, ["", "one", ""])
    flush(server, flow)
    assert b"".join(bodies(s3, bucket).values()) == b"one"


def test_a_bucket_that_vanishes_gets_all_that_waits_once_it_is_back(server, firehose, s3, bucket, flow):
    options = {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
    make(firehose, flow, bucket, CloudWatchLoggingOptions=options, BufferingHints=hints)
    s3.delete_bucket(Bucket=bucket)
    records = [f"{n:04}" for n in range(200)]
    for at in range(0, 200, 50):
        put(firehose, flow, records[at:at + 50])
    deadline = time.monotonic() + 60
    while not logs(server, flow):
        assert time.monotonic() < deadline, "nobody is told"
    assert "S3" in json.loads(logs(server, flow)[0]["Message"])["errorCode"]
    s3.create_bucket(Bucket=bucket)
    flush(server, flow)
    found = b"".join(body for _, body in sorted(bodies(s3, bucket).items()))
    assert sorted(found[at:at + 4].decode() for at in range(0, len(found), 4)) == records


def test_records_outlive_a_configuration_that_forgot_their_function():
    with FunctionStandIn(lambda event: reply_to(event, lambda data: ("Ok", data.upper()))) as function:
        with tempfile.TemporaryDirectory(prefix="millstream-") as home:
            config = pathlib.Path(home) / "millstream.toml"
            whole = f'[destinations.functions]\nclean = "{function.url}/clean"\n'
            config.write_text(whole)
            server = Server(home, "--limits", "off", "--config", str(config))
            try:
                firehose = server.client("firehose")
                server.client("s3").create_bucket(Bucket="kept")
                steps = processing(("Lambda", {"LambdaArn": FUNCTION, "NumberOfRetries": "300"}))
                make(firehose, "flow", "kept", ProcessingConfiguration=steps, **ERRORS)
                put(firehose, "flow", ["before;"])
                server.kill()
                config.write_text("")
                server.start()
                put_when_it_can(server, "flow", "between;")
                server.kill()
                config.write_text(whole)
                server.start()
                put_when_it_can(server, "flow", "after;")
                flush(server, "flow")
                found = b"".join(bodies(server.client("s3"), "kept").values())
                assert sorted(found.split(b";")) == [b"", b"AFTER", b"BEFORE", b"BETWEEN"]
            finally:
                if server.process.poll() is None:
                    server.kill()


def put_when_it_can(server, flow, record):
    """Right after a start a delivery stream may not take records yet."""
    firehose = server.client("firehose")
    unavailable = firehose.exceptions.ServiceUnavailableException
    return insist(lambda: put(firehose, flow, [record]), unavailable, "it takes no records", 30)
