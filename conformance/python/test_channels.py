"""Channels of streams into built-in buckets, as boto3 sees them. Time is moved by hand."""

import gzip
import json
import re
import subprocess
import urllib.request

import pytest
from aws_kinesis_agg.aggregator import RecordAggregator
from conftest import failure, make_stream, running, until, wait_active
from delivery import ROLE, keys

OWNER = "000000000000"
# The smallest freshness that is allowed, and the default.
FRESHNESS = 300
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def source(kinesis, name):
    """A stream that channels may read."""
    return make_source(kinesis, name)


def make_source(kinesis, name, **options):
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"}, **options)
    wait_active(kinesis, name)
    return name


def arn_of(kinesis, stream):
    return kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]


def request(kinesis, stream, bucket, record_format="JSON", compression="NONE", storage=(), destination=(), **more):
    place = {"BucketARN": f"arn:aws:s3:::{bucket}", "ExpectedBucketOwner": OWNER, "CompressionType": compression}
    configuration = {"RecordFormatType": record_format}
    return {
        "ChannelName": f"channel-{stream}",
        "ServiceExecutionRoleARN": ROLE,
        "StreamConfigurationList": [
            {"StreamARN": arn_of(kinesis, stream), "RecordConfiguration": configuration}
        ],
        "S3DestinationConfiguration": {"StorageConfiguration": {**place, **dict(storage)}, **dict(destination)},
        **more,
    }


def make_channel(kinesis, *arguments, **options):
    created = kinesis.create_channel(**request(kinesis, *arguments, **options))["ChannelDescription"]
    assert created["ChannelStatus"] == "CREATING"
    return settled(kinesis, created["ChannelARN"])


def settled(kinesis, arn):
    """The channel once it is active."""

    def look():
        channel = kinesis.describe_channel(ChannelARN=arn)["ChannelDescription"]
        assert channel["ChannelStatus"] in ("CREATING", "UPDATING", "ACTIVE"), channel
        return channel if channel["ChannelStatus"] == "ACTIVE" else None

    return until(look)


def advance(server, seconds):
    body = json.dumps({"by_ms": int(seconds * 1000)}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/dev/clock/advance", data=body)).close()


def put(kinesis, stream, values):
    entries = [{"Data": value, "PartitionKey": f"{number}"} for number, value in enumerate(values)]
    for at in range(0, len(entries), 500):
        assert kinesis.put_records(StreamName=stream, Records=entries[at : at + 500])["FailedRecordCount"] == 0


def unpacked(body, compression):
    if compression == "GZIP":
        return gzip.decompress(body)
    if compression == "ZSTD":
        return subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout
    return body


def objects(s3, bucket, prefix="", compression="NONE"):
    """Key -> what is in the object."""
    bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys(s3, bucket, prefix)}
    return {key: unpacked(body, compression) for key, body in bodies.items()}


def lines(s3, bucket, prefix=""):
    return [line for body in objects(s3, bucket, prefix).values() for line in body.splitlines()]


def numbers(first, last):
    return [b'{"n":%d}' % number for number in range(first, last)]


def arrived(s3, bucket, expected, prefix=""):
    """Waits for as many lines; then they must be these."""
    until(lambda: len(lines(s3, bucket, prefix)) >= len(expected))
    assert sorted(lines(s3, bucket, prefix)) == sorted(expected)


@pytest.mark.parametrize("compression", ["NONE", "GZIP", "ZSTD"])
@pytest.mark.parametrize("record_format", ["JSON", "STRING", "BYTE_ARRAY"])
def test_records_arrive_under_the_default_key(server, kinesis, s3, bucket, source, record_format, compression):
    values = {
        "JSON": numbers(0, 700),
        "STRING": [f"zeile äöü {number}".encode() for number in range(700)],
        "BYTE_ARRAY": [bytes([0xFF, number % 256, 0x00, 0xFE]) for number in range(700)],
    }[record_format]
    channel = make_channel(kinesis, source, bucket, record_format, compression)
    name, ident = channel["ChannelName"], channel["ChannelId"]
    put(kinesis, source, values)
    advance(server, FRESHNESS)
    separator = b"" if record_format == "BYTE_ARRAY" else b"\n"
    expected = b"".join(value + separator for value in values)
    until(lambda: sum(map(len, objects(s3, bucket, "", compression).values())) >= len(expected))
    found = objects(s3, bucket, "", compression)
    content = b"".join(found.values())
    if record_format == "BYTE_ARRAY":
        assert sorted(content[at : at + 4] for at in range(0, len(content), 4)) == sorted(values)
    else:
        assert sorted(content.splitlines(keepends=True)) == sorted(value + b"\n" for value in values)
    extension = {"NONE": "", "GZIP": r"\.gz", "ZSTD": r"\.zst"}[compression]
    default = re.compile(
        rf"kinesis-channel/{name}/{ident}/(\d{{4}})/(\d\d)/(\d\d)/(\d\d)/"
        rf"{name}-{ident}-\1-\2-\3-\4-\d\d-{UUID}{extension}"
    )
    for key in found:
        assert default.fullmatch(key), key
    encoding = {"NONE": None, "GZIP": "gzip", "ZSTD": "zstd"}[compression]
    assert s3.head_object(Bucket=bucket, Key=next(iter(found))).get("ContentEncoding") == encoding


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a/!{channel-name}!{extension}", rf"a/NAME-{UUID}\.gz"),
        ("!{yyyy}!{MM}!{dd}/!{HH}=!{mm}/x", rf"\d{{8}}/\d\d=\d\d/x-{UUID}"),
        ("!{extension}/!{channel-id}", rf"\.gz/ID-{UUID}"),
    ],
)
def test_a_template_makes_the_keys(server, kinesis, s3, bucket, source, template, expected):
    channel = make_channel(kinesis, source, bucket, "JSON", "GZIP", storage={"OutputKeyTemplate": template})
    put(kinesis, source, numbers(0, 10))
    advance(server, FRESHNESS)
    (key,) = until(lambda: keys(s3, bucket))
    expected = expected.replace("NAME", channel["ChannelName"]).replace("ID", channel["ChannelId"])
    assert re.fullmatch(expected, key), key
    shown = channel["S3DestinationConfiguration"]["StorageConfiguration"]
    assert shown["OutputKeyTemplate"] == template


