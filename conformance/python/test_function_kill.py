"""A function that answers differently each time it is asked, and kill -9 between its answer and the object: every
record lies in the objects exactly once, as the function answered, and it is not asked again once its answer is kept.

MILLSTREAM_KILL_ROUNDS says how often the server is killed at a moment of chance.
"""

import collections
import contextlib
import itertools
import json
import os
import pathlib
import random
import tempfile
import threading
import uuid

from conftest import Server
from delivery import call, make, put
from receivers import FunctionStandIn, data_of, reply_to
from stand_ins import StorageStandIn

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:moody"
ROUNDS = int(os.environ.get("MILLSTREAM_KILL_ROUNDS", "5"))


class Moody:
    """The function: its answer has a word that it never says again. `answered` counts, `said` keeps every answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.asked = collections.Counter()
        self.said = collections.defaultdict(set)
        self.answered = threading.Semaphore(0)

    def __call__(self, event):
        word = uuid.uuid4().hex

        def each(data):
            value = json.loads(data)
            value["word"] = word
            return "Ok", json.dumps(value).encode() + b"\n"

        with self.lock:
            for data in data_of(event):
                number = json.loads(data)["n"]
                self.asked[number] += 1
                self.said[number].add(word)
        reply = reply_to(event, each)
        self.answered.release()
        return reply


class Refusing:
    """How the storage behaves: it refuses until told otherwise, and says when it was asked."""

    def __init__(self):
        self.well = False
        self.asked = threading.Semaphore(0)

    def __call__(self):
        self.asked.release()
        return "well" if self.well else "refuse"


@contextlib.contextmanager
def a_server(moody, storage):
    with FunctionStandIn(moody) as function, tempfile.TemporaryDirectory(prefix="millstream-") as home:
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[destinations.functions]\nmoody = "{function.url}/clean"\n'
            f'[[destinations.s3.endpoint]]\nbuckets = ["*"]\nurl = "{storage.url}"\nregion = "us-east-1"\n'
            'access_key_id = "a"\nsecret_access_key = "b"\npath_style = true\n'
        )
        server = Server(home, "--limits", "off", "--config", str(config))
        try:
            yield server, function
        finally:
            if server.process.poll() is None:
                server.kill()


def make_moody(server, **destination):
    parameters = [
        {"ParameterName": "LambdaArn", "ParameterValue": ARN},
        {"ParameterName": "BufferSizeInMBs", "ParameterValue": "0.2"},
    ]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    make(server.client("firehose"), "flow", "objects", ProcessingConfiguration=processing, **destination)


def records(first, count):
    return [json.dumps({"n": n, "text": "x" * 400}) for n in range(first, first + count)]


def flushing(server):
    """Asks for a flush that the server may not live to answer."""

    def ask():
        with contextlib.suppress(OSError, AssertionError):
            call(server, "FlushDeliveryStream", {"DeliveryStreamName": "flow"})

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def found_in(storage):
    """The words of each number, over all objects."""
    found = collections.defaultdict(list)
    for body in storage.objects.values():
        for line in body.splitlines():
            value = json.loads(line)
            found[value["n"]].append(value["word"])
    return found


def settle(server):
    call(server, "FlushDeliveryStream", {"DeliveryStreamName": "flow"})


def test_a_function_is_not_asked_again_after_its_answer_was_kept():
    moody, refusing = Moody(), Refusing()
    with StorageStandIn(refusing) as storage, a_server(moody, storage) as (server, function):
        # All records in one object: that it is refused says that all answers are kept.
        make_moody(server, BufferingHints={"SizeInMBs": 128, "IntervalInSeconds": 900})
        put(server.client("firehose"), "flow", records(0, 3000))
        asking = flushing(server)
        assert refusing.asked.acquire(timeout=60), "nothing is delivered"
        assert set(moody.asked) == set(range(3000)) and not storage.objects
        server.kill()
        asking.join(60)
        calls = len(function.events)
        for _ in range(2):
            # It dies once more with the answers read back, and before an object.
            while refusing.asked.acquire(blocking=False):
                pass
            server.start()
            assert refusing.asked.acquire(timeout=60), "nothing is delivered after the restart"
            server.kill()
        refusing.well = True
        server.start()
        put(server.client("firehose"), "flow", records(3000, 10))
        settle(server)
        assert function.faults == [] and storage.faults == []
        found = found_in(storage)
        assert set(found) == set(range(3010))
        assert all(len(words) == 1 for words in found.values())
        assert all(words[0] in moody.said[number] for number, words in found.items())
        assert all(count == 1 for count in moody.asked.values()), "the function was asked again"
        assert all(int(json.loads(data)["n"]) >= 3000 for event in function.events[calls:] for data in data_of(event))


def test_killed_at_any_moment_every_record_is_there_once_as_the_function_answered():
    seed = int(os.environ.get("MILLSTREAM_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    choices = random.Random(seed)
    moody, refusing = Moody(), Refusing()
    with StorageStandIn(refusing) as storage, a_server(moody, storage) as (server, function):
        make_moody(server, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
        total = 0
        for number in range(ROUNDS):
            refusing.well = number % 2 == 1
            while moody.answered.acquire(blocking=False):
                pass
            put(server.client("firehose"), "flow", records(total, 2000))
            total += 2000
            asking = flushing(server)
            for _ in range(choices.randrange(1, 4)):
                assert moody.answered.acquire(timeout=60), "the function is not asked"
            server.kill()
            asking.join(60)
            server.start()
        refusing.well = True
        settle(server)
        assert function.faults == [] and storage.faults == []
        found = found_in(storage)
        assert set(found) == set(range(total))
        twice = list(itertools.islice((n for n, words in found.items() if len(words) != 1), 5))
        assert not twice, f"{twice} are there {[found[n] for n in twice]}"
        assert all(words[0] in moody.said[n] for n, words in found.items())
