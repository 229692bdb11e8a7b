"""Delivery by time over a split of a stream's only shard, with no flush. (Belongs into test_delivery_source.py.)"""

import json
import urllib.request

from conftest import make_stream, running, until
from delivery import make
from test_delivery_source import KEYS, Producer, arn_of, delivered, split


def test_the_children_of_the_only_shard_are_delivered_by_time(name):
    with running("--limits", "off") as server:
        kinesis, firehose, s3 = server.client(), server.client("firehose"), server.client("s3")
        s3.create_bucket(Bucket="bucket")
        make_stream(kinesis, name, 1)
        make(firehose, "flow", "bucket", source=arn_of(kinesis, name))
        producer = Producer(server, name)
        producer.once()
        split(kinesis, name, "shardId-000000000000")
        producer.once()
        expected = {key: [0, 1] for key in KEYS}
        body = json.dumps({"by_ms": 900_000}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/dev/clock/advance", data=body)).close()
        def arrived():
            return {key: sorted(numbers) for key, numbers in delivered(s3, "bucket").items()}

        until(lambda: arrived() == expected, "what the children hold does not arrive", 30)