def test_a_class_of_storage_is_the_objects(server, kinesis, s3, bucket, source):
    make_channel(kinesis, source, bucket, storage={"StorageClass": "GLACIER_IR"})
    put(kinesis, source, numbers(0, 1))
    advance(server, FRESHNESS)
    (key,) = until(lambda: keys(s3, bucket))
    assert s3.head_object(Bucket=bucket, Key=key)["StorageClass"] == "GLACIER_IR"


def test_what_was_put_before_is_not_delivered(server, kinesis, s3, bucket, source):
    put(kinesis, source, numbers(0, 50))
    make_channel(kinesis, source, bucket)
    put(kinesis, source, numbers(50, 100))
    advance(server, FRESHNESS)
    arrived(s3, bucket, numbers(50, 100))


def test_an_update_makes_an_object_gather_for_longer(server, kinesis, s3, bucket, source):
    channel = make_channel(kinesis, source, bucket)
    assert channel["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == FRESHNESS
    arn = channel["ChannelARN"]
    update = kinesis.update_channel(ChannelARN=arn, S3DestinationConfiguration={"DataFreshnessInSeconds": 900})
    described = update["ChannelDescription"]
    assert described["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 900
    assert settled(kinesis, arn)["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 900
    put(kinesis, source, numbers(0, 10))
    advance(server, FRESHNESS)
    # A channel beside it delivers at its own freshness: had the first been due, it would have delivered too.
    other = make_source(kinesis, f"{source}-b")
    make_channel(kinesis, other, bucket, storage={"OutputKeyTemplate": "other/x"})
    put(kinesis, other, numbers(0, 1))
    advance(server, FRESHNESS)
    arrived(s3, bucket, numbers(0, 1), "other/")
    assert keys(s3, bucket, "kinesis-channel/") == []
    put(kinesis, source, numbers(10, 20))
    advance(server, FRESHNESS)
    arrived(s3, bucket, numbers(0, 20), "kinesis-channel/")
    assert len(keys(s3, bucket, "kinesis-channel/")) == 1


def test_dead_letters_go_where_they_are_sent(server, kinesis, s3, bucket, source):
    letters = f"{bucket}-letters"
    s3.create_bucket(Bucket=letters)
    place = {"BucketARN": f"arn:aws:s3:::{letters}", "ExpectedBucketOwner": OWNER, "ErrorOutputPrefix": "bad/"}
    make_channel(kinesis, source, bucket, destination={"DeadLetterQueueS3Configuration": place})
    put(kinesis, source, [b"{}", b"no json"])
    advance(server, FRESHNESS)
    until(lambda: keys(s3, letters) or advance(server, FRESHNESS))
    (key,) = keys(s3, letters)
    assert re.fullmatch(rf"bad/\d{{4}}/\d\d/\d\d/\d\d/.+-{UUID}(\..+)?", key), key
    assert lines(s3, bucket) == [b"{}"]


def test_a_producers_aggregates_are_taken_apart(server, kinesis, s3, bucket, source):
    make_channel(kinesis, source, bucket)
    aggregator = RecordAggregator()
    for number, value in enumerate([*numbers(0, 20), b"no json"]):
        aggregator.add_user_record(f"key {number}", value)
    key, _, data = aggregator.clear_and_get().get_contents()
    kinesis.put_record(StreamName=source, Data=data, PartitionKey=key)
    advance(server, FRESHNESS)
    until(lambda: keys(s3, bucket, "kinesis-channel/"))
    assert lines(s3, bucket, "kinesis-channel/") == numbers(0, 20)


def test_channels_are_listed_and_deleted_with_what_they_hold(server, kinesis, s3, bucket, source):
    first = make_channel(kinesis, source, bucket)
    arn = first["ChannelARN"]
    again = request(kinesis, source, bucket)
    assert failure(kinesis.create_channel, **again)[0] == "ResourceInUseException"
    code, message = failure(kinesis.create_channel, **{**again, "ChannelName": f"{source}-second"})
    assert code == "LimitExceededException" and "one channel" in message
    (listed,) = kinesis.list_channels(StreamFilter=[{"StreamARN": arn_of(kinesis, source)}])["ChannelSummaries"]
    assert (listed["ChannelARN"], listed["ChannelDestinationType"]) == (arn, "S3")
    assert failure(kinesis.delete_stream, StreamName=source)[0] == "ResourceInUseException"
    put(kinesis, source, numbers(0, 10))
    kinesis.delete_channel(ChannelARN=arn)
    until(lambda: arn not in [found["ChannelARN"] for found in kinesis.list_channels()["ChannelSummaries"]])
    assert failure(kinesis.describe_channel, ChannelARN=arn)[0] == "ResourceNotFoundException"
    second = make_channel(kinesis, source, bucket)
    assert second["ChannelId"] != first["ChannelId"]
    put(kinesis, source, numbers(10, 20))
    advance(server, FRESHNESS)
    arrived(s3, bucket, numbers(10, 20))
    kinesis.delete_channel(ChannelARN=second["ChannelARN"])
    until(lambda: not kinesis.list_channels(StreamFilter=[{"StreamARN": arn_of(kinesis, source)}])["ChannelSummaries"])
    kinesis.delete_stream(StreamName=source)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"destination": {"DataFreshnessInSeconds": FRESHNESS - 1}}, "DataFreshnessInSeconds"),
        ({"destination": {"DataFreshnessInSeconds": 901}}, "DataFreshnessInSeconds"),
        ({"storage": {"OutputKeyTemplate": "!{year}"}}, "OutputKeyTemplate"),
        ({"EncryptionConfiguration": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}}, "aws/kinesis"),
        ({"EncryptionConfiguration": {"EncryptionType": "KMS", "KeyId": "not a key"}}, "not a key is not"),
        ({"record_format": "GSR_JSON"}, "GSR_JSON"),
        ({"ServiceExecutionRoleARN": "arn:aws:iam::999999999999:role/other"}, "another account"),
    ],
)
def test_what_a_channel_cannot_do_is_refused_by_name(kinesis, bucket, source, changes, words):
    code, message = failure(kinesis.create_channel, **request(kinesis, source, bucket, **changes))
    assert code == "InvalidArgumentException" and words in message, message
    assert kinesis.list_channels(StreamFilter=[{"StreamARN": arn_of(kinesis, source)}])["ChannelSummaries"] == []


