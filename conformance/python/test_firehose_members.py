"""Members that all kinds of destinations share: each has its effect in each kind."""

import gzip
import io
import json
import tempfile
import zipfile

import pytest
from conftest import REGION, failure, holding, running, until
from delivery import ROLE, flush, keys, logs, make, processing, put
from kinds import (
    ALL,
    ALL_DATA,
    CONFIGURATION,
    NOWHERE,
    OF_RECORDS,
    TOKEN,
    configured,
    create,
    numbers,
    receiving,
)
from receivers import SplunkStandIn
from stand_ins import HttpStandIn
from test_redshift import HOST, PASSWORD, configuration, postgres, sql

SECRET = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:"
SECRETS = f'[secrets]\n"{SECRET}splunk" = {{ hec_token = "{TOKEN}" }}\n"{SECRET}empty" = {{ other = "x" }}\n'
KEY = f"arn:aws:kms:{REGION}:000000000000:key/11111111-2222-3333-4444-555555555555"
KEYS = f'[[kms.keys]]\nid = "{KEY.rpartition("/")[2]}"\n'
HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 60}
NO_RETRIES = {"RetryOptions": {"DurationInSeconds": 0}}


@pytest.fixture(scope="module")
def server():
    with running("--limits", "off", config=f"{CONFIGURATION}\n{SECRETS}\n{KEYS}") as server:
        yield server


def unzip(body):
    archive = zipfile.ZipFile(io.BytesIO(body))
    return archive.read(archive.namelist()[0])


UNPACK = {"UNCOMPRESSED": bytes, "GZIP": gzip.decompress, "ZIP": unzip}
EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZIP": ".zip"}


def only_object(s3, bucket, prefix, compression):
    (key,) = keys(s3, bucket)
    assert key.startswith(prefix), key
    assert ("." + key.rpartition("-")[2].partition(".")[2]).rstrip(".") == EXTENSIONS[compression], key
    return UNPACK[compression](s3.get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.mark.parametrize("compression", UNPACK)
@pytest.mark.parametrize("kind", OF_RECORDS)
def test_what_failed_is_in_the_bucket_as_its_configuration_says(server, firehose, s3, bucket, flow, kind, compression):
    of_bucket = {
        "Prefix": "all/",
        "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/!{timestamp:yyyy}/",
        "CompressionFormat": compression,
    }
    create(firehose, flow, kind, configured(kind, bucket, NOWHERE, HINTS, **of_bucket) | NO_RETRIES)
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    names = {"HttpEndpoint": "http-endpoint-failed", "Splunk": "splunk-failed"}
    folder = names.get(kind, "AmazonOpenSearchService-failed")
    lines = only_object(s3, bucket, "bad/", compression).splitlines()
    (key,) = keys(s3, bucket)
    assert key.split("/")[1] == folder, key
    assert len(lines) == 1 and json.loads(lines[0])["attemptsMade"] >= 1


@pytest.mark.parametrize("compression", UNPACK)
@pytest.mark.parametrize("kind", OF_RECORDS)
def test_all_records_are_in_the_bucket_as_its_configuration_says(server, firehose, s3, bucket, flow, kind, compression):
    with receiving(kind, server, bucket) as (url, arrived):
        of_bucket = {"Prefix": "all/", "CompressionFormat": compression}
        configuration = configured(kind, bucket, url, HINTS, **of_bucket)
        create(firehose, flow, kind, {**configuration, "S3BackupMode": ALL_DATA[kind]})
        put(firehose, flow, ['{"n":1}', '{"n":2}'])
        flush(server, flow)
        assert sorted(arrived()) == [1, 2]
        assert sorted(numbers(only_object(s3, bucket, "all/", compression))) == [1, 2]


@pytest.mark.parametrize("mode", ["Disabled", "Enabled"])
@pytest.mark.parametrize("kind", ["ExtendedS3", "Redshift"])
def test_a_backup_is_made_only_if_it_is_enabled(server, firehose, s3, bucket, flow, kind, mode):
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}-2", "Prefix": "b/", "CompressionFormat": "GZIP"}
    s3.create_bucket(Bucket=f"{bucket}-2")
    more = {"S3BackupMode": mode, "S3BackupConfiguration": backup}
    if kind == "Redshift":
        more |= NO_RETRIES
    create(firehose, flow, kind, configured(kind, bucket, NOWHERE, HINTS, Prefix="all/") | more)
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    assert len(keys(s3, bucket, "all/")) == 1
    if mode == "Enabled":
        assert only_object(s3, f"{bucket}-2", "b/", "GZIP") == b'{"n":1}'
    else:
        assert keys(s3, f"{bucket}-2") == []


