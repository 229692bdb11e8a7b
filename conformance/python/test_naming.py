"""Names of objects: every row of AWS's rules of prefixes, extensions and errors, at a time that stands still."""

import base64
import gzip
import io
import json
import re
import time
import urllib.request
import zipfile

import pytest
from conftest import failure, running
from delivery import ROLE, bodies, documents, flush, keys, make, processing, put

# A Friday, late in the evening of UTC: the next day has begun in Tokyo, as it has not in New York.
AT_MS = 1941576307089
AT = "2031-07-11-22-45-07"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ERRORS = "bad/!{firehose:error-output-type}/"


@pytest.fixture(scope="module")
def server():
    """Open, at a service time that stands still."""
    with running("--limits", "off") as server:
        clock(server, "hold")
        assert clock(server, "set", {"to_ms": AT_MS})["now_ms"] == AT_MS
        yield server


def clock(server, verb, body=None):
    url = f"{server.endpoint}/dev/clock/{verb}"
    request = urllib.request.Request(url, json.dumps(body or {}).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


@pytest.fixture
def deliver(server, firehose, s3, bucket, flow):
    """Delivers records with a configuration of its own: the only key."""

    def deliver(records=("abc",), **destination):
        make(firehose, flow, bucket, **destination)
        put(firehose, flow, list(records))
        flush(server, flow)
        (key,) = keys(s3, bucket)
        return key

    return deliver


def folder_of(key, flow, extension="", at=AT, version=1):
    """What stands before the object's own name, which must be as AWS makes it."""
    found = re.fullmatch(f"(.*){re.escape(f'{flow}-{version}-{at}-')}{UUID}{re.escape(extension)}", key)
    assert found, key
    return found[1]


PREFIXES = [
    (None, "2031/07/11/22/"),
    ("", "2031/07/11/22/"),
    ("logs/", "logs/2031/07/11/22/"),
    ("legacy", "legacy2031/07/11/22/"),
    ("a/!{timestamp:yyyy/MM/dd}/", "a/2031/07/11/"),
    ("!{timestamp:yyyy}/!{timestamp:'week' ww}-", "2031/week 28-"),
    ("x!{timestamp:yyyy-MM-dd'T'HH:mm:ss.SSS}_", "x2031-07-11T22:45:07.089_"),
    ("!{timestamp:EEEE, d MMMM yy}/", "Friday, 11 July 31/"),
    ("!{timestamp:D hh a}/", "192 10 PM/"),
    ("year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/", "year=2031/month=07/day=11/"),
    ("!{timestamp:'it''s' HH}/", "it's 22/"),
]


@pytest.mark.parametrize(("prefix", "folder"), PREFIXES)
def test_a_prefix_is_evaluated(deliver, flow, prefix, folder):
    options = {} if prefix is None else {"Prefix": prefix, "ErrorOutputPrefix": ERRORS}
    assert folder_of(deliver(**options), flow) == folder


def test_random_strings_are_new_for_each_use_and_object(server, firehose, s3, bucket, flow):
    make(
        firehose,
        flow,
        bucket,
        Prefix="!{firehose:random-string}/!{firehose:random-string}/",
        ErrorOutputPrefix=ERRORS,
    )
    for _ in range(3):
        put(firehose, flow, ["abc"])
        flush(server, flow)
    found = keys(s3, bucket)
    assert len(found) == 3
    texts = []
    for key in found:
        parts = re.fullmatch(r"([0-9a-z]{11})/([0-9a-z]{11})/2031/07/11/22/", folder_of(key, flow))
        assert parts, key
        texts += parts.groups()
    assert len(set(texts)) == 6


def test_a_time_beside_a_random_string_ends_the_date_of_the_default(deliver, flow):
    key = deliver(Prefix="!{timestamp:HH}/!{firehose:random-string}/", ErrorOutputPrefix=ERRORS)
    assert re.fullmatch("22/[0-9a-z]{11}/", folder_of(key, flow))


@pytest.mark.parametrize(
    ("zone", "hour", "at"),
    [
        ("Asia/Tokyo", "2031/07/12/07/", "2031-07-12-07-45-07"),
        ("America/New_York", "2031/07/11/18/", "2031-07-11-18-45-07"),
        ("Asia/Kathmandu", "2031/07/12/04/", "2031-07-12-04-30-07"),
        ("UTC", "2031/07/11/22/", AT),
    ],
)
def test_a_time_zone_is_that_of_prefix_and_name(deliver, flow, zone, hour, at):
    assert folder_of(deliver(Prefix="logs/", CustomTimeZone=zone), flow, at=at) == f"logs/{hour}"


def test_a_time_zone_is_that_of_expressions(deliver, flow):
    options = {"Prefix": "!{timestamp:dd HH:mm}/", "ErrorOutputPrefix": ERRORS, "CustomTimeZone": "Asia/Tokyo"}
    assert folder_of(deliver(**options), flow, at="2031-07-12-07-45-07") == "12 07:45/"


def test_the_time_is_when_the_oldest_record_arrived(name):
    with running("--limits", "off") as server:
        clock(server, "hold")
        clock(server, "set", {"to_ms": AT_MS})
        firehose, s3 = server.client("firehose"), server.client("s3")
        s3.create_bucket(Bucket="late")
        make(firehose, name, "late", Prefix="!{timestamp:HH-mm-ss}/", ErrorOutputPrefix=ERRORS)
        put(firehose, name, ["first\n"])
        clock(server, "advance", {"by_ms": 899_000})
        put(firehose, name, ["second\n"])
        flush(server, name)
        ((key, body),) = bodies(s3, "late").items()
        assert folder_of(key, name) == "22-45-07/"
        assert body == b"first\nsecond\n"


def test_the_interval_that_is_over_seals(name):
    with running("--limits", "off") as server:
        clock(server, "hold")
        clock(server, "set", {"to_ms": AT_MS})
        firehose, s3 = server.client("firehose"), server.client("s3")
        s3.create_bucket(Bucket="due")
        make(firehose, name, "due", BufferingHints={"SizeInMBs": 128, "IntervalInSeconds": 300})
        put(firehose, name, ["first\n"])
        clock(server, "advance", {"by_ms": 299_000})
        assert keys(s3, "due") == []
        clock(server, "advance", {"by_ms": 1_000})
        deadline = time.monotonic() + 30
        while not keys(s3, "due"):
            assert time.monotonic() < deadline, "the buffer that is due is not delivered"
        assert list(bodies(s3, "due").values()) == [b"first\n"]


def test_the_version_of_the_configuration_is_in_the_name(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket, Prefix="one/")
    put(firehose, flow, ["abc"])
    flush(server, flow)
    description = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    firehose.update_destination(
        DeliveryStreamName=flow,
        CurrentDeliveryStreamVersionId=description["VersionId"],
        DestinationId=description["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"Prefix": "two/", "CompressionFormat": "GZIP"},
    )
    put(firehose, flow, ["def"])
    flush(server, flow)
    (one,), (two,) = keys(s3, bucket, "one/"), keys(s3, bucket, "two/")
    assert folder_of(one, flow) == "one/2031/07/11/22/"
    assert folder_of(two, flow, ".gz", version=2) == "two/2031/07/11/22/"


COMPRESSIONS = [
    ("UNCOMPRESSED", "", None),
    ("GZIP", ".gz", "gzip"),
    ("ZIP", ".zip", None),
    ("Snappy", ".snappy", "snappy-java"),
    ("HADOOP_SNAPPY", ".snappy", "hadoop-snappy"),
]


@pytest.mark.parametrize(("compression", "extension", "encoding"), COMPRESSIONS)
def test_compression_has_an_extension_and_an_encoding(deliver, flow, s3, bucket, compression, extension, encoding):
    key = deliver(["abc"] * 3, CompressionFormat=compression)
    assert folder_of(key, flow, extension) == "2031/07/11/22/"
    found = s3.get_object(Bucket=bucket, Key=key)
    assert found["ContentType"] == "application/octet-stream"
    assert found.get("ContentEncoding") == encoding
    body = found["Body"].read()
    if compression == "UNCOMPRESSED":
        assert body == b"abcabcabc"
    if compression == "GZIP":
        assert gzip.decompress(body) == b"abcabcabc"
    if compression == "ZIP":
        archive = zipfile.ZipFile(io.BytesIO(body))
        (entry,) = archive.namelist()
        assert re.fullmatch(UUID, entry) and archive.read(entry) == b"abcabcabc"
    if compression == "Snappy":
        assert body.startswith(b"\x82SNAPPY\x00")
    if compression == "HADOOP_SNAPPY":
        assert int.from_bytes(body[:4], "big") == 9


@pytest.mark.parametrize("extension", [".json", ".tar.gz", ".a!-_.*'()9"])
def test_a_file_extension_replaces_that_of_the_compression(deliver, flow, extension):
    assert folder_of(deliver(CompressionFormat="GZIP", FileExtension=extension), flow, extension)


def test_an_empty_file_extension_leaves_that_of_the_compression(deliver, flow):
    assert folder_of(deliver(CompressionFormat="GZIP", FileExtension=""), flow, ".gz")


@pytest.mark.parametrize(
    "options",
    [
        {"Prefix": "!{timestamp:yyyy}/"},
        {"Prefix": "!{timestamp:yyyy}/", "ErrorOutputPrefix": "bad/!{timestamp:yyyy}/"},
        {"Prefix": "!{firehose:error-output-type}/", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "!{firehose:something}/", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "!{weather:yyyy}/", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "!{timestamp:yyyy", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "!{timestamp:{}/", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "!{partitionKeyFromQuery:k}/", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "a/", "ErrorOutputPrefix": "!{partitionKeyFromLambda:k}/!{firehose:error-output-type}/"},
        {"Prefix": "x" * 513},
        {"Prefix": "x" * 505 + "!{firehose:random-string}/", "ErrorOutputPrefix": ERRORS},
        {"Prefix": "x/", "ErrorOutputPrefix": "x" * 513},
        {"Prefix": "!{timestamp:zzzz}/", "ErrorOutputPrefix": ERRORS},
        {"CustomTimeZone": "Mars/Olympus"},
        {"FileExtension": "json"},
        {"FileExtension": ".JSON"},
        {"FileExtension": "." + "a" * 128},
    ],
)
def test_what_cannot_be_named_is_refused(firehose, bucket, flow, options):
    destination = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", **options}
    code, message = failure(
        firehose.create_delivery_stream, DeliveryStreamName=flow, ExtendedS3DestinationConfiguration=destination
    )
    assert code in ("InvalidArgumentException", "ValidationException") and message


ERROR_PREFIXES = [
    (None, "good/processing-failed/2031/07/11/22/"),
    ("oops/", "oops/processing-failed/2031/07/11/22/"),
    ("oops", "oopsprocessing-failed/2031/07/11/22/"),
    ("e/!{firehose:error-output-type}/", "e/processing-failed/"),
    ("e/!{timestamp:yyyy/MM}/!{firehose:error-output-type}-", "e/2031/07/processing-failed-"),
]


@pytest.mark.parametrize(("prefix", "folder"), ERROR_PREFIXES)
def test_an_error_prefix_is_evaluated(deliver, s3, bucket, flow, prefix, folder):
    options = {} if prefix is None else {"ErrorOutputPrefix": prefix}
    parts = processing(("RecordDeAggregation", {"SubRecordType": "JSON"}))
    key = deliver(["no json"], Prefix="good/", ProcessingConfiguration=parts, **options)
    assert folder_of(key, flow) == folder
    (error,) = documents(s3, bucket)
    assert base64.b64decode(error["rawData"]) == b"no json"
    assert error["arrivalTimestamp"] == AT_MS and error["errorCode"] and error["errorMessage"]


def test_error_objects_are_compressed_and_have_no_file_extension(server, firehose, s3, bucket, flow):
    parts = processing(("RecordDeAggregation", {"SubRecordType": "JSON"}))
    options = {"CompressionFormat": "GZIP", "FileExtension": ".j", "ErrorOutputPrefix": "bad/", "Prefix": "good/"}
    make(firehose, flow, bucket, ProcessingConfiguration=parts, **options)
    put(firehose, flow, ["{}", "no json"])
    flush(server, flow)
    (good,), (bad,) = keys(s3, bucket, "good/"), keys(s3, bucket, "bad/")
    assert folder_of(good, flow, ".j") == "good/2031/07/11/22/"
    assert folder_of(bad, flow, ".gz") == "bad/processing-failed/2031/07/11/22/"


def test_a_backup_holds_records_as_they_came(server, firehose, s3, bucket, flow):
    backup = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "Prefix": "backup/",
        "CompressionFormat": "GZIP",
        "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
    }
    make(
        firehose,
        flow,
        bucket,
        Prefix="main/",
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
        ProcessingConfiguration=processing(
            ("RecordDeAggregation", {"SubRecordType": "JSON"}), ("AppendDelimiterToRecord", {"Delimiter": "\\n"})
        ),
    )
    put(firehose, flow, ['{"a":1}{"a":2}', '{"a":3}'])
    flush(server, flow)
    ((main, body),) = bodies(s3, bucket, "main/").items()
    assert folder_of(main, flow) == "main/2031/07/11/22/"
    assert body == b'{"a":1}\n{"a":2}\n{"a":3}\n'
    ((copy, body),) = bodies(s3, bucket, "backup/").items()
    assert folder_of(copy, flow, ".gz") == "backup/2031/07/11/22/"
    assert body == b'{"a":1}{"a":2}{"a":3}'
