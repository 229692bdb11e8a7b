"""The stream that a delivery stream reads is deleted, and made again under its name."""

import collections
import json
import pathlib
import uuid

from conftest import failure, make_stream, running, until
from delivery import bodies, call, flush, flush_when_it_can, keys, logs, make, processing, unflushed, wait_active
from test_delivery_metrics import series, value
from test_delivery_source import arn_of

LOGGING = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}


def put(kinesis, stream, values):
    records = [{"Data": f"{value}\n".encode(), "PartitionKey": f"{value}"} for value in values]
    assert kinesis.put_records(StreamName=stream, Records=records)["FailedRecordCount"] == 0


def delete(kinesis, stream):
    kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    until(lambda: stream not in kinesis.list_streams()["StreamNames"], "the stream is not deleted")


def lines(s3, bucket):
    return collections.Counter(line for body in bodies(s3, bucket).values() for line in body.decode().split())


def source_of(firehose, flow):
    shown = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    assert shown["DeliveryStreamStatus"] == "ACTIVE"
    return shown["Source"]["KinesisStreamSourceDescription"]


def test_a_deleted_source_is_told_and_its_successor_is_read(server, kinesis, firehose, s3, bucket, flow, name):
    arn = arn_of(kinesis, make_stream(kinesis, name, 2))
    make(firehose, flow, bucket, source=arn, CloudWatchLoggingOptions=LOGGING)
    put(kinesis, name, range(10))
    flush(server, flow)
    before = source_of(firehose, flow)
    delete(kinesis, name)
    until(lambda: "was deleted" in (unflushed(server, flow) or ""), "nobody tells of it")
    said = unflushed(server, flow)
    assert f"The source stream {arn} was deleted" in said and "ResourceNotFoundException" in said
    told = [json.loads(event["Message"]) for event in logs(server, flow)]
    assert [event["errorCode"] for event in told] == ["Delivery.SourceDeleted"]
    assert arn in told[0]["message"]
    assert arn in pathlib.Path(server.home / "log.txt").read_text()

    make_stream(kinesis, name, 3)
    # Nothing is waited for: the stream is read from its beginning.
    put(kinesis, name, range(10, 30))
    until(lambda: source_of(firehose, flow)["DeliveryStartTimestamp"] > before["DeliveryStartTimestamp"])
    put(kinesis, name, range(30, 40))
    flush_when_it_can(server, flow)
    assert lines(s3, bucket) == collections.Counter(str(n) for n in range(40))
    assert source_of(firehose, flow)["KinesisStreamARN"] == arn
    assert value(series(server), "millstream_firehose_read_records_total", delivery_stream=flow) == 40
    assert len(logs(server, flow)) == 1


def test_without_a_successor_everybody_can_see_why_nothing_comes(server, kinesis, firehose, s3, bucket, flow, name):
    arn = arn_of(kinesis, make_stream(kinesis, name, 1))
    make(firehose, flow, bucket, source=arn, CloudWatchLoggingOptions=LOGGING)
    put(kinesis, name, range(5))
    until(lambda: value(series(server), "millstream_firehose_waiting_records", delivery_stream=flow) == 5)
    delete(kinesis, name)
    until(lambda: "was deleted" in (unflushed(server, flow) or ""), "nobody tells of it")
    assert keys(s3, bucket) == []
    assert value(series(server), "millstream_firehose_lost_records_total", delivery_stream=flow) == 5
    assert len(logs(server, flow)) == 1
    assert failure(firehose.put_record, DeliveryStreamName=flow, Record={"Data": b"x"})
    firehose.delete_delivery_stream(DeliveryStreamName=flow)
    until(lambda: flow not in firehose.list_delivery_streams(Limit=100)["DeliveryStreamNames"])


def test_a_successor_is_read_exactly_once_over_kills():
    name, flow = f"stream-{uuid.uuid4().hex[:8]}", f"flow-{uuid.uuid4().hex[:8]}"
    query = processing(
        ("MetadataExtraction", {"MetadataExtractionQuery": "{k: 1}", "JsonParsingEngine": "JQ-1.6"}),
        ("AppendDelimiterToRecord", {}),
    )
    partitions = {
        "Prefix": "data/!{partitionKeyFromQuery:k}/", "ErrorOutputPrefix": "bad/",
        "DynamicPartitioningConfiguration": {"Enabled": True}, "ProcessingConfiguration": query,
    }
    with running("--limits", "off") as server:
        kinesis, firehose, s3 = server.client(retries=10), server.client("firehose", retries=10), server.client("s3")
        for kept in ("plain", "split"):
            s3.create_bucket(Bucket=kept)
        arn = arn_of(kinesis, make_stream(kinesis, name, 2))
        make(firehose, flow, "plain", source=arn)
        make(firehose, f"{flow}-split", "split", source=arn, **partitions)
        put(kinesis, name, range(100))
        for each in (flow, f"{flow}-split"):
            flush(server, each)
        delete(kinesis, name)
        server.restart()
        first = 100
        for _ in range(3):
            kinesis, firehose, s3 = server.client(retries=10), server.client("firehose", retries=10), server.client("s3")
            if name not in kinesis.list_streams()["StreamNames"]:
                make_stream(kinesis, name, 2)
            put(kinesis, name, range(first, first + 100))
            first += 100
            # In the midst of going over to it, of sealing, or after.
            server.restart()
        firehose, s3 = server.client("firehose", retries=10), server.client("s3", retries=10)
        for each, kept in ((flow, "plain"), (f"{flow}-split", "split")):
            wait_active(firehose, each)
            until(lambda: source_of(firehose, each)["DeliveryStartTimestamp"] is not None)
            until(lambda: unflushed(server, each) is None, "it is not flushed")
            until(lambda: sum(lines(s3, kept).values()) >= first or unflushed(server, each), "records are missing")
            assert lines(s3, kept) == collections.Counter(str(n) for n in range(first)), each
        assert call(server, "GetDeliveryLogs", {"DeliveryStreamName": flow})["LoggingEnabled"] is False
