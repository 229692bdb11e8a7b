"""Each metric of AWS that docs/firehose-metrics.md names is in /metrics, and counts."""

import json
import pathlib
import re
import urllib.request

import pytest
from conftest import REGION, failure, running, until
from delivery import ROLE, flush, make, processing, put, unthrottled

DOCS = pathlib.Path(__file__).parents[2] / "docs" / "firehose-metrics.md"
# Developer guide, "Monitor with CloudWatch metrics", but for what the document says is not there.
OF_DELIVERY = {
    "S3": ["Bytes", "Records", "Success", "DataFreshness", "ObjectCount"],
    "Redshift": ["Bytes", "Records", "Success"],
    "AmazonOpenSearchService": ["Bytes", "Records", "Success", "DataFreshness"],
    "Splunk": ["Bytes", "Records", "Success", "DataFreshness", "DataAckLatency"],
    "HttpEndpoint": ["Bytes", "Records", "Success", "DataFreshness", "ProcessedBytes", "ProcessedRecords"],
}
AWS = [
    *[f"DeliveryTo{to}.{what}" for to, all_of in OF_DELIVERY.items() for what in all_of],
    *[f"BackupToS3.{what}" for what in ("Bytes", "Records", "Success", "DataFreshness")],
    "IncomingBytes", "IncomingRecords", "IncomingPutRequests", "ThrottledRecords",
    "BytesPerSecondLimit", "RecordsPerSecondLimit", "PutRequestsPerSecondLimit",
    "PutRecord.Bytes", "PutRecord.Latency", "PutRecord.Requests",
    "PutRecordBatch.Bytes", "PutRecordBatch.Latency", "PutRecordBatch.Records", "PutRecordBatch.Requests",
    "DescribeDeliveryStream.Latency", "DescribeDeliveryStream.Requests",
    "ListDeliveryStreams.Latency", "ListDeliveryStreams.Requests",
    "UpdateDeliveryStream.Latency", "UpdateDeliveryStream.Requests",
    "DataReadFromKinesisStream.Bytes", "DataReadFromKinesisStream.Records", "KinesisMillisBehindLatest",
    "ExecuteProcessing.Duration", "ExecuteProcessing.Success", "SucceedProcessing.Records", "SucceedProcessing.Bytes",
    "SucceedConversion.Records", "SucceedConversion.Bytes", "FailedConversion.Records", "FailedConversion.Bytes",
    "ActivePartitionsLimit", "PartitionCount", "PartitionCountExceeded", "PerPartitionThroughput",
    "JQProcessing.Duration", "KMSKeyAccessDenied", "KMSKeyDisabled", "KMSKeyInvalidState", "KMSKeyNotFound",
    "ResourceCount",
]


