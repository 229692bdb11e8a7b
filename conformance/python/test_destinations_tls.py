"""Destinations over TLS: who is trusted, and what is told of those who are not."""

import contextlib
import json
import pathlib
import ssl
import subprocess
import tempfile

import pytest
from conftest import failure, running
from delivery import bodies, flush, make, processing, put
from kinds import OF_RECORDS, TOKEN, configured, create, numbers
from receivers import FunctionStandIn, SearchStandIn, SplunkStandIn, reply_to
from stand_ins import HttpStandIn, StorageStandIn

HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 60}
RECEIVERS = {
    "HttpEndpoint": HttpStandIn,
    "Splunk": lambda: SplunkStandIn(TOKEN),
    "OpenSearch": SearchStandIn,
    "Elasticsearch": SearchStandIn,
}
CODES = {"HttpEndpoint": "HttpEndpoint.SSLHandshakeFailure", "Splunk": "Splunk.SSL"}


class Authority:
    """A certificate authority of the tests' own, with certificates for localhost and for another name."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.openssl("req", "-x509", "-subj", "/CN=authority", "-days", "2", *self.key("ca"), "-out", "ca.pem")
        self.issue("localhost", "DNS:localhost,IP:127.0.0.1")
        self.issue("elsewhere", "DNS:elsewhere.example.test")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.home, check=True, capture_output=True)

    def key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def issue(self, name, names):
        (self.home / f"{name}.ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        self.openssl("req", "-new", "-subj", f"/CN={name}", *self.key(name), "-out", f"{name}.csr")
        self.openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem",
        )

    @contextlib.contextmanager
    def over_tls(self, receiver, name="localhost"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.home / f"{name}.pem", self.home / f"{name}.key")
        # A handshake for each connection, in its own thread.
        receiver.server.socket = context.wrap_socket(
            receiver.server.socket, server_side=True, do_handshake_on_connect=False
        )
        with receiver:
            yield f"https://localhost:{receiver.server.server_port}"


@pytest.fixture(scope="module")
def authority():
    with tempfile.TemporaryDirectory(prefix="authority-") as home:
        yield Authority(home)


@contextlib.contextmanager
def serving(authority, trusted, more=""):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        trust = f'ca_bundle = "{authority.home / "ca.pem"}"\n' if trusted else ""
        config.write(f"[destinations]\n{trust}{more}")
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            server.client("s3").create_bucket(Bucket="kept")
            yield server


def arrived(kind, receiver):
    if kind == "HttpEndpoint":
        return [n for _, records, _, _ in receiver.requests for n in numbers(b"".join(records))]
    if kind == "Splunk":
        return numbers(b"".join(receiver.indexed()))
    return list(receiver.numbers().elements())


def deliver(server, kind, url):
    firehose = server.client("firehose")
    retry = {"RetryOptions": {"DurationInSeconds": 0}}
    create(firehose, "flow", kind, configured(kind, "kept", url, HINTS, ErrorOutputPrefix="bad/") | retry)
    put(firehose, "flow", ['{"n":1}'])
    flush(server, "flow")
    return [json.loads(line) for body in bodies(server.client("s3"), "kept").values() for line in body.splitlines()]


@pytest.mark.parametrize("kind", OF_RECORDS)
def test_an_authority_of_ones_own_is_trusted_if_the_configuration_says_so(authority, kind):
    receiver = RECEIVERS[kind]()
    with authority.over_tls(receiver) as url, serving(authority, True) as server:
        assert deliver(server, kind, url) == []
        assert receiver.faults == [] and arrived(kind, receiver) == [1]


@pytest.mark.parametrize(("name", "trusted"), [("localhost", False), ("elsewhere", True)])
@pytest.mark.parametrize("kind", OF_RECORDS)
def test_who_is_not_trusted_gets_nothing(authority, kind, name, trusted):
    receiver = RECEIVERS[kind]()
    with authority.over_tls(receiver, name) as url, serving(authority, trusted) as server:
        (failed,) = deliver(server, kind, url)
        assert failed["errorCode"].startswith(CODES.get(kind, ("OS.", "ES."))), failed
        assert arrived(kind, receiver) == []


def test_a_store_and_a_function_are_reached_over_tls(authority):
    storage, function = StorageStandIn(), FunctionStandIn(lambda e: reply_to(e, lambda data: ("Ok", data.upper())))
    with authority.over_tls(storage) as store, authority.over_tls(function) as by_url:
        more = (
            f'[[destinations.s3.endpoint]]\nbuckets = ["away"]\nurl = "{store}"\n'
            f'[destinations.functions]\nclean = "{by_url}/clean"\n'
        )
        with serving(authority, True, more) as server:
            firehose = server.client("firehose")
            arn = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
            make(firehose, "flow", "away", ProcessingConfiguration=processing(("Lambda", {"LambdaArn": arn})))
            put(firehose, "flow", ["one"])
            flush(server, "flow")
            assert list(storage.objects.values()) == [b"ONE"] and storage.faults == []


def test_plain_http_goes_to_no_public_address_unless_it_is_allowed(authority):
    url = "http://192.0.2.1/"
    with serving(authority, False) as server:
        code, message = failure(deliver, server=server, kind="HttpEndpoint", url=url)
        assert code == "InvalidArgumentException" and "http" in message.lower()
    with serving(authority, False, "allow_plain_http = true\n") as server:
        configuration = configured("HttpEndpoint", "kept", url, HINTS)
        create(server.client("firehose"), "flow", "HttpEndpoint", configuration)
