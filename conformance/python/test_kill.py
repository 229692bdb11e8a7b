"""kill -9 under load: every acknowledged record is there exactly once and in order per shard.

MILLSTREAM_KILL_ROUNDS says how often.
"""

import os
import random
import threading

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import drain, kill_amid, make_stream, running, shards_of

ROUNDS = int(os.environ.get("MILLSTREAM_KILL_ROUNDS", "3"))
PRODUCERS = 4
SHARDS = 4
# How many acknowledged calls a round waits for before it kills.
CALLS = 40


class Producer(threading.Thread):
    """Puts numbered records, alone and in batches, and remembers what was acknowledged and what may be there."""

    def __init__(self, server, stream, number, first, reached):
        super().__init__()
        self.kinesis = server.client(config={"read_timeout": 10, "connect_timeout": 5})
        self.stream, self.number, self.next, self.reached = stream, number, first, reached
        self.acknowledged, self.attempted = {}, set()
        self.error = None

    def run(self):
        try:
            while True:
                count = random.choice((1, 1, 20, 200))
                self.put([f"{self.number}:{self.next + n}" for n in range(count)])
                self.next += count
                self.reached.release()
        except (HTTPClientError, BotoCoreError):
            pass
        except ClientError as error:
            self.error = error

    def put(self, values):
        self.attempted.update(values)
        entries = [{"Data": value.encode() + b"." * 300, "PartitionKey": value} for value in values]
        if len(entries) == 1:
            reply = self.kinesis.put_record(StreamName=self.stream, **entries[0])
            replies = [reply]
        else:
            replies = self.kinesis.put_records(StreamName=self.stream, Records=entries)["Records"]
        for value, reply in zip(values, replies):
            if "SequenceNumber" in reply:
                self.acknowledged[value] = (reply["ShardId"], int(reply["SequenceNumber"]))


def read_all(kinesis, stream):
    """Value -> list of (shard, number), in the order of each shard, with the order checked."""
    found = {}
    for shard in shards_of(kinesis, stream):
        last = -1
        for record in drain(kinesis, stream, shard["ShardId"])[0]:
            number = int(record["SequenceNumber"])
            assert number > last, "sequence numbers grow within a shard"
            last = number
            value = record["Data"].rstrip(b".").decode()
            found.setdefault(value, []).append((shard["ShardId"], number))
    return found


def test_every_acknowledged_record_survives_kill_9():
    with running("--limits", "off") as server:
        stream = make_stream(server.client(), "durable", SHARDS)
        acknowledged, attempted, first = {}, set(), 0
        for _ in range(ROUNDS):
            reached = threading.Semaphore(0)
            producers = [Producer(server, stream, n, first, reached) for n in range(PRODUCERS)]
            kill_amid(server, producers, reached, CALLS)
            for producer in producers:
                acknowledged |= producer.acknowledged
                attempted |= producer.attempted
            first = max(producer.next for producer in producers) + 1000
            server.start()
            found = read_all(server.client(), stream)
            assert set(found) <= attempted
            assert {value: places for value, places in found.items() if len(places) > 1} == {}
            wrong = {v: (place, found.get(v)) for v, place in acknowledged.items() if found.get(v) != [place]}
            assert wrong == {}
        assert acknowledged
        assert server.stop() == 0


def test_sigterm_drains_and_loses_nothing():
    with running("--limits", "off") as server:
        stream = make_stream(server.client(), "drained", SHARDS)
        reached = threading.Semaphore(0)
        producers = [Producer(server, stream, n, 0, reached) for n in range(PRODUCERS)]
        for producer in producers:
            producer.start()
        for _ in range(CALLS):
            assert reached.acquire(timeout=60), "no producer gets through"
        assert server.stop() == 0
        for producer in producers:
            producer.join()
        server.start()
        found = read_all(server.client(), stream)
        for producer in producers:
            for value, place in producer.acknowledged.items():
                assert found.get(value) == [place]
