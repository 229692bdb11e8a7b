"""What Terraform's AWS provider calls for `aws_kinesis_stream`, step by step, as a table.

After each update the provider polls DescribeStreamSummary and takes any status but UPDATING and ACTIVE for a failure.
"""

import time

import pytest

ALLOWED = {"UPDATING", "ACTIVE"}
KEY = "alias/aws/kinesis"


def wait(kinesis, name, allowed):
    """Polls as the provider does; the statuses that were seen end with ACTIVE."""
    for _ in range(600):
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        status = summary["StreamStatus"]
        assert status in allowed, status
        if status == "ACTIVE":
            return summary
        time.sleep(0.05)
    pytest.fail("the stream did not become ACTIVE")


@pytest.fixture
def managed(kinesis, name):
    """The stream as `terraform apply` makes it: created, retention sent again, tags read back."""
    kinesis.create_stream(
        StreamName=name,
        ShardCount=2,
        StreamModeDetails={"StreamMode": "PROVISIONED"},
        Tags={"Name": "managed"},
        MaxRecordSizeInKiB=2048,
    )
    wait(kinesis, name, {"CREATING", "ACTIVE"})
    return name


def retention_equal(kinesis, name, arn):
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=24)


def retention_longer(kinesis, name, arn):
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)


def retention_shorter(kinesis, name, arn):
    retention_longer(kinesis, name, arn)
    wait(kinesis, name, ALLOWED)
    kinesis.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=24)


def monitoring_on(kinesis, name, arn):
    metrics = ["IncomingBytes", "OutgoingRecords"]
    kinesis.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=metrics)


def monitoring_off(kinesis, name, arn):
    monitoring_on(kinesis, name, arn)
    wait(kinesis, name, ALLOWED)
    kinesis.disable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["IncomingBytes"])


def record_size(kinesis, name, arn):
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=4096)


def encryption_on(kinesis, name, arn):
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=KEY)


def encryption_off(kinesis, name, arn):
    encryption_on(kinesis, name, arn)
    wait(kinesis, name, ALLOWED)
    kinesis.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=KEY)


def mode(kinesis, name, arn):
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})


def shard_count(kinesis, name, arn):
    kinesis.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")


def tags(kinesis, name, arn):
    kinesis.tag_resource(ResourceARN=arn, Tags={"Name": "changed", "more": ""})
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["more"])


# The step, and what the summary says afterwards.
STEPS = [
    (retention_equal, {"RetentionPeriodHours": 24}),
    (retention_longer, {"RetentionPeriodHours": 48}),
    (retention_shorter, {"RetentionPeriodHours": 24}),
    (monitoring_on, {"EnhancedMonitoring": [{"ShardLevelMetrics": ["IncomingBytes", "OutgoingRecords"]}]}),
    (monitoring_off, {"EnhancedMonitoring": [{"ShardLevelMetrics": ["OutgoingRecords"]}]}),
    (record_size, {"MaxRecordSizeInKiB": 4096}),
    (encryption_on, {"EncryptionType": "KMS", "KeyId": KEY}),
    (encryption_off, {"EncryptionType": "NONE"}),
    (mode, {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}),
    (shard_count, {"OpenShardCount": 3}),
    (tags, {}),
]


def test_a_created_stream_is_as_planned(kinesis, managed):
    summary = wait(kinesis, managed, ALLOWED)
    assert summary["MaxRecordSizeInKiB"] == 2048
    assert summary["OpenShardCount"] == 2
    assert summary["EncryptionType"] == "NONE"
    listed = kinesis.list_tags_for_resource(ResourceARN=summary["StreamARN"])["Tags"]
    assert listed == [{"Key": "Name", "Value": "managed"}]


@pytest.mark.parametrize("step,expected", STEPS, ids=[step.__name__ for step, _ in STEPS])
def test_an_update_shows_no_other_status_and_then_what_was_asked(kinesis, managed, step, expected):
    arn = kinesis.describe_stream_summary(StreamName=managed)["StreamDescriptionSummary"]["StreamARN"]
    step(kinesis, managed, arn)
    summary = wait(kinesis, managed, ALLOWED)
    assert {key: summary.get(key) for key in expected} == expected
    if step is tags:
        listed = kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"]
        assert listed == [{"Key": "Name", "Value": "changed"}]


def test_limits_leave_room(kinesis, managed):
    limits = kinesis.describe_limits()
    assert limits["ShardLimit"] >= 1000
    assert 2 <= limits["OpenShardCount"] <= limits["ShardLimit"]
    assert limits["OnDemandStreamCount"] <= limits["OnDemandStreamCountLimit"]


def test_a_deleted_stream_is_deleting_and_then_not_found(kinesis, managed):
    kinesis.delete_stream(StreamName=managed, EnforceConsumerDeletion=True)
    for _ in range(600):
        try:
            summary = kinesis.describe_stream_summary(StreamName=managed)["StreamDescriptionSummary"]
        except kinesis.exceptions.ResourceNotFoundException:
            return
        assert summary["StreamStatus"] == "DELETING"
        time.sleep(0.05)
    pytest.fail("the stream was not deleted")
