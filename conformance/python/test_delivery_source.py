"""A stream as the source of a delivery stream, while it is resharded; what producers aggregate."""

import json
import threading
import time
import urllib.request
import uuid

from aws_kinesis_agg.aggregator import RecordAggregator
from conftest import make_stream, running, shards_of, until, wait_active
from delivery import bodies, flush, logs, make, processing, unflushed

KEYS = [f"key {number}" for number in range(16)]


def arn_of(kinesis, stream):
    return kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]


class Producer(threading.Thread):
    """Puts numbers under each key until it is told to stop; a key's next number only after the one before."""

    def __init__(self, server, stream):
        super().__init__()
        self.kinesis = server.client(retries=10)
        self.stream, self.count, self.error = stream, 0, None
        self.stopping, self.put = threading.Event(), threading.Condition()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.once()
        except Exception as error:  # noqa: BLE001 - told to the test
            self.error = error
        with self.put:
            self.put.notify_all()

    def once(self):
        entries = [{"Data": f"{key}:{self.count}\n".encode(), "PartitionKey": key} for key in KEYS]
        while entries:
            reply = self.kinesis.put_records(StreamName=self.stream, Records=entries)
            entries = [entry for entry, told in zip(entries, reply["Records"]) if "ErrorCode" in told]
        with self.put:
            self.count += 1
            self.put.notify_all()

    def wait_for(self, more):
        """Returns when so many more have been put."""
        with self.put:
            target = self.count + more
            assert self.put.wait_for(lambda: self.count >= target or self.error, timeout=60)
            assert self.error is None, self.error

    def stop(self):
        self.stopping.set()
        self.join(60)
        assert self.error is None, self.error


