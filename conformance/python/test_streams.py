"""Streams: create, describe, list, tag, keep, delete."""

import datetime
import pathlib
import tempfile

from conftest import REGION, failure, make_stream, running, shards_of, wait_active

HASH_KEYS = 2**128


def test_a_new_stream_is_described_as_the_model_says(kinesis, name):
    make_stream(kinesis, name, 3)
    described = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    arn = f"arn:aws:kinesis:{REGION}:000000000000:stream/{name}"
    assert described["StreamName"] == name
    assert described["StreamARN"] == arn
    assert described["StreamStatus"] == "ACTIVE"
    assert described["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert described["RetentionPeriodHours"] == 24
    assert described["EncryptionType"] == "NONE"
    assert described["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    assert described["HasMoreShards"] is False
    assert "StreamId" not in described
    created = described["StreamCreationTimestamp"]
    assert abs((datetime.datetime.now(datetime.timezone.utc) - created).total_seconds()) < 60
    assert [shard["ShardId"] for shard in described["Shards"]] == [f"shardId-{n:012}" for n in range(3)]
    width = HASH_KEYS // 3
    starts = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in described["Shards"]]
    ends = [int(shard["HashKeyRange"]["EndingHashKey"]) for shard in described["Shards"]]
    assert starts == [0, width, 2 * width]
    assert ends == [width - 1, 2 * width - 1, HASH_KEYS - 1]
    for shard in described["Shards"]:
        assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        number = int(shard["SequenceNumberRange"]["StartingSequenceNumber"])
        assert number >> 184 == 1 or number >> 185 == 1, "version 2 at bit 184"
        assert (number >> 4) & 0xFFFFFFFF == int(shard["ShardId"].removeprefix("shardId-"))


def test_the_summary_counts_open_shards(kinesis, name):
    make_stream(kinesis, name, 2)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 2
    assert summary["ConsumerCount"] == 0
    assert summary["StreamStatus"] == "ACTIVE"
    assert summary["MaxRecordSizeInKiB"] == 1024
    assert "StreamId" not in summary


def test_name_arn_or_both_name_a_stream(kinesis, stream):
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    assert kinesis.describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]["StreamName"] == stream
    both = kinesis.describe_stream_summary(StreamARN=arn, StreamName=stream)
    assert both["StreamDescriptionSummary"]["StreamName"] == stream
    assert failure(kinesis.describe_stream_summary)[0] == "InvalidArgumentException"
    disagree = failure(kinesis.describe_stream_summary, StreamARN=arn, StreamName=f"{stream}-other")
    assert disagree[0] == "InvalidArgumentException"


def test_another_accounts_or_regions_arn_reaches_nothing(kinesis, stream):
    for account, region in (("111111111111", REGION), ("000000000000", "us-west-2")):
        arn = f"arn:aws:kinesis:{region}:{account}:stream/{stream}"
        code, _ = failure(kinesis.describe_stream_summary, StreamARN=arn)
        assert code in ("AccessDeniedException", "InvalidArgumentException", "ResourceNotFoundException")
    # A consumer's ARN is no stream's.
    consumer = f"arn:aws:kinesis:{REGION}:000000000000:stream/{stream}/consumer/c:1"
    code, _ = failure(kinesis.describe_stream_summary, StreamARN=consumer)
    assert code in ("ValidationException", "InvalidArgumentException")


def test_an_access_key_of_twelve_digits_is_the_account(server, name):
    own = server.client(key="123456789012")
    make_stream(own, name, 1)
    arn = own.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    assert ":123456789012:" in arn
    code, message = failure(server.client().describe_stream, StreamName=name)
    assert code == "ResourceNotFoundException"
    assert message == f"Stream {name} under account 000000000000 not found."


def test_regions_are_apart_and_a_miss_names_where_the_stream_is(server, stream):
    code, message = failure(server.client(region="us-west-2").describe_stream, StreamName=stream)
    assert code == "ResourceNotFoundException"
    assert message.startswith(f"Stream {stream} under account 000000000000 not found.")
    assert REGION in message


def test_describe_stream_pages_through_its_shards(kinesis, name):
    make_stream(kinesis, name, 7)
    first = kinesis.describe_stream(StreamName=name, Limit=3)["StreamDescription"]
    assert first["HasMoreShards"] is True and len(first["Shards"]) == 3
    last = first["Shards"][-1]["ShardId"]
    rest = kinesis.describe_stream(StreamName=name, Limit=10, ExclusiveStartShardId=last)["StreamDescription"]
    assert rest["HasMoreShards"] is False
    assert [shard["ShardId"] for shard in rest["Shards"]] == [f"shardId-{n:012}" for n in range(3, 7)]
    pages = kinesis.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 2})
    assert sum(len(page["StreamDescription"]["Shards"]) for page in pages) == 7


