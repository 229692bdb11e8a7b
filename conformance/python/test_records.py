"""Records: put one, put many, read them back from every kind of position."""

import datetime
import hashlib
import time

import pytest
from conftest import drain, failure, iterator, make_stream

SHARD = "shardId-000000000000"


def test_what_is_put_comes_back_as_it_was(kinesis, stream):
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=5)
    payloads = [b"", b"\x00\xff" * 100, "ünï".encode(), bytes(range(256))]
    numbers = []
    for index, payload in enumerate(payloads):
        reply = kinesis.put_record(StreamName=stream, Data=payload, PartitionKey=f"ключ-{index}")
        assert reply["ShardId"] == SHARD
        numbers.append(int(reply["SequenceNumber"]))
        assert len(reply["SequenceNumber"]) == 56
    assert numbers == sorted(set(numbers))
    records, last = drain(kinesis, stream, SHARD)
    assert [record["Data"] for record in records] == payloads
    assert [record["PartitionKey"] for record in records] == [f"ключ-{n}" for n in range(4)]
    assert [int(record["SequenceNumber"]) for record in records] == numbers
    assert all(record["ApproximateArrivalTimestamp"] > before for record in records)
    assert last["MillisBehindLatest"] == 0 and "ChildShards" not in last


def test_records_go_to_the_shard_of_their_hash_key(kinesis, name):
    make_stream(kinesis, name, 4)
    shards = kinesis.list_shards(StreamName=name)["Shards"]

    def expected(position):
        for shard in shards:
            low, high = (int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
            if low <= position <= high:
                return shard["ShardId"]

    keys = [f"key-{n}" for n in range(100)]
    reply = kinesis.put_records(
        StreamName=name, Records=[{"Data": key.encode(), "PartitionKey": key} for key in keys]
    )
    assert reply["FailedRecordCount"] == 0
    for key, entry in zip(keys, reply["Records"]):
        assert entry["ShardId"] == expected(int(hashlib.md5(key.encode()).hexdigest(), 16))
        assert "ErrorCode" not in entry
    for position in (0, 2**128 - 1, 2**127, 2**126 - 1, 2**126):
        entry = kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k", ExplicitHashKey=str(position))
        assert entry["ShardId"] == expected(position)


def test_put_records_keeps_order_and_takes_five_hundred(kinesis, stream):
    entries = [{"Data": b"%d" % n, "PartitionKey": str(n)} for n in range(500)]
    reply = kinesis.put_records(StreamName=stream, Records=entries)
    assert len(reply["Records"]) == 500
    numbers = [int(entry["SequenceNumber"]) for entry in reply["Records"]]
    assert numbers == sorted(set(numbers))
    records, _ = drain(kinesis, stream, SHARD)
    assert [record["Data"] for record in records] == [entry["Data"] for entry in entries]
    code, message = failure(kinesis.put_records, StreamName=stream, Records=entries + entries[:1])
    assert code == "ValidationException"
    assert message.startswith("1 validation error detected: Value '")
    assert message.endswith(
        "at 'records' failed to satisfy constraint: Member must have length less than or equal to 500")


def test_the_limits_of_a_record_and_of_a_request(kinesis, stream):
    mebibyte = 1024 * 1024
    kinesis.put_record(StreamName=stream, Data=b"x" * (mebibyte - 3), PartitionKey="key")
    code, _ = failure(kinesis.put_record, StreamName=stream, Data=b"x" * (mebibyte - 2), PartitionKey="key")
    assert code in ("ValidationException", "InvalidArgumentException")
    big = {"Data": b"y" * (mebibyte - 1), "PartitionKey": "k"}
    assert kinesis.put_records(StreamName=stream, Records=[big] * 10)["FailedRecordCount"] == 0
    code, message = failure(kinesis.put_records, StreamName=stream, Records=[big] * 10 + [
        {"Data": b"", "PartitionKey": "k"}])
    assert code == "InvalidArgumentException", message
    records, _ = drain(kinesis, stream, SHARD)
    assert len(records) == 11


def test_sequence_number_for_ordering_is_exceeded(kinesis, stream):
    last = None
    for n in range(20):
        options = {"SequenceNumberForOrdering": last} if last else {}
        number = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k", **options)["SequenceNumber"]
        assert last is None or int(number) > int(last)
        last = number
    for bad in ("0" * 3 + "1", "-1", "x", str(2**200)):
        code, _ = failure(kinesis.put_record, StreamName=stream, Data=b"x", PartitionKey="k",
                          SequenceNumberForOrdering=bad)
        assert code in ("InvalidArgumentException", "ValidationException")


def test_a_dry_run_changes_nothing(kinesis, stream):
    code, _ = failure(kinesis.put_record, StreamName=stream, Data=b"x", PartitionKey="k", DryRun=True)
    assert code == "DryRunOperationException"
    code, _ = failure(kinesis.put_records, StreamName=stream, Records=[{"Data": b"x", "PartitionKey": "k"}],
                      DryRun=True)
    assert code == "DryRunOperationException"
    assert drain(kinesis, stream, SHARD)[0] == []


def test_one_empty_key_fails_the_whole_call(server, kinesis, stream):
    loose = server.client(config={"parameter_validation": False})
    entries = [{"Data": b"x", "PartitionKey": "k"}, {"Data": b"x", "PartitionKey": ""}]
    code, message = failure(loose.put_records, StreamName=stream, Records=entries)
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )
    assert drain(kinesis, stream, SHARD)[0] == []


