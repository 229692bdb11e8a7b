"""Queues on a stream, with boto3: receive, acknowledge, visibility, dead letters, kill -9."""

import time
import uuid

import pytest
from conftest import failure, running, wait_active


def make_on_demand(kinesis, name):
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    wait_active(kinesis, name)
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def wait_queue(kinesis, arn, status="ACTIVE"):
    deadline = time.monotonic() + 30
    while True:
        queue = kinesis.describe_queue(QueueARN=arn)["QueueDescription"]
        if queue["QueueStatus"] == status:
            return queue
        assert time.monotonic() < deadline, queue


def make_queue(kinesis, stream_arn, start="TRIM_HORIZON", **options):
    reply = kinesis.create_queue(
        QueueName=f"queue-{uuid.uuid4().hex[:12]}",
        StreamConfigurationList=[{"StreamARN": stream_arn, "StartingPosition": {"Type": start}}],
        **options,
    )
    arn = reply["QueueDescription"]["QueueARN"]
    wait_queue(kinesis, arn)
    return arn


def put(kinesis, stream_arn, values):
    entries = [{"Data": value.encode(), "PartitionKey": value} for value in values]
    assert kinesis.put_records(StreamARN=stream_arn, Records=entries)["FailedRecordCount"] == 0


def receive(kinesis, arn, wait=1, **options):
    return kinesis.receive_queue_records(QueueARN=arn, WaitTimeSeconds=wait, **options)["QueueRecords"]


def acknowledge(kinesis, arn, records):
    entries = [{"ReceiptHandle": record["ReceiptHandle"]} for record in records]
    return kinesis.acknowledge_queue_records(QueueARN=arn, Entries=entries)


@pytest.fixture
def stream_arn(kinesis, name):
    return make_on_demand(kinesis, name)


def test_records_are_received_once_and_acknowledged(kinesis, stream_arn):
    arn = make_queue(kinesis, stream_arn)
    values = {f"value {n}" for n in range(25)}
    put(kinesis, stream_arn, values)
    seen = {}
    while len(seen) < len(values):
        records = receive(kinesis, arn)
        for record in records:
            assert record["ReceiveCount"] == 1
            assert record["PartitionKey"].encode() == record["Data"]
            seen[record["Data"].decode()] = record["RecordId"]
        outcome = acknowledge(kinesis, arn, records)
        assert len(outcome["Successful"]) == len(records) and outcome["Failed"] == []
    assert set(seen) == values and len(set(seen.values())) == len(values)
    assert receive(kinesis, arn) == []


def test_a_record_comes_again_after_its_visibility_timeout(kinesis, stream_arn):
    arn = make_queue(kinesis, stream_arn, QueueAttributes={"VisibilityTimeoutSeconds": 1})
    put(kinesis, stream_arn, ["a"])
    (first,) = receive(kinesis, arn, wait=5)
    (second,) = receive(kinesis, arn, wait=5)
    assert second["RecordId"] == first["RecordId"]
    assert second["ReceiveCount"] == 2
    assert second["FirstReceiveTimestamp"] == first["FirstReceiveTimestamp"]
    failed = acknowledge(kinesis, arn, [first])["Failed"]
    assert [entry["ErrorCode"] for entry in failed] == ["InvalidArgumentException"]
    assert acknowledge(kinesis, arn, [second])["Failed"] == []


def test_visibility_of_a_record_in_flight_changes(kinesis, stream_arn):
    arn = make_queue(kinesis, stream_arn)
    put(kinesis, stream_arn, ["a"])
    (record,) = receive(kinesis, arn, wait=5)
    entry = {"ReceiptHandle": record["ReceiptHandle"], "VisibilityTimeoutSeconds": 0}
    assert kinesis.update_queue_records_visibility(QueueARN=arn, Entries=[entry])["Failed"] == []
    assert receive(kinesis, arn)[0]["RecordId"] == record["RecordId"]


