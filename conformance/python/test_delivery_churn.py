"""Puts while everything else goes on: updates of the destination, encryption on and off, flushes and kill -9. The
objects hold every acknowledged record exactly once.

MILLSTREAM_KILL_ROUNDS says how often it is killed, MILLSTREAM_SEED what is done.
"""

import collections
import gzip
import io
import os
import random
import tempfile
import threading
import zipfile

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import Server, kill_amid
from delivery import assert_once, flush, flush_when_it_can, keys, make

ROUNDS = int(os.environ.get("MILLSTREAM_KILL_ROUNDS", "3"))
PRODUCERS = 3
CALLS = 80
FLOWS = ["one", "two", "three"]
# What is answered to a call that came at a bad moment, and changes nothing.
HARMLESS = {
    "ConcurrentModificationException", "LimitExceededException", "ResourceInUseException",
    "ServiceUnavailableException",
}


class Worker(threading.Thread):
    """Does one thing over and over until the server dies."""

    def __init__(self, server, choices, reached=None):
        super().__init__()
        self.server, self.choices, self.reached = server, choices, reached
        self.firehose = server.client("firehose", config={"read_timeout": 20, "connect_timeout": 5})
        self.error = None

    def run(self):
        try:
            while True:
                try:
                    self.once(self.choices.choice(FLOWS))
                except ClientError as error:
                    if error.response["Error"]["Code"] not in HARMLESS:
                        raise
        except (HTTPClientError, BotoCoreError, OSError):
            pass
        except (ClientError, AssertionError) as error:
            self.error = error


class Producer(Worker):
    def __init__(self, server, choices, reached, first):
        super().__init__(server, choices, reached)
        self.next = first
        self.acknowledged, self.attempted = set(), set()

    def once(self, flow):
        count = self.choices.choice((1, 3, 50, 300))
        values = [f"{flow}:{self.next + n * PRODUCERS}" for n in range(count)]
        self.next += count * PRODUCERS
        self.attempted.update(values)
        records = [{"Data": f"{value} {'.' * self.choices.randrange(400)}\n".encode()} for value in values]
        reply = self.firehose.put_record_batch(DeliveryStreamName=flow, Records=records)
        for value, entry in zip(values, reply["RequestResponses"], strict=True):
            if "RecordId" in entry:
                self.acknowledged.add(value)
        self.reached.release()


class Updater(Worker):
    def once(self, flow):
        shown = self.firehose.describe_delivery_stream(DeliveryStreamName=flow)["DeliveryStreamDescription"]
        self.firehose.update_destination(
            DeliveryStreamName=flow,
            CurrentDeliveryStreamVersionId=shown["VersionId"],
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate={
                "CompressionFormat": self.choices.choice(["UNCOMPRESSED", "GZIP", "ZIP"]),
                "Prefix": f"{flow}/{self.choices.randrange(5)}/",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": self.choices.choice([0, 0, 1])},
            },
        )


class Encrypter(Worker):
    def once(self, flow):
        self.firehose.start_delivery_stream_encryption(DeliveryStreamName=flow)
        self.firehose.stop_delivery_stream_encryption(DeliveryStreamName=flow)


class Flusher(Worker):
    def once(self, flow):
        try:
            flush(self.server, flow)
        except AssertionError as error:
            if not any(code in str(error) for code in HARMLESS):
                raise


def unpack(body):
    if body[:2] == b"\x1f\x8b":
        return gzip.decompress(body)
    if body[:2] == b"PK":
        archive = zipfile.ZipFile(io.BytesIO(body))
        return b"".join(archive.read(name) for name in archive.namelist())
    return body


def test_whatever_else_goes_on_every_record_arrives_once():
    seed = int(os.environ.get("MILLSTREAM_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    choices = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="millstream-") as home:
        server = Server(home, "--limits", "off")
        try:
            server.client("s3").create_bucket(Bucket="objects")
            for flow in FLOWS:
                hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
                make(server.client("firehose"), flow, "objects", Prefix=f"{flow}/", BufferingHints=hints)
            acknowledged, attempted, first = set(), set(), 0
            for number in range(ROUNDS):
                reached = threading.Semaphore(0)
                producers = [
                    Producer(server, random.Random(choices.random()), reached, first + n) for n in range(PRODUCERS)
                ]
                others = [kind(server, random.Random(choices.random())) for kind in (Updater, Encrypter, Flusher)]
                kill_amid(server, producers + others, reached, choices.randrange(CALLS // 2, CALLS))
                for producer in producers:
                    acknowledged |= producer.acknowledged
                    attempted |= producer.attempted
                first = PRODUCERS * (max(producer.next for producer in producers) // PRODUCERS + 1)
                server.start()
                version = server.client("firehose").describe_delivery_stream(DeliveryStreamName="one")
                version = version["DeliveryStreamDescription"]["VersionId"]
                print(f"round {number}: {len(acknowledged)} acknowledged, version {version}")
            for flow in FLOWS:
                flush_when_it_can(server, flow)
            s3, found = server.client("s3"), collections.Counter()
            for key in keys(s3, "objects"):
                flow = key.split("/")[0]
                lines = unpack(s3.get_object(Bucket="objects", Key=key)["Body"].read()).splitlines()
                values = [line.split()[0].decode() for line in lines]
                assert all(value.startswith(f"{flow}:") for value in values), key
                found.update(values)
            assert_once(found, acknowledged, attempted)
        finally:
            if server.process.poll() is None:
                server.kill()
