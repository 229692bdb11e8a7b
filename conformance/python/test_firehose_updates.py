"""UpdateDestination, member by member as the model lists them: what is given changes, and nothing else does."""

import contextlib
import copy
import json
import pathlib
import tempfile
import uuid

import botocore.session
import pytest
from conftest import failure, running
from delivery import ROLE, processing, wait_active

MODEL = botocore.session.get_session().get_service_model("firehose")
OTHER_ROLE = "arn:aws:iam::000000000000:role/other"
DOMAIN = "arn:aws:es:eu-central-1:000000000000:domain/"
SECRET = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:"
KEY = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555"
FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:"

# Two of everything that a configuration may name.
CONFIGURATION = f"""
[destinations.functions]
clean = "http://127.0.0.1:9/clean"
[[destinations.opensearch]]
endpoint = "https://127.0.0.1:9"
domain_arn = "{DOMAIN}one"
[[destinations.opensearch]]
endpoint = "https://127.0.0.1:10"
domain_arn = "{DOMAIN}two"
[[destinations.s3.endpoint]]
buckets = ["away-*"]
url = "http://127.0.0.1:9"
[secrets]
"{SECRET}one" = {{ api_key = "a", hec_token = "b", username = "c", password = "d" }}
"{SECRET}two" = {{ api_key = "e", hec_token = "f", username = "g", password = "h" }}
"""


def processors(delimiter):
    return processing(("AppendDelimiterToRecord", {"Delimiter": delimiter}))


def partitioned(query):
    return processing(("MetadataExtraction", {"MetadataExtractionQuery": query, "JsonParsingEngine": "JQ-1.6"}))


def logging(name):
    return {"Enabled": True, "LogGroupName": f"group-{name}", "LogStreamName": f"stream-{name}"}


def conversion(enabled, table, compression):
    return {
        "Enabled": enabled,
        "SchemaConfiguration": {
            "RoleARN": ROLE,
            "CatalogId": "000000000000",
            "DatabaseName": "lake",
            "TableName": table,
            "Region": "eu-central-1",
            "VersionId": "LATEST",
        },
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {"CaseInsensitive": True}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": compression}}},
    }


# A bucket in full, and for each of its members another value.
BUCKET = {
    "RoleARN": ROLE,
    "BucketARN": "arn:aws:s3:::away-one",
    "Prefix": "one/",
    "ErrorOutputPrefix": "errors-one/",
    "BufferingHints": {"SizeInMBs": 7, "IntervalInSeconds": 70},
    "CompressionFormat": "GZIP",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": logging("bucket-one"),
}
BUCKET_UPDATE = {
    "RoleARN": OTHER_ROLE,
    "BucketARN": "arn:aws:s3:::away-two",
    "Prefix": "two/",
    "ErrorOutputPrefix": "errors-two/",
    "BufferingHints": {"SizeInMBs": 8, "IntervalInSeconds": 80},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}},
    "CloudWatchLoggingOptions": logging("bucket-two"),
}
STAGING = {name: value for name, value in BUCKET.items() if name != "ErrorOutputPrefix"}

