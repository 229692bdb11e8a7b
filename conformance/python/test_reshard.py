"""Splits and merges: order per key, children, filters, errors."""

import time

from conftest import drain, failure, iterator, make_stream, shards_of, wait_active

HASH_KEYS = 2**128
FIRST = "shardId-000000000000"


def put(kinesis, name, values, keys=("a", "b", "c", "d", "e")):
    entries = [{"Data": b"%s:%d" % (key.encode(), value), "PartitionKey": key} for value in values for key in keys]
    for start in range(0, len(entries), 500):
        assert kinesis.put_records(StreamName=name, Records=entries[start:start + 500])["FailedRecordCount"] == 0


def follow(kinesis, name):
    """Reads the stream as a consumer does, parents before children: the values of each key in the order read."""
    shards = {shard["ShardId"]: shard for shard in shards_of(kinesis, name)}
    seen, values = set(), {}
    while len(seen) < len(shards):
        for shard_id, shard in sorted(shards.items()):
            parents = [shard.get("ParentShardId"), shard.get("AdjacentParentShardId")]
            if shard_id in seen or any(parent and parent not in seen for parent in parents):
                continue
            for record in drain(kinesis, name, shard_id)[0]:
                key, value = record["Data"].decode().split(":")
                values.setdefault(key, []).append(int(value))
            seen.add(shard_id)
    return values


