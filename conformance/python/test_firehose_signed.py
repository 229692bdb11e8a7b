"""`--auth signed`: delivery streams belong to accounts, and deliver only to what their account may use."""

import json
import os
import subprocess
import time
import uuid

import pytest
from conftest import ACCOUNT, BINARY, KEY_ID, REGION, SECRET, failure, running, until
from delivery import ROLE, bodies, make, put

OTHER = "222222222222"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 0}


@pytest.fixture(scope="module")
def server():
    keys = {"MILLSTREAM_KEYS": f"{KEY_ID}:{SECRET}:{ACCOUNT},AKIDOTHER:othersecret:{OTHER}"}
    with running("--auth", "signed", "--limits", "off", environment=keys) as server:
        yield server


class Account:
    def __init__(self, server, key, secret, region=REGION):
        self.server, self.key, self.secret, self.region = server, key, secret, region
        self.firehose = server.client("firehose", key=key, secret=secret, region=region)
        self.s3 = server.client("s3", key=key, secret=secret)

    def delivery(self, *arguments, succeeds=True):
        """The server's own command line, with this account's keys."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {
            "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL": self.server.endpoint, "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        done = subprocess.run(
            [BINARY, "delivery", *arguments], env=environment, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode == 0) is succeeds, (done.stdout, done.stderr)
        return done.stdout if succeeds else done.stderr


@pytest.fixture
def mine(server):
    return Account(server, KEY_ID, SECRET)


@pytest.fixture
def other(server):
    return Account(server, "AKIDOTHER", "othersecret")


@pytest.fixture
def bucket(mine):
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    mine.s3.create_bucket(Bucket=name)
    return name


def test_a_delivery_stream_of_an_account_delivers_to_its_bucket(mine, bucket, flow):
    arn = make(mine.firehose, flow, bucket)
    assert arn == f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{flow}"
    put(mine.firehose, flow, ["one"])
    mine.delivery("flush", flow)
    assert list(bodies(mine.s3, bucket).values()) == [b"one"]
    assert flow in mine.delivery("list")


def test_accounts_do_not_see_each_others_delivery_streams(mine, other, bucket, flow):
    make(mine.firehose, flow, bucket)
    assert flow not in other.firehose.list_delivery_streams(Limit=10000)["DeliveryStreamNames"]
    given = {"DeliveryStreamName": flow}
    calls = {
        "describe_delivery_stream": {},
        "put_record": {"Record": {"Data": b"x"}},
        "put_record_batch": {"Records": [{"Data": b"x"}]},
        "delete_delivery_stream": {},
        "list_tags_for_delivery_stream": {},
        "tag_delivery_stream": {"Tags": [{"Key": "k"}]},
        "untag_delivery_stream": {"TagKeys": ["k"]},
        "start_delivery_stream_encryption": {},
        "stop_delivery_stream_encryption": {},
        "update_destination": {
            "CurrentDeliveryStreamVersionId": "1",
            "DestinationId": "destinationId-000000000001",
            "ExtendedS3DestinationUpdate": {"Prefix": "stolen/"},
        },
    }
    for operation, more in calls.items():
        code, message = failure(getattr(other.firehose, operation), **given, **more)
        assert code == "ResourceNotFoundException" and OTHER in message, (operation, message)
    for verb in ("flush", "logs"):
        assert "not found" in other.delivery(verb, flow, succeeds=False)
    assert mine.firehose.describe_delivery_stream(**given)["DeliveryStreamDescription"]["VersionId"] == "1"


def test_the_same_name_is_another_delivery_stream_elsewhere(mine, other, bucket, flow):
    other.s3.create_bucket(Bucket=f"{bucket}-2")
    make(mine.firehose, flow, bucket)
    make(other.firehose, flow, f"{bucket}-2")
    there = Account(mine.server, KEY_ID, SECRET, "us-west-2")
    make(there.firehose, flow, bucket)
    for account, text in ((mine, "mine"), (other, "other"), (there, "there")):
        put(account.firehose, flow, [text])
        account.delivery("flush", flow)
    assert sorted(bodies(mine.s3, bucket).values()) == [b"mine", b"there"]
    assert list(bodies(other.s3, f"{bucket}-2").values()) == [b"other"]


def test_nothing_is_delivered_into_another_accounts_bucket(mine, other, bucket, flow):
    logging = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}
    make(other.firehose, flow, bucket, BufferingHints=HINTS, CloudWatchLoggingOptions=logging)
    put(other.firehose, flow, ["intruder"])
    events = until(lambda: other.delivery("logs", flow, "--json").strip(), "nothing is told")
    assert "S3.AccessDenied" in events, events
    assert bodies(mine.s3, bucket) == {}


def test_a_stream_of_another_account_is_no_source(mine, other, bucket, flow):
    kinesis = mine.server.client("kinesis", key=KEY_ID, secret=SECRET)
    kinesis.create_stream(StreamName=flow, ShardCount=1)
    source = {"KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{flow}", "RoleARN": ROLE}
    code, message = failure(
        other.firehose.create_delivery_stream,
        DeliveryStreamName=flow,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration=source,
        ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
    )
    assert code == "InvalidArgumentException" and "KinesisStreamARN" in message, message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "[::1]", "169.254.169.254"])
def test_addresses_inside_are_not_reached_unless_they_are_allowed(mine, bucket, flow, host):
    """At once where the address is told, at the delivery where a name is."""
    endpoint = {
        "EndpointConfiguration": {"Url": f"https://{host}:9/"},
        "BufferingHints": HINTS,
        "RetryOptions": {"DurationInSeconds": 0},
        "S3Configuration": {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "ErrorOutputPrefix": "bad/"},
    }
    given = {"DeliveryStreamName": flow, "HttpEndpointDestinationConfiguration": endpoint}
    if host != "localhost":
        code, message = failure(mine.firehose.create_delivery_stream, **given)
        assert code == "InvalidArgumentException" and "allow" in message.lower(), message
        return
    mine.firehose.create_delivery_stream(**given)
    deadline = time.monotonic() + 60
    while True:
        try:
            put(mine.firehose, flow, ["one"])
            break
        except mine.firehose.exceptions.ResourceNotFoundException:
            assert time.monotonic() < deadline
    mine.delivery("flush", flow)
    (body,) = bodies(mine.s3, bucket).values()
    assert json.loads(body)["errorCode"].startswith("HttpEndpoint.")
