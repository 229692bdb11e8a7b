"""The control plane of delivery streams, as boto3 sees it."""

import json

import pytest
from conftest import failure, running, until
from delivery import ROLE, make, put, wait_active

ARN = "arn:aws:firehose:eu-central-1:000000000000:deliverystream/"
KEY = "arn:aws:kms:eu-central-1:000000000000:key/own"


def describe(firehose, name):
    return firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]


def bucket(**more):
    return {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket", **more}


def update(firehose, name, version, **destination):
    return firehose.update_destination(
        DeliveryStreamName=name,
        CurrentDeliveryStreamVersionId=version,
        DestinationId="destinationId-000000000001",
        **destination,
    )


def test_a_bucket_is_described_twice_with_its_defaults(firehose, flow):
    arn = firehose.create_delivery_stream(
        DeliveryStreamName=flow, S3DestinationConfiguration=bucket(Prefix="p/")
    )["DeliveryStreamARN"]
    assert arn == ARN + flow
    shown = wait_active(firehose, flow)
    assert shown["VersionId"] == "1" and shown["DeliveryStreamType"] == "DirectPut"
    assert shown["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}
    assert not shown["HasMoreDestinations"] and "LastUpdateTimestamp" not in shown
    (destination,) = shown["Destinations"]
    assert destination["DestinationId"] == "destinationId-000000000001"
    older, extended = destination["S3DestinationDescription"], destination["ExtendedS3DestinationDescription"]
    assert older == {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::bucket",
        "Prefix": "p/",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }
    assert older.items() <= extended.items()
    assert extended["S3BackupMode"] == "Disabled"


def test_names_are_taken_until_they_are_deleted(firehose, flow):
    make(firehose, flow, "bucket")
    code, message = failure(
        firehose.create_delivery_stream, DeliveryStreamName=flow, ExtendedS3DestinationConfiguration=bucket()
    )
    assert code == "ResourceInUseException" and "already exists" in message
    firehose.delete_delivery_stream(DeliveryStreamName=flow, AllowForceDelete=True)

    def is_gone():
        try:
            assert describe(firehose, flow)["DeliveryStreamStatus"] == "DELETING"
        except firehose.exceptions.ResourceNotFoundException as gone:
            assert f"Firehose {flow} under account 000000000000 not found." in str(gone)
            return True

    until(is_gone, seconds=30)
    make(firehose, flow, "bucket")


def test_lists_are_paged_by_name(firehose, flow):
    names = [f"{flow}-{number:02}" for number in range(12)]
    for name in reversed(names):
        make(firehose, name, "bucket")
    page = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName=flow)
    assert page == page | {"DeliveryStreamNames": names[:10], "HasMoreDeliveryStreams": True}
    page = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName=names[9], Limit=2)
    assert page["DeliveryStreamNames"] == names[10:]
    kinesis = firehose.list_delivery_streams(
        ExclusiveStartDeliveryStreamName=flow, DeliveryStreamType="KinesisStreamAsSource", Limit=10000
    )
    assert not set(names) & set(kinesis["DeliveryStreamNames"])