def test_a_split_and_a_merge_keep_the_order_of_each_key(kinesis, name):
    make_stream(kinesis, name, 1)
    put(kinesis, name, range(0, 50))
    kinesis.split_shard(StreamName=name, ShardToSplit=FIRST, NewStartingHashKey=str(HASH_KEYS // 2))
    wait_active(kinesis, name)
    put(kinesis, name, range(50, 100))
    kinesis.merge_shards(
        StreamName=name, ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002"
    )
    wait_active(kinesis, name)
    put(kinesis, name, range(100, 150))
    values = follow(kinesis, name)
    assert values == {key: list(range(150)) for key in "abcde"}


def test_children_name_their_parents_and_halve_the_range(kinesis, name):
    make_stream(kinesis, name, 1)
    kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")
    kinesis.split_shard(StreamName=name, ShardToSplit=FIRST, NewStartingHashKey="1000")
    wait_active(kinesis, name)
    parent, low, high = shards_of(kinesis, name)
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert low["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": "999"}
    assert high["HashKeyRange"] == {"StartingHashKey": "1000", "EndingHashKey": str(HASH_KEYS - 1)}
    ending = int(parent["SequenceNumberRange"]["EndingSequenceNumber"])
    for child in (low, high):
        assert child["ParentShardId"] == FIRST and "AdjacentParentShardId" not in child
        assert int(child["SequenceNumberRange"]["StartingSequenceNumber"]) > ending
        assert "EndingSequenceNumber" not in child["SequenceNumberRange"]
    number = int(kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")["SequenceNumber"])
    assert number > ending


def test_the_end_of_a_closed_shard_names_its_children(kinesis, name):
    make_stream(kinesis, name, 1)
    put(kinesis, name, range(3))
    latest = iterator(kinesis, name, FIRST, "LATEST")
    kinesis.split_shard(StreamName=name, ShardToSplit=FIRST, NewStartingHashKey=str(HASH_KEYS // 2))
    wait_active(kinesis, name)
    records, last = drain(kinesis, name, FIRST)
    assert len(records) == 15
    assert "NextShardIterator" not in last
    assert [child["ShardId"] for child in last["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    for child in last["ChildShards"]:
        assert child["ParentShards"] == [FIRST]
    assert last["ChildShards"][0]["HashKeyRange"]["StartingHashKey"] == "0"
    # An iterator from before the split and a new LATEST both end at once.
    for at in (latest, iterator(kinesis, name, FIRST, "LATEST")):
        reply = kinesis.get_records(ShardIterator=at)
        assert reply["Records"] == [] and "NextShardIterator" not in reply and len(reply["ChildShards"]) == 2
    # The ending number is a position.
    ending = shards_of(kinesis, name)[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    at = iterator(kinesis, name, FIRST, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=ending)
    assert "NextShardIterator" not in kinesis.get_records(ShardIterator=at)


def test_a_merge_has_two_parents_and_both_name_the_child(kinesis, name):
    make_stream(kinesis, name, 2)
    put(kinesis, name, range(3))
    kinesis.merge_shards(StreamName=name, ShardToMerge=FIRST, AdjacentShardToMerge="shardId-000000000001")
    wait_active(kinesis, name)
    child = shards_of(kinesis, name)[2]
    assert child["ParentShardId"] == FIRST and child["AdjacentParentShardId"] == "shardId-000000000001"
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HASH_KEYS - 1)}
    for parent in (FIRST, "shardId-000000000001"):
        _, last = drain(kinesis, name, parent)
        (named,) = last["ChildShards"]
        assert named["ShardId"] == "shardId-000000000002"
        assert sorted(named["ParentShards"]) == [FIRST, "shardId-000000000001"]


def test_filters_list_the_shards_of_a_moment(kinesis, name):
    make_stream(kinesis, name, 2)
    created = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    kinesis.split_shard(StreamName=name, ShardToSplit=FIRST, NewStartingHashKey=str(HASH_KEYS // 8))
    wait_active(kinesis, name)
    time.sleep(0.01)

    def ids(**filters):
        return [int(shard["ShardId"][-12:]) for shard in shards_of(kinesis, name, ShardFilter=filters)]

    assert ids(Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert ids(Type="AT_TRIM_HORIZON") == [0, 1]
    assert ids(Type="AT_LATEST") == [1, 2, 3]
    assert ids(Type="AFTER_SHARD_ID", ShardId="shardId-000000000001") == [2, 3]
    assert ids(Type="FROM_TIMESTAMP", Timestamp=created) == [0, 1, 2, 3]
    now = time.time() + 2
    assert ids(Type="AT_TIMESTAMP", Timestamp=now) == [1, 2, 3]
    assert failure(kinesis.list_shards, StreamName=name, ShardFilter={"Type": "AFTER_SHARD_ID"})[0] in (
        "InvalidArgumentException", "ValidationException")
    assert failure(kinesis.list_shards, StreamName=name, ShardFilter={"Type": "AT_TIMESTAMP"})[0] in (
        "InvalidArgumentException", "ValidationException")
    assert failure(kinesis.list_shards, StreamName=name, ShardFilter={"Type": "AT_NOON"})[0] == "ValidationException"


def test_lists_at_a_moment_tile_the_hash_keys(kinesis, name):
    make_stream(kinesis, name, 1)
    moments = []
    for step in range(4):
        shard = max(shards_of(kinesis, name, ShardFilter={"Type": "AT_LATEST"}), key=lambda s: s["ShardId"])
        low, high = (int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
        moments.append(time.time())
        kinesis.split_shard(StreamName=name, ShardToSplit=shard["ShardId"],
                            NewStartingHashKey=str((low + high) // 2 + 1))
        wait_active(kinesis, name)
        moments.append(time.time())
    listings = [{"Type": "AT_LATEST"}, {"Type": "AT_TRIM_HORIZON"}]
    created = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    listings += [{"Type": "AT_TIMESTAMP", "Timestamp": moment} for moment in moments
                 if moment >= created.timestamp()]
    for listing in listings:
        ranges = sorted(
            tuple(int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
            for shard in shards_of(kinesis, name, ShardFilter=listing)
        )
        assert ranges[0][0] == 0 and ranges[-1][1] == HASH_KEYS - 1, listing
        assert all(left[1] + 1 == right[0] for left, right in zip(ranges, ranges[1:])), listing


def test_what_cannot_be_split_or_merged_is_refused(kinesis, name):
    make_stream(kinesis, name, 3)
    low = int(shards_of(kinesis, name)[1]["HashKeyRange"]["StartingHashKey"])
    for wrong in ("0", str(low), str(HASH_KEYS - 1)):
        code, _ = failure(kinesis.split_shard, StreamName=name, ShardToSplit="shardId-000000000001",
                          NewStartingHashKey=wrong)
        assert code == "InvalidArgumentException", wrong
    code, _ = failure(kinesis.split_shard, StreamName=name, ShardToSplit=FIRST, NewStartingHashKey=str(HASH_KEYS))
    assert code in ("InvalidArgumentException", "ValidationException")
    code, _ = failure(kinesis.merge_shards, StreamName=name, ShardToMerge=FIRST,
                      AdjacentShardToMerge="shardId-000000000002")
    assert code == "InvalidArgumentException"
    code, _ = failure(kinesis.merge_shards, StreamName=name, ShardToMerge=FIRST, AdjacentShardToMerge=FIRST)
    assert code == "InvalidArgumentException"
    code, message = failure(kinesis.split_shard, StreamName=name, ShardToSplit="shardId-000000000009",
                            NewStartingHashKey="5")
    assert (code, message) == (
        "ResourceNotFoundException",
        f"Shard shardId-000000000009 in stream {name} under account 000000000000 does not exist",
    )
    kinesis.split_shard(StreamName=name, ShardToSplit=FIRST, NewStartingHashKey="1000")
    wait_active(kinesis, name)
    code, message = failure(kinesis.split_shard, StreamName=name, ShardToSplit=FIRST, NewStartingHashKey="500")
    assert (code, message) == (
        "InvalidArgumentException",
        f"Shard {FIRST} in stream {name} under account 000000000000 has already been merged or split, and thus is "
        "not eligible for merging or splitting.",
    )
    assert len(shards_of(kinesis, name)) == 5


def test_puts_and_splits_at_the_same_time_lose_nothing(server, kinesis, name):
    import threading

    make_stream(kinesis, name, 1)
    stop, acknowledged = threading.Event(), {}

    def produce(key):
        client, value = server.client(retries=5), 0
        while not stop.is_set():
            client.put_record(StreamName=name, Data=b"%s:%d" % (key.encode(), value), PartitionKey=key)
            value += 1
        acknowledged[key] = value

    producers = [threading.Thread(target=produce, args=(key,)) for key in ("a", "b", "c", "d")]
    for producer in producers:
        producer.start()
    for _ in range(4):
        shard = max(shards_of(kinesis, name, ShardFilter={"Type": "AT_LATEST"}),
                    key=lambda s: int(s["HashKeyRange"]["EndingHashKey"]) - int(s["HashKeyRange"]["StartingHashKey"]))
        low, high = (int(shard["HashKeyRange"][side]) for side in ("StartingHashKey", "EndingHashKey"))
        kinesis.split_shard(StreamName=name, ShardToSplit=shard["ShardId"],
                            NewStartingHashKey=str((low + high) // 2 + 1))
        wait_active(kinesis, name)
    stop.set()
    for producer in producers:
        producer.join()
    assert follow(kinesis, name) == {key: list(range(count)) for key, count in acknowledged.items()}
