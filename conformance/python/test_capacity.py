"""Modes, numbers of shards, warm throughput and account settings, as boto3 sees them."""

import datetime
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, HTTPClientError
from conftest import drain, failure, make_stream, running, shards_of, wait_active
from test_reshard import follow, put

KEYS = 2**128
ON_DEMAND = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}


def make_on_demand(kinesis, name, **options):
    kinesis.create_stream(StreamName=name, **ON_DEMAND, **options)
    wait_active(kinesis, name)
    return summary(kinesis, name)


def summary(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def scale(kinesis, name, target):
    reply = kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
    wait_active(kinesis, name)
    return reply


def open_ranges(kinesis, name):
    shards = shards_of(kinesis, name, ShardFilter={"Type": "AT_LATEST"})
    ranges = [shard["HashKeyRange"] for shard in shards]
    return sorted((int(one["StartingHashKey"]), int(one["EndingHashKey"])) for one in ranges)


def even(count):
    width = KEYS // count
    starts = [number * width for number in range(count)]
    return list(zip(starts, [start - 1 for start in starts[1:]] + [KEYS - 1]))


def test_a_changed_number_of_shards_keeps_the_order_of_each_key(kinesis, name):
    make_stream(kinesis, name, 2)
    last = 0
    for round_, target in enumerate((4, 3, 5, 3, 2)):
        put(kinesis, name, range(50 * round_, 50 * round_ + 50))
        reply = scale(kinesis, name, target)
        assert (reply["CurrentShardCount"], reply["TargetShardCount"]) == (last or 2, target)
        assert reply["StreamName"] == name and reply["StreamARN"].endswith(name)
        assert open_ranges(kinesis, name) == even(target)
        last = target
    put(kinesis, name, range(250, 300))
    assert follow(kinesis, name) == {key: list(range(300)) for key in "abcde"}


def test_a_number_of_shards_has_bounds(kinesis, name):
    make_stream(kinesis, name, 4)
    arguments = {"StreamName": name, "ScalingType": "UNIFORM_SCALING"}
    for target, expected in ((9, "LimitExceededException"), (1, "LimitExceededException"),
                             (10_001, "LimitExceededException"), (4, "InvalidArgumentException")):
        code, _ = failure(kinesis.update_shard_count, TargetShardCount=target, **arguments)
        assert code == expected, target
    assert open_ranges(kinesis, name) == even(4)
    code, _ = failure(kinesis.update_shard_count, StreamName="absent", TargetShardCount=1,
                      ScalingType="UNIFORM_SCALING")
    assert code == "ResourceNotFoundException"


def test_ten_changes_a_day_and_two_of_the_mode():
    with running() as server:
        kinesis = server.client()
        make_stream(kinesis, "often", 1)
        for count in range(10):
            kinesis.update_shard_count(StreamName="often", TargetShardCount=2 - count % 2,
                                       ScalingType="UNIFORM_SCALING")
            while summary(kinesis, "often")["StreamStatus"] != "ACTIVE":
                time.sleep(0.1)
            time.sleep(0.1)
        code, message = failure(kinesis.update_shard_count, StreamName="often", TargetShardCount=2,
                                ScalingType="UNIFORM_SCALING")
        assert code == "LimitExceededException" and "24" in message
        arn = summary(kinesis, "often")["StreamARN"]
        for mode in ("ON_DEMAND", "PROVISIONED"):
            kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": mode})
            wait_active(kinesis, "often")
        code, _ = failure(kinesis.update_stream_mode, StreamARN=arn, **ON_DEMAND)
        assert code == "LimitExceededException"


def test_an_on_demand_stream_scales_by_itself_only(kinesis, name):
    described = make_on_demand(kinesis, name)
    assert described["OpenShardCount"] == 4
    assert described["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert described["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    assert "WarmThroughput" not in described
    first = "shardId-000000000000"
    for call, arguments in (
        (kinesis.update_shard_count, {"TargetShardCount": 8, "ScalingType": "UNIFORM_SCALING"}),
        (kinesis.split_shard, {"ShardToSplit": first, "NewStartingHashKey": "7"}),
        (kinesis.merge_shards, {"ShardToMerge": first, "AdjacentShardToMerge": "shardId-000000000001"}),
    ):
        code, message = failure(call, StreamName=name, **arguments)
        assert code == "ValidationException" and "ON_DEMAND" in message
    limits = kinesis.describe_limits()
    assert limits["OnDemandStreamCount"] >= 1 and limits["OnDemandStreamCountLimit"] == 50
    assert limits["OpenShardCount"] >= 4 and limits["ShardLimit"] == 20_000


def test_a_mode_keeps_the_shards(kinesis, name):
    make_stream(kinesis, name, 6)
    arn = summary(kinesis, name)["StreamARN"]
    for mode in ("ON_DEMAND", "PROVISIONED"):
        kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": mode})
        wait_active(kinesis, name)
        assert summary(kinesis, name)["StreamModeDetails"] == {"StreamMode": mode}
        assert open_ranges(kinesis, name) == even(6)
    code, _ = failure(kinesis.update_stream_mode, StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert code == "ValidationException"


def test_auto_needs_no_keys_and_shows_those_that_were_given(kinesis, name):
    arn = make_on_demand(kinesis, name, RecordDistributionStrategy="AUTO")["StreamARN"]
    assert summary(kinesis, name)["RecordDistributionStrategy"] == "AUTO"
    shards = [kinesis.put_record(StreamName=name, Data=b"one", PartitionKey="same")["ShardId"] for _ in range(8)]
    assert {shard: shards.count(shard) for shard in shards} == {shard: 2 for shard in shards}
    reply = kinesis.put_records(StreamName=name, Records=[{"Data": b"bare"}] * 5)
    assert reply["FailedRecordCount"] == 0
    records = [record for shard in shards_of(kinesis, name) for record in drain(kinesis, name, shard["ShardId"])[0]]
    assert len(records) == 13
    for record in records:
        assert record.get("PartitionKey") == ("same" if record["Data"] == b"one" else None)
    kinesis.update_stream_record_distribution_strategy(
        StreamARN=arn, RecordDistributionStrategy="USER_PARTITION_KEY"
    )
    code, message = failure(kinesis.put_records, StreamName=name, Records=[{"Data": b"bare"}])
    assert code == "InvalidArgumentException" and "partitionKey" in message
    make_stream(kinesis, f"{name}-p", 1)
    provisioned = summary(kinesis, f"{name}-p")["StreamARN"]
    code, _ = failure(kinesis.update_stream_record_distribution_strategy, StreamARN=provisioned,
                      RecordDistributionStrategy="AUTO")
    assert code == "InvalidArgumentException"


def test_warm_throughput_follows_the_commitment():
    with running("--limits", "off") as server:
        kinesis = server.client()
        commitment = "MinimumThroughputBillingCommitment"
        assert kinesis.describe_account_settings()[commitment] == {"Status": "DISABLED"}
        code, _ = failure(kinesis.create_stream, StreamName="w", WarmThroughputMiBps=8, **ON_DEMAND)
        assert code == "ValidationException"
        enabled = kinesis.update_account_settings(**{commitment: {"Status": "ENABLED"}})[commitment]
        assert enabled["Status"] == "ENABLED"
        assert enabled["EarliestAllowedEndAt"] - enabled["StartedAt"] == datetime.timedelta(hours=24)
        make_on_demand(kinesis, "w", WarmThroughputMiBps=8)
        assert summary(kinesis, "w")["WarmThroughput"] == {"TargetMiBps": 8, "CurrentMiBps": 8}
        reply = kinesis.update_stream_warm_throughput(StreamName="w", WarmThroughputMiBps=20)
        assert reply["WarmThroughput"] == {"TargetMiBps": 20, "CurrentMiBps": 8}
        wait_active(kinesis, "w")
        assert summary(kinesis, "w")["WarmThroughput"] == {"TargetMiBps": 20, "CurrentMiBps": 20}
        disabled = kinesis.update_account_settings(**{commitment: {"Status": "DISABLED"}})[commitment]
        assert disabled["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
        server.restart()
        kinesis = server.client()
        assert kinesis.describe_account_settings()[commitment] == disabled
        cancelled = kinesis.update_account_settings(**{commitment: {"Status": "ENABLED"}})[commitment]
        assert cancelled == enabled


@pytest.mark.parametrize("round_", range(3))
def test_kill_9_in_the_middle_of_a_change_of_shards(round_):
    """The change is finished after the restart, and nothing that was acknowledged is lost or out of order."""
    with running("--limits", "off") as server:
        kinesis = server.client()
        make_stream(kinesis, "killed", 200)
        acknowledged, ready = {key: [] for key in range(20)}, threading.Semaphore(0)

        def produce():
            client = server.client(config={"read_timeout": 10, "connect_timeout": 5})
            counter = 0
            try:
                while True:
                    for key, values in acknowledged.items():
                        client.put_record(StreamName="killed", Data=b"%d:%d" % (key, counter), PartitionKey=str(key))
                        values.append(counter)
                    counter += 1
                    ready.release()
            except (HTTPClientError, BotoCoreError):
                pass

        producer = threading.Thread(target=produce)
        producer.start()
        for _ in range(5):
            assert ready.acquire(timeout=60)
        kinesis.update_shard_count(StreamName="killed", TargetShardCount=137, ScalingType="UNIFORM_SCALING")
        time.sleep(random.random() * 0.2)
        server.kill()
        producer.join()
        server.start()
        kinesis = server.client()
        wait_active(kinesis, "killed")
        assert open_ranges(kinesis, "killed") == even(137)
        found = {key: [] for key in acknowledged}
        for shard in shards_of(kinesis, "killed"):
            for record in drain(kinesis, "killed", shard["ShardId"])[0]:
                key, value = map(int, record["Data"].split(b":"))
                found[key].append(value)
        for key, values in acknowledged.items():
            # The last put may have been written without its answer.
            assert found[key] in (values, values + [len(values)]), key
        assert server.stop() == 0
