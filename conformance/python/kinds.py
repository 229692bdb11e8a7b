"""All kinds of destinations alike, with stand-ins that take what is sent: records are documents with a number `n`."""

import contextlib
import re

from conftest import client
from delivery import ROLE, bodies, wait_active
from receivers import SearchStandIn, SplunkStandIn
from stand_ins import HttpStandIn

TOKEN = "11111111-0000-4000-8000-000000000000"
# A cluster of Redshift that nobody listens for: what is staged for it is there to be seen.
JDBC_URL = "jdbc:redshift://nobody.example.test:5439/dev"
CONFIGURATION = (
    '[[destinations.redshift]]\nhost = "nobody.example.test"\naddress = "127.0.0.1:9"\nplain = true\n'
    "retry_after_seconds = 1\n"
)
SEARCH = {
    "OpenSearch": "AmazonopensearchserviceDestinationConfiguration",
    "Elasticsearch": "ElasticsearchDestinationConfiguration",
}
OF_RECORDS = ("HttpEndpoint", "Splunk", *SEARCH)
ALL = ("S3", "ExtendedS3", "Redshift", *OF_RECORDS)
ALL_DATA = {"HttpEndpoint": "AllData", "Splunk": "AllEvents"} | dict.fromkeys(SEARCH, "AllDocuments")
NOWHERE = "http://127.0.0.1:9"


def numbers(data):
    return [int(found) for found in re.findall(rb'"n": ?(\d+)', data)]


def member_of(kind):
    return SEARCH.get(kind, f"{kind}DestinationConfiguration")


def configured(kind, bucket, url, hints, **s3):
    """A configuration; what is given by name is of its bucket."""
    staging = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", **s3}
    if kind in ("S3", "ExtendedS3"):
        return {"BufferingHints": hints, **staging}
    if kind == "Redshift":
        return {
            "RoleARN": ROLE,
            "ClusterJDBCURL": JDBC_URL,
            "CopyCommand": {"DataTableName": "t"},
            "Username": "user",
            "Password": "Password-1",
            "S3Configuration": {"BufferingHints": hints, **staging},
        }
    of_kind = {
        "HttpEndpoint": {"EndpointConfiguration": {"Url": url}},
        "Splunk": {"HECEndpoint": url, "HECEndpointType": "Raw", "HECToken": TOKEN},
    }
    search = {"RoleARN": ROLE, "ClusterEndpoint": url, "IndexName": "i"}
    return {**of_kind.get(kind, search), "BufferingHints": hints, "S3Configuration": staging}


def create(firehose, flow, kind, configuration):
    firehose.create_delivery_stream(DeliveryStreamName=flow, **{member_of(kind): configuration})
    return wait_active(firehose, flow)


@contextlib.contextmanager
def receiving(kind, server, bucket):
    """An address, and the numbers that arrived: at a receiver, or in the bucket where there is none."""
    if kind == "HttpEndpoint":
        with HttpStandIn() as receiver:
            yield receiver.url, lambda: [n for _, them, _, _ in receiver.requests for n in numbers(b"".join(them))]
    elif kind == "Splunk":
        with SplunkStandIn(TOKEN) as receiver:
            yield receiver.url, lambda: numbers(b"".join(receiver.indexed()))
    elif kind in SEARCH:
        with SearchStandIn() as receiver:
            yield receiver.url, lambda: list(receiver.numbers().elements())
    else:
        s3 = client(server.endpoint, "s3")
        yield NOWHERE, lambda: [n for body in bodies(s3, bucket, "all/").values() for n in numbers(body)]