def test_list_streams_pages_by_token_and_by_name(server):
    kinesis = server.client(region="sa-east-1")
    names = [f"list-{n:02}" for n in range(5)]
    for one in names:
        make_stream(kinesis, one, 1)
    first = kinesis.list_streams(Limit=2)
    assert first["StreamNames"] == names[:2] and first["HasMoreStreams"] is True
    summary = first["StreamSummaries"][0]
    assert summary["StreamName"] == names[0] and summary["StreamStatus"] == "ACTIVE"
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    second = kinesis.list_streams(Limit=2, NextToken=first["NextToken"])
    assert second["StreamNames"] == names[2:4]
    by_name = kinesis.list_streams(ExclusiveStartStreamName=names[2])
    assert by_name["StreamNames"] == names[3:] and by_name["HasMoreStreams"] is False
    assert "NextToken" not in by_name
    everything = [one for page in kinesis.get_paginator("list_streams").paginate(
        PaginationConfig={"PageSize": 2}) for one in page["StreamNames"]]
    assert everything == names
    both = failure(kinesis.list_streams, NextToken=first["NextToken"], ExclusiveStartStreamName=names[0])
    assert both[0] in ("InvalidArgumentException", "ValidationException")


def test_a_second_stream_of_the_same_name_is_refused(kinesis, stream):
    code, message = failure(kinesis.create_stream, StreamName=stream, ShardCount=1)
    assert code == "ResourceInUseException"
    assert message == f"Stream {stream} under account 000000000000 already exists."


