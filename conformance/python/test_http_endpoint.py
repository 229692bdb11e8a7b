"""HTTP endpoints as destinations: the protocol, its retries, what becomes of records that are not taken."""

import base64
import collections
import itertools
import json
import pathlib
import tempfile
import threading

import pytest
from conftest import failure, holding, running
from delivery import ROLE, bodies, documents, flush, keys, logs, put, wait_active
from stand_ins import HttpStandIn

ACCESS_KEY = "canary-of-the-access-key"


def make(firehose, flow, bucket, url, request=None, key=None, retry=300, **destination):
    endpoint = {"Url": url, "Name": "receiver"}
    if key is not None:
        endpoint["AccessKey"] = key
    firehose.create_delivery_stream(
        DeliveryStreamName=flow,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": endpoint,
            "RequestConfiguration": request or {},
            "RoleARN": ROLE,
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 900},
            "RetryOptions": {"DurationInSeconds": retry},
            "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "delivery", "LogStreamName": "http"},
            "S3Configuration": {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
            **destination,
        },
    )
    return wait_active(firehose, flow)


def records_of(receiver, how="well"):
    return [record for _, records, _, did in receiver.requests if did == how for record in records]


def in_turn(*behaviours):
    """One after the other, then well."""
    turns = itertools.chain(behaviours, itertools.repeat("well"))
    return lambda: next(turns)


@pytest.mark.parametrize("encoding", ["NONE", "GZIP"])
def test_records_arrive_by_the_protocol(server, firehose, s3, bucket, flow, encoding):
    attributes = [{"AttributeName": f"name-{n}", "AttributeValue": f"välue \"{n}\" \N{SNOWMAN}"} for n in range(50)]
    request = {"ContentEncoding": encoding, "CommonAttributes": attributes}
    encodings = []

    class Receiver(HttpStandIn):
        def handle(self, request, body):
            encodings.append(request.headers.get("Content-Encoding"))
            if request.headers.get("X-Amz-Firehose-Source-Arn") != arn:
                self.fault("the source is another")
            return super().handle(request, body)

    with Receiver(ACCESS_KEY) as receiver:
        url = f"{receiver.url}/in/put?with=query"
        arn = make(firehose, flow, bucket, url, request, ACCESS_KEY)["DeliveryStreamARN"]
        values = [f"record {n}".encode() for n in range(1000)] + [bytes(range(256)), b"x" * 1_024_000]
        put(firehose, flow, list(values))
        flush(server, flow)
        assert receiver.faults == []
        assert records_of(receiver) == values
        expected = {entry["AttributeName"]: entry["AttributeValue"] for entry in attributes}
        assert all(common == expected for _, _, common, _ in receiver.requests)
        assert set(encodings) == {"gzip" if encoding == "GZIP" else None}
        assert keys(s3, bucket) == []


def test_a_receiver_without_access_key_and_attributes_gets_neither(server, firehose, bucket, flow):
    with HttpStandIn() as receiver:
        make(firehose, flow, bucket, receiver.url)
        put(firehose, flow, ["one"])
        flush(server, flow)
        assert receiver.faults == []
        assert [(records, common) for _, records, common, _ in receiver.requests] == [([b"one"], {})]


def test_the_access_key_is_nowhere_to_be_read(server, firehose, s3, bucket, flow):
    class Echo(HttpStandIn):
        """Sends back whatever it got, as some endpoints do with what they do not like."""

        def handle(self, request, body):
            headers = json.dumps(dict(request.headers.items()))
            return self.answer(request, 403, headers.encode(), {"Content-Type": "application/json"})

    with Echo() as receiver:
        make(firehose, flow, bucket, receiver.url, key=ACCESS_KEY, retry=0)
        put(firehose, flow, ["one"])
        flush(server, flow)
        description = firehose.describe_delivery_stream(DeliveryStreamName=flow)
        (destination,) = description["DeliveryStreamDescription"]["Destinations"]
        assert destination["HttpEndpointDestinationDescription"]["EndpointConfiguration"]["Url"] == receiver.url
        events = logs(server, flow)
        assert "DestinationException" in json.dumps(events)
        (error,) = documents(s3, bucket)
        assert error["errorCode"] == "HttpEndpoint.DestinationException" and "403" in error["errorMessage"]
        for shown in (json.dumps(description, default=str), json.dumps(events), json.dumps(error)):
            assert ACCESS_KEY not in shown
        assert ACCESS_KEY not in (server.home / "log.txt").read_text()
        assert holding(server.data, ACCESS_KEY) == []


