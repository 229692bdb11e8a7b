"""What the operator says of destinations, through the API: addresses that are never reached, and whom TLS trusts."""

import pathlib
import shutil
import ssl
import tempfile
import urllib.request

import pytest
import test_http_endpoint
import test_search
import test_splunk
from conftest import failure, running
from delivery import ROLE, documents, flush, put, wait_active
from stand_ins import HttpStandIn
from test_http_endpoint import records_of

GUARDED = [
    "169.254.169.254", "169.254.0.1", "[fd00:ec2::254]", "[fe80::1]", "[::ffff:169.254.169.254]",
    "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1",
]


def make_http(firehose, flow, bucket, host):
    return test_http_endpoint.make(firehose, flow, bucket, f"https://{host}/")


def make_splunk(firehose, flow, bucket, host):
    return test_splunk.make(firehose, flow, bucket, f"https://{host}:8088")


def make_search(firehose, flow, bucket, host, kind="opensearch"):
    return test_search.make(firehose, flow, bucket, f"https://{host}:9200", kind)


def make_elasticsearch(firehose, flow, bucket, host):
    return make_search(firehose, flow, bucket, host, "elasticsearch")


def make_redshift(firehose, flow, bucket, host):
    firehose.create_delivery_stream(
        DeliveryStreamName=flow,
        RedshiftDestinationConfiguration={
            "RoleARN": ROLE,
            "ClusterJDBCURL": f"jdbc:redshift://{host}:5439/dev",
            "CopyCommand": {"DataTableName": "events"},
            "Username": "loader",
            "Password": "of no use",
            "S3Configuration": {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
        },
    )
    return wait_active(firehose, flow)


KINDS = {
    "http": (
        make_http, "HttpEndpointDestinationUpdate", lambda host: {"EndpointConfiguration": {"Url": f"https://{host}/"}},
    ),
    "splunk": (make_splunk, "SplunkDestinationUpdate", lambda host: {"HECEndpoint": f"https://{host}:8088"}),
    "opensearch": (
        make_search,
        "AmazonopensearchserviceDestinationUpdate",
        lambda host: {"ClusterEndpoint": f"https://{host}:9200"},
    ),
    "elasticsearch": (
        make_elasticsearch, "ElasticsearchDestinationUpdate", lambda host: {"ClusterEndpoint": f"https://{host}:9200"},
    ),
    "redshift": (
        make_redshift, "RedshiftDestinationUpdate", lambda host: {"ClusterJDBCURL": f"jdbc:redshift://{host}:5439/dev"},
    ),
}


@pytest.mark.parametrize("host", GUARDED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_guarded_address_is_refused_at_once(server, firehose, bucket, flow, kind, host):
    make, _, _ = KINDS[kind]
    code, message = failure(make, firehose=firehose, flow=flow, bucket=bucket, host=host)
    if kind == "redshift" and host.startswith("["):
        # The model's own pattern has no such hosts.
        assert code == "ValidationException" and "clusterJDBCURL" in message, message
        return
    assert code == "InvalidArgumentException" and "[destinations] allow" in message, message
    assert host.strip("[]") in message or "169.254" in message, message
    assert flow not in firehose.list_delivery_streams(Limit=10000)["DeliveryStreamNames"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_does_not_lead_there_either(server, firehose, bucket, flow, kind):
    make, member, change = KINDS[kind]
    made = make(firehose, flow, bucket, "127.0.0.1")
    code, message = failure(
        firehose.update_destination,
        DeliveryStreamName=flow,
        CurrentDeliveryStreamVersionId=made["VersionId"],
        DestinationId=made["Destinations"][0]["DestinationId"],
        **{member: change("169.254.169.254")},
    )
    assert code == "InvalidArgumentException" and "[destinations] allow" in message, message
    described = firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
    assert described["VersionId"] == made["VersionId"] and "169.254" not in str(described)


class TlsStandIn(HttpStandIn):
    """A receiver behind TLS, with the certificate of a directory."""

    def __init__(self, directory):
        super().__init__()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"


def certified():
    """The directory of a certificate for localhost that no root of Mozilla's has signed: one that a server has made."""
    with running() as another:
        # It is made when the first client speaks TLS, if not before.
        anyone = ssl._create_unverified_context()
        urllib.request.urlopen(another.endpoint.replace("http:", "https:"), context=anyone).close()
        directory = pathlib.Path(tempfile.mkdtemp())
        for name in ("cert.pem", "key.pem"):
            (directory / name).write_bytes((another.data / "tls" / name).read_bytes())
    return directory


@pytest.fixture(scope="module")
def certificate():
    directory = certified()
    yield directory
    shutil.rmtree(directory)


def test_a_ca_bundle_says_whom_to_trust(certificate):
    config = certificate / "millstream.toml"
    config.write_text(f'[destinations]\nca_bundle = "{certificate / "cert.pem"}"\n')
    with TlsStandIn(certificate) as receiver, running("--limits", "off", "--config", str(config)) as server:
        server.client("s3").create_bucket(Bucket="kept")
        firehose = server.client("firehose")
        test_http_endpoint.make(firehose, "flow", "kept", receiver.url)
        put(firehose, "flow", ["one", "two"])
        flush(server, "flow")
        assert receiver.faults == [] and records_of(receiver) == [b"one", b"two"]


@pytest.mark.parametrize("trust", ["mozilla's", "another's"])
def test_without_trust_nothing_is_sent(certificate, tmp_path, trust):
    config = tmp_path / "millstream.toml"
    config.write_text("")
    if trust == "another's":
        other = certified()
        config.write_text(f'[destinations]\nca_bundle = "{other / "cert.pem"}"\n')
    with TlsStandIn(certificate) as receiver, running("--limits", "off", "--config", str(config)) as server:
        s3, firehose = server.client("s3"), server.client("firehose")
        s3.create_bucket(Bucket="kept")
        test_http_endpoint.make(firehose, "flow", "kept", receiver.url, retry=0)
        put(firehose, "flow", ["one"])
        flush(server, "flow")
        (error,) = documents(s3, "kept")
        assert error["errorCode"] == "HttpEndpoint.SSLHandshakeFailure", error
        assert receiver.requests == []


def test_a_ca_bundle_that_is_none_keeps_the_server_from_starting(certificate, tmp_path):
    config = tmp_path / "millstream.toml"
    (tmp_path / "ca.pem").write_text("no certificate")
    config.write_text(f'[destinations]\nca_bundle = "{tmp_path / "ca.pem"}"\n')
    with pytest.raises(RuntimeError, match="ca_bundle"), running("--config", str(config)):
        pass