def split(kinesis, stream, shard):
    (found,) = [entry for entry in shards_of(kinesis, stream) if entry["ShardId"] == shard]
    first, last = (int(found["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    middle = str((first + last + 1) // 2)
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard, NewStartingHashKey=middle)
    wait_active(kinesis, stream)


def merge(kinesis, stream, shard, other):
    kinesis.merge_shards(StreamName=stream, ShardToMerge=shard, AdjacentShardToMerge=other)
    wait_active(kinesis, stream)


def delivered(s3, bucket):
    """The numbers of each key, object after object."""
    found = {key: [] for key in KEYS}
    # The names begin with the time of their oldest record; what has the same second is told apart by last change.
    objects = [
        (entry["LastModified"], entry["Key"])
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for entry in page.get("Contents", [])
    ]
    content = bodies(s3, bucket)
    for _, key in sorted(objects):
        for line in content[key].decode().splitlines():
            name, number = line.split(":")
            found[name].append(int(number))
    return found


def test_nothing_is_lost_or_twice_while_shards_split_and_merge(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 1)
    make(firehose, flow, bucket, source=arn_of(kinesis, name))
    producer = Producer(server, name)
    producer.start()
    producer.wait_for(5)
    split(kinesis, name, "shardId-000000000000")
    producer.wait_for(5)
    flush(server, flow)
    split(kinesis, name, "shardId-000000000001")
    producer.wait_for(5)
    merge(kinesis, name, "shardId-000000000004", "shardId-000000000002")
    producer.wait_for(5)
    merge(kinesis, name, "shardId-000000000003", "shardId-000000000005")
    producer.wait_for(5)
    producer.stop()
    flush(server, flow)
    found = delivered(s3, bucket)
    expected = list(range(producer.count))
    assert {key: sorted(numbers) for key, numbers in found.items()} == dict.fromkeys(KEYS, expected)


def test_an_object_has_a_keys_records_in_order_over_a_split(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 2)
    make(firehose, flow, bucket, source=arn_of(kinesis, name))
    producer = Producer(server, name)
    for _ in range(20):
        producer.once()
    split(kinesis, name, "shardId-000000000000")
    for _ in range(20):
        producer.once()
    merge(kinesis, name, "shardId-000000000003", "shardId-000000000001")
    for _ in range(20):
        producer.once()
    flush(server, flow)
    assert len(bodies(s3, bucket)) == 1
    assert delivered(s3, bucket) == {key: list(range(60)) for key in KEYS}


def test_a_split_survives_the_servers_death(name):
    with running("--limits", "off") as server:
        kinesis, firehose, s3 = server.client(), server.client("firehose"), server.client("s3")
        s3.create_bucket(Bucket="bucket")
        make_stream(kinesis, name, 1)
        make(firehose, "flow", "bucket", source=arn_of(kinesis, name))
        producer = Producer(server, name)
        producer.once()
        flush(server, "flow")
        producer.once()
        split(kinesis, name, "shardId-000000000000")
        producer.once()
        server.restart()
        producer.kinesis = server.client(retries=10)
        producer.once()
        flush(server, "flow")
        found = delivered(server.client("s3"), "bucket")
        assert {key: sorted(numbers) for key, numbers in found.items()} == {key: list(range(4)) for key in KEYS}


def aggregates(values, size):
    """Records as the producer library makes them, of `size` values each."""
    for at in range(0, len(values), size):
        aggregator = RecordAggregator()
        for value in values[at : at + size]:
            aggregator.add_user_record(f"key {value}", value)
        key, _, data = aggregator.clear_and_get().get_contents()
        yield {"Data": data, "PartitionKey": key}


def test_a_producers_aggregates_are_taken_apart(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 2)
    make(firehose, flow, bucket, source=arn_of(kinesis, name))
    values = [b"value %d\n" % number for number in range(1000)]
    entries = [*aggregates(values[:900], 90), *({"Data": value, "PartitionKey": "k"} for value in values[900:])]
    assert kinesis.put_records(StreamName=name, Records=entries)["FailedRecordCount"] == 0
    flush(server, flow)
    assert sorted(b"".join(bodies(s3, bucket).values()).splitlines(keepends=True)) == sorted(values)


def test_aggregates_of_one_shard_keep_their_order(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 1)
    processors = [{"Type": "AppendDelimiterToRecord", "Parameters": []}]
    processing = {"Enabled": True, "Processors": processors}
    make(firehose, flow, bucket, source=arn_of(kinesis, name), ProcessingConfiguration=processing)
    values = [b"value %d" % number for number in range(300)]
    for entry in aggregates(values, 7):
        kinesis.put_record(StreamName=name, **entry)
    flush(server, flow)
    assert list(bodies(s3, bucket).values()) == [b"".join(value + b"\n" for value in values)]


def test_what_only_looks_like_an_aggregate_is_delivered_as_it_is(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 1)
    make(firehose, flow, bucket, source=arn_of(kinesis, name))
    (entry,) = aggregates([b"a", b"b"], 2)
    broken = entry["Data"][:-1] + bytes([entry["Data"][-1] ^ 1])
    for data in (broken, entry["Data"][:4], b"end"):
        kinesis.put_record(StreamName=name, Data=data, PartitionKey="k")
    flush(server, flow)
    assert b"".join(bodies(s3, bucket).values()) == broken + entry["Data"][:4] + b"end"


def test_a_direct_put_is_never_taken_apart(server, firehose, s3, bucket, flow):
    make(firehose, flow, bucket)
    (entry,) = aggregates([b"a", b"b"], 2)
    firehose.put_record(DeliveryStreamName=flow, Record={"Data": entry["Data"]})
    flush(server, flow)
    assert list(bodies(s3, bucket).values()) == [entry["Data"]]


def test_a_deleted_source_leaves_what_was_planned(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 1)
    make(firehose, flow, bucket, source=arn_of(kinesis, name))
    kinesis.put_record(StreamName=name, Data=b"kept\n", PartitionKey="k")
    flush(server, flow)
    kinesis.delete_stream(StreamName=name)
    until(lambda: "was deleted" in (unflushed(server, flow) or ""))
    assert list(bodies(s3, bucket).values()) == [b"kept\n"]
    firehose.delete_delivery_stream(DeliveryStreamName=flow)


def test_delivery_begins_at_the_latest_of_a_resharded_stream(server, kinesis, firehose, s3, bucket, name, flow):
    make_stream(kinesis, name, 1)
    producer = Producer(server, name)
    producer.once()
    split(kinesis, name, "shardId-000000000000")
    producer.once()
    make(firehose, flow, bucket, source=arn_of(kinesis, name))
    producer.once()
    merge(kinesis, name, "shardId-000000000001", "shardId-000000000002")
    producer.once()
    flush(server, flow)
    found = delivered(s3, bucket)
    assert {key: sorted(numbers) for key, numbers in found.items()} == dict.fromkeys(KEYS, [2, 3])


def test_shards_that_have_expired_do_not_hold_their_children_back(name):
    with running("--limits", "off") as server:
        kinesis, firehose, s3 = server.client(), server.client("firehose"), server.client("s3")
        s3.create_bucket(Bucket="bucket")
        make_stream(kinesis, name, 1)
        make(firehose, "flow", "bucket", source=arn_of(kinesis, name))
        producer = Producer(server, name)
        producer.once()
        split(kinesis, name, "shardId-000000000000")
        producer.once()
        flush(server, "flow")
        advance(server, 25 * 3_600_000)
        deadline = time.monotonic() + 60
        while any(shard["ShardId"] == "shardId-000000000000" for shard in shards_of(kinesis, name)):
            assert time.monotonic() < deadline, "the parent does not expire"
            time.sleep(0.05)
        producer.once()
        merge(kinesis, name, "shardId-000000000001", "shardId-000000000002")
        producer.once()
        flush(server, "flow")
        server.restart()
        producer.kinesis = server.client(retries=10)
        producer.once()
        flush(server, "flow")
        found = delivered(server.client("s3"), "bucket")
        assert {key: sorted(numbers) for key, numbers in found.items()} == dict.fromkeys(KEYS, [0, 1, 2, 3, 4])


def advance(server, by_ms):
    body = json.dumps({"by_ms": by_ms}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/dev/clock/advance", data=body)).close()


def lost(server, flow):
    with urllib.request.urlopen(f"{server.endpoint}/metrics") as reply:
        lines = reply.read().decode().splitlines()
    counts = [line.split()[-1] for line in lines if line.startswith("millstream_firehose_lost_records_total") and flow in line]
    return sum(int(float(count)) for count in counts)


def test_what_is_kept_of_a_deleted_stream_ends_with_its_retention(server, kinesis, firehose, name, flow):
    make_stream(kinesis, name, 1)
    logging = {"Enabled": True, "LogGroupName": "delivery", "LogStreamName": "s3"}
    make(
        firehose,
        flow,
        f"nowhere-{uuid.uuid4().hex[:12]}",
        source=arn_of(kinesis, name),
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 0},
        Prefix="k=!{partitionKeyFromQuery:k}/",
        ErrorOutputPrefix="errors/",
        CloudWatchLoggingOptions=logging,
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processing(
            ("MetadataExtraction", {"MetadataExtractionQuery": "{k:.k}", "JsonParsingEngine": "JQ-1.6"})
        ),
    )
    kinesis.put_record(StreamName=name, PartitionKey="a", Data=b'{"k":"v"}\n')
    until(lambda: logs(server, flow))
    kinesis.delete_stream(StreamName=name)
    until(lambda: name not in kinesis.list_streams()["StreamNames"])
    assert lost(server, flow) == 0
    body = json.dumps({"by_ms": 25 * 3600 * 1000}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/dev/clock/advance", data=body)).close()
    # What waits for its next attempt makes it at once.
    assert "was deleted" in unflushed(server, flow)
    assert lost(server, flow) == 1
