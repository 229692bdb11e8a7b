"""Firehose in CBOR, as SDKs send it that do so for all services of this family: written by botocore's serializer from
the service's own model, read by a reader of this test's."""

import struct
import urllib.error
import urllib.request
import uuid

import boto3
import pytest
from botocore.serialize import CBORSerializer
from conftest import REGION
from delivery import ROLE, TARGET, bodies, wait_active

CONTENT_TYPE = "application/x-amz-cbor-1.1"
MODEL = boto3.client("firehose", region_name=REGION)._service_model


class Serializer(CBORSerializer):
    """Of the values alone: what is around them differs between the protocols that have CBOR."""

    def serialize_to_request(self, parameters, operation_model):
        raise NotImplementedError

    def body(self, operation, parameters):
        out = bytearray()
        self._serialize_data_item(out, parameters, MODEL.operation_model(operation).input_shape)
        return bytes(out)


def decoded(body):
    value, end = item(body, 0)
    assert end == len(body), "something follows the value"
    return value


def item(body, at):
    major, info = body[at] >> 5, body[at] & 31
    at += 1
    if info == 31:
        return indefinite(body, at, major)
    if major == 7 and info >= 25:
        kind, size = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}[info]
        return struct.unpack(kind, body[at : at + size])[0], at + size
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    number = int.from_bytes(body[at : at + size]) if size else info
    at += size
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        data = bytes(body[at : at + number])
        assert len(data) == number
        return (data if major == 2 else data.decode()), at + number
    if major == 4:
        return many(body, at, number)
    if major == 5:
        flat, at = many(body, at, 2 * number)
        return dict(zip(flat[::2], flat[1::2], strict=True)), at
    if major == 6:
        value, at = item(body, at)
        return ("tag", number, value), at
    return {20: False, 21: True, 22: None}[number], at


def many(body, at, count):
    values = []
    for _ in range(count):
        value, at = item(body, at)
        values.append(value)
    return values, at


def indefinite(body, at, major):
    values = []
    while body[at] != 0xFF:
        value, at = item(body, at)
        values.append(value)
    joined = {
        2: lambda: b"".join(values),
        3: lambda: "".join(values),
        4: lambda: values,
        5: lambda: dict(zip(values[::2], values[1::2], strict=True)),
    }
    return joined[major](), at + 1


def send(server, operation, body, target="Firehose_20150804"):
    """Status, headers and what the body says."""
    request = urllib.request.Request(
        server.endpoint,
        body,
        {
            "Content-Type": CONTENT_TYPE,
            "X-Amz-Target": f"{target}.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/{REGION}/firehose/aws4_request, "
            "SignedHeaders=host, Signature=0",
            "X-Amz-Date": "20260101T000000Z",
        },
    )
    try:
        reply = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        answer = reply.read()
        assert reply.headers["Content-Type"] == CONTENT_TYPE and reply.headers["x-amzn-RequestId"]
        return reply.status, decoded(answer) if answer else None


def call(server, operation, **parameters):
    status, answer = send(server, operation, Serializer().body(operation, parameters))
    assert status == 200, answer
    return answer


def refused(server, operation, **parameters):
    status, answer = send(server, operation, Serializer().body(operation, parameters))
    assert status == 400, answer
    return answer["__type"].split("#")[-1], answer["message"]


@pytest.fixture
def flow(server):
    """A delivery stream that was made in CBOR, and its bucket."""
    name = f"flow-{uuid.uuid4().hex[:12]}"
    server.client("s3").create_bucket(Bucket=name)
    destination = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{name}",
        "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
    }
    made = call(
        server, "CreateDeliveryStream", DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination,
        Tags=[{"Key": "schlüssel", "Value": "wert"}],
    )
    assert made == {"DeliveryStreamARN": f"arn:aws:firehose:{REGION}:000000000000:deliverystream/{name}"}
    wait_active(server.client("firehose"), name)
    return name


def test_every_byte_that_is_put_arrives(server, flow):
    values = [bytes(range(256)), b"", b"text\n", "\N{SNOWMAN}".encode(), b"x" * 1_000_000]
    single = call(server, "PutRecord", DeliveryStreamName=flow, Record={"Data": values[0]})
    assert set(single) == {"RecordId", "Encrypted"} and single["Encrypted"] is False
    assert isinstance(single["RecordId"], str) and single["RecordId"]
    batch = call(server, "PutRecordBatch", DeliveryStreamName=flow, Records=[{"Data": value} for value in values[1:]])
    assert batch["FailedPutCount"] == 0 and batch["Encrypted"] is False
    assert len(batch["RequestResponses"]) == len(values) - 1
    assert all(isinstance(entry["RecordId"], str) for entry in batch["RequestResponses"])
    assert send(server, "FlushDeliveryStream", map_of_text({"DeliveryStreamName": flow}), TARGET) == (200, {})
    assert list(bodies(server.client("s3"), flow).values()) == [b"".join(values)]


