"""What the tests of delivery streams share: making them, sealing what is buffered, reading objects back."""

import gzip
import json
import tempfile
import threading
import time
import urllib.error
import urllib.request

from botocore.exceptions import ClientError
from conftest import REGION, insist, kill_amid, running

ROLE = "arn:aws:iam::000000000000:role/delivery"
TARGET = "MillstreamFirehose_20261126"


def make(firehose, name, bucket, kind="ExtendedS3DestinationConfiguration", source=None, **destination):
    """A delivery stream on a bucket, active. Nothing is sealed by time unless the test says so."""
    destination = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
        **destination,
    }
    arguments = {"DeliveryStreamName": name, kind: destination}
    if source:
        arguments["DeliveryStreamType"] = "KinesisStreamAsSource"
        arguments["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": source, "RoleARN": ROLE}
    arn = firehose.create_delivery_stream(**arguments)["DeliveryStreamARN"]
    wait_active(firehose, name)
    return arn


def processing(*processors):
    """Processors from pairs of type and parameters."""
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": kind,
                "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()],
            }
            for kind, parameters in processors
        ],
    }


def wait_active(firehose, name):
    deadline = time.monotonic() + 30
    while True:
        description = unthrottled(firehose.describe_delivery_stream, DeliveryStreamName=name)
        description = description["DeliveryStreamDescription"]
        if description["DeliveryStreamStatus"] == "ACTIVE":
            return description
        assert description["DeliveryStreamStatus"] == "CREATING", description
        assert time.monotonic() < deadline, "the delivery stream does not become active"
        time.sleep(0.05)


def unthrottled(operation, **arguments):
    """What an operation answers, asked again for as long as its rate is exceeded, which waiting for something does."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return operation(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            assert time.monotonic() < deadline, "the rate stays exceeded"
            time.sleep(0.1)


def failed_call(server, operation, body):
    """Code and message of an operation of the server's own that must fail."""
    try:
        call(server, operation, body)
    except AssertionError as error:
        reply = json.loads(str(error)[str(error).index("{"):])
        return reply["__type"].split("#")[-1], reply["message"]
    raise AssertionError(f"{operation} did not fail")


def call(server, operation, body, timeout=120):
    """An operation of the server's own."""
    request = urllib.request.Request(
        server.endpoint,
        json.dumps(body).encode(),
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGET}.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/{REGION}/firehose/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20260101T000000Z",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return json.loads(reply.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{operation}: {error.code} {error.read().decode()}") from error


def flush(server, name):
    """Seals and delivers what is buffered, and returns when it has arrived."""
    return call(server, "FlushDeliveryStream", {"DeliveryStreamName": name})


def unflushed(server, name):
    """Why a flush fails; nothing if it does not."""
    try:
        flush(server, name)
    except AssertionError as error:
        return str(error)
    return None


def logs(server, name):
    return call(server, "GetDeliveryLogs", {"DeliveryStreamName": name})["Events"]


def put(firehose, name, records):
    """Puts records in batches; every one must be taken."""
    records = [record if isinstance(record, bytes) else record.encode() for record in records]
    while records:
        batch, size = [], 0
        while records and len(batch) < 500 and size + len(records[0]) <= 4 * 1024 * 1024:
            size += len(records[0])
            batch.append({"Data": records.pop(0)})
        reply = firehose.put_record_batch(DeliveryStreamName=name, Records=batch)
        assert reply["FailedPutCount"] == 0, reply


def keys(s3, bucket, prefix=""):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def bodies(s3, bucket, prefix=""):
    """Key -> what is in the object, unpacked where it is gzip."""
    found = {}
    for key in keys(s3, bucket, prefix):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        found[key] = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    return found


def documents(s3, bucket, prefix=""):
    """The JSON lines of all objects."""
    return [json.loads(line) for body in bodies(s3, bucket, prefix).values() for line in body.splitlines()]


def flush_when_it_can(server, name):
    """Right after a start a delivery stream may not be ready."""
    return insist(lambda: flush(server, name), AssertionError, "it is not flushed")


def kill_among(server, producers, reached, calls):
    """Starts producers, kills the server once so many of their calls were acknowledged, and ends them. What they had
    acknowledged, and all that may be there."""
    kill_amid(server, producers, reached, calls)
    acknowledged = set().union(*(producer.acknowledged for producer in producers))
    return acknowledged, set().union(*(producer.attempted for producer in producers))


def kill_again_and_again(server, rounds, calls, producers):
    """Kills the server among `producers(first, reached)` in each round: all that was acknowledged, and all that was
    tried."""
    acknowledged, attempted, first = set(), set(), 0
    for number in range(rounds):
        reached = threading.Semaphore(0)
        those = producers(first, reached)
        taken, tried = kill_among(server, those, reached, calls)
        acknowledged, attempted = acknowledged | taken, attempted | tried
        first = max(producer.next for producer in those)
        print(f"round {number}: {len(acknowledged)} acknowledged of {len(attempted)}")
        server.start()
    return acknowledged, attempted


def assert_once(found, acknowledged, attempted):
    """What was found, counted: every acknowledged record once, and none that nobody put."""
    assert not acknowledged - set(found), "an acknowledged record is missing"
    assert not set(found) - attempted, "a record that nobody put, or in another's object"
    assert all(count == 1 for count in found.values()), [v for v, count in found.items() if count > 1][:5]


def assert_failures_are_logged(config, records, **destination):
    """Records that processing fails are told in the delivery log, where CloudWatchLoggingOptions says."""
    logging = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}
    errors = {"ErrorOutputPrefix": "bad/!{firehose:error-output-type}/", "CloudWatchLoggingOptions": logging}
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(config)
        file.flush()
        with running("--limits", "off", "--config", file.name) as server:
            firehose, s3 = server.client("firehose"), server.client("s3")
            s3.create_bucket(Bucket="kept")
            make(firehose, "flow", "kept", **errors, **destination)
            put(firehose, "flow", records)
            flush(server, "flow")
            assert keys(s3, "kept", "bad/")
            assert {event["LogGroupName"] for event in logs(server, "flow")} == {"group"}
