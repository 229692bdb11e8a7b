"""The commands for people beside foreign clients: what `put --aggregate` writes, another implementation reads."""

import base64
import os
import subprocess

import conftest
from conftest import drain, make_stream, shards_of
from delivery import wait_active


def run(server, *arguments, lines=""):
    done = attempt(server, *arguments, lines=lines)
    assert done.returncode == 0, done.stderr
    return done.stdout


def attempt(server, *arguments, lines="", **variables):
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_REGION": conftest.REGION,
        "AWS_ACCESS_KEY_ID": conftest.KEY_ID,
        "AWS_SECRET_ACCESS_KEY": conftest.SECRET,
        **variables,
    }
    return subprocess.run(
        [conftest.BINARY, *arguments], env=environment, input=lines, capture_output=True, text=True, check=False
    )


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


def test_a_person_sees_why_nothing_arrives(server, firehose, bucket, flow):
    firehose.create_delivery_stream(
        DeliveryStreamName=flow,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "http://127.0.0.1:9/nobody-listens"},
            "S3Configuration": {
                "RoleARN": "arn:aws:iam::000000000000:role/any",
                "BucketARN": f"arn:aws:s3:::{bucket}",
            },
        },
    )
    wait_active(firehose, flow)
    firehose.put_record(DeliveryStreamName=flow, Record={"Data": b"x"})
    only = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_FIREHOSE": server.endpoint}
    done = attempt(server, "delivery", "flush", flow, "--timeout", "3", **only)
    assert done.returncode == 1 and "the last errors: HttpEndpoint.ConnectionFailed: " in done.stderr, done.stderr
    done = attempt(server, "delivery", "logs", flow, **only)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"logging is not enabled for {flow} (CloudWatchLoggingOptions)" in done.stderr
    done = attempt(server, "delivery", "list", **only)
    assert flow in done.stdout.split(), done.stderr
