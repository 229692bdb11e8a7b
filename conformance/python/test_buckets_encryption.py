"""Encryption of objects in the built-in buckets: both kinds through boto3, nothing readable on the disk, keys that
cannot be used, deliveries with a key."""

import base64
import collections
import hashlib
import json
import urllib.request
import uuid

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from conftest import ACCOUNT, KEY_ID, REGION, SECRET, Server, failure, holding, running, until
from delivery import (
    ROLE, assert_once, bodies, documents, flush, flush_when_it_can, keys, kill_again_and_again, logs, make, put,
    wait_active,
)
from key_service import KEY, KeyService, at_key_service, key_service  # noqa: F401
from test_delivery_kill import CALLS, HINTS, PRODUCERS, ROUNDS, Producer

CANARY = "canary-plaintext-b80d14"
MIB = 1 << 20
ARN = f"arn:aws:kms:{REGION}:000000000000:key/{KEY}"
S3_KEY = f"arn:aws:kms:{REGION}:000000000000:alias/aws/s3"
DECLARED = f'[[kms.keys]]\nid = "{KEY}"\naliases = ["alias/mine"]\n'
KINDS = [
    ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "AES256"}),
    ({"ServerSideEncryption": "aws:kms"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": S3_KEY}),
    (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/mine"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": ARN},
    ),
]
WITH_KEY = {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": ARN}}}


class Keyed:
    """A server that knows a key, whose state can be changed."""

    def __init__(self, server, path):
        self.server, self.path = server, path

    def restart_with(self, text):
        self.path.write_text(text)
        self.server.restart()


@pytest.fixture(scope="module")
def keyed():
    with running("--limits", "off", config=DECLARED) as server:
        yield Keyed(server, server.home / "millstream.toml")


@pytest.fixture
def server(keyed):
    return keyed.server


def readable(server, text=CANARY):
    """The files of the data directory that hold the text."""
    return holding(server.data, text)


def said(reply):
    return {name: reply[name] for name in ("ServerSideEncryption", "SSEKMSKeyId") if name in reply}


def data_of(bytes_):
    return (CANARY.encode() * (bytes_ // len(CANARY) + 1))[:bytes_]


def test_what_is_not_encrypted_is_found_and_says_nothing(server, s3, bucket):
    reply = s3.put_object(Bucket=bucket, Key="plain", Body=CANARY)
    assert said(reply) == said(s3.head_object(Bucket=bucket, Key="plain")) == {}
    assert len(readable(server)) == 1
    s3.delete_object(Bucket=bucket, Key="plain")
    assert readable(server) == []


@pytest.mark.parametrize("asked, told", KINDS)
def test_an_object_comes_back_whole_and_in_ranges(server, s3, bucket, asked, told):
    data = data_of(3 * 65536 + 7)
    reply = s3.put_object(Bucket=bucket, Key="o", Body=data, ContentType="text/x-a", Metadata={"a": "b"}, **asked)
    assert said(reply) == told
    md5 = hashlib.md5(data).hexdigest()
    assert (reply["ETag"].strip('"') == md5) == (asked["ServerSideEncryption"] == "AES256")
    got = s3.get_object(Bucket=bucket, Key="o")
    assert got["Body"].read() == data
    head = s3.head_object(Bucket=bucket, Key="o")
    for known in (got, head):
        assert said(known) == told and known["ETag"] == reply["ETag"]
        assert (known["ContentLength"], known["ContentType"], known["Metadata"]) == (len(data), "text/x-a", {"a": "b"})
    for first, last in [(0, 0), (0, 65535), (65535, 65536), (65536, 131071), (100, 140000), (196608, 196614), (1, 196613)]:
        part = s3.get_object(Bucket=bucket, Key="o", Range=f"bytes={first}-{last}")
        assert part["Body"].read() == data[first:last + 1], (first, last)
        assert part["ContentRange"] == f"bytes {first}-{last}/{len(data)}"
    assert s3.get_object(Bucket=bucket, Key="o", Range="bytes=-5")["Body"].read() == data[-5:]
    (entry,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert (entry["Size"], entry["ETag"]) == (len(data), reply["ETag"])
    assert readable(server) == []
    s3.put_object(Bucket=bucket, Key="empty", Body=b"", **asked)
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


def test_a_checksum_is_told_to_who_asks(server, s3, bucket):
    reply = s3.put_object(Bucket=bucket, Key="o", Body=CANARY, ChecksumAlgorithm="SHA256", **KINDS[2][0])
    plain = base64.b64encode(hashlib.sha256(CANARY.encode()).digest()).decode()
    assert reply["ChecksumSHA256"] == plain
    head = s3.head_object(Bucket=bucket, Key="o", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == plain
    assert "ChecksumSHA256" not in s3.head_object(Bucket=bucket, Key="o")
    assert readable(server, plain[:20]) == []


def test_conditions_hold_as_for_other_objects(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="o", Body=b"1", **KINDS[2][0])["ETag"]
    assert failure(s3.put_object, Bucket=bucket, Key="o", Body=b"2", IfNoneMatch="*")[0] == "PreconditionFailed"
    assert failure(s3.get_object, Bucket=bucket, Key="o", IfMatch='"x"')[0] == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="o", IfMatch=etag)["Body"].read() == b"1"
    s3.put_object(Bucket=bucket, Key="o", Body=b"2", IfMatch=etag, **KINDS[0][0])
    assert said(s3.head_object(Bucket=bucket, Key="o")) == KINDS[0][1]


def test_copies_are_encrypted_as_they_ask_and_never_less_than_their_source(server, s3, bucket):
    data = data_of(70_000)
    s3.put_object(Bucket=bucket, Key="plain", Body=b"plain")
    s3.put_object(Bucket=bucket, Key="sealed", Body=data, **KINDS[2][0])

    def copied(source, **asked):
        reply = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": source}, **asked)
        assert said(reply) == said(s3.head_object(Bucket=bucket, Key="copy"))
        return said(reply), s3.get_object(Bucket=bucket, Key="copy")["Body"].read()

    assert copied("plain") == ({}, b"plain")
    assert copied("sealed") == ({"ServerSideEncryption": "AES256"}, data)
    for asked, told in KINDS:
        assert copied("plain", **asked) == (told, b"plain")
        assert copied("sealed", **asked) == (told, data)
    # Onto itself, to change how it is encrypted.
    own = {"Bucket": bucket, "Key": "sealed", "CopySource": {"Bucket": bucket, "Key": "sealed"}}
    assert failure(s3.copy_object, **own)[0] == "InvalidRequest"
    assert said(s3.copy_object(**own, **KINDS[0][0])) == KINDS[0][1]
    assert s3.get_object(Bucket=bucket, Key="sealed")["Body"].read() == data
    assert readable(server) == []


@pytest.mark.parametrize("asked, told", KINDS)
def test_uploads_in_parts(server, s3, bucket, asked, told):
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big", ChecksumAlgorithm="CRC32", **asked)
    assert said(begun) == told
    upload = {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}
    first, second = data_of(5 * MIB + 11), data_of(1000)
    part = s3.upload_part(**upload, PartNumber=1, Body=first, ChecksumAlgorithm="CRC32")
    assert said(part) == told
    s3.put_object(Bucket=bucket, Key="source", Body=second, **KINDS[0][0])
    copied = s3.upload_part_copy(**upload, PartNumber=2, CopySource={"Bucket": bucket, "Key": "source"})
    assert said(copied) == told
    assert readable(server) == []
    listed = s3.list_parts(**upload)["Parts"]
    assert [entry["ChecksumCRC32"] for entry in listed] == \
        [part["ChecksumCRC32"], copied["CopyPartResult"]["ChecksumCRC32"]]
    named = [{name: entry[name] for name in ("PartNumber", "ETag", "ChecksumCRC32")} for entry in listed]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": named})
    assert said(done) == told and done["ETag"].endswith('-2"')
    got = s3.get_object(Bucket=bucket, Key="big")
    assert said(got) == told and got["Body"].read() == first + second
    edge = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={len(first) - 3}-{len(first) + 2}")
    assert edge["Body"].read() == first[-3:] + second[:3]
    assert readable(server) == []


def test_the_default_of_a_bucket(server, s3, bucket):
    code, _ = failure(s3.get_bucket_encryption, Bucket=bucket)
    assert code == "ServerSideEncryptionConfigurationNotFoundError"
    for rule, told in [
        ({"SSEAlgorithm": "AES256"}, KINDS[0][1]),
        ({"SSEAlgorithm": "aws:kms"}, KINDS[1][1]),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ARN}, KINDS[2][1]),
    ]:
        rules = [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": rule.get("KMSMasterKeyID") == ARN}]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        shown = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        assert shown["Rules"] == rules
        assert said(s3.put_object(Bucket=bucket, Key="o", Body=CANARY)) == told
        assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == CANARY.encode()
        # What is asked for goes before it.
        assert said(s3.put_object(Bucket=bucket, Key="p", Body=CANARY, **KINDS[0][0])) == KINDS[0][1]
        upload = s3.create_multipart_upload(Bucket=bucket, Key="u")
        assert said(upload) == told
        assert readable(server) == []
    s3.delete_bucket_encryption(Bucket=bucket)
    assert failure(s3.get_bucket_encryption, Bucket=bucket)[0] == "ServerSideEncryptionConfigurationNotFoundError"
    assert said(s3.put_object(Bucket=bucket, Key="o", Body=b"plain")) == {}


def test_what_cannot_be_done_is_refused_and_nothing_is_written(server, s3, bucket):
    for arguments, code, part in [
        ({"SSECustomerAlgorithm": "AES256"}, "NotImplemented", "customer-algorithm"),
        ({"ServerSideEncryption": "aws:kms:dsse"}, "NotImplemented", "aws:kms:dsse"),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSEncryptionContext": "e30="}, "NotImplemented", "context"),
        ({"ServerSideEncryption": "rot13"}, "InvalidArgument", "not supported"),
        ({"ServerSideEncryption": "AES256", "SSEKMSKeyId": KEY}, "InvalidArgument", "aws:kms"),
        ({"SSEKMSKeyId": KEY}, "InvalidArgument", "aws:kms"),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "absent"}, "KMS.NotFoundException", "does not exist"),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "aws/s3"}, "KMS.NotFoundException", "Invalid keyId aws/s3"),
        (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": ARN.replace("000000000000", "000000000001")},
            "AccessDenied", "",
        ),
        (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/aws/kinesis"}, "AccessDenied", "",
        ),
    ]:
        refused = failure(s3.put_object, Bucket=bucket, Key="o", Body=CANARY, **arguments)
        assert refused[0] == code and part in refused[1], (arguments, refused)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert readable(server) == []


