"""Encryption at rest of delivery streams, what fails today. (Belongs into test_delivery_encryption.py.)"""

import json

from conftest import make_stream, wait_active
from delivery import documents, flush, make, put
from test_delivery_encryption import (  # noqa: F401
    CANARY, firehose, lines, partitioned, readable, s3, server, start,
)


def test_records_of_an_encrypted_source_stay_encrypted(server, firehose, s3):
    kinesis = server.client()
    make_stream(kinesis, "source", 1)
    kinesis.start_stream_encryption(StreamName="source", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    wait_active(kinesis, "source")
    arn = kinesis.describe_stream_summary(StreamName="source")["StreamDescriptionSummary"]["StreamARN"]
    make(firehose, "flow", "bucket", source=arn, **partitioned())
    for number in range(30):
        data = json.dumps({"n": number, "text": CANARY}).encode()
        kinesis.put_record(StreamName="source", Data=data, PartitionKey="k")
    kinesis.put_record(StreamName="source", Data=f"{CANARY} is not JSON".encode(), PartitionKey="k")
    assert readable(server) == []
    flush(server, "flow")
    assert sorted(document["n"] for document in documents(s3, "bucket", "data/")) == list(range(30))
    assert readable(server) == []
