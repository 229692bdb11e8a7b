"""What is outside and never answers: it must not keep the rest of a server, nor an update of its own stream."""

import concurrent.futures
import contextlib
import socket
import threading
import time

import pytest
from conftest import running, until
from delivery import bodies, call, flush, make, put, wait_active
from kinds import configured as configured_kind
from kinds import create
from receivers import FunctionStandIn, reply_to
from stand_ins import HttpStandIn
from test_functions import NAME, processing

# Delivery streams whose uploads hang: one of each at a time.
FAR = 9
# Delivery streams whose requests hang; with large records they want more memory than there is.
MANY = 40


class Silent:
    """Takes connections and whatever is sent on them, and answers nothing."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.clients = []

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in [self.server, *self.clients]:
            one.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.clients.append(self.server.accept()[0])


def configured(text):
    return running("--limits", "off", config=text)


def test_uploads_to_an_endpoint_that_hangs_leave_the_built_in_buckets_alone():
    with Silent() as far, configured(f'[[destinations.s3.endpoint]]\nbuckets = ["far-*"]\nurl = "{far.url}"\n') as server:
        s3, firehose = server.client("s3"), server.client("firehose")
        s3.create_bucket(Bucket="near")

        def hang(name):
            make(firehose, name, name)
            for _ in range(4):
                put(firehose, name, ["x\n"])
                # Sealed at once; it does not arrive.
                with pytest.raises(AssertionError, match="not all was delivered"):
                    call(server, "FlushDeliveryStream", {"DeliveryStreamName": name, "TimeoutInSeconds": 1})

        with concurrent.futures.ThreadPoolExecutor(FAR) as threads:
            list(threads.map(hang, [f"far-{number}" for number in range(FAR)]))
        until(lambda: len(far.clients) >= FAR, lambda: f"{len(far.clients)} uploads hang", 20)
        make(firehose, "near", "near")
        put(firehose, "near", ["a\n"])
        began = time.monotonic()
        flush(server, "near")
        assert time.monotonic() - began < 5
        assert list(bodies(s3, "near").values()) == [b"a\n"]


@contextlib.contextmanager
def two_endpoints():
    """A server with a bucket, an endpoint that hangs, and one that answers."""
    with HttpStandIn(behave=lambda: "hang") as hanging, HttpStandIn() as well, running("--limits", "off") as server:
        server.client("s3").create_bucket(Bucket="kept")
        yield server, hanging, well
        hanging.release.set()


def to_endpoint(firehose, name, endpoint, hints):
    create(firehose, name, "HttpEndpoint", configured_kind("HttpEndpoint", "kept", endpoint.url, hints))


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_endpoints_that_hang_do_not_stop_one_that_answers(size):
    hints = {"SizeInMBs": 4, "IntervalInSeconds": 0}
    with two_endpoints() as (server, hanging, well):
        firehose = server.client("firehose")

        def hang(name):
            to_endpoint(firehose, name, hanging, hints)
            put(firehose, name, ["x" * size] * 4)

        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            list(threads.map(hang, [f"hang-{number}" for number in range(MANY)]))
        until(lambda: len(hanging.requests) >= MANY, lambda: f"{len(hanging.requests)} requests hang", 40)
        to_endpoint(firehose, "well", well, hints)
        put(firehose, "well", ["y" * size] * 4)
        until(lambda: well.requests, "it waits for the others", 10)


def test_an_update_to_an_endpoint_that_answers_does_not_wait_for_one_that_hangs():
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
    with two_endpoints() as (server, hanging, well):
        firehose = server.client("firehose")
        to_endpoint(firehose, "flow", hanging, hints)
        for number in range(8):
            put(firehose, "flow", [f"{number}\n"])
            # Sealed at once, each by itself.
            with pytest.raises(AssertionError, match="not all was delivered"):
                call(server, "FlushDeliveryStream", {"DeliveryStreamName": "flow", "TimeoutInSeconds": 1})
        until(lambda: hanging.requests, "nothing was sent", 10)
        firehose.update_destination(
            DeliveryStreamName="flow",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            HttpEndpointDestinationUpdate={"EndpointConfiguration": {"Url": well.url}},
        )
        wait_active(firehose, "flow")
        put(firehose, "flow", ["after\n"])
        until(lambda: well.requests, "it waits for those before", 10)
        assert [records for _, records, _, _ in well.requests] == [[b"after\n"]]


def test_an_update_takes_a_function_away_that_hangs():
    answered = threading.Event()

    def hang(event):
        answered.wait(120)
        return reply_to(event, lambda data: ("Ok", data.upper()))

    with FunctionStandIn(hang) as function, configured(f'[destinations.functions]\nclean = "{function.url}/clean"\n') as server:
        s3, firehose = server.client("s3"), server.client("firehose")
        s3.create_bucket(Bucket="bucket")
        parameters = {"BufferSizeInMBs": 1, "BufferIntervalInSeconds": 0}
        make(firehose, "flow", "bucket", ProcessingConfiguration=processing(NAME, **parameters))
        put(firehose, "flow", ["a\n", "b\n"])
        until(lambda: function.events, "the function is not called", 20)
        began = time.monotonic()
        firehose.update_destination(
            DeliveryStreamName="flow",
            CurrentDeliveryStreamVersionId="1",
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate={"ProcessingConfiguration": {"Enabled": False, "Processors": []}},
        )
        assert time.monotonic() - began < 2
        wait_active(firehose, "flow")
        flush(server, "flow")
        assert time.monotonic() - began < 60
        assert b"".join(bodies(s3, "bucket").values()) == b"a\nb\n"
        answered.set()