EXTENDED = {
    **BUCKET,
    "Prefix": "one/!{partitionKeyFromQuery:k}/",
    "ErrorOutputPrefix": "errors-one/!{firehose:error-output-type}/",
    "BufferingHints": {"SizeInMBs": 100, "IntervalInSeconds": 70},
    "ProcessingConfiguration": partitioned("{k: .one}"),
    "S3BackupMode": "Disabled",
    "S3BackupConfiguration": BUCKET,
    "DataFormatConversionConfiguration": conversion(False, "one", "SNAPPY"),
    "DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 100}},
    "FileExtension": ".one",
    "CustomTimeZone": "Asia/Tokyo",
}
SEARCH = {
    "RoleARN": ROLE,
    "DomainARN": f"{DOMAIN}one",
    "IndexName": "one",
    "TypeName": "one",
    "IndexRotationPeriod": "OneHour",
    "BufferingHints": {"SizeInMBs": 9, "IntervalInSeconds": 90},
    "RetryOptions": {"DurationInSeconds": 100},
    "S3BackupMode": "AllDocuments",
    "S3Configuration": BUCKET,
    "ProcessingConfiguration": processors("1"),
    "CloudWatchLoggingOptions": logging("one"),
    "DocumentIdOptions": {"DefaultDocumentIdFormat": "NO_DOCUMENT_ID"},
}
SEARCH_UPDATE = {
    "RoleARN": OTHER_ROLE,
    "DomainARN": f"{DOMAIN}two",
    "ClusterEndpoint": "https://127.0.0.1:10",
    "IndexName": "two",
    "TypeName": "two",
    "IndexRotationPeriod": "OneMonth",
    "BufferingHints": {"SizeInMBs": 10, "IntervalInSeconds": 100},
    "RetryOptions": {"DurationInSeconds": 200},
    "S3Update": BUCKET_UPDATE,
    "ProcessingConfiguration": processors("2"),
    "CloudWatchLoggingOptions": logging("two"),
    "DocumentIdOptions": {"DefaultDocumentIdFormat": "FIREHOSE_DEFAULT"},
}

