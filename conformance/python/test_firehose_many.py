"""Many delivery streams at once, names and tags at their limits, and pages of lists.

MILLSTREAM_DELIVERY_STREAMS says how many.
"""

import collections
import concurrent.futures
import os
import uuid

import pytest
from conftest import failure, insist, running, until
from delivery import ROLE, bodies, flush, keys, make, put

MANY = int(os.environ.get("MILLSTREAM_DELIVERY_STREAMS", "200"))
THREADS = 8


def pages(firehose, **page):
    """All names, page by page."""
    names, after = [], {}
    while True:
        reply = firehose.list_delivery_streams(**page, **after)
        names += reply["DeliveryStreamNames"]
        assert len(reply["DeliveryStreamNames"]) <= page.get("Limit", 10)
        if not reply["HasMoreDeliveryStreams"]:
            return names
        after = {"ExclusiveStartDeliveryStreamName": names[-1]}


def test_many_delivery_streams_deliver_are_listed_outlive_a_crash_and_go():
    names = [f"flow-{n:04}" for n in range(MANY)]
    pool = concurrent.futures.ThreadPoolExecutor(THREADS)
    with running("--limits", "off") as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="many")

        def clients():
            return server.client("firehose", config={"max_pool_connections": THREADS})

        firehose = clients()
        hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
        list(pool.map(lambda name: make(firehose, name, "many", Prefix=f"{name}/", BufferingHints=hints), names))
        assert pages(firehose) == names
        assert pages(firehose, Limit=7, DeliveryStreamType="DirectPut") == names
        assert pages(firehose, Limit=7, DeliveryStreamType="KinesisStreamAsSource") == []
        list(pool.map(lambda name: put(firehose, name, [f"{name}:1"]), names))
        server.restart()
        firehose, s3 = clients(), server.client("s3")
        assert pages(firehose, Limit=10000) == names

        def put_again(name):
            unavailable = firehose.exceptions.ServiceUnavailableException
            return insist(lambda: put(firehose, name, [f"{name}:2"]), unavailable, "it takes no records", 120)

        list(pool.map(put_again, names))
        until(lambda: len(keys(s3, "many")) >= 2 * MANY, "not all is delivered", 120)
        found = collections.Counter()
        for key, body in bodies(s3, "many").items():
            name = body[:9].decode()
            assert key.startswith(f"{name}/"), "an object of another delivery stream"
            found.update(body.replace(b"flow", b" flow").split())
        assert found == {f"{name}:{n}".encode(): 1 for name in names for n in (1, 2)}
        list(pool.map(lambda name: firehose.delete_delivery_stream(DeliveryStreamName=name), names))
        until(lambda: not pages(firehose, Limit=10000), "not all are gone", 120)


def codes(calls):
    """What becomes of calls that are made at once."""

    def code(call):
        try:
            call()
        except Exception as error:
            return error.response["Error"]["Code"]
        return "done"

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return collections.Counter(pool.map(code, calls))


def test_one_of_those_who_create_a_name_at_once_has_it(server):
    firehose = server.client("firehose", config={"max_pool_connections": THREADS})
    for _ in range(10):
        name = f"flow-{uuid.uuid4().hex[:12]}"

        def create(number, name=name):
            bucket = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::bucket-{number}"}
            firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=bucket)

        found = codes([lambda number=number: create(number) for number in range(THREADS)])
        assert found == {"done": 1, "ResourceInUseException": THREADS - 1}


def test_one_of_those_who_update_a_version_at_once_wins(server):
    firehose = server.client("firehose", config={"max_pool_connections": THREADS})
    name = f"flow-{uuid.uuid4().hex[:12]}"
    make(firehose, name, "bucket")
    for version in range(1, 11):

        def update(number, version=version):
            firehose.update_destination(
                DeliveryStreamName=name,
                CurrentDeliveryStreamVersionId=str(version),
                DestinationId="destinationId-000000000001",
                ExtendedS3DestinationUpdate={"Prefix": f"{version}-{number}/"},
            )

        found = codes([lambda number=number: update(number) for number in range(THREADS)])
        assert found == {"done": 1, "ConcurrentModificationException": THREADS - 1}
        shown = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        assert shown["VersionId"] == str(version + 1)


