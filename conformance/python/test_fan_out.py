"""Enhanced fan-out through boto3: consumers, and subscriptions over HTTP/1.1."""

import itertools
import threading

import pytest
from conftest import failure, make_stream, running, shards_of, wait_active

FIRST = "shardId-000000000000"
LATEST = {"Type": "LATEST"}
HORIZON = {"Type": "TRIM_HORIZON"}


def arn_of(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def register(kinesis, stream_arn, name, **options):
    """A consumer that can subscribe; its ARN."""
    arn = kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName=name, **options)["Consumer"]["ConsumerARN"]
    while True:
        described = kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]
        if described["ConsumerStatus"] == "ACTIVE":
            return arn


def subscribe(kinesis, consumer, position, shard=FIRST):
    """The events of a subscription as boto3 decodes them."""
    reply = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position)
    return (event["SubscribeToShardEvent"] for event in reply["EventStream"])


def records(events, count):
    """The next `count` records and the last event they came in."""
    found = []
    for event in events:
        found += event["Records"]
        if len(found) >= count:
            assert len(found) == count
            return found, event
    raise AssertionError(f"the subscription ended after {len(found)} records")


@pytest.fixture
def consumer(kinesis, stream):
    return register(kinesis, arn_of(kinesis, stream), "consumer-1")


def test_a_consumer_is_registered_described_listed_and_deregistered(kinesis, stream):
    stream_arn = arn_of(kinesis, stream)
    made = kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName="c", Tags={"k": "v"})["Consumer"]
    epoch = int(made["ConsumerCreationTimestamp"].timestamp())
    assert made["ConsumerARN"] == f"{stream_arn}/consumer/c:{epoch}"
    assert made["ConsumerStatus"] in ("CREATING", "ACTIVE")
    by_name = kinesis.describe_stream_consumer(StreamARN=stream_arn, ConsumerName="c")["ConsumerDescription"]
    by_arn = kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    assert by_name["StreamARN"] == by_arn["StreamARN"] == stream_arn
    for name in ("d", "e"):
        register(kinesis, stream_arn, name)
    pages = kinesis.get_paginator("list_stream_consumers")
    pages = pages.paginate(StreamARN=stream_arn, PaginationConfig={"PageSize": 2})
    assert [one["ConsumerName"] for page in pages for one in page["Consumers"]] == ["c", "d", "e"]
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 3
    taken = failure(kinesis.register_stream_consumer, StreamARN=stream_arn, ConsumerName="d")
    assert taken[0] == "ResourceInUseException"
    assert failure(kinesis.delete_stream, StreamName=stream)[0] == "ResourceInUseException"
    kinesis.deregister_stream_consumer(StreamARN=stream_arn, ConsumerName="d")
    kinesis.delete_stream(StreamName=stream, EnforceConsumerDeletion=True)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=stream, WaiterConfig={"Delay": 1})


