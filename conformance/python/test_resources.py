"""Tags and policies of resources, shard-level metrics, record sizes, channels."""

import json
import urllib.request

from conftest import REGION, failure, make_stream, wait_active

ACCOUNT = "000000000000"
SEVEN = [
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
]


def arn_of(name, kind="stream", account=ACCOUNT, region=REGION):
    return f"arn:aws:kinesis:{region}:{account}:{kind}/{name}"


def policy_for(arn):
    statement = {
        "Sid": "readers",
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": ["kinesis:GetRecords", "kinesis:GetShardIterator"],
        "Resource": arn,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_tags_of_a_resource_are_those_of_the_stream(kinesis, stream):
    arn = arn_of(stream)
    kinesis.tag_resource(ResourceARN=arn, Tags={"team": "mill", "stage": "dev"})
    kinesis.add_tags_to_stream(StreamName=stream, Tags={"stage": "prod"})
    expected = [{"Key": "stage", "Value": "prod"}, {"Key": "team", "Value": "mill"}]
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == expected
    assert kinesis.list_tags_for_stream(StreamName=stream)["Tags"] == expected
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["stage", "absent"])
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == expected[1:]


def test_arns_of_others_reach_nothing(kinesis, stream):
    for arn, code in [
        (arn_of(stream, account="111122223333"), "AccessDeniedException"),
        (arn_of(stream, region="us-east-1"), "InvalidArgumentException"),
        (arn_of("absent-stream"), "ResourceNotFoundException"),
        (arn_of(f"{stream}/consumer/c:1"), "ResourceNotFoundException"),
        (arn_of("q", kind="queue"), "ResourceNotFoundException"),
        (arn_of("c", kind="channel"), "ResourceNotFoundException"),
    ]:
        assert failure(kinesis.tag_resource, ResourceARN=arn, Tags={"a": "b"})[0] == code, arn
        assert failure(kinesis.get_resource_policy, ResourceARN=arn)[0] == code, arn
    assert failure(kinesis.tag_resource, ResourceARN="x", Tags={"a": "b"})[0] == "ValidationException"


def test_a_policy_is_kept_as_it_was_put(kinesis, stream):
    arn = arn_of(stream)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
    policy = json.dumps(policy_for(arn))
    kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    kinesis.delete_resource_policy(ResourceARN=arn)
    code, message = failure(kinesis.delete_resource_policy, ResourceARN=arn)
    assert (code, message) == ("ResourceNotFoundException", f"No resource policy found for resource ARN {arn}.")


def test_a_policy_that_is_none_is_refused(kinesis, stream):
    arn = arn_of(stream)
    good = policy_for(arn)
    allow_all_but = {**good["Statement"][0], "NotPrincipal": "*"}
    del allow_all_but["Principal"]
    for policy in [
        "",
        "nonsense",
        "[" * 10_000,
        json.dumps({**good, "Statement": []}),
        json.dumps({**good, "Statement": [allow_all_but]}),
        json.dumps(good).replace(stream, "other"),
        json.dumps(good) + " " * 21_000,
    ]:
        code, message = failure(kinesis.put_resource_policy, ResourceARN=arn, Policy=policy)
        assert code == "InvalidArgumentException"
        assert message.startswith("The policy is not a valid policy document: ")


def test_shard_level_metrics_are_switched_and_shown(server, kinesis, stream):
    reply = kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["IncomingRecords"])
    assert reply["CurrentShardLevelMetrics"] == []
    assert reply["DesiredShardLevelMetrics"] == ["IncomingRecords"]
    wait_active(kinesis, stream)
    reply = kinesis.enable_enhanced_monitoring(StreamARN=arn_of(stream), ShardLevelMetrics=["ALL"])
    assert reply["DesiredShardLevelMetrics"] == SEVEN
    wait_active(kinesis, stream)
    kinesis.put_record(StreamName=stream, Data=b"x" * 7, PartitionKey="k")
    labels = f'{{stream="{stream}",region="{REGION}",account="000000000000",shard="shardId-000000000000"}}'
    page = urllib.request.urlopen(f"{server.endpoint}/metrics").read().decode()
    assert f"millstream_shard_incoming_bytes_total{labels} 8" in page
    reply = kinesis.disable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    assert (reply["CurrentShardLevelMetrics"], reply["DesiredShardLevelMetrics"]) == (SEVEN, [])
    wait_active(kinesis, stream)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]


