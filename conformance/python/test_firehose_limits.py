"""Quotas and limits of Firehose under `--limits aws`, at a service time that moves only by hand."""

import collections
import contextlib
import json
import tempfile
import time
import urllib.request

import pytest
from conftest import failure, running, until
from delivery import ROLE, bodies, flush

MIB = 1024 * 1024
DESTINATION = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::kept"}


def clock(server, verb, body=None):
    url = f"{server.endpoint}/dev/clock/{verb}"
    request = urllib.request.Request(url, json.dumps(body or {}).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.loads(reply.read())


class Place:
    """A server at a time that stands still, with one delivery stream."""

    def __init__(self, server):
        self.server = server
        self.firehose, self.s3 = server.client("firehose"), server.client("s3")
        clock(server, "hold")
        self.s3.create_bucket(Bucket="kept")
        self.make("flow")

    def second(self, count=1):
        clock(self.server, "advance", {"by_ms": 1000 * count})

    def make(self, name, **more):
        self.second()
        self.firehose.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=DESTINATION, **more
        )
        self.until(name, lambda shown: shown["DeliveryStreamStatus"] == "ACTIVE")

    def describe(self, name="flow"):
        self.second()
        return self.firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]

    def until(self, name, holds):
        until(lambda: holds(self.describe(name)))

    def put(self, records, name="flow"):
        return self.firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": data} for data in records])

    def lines(self, name="flow"):
        flush(self.server, name)
        return b"".join(bodies(self.s3, "kept").values()).splitlines()


@contextlib.contextmanager
def limited(**limits):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write("[limits]\n" + "".join(f"{name} = {value}\n" for name, value in limits.items()))
        config.flush()
        with running("--limits", "aws", "--config", config.name) as server:
            yield Place(server)


@pytest.fixture
def place():
    with limited() as place:
        yield place


def outcome(call, **arguments):
    try:
        call(**arguments)
    except Exception as error:
        return error.response["Error"]["Code"]
    return "done"


def test_each_operation_has_five_calls_a_second_of_its_own(place):
    flow = {"DeliveryStreamName": "flow"}
    calls = {
        "describe_delivery_stream": lambda n: flow,
        "list_delivery_streams": lambda n: {},
        "list_tags_for_delivery_stream": lambda n: flow,
        "tag_delivery_stream": lambda n: flow | {"Tags": [{"Key": "k", "Value": str(n)}]},
        "untag_delivery_stream": lambda n: flow | {"TagKeys": ["k"]},
        "create_delivery_stream": lambda n: {
            "DeliveryStreamName": f"new-{n}", "ExtendedS3DestinationConfiguration": DESTINATION,
        },
        "update_destination": lambda n: flow | {
            "CurrentDeliveryStreamVersionId": str(n + 1),
            "DestinationId": "destinationId-000000000001",
            "ExtendedS3DestinationUpdate": {"Prefix": f"{n}/"},
        },
        "start_delivery_stream_encryption": lambda n: flow,
        "stop_delivery_stream_encryption": lambda n: flow,
        "delete_delivery_stream": lambda n: {"DeliveryStreamName": "flow"},
    }
    for operation, arguments in calls.items():
        place.second()
        found = collections.Counter(
            outcome(getattr(place.firehose, operation), **arguments(n)) for n in range(7)
        )
        if operation == "delete_delivery_stream":
            # What is not there, or not any more, has no rate.
            assert found["done"] >= 1 and set(found) <= {"done", "ResourceNotFoundException", "ThrottlingException"}
            continue
        assert found["ThrottlingException"] == 2, (operation, found)
        place.second()
        assert outcome(getattr(place.firehose, operation), **arguments(7)) != "ThrottlingException", operation