def logged(server, flow):
    """The delivery log once something is in it."""
    events = until(lambda: logs(server, flow), "nothing is logged")
    return events


def options(group, enabled=True):
    return {"CloudWatchLoggingOptions": {"Enabled": enabled, "LogGroupName": group, "LogStreamName": f"{group}-s"}}


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("kind", ["Redshift", *OF_RECORDS])
def test_failed_deliveries_are_logged_where_the_destination_says(server, firehose, bucket, flow, kind, enabled):
    configuration = configured(kind, bucket, NOWHERE, HINTS, **options("of-bucket"))
    create(firehose, flow, kind, configuration | NO_RETRIES | options("of-destination", enabled))
    put(firehose, flow, ['{"n":1}'])
    flush(server, flow)
    events = logs(server, flow)
    places = {(event["LogGroupName"], event["LogStreamName"]) for event in events}
    assert places == ({("of-destination", "of-destination-s")} if enabled else set()), events
    for event in events:
        message = json.loads(event["Message"])
        assert message["errorCode"] and message["deliveryStreamARN"].endswith(flow), message


@pytest.mark.parametrize("kind", ["S3", "ExtendedS3"])
def test_a_bucket_that_is_not_there_is_logged(server, firehose, s3, bucket, flow, kind):
    create(firehose, flow, kind, configured(kind, f"{bucket}-absent", NOWHERE, HINTS | {"IntervalInSeconds": 0},
                                            **options("of-bucket")))
    put(firehose, flow, ["x"])
    assert {event["LogGroupName"] for event in logged(server, flow)} == {"of-bucket"}
    s3.create_bucket(Bucket=f"{bucket}-absent")
    flush(server, flow)
    assert len(keys(s3, f"{bucket}-absent")) == 1


@pytest.mark.parametrize("kind", ["ExtendedS3", *OF_RECORDS])
def test_a_backup_that_cannot_be_written_is_logged_where_the_backup_says(server, firehose, s3, bucket, flow, kind):
    """At a size of the backup that one put fills, as its interval is a second at least."""
    absent = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}-absent", **options("of-backup")}
    absent["BufferingHints"] = {"SizeInMBs": 1, "IntervalInSeconds": 900}
    with receiving(kind, server, bucket) as (url, _):
        configuration = configured(kind, bucket, url, HINTS)
        if kind == "ExtendedS3":
            configuration |= {"S3BackupMode": "Enabled", "S3BackupConfiguration": absent}
        else:
            configuration |= {"S3BackupMode": ALL_DATA[kind], "S3Configuration": absent}
        create(firehose, flow, kind, configuration | options("of-destination"))
        put(firehose, flow, [json.dumps({"n": n, "text": "x" * 100_000}) for n in range(12)])
        assert {event["LogGroupName"] for event in logged(server, flow)} == {"of-backup"}
        s3.create_bucket(Bucket=f"{bucket}-absent")
        flush(server, flow)
        assert keys(s3, f"{bucket}-absent")