def test_an_update_changes_the_access_key_and_nothing_else(server, firehose, bucket, flow):
    with HttpStandIn("second") as receiver:
        made = make(firehose, flow, bucket, receiver.url, {"ContentEncoding": "GZIP"}, key="first")
        firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId=made["VersionId"],
            DestinationId=made["Destinations"][0]["DestinationId"],
            HttpEndpointDestinationUpdate={"EndpointConfiguration": {"Url": receiver.url, "AccessKey": "second"}},
        )
        put(firehose, flow, ["one"])
        flush(server, flow)
        assert receiver.faults == [] and records_of(receiver) == [b"one"]
        told = wait_active(firehose, flow)["Destinations"][0]["HttpEndpointDestinationDescription"]
        assert told["RequestConfiguration"]["ContentEncoding"] == "GZIP"


@pytest.mark.parametrize("fault", ["refuse", "cut"])
def test_what_fails_is_sent_again_under_the_same_id(server, firehose, s3, bucket, flow, fault):
    with HttpStandIn(behave=in_turn(fault, fault)) as receiver:
        make(firehose, flow, bucket, receiver.url)
        put(firehose, flow, ["one", "two"])
        flush(server, flow)
        assert receiver.faults == []
        assert [how for *_, how in receiver.requests] == [fault, fault, "well"]
        assert len({identity for identity, *_ in receiver.requests}) == 1
        assert all(records == [b"one", b"two"] for _, records, _, _ in receiver.requests)
        assert keys(s3, bucket) == []


def test_more_records_than_a_request_may_hold_are_several_requests(server, firehose, bucket, flow):
    with HttpStandIn(behave=in_turn("well", "refuse")) as receiver:
        make(firehose, flow, bucket, receiver.url)
        values = [str(n).encode() for n in range(25_000)]
        put(firehose, flow, list(values))
        flush(server, flow)
        assert receiver.faults == []
        assert [(len(records), how) for _, records, _, how in receiver.requests] == [
            (10_000, "well"),
            (10_000, "refuse"),
            (10_000, "well"),
            (5_000, "well"),
        ]
        ids = [identity for identity, *_ in receiver.requests]
        assert ids[1] == ids[2] and len(set(ids)) == 3
        assert records_of(receiver) == values