def test_dead_letters_are_received_restored_and_acknowledged(kinesis, stream_arn):
    dead_letters = {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}
    arn = make_queue(
        kinesis,
        stream_arn,
        QueueAttributes={"VisibilityTimeoutSeconds": 0, "DeadLetterConfiguration": dead_letters},
    )
    put(kinesis, stream_arn, ["poison"])
    (record,) = receive(kinesis, arn, wait=5)
    assert receive(kinesis, arn) == []
    (dead,) = kinesis.receive_dead_letter_queue_records(QueueARN=arn, VisibilityTimeoutSeconds=30)["QueueRecords"]
    assert (dead["RecordId"], dead["Data"]) == (record["RecordId"], b"poison")
    entries = [{"ReceiptHandle": dead["ReceiptHandle"]}]
    restored = kinesis.restore_dead_letter_queue_records(QueueARN=arn, Entries=entries)
    assert restored["Failed"] == []
    (again,) = receive(kinesis, arn)
    assert again["ReceiveCount"] == 1
    (dead,) = kinesis.receive_dead_letter_queue_records(QueueARN=arn, VisibilityTimeoutSeconds=30)["QueueRecords"]
    entry = {"ReceiptHandle": dead["ReceiptHandle"], "VisibilityTimeoutSeconds": 60}
    hidden = kinesis.update_dead_letter_queue_records_visibility(QueueARN=arn, Entries=[entry])
    assert hidden["Failed"] == []
    entries = [{"ReceiptHandle": dead["ReceiptHandle"]}]
    done = kinesis.acknowledge_dead_letter_queue_records(QueueARN=arn, Entries=entries)
    assert done["Failed"] == [] and len(done["Successful"]) == 1


def test_queues_are_described_listed_updated_and_deleted(kinesis, name, stream_arn):
    arn = make_queue(kinesis, stream_arn, start="LATEST", Tags={"team": "a"})
    queue = kinesis.describe_queue(QueueARN=arn)["QueueDescription"]
    assert queue["QueueAttributes"]["VisibilityTimeoutSeconds"] == 30
    assert queue["QueueAttributes"]["DeadLetterConfiguration"] == {"TargetType": "BUILT_IN", "MaxReceiveCount": 6}
    assert "Timestamp" in queue["StreamConfigurationList"][0]["StartingPosition"]
    listed = kinesis.list_queues(StreamFilter=[{"StreamARN": stream_arn}])["QueueSummaries"]
    assert [summary["QueueARN"] for summary in listed] == [arn]
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (summary["QueueCount"], summary["ConsumerCount"]) == (1, 0)
    kinesis.update_queue(QueueARN=arn, QueueAttributes={"VisibilityTimeoutSeconds": 7})
    assert wait_queue(kinesis, arn)["QueueAttributes"]["VisibilityTimeoutSeconds"] == 7
    assert failure(kinesis.delete_stream, StreamName=name, EnforceConsumerDeletion=True)[0] == "ResourceInUseException"
    kinesis.delete_queue(QueueARN=arn)
    deadline = time.monotonic() + 30
    while kinesis.list_queues(StreamFilter=[{"StreamARN": stream_arn}])["QueueSummaries"]:
        assert time.monotonic() < deadline
    assert failure(kinesis.describe_queue, QueueARN=arn)[0] == "ResourceNotFoundException"
    kinesis.delete_stream(StreamName=name)


def test_acknowledged_stays_acknowledged_and_the_rest_comes_again_after_kill_9():
    with running("--limits", "off") as server:
        kinesis = server.client()
        stream_arn = make_on_demand(kinesis, "killed")
        arn = make_queue(kinesis, stream_arn, QueueAttributes={"VisibilityTimeoutSeconds": 2})
        values = {f"value {n}" for n in range(200)}
        put(kinesis, stream_arn, values)
        acknowledged, in_flight = set(), set()
        for _ in range(3):
            while len(acknowledged | in_flight) < len(values) / 2:
                records = receive(kinesis, arn)
                done = records[: len(records) // 2]
                if done:
                    assert acknowledge(kinesis, arn, done)["Failed"] == []
                acknowledged |= {record["Data"].decode() for record in done}
                in_flight |= {record["Data"].decode() for record in records} - acknowledged
            server.restart()
            kinesis = server.client()
            in_flight = set()
        seen = set()
        while seen | acknowledged != values:
            records = receive(kinesis, arn, wait=5)
            got = {record["Data"].decode() for record in records}
            assert not got & acknowledged
            seen |= got
            acknowledge(kinesis, arn, records)