def test_an_update_merges_and_needs_the_version(firehose, flow):
    make(firehose, flow, "bucket", Prefix="p/")
    update(firehose, flow, "1", ExtendedS3DestinationUpdate={"CompressionFormat": "GZIP"})
    shown = describe(firehose, flow)
    extended = shown["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (shown["VersionId"], extended["CompressionFormat"], extended["Prefix"]) == ("2", "GZIP", "p/")
    assert extended["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 900}
    assert shown["LastUpdateTimestamp"] >= shown["CreateTimestamp"]
    with pytest.raises(firehose.exceptions.ConcurrentModificationException):
        update(firehose, flow, "1", ExtendedS3DestinationUpdate={"Prefix": "q/"})
    with pytest.raises(firehose.exceptions.InvalidArgumentException):
        update(firehose, flow, "2", ElasticsearchDestinationUpdate={"IndexName": "i"})


def test_a_secret_is_never_shown_nor_written_in_the_clear(flow):
    secret = "correct-horse-battery"
    with running("--limits", "off") as server:
        firehose = server.client("firehose")
        endpoint = {"Url": "https://127.0.0.1:9/x", "Name": "n", "AccessKey": secret}
        firehose.create_delivery_stream(
            DeliveryStreamName=flow,
            HttpEndpointDestinationConfiguration={"EndpointConfiguration": endpoint, "S3Configuration": bucket()},
        )
        shown = wait_active(firehose, flow)
        described = shown["Destinations"][0]["HttpEndpointDestinationDescription"]
        assert described["EndpointConfiguration"] == {"Url": "https://127.0.0.1:9/x", "Name": "n"}
        server.restart()
        firehose = server.client("firehose")
        assert wait_active(firehose, flow) == shown
        assert secret not in json.dumps(describe(firehose, flow), default=str)
        assert server.stop() == 0
        for file in server.home.rglob("*"):
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file


def test_encryption_is_switched_on_and_off_while_records_are_put(firehose, flow):
    make(firehose, flow, "bucket")

    def is_encrypted():
        return firehose.put_record(DeliveryStreamName=flow, Record={"Data": b"x"}).get("Encrypted")

    def status():
        return describe(firehose, flow)["DeliveryStreamEncryptionConfiguration"]

    assert not is_encrypted()
    firehose.start_delivery_stream_encryption(DeliveryStreamName=flow)
    until(lambda: status()["Status"] == "ENABLED", seconds=30)
    assert status() == {"KeyType": "AWS_OWNED_CMK", "Status": "ENABLED"}
    assert is_encrypted()
    own = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": KEY}
    with pytest.raises(firehose.exceptions.InvalidKMSResourceException):
        firehose.start_delivery_stream_encryption(
            DeliveryStreamName=flow, DeliveryStreamEncryptionConfigurationInput=own
        )
    firehose.stop_delivery_stream_encryption(DeliveryStreamName=flow)
    until(lambda: status() == {"Status": "DISABLED"}, seconds=30)
    assert not is_encrypted()


def test_tags_are_set_listed_and_removed(firehose, flow):
    firehose.create_delivery_stream(
        DeliveryStreamName=flow,
        ExtendedS3DestinationConfiguration=bucket(),
        Tags=[{"Key": "a", "Value": "1"}],
    )
    firehose.tag_delivery_stream(DeliveryStreamName=flow, Tags=[{"Key": "b"}, {"Key": "c", "Value": "3"}])
    firehose.untag_delivery_stream(DeliveryStreamName=flow, TagKeys=["c", "absent"])
    page = firehose.list_tags_for_delivery_stream(DeliveryStreamName=flow, Limit=1)
    assert (page["Tags"], page["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}], True)
    page = firehose.list_tags_for_delivery_stream(DeliveryStreamName=flow, ExclusiveStartTagKey="a")
    assert (page["Tags"], page["HasMoreTags"]) == ([{"Key": "b", "Value": ""}], False)
    code, _ = failure(
        firehose.tag_delivery_stream, DeliveryStreamName=flow, Tags=[{"Key": "aws:k", "Value": "v"}]
    )
    assert code in ("InvalidArgumentException", "ValidationException")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "Exactly one destination configuration"),
        (
            {"S3DestinationConfiguration": bucket(), "ExtendedS3DestinationConfiguration": bucket()},
            "Exactly one destination configuration",
        ),
        (
            {"ExtendedS3DestinationConfiguration": bucket(Prefix="!{timestamp:yyyy}/")},
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
        ),
        (
            {"ExtendedS3DestinationConfiguration": bucket(Prefix="!{partitionKeyFromQuery:k}/", ErrorOutputPrefix="e/")},
            "Dynamic Partitioning",
        ),
        ({"ExtendedS3DestinationConfiguration": bucket(BufferingHints={"SizeInMBs": 5})}, "together"),
        (
            {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "ExtendedS3DestinationConfiguration": bucket(),
            },
            "KinesisStreamSourceConfiguration",
        ),
        (
            {
                "SnowflakeDestinationConfiguration": {
                    "AccountUrl": "https://account.snowflakecomputing.com",
                    "Database": "d",
                    "Schema": "s",
                    "Table": "t",
                    "RoleARN": ROLE,
                    "S3Configuration": bucket(),
                }
            },
            "SnowflakeDestinationConfiguration is not supported",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(firehose, flow, arguments, words):
    code, message = failure(firehose.create_delivery_stream, DeliveryStreamName=flow, **arguments)
    assert code == "InvalidArgumentException" and words in message, message
    with pytest.raises(firehose.exceptions.ResourceNotFoundException):
        describe(firehose, flow)


def test_five_calls_of_an_operation_are_taken_in_a_second(flow):
    with running() as server:
        firehose = server.client("firehose")
        codes = [failure(describe, firehose=firehose, name=flow)[0] for _ in range(8)]
        assert set(codes) == {"ResourceNotFoundException"}, "what is not there has no rate"
        lists = 0
        with pytest.raises(firehose.exceptions.ClientError) as caught:
            for lists in range(8):
                firehose.list_delivery_streams()
        assert caught.value.response["Error"]["Code"] == "ThrottlingException" and lists >= 5


def test_what_was_made_is_there_after_a_crash(flow):
    with running("--limits", "off") as server:
        firehose = server.client("firehose")
        names = [f"{flow}-{number}" for number in range(5)]
        for name in names:
            make(firehose, name, "bucket")
        update(firehose, names[0], "1", ExtendedS3DestinationUpdate={"Prefix": "p/"})
        firehose.delete_delivery_stream(DeliveryStreamName=names[1])
        server.restart()
        firehose = server.client("firehose")
        listed = firehose.list_delivery_streams
        until(lambda: names[1] not in listed()["DeliveryStreamNames"], seconds=30)
        assert describe(firehose, names[0])["VersionId"] == "2"
        for name in (names[0], *names[2:]):
            wait_active(firehose, name)
            until(lambda name=name: put_works(firehose, name), seconds=30)


def put_works(firehose, name):
    """Right after a start of the server a delivery stream may not take records yet."""
    try:
        put(firehose, name, ["x"])
    except firehose.exceptions.ServiceUnavailableException:
        return False
    return True
