"""Channels: dead letters as they were put, and streams that grow."""

import base64
import json

import pytest
from conftest import running, shards_of, until, wait_active
from test_channels import FRESHNESS, advance, arrived, make_channel, make_source, numbers, objects, put, source


@pytest.mark.parametrize(
    ("record_format", "good", "bad"),
    [
        ("JSON", [b'{"a":1}', b"[1, 2]", b'"text"', b"7", b"null"], [b"no json", b'{"a":1', b"{} {}", b"\xff\xfe", b""]),
        ("STRING", ["ü".encode(), b"plain"], [b"\xff\xfe", "ü".encode()[:1]]),
    ],
)
def test_bad_records_become_dead_letters(server, kinesis, s3, bucket, source, record_format, good, bad):
    bad = [record for record in bad if record]
    channel = make_channel(kinesis, source, bucket, record_format, "GZIP")
    put(kinesis, source, good + bad)
    advance(server, FRESHNESS)
    prefix = f"kinesis-channel-errors/{channel['ChannelName']}/{channel['ChannelId']}/"

    def letters():
        found = objects(s3, bucket, prefix, "GZIP").values()
        return [json.loads(line) for body in found for line in body.splitlines()]

    until(lambda: len(letters()) >= len(bad) or advance(server, FRESHNESS))
    assert sorted(base64.b64decode(letter["rawData"]) for letter in letters()) == sorted(bad)
    code = {"JSON": "DataFormat.InvalidJson", "STRING": "DataFormat.InvalidUtf8"}[record_format]
    assert {letter["errorCode"] for letter in letters()} == {code}
    delivered = objects(s3, bucket, "kinesis-channel/", "GZIP").values()
    assert sorted(line for body in delivered for line in body.splitlines()) == sorted(good)


def test_a_channel_follows_a_stream_that_grows():
    with running("--limits", "off") as server:
        kinesis, s3 = server.client(), server.client("s3")
        kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
        s3.create_bucket(Bucket="bucket")
        make_source(kinesis, "source", WarmThroughputMiBps=4)
        make_channel(kinesis, "source", "bucket")
        put(kinesis, "source", numbers(0, 500))
        before = len(shards_of(kinesis, "source"))
        kinesis.update_stream_warm_throughput(StreamName="source", WarmThroughputMiBps=16)
        put(kinesis, "source", numbers(500, 1000))
        wait_active(kinesis, "source")
        assert len(shards_of(kinesis, "source")) > before
        put(kinesis, "source", numbers(1000, 1500))
        advance(server, FRESHNESS)
        arrived(s3, "bucket", numbers(0, 1500))