@pytest.mark.parametrize("name", ["a", "x" * 64, "A.b_C-9", ".", "..", "-", "_", "0", "con", "LPT1.txt"])
def test_a_name_at_its_limits_works_and_is_that_of_objects(server, firehose, s3, name):
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    arn = make(firehose, name, bucket, Prefix="p/", CompressionFormat="GZIP")
    assert arn.endswith(f":deliverystream/{name}")
    put(firehose, name, ["one"])
    flush(server, name)
    ((key, body),) = bodies(s3, bucket).items()
    assert key.rpartition("/")[2].startswith(f"{name}-1-2") and body == b"one"
    assert name in firehose.list_delivery_streams(Limit=10000)["DeliveryStreamNames"]
    firehose.delete_delivery_stream(DeliveryStreamName=name)


@pytest.mark.parametrize("name", ["x" * 65, "a b", "a/b", "ä", "a:b", "a\n", "\N{GREEK SMALL LETTER ALPHA}", "a*"])
def test_a_name_that_cannot_be_is_refused(firehose, name):
    destination = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket"}
    code, _ = failure(
        firehose.create_delivery_stream, DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination
    )
    assert code == "ValidationException"
    code, _ = failure(firehose.describe_delivery_stream, DeliveryStreamName=name)
    assert code == "ValidationException"


def test_names_that_differ_in_case_are_two(server, firehose, s3):
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    for name in ("Case", "case"):
        make(firehose, name, bucket, Prefix=f"{name}-of/")
        put(firehose, name, [name])
        flush(server, name)
    assert sorted(bodies(s3, bucket).values()) == [b"Case", b"case"]
    assert all(key.startswith(f"{body.decode()}-of/") for key, body in bodies(s3, bucket).items())


def test_a_list_begins_after_a_name_that_need_not_exist(firehose):
    prefix = f"list-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}{rest}" for rest in ("", "-", "-1", ".", ".a", "0", "A", "Z", "_", "a", "z")]
    for name in reversed(names):
        make(firehose, name, "bucket")

    def after(start, **page):
        reply = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName=start, Limit=10000, **page)
        return [name for name in reply["DeliveryStreamNames"] if name.startswith(prefix)]

    assert after(prefix[:-1]) == names
    for number, name in enumerate(names):
        assert after(name) == names[number + 1:]
    assert after(f"{prefix}-0") == names[2:]
    assert after(f"{prefix}zz") == []


# In characters, not in bytes: the longest key and the longest value.
TAGS = [
    {"Key": "ключ" * 32, "Value": "значение" * 32},
    {"Key": "\N{CJK UNIFIED IDEOGRAPH-6F22}" * 128, "Value": "\N{CJK UNIFIED IDEOGRAPH-5B57}" * 256},
    {"Key": "é", "Value": ""},
    {"Key": "a b_c.d:e/f=g+h-i@j", "Value": " %& is no letter".replace("%&", "\N{ROMAN NUMERAL SIX}")},
]


def test_tags_are_texts_of_unicode(firehose):
    name = f"tags-{uuid.uuid4().hex[:12]}"
    make(firehose, name, "bucket")
    firehose.tag_delivery_stream(DeliveryStreamName=name, Tags=TAGS)
    expected = sorted(TAGS, key=lambda tag: tag["Key"])
    listed = []
    while True:
        after = {"ExclusiveStartTagKey": listed[-1]["Key"]} if listed else {}
        page = firehose.list_tags_for_delivery_stream(DeliveryStreamName=name, Limit=1, **after)
        listed += page["Tags"]
        if not page["HasMoreTags"]:
            break
    assert listed == expected
    firehose.untag_delivery_stream(DeliveryStreamName=name, TagKeys=[tag["Key"] for tag in TAGS[:2]])
    left = firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"]
    assert left == [tag for tag in expected if tag not in TAGS[:2]]


@pytest.mark.parametrize(
    "tag",
    [
        {"Key": "ä" * 129},
        {"Key": "k", "Value": "ä" * 257},
        {"Key": "k", "Value": "a\nb"},
        {"Key": "<", "Value": ""},
        {"Key": "k", "Value": "\N{PILE OF POO}"},
        {"Key": "aws:k"},
    ],
)
def test_a_tag_that_cannot_be_is_refused(firehose, tag):
    name = f"tags-{uuid.uuid4().hex[:12]}"
    make(firehose, name, "bucket")
    code, _ = failure(firehose.tag_delivery_stream, DeliveryStreamName=name, Tags=[{"Key": "good"}, tag])
    assert code in ("ValidationException", "InvalidArgumentException")
    assert firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"] == []