@pytest.mark.parametrize("of_destination", [True, False])
@pytest.mark.parametrize("kind", OF_RECORDS)
def test_errors_that_cannot_be_written_are_logged_where_the_bucket_says(
    server, firehose, s3, bucket, flow, kind, of_destination
):
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 1}
    configuration = configured(kind, f"{bucket}-2", NOWHERE, hints, BufferingHints=hints, **options("of-bucket"))
    create(firehose, flow, kind, configuration | NO_RETRIES | (options("of-destination") if of_destination else {}))
    put(firehose, flow, ['{"n":1}'])

    def told():
        return {(event["LogGroupName"], json.loads(event["Message"])["destination"]) for event in logs(server, flow)}

    expected = {("of-bucket", f"arn:aws:s3:::{bucket}-2")}
    expected |= {("of-destination", NOWHERE)} if of_destination else set()
    until(lambda: told() >= expected, told)
    assert told() == expected
    s3.create_bucket(Bucket=f"{bucket}-2")
    flush(server, flow)
    assert keys(s3, f"{bucket}-2")


@pytest.mark.parametrize("kind", ALL[1:])
def test_processors_work_before_every_destination(server, firehose, bucket, flow, kind):
    with receiving(kind, server, bucket) as (url, arrived):
        steps = processing(
            ("RecordDeAggregation", {"SubRecordType": "JSON"}), ("AppendDelimiterToRecord", {"Delimiter": "\\n"})
        )
        configuration = configured(kind, bucket, url, HINTS, Prefix="all/")
        if kind == "Redshift":
            configuration |= NO_RETRIES
        create(firehose, flow, kind, configuration | {"ProcessingConfiguration": steps})
        put(firehose, flow, ['{"n":1}{"n":2} {"n":3}'])
        flush(server, flow)
        assert sorted(arrived()) == [1, 2, 3]


def test_processors_that_are_switched_off_do_nothing_anywhere(server, firehose, bucket, flow):
    with HttpStandIn() as receiver:
        steps = processing(("RecordDeAggregation", {"SubRecordType": "JSON"})) | {"Enabled": False}
        configuration = configured("HttpEndpoint", bucket, receiver.url, HINTS)
        create(firehose, flow, "HttpEndpoint", configuration | {"ProcessingConfiguration": steps})
        put(firehose, flow, ['{"n":1}{"n":2}'])
        flush(server, flow)
        assert [records for _, records, _, _ in receiver.requests] == [[b'{"n":1}{"n":2}']]


@pytest.mark.parametrize("kind", ALL)
def test_a_built_in_bucket_seals_what_a_key_was_asked_for(server, firehose, s3, bucket, flow, kind):
    of_bucket = {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}}}
    # What cannot be delivered is given up at once, so that it lies in the bucket.
    given_up = {} if kind in ("S3", "ExtendedS3") else NO_RETRIES
    create(firehose, flow, kind, configured(kind, bucket, NOWHERE, HINTS, **of_bucket) | given_up)
    put(firehose, flow, [f"canary of {flow}"])
    flush(server, flow)
    found = [s3.head_object(Bucket=bucket, Key=key) for key in keys(s3, bucket)]
    assert found and all(one["ServerSideEncryption"] == "aws:kms" and one["SSEKMSKeyId"] == KEY for one in found)
    assert holding(server.data / "buckets", f"canary of {flow}") == []


def managed(name, enabled=True):
    return {"SecretsManagerConfiguration": {"Enabled": enabled, "SecretARN": f"{SECRET}{name}", "RoleARN": ROLE}}


def test_a_secret_of_the_configuration_is_splunks_token(server, firehose, bucket, flow):
    with SplunkStandIn(TOKEN) as receiver:
        configuration = configured("Splunk", bucket, receiver.url, HINTS)
        del configuration["HECToken"]
        for wrong, words in (("absent", "SecretARN"), ("empty", "hec_token")):
            code, message = failure(
                create, firehose=firehose, flow=flow, kind="Splunk", configuration=configuration | managed(wrong)
            )
            assert code == "InvalidArgumentException" and words in message, message
        code, message = failure(
            create, firehose=firehose, flow=flow, kind="Splunk", configuration=configuration | managed("splunk", False)
        )
        assert code == "InvalidArgumentException" and "HECToken" in message, message
        create(firehose, flow, "Splunk", configuration | managed("splunk"))
        put(firehose, flow, ['{"n":1}'])
        flush(server, flow)
        assert receiver.faults == [] and numbers(b"".join(receiver.indexed())) == [1]