@pytest.mark.parametrize("state, code", [
    (f"{DECLARED}enabled = false\n", "KMS.DisabledException"),
    (f"{DECLARED}pending_deletion = true\n", "KMS.KMSInvalidStateException"),
    (f"{DECLARED}denied = true\n", "AccessDenied"),
    ("", "KMS.NotFoundException"),
])
def test_a_key_that_cannot_be_used_stops_reading_and_delivering(keyed, bucket, flow, state, code):
    server = keyed.server
    s3, firehose = server.client("s3"), server.client("firehose")
    s3.put_object(Bucket=bucket, Key="o", Body=CANARY, **KINDS[2][0])
    options = {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
    make(firehose, flow, bucket, Prefix="data/", CloudWatchLoggingOptions=options, **WITH_KEY)
    put(firehose, flow, [f"before {flow}\n"])
    flush(server, flow)
    keyed.restart_with(state)
    s3, firehose = server.client("s3"), server.client("firehose")
    try:
        assert failure(s3.get_object, Bucket=bucket, Key="o")[0] == code
        assert s3.head_object(Bucket=bucket, Key="o")["ContentLength"] == len(CANARY)
        assert failure(s3.put_object, Bucket=bucket, Key="p", Body=b"x", **KINDS[2][0])[0] == code
        assert failure(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/o")[0] == code
        wait_active(firehose, flow)
        put(firehose, flow, [f"after {flow}\n"])
        make(firehose, f"{flow}-2", bucket, Prefix="second/", CloudWatchLoggingOptions=options, **WITH_KEY,
             BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
        put(firehose, f"{flow}-2", ["late\n"])
        (event, *_) = until(lambda: logs(server, f"{flow}-2"), "nobody is told")
        assert json.loads(event["Message"])["errorCode"] == f"S3.{code}"
        assert keys(s3, bucket, "second/") == []
    finally:
        keyed.restart_with(DECLARED)
    s3, firehose = server.client("s3"), server.client("firehose")
    for name in (flow, f"{flow}-2"):
        wait_active(firehose, name)
        flush(server, name)
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == CANARY.encode()
    assert sorted(bodies(s3, bucket, "data/").values()) == [f"after {flow}\n".encode(), f"before {flow}\n".encode()]
    assert b"".join(bodies(s3, bucket, "second/").values()) == b"late\n"


def all_say(s3, bucket, told):
    found = keys(s3, bucket)
    assert found and all(said(s3.head_object(Bucket=bucket, Key=key)) == told for key in found), found
    return len(found)


@pytest.mark.parametrize("encrypted", [True, False])
def test_deliveries_backups_and_errors_are_encrypted(server, firehose, s3, bucket, flow, encrypted):
    """The delivery stream's own logs are encrypted too, so that no file at all may hold a record."""
    backup = f"{bucket}-backup"
    s3.create_bucket(Bucket=backup)
    with_key = WITH_KEY if encrypted else {"EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"}}
    parameters = [
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{part:(.n % 2)}"},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
    ]
    firehose.create_delivery_stream(
        DeliveryStreamName=flow,
        DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"},
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "Prefix": "data/!{partitionKeyFromQuery:part}/",
            "ErrorOutputPrefix": "errors/",
            "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {
                "Enabled": True, "Processors": [{"Type": "MetadataExtraction", "Parameters": parameters}],
            },
            "S3BackupMode": "Enabled",
            "S3BackupConfiguration": {
                "RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{backup}", "CompressionFormat": "GZIP", **with_key,
            },
            **with_key,
        },
    )
    wait_active(firehose, flow)
    canary = f"record-{uuid.uuid4().hex}"
    records = [json.dumps({"n": number, "text": canary}) + "\n" for number in range(100)]
    put(firehose, flow, [*records, f"{canary} is not JSON"])
    flush(server, flow)
    assert all_say(s3, bucket, KINDS[2][1] if encrypted else {}) == 3
    assert all_say(s3, backup, KINDS[2][1] if encrypted else {}) == 1
    assert sorted(document["n"] for document in documents(s3, bucket, "data/")) == list(range(100))
    (error,) = documents(s3, bucket, "errors/")
    assert base64.b64decode(error["rawData"]).decode() == f"{canary} is not JSON"
    (saved,) = bodies(s3, backup).values()
    assert saved.decode() == "".join(records) + f"{canary} is not JSON"
    assert bool(readable(server, canary)) != encrypted
    shown = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    (destination,) = shown["Destinations"]
    assert destination["ExtendedS3DestinationDescription"]["EncryptionConfiguration"] \
        == with_key["EncryptionConfiguration"]


