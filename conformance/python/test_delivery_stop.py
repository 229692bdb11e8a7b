"""SIGTERM while delivery streams deliver: the server stops soon, and every acknowledged record arrives, once where the
destination is a bucket.
"""

import collections
import tempfile
import threading

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import Server, until
from delivery import bodies, flush_when_it_can, make, put
from kinds import configured, create
from stand_ins import HttpStandIn

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 0}
FLOWS = 10


def test_a_server_that_is_told_to_stop_loses_and_repeats_nothing():
    with tempfile.TemporaryDirectory(prefix="millstream-") as home:
        server = Server(home, "--limits", "off")
        try:
            server.client("s3").create_bucket(Bucket="kept")
            for n in range(FLOWS):
                make(server.client("firehose"), f"flow-{n}", "kept", Prefix=f"{n}/", BufferingHints=HINTS)
            acknowledged, reached = set(), threading.Semaphore(0)

            def produce(number):
                firehose, count = server.client("firehose"), 0
                while True:
                    value, count = f"{number}:{count}", count + 1
                    try:
                        firehose.put_record(
                            DeliveryStreamName=f"flow-{count % FLOWS}", Record={"Data": f"{value}\n".encode()}
                        )
                    except (HTTPClientError, BotoCoreError, ClientError):
                        return
                    acknowledged.add(value)
                    reached.release()

            producers = [threading.Thread(target=produce, args=(n,)) for n in range(4)]
            for producer in producers:
                producer.start()
            for _ in range(300):
                assert reached.acquire(timeout=60)
            assert server.stop() == 0
            for producer in producers:
                producer.join(60)
            server.start()
            for n in range(FLOWS):
                flush_when_it_can(server, f"flow-{n}")
            found = collections.Counter(b"".join(bodies(server.client("s3"), "kept").values()).decode().split())
            assert not acknowledged - set(found) and set(found.values()) == {1}
        finally:
            if server.process.poll() is None:
                server.kill()


def test_a_destination_that_hangs_does_not_keep_a_server_from_stopping():
    with HttpStandIn(behave=lambda: "hang") as receiver, tempfile.TemporaryDirectory(prefix="millstream-") as home:
        server = Server(home, "--limits", "off")
        try:
            server.client("s3").create_bucket(Bucket="kept")
            create(server.client("firehose"), "flow", "HttpEndpoint",
                   configured("HttpEndpoint", "kept", receiver.url, HINTS))
            put(server.client("firehose"), "flow", ["one"])
            until(lambda: receiver.requests, "it is not delivered", 30)
            assert server.stop() == 0
            receiver.behave = lambda: "well"
            receiver.release.set()
            server.start()
            flush_when_it_can(server, "flow")
            ids = {identity for identity, _, _, _ in receiver.requests}
            assert len(ids) == 1 and receiver.requests[-1][1] == [b"one"] and receiver.requests[-1][3] == "well"
            assert receiver.faults == []
        finally:
            if server.process.poll() is None:
                server.kill()
