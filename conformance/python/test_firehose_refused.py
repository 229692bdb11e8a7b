"""What is refused is refused by name, with the answer that docs/support.md gives for it, and nothing is made."""

import pathlib
import re

import botocore.session
import pytest
from conftest import failure
from delivery import ROLE, make, processing

SUPPORT = pathlib.Path(__file__).parents[2] / "docs" / "support.md"
MODEL = botocore.session.get_session().get_service_model("firehose")
BUCKET = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket"}
SECRET = {"Enabled": True, "SecretARN": "arn:aws:secretsmanager:eu-central-1:000000000000:secret:s"}
SEARCH = {"RoleARN": ROLE, "ClusterEndpoint": "https://127.0.0.1:9", "IndexName": "i", "S3Configuration": BUCKET}
VPC = {"VpcConfiguration": {"SubnetIds": ["subnet-1"], "RoleARN": ROLE, "SecurityGroupIds": ["sg-1"]}}
SNOWFLAKE = {
    "AccountUrl": "https://account.snowflakecomputing.com",
    "Database": "d",
    "Schema": "s",
    "Table": "t",
    "RoleARN": ROLE,
    "S3Configuration": BUCKET,
}
ICEBERG = {
    "RoleARN": ROLE,
    "CatalogConfiguration": {"CatalogARN": "arn:aws:glue:eu-central-1:000000000000:catalog"},
    "S3Configuration": BUCKET,
}
SERVERLESS = {
    "RoleARN": ROLE,
    "CollectionEndpoint": "https://c.example.test",
    "IndexName": "i",
    "S3Configuration": BUCKET,
}
MSK = {
    "MSKClusterARN": "arn:aws:kafka:eu-central-1:000000000000:cluster/c/11111111-2222-3333-4444-555555555555-1",
    "TopicName": "topic",
    "AuthenticationConfiguration": {"RoleARN": ROLE, "Connectivity": "PUBLIC"},
}
DATABASE = {
    "Type": "PostgreSQL",
    "Endpoint": "db.example.test",
    "Port": 5432,
    "Databases": {"Include": ["d"]},
    "Tables": {"Include": ["t"]},
    "SnapshotWatermarkTable": "w",
    "DatabaseSourceAuthenticationConfiguration": {"SecretsManagerConfiguration": SECRET},
    "DatabaseSourceVPCConfiguration": {"VpcEndpointServiceName": "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0"},
}

# A request with each member that the table of support says is refused, all else in it good.
REQUESTS = {
    "AmazonOpenSearchServerlessDestinationConfiguration": SERVERLESS,
    "AmazonOpenSearchServerlessDestinationUpdate": {"IndexName": "i"},
    "AmazonopensearchserviceDestinationConfiguration.VpcConfiguration": SEARCH | VPC,
    "DatabaseSourceConfiguration": DATABASE,
    "ElasticsearchDestinationConfiguration.VpcConfiguration": SEARCH | VPC,
    "IcebergDestinationConfiguration": ICEBERG,
    "IcebergDestinationUpdate": {"AppendOnly": True},
    "MSKSourceConfiguration": MSK,
    "SnowflakeDestinationConfiguration": SNOWFLAKE,
    "SnowflakeDestinationUpdate": {"Table": "t"},
}


def table(after, columns=2):
    """The rows of the first table after a heading."""
    text = SUPPORT.read_text().split(after, 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows if len(row) == columns]


ANSWERS = {row[0].strip("`"): row[1] for row in table("### Why members of Data Firehose are refused")}


def refused(firehose, flow, call, words, **arguments):
    code, message = failure(call, DeliveryStreamName=flow, **arguments)
    assert code == "InvalidArgumentException" and words in message, message


def absent(firehose, flow):
    assert flow not in firehose.list_delivery_streams(Limit=10000)["DeliveryStreamNames"]


def test_every_row_of_the_table_has_its_request_here():
    assert set(ANSWERS) == set(REQUESTS)


@pytest.mark.parametrize("member", REQUESTS)
def test_a_member_is_refused_with_the_tables_answer(firehose, flow, member):
    name = member.split(".")[0]
    if name.endswith("Update"):
        make(firehose, flow, "bucket")
        update = {"CurrentDeliveryStreamVersionId": "1", "DestinationId": "destinationId-000000000001"}
        refused(firehose, flow, firehose.update_destination, ANSWERS[member], **update, **{name: REQUESTS[member]})
        shown = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
        assert shown["VersionId"] == "1"
        return
    arguments = {name: REQUESTS[member]}
    if "Source" in name:
        kind = "MSKAsSource" if name.startswith("MSK") else "DatabaseAsSource"
        arguments |= {"DeliveryStreamType": kind, "ExtendedS3DestinationConfiguration": BUCKET}
    refused(firehose, flow, firehose.create_delivery_stream, ANSWERS[member], **arguments)
    absent(firehose, flow)