def test_a_delivery_that_asks_for_nothing_is_encrypted_as_its_bucket_has_it(server, firehose, s3, bucket, flow):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/mine"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    make(firehose, flow, bucket)
    put(firehose, flow, ["x"])
    flush(server, flow)
    assert all_say(s3, bucket, KINDS[2][1]) == 1
    code, message = failure(
        make, firehose=firehose, name=f"{flow}-2", bucket=bucket,
        EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": ARN + ".x"}},
    )
    assert code == "InvalidArgumentException" and f"{ARN}.x is not" in message


def test_sealed_objects_outlive_a_death(keyed, s3, bucket):
    server = keyed.server
    data = data_of(200_000)
    for number, (asked, _) in enumerate(KINDS):
        s3.put_object(Bucket=bucket, Key=str(number), Body=data, **asked)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", **KINDS[2][0])
    upload = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=data)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    server.restart()
    s3 = server.client("s3")
    for number, (_, told) in enumerate(KINDS):
        got = s3.get_object(Bucket=bucket, Key=str(number))
        assert said(got) == told and got["Body"].read() == data
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == data
    assert said(s3.put_object(Bucket=bucket, Key="new", Body=b"x")) == KINDS[0][1]
    assert readable(server) == []


def test_deliveries_with_a_key_hold_every_record_once_over_kills(tmp_path):
    config = tmp_path / "kms.toml"
    config.write_text(DECLARED)
    server = Server(tmp_path, "--limits", "off", "--config", str(config))
    try:
        server.client("s3").create_bucket(Bucket="bucket")
        make(server.client("firehose"), "flow", "bucket", BufferingHints=HINTS, **WITH_KEY)

        def producers(first, reached):
            return [Producer(server, "flow", number, first, reached) for number in range(PRODUCERS)]

        acknowledged, attempted = kill_again_and_again(server, ROUNDS, CALLS, producers)
        flush_when_it_can(server, "flow")
        s3 = server.client("s3")
        lines = b"".join(bodies(s3, "bucket").values()).splitlines()
        assert_once(collections.Counter(line.split()[0].decode() for line in lines), acknowledged, attempted)
        all_say(s3, "bucket", KINDS[2][1])
        staged = server.data / "buckets" / "names" / "bucket" / "staged"
        assert list(staged.iterdir()) == []
    finally:
        if server.process.poll() is None:
            server.kill()


