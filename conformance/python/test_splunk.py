"""Splunk as a destination, before a stand-in of its collector that is strict on acknowledgements."""

import base64
import itertools
import json
import threading

import pytest
from conftest import holding
from delivery import ROLE, bodies, documents, flush, keys, logs, put, wait_active
from receivers import SplunkStandIn
from test_channels import advance

TOKEN = "f2b4b1d0-0000-4000-8000-canary000001"


def make(firehose, flow, bucket, url, kind="Raw", token=TOKEN, retry=300, **destination):
    firehose.create_delivery_stream(
        DeliveryStreamName=flow,
        SplunkDestinationConfiguration={
            "HECEndpoint": url,
            "HECEndpointType": kind,
            "HECToken": token,
            "HECAcknowledgmentTimeoutInSeconds": 180,
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60},
            "RetryOptions": {"DurationInSeconds": retry},
            "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "delivery", "LogStreamName": "splunk"},
            "S3Configuration": {
                "RoleARN": ROLE,
                "BucketARN": f"arn:aws:s3:::{bucket}",
                "Prefix": "all/",
                "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            },
            **destination,
        },
    )
    return wait_active(firehose, flow)


def test_raw_records_arrive_byte_for_byte_and_are_asked_for_until_they_are_indexed(server, firehose, s3, bucket, flow):
    with SplunkStandIn(TOKEN, questions=3) as splunk:
        make(firehose, flow, bucket, splunk.url)
        values = [f"line {n}\n".encode() for n in range(1000)] + [bytes(range(256))]
        put(firehose, flow, list(values))
        flush(server, flow)
        assert splunk.faults == []
        assert b"".join(splunk.indexed()) == b"".join(values)
        assert [batch["asked"] for batch in splunk.batches] == [3]
        assert keys(s3, bucket) == []


@pytest.mark.parametrize("path", ["", "/services/collector", "/services/collector/event"])
def test_events_arrive_as_documents(server, firehose, s3, bucket, flow, path):
    with SplunkStandIn(TOKEN) as splunk:
        make(firehose, flow, bucket, splunk.url + path, "Event")
        values = [{"event": {"n": n}, "sourcetype": "test"} for n in range(1000)]
        put(firehose, flow, [json.dumps(value) for value in values])
        flush(server, flow)
        assert splunk.faults == []
        assert splunk.indexed() == values
        assert keys(s3, bucket) == []


def test_an_event_that_is_not_valid_goes_to_the_error_prefix_alone(server, firehose, s3, bucket, flow):
    with SplunkStandIn(TOKEN) as splunk:
        make(firehose, flow, bucket, splunk.url, "Event")
        good = [{"event": n} for n in range(10)]
        bad = [b"no json", b'{"message":"no event"}', b'{"event":""}']
        records = [json.dumps(value).encode() for value in good]
        # A record may hold several events; those before one that is not valid do not shift what is refused.
        double = b'{"event":"a"}\n{"event":"b"}\n'
        put(firehose, flow, [double, *records[:3], bad[0], *records[3:6], bad[1], *records[6:], bad[2]])
        flush(server, flow)
        assert splunk.faults == []
        assert splunk.indexed() == [{"event": "a"}, {"event": "b"}, *good]
        assert {key.rsplit("/", 1)[0] for key in keys(s3, bucket)} == {"errors/splunk-failed"}
        found = documents(s3, bucket)
        assert [base64.b64decode(document["rawData"]) for document in found] == bad
        for document in found:
            assert list(document) == [
                "attemptsMade",
                "arrivalTimestamp",
                "errorCode",
                "errorMessage",
                "attemptEndingTimestamp",
                "rawData",
                "EventId",
            ]
            assert (document["attemptsMade"], document["errorCode"]) == (1, "Splunk.InvalidDataFormat")
        assert len({document["EventId"] for document in found}) == 3


@pytest.mark.parametrize("fault", ["refuse", "cut"])
def test_a_batch_that_fails_is_sent_again(server, firehose, s3, bucket, flow, fault):
    turns = itertools.chain([fault, fault], itertools.repeat("well"))
    with SplunkStandIn(TOKEN, behave=lambda: next(turns)) as splunk:
        make(firehose, flow, bucket, splunk.url)
        put(firehose, flow, ["one\n", "two\n"])
        flush(server, flow)
        assert splunk.faults == []
        assert splunk.indexed() == [b"one\ntwo\n"]
        assert len(splunk.batches) == (3 if fault == "cut" else 1)
        assert keys(s3, bucket) == []


def test_a_collector_that_forgot_the_channel_gets_the_batch_again(server, firehose, s3, bucket, flow):
    class Forgetful(SplunkStandIn):
        """A proxy without sticky sessions: the first question meets another node."""

        def acknowledge(self, request, channel, body):
            if len(self.batches) == 1:
                return self.say(request, 400, {"text": "Invalid data channel", "code": 11})
            return super().acknowledge(request, channel, body)

    with Forgetful(TOKEN) as splunk:
        make(firehose, flow, bucket, splunk.url)
        put(firehose, flow, ["one\n"])
        flush(server, flow)
        assert splunk.faults == []
        assert [batch["indexed"] for batch in splunk.batches] == [False, True]
        assert "Splunk.ProxyWithoutStickySessions" in json.dumps(logs(server, flow))
        assert keys(s3, bucket) == []


