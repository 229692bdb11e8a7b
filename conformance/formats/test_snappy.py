"""Both framings of Snappy, read by a library that is not ours."""

import uuid

import cramjam
import pytest
from delivery import flush, keys, make, put
from kit import bucket, catalog, firehose, s3, server

__all__ = ["bucket", "catalog", "firehose", "s3", "server"]

# snappy-java's header: its magic, its version and the least version that reads it.
HEADER = b"\x82SNAPPY\x00" + (1).to_bytes(4, "big") * 2


def number(body, at):
    return int.from_bytes(body[at : at + 4], "big"), at + 4


def raw(body, at, size):
    return bytes(cramjam.snappy.decompress_raw(body[at : at + size]))


def of_java(body):
    assert body.startswith(HEADER)
    at, found = len(HEADER), b""
    while at < len(body):
        size, at = number(body, at)
        found += raw(body, at, size)
        at += size
    return found


def of_hadoop(body):
    at, found = 0, b""
    while at < len(body):
        whole, at = number(body, at)
        block = b""
        while len(block) < whole:
            size, at = number(body, at)
            block += raw(body, at, size)
            at += size
        assert len(block) == whole
        found += block
    return found


@pytest.mark.parametrize(
    ("compression", "encoding", "unpack"),
    [("Snappy", "snappy-java", of_java), ("HADOOP_SNAPPY", "hadoop-snappy", of_hadoop)],
)
@pytest.mark.parametrize("count", [1, 20_000])
def test_snappy_holds_the_records(server, firehose, s3, bucket, compression, encoding, unpack, count):
    flow = f"flow-{uuid.uuid4().hex[:12]}"
    make(firehose, flow, bucket, CompressionFormat=compression)
    records = [f"line {n} {uuid.uuid4().hex if n % 2 else 'x' * (n % 90)}\n" for n in range(count)]
    put(firehose, flow, records)
    flush(server, flow)
    (key,) = keys(s3, bucket)
    found = s3.get_object(Bucket=bucket, Key=key)
    assert key.endswith(".snappy") and found["ContentEncoding"] == encoding
    assert unpack(found["Body"].read()) == "".join(records).encode()