def test_a_file_that_was_changed_or_moved_is_not_served(server, s3, bucket):
    data = data_of(150_000)
    for key in ("o", "p"):
        s3.put_object(Bucket=bucket, Key=key, Body=data, **KINDS[2][0])
    objects = server.data / "buckets" / "names" / bucket / "objects"
    kept = (objects / "o,o").read_bytes()
    (objects / "o,o").write_bytes(kept[:100_000] + bytes([kept[100_000] ^ 1]) + kept[100_001:])
    assert s3.get_object(Bucket=bucket, Key="o", Range="bytes=0-9")["Body"].read() == data[:10]
    assert failure(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/o")[0] == "InternalError"
    with pytest.raises((BotoCoreError, ClientError)):
        s3.get_object(Bucket=bucket, Key="o")["Body"].read()
    (objects / "o,o").write_bytes((objects / "p,o").read_bytes())
    assert failure(s3.get_object, Bucket=bucket, Key="o")[0] == "AccessDenied"


def test_a_key_is_its_accounts_where_accounts_are_known():
    """A bucket that is everyone's, and objects that are not."""
    environment = {"MILLSTREAM_KEYS": f"{KEY_ID}:{SECRET}:{ACCOUNT},AKIDOTHER:othersecret:222222222222"}
    text = f'{DECLARED}account = "{ACCOUNT}"\n[destinations.s3]\nbuckets = ["shared"]\n'
    with running("--auth", "signed", config=text, environment=environment) as server:
        own, other = server.client("s3"), server.client("s3", key="AKIDOTHER", secret="othersecret")
        own.put_object(Bucket="shared", Key="kms", Body=CANARY, **KINDS[2][0])
        own.put_object(Bucket="shared", Key="s3", Body=CANARY, **KINDS[0][0])
        assert own.get_object(Bucket="shared", Key="kms")["Body"].read() == CANARY.encode()
        assert failure(other.get_object, Bucket="shared", Key="kms")[0] == "AccessDenied"
        assert other.get_object(Bucket="shared", Key="s3")["Body"].read() == CANARY.encode()
        assert failure(other.put_object, Bucket="shared", Key="x", Body=b"x", **KINDS[2][0])[0] \
            == "KMS.NotFoundException"
        assert readable(server) == []


def test_a_key_service_has_the_keys_of_objects(key_service):  # noqa: F811
    with running("--limits", "off", config=at_key_service(key_service)) as server:
        s3, firehose = server.client("s3"), server.client("firehose")
        s3.create_bucket(Bucket="bucket")
        far = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/far"}
        assert said(s3.put_object(Bucket="bucket", Key="o", Body=CANARY, **far)) == KINDS[2][1]
        assert s3.get_object(Bucket="bucket", Key="o")["Body"].read() == CANARY.encode()
        # One call for each write and read, with the object's ARN as context; none for HEAD.
        s3.head_object(Bucket="bucket", Key="o")
        assert KeyService.calls == ["GenerateDataKey", "Decrypt"]
        assert KeyService.contexts == [{"aws:s3:arn": "arn:aws:s3:::bucket/o"}] * 2
        make(firehose, "flow", "bucket", Prefix="data/", **WITH_KEY)
        put(firehose, "flow", ["x"])
        flush(server, "flow")
        assert list(bodies(s3, "bucket", "data/").values()) == [b"x"]
        for failing, code in [
            ("DisabledException", "KMS.DisabledException"),
            ("KMSInvalidStateException", "KMS.KMSInvalidStateException"),
            ("AccessDeniedException", "AccessDenied"),
            ("ThrottlingException", "KMS.ThrottlingException"),
            ("KMSInternalException", "ServiceUnavailable"),
        ]:
            KeyService.failing = failing
            assert failure(s3.get_object, Bucket="bucket", Key="o")[0] == code
            assert failure(s3.put_object, Bucket="bucket", Key="p", Body=b"x", **far)[0] == code
        KeyService.failing = None
        # Objects under a key of the bucket cost a call for all of them.
        KeyService.calls, KeyService.contexts = [], []
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
        rules = {"Rules": [{**rule, "BucketKeyEnabled": True}]}
        s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration=rules)
        for number in range(5):
            assert s3.put_object(Bucket="bucket", Key=f"b{number}", Body=f"{number}")["BucketKeyEnabled"] is True
        for number in range(5):
            got = s3.get_object(Bucket="bucket", Key=f"b{number}")
            assert (got["Body"].read(), got["BucketKeyEnabled"]) == (f"{number}".encode(), True)
        put(firehose, "flow", ["y"])
        flush(server, "flow")
        assert KeyService.calls == ["GenerateDataKey", "Decrypt"]
        assert KeyService.contexts == [{"aws:s3:arn": "arn:aws:s3:::bucket"}] * 2
        KeyService.failing = "DisabledException"
        assert s3.get_object(Bucket="bucket", Key="b0")["Body"].read() == b"0"
        body = json.dumps({"by_ms": 300_000}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/dev/clock/advance", data=body)).close()
        assert failure(s3.get_object, Bucket="bucket", Key="b0")[0] == "KMS.DisabledException"
        KeyService.failing = None
        # What needs no key service goes on without it.
        key_service.shutdown()
        s3.put_object(Bucket="bucket", Key="own", Body=b"own", **KINDS[0][0])
        assert s3.get_object(Bucket="bucket", Key="own")["Body"].read() == b"own"
        assert readable(server) == []
