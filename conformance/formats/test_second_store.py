"""Buckets elsewhere: delivery to moto's S3, which AWS's own client reads."""

import json
import pathlib
import re
import tempfile
import time
import uuid

import boto3
import pytest
from conftest import running
from delivery import bodies, documents, flush, keys, logs, make, processing, put
from moto.server import ThreadedMotoServer

KEY, SECRET = "AKIDELSEWHERE", "elsewhere"


@pytest.fixture(scope="module")
def store():
    """moto's server: its address."""
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture(scope="module")
def server(store):
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as home:
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[[destinations.s3.endpoint]]\nbuckets = ["away-*"]\nurl = "{store}"\nregion = "us-east-1"\n'
            f'access_key_id = "{KEY}"\nsecret_access_key = "{SECRET}"\n'
        )
        with running("--limits", "off", "--config", str(config)) as server:
            yield server


@pytest.fixture
def firehose(server):
    return server.client("firehose")


@pytest.fixture
def away(store):
    """AWS's own client of the other store."""
    return boto3.client(
        "s3", endpoint_url=store, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )


@pytest.fixture
def bucket(away):
    name = f"away-{uuid.uuid4().hex[:12]}"
    away.create_bucket(Bucket=name)
    return name


@pytest.fixture
def flow():
    return f"flow-{uuid.uuid4().hex[:12]}"


def lines(count):
    return [f"line {n} {'x' * (n % 80)}\n" for n in range(count)]


@pytest.mark.parametrize("compression", ["UNCOMPRESSED", "GZIP"])
def test_objects_arrive_in_the_other_store(server, firehose, away, bucket, flow, compression):
    make(firehose, flow, bucket, Prefix="logs/ä b+c/", CompressionFormat=compression)
    put(firehose, flow, lines(3000))
    flush(server, flow)
    ((key, body),) = bodies(away, bucket).items()
    assert re.fullmatch(rf"logs/ä b\+c/\d{{4}}/\d\d/\d\d/\d\d/{flow}-1-.*", key)
    assert body == "".join(lines(3000)).encode()
    head = away.head_object(Bucket=bucket, Key=key)
    assert head["ContentType"] == "application/octet-stream"
    assert head.get("ContentEncoding") == ("gzip" if compression == "GZIP" else None)


def test_a_large_object_arrives_whole(server, firehose, away, bucket, flow):
    make(firehose, flow, bucket, BufferingHints={"SizeInMBs": 32, "IntervalInSeconds": 900})
    records = [f"{n:07}{'y' * 500_000}\n" for n in range(48)]
    put(firehose, flow, records)
    flush(server, flow)
    assert b"".join(bodies(away, bucket).values()) == "".join(records).encode()


def test_partitions_errors_and_backup_arrive_there(server, firehose, away, bucket, flow):
    backup = {
        "RoleARN": "arn:aws:iam::000000000000:role/delivery",
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "Prefix": "backup/",
        "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
    }
    query = {"MetadataExtractionQuery": "{k: .k}", "JsonParsingEngine": "JQ-1.6"}
    make(
        firehose,
        flow,
        bucket,
        Prefix="k=!{partitionKeyFromQuery:k}/",
        ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processing(("MetadataExtraction", query), ("AppendDelimiterToRecord", {})),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    put(firehose, flow, [json.dumps({"k": n % 5, "n": n}) for n in range(100)] + ["no json"])
    flush(server, flow)
    for k in range(5):
        assert [found["n"] for found in documents(away, bucket, f"k={k}/")] == list(range(k, 100, 5))
    assert len(documents(away, bucket, "bad/processing-failed/")) == 1
    (copy,) = bodies(away, bucket, "backup/").values()
    assert copy.endswith(b"no json") and copy.count(b"{") == 100


def test_a_key_of_kms_is_sent_on(server, firehose, away, bucket, flow):
    key = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555"
    make(firehose, flow, bucket, EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": key}})
    put(firehose, flow, ["abc"])
    flush(server, flow)
    (name,) = keys(away, bucket)
    head = away.head_object(Bucket=bucket, Key=name)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_bucket_that_is_made_later_gets_what_was_put(server, firehose, away, flow):
    bucket = f"away-{uuid.uuid4().hex[:12]}"
    options = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
    make(firehose, flow, bucket, BufferingHints=hints, CloudWatchLoggingOptions=options)
    put(firehose, flow, ["waiting\n"])
    deadline = time.monotonic() + 60
    while not logs(server, flow):
        assert time.monotonic() < deadline, "the failure is not logged"
    assert json.loads(logs(server, flow)[0]["Message"])["errorCode"] == "S3.NoSuchBucket"
    away.create_bucket(Bucket=bucket)
    flush(server, flow)
    assert list(bodies(away, bucket).values()) == [b"waiting\n"]
