"""Every bucket that a configuration names gets what it is for: main, backup, errors, staging."""

import base64
import gzip
import json
import tempfile
import uuid

import pytest
from conftest import failure, running, until
from delivery import ROLE, bodies, flush, keys, logs, processing, put
from kinds import ALL, ALL_DATA, CONFIGURATION, NOWHERE, OF_RECORDS, configured, create, member_of, numbers, receiving
from receivers import FunctionStandIn
from stand_ins import StorageStandIn

KEY = "arn:aws:kms:eu-central-1:000000000000:key/11111111-2222-3333-4444-555555555555"
KMS = {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}}}
HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 60}
NO_RETRIES = {"RetryOptions": {"DurationInSeconds": 0}}
FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:clean"


class Encrypting(StorageStandIn):
    """Remembers how each object was to be encrypted."""

    def __init__(self):
        super().__init__()
        self.encryption = {}

    def handle(self, request, body):
        names = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")
        self.encryption[request.path.lstrip("/")] = tuple(request.headers.get(name) for name in names)
        return super().handle(request, body)

    def of(self, bucket):
        return {key: how for key, how in self.encryption.items() if key.startswith(f"{bucket}/")}


@pytest.fixture(scope="module")
def storage():
    with Encrypting() as storage:
        yield storage


@pytest.fixture(scope="module")
def function():
    with FunctionStandIn(lambda event: (500, {}, {})) as function:
        yield function


@pytest.fixture(scope="module")
def server(storage, function):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(
            f'{CONFIGURATION}[[destinations.s3.endpoint]]\nbuckets = ["away-*"]\nurl = "{storage.url}"\n'
            f'[destinations.functions]\nclean = "{function.url}/clean"\n'
        )
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            yield server


@pytest.fixture
def away():
    return f"away-{uuid.uuid4().hex[:12]}"


def with_key(encrypted):
    return KMS if encrypted else {"EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"}}


def expected(encrypted):
    return ("aws:kms", KEY) if encrypted else (None, None)


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("kind", ["S3", "ExtendedS3", "Redshift"])
def test_a_key_is_asked_for_where_the_destinations_bucket_says(server, storage, firehose, away, flow, kind, encrypted):
    more = NO_RETRIES if kind == "Redshift" else {}
    create(firehose, flow, kind, configured(kind, away, NOWHERE, HINTS, **with_key(encrypted)) | more)
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    assert set(storage.of(away).values()) == {expected(encrypted)}


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("kind", OF_RECORDS)
def test_a_key_is_asked_for_where_the_bucket_of_failures_says(server, storage, firehose, away, flow, kind, encrypted):
    configuration = configured(kind, away, NOWHERE, HINTS, **with_key(encrypted))
    create(firehose, flow, kind, configuration | NO_RETRIES | {"S3BackupMode": ALL_DATA[kind]})
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    assert len(storage.of(away)) >= 1 and set(storage.of(away).values()) == {expected(encrypted)}


@pytest.mark.parametrize("kind", ["ExtendedS3", "Redshift"])
def test_a_backup_has_a_key_of_its_own(server, storage, firehose, away, flow, kind):
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{away}", "Prefix": "backup/", **KMS}
    more = {"S3BackupMode": "Enabled", "S3BackupConfiguration": backup} | (NO_RETRIES if kind == "Redshift" else {})
    create(firehose, flow, kind, configured(kind, f"{away}-main", NOWHERE, HINTS) | more)
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    assert set(storage.of(away).values()) == {expected(True)}
    assert set(storage.of(f"{away}-main").values()) == {expected(False)}


def test_one_cannot_ask_for_a_key_and_for_none(firehose, away, flow):
    both = {"EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption", **KMS["EncryptionConfiguration"]}}
    code, message = failure(
        create, firehose=firehose, flow=flow, kind="S3", configuration=configured("S3", away, NOWHERE, HINTS, **both)
    )
    assert code == "InvalidArgumentException" and "EncryptionConfig" in message


ENCODINGS = {
    "UNCOMPRESSED": ("", None),
    "GZIP": (".gz", "gzip"),
    "ZIP": (".zip", None),
    "Snappy": (".snappy", "snappy-java"),
    "HADOOP_SNAPPY": (".snappy", "hadoop-snappy"),
}


