"""TLS with the server's own certificate, HTTP/2 in the clear and over TLS, HTTP/1.1: one port."""

import asyncio
import json
import socket
import ssl

import httpx
import pytest
from conftest import drain, make_stream

SHARD = "shardId-000000000000"


@pytest.fixture
def certificate(server):
    path = server.data / "tls" / "cert.pem"
    assert path.exists()
    assert (server.data / "tls" / "key.pem").stat().st_mode & 0o077 == 0
    return str(path)


def secure(server):
    return server.endpoint.replace("http://127.0.0.1", "https://localhost")


def call(client, endpoint, operation, **arguments):
    reply = client.post(
        endpoint,
        content=json.dumps(arguments).encode(),
        headers={"x-amz-target": f"Kinesis_20131202.{operation}", "content-type": "application/x-amz-json-1.1"},
    )
    return reply


def test_boto3_over_tls(server, certificate, name):
    from conftest import client

    kinesis = client(secure(server), verify=certificate)
    make_stream(kinesis, name, 1)
    kinesis.put_record(StreamName=name, Data=b"x" * 500000, PartitionKey="k")
    assert len(drain(kinesis, name, SHARD)[0]) == 1


def test_http2_by_alpn(server, certificate):
    context = ssl.create_default_context(cafile=certificate)
    with httpx.Client(http2=True, verify=context) as client:
        reply = call(client, secure(server), "ListStreams")
        assert reply.http_version == "HTTP/2" and reply.status_code == 200


def test_http1_by_alpn(server, certificate):
    context = ssl.create_default_context(cafile=certificate)
    with httpx.Client(http1=True, http2=False, verify=context) as client:
        reply = call(client, secure(server), "ListStreams")
        assert reply.http_version == "HTTP/1.1" and reply.status_code == 200


def test_http2_by_prior_knowledge_in_the_clear(server, name):
    # Calls without a signature are of the default region.
    kinesis = server.client(region="us-east-1")
    stream = make_stream(kinesis, name, 1)
    with httpx.Client(http1=False, http2=True) as client:
        big = "A" * (1024 * 1024)
        records = [{"Data": big, "PartitionKey": str(n)} for n in range(4)]
        reply = call(client, server.endpoint, "PutRecords", StreamName=stream, Records=records)
        assert reply.http_version == "HTTP/2" and reply.status_code == 200
        assert reply.json()["FailedRecordCount"] == 0
    statuses = asyncio.run(put_many(server.endpoint, stream, 200))
    assert set(statuses) == {200}
    assert len(drain(kinesis, stream, SHARD)[0]) == 204


async def put_many(endpoint, stream, count):
    """Puts over one connection, many requests at once. (The synchronous client is not safe to share between threads
    over HTTP/2: its streams may go out of order, which every server must refuse.)"""
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(http1=False, http2=True, limits=limits, timeout=30) as client:
        async def put(number):
            reply = await call(client, endpoint, "PutRecord", StreamName=stream, Data="QQ==", PartitionKey=str(number))
            return reply.status_code

        return await asyncio.gather(*(put(number) for number in range(count)))


@pytest.mark.parametrize("tls", [False, True])
def test_an_early_answer_over_http2_reaches_a_client_that_still_sends(server, certificate, tls):
    context = ssl.create_default_context(cafile=certificate)
    endpoint = secure(server) if tls else server.endpoint
    with httpx.Client(http1=False, http2=True, verify=context, timeout=60) as client:
        for operation, megabytes, status in [
            ("DescribeStream", 2, 413),
            ("PutRecords", 17, 413),
            ("PutRecords", 20, 413),
            ("NoSuchOperation", 2, 400),
        ]:
            reply = call(client, endpoint, operation, StreamName="A" * megabytes * 1_000_000)
            assert reply.http_version == "HTTP/2" and reply.status_code == status, operation
            # The same connection goes on.
            assert call(client, endpoint, "ListStreams").status_code == 200


def test_old_tls_is_refused(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(httpx.ConnectError), httpx.Client(verify=context) as client:
        call(client, secure(server), "ListStreams")


def test_the_certificate_outlives_a_restart(server, certificate):
    before = open(certificate).read()
    server.restart()
    assert open(certificate).read() == before
    context = ssl.create_default_context(cafile=certificate)
    with httpx.Client(verify=context) as client:
        assert call(client, secure(server), "ListStreams").status_code == 200


def handshake(server, context, name=None):
    """A TLS handshake with the server; the protocol that was agreed on."""
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as wrapped:
            return wrapped.version(), wrapped.selected_alpn_protocol()


def unchecked():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_a_client_that_names_no_host_is_answered(server):
    assert handshake(server, unchecked())[0] == "TLSv1.3"


def test_protocols_that_nobody_knows_are_refused(server):
    context = unchecked()
    context.set_alpn_protocols(["spdy/1", "gopher"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        handshake(server, context)
    context.set_alpn_protocols(["spdy/1", "http/1.1"])
    assert handshake(server, context)[1] == "http/1.1"