def test_what_a_second_takes_is_put_and_the_rest_is_refused_record_by_record(place):
    place.second()
    first = [f"a{n:03} ".encode() + b"x" * (8 * 1024 - 6) + b"\n" for n in range(500)]
    second = [b"b" + record[1:] for record in first]
    assert place.put(first)["FailedPutCount"] == 0
    reply = place.put(second)
    # 5 MiB are 640 of these records, and the last may go over it.
    taken = [n for n, entry in enumerate(reply["RequestResponses"]) if "RecordId" in entry]
    assert taken == list(range(len(taken))) and 130 <= len(taken) <= 141, len(taken)
    assert reply["FailedPutCount"] == 500 - len(taken)
    for entry in reply["RequestResponses"][len(taken):]:
        assert entry == {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
    code, message = failure(place.firehose.put_record, DeliveryStreamName="flow", Record={"Data": b"c"})
    assert (code, message) == ("ServiceUnavailableException", "Slow down.")
    place.second()
    place.firehose.put_record(DeliveryStreamName="flow", Record={"Data": b"d000\n"})
    expected = [line[:4] for line in first] + [second[n][:4] for n in taken] + [b"d000"]
    assert sorted(line[:4] for line in place.lines()) == sorted(expected)


def test_records_and_calls_of_a_second_are_counted_for_each_delivery_stream():
    with limited(firehose_put_records_per_second=10, firehose_put_requests_per_second=3) as place:
        place.make("other")
        place.second()
        assert place.put([b"x"] * 8)["FailedPutCount"] == 0
        assert place.put([b"x"] * 8)["FailedPutCount"] == 6
        assert place.put([b"x"] * 8, "other")["FailedPutCount"] == 0
        assert place.put([b"x"] * 8)["FailedPutCount"] == 8
        code, _ = failure(place.put, records=[b"x"])
        assert code == "ServiceUnavailableException", "a fourth call in a second"
        place.second()
        assert place.put([b"x"] * 8)["FailedPutCount"] == 0
        flush(place.server, "flow")
        assert b"".join(bodies(place.s3, "kept").values()) == b"x" * 18


def test_the_sizes_of_a_put_are_kept_to_the_byte(place):
    record = b"x" * 1_024_000
    place.second()
    assert place.put([record])["FailedPutCount"] == 0
    place.second()
    code, message = failure(place.put, records=[b"good", record + b"x", b"good"])
    assert code == "ValidationException" and "data" in message.lower(), message
    code, _ = failure(place.firehose.put_record, DeliveryStreamName="flow", Record={"Data": record + b"x"})
    assert code == "ValidationException"
    code, _ = failure(place.put, records=[b"y"] * 501)
    assert code == "ValidationException"
    exact = [record] * 4 + [b"z" * (4 * MIB - 4 * len(record))]
    assert place.put(exact)["FailedPutCount"] == 0
    place.second(2)
    code, message = failure(place.put, records=[*exact, b"y"])
    assert code == "InvalidArgumentException" and "4 MB" in message, message
    assert place.put([b"w"] * 500)["FailedPutCount"] == 0
    assert place.put([b""])["FailedPutCount"] == 0
    flush(place.server, "flow")
    found = collections.Counter(b"".join(bodies(place.s3, "kept").values()))
    assert found == {ord("x"): 5 * len(record), ord("z"): len(exact[-1]), ord("w"): 500}


def test_an_account_has_so_many_delivery_streams_and_no_more():
    with limited(firehose_delivery_streams_max=3) as place:
        place.make("second")
        place.make("third")
        code, message = failure(place.make, name="fourth")
        assert code == "LimitExceededException", message
        place.second()
        place.server.client("firehose", region="us-east-1").create_delivery_stream(
            DeliveryStreamName="fourth", ExtendedS3DestinationConfiguration=DESTINATION
        )
        place.firehose.delete_delivery_stream(DeliveryStreamName="second")
        deadline = time.monotonic() + 60
        while "second" in (place.second(), place.firehose.list_delivery_streams())[1]["DeliveryStreamNames"]:
            assert time.monotonic() < deadline, "it is not deleted"
        place.make("fourth")


def test_a_delivery_stream_has_fifty_tags_and_no_more(place):
    tags = [{"Key": f"k{n:02}", "Value": str(n)} for n in range(50)]
    place.make("tagged", Tags=tags)
    code, message = failure(place.make, name="too-many", Tags=[*tags, {"Key": "more"}])
    assert code in ("ValidationException", "LimitExceededException"), message
    one_too_many = [{"Key": "k00", "Value": "x"}, {"Key": "l"}]
    code, message = failure(place.firehose.tag_delivery_stream, DeliveryStreamName="tagged", Tags=one_too_many)
    assert code == "LimitExceededException", message
    place.firehose.tag_delivery_stream(DeliveryStreamName="tagged", Tags=[{"Key": "k00", "Value": "new"}])
    place.second()
    shown = place.firehose.list_tags_for_delivery_stream(DeliveryStreamName="tagged")
    assert shown["Tags"] == [{"Key": "k00", "Value": "new"}, *tags[1:]] and not shown["HasMoreTags"]


def test_encryption_changes_twenty_five_times_a_day(place):
    starts, stops = place.firehose.start_delivery_stream_encryption, place.firehose.stop_delivery_stream_encryption

    def change(number):
        place.second()
        (stops if number % 2 else starts)(DeliveryStreamName="flow")
        status = "DISABLED" if number % 2 else "ENABLED"
        place.until("flow", lambda shown: shown["DeliveryStreamEncryptionConfiguration"]["Status"] == status)

    for number in range(25):
        change(number)
    code, message = failure(change, number=25)
    assert code == "LimitExceededException", message
    place.second(24 * 3600)
    change(25)


def test_what_a_new_delivery_stream_may_not_yet():
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write("[limits]\nfirehose_transition_delay_ms = 60000\n")
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            clock(server, "hold")
            firehose = server.client("firehose")
            firehose.create_delivery_stream(
                DeliveryStreamName="flow", ExtendedS3DestinationConfiguration=DESTINATION
            )
            shown = firehose.describe_delivery_stream(DeliveryStreamName="flow")["DeliveryStreamDescription"]
            assert shown["DeliveryStreamStatus"] == "CREATING"
            flow = {"DeliveryStreamName": "flow"}
            update = {
                "CurrentDeliveryStreamVersionId": "1",
                "DestinationId": "destinationId-000000000001",
                "ExtendedS3DestinationUpdate": {"Prefix": "p/"},
            }
            assert outcome(firehose.put_record, **flow, Record={"Data": b"x"}) == "ResourceNotFoundException"
            assert outcome(firehose.update_destination, **flow, **update) == "ResourceInUseException"
            assert outcome(firehose.start_delivery_stream_encryption, **flow) == "ResourceInUseException"
            assert outcome(firehose.delete_delivery_stream, **flow) == "ResourceInUseException"
            again = flow | {"ExtendedS3DestinationConfiguration": DESTINATION}
            assert outcome(firehose.create_delivery_stream, **again) == "ResourceInUseException"
            assert "flow" in firehose.list_delivery_streams()["DeliveryStreamNames"]