@pytest.fixture
def ten(kinesis, stream):
    """A stream with ten records: its name and their sequence numbers."""
    reply = kinesis.put_records(
        StreamName=stream, Records=[{"Data": b"%d" % n, "PartitionKey": "k"} for n in range(10)]
    )
    return stream, [entry["SequenceNumber"] for entry in reply["Records"]]


def data(records):
    return [int(record["Data"]) for record in records]


def test_every_type_of_iterator_begins_where_it_says(kinesis, ten):
    stream, numbers = ten
    assert data(drain(kinesis, stream, SHARD)[0]) == list(range(10))
    at = drain(kinesis, stream, SHARD, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[4])[0]
    assert data(at) == [4, 5, 6, 7, 8, 9]
    after = drain(kinesis, stream, SHARD, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[4])[0]
    assert data(after) == [5, 6, 7, 8, 9]
    latest = iterator(kinesis, stream, SHARD, "LATEST")
    assert kinesis.get_records(ShardIterator=latest)["Records"] == []
    kinesis.put_record(StreamName=stream, Data=b"10", PartitionKey="k")
    assert data(kinesis.get_records(ShardIterator=latest)["Records"]) == [10]
    early = drain(kinesis, stream, SHARD, "AT_TIMESTAMP", Timestamp=1)[0]
    assert data(early) == list(range(11))


def test_at_timestamp_begins_with_the_first_record_not_before_it(kinesis, stream):
    stamps = []
    for n in range(5):
        kinesis.put_record(StreamName=stream, Data=b"%d" % n, PartitionKey="k")
        time.sleep(0.02)  # arrival times are milliseconds: the records need different ones
    records, _ = drain(kinesis, stream, SHARD)
    stamps = [record["ApproximateArrivalTimestamp"] for record in records]
    for n, stamp in enumerate(stamps):
        assert data(drain(kinesis, stream, SHARD, "AT_TIMESTAMP", Timestamp=stamp)[0]) == list(range(n, 5))
    between = stamps[2] + datetime.timedelta(milliseconds=1)
    assert data(drain(kinesis, stream, SHARD, "AT_TIMESTAMP", Timestamp=between)[0]) == [3, 4]


def test_numbers_that_no_record_has_are_positions(kinesis, ten):
    stream, numbers = ten
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]
    start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        assert data(drain(kinesis, stream, SHARD, kind, StartingSequenceNumber=start)[0]) == list(range(10))


def test_wrong_combinations_are_named(kinesis, ten):
    stream, numbers = ten
    code, message = failure(kinesis.get_shard_iterator, StreamName=stream, ShardId=SHARD,
                            ShardIteratorType="AT_SEQUENCE_NUMBER")
    assert (code, message) == (
        "InvalidArgumentException",
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) "
        "TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no "
        "StartingSequenceNumber.",
    )
    for options in (
        {"ShardIteratorType": "LATEST", "StartingSequenceNumber": numbers[0]},
        {"ShardIteratorType": "AT_TIMESTAMP"},
    ):
        code, _ = failure(kinesis.get_shard_iterator, StreamName=stream, ShardId=SHARD, **options)
        assert code == "InvalidArgumentException"


def test_numbers_of_another_shard_or_stream_are_refused(kinesis, name, ten):
    stream, numbers = ten
    name = make_stream(kinesis, f"{name}-wide", 2)
    other = kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k", ExplicitHashKey=str(2**128 - 1))
    assert other["ShardId"] == "shardId-000000000001"
    code, message = failure(kinesis.get_shard_iterator, StreamName=name, ShardId=SHARD,
                            ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=other["SequenceNumber"])
    assert (code, message) == (
        "InvalidArgumentException",
        "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to "
        "shardId-000000000000",
    )
    for bad in ("0", "1", "-1", "abc", "007", str(2**128), str(2**186 - 1)):
        code, _ = failure(kinesis.get_shard_iterator, StreamName=stream, ShardId=SHARD,
                          ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=bad)
        assert code in ("InvalidArgumentException", "ValidationException"), bad


