"""The commands for people beside foreign clients: what `put --aggregate` writes, another implementation reads."""

import base64
import os
import subprocess

import conftest
from conftest import drain, make_stream, shards_of


def run(server, *arguments, lines=""):
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_REGION": conftest.REGION,
        "AWS_ACCESS_KEY_ID": conftest.KEY_ID,
        "AWS_SECRET_ACCESS_KEY": conftest.SECRET,
    }
    done = subprocess.run(
        [conftest.BINARY, *arguments], env=environment, input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_boto3_reads_what_put_writes(server, kinesis, name):
    make_stream(kinesis, name, 1)
    run(server, "put", name, "--key", "k", lines="one\ntwo\n")
    records, _ = drain(kinesis, name, shards_of(kinesis, name)[0]["ShardId"])
    assert [(r["PartitionKey"], r["Data"]) for r in records] == [("k", b"one"), ("k", b"two")]


def test_tail_reads_what_boto3_writes(server, kinesis, name):
    make_stream(kinesis, name, 2)
    kinesis.put_records(
        StreamName=name, Records=[{"Data": f"{n}".encode(), "PartitionKey": f"{n}"} for n in range(50)]
    )
    printed = run(server, "tail", name, "--from", "trim-horizon", "--no-follow")
    assert sorted(printed.split(), key=int) == [f"{n}" for n in range(50)]


def test_another_implementation_unpacks_what_put_aggregates(server, kinesis, name):
    from aws_kinesis_agg.deaggregator import deaggregate_records

    make_stream(kinesis, name, 2)
    run(server, "put", name, "--aggregate", lines="".join(f"line {n}\n" for n in range(100)))
    records = [r for shard in shards_of(kinesis, name) for r in drain(kinesis, name, shard["ShardId"])[0]]
    assert len(records) < 10
    # The shape in which functions get records, which is the one that the library takes.
    events = [
        {"kinesis": {"data": base64.b64encode(r["Data"]).decode(), "sequenceNumber": r["SequenceNumber"],
                     "partitionKey": r["PartitionKey"], "approximateArrivalTimestamp": 0,
                     "kinesisSchemaVersion": "1.0"}}
        for r in records
    ]
    lines = [base64.b64decode(u["kinesis"]["data"]).decode() for u in deaggregate_records(events)]
    assert sorted(lines) == sorted(f"line {n}" for n in range(100))
