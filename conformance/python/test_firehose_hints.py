"""Buffering hints of every kind of destination, each alone: its size, its interval, and those of its bucket."""

import json
import tempfile
import urllib.request

import pytest
from conftest import running, until
from delivery import ROLE, bodies, keys, processing, put
from kinds import ALL, ALL_DATA, CONFIGURATION, NOWHERE, OF_RECORDS, configured, create, member_of, numbers, receiving
from receivers import FunctionStandIn, reply_to

AT_MS = 1941576307089
# The longest interval and the largest size of each kind.
SECONDS = {"Splunk": 60}
MEBIBYTES = {"Splunk": 5, "HttpEndpoint": 64, "OpenSearch": 100, "Elasticsearch": 100}


def clock(server, verb, body=None):
    url = f"{server.endpoint}/dev/clock/{verb}"
    request = urllib.request.Request(url, json.dumps(body or {}).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


def advance(server, seconds):
    clock(server, "advance", {"by_ms": seconds * 1000})


@pytest.fixture(scope="module")
def function():
    with FunctionStandIn(lambda event: reply_to(event, lambda data: ("Ok", data))) as function:
        yield function


@pytest.fixture(scope="module")
def server(function):
    """At a service time that moves only by hand: no interval is over by chance."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(f'[destinations.functions]\nclean = "{function.url}/clean"\n{CONFIGURATION}')
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            clock(server, "hold")
            clock(server, "set", {"to_ms": AT_MS})
            yield server


def documents(count, size=100):
    return [json.dumps({"n": n, "text": "x" * size}) for n in range(count)]


@pytest.mark.parametrize("kind", ALL)
def test_a_buffer_of_the_configured_size_is_delivered_without_its_interval(server, firehose, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        hints = {"SizeInMBs": 2, "IntervalInSeconds": SECONDS.get(kind, 900)}
        create(firehose, flow, kind, configured(kind, bucket, url, hints, Prefix="all/"))
        # Under 2 MiB: it stays. Then over.
        put(firehose, flow, documents(19, 100_000))
        assert arrived() == []
        put(firehose, flow, documents(4, 100_000))
        until(lambda: len(arrived()) >= 19, "a full buffer is not delivered")


@pytest.mark.parametrize("kind", ALL)
def test_a_buffer_is_delivered_after_the_configured_interval(server, firehose, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        hints = {"SizeInMBs": MEBIBYTES.get(kind, 128), "IntervalInSeconds": 60}
        create(firehose, flow, kind, configured(kind, bucket, url, hints, Prefix="all/"))
        put(firehose, flow, documents(1))
        advance(server, 59)
        put(firehose, flow, ['{"n":1}'])
        assert arrived() == []
        advance(server, 1)
        until(lambda: sorted(arrived()) == [0, 1], "a buffer that is due is not delivered")


@pytest.mark.parametrize("kind", ALL)
def test_an_interval_of_nothing_delivers_at_once(server, firehose, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        hints = {"SizeInMBs": MEBIBYTES.get(kind, 128), "IntervalInSeconds": 0}
        create(firehose, flow, kind, configured(kind, bucket, url, hints, Prefix="all/"))
        for count in range(1, 4):
            put(firehose, flow, [json.dumps({"n": count})])
            until(lambda: sorted(arrived()) == list(range(1, count + 1)), "it waits for an interval")


@pytest.mark.parametrize("kind", OF_RECORDS)
def test_the_bucket_of_failed_records_has_an_interval_of_its_own(server, firehose, s3, bucket, flow, kind):
    of_bucket = {"SizeInMBs": 128, "IntervalInSeconds": 300}
    hints = {"SizeInMBs": 5, "IntervalInSeconds": 0}
    configuration = configured(kind, bucket, NOWHERE, hints, BufferingHints=of_bucket, ErrorOutputPrefix="bad/")
    create(firehose, flow, kind, {**configuration, "RetryOptions": {"DurationInSeconds": 0}})
    put(firehose, flow, documents(1))
    advance(server, 299)
    assert keys(s3, bucket) == []
    # Its buffer began when the delivery had failed: somewhen in these 299 seconds.
    advance(server, 300)
    until(lambda: keys(s3, bucket, "bad/"), "what failed does not arrive")


@pytest.mark.parametrize("kind", OF_RECORDS)
def test_the_bucket_of_all_records_has_an_interval_and_a_size_of_its_own(server, firehose, s3, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        hints = {"SizeInMBs": 5, "IntervalInSeconds": 0}
        of_bucket = {"SizeInMBs": 1, "IntervalInSeconds": 100}
        configuration = configured(kind, bucket, url, hints, BufferingHints=of_bucket, Prefix="all/")
        create(firehose, flow, kind, {**configuration, "S3BackupMode": ALL_DATA[kind]})
        put(firehose, flow, documents(1))
        until(lambda: arrived() == [0], "it is not delivered")
        advance(server, 99)
        assert keys(s3, bucket) == []
        advance(server, 1)
        until(lambda: len(keys(s3, bucket)) == 1, "the backup's interval does not count")
        put(firehose, flow, documents(12, 100_000))
        until(lambda: len(keys(s3, bucket)) == 2, "the backup's size does not count")


@pytest.mark.parametrize("kind", ["ExtendedS3", "Redshift"])
def test_a_backup_of_what_came_in_has_an_interval_and_a_size_of_its_own(server, firehose, s3, bucket, flow, kind):
    hints = {"SizeInMBs": 128, "IntervalInSeconds": 900}
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "Prefix": "backup/"}
    backup["BufferingHints"] = {"SizeInMBs": 1, "IntervalInSeconds": 100}
    more = {"S3BackupMode": "Enabled", "S3BackupConfiguration": backup}
    create(firehose, flow, kind, configured(kind, bucket, NOWHERE, hints, Prefix="all/") | more)
    put(firehose, flow, documents(1))
    advance(server, 99)
    assert keys(s3, bucket) == []
    advance(server, 1)
    until(lambda: len(keys(s3, bucket, "backup/")) == 1, "the backup's interval does not count")
    put(firehose, flow, documents(12, 100_000))
    until(lambda: len(keys(s3, bucket, "backup/")) == 2, "the backup's size does not count")
    assert keys(s3, bucket, "all/") == []


@pytest.mark.parametrize("kind", ALL)
def test_hints_that_an_update_gives_hold_for_what_waits(server, firehose, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        hints = {"SizeInMBs": MEBIBYTES.get(kind, 128), "IntervalInSeconds": SECONDS.get(kind, 900)}
        create(firehose, flow, kind, configured(kind, bucket, url, hints, Prefix="all/"))
        put(firehose, flow, documents(1))
        advance(server, 30)
        assert arrived() == []
        update = member_of(kind).replace("Configuration", "Update")
        shorter = {"BufferingHints": hints | {"IntervalInSeconds": 40}}
        firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            **{update: {"S3Update": shorter} if kind == "Redshift" else shorter},
        )
        put(firehose, flow, ['{"n":1}'])
        advance(server, 11)
        until(lambda: sorted(arrived())[:1] == [0], "what waits keeps its old interval")


def of_function(**parameters):
    arn = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
    return {"ProcessingConfiguration": processing(("Lambda", {"LambdaArn": arn, **parameters}))}


@pytest.mark.parametrize("kind", ALL[1:])
def test_a_function_is_called_when_its_own_interval_is_over(server, function, firehose, bucket, flow, kind):
    function.events.clear()
    with receiving(kind, server, bucket) as (url, arrived):
        hints = {"SizeInMBs": MEBIBYTES.get(kind, 128), "IntervalInSeconds": 0}
        more = of_function(BufferIntervalInSeconds="200", BufferSizeInMBs="3")
        create(firehose, flow, kind, configured(kind, bucket, url, hints, Prefix="all/") | more)
        put(firehose, flow, documents(1))
        advance(server, 199)
        assert function.events == []
        put(firehose, flow, ['{"n":1}'])
        advance(server, 1)
        until(lambda: sorted(arrived()) == [0, 1], "the function's interval is over")
        assert function.faults == []


def test_a_function_is_called_when_its_own_buffer_is_full(server, function, firehose, s3, bucket, flow):
    function.events.clear()
    hints = {"SizeInMBs": 128, "IntervalInSeconds": 0}
    more = of_function(BufferIntervalInSeconds="900", BufferSizeInMBs="0.5")
    create(firehose, flow, "ExtendedS3", configured("ExtendedS3", bucket, NOWHERE, hints, Prefix="all/") | more)
    put(firehose, flow, documents(4, 100_000))
    assert function.events == []
    put(firehose, flow, documents(4, 100_000))
    until(lambda: function.events, "the function's buffer is full")
    until(lambda: sum(len(numbers(body)) for body in bodies(s3, bucket).values()) >= 5, "its answer does not arrive")