def test_a_stream_with_a_channel_stays_on_demand(kinesis, bucket, source, name):
    make_channel(kinesis, source, bucket)
    mode = {"StreamARN": arn_of(kinesis, source), "StreamModeDetails": {"StreamMode": "PROVISIONED"}}
    assert failure(kinesis.update_stream_mode, **mode)[0] == "ResourceInUseException"
    provisioned = make_stream(kinesis, f"{name}-p", 1)
    code, message = failure(kinesis.create_channel, **request(kinesis, provisioned, bucket))
    assert code == "InvalidArgumentException" and "ON_DEMAND" in message


def test_a_bucket_that_comes_later_gets_everything(server, kinesis, s3, bucket, source):
    late = f"{bucket}-late"
    make_channel(kinesis, source, late)
    put(kinesis, source, numbers(0, 100))
    advance(server, FRESHNESS)
    log = server.home / "log.txt"
    until(lambda: f"bucket {late} does not exist" in log.read_text())
    s3.create_bucket(Bucket=late)
    arrived(s3, late, numbers(0, 100))


def test_a_bucket_of_somebody_else_gets_nothing(server, kinesis, s3, bucket, source):
    make_channel(kinesis, source, bucket, storage={"ExpectedBucketOwner": "999999999999"})
    put(kinesis, source, numbers(0, 10))
    advance(server, FRESHNESS)
    log = server.home / "log.txt"
    until(lambda: f"the bucket {bucket} does not belong to 999999999999" in log.read_text())
    assert keys(s3, bucket) == []


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_channel_goes_on_after_the_server_ended(end):
    with running("--limits", "off") as server:
        kinesis, s3 = server.client(), server.client("s3")
        s3.create_bucket(Bucket="bucket")
        make_source(kinesis, "source")
        channel = make_channel(kinesis, "source", "bucket")
        put(kinesis, "source", numbers(0, 1000))
        advance(server, FRESHNESS)
        arrived(s3, "bucket", numbers(0, 1000))
        put(kinesis, "source", numbers(1000, 2000))
        getattr(server, end)()
        server.start()
        kinesis, s3 = server.client(), server.client("s3")
        assert settled(kinesis, channel["ChannelARN"]) == channel
        put(kinesis, "source", numbers(2000, 3000))
        advance(server, FRESHNESS)
        arrived(s3, "bucket", numbers(0, 3000))