def test_records_grow_with_the_streams_limit(server, kinesis, stream):
    record = {"StreamName": stream, "Data": b"x" * (2048 * 1024 - 1), "PartitionKey": "k"}
    assert failure(kinesis.put_record, **record)[0] == "ValidationException"
    kinesis.update_max_record_size(StreamARN=arn_of(stream), MaxRecordSizeInKiB=2048)
    wait_active(kinesis, stream)
    kinesis.put_record(**record)
    summary = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == 2048
    unchecked = server.client(config={"parameter_validation": False})
    for size in [1023, 10_241]:
        code, _ = failure(unchecked.update_max_record_size, StreamARN=arn_of(stream), MaxRecordSizeInKiB=size)
        assert code == "ValidationException"


def channel_for(name, stream, **changes):
    storage = {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": ACCOUNT, "CompressionType": "GZIP"}
    return {
        "ChannelName": name,
        "ServiceExecutionRoleARN": f"arn:aws:iam::{ACCOUNT}:role/deliver",
        "StreamConfigurationList": [
            {"StreamARN": arn_of(stream), "RecordConfiguration": {"RecordFormatType": "JSON"}}
        ],
        "S3DestinationConfiguration": {"StorageConfiguration": storage},
        **changes,
    }


def test_channels_need_an_on_demand_stream_and_one_destination(kinesis, stream):
    code, message = failure(kinesis.create_channel, **channel_for("c", stream))
    assert code == "InvalidArgumentException" and "ON_DEMAND" in message
    without = channel_for("c", stream)
    del without["S3DestinationConfiguration"]
    assert failure(kinesis.create_channel, **without)[0] == "InvalidArgumentException"
    assert failure(kinesis.create_channel, **channel_for("a b", stream))[0] == "ValidationException"


def test_there_are_no_channels_yet(kinesis, stream):
    assert kinesis.list_channels()["ChannelSummaries"] == []
    found = kinesis.list_channels(StreamFilter=[{"StreamARN": arn_of(stream)}], MaxResults=1)
    assert found["ChannelSummaries"] == [] and "NextToken" not in found
    absent = arn_of("absent", kind="channel")
    assert failure(kinesis.describe_channel, ChannelARN=absent)[0] == "ResourceNotFoundException"
    assert failure(kinesis.delete_channel, ChannelARN=absent)[0] == "ResourceNotFoundException"
    update = {"S3DestinationConfiguration": {"DataFreshnessInSeconds": 300}}
    assert failure(kinesis.update_channel, ChannelARN=absent, **update)[0] == "ResourceNotFoundException"
    assert failure(kinesis.list_channels, NextToken="x")[0] == "InvalidArgumentException"


def test_monitoring_policy_and_size_survive_a_restart():
    from conftest import running

    with running("--limits", "off") as server:
        kinesis = server.client()
        make_stream(kinesis, "kept", 1)
        arn = arn_of("kept")
        policy = json.dumps(policy_for(arn))
        kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
        kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=4096)
        wait_active(kinesis, "kept")
        kinesis.enable_enhanced_monitoring(StreamName="kept", ShardLevelMetrics=["OutgoingBytes"])
        wait_active(kinesis, "kept")
        server.restart()
        kinesis = server.client()
        assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == policy
        summary = kinesis.describe_stream_summary(StreamName="kept")["StreamDescriptionSummary"]
        assert summary["MaxRecordSizeInKiB"] == 4096
        assert summary["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["OutgoingBytes"]}]
