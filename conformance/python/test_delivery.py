"""Delivery streams from a put to an object, with boto3 and the AWS CLI."""

import base64
import datetime
import io
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest
from conftest import KEY_ID, REGION, SECRET, failure, make_stream, running
from delivery import ROLE, bodies, call, documents, flush, keys, make, put

NAME = re.compile(r"^(?P<stream>.+)-(?P<version>\d+)-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f-]{36}(?P<extension>.*)$")


def lines(count):
    return [f"line {number} {'x' * (number % 80)}\n" for number in range(count)]


@pytest.mark.parametrize("compression", ["UNCOMPRESSED", "GZIP"])
def test_three_thousand_lines_arrive_under_the_date(server, firehose, s3, bucket, flow, compression):
    before = datetime.datetime.now(datetime.UTC)
    make(firehose, flow, bucket, Prefix="logs/", CompressionFormat=compression)
    put(firehose, flow, lines(3000))
    flush(server, flow)
    after = datetime.datetime.now(datetime.UTC)
    found = bodies(s3, bucket)
    assert "".join(lines(3000)).encode() == b"".join(found.values())
    hours = {at.strftime("logs/%Y/%m/%d/%H/") for at in (before, after)}
    for key in found:
        folder, _, name = key.rpartition("/")
        assert folder + "/" in hours
        parts = NAME.match(name)
        assert parts and parts["stream"] == flow and parts["version"] == "1"
        assert parts["extension"] == (".gz" if compression == "GZIP" else "")
    head = s3.head_object(Bucket=bucket, Key=next(iter(found)))
    assert head["ContentType"] == "application/octet-stream"
    assert head.get("ContentEncoding") == ("gzip" if compression == "GZIP" else None)