def test_a_secret_of_the_configuration_is_redshifts_user_and_password():
    with postgres() as port, tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        secret = f'[secrets]\n"{SECRET}r" = {{ username = "loader", password = "{PASSWORD}" }}\n'
        config.write(configuration(port) + secret)
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            sql(port, "CREATE TABLE t (n int)")
            server.client("s3").create_bucket(Bucket="staging")
            firehose = server.client("firehose")
            of_kind = configured("Redshift", "staging", NOWHERE, HINTS) | managed("r")
            of_kind |= {"ClusterJDBCURL": f"jdbc:redshift://{HOST}:5439/dev"}
            of_kind["CopyCommand"] = {"DataTableName": "t", "CopyOptions": "JSON 'auto'"}
            # The secret comes before what is beside it.
            create(firehose, "flow", "Redshift", of_kind | {"Username": "nobody", "Password": "Wrong-1"})
            put(firehose, "flow", ['{"n":1}'])
            flush(server, "flow")
            assert sql(port, "SELECT n FROM t") == ["1"]


def test_the_token_that_an_update_gives_is_used(server, firehose, bucket, flow):
    with SplunkStandIn(TOKEN) as receiver:
        configuration = configured("Splunk", bucket, receiver.url, HINTS) | {"HECToken": "wrong"} | NO_RETRIES
        create(firehose, flow, "Splunk", configuration)
        firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            SplunkDestinationUpdate={"HECToken": TOKEN},
        )
        put(firehose, flow, ['{"n":1}'])
        flush(server, flow)
        assert numbers(b"".join(receiver.indexed())) == [1]


def test_descriptions_are_paged_by_destination(firehose, bucket, flow):
    make(firehose, flow, bucket)

    def destinations(**page):
        description = firehose.describe_delivery_stream(DeliveryStreamName=flow, **page)["DeliveryStreamDescription"]
        assert description["HasMoreDestinations"] is False
        return [destination["DestinationId"] for destination in description["Destinations"]]

    (only,) = destinations(Limit=1)
    assert destinations(Limit=10000) == [only]
    assert destinations(ExclusiveStartDestinationId=only) == []


def test_a_hint_of_throughput_is_taken_for_puts_alone(firehose, bucket, flow):
    stream = {"DeliveryStreamName": flow, "DirectPutSourceConfiguration": {"ThroughputHintInMBs": 100}}
    stream["S3DestinationConfiguration"] = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"}
    code, message = failure(
        firehose.create_delivery_stream,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": "arn:aws:kinesis:eu-central-1:000000000000:stream/s", "RoleARN": ROLE,
        },
        **stream,
    )
    assert code == "InvalidArgumentException" and "DirectPutSourceConfiguration" in message
    firehose.create_delivery_stream(**stream)
    shown = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    assert shown["Source"]["DirectPutSourceDescription"] == {"ThroughputHintInMBs": 100}


def test_conversion_and_partitions_that_are_switched_off_do_nothing(server, firehose, s3, bucket, flow):
    more = {
        "DataFormatConversionConfiguration": {"Enabled": False},
        "DynamicPartitioningConfiguration": {"Enabled": False},
        "CompressionFormat": "GZIP",
        "Prefix": "all/",
    }
    make(firehose, flow, bucket, **more)
    put(firehose, flow, ["no document"])
    flush(server, flow)
    assert only_object(s3, bucket, "all/", "GZIP") == b"no document"


@pytest.mark.parametrize("forced", [None, False, True])
def test_deleting_needs_no_force(firehose, bucket, flow, forced):
    make(firehose, flow, bucket)
    put(firehose, flow, ["never delivered"])
    more = {} if forced is None else {"AllowForceDelete": forced}
    assert firehose.delete_delivery_stream(DeliveryStreamName=flow, **more)["ResponseMetadata"]["HTTPStatusCode"] == 200