@pytest.mark.parametrize("compression", ENCODINGS)
@pytest.mark.parametrize("kind", ["S3", "backup", *OF_RECORDS])
def test_every_compression_works_in_every_bucket(server, firehose, s3, bucket, flow, kind, compression):
    of_bucket = {"Prefix": "all/", "CompressionFormat": compression}
    with receiving(kind, server, bucket) as (url, _):
        if kind == "S3":
            configuration = configured(kind, bucket, url, HINTS, **of_bucket)
        elif kind == "backup":
            s3.create_bucket(Bucket=f"{bucket}-main")
            backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", **of_bucket}
            configuration = configured("ExtendedS3", f"{bucket}-main", url, HINTS)
            configuration |= {"S3BackupMode": "Enabled", "S3BackupConfiguration": backup}
        else:
            configuration = configured(kind, bucket, url, HINTS, **of_bucket) | {"S3BackupMode": ALL_DATA[kind]}
        create(firehose, flow, "ExtendedS3" if kind == "backup" else kind, configuration)
        put(firehose, flow, ['{"n":1}'])
        flush(server, flow)
    (key,) = keys(s3, bucket, "all/")
    extension, encoding = ENCODINGS[compression]
    assert key[len(key.rpartition("-")[0]) + 13:] == extension
    assert s3.head_object(Bucket=bucket, Key=key).get("ContentEncoding", "") in (encoding, "" if not encoding else None)


@pytest.mark.parametrize("compression", ["ZIP", "Snappy", "HADOOP_SNAPPY"])
def test_redshift_cannot_load_every_compression(firehose, bucket, flow, compression):
    configuration = configured("Redshift", bucket, NOWHERE, HINTS, CompressionFormat=compression)
    code, message = failure(create, firehose=firehose, flow=flow, kind="Redshift", configuration=configuration)
    assert code == "InvalidArgumentException" and compression in message


@pytest.mark.parametrize("kind", OF_RECORDS)
def test_an_update_of_the_bucket_holds_for_what_comes_after(server, firehose, s3, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        configuration = configured(kind, bucket, url, HINTS, Prefix="one/") | {"S3BackupMode": ALL_DATA[kind]}
        create(firehose, flow, kind, configuration)
        put(firehose, flow, ['{"n":1}'])
        flush(server, flow)
        firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            **{member_of(kind).replace("Configuration", "Update"): {
                "S3Update": {"Prefix": "two/", "CompressionFormat": "GZIP"},
                "ProcessingConfiguration": processing(("RecordDeAggregation", {"SubRecordType": "JSON"})),
            }},
        )
        put(firehose, flow, ['{"n":2}{"n":3}'])
        flush(server, flow)
        assert sorted(arrived()) == [1, 2, 3]
    assert [numbers(body) for body in bodies(s3, bucket, "one/").values()] == [[1]]
    ((key, body),) = bodies(s3, bucket, "two/").items()
    assert key.endswith(".gz") and sorted(numbers(body)) == [2, 3]
    assert len(keys(s3, bucket)) == 2


# Where a kind's configuration says where it is.
ADDRESSES = {
    "HttpEndpoint": lambda url: {"EndpointConfiguration": {"Url": url}},
    "Splunk": lambda url: {"HECEndpoint": url},
} | dict.fromkeys(("OpenSearch", "Elasticsearch"), lambda url: {"ClusterEndpoint": url})


@pytest.mark.parametrize("kind", OF_RECORDS)
def test_another_address_gets_what_comes_after_the_update(server, firehose, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, first), receiving(kind, server, bucket) as (other, second):
        create(firehose, flow, kind, configured(kind, bucket, url, HINTS))
        put(firehose, flow, ['{"n":1}'])
        flush(server, flow)
        firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            **{member_of(kind).replace("Configuration", "Update"): ADDRESSES[kind](other)},
        )
        put(firehose, flow, ['{"n":2}'])
        flush(server, flow)
        assert (first(), second()) == ([1], [2])


def envelope(*messages):
    events = [{"id": str(at), "timestamp": at, "message": message} for at, message in enumerate(messages)]
    document = {"messageType": "DATA_MESSAGE", "owner": "0", "logGroup": "g", "logStream": "s"}
    return gzip.compress(json.dumps({**document, "subscriptionFilters": ["f"], "logEvents": events}).encode())


