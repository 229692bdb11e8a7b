"""A version id is told by its text: "01" is not "1"."""

import uuid

from conftest import failure
from delivery import make


def test_a_version_is_told_by_its_text(server):
    firehose, flow = server.client("firehose"), f"flow-{uuid.uuid4().hex[:12]}"
    make(firehose, flow, "bucket")
    code, _ = failure(
        firehose.update_destination, DeliveryStreamName=flow, CurrentDeliveryStreamVersionId="01",
        DestinationId="destinationId-000000000001", ExtendedS3DestinationUpdate={"Prefix": "x/"},
    )
    assert code == "ConcurrentModificationException"
