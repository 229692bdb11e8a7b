"""A secret of Secrets Manager's kind that is rotated takes effect without an update (developer guide, "Use the secret":
within ten minutes; here with the next attempt)."""

import contextlib
import json
import pathlib
import tempfile

from conftest import running
from delivery import ROLE, flush, put, wait_active
from kinds import configured, create
from receivers import SplunkStandIn
from stand_ins import HttpStandIn

ARN = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:s"
MANAGED = {"SecretsManagerConfiguration": {"Enabled": True, "SecretARN": ARN, "RoleARN": ROLE}}
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 0}


@contextlib.contextmanager
def with_secret(member):
    """A server, and what rotates the secret that it knows."""
    with tempfile.TemporaryDirectory() as home:
        secret = pathlib.Path(home) / "s.json"

        def rotate(text):
            secret.write_text(text if text.startswith("not") else json.dumps({member: text}))

        rotate("one")
        config = pathlib.Path(home) / "m.toml"
        config.write_text(f'[secrets]\n"{ARN}" = "{secret}"\n')
        with running("--limits", "off", "--config", str(config)) as server:
            server.client("s3").create_bucket(Bucket="kept")
            yield server, rotate


def test_an_endpoints_key_that_was_rotated_is_used():
    with HttpStandIn("one") as receiver, with_secret("api_key") as (server, rotate):
        firehose = server.client("firehose")
        create(firehose, "flow", "HttpEndpoint", configured("HttpEndpoint", "kept", receiver.url, HINTS) | MANAGED)
        for key in ("one", "two", "three"):
            rotate(key)
            receiver.access_key = key
            put(firehose, "flow", [key])
            flush(server, "flow")
        # One that cannot be read leaves the last.
        rotate("not JSON")
        put(firehose, "flow", ["four"])
        flush(server, "flow")
        assert receiver.faults == []
        assert len(receiver.requests) == 4


def test_a_collectors_token_that_was_rotated_is_used():
    tokens = ["11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"]
    with SplunkStandIn(tokens[0]) as receiver, with_secret("hec_token") as (server, rotate):
        firehose = server.client("firehose")
        rotate(tokens[0])
        splunk = configured("Splunk", "kept", receiver.url, HINTS) | MANAGED
        del splunk["HECToken"]
        firehose.create_delivery_stream(DeliveryStreamName="flow", SplunkDestinationConfiguration=splunk)
        wait_active(firehose, "flow")
        for token in tokens:
            rotate(token)
            receiver.token = token
            put(firehose, "flow", ['{"event": 1}'])
            flush(server, "flow")
        assert receiver.faults == []