@pytest.mark.parametrize("kind", ALL[1:])
def test_logs_are_unpacked_before_every_destination(server, firehose, bucket, flow, kind):
    steps = processing(
        ("Decompression", {"CompressionFormat": "GZIP"}),
        ("CloudWatchLogProcessing", {"DataMessageExtraction": "true"}),
        ("RecordDeAggregation", {"SubRecordType": "JSON"}),
    )
    with receiving(kind, server, bucket) as (url, arrived):
        configuration = configured(kind, bucket, url, HINTS, Prefix="all/") | {"ProcessingConfiguration": steps}
        create(firehose, flow, kind, configuration | (NO_RETRIES if kind == "Redshift" else {}))
        put(firehose, flow, [envelope('{"n":1}', '{"n":2}')])
        flush(server, flow)
        assert sorted(arrived()) == [1, 2]


@pytest.mark.parametrize("kind", [kind for kind in ALL[1:] if kind != "Redshift"])
def test_a_function_that_fails_is_tried_as_often_in_every_kind(server, function, firehose, s3, bucket, flow, kind):
    function.events.clear()
    steps = processing(("Lambda", {"LambdaArn": FUNCTION, "NumberOfRetries": "1", "RoleArn": ROLE}))
    of_bucket = {"Prefix": "all/", "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/"}
    configuration = configured(kind, bucket, NOWHERE, HINTS, **of_bucket)
    create(firehose, flow, kind, configuration | {"ProcessingConfiguration": steps})
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    assert len(function.events) == 2
    ((key, body),) = bodies(s3, bucket).items()
    document = json.loads(body)
    assert key.startswith("bad/processing-failed/") and document["attemptsMade"] == 2
    assert base64.b64decode(document["rawData"]) == b'{"n":1}'


@pytest.mark.parametrize("kind", ["Redshift", *OF_RECORDS])
def test_only_buckets_have_partitions(firehose, bucket, flow, kind):
    steps = processing(("MetadataExtraction", {"MetadataExtractionQuery": "{k: .k}", "JsonParsingEngine": "JQ-1.6"}))
    configuration = configured(kind, bucket, NOWHERE, HINTS) | {"ProcessingConfiguration": steps}
    code, message = failure(create, firehose=firehose, flow=flow, kind=kind, configuration=configuration)
    assert code == "InvalidArgumentException" and "Dynamic Partitioning" in message


@pytest.mark.parametrize("kind", ["ExtendedS3", "Redshift"])
def test_what_fails_before_a_backed_up_destination_is_beside_the_destination(server, firehose, s3, bucket, flow, kind):
    """The backup has what came in; its own ErrorOutputPrefix is for nothing."""
    s3.create_bucket(Bucket=f"{bucket}-2")
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}-2", "ErrorOutputPrefix": "no/", "Prefix": "raw/"}
    configuration = configured(kind, bucket, NOWHERE, HINTS) | (NO_RETRIES if kind == "Redshift" else {})
    configuration |= {"S3BackupMode": "Enabled", "S3BackupConfiguration": backup}
    steps = processing(("Decompression", {"CompressionFormat": "GZIP"}))
    create(firehose, flow, kind, configuration | {"ProcessingConfiguration": steps})
    put(firehose, flow, ["not compressed"])
    flush(server, flow)
    assert list(bodies(s3, f"{bucket}-2").values()) == [b"not compressed"]
    assert keys(s3, f"{bucket}-2", "raw/")
    (body,) = bodies(s3, bucket).values()
    assert base64.b64decode(json.loads(body)["rawData"]) == b"not compressed"


def test_a_backup_of_redshift_that_cannot_be_written_is_logged_where_it_says(server, firehose, s3, bucket, flow):
    options = {"Enabled": True, "LogGroupName": "of-backup", "LogStreamName": "s"}
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}-2", "CloudWatchLoggingOptions": options}
    backup["BufferingHints"] = {"SizeInMBs": 1, "IntervalInSeconds": 900}
    configuration = configured("Redshift", bucket, NOWHERE, HINTS) | NO_RETRIES
    configuration |= {"S3BackupMode": "Enabled", "S3BackupConfiguration": backup}
    create(firehose, flow, "Redshift", configuration)
    put(firehose, flow, ["x" * 1_000_000] * 2)
    events = until(lambda: logs(server, flow), "nothing is logged")
    assert {event["LogGroupName"] for event in events} == {"of-backup"}
    s3.create_bucket(Bucket=f"{bucket}-2")
    flush(server, flow)
    assert keys(s3, f"{bucket}-2")