@pytest.mark.parametrize("retry", [0, 1])
def test_when_the_time_for_retries_is_over_records_go_to_the_error_prefix(server, firehose, s3, bucket, flow, retry):
    with HttpStandIn(behave=lambda: "refuse") as receiver:
        target = {
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "Prefix": "data/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        }
        make(firehose, flow, bucket, receiver.url, retry=retry, S3Configuration=target)
        values = [b"one", b"\xff\x00", b"three\n"]
        put(firehose, flow, list(values))
        flush(server, flow)
        attempts = len(receiver.requests)
        assert attempts == 1 if retry == 0 else attempts in (2, 3)
        assert {key.rsplit("/", 1)[0] for key in keys(s3, bucket)} == {"errors/http-endpoint-failed"}
        found = documents(s3, bucket)
        assert [base64.b64decode(document["rawData"]) for document in found] == values
        for document in found:
            assert list(document) == [
                "attemptsMade",
                "arrivalTimestamp",
                "errorCode",
                "errorMessage",
                "attemptEndingTimestamp",
                "rawData",
                "subsequenceNumber",
                "dataId",
            ]
            assert document["attemptsMade"] == attempts
            assert document["errorCode"] == "HttpEndpoint.DestinationException"
            assert "500" in document["errorMessage"] and "as told" in document["errorMessage"]
            assert 0 < document["arrivalTimestamp"] <= document["attemptEndingTimestamp"]
        assert len({document["dataId"] for document in found}) == 3


def answering(status=200, headers=None, body=None):
    class Receiver(HttpStandIn):
        def handle(self, request, content):
            identity = request.headers["X-Amz-Firehose-Request-Id"]
            reply = {"requestId": identity, "timestamp": 1} if body is None else body
            given = {"Content-Type": "application/json"} if headers is None else headers
            text = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            return self.answer(request, status, text, given)

    return Receiver()


@pytest.mark.parametrize(
    ("receiver", "code"),
    [
        (answering(body={"requestId": "another", "timestamp": 1}), "HttpEndpoint.InvalidResponseFromDestination"),
        (answering(headers={"Content-Type": "text/html"}), "HttpEndpoint.InvalidResponseFromDestination"),
        (answering(body=b"fine"), "HttpEndpoint.InvalidResponseFromDestination"),
        (answering(body=b" " * 1024 * 1024 + b"{}"), "HttpEndpoint.ResponseTooLarge"),
        (answering(302, {"Location": "http://127.0.0.1:1/"}), "HttpEndpoint.DestinationException"),
        (answering(201), "HttpEndpoint.DestinationException"),
    ],
    ids=["another id", "no JSON type", "no JSON", "too large", "moved", "created"],
)
def test_only_the_protocols_success_is_one(server, firehose, s3, bucket, flow, receiver, code):
    with receiver:
        make(firehose, flow, bucket, receiver.url, retry=0)
        put(firehose, flow, ["one"])
        flush(server, flow)
        (error,) = documents(s3, bucket)
        assert error["errorCode"] == code, error
        (key,) = keys(s3, bucket)
        assert key.startswith("http-endpoint-failed/")


def test_what_an_endpoint_calls_too_large_is_dropped_and_told(server, firehose, s3, bucket, flow):
    with answering(413) as receiver:
        make(firehose, flow, bucket, receiver.url)
        put(firehose, flow, ["one"])
        flush(server, flow)
        assert keys(s3, bucket) == []
        assert "413" in json.dumps(logs(server, flow))


def test_nobody_at_the_address_is_a_failure_to_connect(server, firehose, s3, bucket, flow):
    with HttpStandIn() as receiver:
        url = receiver.url
    make(firehose, flow, bucket, url, retry=0)
    put(firehose, flow, ["one"])
    flush(server, flow)
    (error,) = documents(s3, bucket)
    assert error["errorCode"] == "HttpEndpoint.ConnectionFailed"


def test_a_backup_of_all_data_holds_what_was_delivered_and_what_was_not(server, firehose, s3, bucket, flow):
    turns = in_turn("well", "refuse")
    with HttpStandIn(behave=turns) as receiver:
        target = {
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "Prefix": "all/",
            "ErrorOutputPrefix": "errors/",
            "CompressionFormat": "GZIP",
        }
        make(firehose, flow, bucket, receiver.url, retry=0, S3BackupMode="AllData", S3Configuration=target)
        put(firehose, flow, ["one\n", "two\n"])
        flush(server, flow)
        put(firehose, flow, ["three\n"])
        flush(server, flow)
        assert records_of(receiver) == [b"one\n", b"two\n"]
        saved = b"".join(bodies(s3, bucket, "all/").values()).splitlines()
        assert collections.Counter(saved) == collections.Counter([b"one", b"two", b"three"])
        assert [base64.b64decode(error["rawData"]) for error in documents(s3, bucket, "errors/")] == [b"three\n"]


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0"])
def test_addresses_of_metadata_services_are_refused_at_once(firehose, bucket, flow, host):
    arguments = {"firehose": firehose, "flow": flow, "bucket": bucket, "url": f"https://{host}/"}
    code, message = failure(make, **arguments)
    assert code == "InvalidArgumentException" and "[destinations] allow" in message


@pytest.mark.parametrize("host", ["0xa9fea9fe", "2852039166"])
def test_a_name_that_stands_for_a_metadata_service_is_not_connected_to(server, firehose, s3, bucket, flow, host):
    make(firehose, flow, bucket, f"https://{host}/", retry=0)
    put(firehose, flow, ["one"])
    flush(server, flow)
    (error,) = documents(s3, bucket)
    assert error["errorCode"] == "HttpEndpoint.ConnectionFailed"
    assert "[destinations] allow" in error["errorMessage"], error


def test_a_server_that_was_killed_delivers_under_the_old_id(server, firehose, bucket, flow):
    refused = threading.Event()

    def refuse():
        refused.set()
        return "refuse"

    with HttpStandIn(behave=refuse) as receiver:
        make(firehose, flow, bucket, receiver.url, retry=7200, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
        put(firehose, flow, ["one", "two"])
        assert refused.wait(30)
        server.restart()
        receiver.behave = lambda: "well"
        flush(server, flow)
        assert receiver.faults == []
        assert len({identity for identity, *_ in receiver.requests}) == 1
        assert records_of(receiver) == [b"one", b"two"]


def test_a_secret_of_the_configuration_is_the_access_key():
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:endpoint"
    with HttpStandIn(ACCESS_KEY) as receiver, tempfile.TemporaryDirectory() as home:
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(f'[secrets]\n"{secret}" = {{ api_key = "{ACCESS_KEY}" }}\n')
        with running("--limits", "off", "--config", str(config)) as server:
            server.client("s3").create_bucket(Bucket="kept")
            firehose = server.client("firehose")
            options = {"SecretsManagerConfiguration": {"Enabled": True, "SecretARN": secret, "RoleARN": ROLE}}
            make(firehose, "flow", "kept", receiver.url, **options)
            put(firehose, "flow", ["one"])
            flush(server, "flow")
            assert receiver.faults == [] and records_of(receiver) == [b"one"]
            options["SecretsManagerConfiguration"]["SecretARN"] = secret + "-other"
            code, message = failure(
                make, firehose=firehose, flow="other", bucket="kept", url=receiver.url, retry=0, **options
            )
            assert code == "InvalidArgumentException" and "secret" in message.lower()