# Of each kind: a configuration in full, and for each member of its update another value.
KINDS = {
    "S3Destination": (BUCKET, BUCKET_UPDATE),
    "ExtendedS3Destination": (
        EXTENDED,
        {
            **BUCKET_UPDATE,
            "Prefix": "two/!{partitionKeyFromQuery:k}/",
            "ErrorOutputPrefix": "errors-two/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 101, "IntervalInSeconds": 80},
            "ProcessingConfiguration": partitioned("{k: .two}"),
            "S3BackupMode": "Enabled",
            "S3BackupUpdate": BUCKET_UPDATE,
            "DataFormatConversionConfiguration": conversion(False, "two", "GZIP"),
            "DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 200}},
            "FileExtension": ".two",
            "CustomTimeZone": "Europe/Berlin",
        },
    ),
    "RedshiftDestination": (
        {
            "RoleARN": ROLE,
            "ClusterJDBCURL": "jdbc:redshift://one.example.test:5439/dev",
            "CopyCommand": {"DataTableName": "one", "DataTableColumns": "a, b", "CopyOptions": "CSV"},
            "Username": "one",
            "Password": "Password-1",
            "RetryOptions": {"DurationInSeconds": 100},
            "S3Configuration": STAGING,
            "ProcessingConfiguration": processors("1"),
            "S3BackupMode": "Disabled",
            "S3BackupConfiguration": BUCKET,
            "CloudWatchLoggingOptions": logging("one"),
            "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}one", "RoleARN": ROLE},
        },
        {
            "RoleARN": OTHER_ROLE,
            "ClusterJDBCURL": "jdbc:redshift://two.example.test:5439/dev",
            "CopyCommand": {"DataTableName": "two", "DataTableColumns": "c", "CopyOptions": "JSON 'auto'"},
            "Username": "two",
            "Password": "Password-2",
            "RetryOptions": {"DurationInSeconds": 200},
            "S3Update": {name: value for name, value in BUCKET_UPDATE.items() if name != "ErrorOutputPrefix"},
            "ProcessingConfiguration": processors("2"),
            "S3BackupMode": "Enabled",
            "S3BackupUpdate": BUCKET_UPDATE,
            "CloudWatchLoggingOptions": logging("two"),
            "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}two", "RoleARN": OTHER_ROLE},
        },
    ),
    "ElasticsearchDestination": (SEARCH, SEARCH_UPDATE),
    "AmazonopensearchserviceDestination": (SEARCH, SEARCH_UPDATE),
    "SplunkDestination": (
        {
            "HECEndpoint": "https://one.example.test:8088",
            "HECEndpointType": "Raw",
            "HECToken": "11111111-0000-4000-8000-000000000000",
            "HECAcknowledgmentTimeoutInSeconds": 200,
            "RetryOptions": {"DurationInSeconds": 100},
            "S3BackupMode": "FailedEventsOnly",
            "S3Configuration": BUCKET,
            "ProcessingConfiguration": processors("1"),
            "CloudWatchLoggingOptions": logging("one"),
            "BufferingHints": {"SizeInMBs": 2, "IntervalInSeconds": 20},
            "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}one", "RoleARN": ROLE},
        },
        {
            "HECEndpoint": "https://two.example.test:8088",
            "HECEndpointType": "Event",
            "HECToken": "22222222-0000-4000-8000-000000000000",
            "HECAcknowledgmentTimeoutInSeconds": 300,
            "RetryOptions": {"DurationInSeconds": 200},
            "S3BackupMode": "AllEvents",
            "S3Update": BUCKET_UPDATE,
            "ProcessingConfiguration": processors("2"),
            "CloudWatchLoggingOptions": logging("two"),
            "BufferingHints": {"SizeInMBs": 3, "IntervalInSeconds": 30},
            "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}two", "RoleARN": OTHER_ROLE},
        },
    ),
    "HttpEndpointDestination": (
        {
            "EndpointConfiguration": {"Url": "https://one.example.test/", "Name": "one", "AccessKey": "one"},
            "BufferingHints": {"SizeInMBs": 11, "IntervalInSeconds": 110},
            "CloudWatchLoggingOptions": logging("one"),
            "RequestConfiguration": {
                "ContentEncoding": "GZIP",
                "CommonAttributes": [{"AttributeName": "n", "AttributeValue": "one"}],
            },
            "ProcessingConfiguration": processors("1"),
            "RoleARN": ROLE,
            "RetryOptions": {"DurationInSeconds": 100},
            "S3BackupMode": "FailedDataOnly",
            "S3Configuration": BUCKET,
            "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}one", "RoleARN": ROLE},
        },
        {
            "EndpointConfiguration": {"Url": "https://two.example.test/", "Name": "two", "AccessKey": "two"},
            "BufferingHints": {"SizeInMBs": 12, "IntervalInSeconds": 120},
            "CloudWatchLoggingOptions": logging("two"),
            "RequestConfiguration": {
                "ContentEncoding": "NONE",
                "CommonAttributes": [{"AttributeName": "m", "AttributeValue": "two"}],
            },
            "ProcessingConfiguration": processors("2"),
            "RoleARN": OTHER_ROLE,
            "RetryOptions": {"DurationInSeconds": 200},
            "S3BackupMode": "AllData",
            "S3Update": BUCKET_UPDATE,
            "SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}two", "RoleARN": OTHER_ROLE},
        },
    ),
}
NESTED = {"S3Update": "S3DestinationDescription", "S3BackupUpdate": "S3BackupDescription"}
SECRETS = {"Password", "AccessKey"}


def every_member():
    """(kind, member, member of the bucket) of all updates that the model has for what is supported."""
    for kind in KINDS:
        for member, shape in MODEL.shape_for(f"{kind}Update").members.items():
            if member not in NESTED:
                yield kind, member, None
                continue
            for within in shape.members:
                if (kind, member, within) != ("RedshiftDestination", "S3Update", "ErrorOutputPrefix"):
                    yield kind, member, within


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="configuration-") as home:
        config = pathlib.Path(home) / "millstream.toml"
        tables = pathlib.Path(home) / "tables" / "lake"
        tables.mkdir(parents=True)
        for table in ("one", "two"):
            columns = [{"Name": "a", "Type": "string"}]
            (tables / f"{table}.json").write_text(json.dumps({"StorageDescriptor": {"Columns": columns}}))
        config.write_text(f'{CONFIGURATION}\n[data_catalog]\ndirectory = "{tables.parent}"\n')
        with running("--limits", "off", "--config", str(config)) as server:
            yield server