def test_a_stream_is_deleted_and_its_name_free_again(kinesis, name):
    make_stream(kinesis, name, 1)
    old = kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")["SequenceNumber"]
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    code, message = failure(kinesis.describe_stream, StreamName=name)
    assert (code, message) == ("ResourceNotFoundException", f"Stream {name} under account 000000000000 not found.")
    make_stream(kinesis, name, 1)
    at = kinesis.get_shard_iterator(StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    assert kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"] == []
    assert int(kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")["SequenceNumber"]) > int(old)


def test_status_goes_from_creating_to_active():
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "slow.toml"
        path.write_text("[limits]\nmode = \"off\"\ntransition_delay_ms = 1500\n")
        with running("--config", str(path)) as server:
            kinesis = server.client()
            kinesis.create_stream(StreamName="slow", ShardCount=1)
            described = kinesis.describe_stream(StreamName="slow")["StreamDescription"]
            assert described["StreamStatus"] == "CREATING"
            code, _ = failure(kinesis.split_shard, StreamName="slow", ShardToSplit="shardId-000000000000",
                              NewStartingHashKey=str(2**127))
            assert code in ("ResourceInUseException", "ResourceNotFoundException")
            kinesis.get_waiter("stream_exists").wait(StreamName="slow", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
            kinesis.put_record(StreamName="slow", Data=b"x", PartitionKey="k")


def test_what_does_not_fit_the_mode_is_refused_by_name(kinesis, name):
    for options, member in (
        ({"ShardCount": 1, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, "ON_DEMAND"),
        ({"ShardCount": 1, "WarmThroughputMiBps": 10}, "WarmThroughputMiBps"),
        ({"ShardCount": 1, "RecordDistributionStrategy": "AUTO"}, "AUTO"),
    ):
        code, message = failure(kinesis.create_stream, StreamName=name, **options)
        assert code in ("InvalidArgumentException", "ValidationException"), options
        assert member in message
    assert name not in kinesis.list_streams(Limit=10000)["StreamNames"]


def test_the_largest_record_is_a_setting(kinesis, name):
    make_stream(kinesis, name, 1, MaxRecordSizeInKiB=2048)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == 2048
    kinesis.put_record(StreamName=name, Data=b"x" * (2048 * 1024 - 1), PartitionKey="k")
    code, _ = failure(kinesis.put_record, StreamName=name, Data=b"x" * 2048 * 1024, PartitionKey="k")
    assert code in ("ValidationException", "InvalidArgumentException")


def test_tags_are_added_paged_overwritten_and_removed(kinesis, name):
    make_stream(kinesis, name, 1, Tags={"made": "at birth"})
    kinesis.add_tags_to_stream(StreamName=name, Tags={"b": "1", "c": "2", "ä ö": ""})
    kinesis.add_tags_to_stream(StreamName=name, Tags={"b": "3"})
    reply = kinesis.list_tags_for_stream(StreamName=name)
    tags = {tag["Key"]: tag["Value"] for tag in reply["Tags"]}
    assert tags == {"made": "at birth", "b": "3", "c": "2", "ä ö": ""} and reply["HasMoreTags"] is False
    first = kinesis.list_tags_for_stream(StreamName=name, Limit=2)
    assert first["HasMoreTags"] is True and len(first["Tags"]) == 2
    rest = kinesis.list_tags_for_stream(StreamName=name, ExclusiveStartTagKey=first["Tags"][-1]["Key"])
    assert len(rest["Tags"]) == 2 and rest["HasMoreTags"] is False
    kinesis.remove_tags_from_stream(StreamName=name, TagKeys=["b", "never there"])
    tags = [tag["Key"] for tag in kinesis.list_tags_for_stream(StreamName=name)["Tags"]]
    assert sorted(tags) == sorted(["made", "c", "ä ö"])


def test_a_stream_has_fifty_tags_at_most(kinesis, stream):
    for start in range(0, 50, 10):
        kinesis.add_tags_to_stream(StreamName=stream, Tags={f"k{n}": "v" for n in range(start, start + 10)})
    code, _ = failure(kinesis.add_tags_to_stream, StreamName=stream, Tags={"one": "more"})
    assert code in ("InvalidArgumentException", "LimitExceededException")
    code, _ = failure(kinesis.add_tags_to_stream, StreamName=stream, Tags={"aws:mine": "v"})
    assert code == "InvalidArgumentException"
    assert len(kinesis.list_tags_for_stream(StreamName=stream, Limit=50)["Tags"]) == 50


def test_retention_goes_up_and_down_within_a_year(kinesis, stream):
    def hours():
        # A change is asynchronous: UPDATING, then ACTIVE with the new value.
        wait_active(kinesis, stream)
        return kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["RetentionPeriodHours"]

    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    assert hours() == 48
    # Terraform sends an increase to what is set already after each create.
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=48)
    wait_active(kinesis, stream)
    code, _ = failure(kinesis.increase_stream_retention_period, StreamName=stream, RetentionPeriodHours=47)
    assert code == "InvalidArgumentException"
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=8760)
    assert hours() == 8760
    for wrong in (8761, 100000):
        code, _ = failure(kinesis.increase_stream_retention_period, StreamName=stream, RetentionPeriodHours=wrong)
        assert code == "InvalidArgumentException"
    code, _ = failure(kinesis.decrease_stream_retention_period, StreamName=stream, RetentionPeriodHours=23)
    assert code == "InvalidArgumentException"
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    assert hours() == 24


def test_describe_limits_counts_open_shards(server):
    kinesis = server.client(region="ap-south-1")
    assert kinesis.describe_limits()["OpenShardCount"] == 0
    make_stream(kinesis, "counted", 5)
    limits = kinesis.describe_limits()
    assert limits["OpenShardCount"] == 5 and limits["ShardLimit"] >= 500
    assert limits["OnDemandStreamCount"] == 0 and limits["OnDemandStreamCountLimit"] >= 0


def test_list_shards_pages_and_keeps_its_tokens_alone(kinesis, name):
    make_stream(kinesis, name, 5)
    first = kinesis.list_shards(StreamName=name, MaxResults=2)
    assert len(first["Shards"]) == 2
    assert len(shards_of(kinesis, name, MaxResults=2)) == 5
    code, message = failure(kinesis.list_shards, StreamName=name, NextToken=first["NextToken"])
    assert (code, message) == ("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
    code, message = failure(kinesis.list_shards, NextToken=first["NextToken"], ShardFilter={"Type": "AT_LATEST"})
    assert (code, message) == ("InvalidArgumentException", "NextToken and ShardFilter cannot be provided together.")
    code, _ = failure(kinesis.list_shards, NextToken=first["NextToken"], ExclusiveStartShardId="shardId-000000000000")
    assert code == "InvalidArgumentException"
    after = kinesis.list_shards(StreamName=name, ExclusiveStartShardId="shardId-000000000002")["Shards"]
    assert [shard["ShardId"] for shard in after] == ["shardId-000000000003", "shardId-000000000004"]
    flipped = first["NextToken"][:-6] + ("A" if first["NextToken"][-6] != "A" else "B") + first["NextToken"][-5:]
    for forged in (flipped, "x", first["NextToken"][:-4]):
        assert failure(kinesis.list_shards, NextToken=forged)[0] == "InvalidArgumentException"