def test_records_arrive_from_every_position(kinesis, stream):
    stream_arn = arn_of(kinesis, stream)
    put = [kinesis.put_record(StreamName=stream, Data=b"%d" % n, PartitionKey=f"k{n}") for n in range(5)]
    number = put[2]["SequenceNumber"]
    arrival = None
    for index, (position, expected) in enumerate([
        (HORIZON, [0, 1, 2, 3, 4]),
        ({"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": number}, [2, 3, 4]),
        ({"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number}, [3, 4]),
        ({"Type": "AT_TIMESTAMP", "Timestamp": 0}, [0, 1, 2, 3, 4]),
    ]):
        consumer = register(kinesis, stream_arn, f"c{index}")
        found, event = records(subscribe(kinesis, consumer, position), len(expected))
        assert [int(record["Data"]) for record in found] == expected
        assert [record["PartitionKey"] for record in found] == [f"k{n}" for n in expected]
        assert [record["SequenceNumber"] for record in found] == [put[n]["SequenceNumber"] for n in expected]
        assert event["MillisBehindLatest"] == 0
        assert int(event["ContinuationSequenceNumber"]) > int(put[4]["SequenceNumber"])
        arrival = found[0]["ApproximateArrivalTimestamp"]
    assert arrival is not None
    consumer = register(kinesis, stream_arn, "latest")
    events = subscribe(kinesis, consumer, LATEST)
    kinesis.put_record(StreamName=stream, Data=b"new", PartitionKey="k")
    assert records(events, 1)[0][0]["Data"] == b"new"


def test_many_consumers_get_what_is_put_meanwhile(kinesis, stream):
    stream_arn = arn_of(kinesis, stream)
    streams = [subscribe(kinesis, register(kinesis, stream_arn, f"c{n}"), HORIZON) for n in range(5)]
    found = {}

    def read(index, events):
        found[index] = [int(record["Data"]) for record in records(events, 200)[0]]

    threads = [threading.Thread(target=read, args=pair) for pair in enumerate(streams)]
    for thread in threads:
        thread.start()
    for n in range(200):
        kinesis.put_record(StreamName=stream, Data=b"%d" % n, PartitionKey="k")
    for thread in threads:
        thread.join(timeout=60)
    assert found == {index: list(range(200)) for index in range(5)}


def test_a_large_record_is_sent_whole(kinesis, stream, consumer):
    data = bytes(itertools.islice(itertools.cycle(range(256)), 1024 * 1024 - 1))
    kinesis.put_record(StreamName=stream, Data=data, PartitionKey="k")
    assert records(subscribe(kinesis, consumer, HORIZON), 1)[0][0]["Data"] == data


def test_an_idle_subscription_says_so_within_ten_seconds(kinesis, stream, consumer):
    event = next(subscribe(kinesis, consumer, LATEST))
    assert event["Records"] == [] and event["MillisBehindLatest"] == 0
    position = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    other = register(kinesis, arn_of(kinesis, stream), "other")
    assert records(subscribe(kinesis, other, position), 1)[0][0]["Data"] == b"x"


def test_a_split_ends_the_subscription_with_its_children(kinesis, stream, consumer):
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    events = subscribe(kinesis, consumer, HORIZON)
    records(events, 1)
    kinesis.split_shard(StreamName=stream, ShardToSplit=FIRST, NewStartingHashKey="1000")
    wait_active(kinesis, stream)
    last = list(events)[-1]
    assert "ContinuationSequenceNumber" not in last
    assert [child["ParentShards"] for child in last["ChildShards"]] == [[FIRST], [FIRST]]
    children = [shard["ShardId"] for shard in shards_of(kinesis, stream)][1:]
    assert [child["ShardId"] for child in last["ChildShards"]] == children


def test_the_first_five_seconds_belong_to_the_first_subscription(kinesis, stream, consumer):
    events = subscribe(kinesis, consumer, LATEST)
    code, text = failure(
        kinesis.subscribe_to_shard, ConsumerARN=consumer, ShardId=FIRST, StartingPosition=LATEST
    )
    assert code == "ResourceInUseException"
    assert text.startswith("Another active subscription exists for this consumer: ")
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    records(events, 1)


def test_a_later_subscription_takes_over(name, tmp_path):
    with running("--limits", "off", environment={"MILLSTREAM_CONFIG": config(tmp_path)}) as server:
        kinesis = server.client()
        make_stream(kinesis, name, 1)
        consumer = register(kinesis, arn_of(kinesis, name), "c")
        old = subscribe(kinesis, consumer, LATEST)
        new = subscribe(kinesis, consumer, LATEST)
        kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")
        with pytest.raises(Exception, match="Another active subscription exists"):
            list(old)
        records(new, 1)


def config(tmp_path):
    path = tmp_path / "millstream.toml"
    path.write_text("[limits]\nsubscription_take_over_ms = 0\n")
    return str(path)


def test_deregistration_ends_the_subscription(kinesis, stream, consumer):
    events = subscribe(kinesis, consumer, LATEST)
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        list(events)
    code, _ = failure(kinesis.subscribe_to_shard, ConsumerARN=consumer, ShardId=FIRST, StartingPosition=LATEST)
    assert code in ("ResourceNotFoundException", "ResourceInUseException")


def test_what_cannot_be_subscribed_to_is_refused(kinesis, stream, consumer):
    def code(**changed):
        given = {"ConsumerARN": consumer, "ShardId": FIRST, "StartingPosition": LATEST, **changed}
        return failure(kinesis.subscribe_to_shard, **given)[0]

    assert code(ShardId="shardId-000000000009") == "ResourceNotFoundException"
    assert code(ConsumerARN=consumer + "9") == "ResourceNotFoundException"
    assert code(StartingPosition={"Type": "AT_SEQUENCE_NUMBER"}) == "InvalidArgumentException"
    assert code(StartingPosition={"Type": "NEVER"}) == "ValidationException"
    assert code(DryRun=True) == "DryRunOperationException"


def test_a_server_that_stops_ends_its_subscriptions(name):
    with running("--limits", "off") as server:
        kinesis = server.client()
        make_stream(kinesis, name, 1)
        events = subscribe(kinesis, register(kinesis, arn_of(kinesis, name), "c"), LATEST)
        kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")
        records(events, 1)
        assert server.stop() == 0
        assert list(events) == []