@pytest.mark.parametrize(
    ("options", "token", "code"),
    [
        ({}, "another", "Splunk.InvalidToken"),
        ({"acknowledges": False}, TOKEN, "Splunk.DisabledAck"),
        ({"behave": lambda: "refuse"}, TOKEN, "Splunk.IndexerBusy"),
        ({"behave": lambda: "cut"}, TOKEN, "Splunk.ConnectionClosed"),
    ],
    ids=["token", "no acknowledgements", "busy", "cut"],
)
def test_when_the_time_for_retries_is_over_records_go_to_the_error_prefix(
    server, firehose, s3, bucket, flow, options, token, code
):
    with SplunkStandIn(TOKEN, **options) as splunk:
        make(firehose, flow, bucket, splunk.url, token=token, retry=0)
        values = ["one\n", "two\n"]
        put(firehose, flow, list(values))
        flush(server, flow)
        assert splunk.faults == [] and splunk.indexed() == []
        found = documents(s3, bucket, "errors/splunk-failed/")
        assert [base64.b64decode(document["rawData"]).decode() for document in found] == values
        assert {(document["errorCode"], document["attemptsMade"]) for document in found} == {(code, 1)}


def test_a_batch_that_is_never_acknowledged_is_sent_again_and_then_goes_to_the_error_prefix(
    server, firehose, s3, bucket, flow
):
    class Silent(SplunkStandIn):
        """Takes everything, and never says that it is indexed."""

        asked = threading.Event()

        def acknowledge(self, request, channel, body):
            identities = json.loads(body)["acks"]
            if channel not in self.channels or any(one not in self.channels[channel] for one in identities):
                self.fault(f"channel {channel} does not have {identities}")
            self.say(request, 200, {"acks": {str(one): False for one in identities}})
            self.asked.set()

    with Silent(TOKEN) as splunk:
        make(firehose, flow, bucket, splunk.url, retry=300)
        values = ["one\n", "two\n"]
        put(firehose, flow, list(values))
        flushed = threading.Thread(target=flush, args=(server, flow))
        flushed.start()
        # The acknowledgement's time passes again and again, until the time for retries is over too.
        while flushed.is_alive():
            if splunk.asked.wait(0.1):
                splunk.asked.clear()
                advance(server, 181)
        flushed.join()
        assert splunk.faults == [] and splunk.indexed() == []
        found = documents(s3, bucket, "errors/splunk-failed/")
        assert [base64.b64decode(document["rawData"]).decode() for document in found] == values
        assert {document["errorCode"] for document in found} == {"Splunk.AckTimeout"}
        # Each attempt is a batch of its own, and there was more than one.
        (attempts,) = {document["attemptsMade"] for document in found}
        assert attempts == len(splunk.batches) >= 2
        assert "Splunk.AckTimeout" in json.dumps(logs(server, flow))


def test_the_token_is_nowhere_to_be_read_but_where_aws_describes_it(server, firehose, s3, bucket, flow):
    token = "canary-of-the-token"
    with SplunkStandIn(TOKEN) as splunk:
        # The collector's refusal quotes the token.
        make(firehose, flow, bucket, splunk.url, token=token, retry=0)
        put(firehose, flow, ["one\n"])
        flush(server, flow)
        told = firehose.describe_delivery_stream(DeliveryStreamName=flow)
        (error,) = documents(s3, bucket)
        assert error["errorCode"] == "Splunk.InvalidToken"
        told = told["DeliveryStreamDescription"]["Destinations"][0]["SplunkDestinationDescription"]
        assert told.pop("HECToken") == token
        for shown in (json.dumps(told, default=str), json.dumps(logs(server, flow)), json.dumps(error)):
            assert token not in shown
        assert token not in (server.home / "log.txt").read_text()
        assert holding(server.data, token) == []


def test_a_backup_of_all_events_holds_all(server, firehose, s3, bucket, flow):
    with SplunkStandIn(TOKEN) as splunk:
        make(firehose, flow, bucket, splunk.url, "Event", S3BackupMode="AllEvents")
        values = ['{"event":1}\n', "no json\n", '{"event":2}\n']
        put(firehose, flow, list(values))
        flush(server, flow)
        assert splunk.indexed() == [{"event": 1}, {"event": 2}]
        assert b"".join(bodies(s3, bucket, "all/").values()).decode() == "".join(values)
        (error,) = documents(s3, bucket, "errors/")
        assert base64.b64decode(error["rawData"]) == b"no json\n"


def test_the_token_is_described_as_aws_does(server, firehose, bucket, flow):
    described = make(firehose, flow, bucket, "https://splunk.invalid:8088")
    (destination,) = described["Destinations"]
    assert destination["SplunkDestinationDescription"]["HECToken"] == TOKEN
