"""Clients of the built-in buckets that ask and do not take: others must not feel them."""

import contextlib
import socket
import time

from conftest import running

MIB = 1 << 20
STALLED = 200


@contextlib.contextmanager
def stalled(server, path):
    """A client that asks for an object and reads nothing of it."""
    host, port = server.address.rsplit(":", 1)
    with contextlib.closing(socket.socket()) as client:
        # A small window: the server cannot send much before it waits.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect((host, int(port)))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
        yield client


def test_two_hundred_readers_that_stall_do_not_keep_others_from_their_objects():
    with running() as server, contextlib.ExitStack() as clients:
        s3 = server.client("s3", config={"s3": {"addressing_style": "path"}})
        s3.create_bucket(Bucket="objects")
        s3.put_object(Bucket="objects", Key="large", Body=b"x" * (16 * MIB))
        s3.put_object(Bucket="objects", Key="small", Body=b"small")
        opened = [clients.enter_context(stalled(server, "/objects/large")) for _ in range(STALLED)]
        for client in opened:
            # Each is being answered.
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        began = time.monotonic()
        assert s3.get_object(Bucket="objects", Key="small")["Body"].read() == b"small"
        assert s3.get_object(Bucket="objects", Key="large")["Body"].read() == b"x" * (16 * MIB)
        s3.put_object(Bucket="objects", Key="another", Body=b"y" * MIB)
        assert time.monotonic() - began < 8, "they waited for a place"
