"""What cannot be staged for Redshift is told where S3Configuration.CloudWatchLoggingOptions says."""

import json
import tempfile

from conftest import running, until
from delivery import logs, put
from kinds import CONFIGURATION, NOWHERE, configured, create


def test_what_cannot_be_staged_is_logged_where_the_bucket_says():
    options = {"CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "of-bucket", "LogStreamName": "s"}}
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(CONFIGURATION)
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            firehose = server.client("firehose")
            hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
            create(firehose, "flow", "Redshift", configured("Redshift", "absent-one", NOWHERE, hints, **options))
            put(firehose, "flow", ["x"])
            events = until(lambda: logs(server, "flow"), "nothing is told", 30)
            assert {event["LogGroupName"] for event in events} == {"of-bucket"}
            assert {json.loads(event["Message"])["destination"] for event in events} == {"arn:aws:s3:::absent-one"}