def test_the_cli_does_the_same(server, bucket, s3, flow):
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
    }

    def aws(*arguments):
        command = [sys.executable, "-m", "awscli", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    destination = f"RoleARN={ROLE},BucketARN=arn:aws:s3:::{bucket},Prefix=cli/"
    aws("firehose", "create-delivery-stream", "--delivery-stream-name", flow, "--s3-destination-configuration", destination)
    description = json.loads(aws("firehose", "describe-delivery-stream", "--delivery-stream-name", flow))
    assert description["DeliveryStreamDescription"]["DeliveryStreamStatus"] in ("ACTIVE", "CREATING")
    aws("firehose", "put-record", "--delivery-stream-name", flow, "--record", '{"Data":"from the command line\\n"}')
    flush(server, flow)
    assert list(bodies(s3, bucket, "cli/").values()) == [b"from the command line\n"]
    listing = aws("s3", "ls", f"s3://{bucket}/cli/", "--recursive")
    assert flow in listing


def test_an_interval_of_zero_delivers_at_once(firehose, s3, bucket, flow):
    make(firehose, flow, bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    put(firehose, flow, ["now\n"])
    waiter = s3.get_waiter("bucket_exists")
    waiter.wait(Bucket=bucket)
    for _ in range(600):
        if keys(s3, bucket):
            break
    assert list(bodies(s3, bucket).values()) == [b"now\n"]


def test_a_size_is_counted_before_compression(firehose, s3, bucket, flow, server):
    make(firehose, flow, bucket, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900}, CompressionFormat="GZIP")
    put(firehose, flow, ["x" * 1023 + "\n"] * 5000)
    flush(server, flow)
    found = bodies(s3, bucket)
    assert sum(len(body) for body in found.values()) == 5000 * 1024
    assert len(found) >= 4
    # A batch lies in the log as a whole: an object may be larger by less than one.
    assert all(len(body) <= 2 * 1024 * 1024 for body in found.values())


def test_records_are_joined_byte_for_byte_unless_a_delimiter_is_asked_for(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket, Prefix="plain/")
    put(firehose, flow, ["abc"] * 3)
    flush(server, flow)
    processors = [{"Type": "AppendDelimiterToRecord", "Parameters": []}]
    make(firehose, flow + "-d", bucket, Prefix="lines/", ProcessingConfiguration={"Enabled": True, "Processors": processors})
    put(firehose, flow + "-d", ["abc"] * 3)
    flush(server, flow + "-d")
    assert list(bodies(s3, bucket, "plain/").values()) == [b"abcabcabc"]
    assert list(bodies(s3, bucket, "lines/").values()) == [b"abc\nabc\nabc\n"]


def test_zip_holds_one_entry(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket, CompressionFormat="ZIP")
    put(firehose, flow, lines(100))
    flush(server, flow)
    (key,) = keys(s3, bucket)
    assert key.endswith(".zip")
    archive = zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    (entry,) = archive.namelist()
    assert archive.read(entry) == "".join(lines(100)).encode()


def test_a_stream_is_a_source_from_its_latest_record_on(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 2)
    kinesis.put_record(StreamName=name, Data=b"before\n", PartitionKey="k")
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    make(firehose, flow, bucket, source=arn)
    values = [f"{number}\n".encode() for number in range(1000)]
    for at in range(0, 1000, 500):
        entries = [{"Data": value, "PartitionKey": value.decode()} for value in values[at : at + 500]]
        assert kinesis.put_records(StreamName=name, Records=entries)["FailedRecordCount"] == 0
    flush(server, flow)
    found = b"".join(bodies(s3, bucket).values()).splitlines(keepends=True)
    assert sorted(found) == sorted(values)
    code, message = failure(firehose.put_record, DeliveryStreamName=flow, Record={"Data": b"x"})
    assert code == "InvalidSourceException", message


def test_values_of_a_query_partition_objects(server, firehose, s3, bucket, flow):
    query = {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{customer:.customer, day:(.at|strftime(\"%d\"))}"}
    engine = {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"}
    processors = [
        {"Type": "MetadataExtraction", "Parameters": [query, engine]},
        {"Type": "AppendDelimiterToRecord", "Parameters": []},
    ]
    make(
        firehose,
        flow,
        bucket,
        Prefix="data/customer=!{partitionKeyFromQuery:customer}/day=!{partitionKeyFromQuery:day}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        BufferingHints={"SizeInMBs": 128, "IntervalInSeconds": 900},
        DynamicPartitioningConfiguration={"Enabled": True, "RetryOptions": {"DurationInSeconds": 300}},
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
    )
    records = [{"customer": f"c{n % 7}", "at": 86400 * (n % 3), "n": n} for n in range(700)]
    put(firehose, flow, [json.dumps(record) for record in records] + ["no json"])
    flush(server, flow)
    for record in records:
        prefix = f"data/customer={record['customer']}/day={1 + record['n'] % 3:02}/"
        record["prefix"] = prefix
    for prefix in {record["prefix"] for record in records}:
        expected = [record["n"] for record in records if record["prefix"] == prefix]
        assert [document["n"] for document in documents(s3, bucket, prefix)] == expected
    (error,) = documents(s3, bucket, "errors/processing-failed/")
    assert base64.b64decode(error["rawData"]) == b"no json"


def test_a_delivery_stream_survives_a_clean_restart():
    with running("--limits", "off") as server:
        firehose, s3 = server.client("firehose"), server.client("s3")
        s3.create_bucket(Bucket="kept")
        make(firehose, "flow", "kept")
        put(firehose, "flow", lines(1000))
        assert server.stop() == 0
        server.start()
        firehose, s3 = server.client("firehose"), server.client("s3")
        put(firehose, "flow", lines(10))
        flush(server, "flow")
        assert b"".join(bodies(s3, "kept").values()) == "".join(lines(1000) + lines(10)).encode()


@pytest.mark.parametrize("seconds", [-5, 0, 901])
def test_a_flush_waits_no_time_that_is_none(server, firehose, bucket, flow, seconds):
    make(firehose, flow, bucket)
    with pytest.raises(AssertionError, match="400 .*1 validation error detected.*timeoutInSeconds"):
        call(server, "FlushDeliveryStream", {"DeliveryStreamName": flow, "TimeoutInSeconds": seconds})
