"""Encryption at rest of delivery streams: what `fsck` says of it, and what is kept of encrypted sources."""

import json
import subprocess
import urllib.request

from conftest import BINARY, REGION, make_stream, until, wait_active
from delivery import documents, flush, make, put
from test_channels import advance
from test_delivery_encryption import CANARY, lines, partitioned, readable, s3, server, start  # noqa: F401


def checked(server, *arguments, code=0):
    """What fsck says of encrypted blocks once the server is down: a line for each log and key."""
    assert server.stop() == 0
    command = [BINARY, "fsck", str(server.data), *arguments]
    fsck = subprocess.run(command, capture_output=True, text=True, check=False)
    assert fsck.returncode == code, fsck.stdout + fsck.stderr
    return [line for line in fsck.stdout.splitlines() if "blocks encrypted" in line]


def make_source(server, name):
    """A stream that is encrypted; its ARN."""
    kinesis = server.client()
    make_stream(kinesis, name, 1)
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    wait_active(kinesis, name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def wait_gone(kinesis, stream):
    until(lambda: stream not in kinesis.list_streams()["StreamNames"], f"{stream} is not gone", 30)


def put_documents(server, stream, count):
    for number in range(count):
        data = json.dumps({"n": number, "text": CANARY}).encode()
        server.client().put_record(StreamName=stream, Data=data, PartitionKey="k")


def test_the_directory_can_be_checked_offline(server, firehose, s3):
    make(firehose, "flow", "bucket")
    start(firehose, "flow")
    put(firehose, "flow", lines(0, 10))
    (line,) = checked(server)
    assert f"delivery stream flow of 000000000000 in {REGION}, intake, data key 1" in line, line
    assert line.endswith("1 blocks encrypted, all authentic"), line


def test_without_the_master_key_nothing_is_said_to_be_authentic(server, firehose, s3):
    make(firehose, "flow", "bucket")
    start(firehose, "flow")
    put(firehose, "flow", lines(0, 10))
    missing = str(server.data / "no-such-key")
    (line,) = checked(server, "--master-key-file", missing, code=1)
    assert "not checked" in line and missing in line, line


def test_what_is_kept_of_an_encrypted_source_is_checked_with_the_sources_keys(server, firehose, s3):
    arn = make_source(server, "source")
    make(firehose, "flow", "missing", source=arn, **partitioned())
    put_documents(server, "source", 5)
    # What the worker made of them is sealed in the processed log, and stays there: its bucket is missing.
    processed(server, 5)
    found = checked(server)
    assert [line.split(",")[0] for line in found] == [
        f"stream source of 000000000000 in {REGION}", f"delivery stream flow of 000000000000 in {REGION}",
    ], found
    assert all("(alias/aws/kinesis)" in line and line.endswith("all authentic") for line in found), found
    assert "processed log" in found[1], found


def test_what_is_kept_of_a_source_that_is_gone_is_named(server, firehose, s3):
    arn = make_source(server, "source")
    make(firehose, "flow", "missing", source=arn, **partitioned())
    put_documents(server, "source", 5)
    processed(server, 5)
    server.client().delete_stream(StreamName="source")
    wait_gone(server.client(), "source")
    (line,) = checked(server)
    assert "delivery stream flow" in line and "processed log" in line, line
    assert "not checked" in line and "gone" in line, line


def processed(server, count):
    series = 'millstream_firehose_processed_records_total{delivery_stream="flow"'

    def are():
        advance(server, 900)
        text = urllib.request.urlopen(f"{server.endpoint}/metrics").read().decode()
        found = [line for line in text.splitlines() if line.startswith(series)]
        return found and int(float(found[0].split()[-1])) >= count

    until(are, f"{count} records are not processed", 30)


def test_records_of_an_encrypted_source_stay_encrypted(server, firehose, s3):
    kinesis = server.client()
    make_stream(kinesis, "source", 1)
    kinesis.start_stream_encryption(StreamName="source", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    wait_active(kinesis, "source")
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    make(firehose, "flow", "bucket", source=arn, **partitioned())
    for number in range(30):
        data = json.dumps({"n": number, "text": CANARY}).encode()
        kinesis.put_record(StreamName="source", Data=data, PartitionKey="k")
    kinesis.put_record(StreamName="source", Data=f"{CANARY} is not JSON".encode(), PartitionKey="k")
    assert readable(server) == []
    flush(server, "flow")
    assert sorted(document["n"] for document in documents(s3, "bucket", "data/")) == list(range(30))
    assert readable(server) == []