def create(firehose, kind):
    flow = f"flow-{uuid.uuid4().hex[:12]}"
    firehose.create_delivery_stream(DeliveryStreamName=flow, **{f"{kind}Configuration": KINDS[kind][0]})
    return flow, shown(wait_active(firehose, flow), kind)


def shown(description, kind):
    return description["Destinations"][0][f"{kind}Description"]


def update(firehose, flow, kind, version="1", **members):
    firehose.update_destination(
        DeliveryStreamName=flow,
        CurrentDeliveryStreamVersionId=version,
        DestinationId="destinationId-000000000001",
        **{f"{kind}Update": members},
    )
    description = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    assert description["VersionId"] == str(int(version) + 1)
    return description


def without_secrets(value):
    return {k: v for k, v in value.items() if k not in SECRETS} if isinstance(value, dict) else value


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_in_full_is_described_as_it_was_given(firehose, kind):
    _, described = create(firehose, kind)
    for member, value in KINDS[kind][0].items():
        if member in SECRETS:
            assert member not in described, member
            continue
        name = member.replace("S3Configuration", "S3DestinationDescription")
        name = name.replace("S3BackupConfiguration", "S3BackupDescription")
        if member == "EndpointConfiguration":
            value = without_secrets(value)
        assert described[name] == value, member
    given = {name.replace("Configuration", "") for name in KINDS[kind][0]}
    modelled = {name.replace("Configuration", "") for name in MODEL.shape_for(f"{kind}Configuration").members}
    assert modelled - given <= {"Vpc", "ClusterEndpoint"}, "a member that this test does not give"


@pytest.mark.parametrize(("kind", "member", "within"), list(every_member()))
def test_what_an_update_gives_changes_and_what_it_omits_stays(firehose, kind, member, within):
    flow, before = create(firehose, kind)
    expected = copy.deepcopy(before)
    value = copy.deepcopy(KINDS[kind][1][member])
    if within:
        value = {within: value[within]}
        expected[NESTED[member]].update(value)
    elif member not in SECRETS:
        expected[member] = without_secrets(value)
    if member == "ClusterEndpoint":
        # One way to name a cluster takes the other's place.
        del expected["DomainARN"]
    after = update(firehose, flow, kind, **{member: value})
    assert shown(after, kind) == expected
    if not (within or member in SECRETS):
        assert shown(after, kind) != before, "the test gives what was there"


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_update_is_a_version_that_changes_nothing(firehose, kind):
    flow, before = create(firehose, kind)
    assert shown(update(firehose, flow, kind), kind) == before