def documented():
    """Metric -> series, of the first table."""
    rows = {}
    for line in DOCS.read_text().split("## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 2 and "`millstream_" in cells[1]:
            rows.setdefault(cells[0].split(" ")[0], re.findall(r"`(millstream_[^`]+)`", cells[1]))
    return rows


def series(server):
    """(name, labels) -> value; what a histogram has is its count, under its name."""
    text = urllib.request.urlopen(f"{server.endpoint}/metrics").read().decode()
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        labels = frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))
        key = (name.removesuffix("_count"), labels)
        assert name.endswith("_bucket") or (name, labels) not in found, f"twice: {line}"
        found[key] = float(value)
    return found


def value(found, text, **labels):
    """The sum of the series with a name and labels as the document has them."""
    name, braces = re.fullmatch(r"(\w+)(?:\{(.*)\})?", text).groups()
    wanted = set(re.findall(r'(\w+)="([^"]*)"', braces or "")) | set(labels.items())
    return sum(number for (of, has), number in found.items() if of == name and wanted <= has)


@pytest.fixture(scope="module")
def server():
    """With AWS's limits, which are metrics too."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def firehose(server):
    return server.client("firehose")


@pytest.fixture(scope="module")
def s3(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="bucket")
    return s3


def test_the_document_has_every_metric():
    assert [metric for metric in AWS if metric not in documented()] == []


def test_every_series_is_there(server, firehose, s3):
    make(firehose, "there", "bucket")
    names = {name for name, _ in series(server)}
    for metric, all_of in documented().items():
        for text in all_of:
            assert re.match(r"\w+", text)[0] in names, f"{metric}: {text}"


def test_a_delivery_is_counted_in_each(server, firehose, s3):
    query = processing(
        ("MetadataExtraction", {"MetadataExtractionQuery": "{k:.k}", "JsonParsingEngine": "JQ-1.6"}),
    )
    make(
        firehose, "counted", "bucket", Prefix="data/!{partitionKeyFromQuery:k}/", ErrorOutputPrefix="errors/",
        DynamicPartitioningConfiguration={"Enabled": True}, ProcessingConfiguration=query,
        S3BackupMode="Enabled",
        S3BackupConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket", "Prefix": "raw/"},
    )
    records = [json.dumps({"k": number % 2}) + "\n" for number in range(10)]
    put(firehose, "counted", records)
    firehose.put_record(DeliveryStreamName="counted", Record={"Data": records[0].encode()})
    firehose.list_delivery_streams()
    flush(server, "counted")
    found, rows = series(server), documented()
    size = sum(map(len, records)) + len(records[0])

    def of(metric, index=0):
        return value(found, rows[metric][index], delivery_stream="counted", region=REGION)

    assert of("IncomingRecords") == 11 and of("IncomingBytes") == size and of("IncomingPutRequests") == 2
    assert of("PutRecord.Requests") == 1 and of("PutRecord.Bytes") == len(records[0])
    assert of("PutRecord.Latency") == of("PutRecordBatch.Latency") == of("PutRecordBatch.Requests") == 1
    assert of("PutRecordBatch.Records") == 10
    assert of("DeliveryToS3.Records") == 11 and of("DeliveryToS3.ObjectCount") == 2
    assert of("BackupToS3.Records") == 11 and of("BackupToS3.Bytes") == size
    assert of("BackupToS3.Success") == 1 and of("DeliveryToS3.DataFreshness") == 0
    assert of("SucceedProcessing.Records") == 11 and of("JQProcessing.Duration") >= 1
    assert of("PerPartitionThroughput") == 2, "one for each partition"
    assert of("ThrottledRecords") == of("PartitionCountExceeded") == of("KMSKeyDisabled") == 0
    assert value(found, rows["BytesPerSecondLimit"][0]) > 0 and value(found, rows["ActivePartitionsLimit"][0]) == 500
    assert value(found, rows["ListDeliveryStreams.Requests"][0]) >= 1
    assert value(found, rows["ListDeliveryStreams.Latency"][0]) >= 1
    assert value(found, rows["ResourceCount"][0]) >= 1


def test_a_call_that_fails_is_a_request_too(server, firehose):
    rows = documented()
    before = value(series(server), rows["DescribeDeliveryStream.Requests"][0])
    failure(firehose.describe_delivery_stream, DeliveryStreamName="no-such")
    assert value(series(server), rows["DescribeDeliveryStream.Requests"][0]) == before + 1


def test_what_a_deleted_delivery_stream_threw_away_stays_counted(server, firehose, s3):
    make(firehose, "short-lived", "bucket")
    put(firehose, "short-lived", ["a\n"] * 7)
    before = value(series(server), "millstream_firehose_discarded_records_total")
    firehose.delete_delivery_stream(DeliveryStreamName="short-lived")
    until(lambda: "short-lived" not in unthrottled(firehose.list_delivery_streams, Limit=100)["DeliveryStreamNames"])
    found = series(server)
    assert not any(("delivery_stream", "short-lived") in labels for _, labels in found)
    assert value(found, "millstream_firehose_discarded_records_total") == before + 7
    assert "records=7" in (server.home / "log.txt").read_text()


def test_a_delivery_stream_of_the_same_name_elsewhere_has_series_of_its_own(server, firehose, s3):
    other = server.client("firehose", region="eu-west-1")
    for client in (firehose, other):
        make(client, "twin", "bucket")
    put(other, "twin", ["a\n"] * 3)
    found = series(server)
    incoming = "millstream_firehose_incoming_records_total"
    assert value(found, incoming, delivery_stream="twin", region="eu-west-1") == 3
    assert value(found, incoming, delivery_stream="twin", region=REGION) == 0
