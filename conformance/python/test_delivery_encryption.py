"""Encryption at rest of what delivery streams hold: no file has a record in the clear, and all of it is delivered."""

import base64
import json
import pathlib
import tempfile
import time

import pytest
from conftest import REGION, failure, holding, make_stream, running, until
from delivery import ROLE, bodies, documents, flush, make, put
from delivery import wait_active as wait_delivering

CANARY = "canary-plaintext-5d20e8"
OWNED = {"KeyType": "AWS_OWNED_CMK"}
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
OWN = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": f"arn:aws:kms:{REGION}:000000000000:key/{KEY}"}
DECLARED = f'[[kms.keys]]\nid = "{KEY}"\n'


@pytest.fixture
def server():
    """One for each test: its whole directory is searched."""
    with running("--limits", "off") as server:
        yield server


@pytest.fixture
def s3(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    return s3


def status(firehose, name):
    description = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    return description["DeliveryStreamEncryptionConfiguration"]["Status"]


def until_status(firehose, name, expected):
    until(lambda: status(firehose, name) == expected, lambda: status(firehose, name), 30)


def start(firehose, name, key=None):
    firehose.start_delivery_stream_encryption(
        DeliveryStreamName=name, DeliveryStreamEncryptionConfigurationInput=key or OWNED
    )
    until_status(firehose, name, "ENABLED")


def stop(firehose, name):
    firehose.stop_delivery_stream_encryption(DeliveryStreamName=name)
    until_status(firehose, name, "DISABLED")


def readable(server, text=CANARY):
    """The files that hold the text, as it is or in base64; the buckets' objects are the delivered records."""
    found = [path.relative_to(server.data) for path in holding(server.data, text)]
    return [path for path in found if "buckets" not in path.parts]


def lines(first, last):
    return [f"{CANARY} {number}\n" for number in range(first, last)]


def partitioned(**more):
    """What sends every record through the worker and its log: partitions by a query."""
    query = {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{part:(.n % 3)}"}
    engine = {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"}
    processors = [
        {"Type": "MetadataExtraction", "Parameters": [query, engine]},
        {"Type": "AppendDelimiterToRecord", "Parameters": []},
    ]
    return {
        "Prefix": "data/!{partitionKeyFromQuery:part}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {"Enabled": True, "Processors": processors},
        **more,
    }


def test_what_is_put_in_the_clear_can_be_seen(server, firehose, s3):
    make(firehose, "flow", "bucket")
    put(firehose, "flow", lines(0, 10))
    assert readable(server), "the search finds nothing at all"


def test_no_record_can_be_read_on_the_disk(server, firehose, s3):
    make(firehose, "flow", "bucket")
    start(firehose, "flow")
    put(firehose, "flow", lines(0, 500))
    assert readable(server) == []
    flush(server, "flow")
    assert readable(server) == []
    assert b"".join(bodies(s3, "bucket").values()) == "".join(lines(0, 500)).encode()


def test_a_stream_is_encrypted_from_its_first_record_if_it_was_made_so(server, firehose, s3):
    firehose.create_delivery_stream(
        DeliveryStreamName="flow",
        DeliveryStreamEncryptionConfigurationInput=OWNED,
        ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket"},
    )
    wait_delivering(firehose, "flow")
    until_status(firehose, "flow", "ENABLED")
    reply = firehose.put_record(DeliveryStreamName="flow", Record={"Data": lines(0, 1)[0]})
    assert reply["Encrypted"] is True
    reply = firehose.put_record_batch(DeliveryStreamName="flow", Records=[{"Data": lines(1, 2)[0]}])
    assert reply["Encrypted"] is True
    assert readable(server) == []
    flush(server, "flow")
    assert b"".join(bodies(s3, "bucket").values()) == "".join(lines(0, 2)).encode()


def test_partitions_and_errors_are_encrypted_too(server, firehose, s3):
    make(firehose, "flow", "bucket", **partitioned())
    start(firehose, "flow")
    records = [json.dumps({"n": number, "text": CANARY}) for number in range(300)]
    put(firehose, "flow", [*records, f"{CANARY} is not JSON"])
    flush(server, "flow")
    assert readable(server) == []
    assert sorted(document["n"] for document in documents(s3, "bucket", "data/")) == list(range(300))
    (error,) = documents(s3, "bucket", "errors/processing-failed/")
    assert base64.b64decode(error["rawData"]).decode() == f"{CANARY} is not JSON"


def test_what_waits_for_its_bucket_is_encrypted_over_a_death(server, firehose):
    make(firehose, "flow", "absent", **partitioned())
    start(firehose, "flow")
    put(firehose, "flow", [json.dumps({"n": number, "text": CANARY}) for number in range(100)])
    put(firehose, "flow", [f"{CANARY} is not JSON"])
    server.restart()
    firehose, s3 = server.client("firehose"), server.client("s3")
    wait_delivering(firehose, "flow")
    assert status(firehose, "flow") == "ENABLED"
    assert readable(server) == []
    s3.create_bucket(Bucket="absent")
    flush(server, "flow")
    assert readable(server) == []
    assert sorted(document["n"] for document in documents(s3, "absent", "data/")) == list(range(100))
    assert len(documents(s3, "absent", "errors/")) == 1


def test_records_from_before_during_and_after_arrive_in_order(server, firehose, s3):
    make(firehose, "flow", "bucket")
    put(firehose, "flow", ["before\n"])
    start(firehose, "flow")
    put(firehose, "flow", lines(0, 100))
    assert readable(server) == []
    stop(firehose, "flow")
    put(firehose, "flow", ["after-the-end\n"])
    assert readable(server) == [] and readable(server, "after-the-end")
    start(firehose, "flow")
    put(firehose, "flow", lines(100, 200))
    server.restart()
    wait_delivering(server.client("firehose"), "flow")
    flush(server, "flow")
    expected = ["before\n", *lines(0, 100), "after-the-end\n", *lines(100, 200)]
    assert b"".join(bodies(server.client("s3"), "bucket").values()) == "".join(expected).encode()
    assert readable(server) == []


def test_the_switches_refuse_what_is_not_possible(server, firehose, s3):
    kinesis = server.client()
    make_stream(kinesis, "source", 1)
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    make(firehose, "reading", "bucket", source=arn)
    for call in (firehose.start_delivery_stream_encryption, firehose.stop_delivery_stream_encryption):
        assert failure(call, DeliveryStreamName="absent")[0] == "ResourceNotFoundException"
        code, message = failure(call, DeliveryStreamName="reading")
        assert code == "InvalidArgumentException", message
    make(firehose, "flow", "bucket")
    odd = {"KeyType": "CUSTOMER_MANAGED_CMK"}
    code, message = failure(
        firehose.start_delivery_stream_encryption,
        DeliveryStreamName="flow",
        DeliveryStreamEncryptionConfigurationInput=odd,
    )
    assert code == "InvalidArgumentException" and "KeyARN" in message
    odd = {"KeyType": "AWS_OWNED_CMK", "KeyARN": "arn:aws:kms:eu-central-1:000000000000:key/k"}
    code, message = failure(
        firehose.start_delivery_stream_encryption,
        DeliveryStreamName="flow",
        DeliveryStreamEncryptionConfigurationInput=odd,
    )
    assert code == "InvalidArgumentException" and "KeyARN" in message


@pytest.fixture
def keyed():
    """A server that knows a key, and what writes its configuration for the next start."""
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place) / "kms.toml"
        path.write_text(DECLARED)
        with running("--limits", "off", "--config", str(path)) as server:
            yield server, path.write_text


def test_a_key_of_ones_own_is_shown_and_changed(keyed):
    server, _ = keyed
    firehose, s3 = server.client("firehose"), server.client("s3")
    s3.create_bucket(Bucket="bucket")
    make(firehose, "flow", "bucket")

    def shown():
        description = firehose.describe_delivery_stream(DeliveryStreamName="flow")["DeliveryStreamDescription"]
        return description["DeliveryStreamEncryptionConfiguration"]

    start(firehose, "flow", OWN)
    assert shown() == {**OWN, "Status": "ENABLED"}
    put(firehose, "flow", lines(0, 10))
    start(firehose, "flow")
    assert shown() == {**OWNED, "Status": "ENABLED"}
    put(firehose, "flow", lines(10, 20))
    start(firehose, "flow", OWN)
    put(firehose, "flow", lines(20, 30))
    assert readable(server) == []
    server.restart()
    firehose = server.client("firehose")
    wait_delivering(firehose, "flow")
    assert shown() == {**OWN, "Status": "ENABLED"}
    flush(server, "flow")
    assert b"".join(bodies(server.client("s3"), "bucket").values()) == "".join(lines(0, 30)).encode()


@pytest.mark.parametrize("state", ["enabled = false", "pending_deletion = true", "denied = true"])
def test_records_wait_while_their_key_cannot_be_used(keyed, state):
    server, write = keyed
    firehose, s3 = server.client("firehose"), server.client("s3")
    s3.create_bucket(Bucket="bucket")
    make(firehose, "flow", "bucket")
    start(firehose, "flow", OWN)
    put(firehose, "flow", lines(0, 10))
    write(f"{DECLARED}{state}\n")
    server.restart()
    firehose = server.client("firehose")
    wait_delivering(firehose, "flow")
    codes = set()
    deadline = time.monotonic() + 30
    while "InvalidKMSResourceException" not in codes:
        code, message = failure(firehose.put_record, DeliveryStreamName="flow", Record={"Data": b"x"})
        # Right after a start a delivery stream may not take records yet.
        assert code in ("InvalidKMSResourceException", "ServiceUnavailableException"), (code, message)
        assert time.monotonic() < deadline, message
        codes.add(code)
    write(DECLARED)
    server.restart()
    wait_delivering(server.client("firehose"), "flow")
    flush(server, "flow")
    assert b"".join(bodies(server.client("s3"), "bucket").values()) == "".join(lines(0, 10)).encode()