@pytest.mark.parametrize("kind", KINDS)
def test_all_members_at_once_make_the_other_configuration(firehose, kind):
    flow, _ = create(firehose, kind)
    members = {name: value for name, value in KINDS[kind][1].items() if name != "ClusterEndpoint"}
    after = shown(update(firehose, flow, kind, **members), kind)
    for member, value in members.items():
        if member in NESTED:
            assert after[NESTED[member]] == value
        elif member not in SECRETS:
            assert after[member] == without_secrets(value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_updated_is_as_if_it_had_been_created_so(firehose, kind):
    flow, _ = create(firehose, kind)
    members = {name: value for name, value in KINDS[kind][1].items() if name != "ClusterEndpoint"}
    after = shown(update(firehose, flow, kind, **members), kind)
    configuration = KINDS[kind][0] | {
        {"S3Update": "S3Configuration", "S3BackupUpdate": "S3BackupConfiguration"}.get(name, name): value
        for name, value in members.items()
    }
    fresh = f"{flow}-2"
    firehose.create_delivery_stream(DeliveryStreamName=fresh, **{f"{kind}Configuration": configuration})
    assert shown(wait_active(firehose, fresh), kind) == after


@contextlib.contextmanager
def unchanged(firehose, flow):
    before = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    yield
    assert firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"] == before


ENOUGH = {
    "HttpEndpointDestination": ("EndpointConfiguration", "S3Update"),
    "SplunkDestination": ("HECEndpoint", "HECEndpointType", "HECToken", "S3Update"),
    "RedshiftDestination": ("RoleARN", "ClusterJDBCURL", "CopyCommand", "Username", "Password", "S3Update"),
    "ExtendedS3Destination": ("RoleARN", "BucketARN"),
}


@pytest.mark.parametrize("to", ENOUGH)
@pytest.mark.parametrize("of", ["S3Destination", *ENOUGH])
def test_another_kind_replaces_the_whole_configuration(firehose, of, to):
    if {of, to} <= {"S3Destination", "ExtendedS3Destination"} or of == to:
        return
    flow, _ = create(firehose, of)
    members = {name: KINDS[to][1][name] for name in ENOUGH[to]}
    if of == "ExtendedS3Destination":
        with unchanged(firehose, flow):
            code, message = failure(update, firehose=firehose, flow=flow, kind=to, **members)
            assert code == "InvalidArgumentException" and "dynamic partitioning cannot be disabled" in message
        return
    for missing in members:
        rest = {name: value for name, value in members.items() if name != missing}
        with unchanged(firehose, flow):
            code, message = failure(update, firehose=firehose, flow=flow, kind=to, **rest)
            assert code == "InvalidArgumentException" and missing in message, message
    after = update(firehose, flow, to, **members)
    (destination,) = after["Destinations"]
    kinds = {name for name in destination if name.endswith("Description")}
    assert kinds == {f"{to}Description"} | ({"S3DestinationDescription"} if to.startswith("Extended") else set())
    described = shown(after, to)
    assert "group-one" not in json.dumps(described, default=str), "something of the old configuration stayed"
    for member in members:
        if member in NESTED:
            assert described[NESTED[member]] == members[member]


@pytest.mark.parametrize("version", ["0", "2", "18446744073709551616"])
def test_a_version_that_is_not_the_newest_changes_nothing(firehose, version):
    flow, _ = create(firehose, "S3Destination")
    with unchanged(firehose, flow):
        code, message = failure(update, firehose=firehose, flow=flow, kind="S3Destination", version=version, Prefix="x")
        assert code == "ConcurrentModificationException", (code, message)


@pytest.mark.parametrize(
    ("kind", "first", "then"),
    [
        ("ExtendedS3Destination", {"S3BackupMode": "Enabled"}, {"S3BackupMode": "Disabled"}),
        ("RedshiftDestination", {"S3BackupMode": "Enabled"}, {"S3BackupMode": "Disabled"}),
        ("SplunkDestination", {"S3BackupMode": "AllEvents"}, {"S3BackupMode": "FailedEventsOnly"}),
        ("ExtendedS3Destination", {}, {"DynamicPartitioningConfiguration": {"Enabled": False}}),
        ("S3Destination", {}, {"BufferingHints": {"SizeInMBs": 1}}),
        ("RedshiftDestination", {}, {"S3Update": {"ErrorOutputPrefix": "x/"}}),
        ("HttpEndpointDestination", {}, {"S3Update": {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0}}}),
        ("AmazonopensearchserviceDestination", {}, {"DomainARN": f"{DOMAIN}three"}),
        ("SplunkDestination", {}, {"SecretsManagerConfiguration": {"Enabled": True, "SecretARN": f"{SECRET}three"}}),
    ],
)
def test_an_update_that_cannot_be_changes_nothing(firehose, kind, first, then):
    flow, _ = create(firehose, kind)
    update(firehose, flow, kind, **first)
    with unchanged(firehose, flow):
        code, message = failure(update, firehose=firehose, flow=flow, kind=kind, version="2", **then)
        assert code == "InvalidArgumentException", message