def test_a_recreated_stream_refuses_its_predecessors_numbers(kinesis, name):
    make_stream(kinesis, name, 1)
    number = kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")["SequenceNumber"]
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    time.sleep(1.1)  # a stream's numbers hold its creation second
    make_stream(kinesis, name, 1)
    code, message = failure(kinesis.get_shard_iterator, StreamName=name, ShardId=SHARD,
                            ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)
    assert (code, message) == (
        "InvalidArgumentException",
        f"StartingSequenceNumber {number} used in GetShardIterator on shard {SHARD} in stream {name} under account "
        "000000000000 is invalid because it did not come from this stream.",
    )


def test_absent_shards_and_streams(kinesis, stream, name):
    code, message = failure(kinesis.get_shard_iterator, StreamName=stream, ShardId="shardId-000000000009",
                            ShardIteratorType="LATEST")
    assert (code, message) == (
        "ResourceNotFoundException",
        f"Shard shardId-000000000009 in stream {stream} under account 000000000000 does not exist",
    )
    missing = f"{name}-missing"
    text = f"Stream {missing} under account 000000000000 not found."
    calls = [
        (kinesis.put_record, {"Data": b"x", "PartitionKey": "k"}),
        (kinesis.put_records, {"Records": [{"Data": b"x", "PartitionKey": "k"}]}),
        (kinesis.get_shard_iterator, {"ShardId": SHARD, "ShardIteratorType": "LATEST"}),
        (kinesis.list_shards, {}),
        (kinesis.describe_stream, {}),
        (kinesis.describe_stream_summary, {}),
        (kinesis.delete_stream, {}),
        (kinesis.list_tags_for_stream, {}),
        (kinesis.add_tags_to_stream, {"Tags": {"a": "b"}}),
        (kinesis.remove_tags_from_stream, {"TagKeys": ["a"]}),
        (kinesis.increase_stream_retention_period, {"RetentionPeriodHours": 48}),
        (kinesis.decrease_stream_retention_period, {"RetentionPeriodHours": 24}),
        (kinesis.split_shard, {"ShardToSplit": SHARD, "NewStartingHashKey": "1"}),
        (kinesis.merge_shards, {"ShardToMerge": SHARD, "AdjacentShardToMerge": "shardId-000000000001"}),
    ]
    for call, options in calls:
        assert failure(call, StreamName=missing, **options) == ("ResourceNotFoundException", text), call


def test_get_records_pages_by_its_limit_and_iterators_may_be_reused(server, kinesis, ten):
    stream, _ = ten
    at = iterator(kinesis, stream, SHARD)
    first = kinesis.get_records(ShardIterator=at, Limit=3)
    again = kinesis.get_records(ShardIterator=at, Limit=4)
    assert data(first["Records"]) == [0, 1, 2] and data(again["Records"]) == [0, 1, 2, 3]
    assert first["NextShardIterator"] != at
    second = kinesis.get_records(ShardIterator=first["NextShardIterator"], Limit=3)
    assert data(second["Records"]) == [3, 4, 5]
    assert len(at) <= 512
    loose = server.client(config={"parameter_validation": False})
    for wrong in (0, 10001):
        code, _ = failure(loose.get_records, ShardIterator=at, Limit=wrong)
        assert code in ("ValidationException", "InvalidArgumentException")


def test_get_records_returns_ten_mebibytes_at_most(kinesis, stream):
    big = {"Data": b"z" * 1000 * 1000, "PartitionKey": "k"}
    for _ in range(2):
        kinesis.put_records(StreamName=stream, Records=[big] * 8)
    reply = kinesis.get_records(ShardIterator=iterator(kinesis, stream, SHARD))
    size = sum(len(record["Data"]) for record in reply["Records"])
    assert 1000 * 1000 <= size <= 10 * 1024 * 1024
    assert reply["MillisBehindLatest"] >= 0
    assert len(drain(kinesis, stream, SHARD)[0]) == 16


def test_forged_iterators_are_refused(kinesis, stream, name):
    at = iterator(kinesis, stream, SHARD)
    middle = len(at) // 2
    flipped = at[:middle] + ("A" if at[middle] != "A" else "B") + at[middle + 1:]
    for forged in (flipped, "AAAA", at[:-8], at + "AAAA", "x" * 512):
        code, _ = failure(kinesis.get_records, ShardIterator=forged)
        assert code == "InvalidArgumentException", forged
    foreign = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    assert kinesis.get_records(ShardIterator=at, StreamARN=foreign)["Records"] == []


def test_an_iterator_does_not_reach_across_accounts(server, kinesis, stream):
    at = iterator(kinesis, stream, SHARD)
    code, _ = failure(server.client(key="999999999999").get_records, ShardIterator=at)
    assert code in ("InvalidArgumentException", "AccessDeniedException")
