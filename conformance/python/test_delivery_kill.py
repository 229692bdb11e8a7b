"""kill -9 during intake, sealing, upload and commit, with a destination that fails, hangs, answers late or twice: the
objects hold every acknowledged record exactly once.

MILLSTREAM_KILL_ROUNDS says how often.
"""

import collections
import os
import pathlib
import random
import tempfile
import threading

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import Server
from delivery import assert_once, flush, kill_again_and_again, make
from stand_ins import StorageStandIn

ROUNDS = int(os.environ.get("MILLSTREAM_KILL_ROUNDS", "3"))
PRODUCERS = 3
# How many acknowledged calls a round waits for before it kills.
CALLS = 60
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 0}


class Producer(threading.Thread):
    """Puts numbered records until the server dies; remembers what was acknowledged and what may be there."""

    def __init__(self, server, flow, number, first, reached):
        super().__init__()
        self.firehose = server.client("firehose", config={"read_timeout": 20, "connect_timeout": 5})
        self.flow, self.number, self.next, self.reached = flow, number, first, reached
        self.acknowledged, self.attempted = set(), set()
        self.error = None

    def run(self):
        try:
            while True:
                count = random.choice((1, 1, 20, 200))
                values = [f"{self.number}:{self.next + n}" for n in range(count)]
                self.next += count
                self.attempted.update(values)
                records = [{"Data": f"{value} {'.' * 500}\n".encode()} for value in values]
                reply = self.firehose.put_record_batch(DeliveryStreamName=self.flow, Records=records)
                for value, entry in zip(values, reply["RequestResponses"], strict=True):
                    if "RecordId" in entry:
                        self.acknowledged.add(value)
                self.reached.release()
        except (HTTPClientError, BotoCoreError):
            pass
        except ClientError as error:
            self.error = error


def behaviour(seed):
    """Mostly well; else fails, hangs, answers late, or stores and says nothing."""
    choices = random.Random(seed)
    lock = threading.Lock()

    def choose():
        with lock:
            return choices.choices(("well", "refuse", "cut", "late", "hang"), (60, 15, 15, 8, 2))[0]

    return choose


def test_objects_hold_every_acknowledged_record_exactly_once():
    seed = int(os.environ.get("MILLSTREAM_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    with StorageStandIn(behaviour(seed)) as storage, tempfile.TemporaryDirectory(prefix="millstream-") as home:
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[[destinations.s3.endpoint]]\nbuckets = ["*"]\nurl = "{storage.url}"\nregion = "us-east-1"\n'
            'access_key_id = "a"\nsecret_access_key = "b"\npath_style = true\n'
        )
        server = Server(home, "--limits", "off", "--config", str(config))
        try:
            firehose = server.client("firehose")
            make(firehose, "flow", "objects", BufferingHints=HINTS)

            def producers(first, reached):
                return [Producer(server, "flow", number, first, reached) for number in range(PRODUCERS)]

            acknowledged, attempted = kill_again_and_again(server, ROUNDS, CALLS, producers)
            storage.behave = lambda: "well"
            storage.release.set()
            flush(server, "flow")
            lines = b"".join(storage.objects.values()).splitlines()
            found = collections.Counter(line.split()[0].decode() for line in lines)
            assert not storage.faults, storage.faults
            assert_once(found, acknowledged, attempted)
        finally:
            if server.process.poll() is None:
                server.kill()