@pytest.mark.parametrize("kind", ["MSKAsSource", "DatabaseAsSource"])
def test_a_kind_of_source_is_refused_though_its_configuration_is_not_there(firehose, flow, kind):
    destination = {"DeliveryStreamType": kind, "ExtendedS3DestinationConfiguration": BUCKET}
    refused(firehose, flow, firehose.create_delivery_stream, kind, **destination)
    absent(firehose, flow)


def supported():
    """Members of CreateDeliveryStream's destinations and sources, without those that are refused whole."""
    for name, shape in MODEL.shape_for("CreateDeliveryStreamInput").members.items():
        if name not in ANSWERS:
            yield name, shape


def leaves(shape, path):
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from leaves(member, f"{path}.{name}")
    elif shape.type_name == "list":
        yield from leaves(shape.member, path)
    else:
        yield path, shape


TEXTS = [
    (path, shape)
    for name, top in supported()
    for path, shape in leaves(top, name)
    if shape.type_name == "string" and shape.enum and not any(path.startswith(row) for row in ANSWERS)
]


def whole(path, value):
    """A request with a value at a path, and what the model requires beside it."""
    head, _, rest = path.partition(".")
    shape = MODEL.shape_for("CreateDeliveryStreamInput").members[head]
    return {head: placed(shape, rest, value)}


def placed(shape, rest, value):
    if shape.type_name == "list":
        return [placed(shape.member, rest, value)]
    if not rest and shape.type_name != "structure":
        return value
    head, _, rest = rest.partition(".")
    made = {name: required(name, shape.members[name]) for name in shape.required_members}
    return made | {head: placed(shape.members[head], rest, value)}


SAMPLES = {
    "RoleARN": ROLE,
    "BucketARN": "arn:aws:s3:::bucket",
    "ClusterJDBCURL": "jdbc:redshift://c.us-east-1.redshift.amazonaws.com:5439/dev",
    "HECEndpoint": "https://127.0.0.1:9",
    "Url": "https://127.0.0.1:9",
    "IndexName": "i",
    "DataTableName": "t",
}


def required(name, shape):
    if shape.type_name == "structure":
        return {member: required(member, shape.members[member]) for member in shape.required_members}
    if shape.type_name == "list":
        return []
    if shape.enum:
        return shape.enum[0]
    return {"boolean": False, "integer": 1}.get(shape.type_name, SAMPLES.get(name, "x"))


@pytest.mark.parametrize("path", [path for path, _ in TEXTS])
def test_a_value_that_is_none_of_the_models_is_refused_by_its_member(firehose, flow, path):
    code, message = failure(firehose.create_delivery_stream, DeliveryStreamName=flow, **whole(path, "NoSuchValue"))
    assert code == "ValidationException", (code, message)
    name = path.rpartition(".")[2]
    assert re.search(rf"{name}'? failed to satisfy constraint", message, re.IGNORECASE), message
    absent(firehose, flow)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("Lambda", {"LambdaArn": "arn:aws:lambda:eu-central-1:000000000000:function:nobody"}),
        ("Lambda", {"NumberOfRetries": "3"}),
        ("MetadataExtraction", {"MetadataExtractionQuery": "{k: .k}", "JsonParsingEngine": "JQ-1.5"}),
        ("MetadataExtraction", {"MetadataExtractionQuery": "{k: .k", "JsonParsingEngine": "JQ-1.6"}),
        ("AppendDelimiterToRecord", {"SubRecordType": "JSON"}),
        ("RecordDeAggregation", {"SubRecordType": "DELIMITED"}),
        ("Decompression", {"CompressionFormat": "ZIP"}),
    ],
)
def test_a_processor_that_cannot_work_is_refused_in_every_kind(firehose, flow, kind, parameters):
    steps = {"ProcessingConfiguration": processing((kind, parameters))}
    for name in ("ExtendedS3DestinationConfiguration", "ElasticsearchDestinationConfiguration"):
        destination = BUCKET if name.startswith("Extended") else SEARCH
        code, message = failure(
            firehose.create_delivery_stream, DeliveryStreamName=flow, **{name: destination | steps}
        )
        assert code == "InvalidArgumentException" and message, message
        absent(firehose, flow)
