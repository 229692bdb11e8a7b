"""What the server's configuration refuses after a restart, and allowed before: only what goes there fails."""

import functools
import json

from botocore.exceptions import ClientError
from conftest import insist, running, until
from delivery import bodies, flush, logs, put
from kinds import CONFIGURATION, NOWHERE, configured, create, numbers

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 0}
LOGGED = {"CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}}
# An address that nothing is connected to unless it is listed.
GUARDED = CONFIGURATION.replace("127.0.0.1:9", "169.254.169.254:5439")


def test_an_address_that_is_refused_after_a_restart_fails_alone():
    with running("--limits", "off", config=CONFIGURATION) as server:
        server.client("s3").create_bucket(Bucket="kept")
        redshift = configured("Redshift", "kept", NOWHERE, HINTS) | LOGGED
        create(server.client("firehose"), "refused", "Redshift", redshift)
        plain = configured("ExtendedS3", "kept", NOWHERE, HINTS)
        create(server.client("firehose"), "plain", "ExtendedS3", plain)
        (server.home / "millstream.toml").write_text(GUARDED)
        server.restart()
        for flow, n in (("refused", 1), ("plain", 2)):
            document = json.dumps({"n": n})
            taken = functools.partial(put, server.client("firehose"), flow, [document])
            insist(taken, ClientError, "no put is taken")
        flush(server, "plain")
        events = until(lambda: logs(server, "refused"), "nothing is told", 30)
        codes = {json.loads(event["Message"])["errorCode"] for event in events}
        assert codes == {"Delivery.DestinationRefused"}
        # It is staged all the same.
        found = [n for body in bodies(server.client("s3"), "kept").values() for n in numbers(body)]
        assert sorted(found) == [1, 2]