def map_of_text(members):
    """A small map of short texts, of indefinite length as the SDK for Java writes its maps."""
    out = b"\xbf"
    for text in (text for pair in members.items() for text in pair):
        data = text.encode()
        assert len(data) < 256
        out += bytes([0x78, len(data)]) + data
    return out + b"\xff"


def test_a_body_as_the_sdk_for_java_writes_it_is_the_same(server, flow):
    data = bytes(range(200))
    record = b"\xbf\x64Data\x58" + bytes([len(data)]) + data + b"\xff"
    name = b"\x72DeliveryStreamName\x78" + bytes([len(flow)]) + flow.encode()
    status, answer = send(server, "PutRecord", b"\xbf" + name + b"\x66Record" + record + b"\xff")
    assert status == 200 and answer["RecordId"]
    status, answer = send(server, "PutRecordBatch", b"\xbf" + name + b"\x67Records\x9f" + record + record + b"\xff\xff")
    assert status == 200 and answer["FailedPutCount"] == 0 and len(answer["RequestResponses"]) == 2
    assert send(server, "FlushDeliveryStream", map_of_text({"DeliveryStreamName": flow}), TARGET)[0] == 200
    assert list(bodies(server.client("s3"), flow).values()) == [data * 3]


def test_the_control_plane_says_the_same_as_in_json(server, flow):
    firehose = server.client("firehose")
    in_json = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    in_cbor = call(server, "DescribeDeliveryStream", DeliveryStreamName=flow)["DeliveryStreamDescription"]
    # Milliseconds behind tag 1, as the SDKs of this protocol read them.
    tag, number, milliseconds = in_cbor.pop("CreateTimestamp")
    created = in_json.pop("CreateTimestamp")
    assert (tag, number) == ("tag", 1) and milliseconds // 1000 == int(created.timestamp())
    assert in_cbor == in_json
    listed = call(server, "ListDeliveryStreams", Limit=10000)
    assert flow in listed["DeliveryStreamNames"] and listed["HasMoreDeliveryStreams"] is False
    assert call(server, "TagDeliveryStream", DeliveryStreamName=flow, Tags=[{"Key": "k"}]) == {}
    tags = call(server, "ListTagsForDeliveryStream", DeliveryStreamName=flow)
    assert sorted(tag["Key"] for tag in tags["Tags"]) == ["k", "schlüssel"] and tags["HasMoreTags"] is False
    assert call(server, "UntagDeliveryStream", DeliveryStreamName=flow, TagKeys=["k"]) == {}
    changed = call(
        server, "UpdateDestination", DeliveryStreamName=flow, CurrentDeliveryStreamVersionId=in_json["VersionId"],
        DestinationId=in_json["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"Prefix": "changed/"},
    )
    assert changed == {}
    owned = {"KeyType": "AWS_OWNED_CMK"}
    started = call(
        server, "StartDeliveryStreamEncryption", DeliveryStreamName=flow,
        DeliveryStreamEncryptionConfigurationInput=owned,
    )
    assert started == {}
    assert call(server, "DeleteDeliveryStream", DeliveryStreamName=flow, AllowForceDelete=True) == {}


def test_errors_are_cbor_too(server, flow):
    code, message = refused(server, "DescribeDeliveryStream", DeliveryStreamName="no-such")
    assert code == "ResourceNotFoundException" and "no-such" in message
    assert refused(server, "PutRecord", DeliveryStreamName="no-such", Record={"Data": b"x"})[0] == code
    code, message = refused(server, "CreateDeliveryStream", DeliveryStreamName=flow)
    assert code in ("ResourceInUseException", "InvalidArgumentException"), message
    code, message = refused(server, "PutRecordBatch", DeliveryStreamName=flow, Records=[])
    assert code == "ValidationException" and "records" in message.lower(), message
    for body in (b"\xbf", b"\x00", b"{}", b"\xff" * 10):
        status, answer = send(server, "PutRecord", body)
        assert (status, answer["__type"].split("#")[-1]) == (400, "SerializationException"), answer
    status, answer = send(server, "NoSuchOperation", b"\xa0")
    assert (status, answer["__type"].split("#")[-1]) == (400, "UnknownOperationException"), answer
