"""What a person does with the AWS CLI: a template with all that real ones set, then its life."""

import copy
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

import pytest
from conftest import running
from delivery import bodies, flush, keys

ROLE = "arn:aws:iam::000000000000:role/firehose-delivery"
LOGGING = {"Enabled": True, "LogGroupName": "/aws/kinesisfirehose/orders", "LogStreamName": "S3Delivery"}


def parameters(**given):
    return [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]


# As the resources of published templates are, with what they set.
PARTITIONED = {
    "DeliveryStreamType": "DirectPut",
    "ExtendedS3DestinationConfiguration": {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::BUCKET",
        "Prefix": "customer=!{partitionKeyFromQuery:customer}/dt=!{timestamp:yyyy-MM-dd}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": LOGGING,
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "MetadataExtraction",
                    "Parameters": parameters(
                        MetadataExtractionQuery="{customer: .customer}", JsonParsingEngine="JQ-1.6"
                    ),
                },
                {"Type": "AppendDelimiterToRecord", "Parameters": parameters(Delimiter="\\n")},
            ],
        },
        "S3BackupMode": "Enabled",
        "S3BackupConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::BUCKET",
            "Prefix": "raw/",
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
            "CompressionFormat": "UNCOMPRESSED",
            "CloudWatchLoggingOptions": {"Enabled": False},
        },
        "DataFormatConversionConfiguration": {"Enabled": False},
        "DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 300}},
        "CustomTimeZone": "UTC",
        "FileExtension": ".json.gz",
    },
    "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
    "Tags": [{"Key": "project", "Value": "orders"}, {"Key": "owner", "Value": "Zoë"}],
}
CONVERTED = {
    "DeliveryStreamType": "DirectPut",
    "ExtendedS3DestinationConfiguration": {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::BUCKET",
        "Prefix": "dt=!{timestamp:yyyy-MM-dd}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": LOGGING,
        "S3BackupMode": "Disabled",
        "DataFormatConversionConfiguration": {
            "Enabled": True,
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
            "SchemaConfiguration": {
                "RoleARN": ROLE,
                "CatalogId": "000000000000",
                "DatabaseName": "lake",
                "TableName": "orders",
                "Region": "us-east-1",
                "VersionId": "LATEST",
            },
        },
    },
}


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="catalog-") as home:
        tables = pathlib.Path(home) / "tables" / "lake"
        tables.mkdir(parents=True)
        columns = [{"Name": "customer", "Type": "string"}, {"Name": "total", "Type": "double"}]
        (tables / "orders.json").write_text(json.dumps({"Table": {"StorageDescriptor": {"Columns": columns}}}))
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(f'[data_catalog]\ndirectory = "{tables.parent}"\n')
        with running("--limits", "off", "--config", str(config)) as server:
            yield server


@pytest.fixture
def s3(server):
    return server.client("s3", region="us-east-1")


@pytest.fixture
def aws(server, tmp_path):
    program = pathlib.Path(sys.executable).parent / "aws"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_PAGER": "",
        "AWS_MAX_ATTEMPTS": "1",
    }

    def run(operation, flow, *arguments, succeeds=True, **members):
        """Members go in as --cli-input-json."""
        if members:
            file = tmp_path / f"{uuid.uuid4().hex}.json"
            file.write_text(json.dumps(members))
            arguments = (*arguments, "--cli-input-json", f"file://{file}")
        command = [sys.executable, program, "firehose", operation, "--delivery-stream-name", flow, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode == 0) is succeeds, done.stderr
        if not succeeds:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def template(document, bucket):
    return json.loads(json.dumps(document).replace("BUCKET", bucket))


def created(aws, flow, document):
    assert aws("create-delivery-stream", flow, **document)["DeliveryStreamARN"].endswith(f"/{flow}")
    return described(aws, flow)


def described(aws, flow):
    while True:
        shown = aws("describe-delivery-stream", flow)["DeliveryStreamDescription"]
        if shown["DeliveryStreamStatus"] != "CREATING":
            assert shown["DeliveryStreamStatus"] == "ACTIVE"
            return shown


def extended(shown):
    return shown["Destinations"][0]["ExtendedS3DestinationDescription"]


def test_a_template_with_partitions_from_its_creation_to_its_end(aws, server, s3, bucket, flow):
    document = template(PARTITIONED, bucket)
    shown = created(aws, flow, document)
    given = document["ExtendedS3DestinationConfiguration"]
    for member, value in given.items():
        if member != "S3BackupConfiguration":
            assert extended(shown)[member] == value, member
    assert given["S3BackupConfiguration"].items() <= extended(shown)["S3BackupDescription"].items()
    assert shown["DeliveryStreamEncryptionConfiguration"]["KeyType"] == "AWS_OWNED_CMK"
    tags = aws("list-tags-for-delivery-stream", flow)["Tags"]
    assert sorted(tags, key=lambda tag: tag["Key"]) == sorted(document["Tags"], key=lambda tag: tag["Key"])
    orders = [json.dumps({"customer": f"c{n % 3}", "total": n}) for n in range(9)]
    put = aws("put-record-batch", flow, Records=[{"Data": order} for order in [*orders, "no document"]])
    assert put["FailedPutCount"] == 0 and put["Encrypted"] is True
    flush(server, flow)
    found = bodies(s3, bucket, "customer=")
    assert len(found) == 3
    for key, body in found.items():
        customer = key.split("/")[0].removeprefix("customer=")
        assert key.endswith(".json.gz") and key.split("/")[1].startswith("dt=20")
        rows = [json.loads(line) for line in body.splitlines()]
        assert body.endswith(b"\n") and [row["customer"] for row in rows] == [customer] * 3
    (failed,) = bodies(s3, bucket, "errors/processing-failed/").values()
    assert len(failed.splitlines()) == 1
    (raw,) = bodies(s3, bucket, "raw/").values()
    assert raw == "".join([*orders, "no document"]).encode()
    for key in keys(s3, bucket, "customer="):
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read()[:2] == gzip.compress(b"")[:2]
    aws("delete-delivery-stream", flow, "--allow-force-delete")


def test_a_template_with_columns(aws, server, s3, bucket, flow):
    document = template(CONVERTED, bucket)
    shown = created(aws, flow, document)
    for member, value in document["ExtendedS3DestinationConfiguration"].items():
        assert extended(shown)[member] == value, member
    records = [{"Data": '{"customer":"a","total":1.5}'}, {"Data": '{"customer":"b","total":"x"}'}, {"Data": "no"}]
    assert aws("put-record-batch", flow, Records=records)["FailedPutCount"] == 0
    flush(server, flow)
    (key,) = keys(s3, bucket, "dt=")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert key.endswith(".parquet") and body[:4] == body[-4:] == b"PAR1"
    assert keys(s3, bucket, "errors/format-conversion-failed/")


@pytest.mark.parametrize("document", [PARTITIONED, CONVERTED], ids=["partitions", "columns"])
def test_what_is_described_can_be_created_again(aws, bucket, flow, document):
    """As tools that copy a delivery stream do, and Terraform's import."""
    shown = extended(created(aws, flow, template(document, bucket)))
    again = copy.deepcopy(shown)
    if "S3BackupDescription" in again:
        again["S3BackupConfiguration"] = again.pop("S3BackupDescription")
    copied = created(aws, f"{flow}-2", {"ExtendedS3DestinationConfiguration": again})
    assert extended(copied) == shown


def test_an_update_a_stale_version_and_another_kind(aws, bucket, flow):
    document = template(CONVERTED, bucket)
    before = extended(created(aws, flow, document))
    where = ("--destination-id", "destinationId-000000000001", "--current-delivery-stream-version-id")
    aws("update-destination", flow, *where, "1", "--extended-s3-destination-update", "Prefix=new/")
    shown = described(aws, flow)
    assert shown["VersionId"] == "2" and extended(shown) == before | {"Prefix": "new/"}
    error = aws(
        "update-destination", flow, *where, "1", "--extended-s3-destination-update", "Prefix=newer/", succeeds=False
    )
    assert "(ConcurrentModificationException)" in error and described(aws, flow) == shown
    endpoint = {
        "EndpointConfiguration": {"Url": "https://collector.example.test/", "Name": "c", "AccessKey": "key"},
        "S3Update": {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
    }
    aws("update-destination", flow, *where, "2", HttpEndpointDestinationUpdate=endpoint)
    shown = described(aws, flow)
    (destination,) = shown["Destinations"]
    assert shown["VersionId"] == "3" and "ExtendedS3DestinationDescription" not in destination
    assert destination["HttpEndpointDestinationDescription"]["EndpointConfiguration"] == {
        "Url": "https://collector.example.test/", "Name": "c",
    }
