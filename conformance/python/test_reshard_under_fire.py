"""Splits, merges, UpdateShardCount, changes of the mode, kill -9: all at random, while producers put.

MILLSTREAM_FIRE_ROUNDS says how often the server is killed, MILLSTREAM_FIRE_SEED which choices are made.
"""

import os
import random
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import drain, make_stream, running, shards_of, wait_active
from history import History, shard_faults

ROUNDS = int(os.environ.get("MILLSTREAM_FIRE_ROUNDS", "2"))
SEED = int(os.environ.get("MILLSTREAM_FIRE_SEED", "0")) or random.randrange(1, 2**32)
PRODUCERS = 8
KEYS_EACH = 4
CHANGES_EACH = 12
NAME = "fire"


class Producer(threading.Thread):
    """Puts the counters of its keys, each until it is acknowledged, until it is told to stop; outlives the server."""

    def __init__(self, server, history, keys):
        super().__init__()
        self.server, self.history, self.keys = server, history, keys
        self.done = threading.Event()
        self.errors = []

    def run(self):
        client, endpoint = None, None
        counters = {key: 0 for key in self.keys}
        while not self.done.is_set():
            if endpoint != self.server.endpoint:
                endpoint = self.server.endpoint
                client = self.server.client(config={"read_timeout": 30, "connect_timeout": 2})
            try:
                self.put(client, counters)
            except (HTTPClientError, BotoCoreError):
                time.sleep(0.05)
            except ClientError as error:
                self.errors.append(str(error))
                return

    def put(self, client, counters):
        """One call with a record of each key, so that no key has two counters under way."""
        for key in self.keys:
            self.history.tried(key, counters[key])
        entries = [{"Data": f"{key}:{counters[key]}".encode(), "PartitionKey": key} for key in self.keys]
        reply = client.put_records(StreamName=NAME, Records=entries)
        for key, entry in zip(self.keys, reply["Records"]):
            if "SequenceNumber" in entry:
                self.history.was_acknowledged(key, counters[key])
                counters[key] += 1


def open_shards(kinesis):
    shards = shards_of(kinesis, NAME, ShardFilter={"Type": "AT_LATEST"})
    return sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))


def change(kinesis, choices):
    """One change at random; what does not fit the moment is refused, which is fine."""
    arn = kinesis.describe_stream_summary(StreamName=NAME)["StreamDescriptionSummary"]["StreamARN"]
    shards = open_shards(kinesis)
    kind = choices.choice(("split", "merge", "count", "count", "mode"))
    if kind == "split":
        shard = choices.choice(shards)
        low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        key = str(choices.randint(low + 1, high))
        kinesis.split_shard(StreamName=NAME, ShardToSplit=shard["ShardId"], NewStartingHashKey=key)
    elif kind == "merge" and len(shards) > 1:
        at = choices.randrange(len(shards) - 1)
        one, other = shards[at]["ShardId"], shards[at + 1]["ShardId"]
        kinesis.merge_shards(StreamName=NAME, ShardToMerge=one, AdjacentShardToMerge=other)
    elif kind == "count":
        target = choices.randint((len(shards) + 1) // 2, min(2 * len(shards), 40))
        kinesis.update_shard_count(StreamName=NAME, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
    elif kind == "mode":
        kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        wait_active(kinesis, NAME)
        kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})


def read_all(kinesis, shards):
    """Key -> counters, parents before children: a child's id is above its parents'."""
    read = {}
    for shard in sorted(shards, key=lambda shard: shard["ShardId"]):
        for record in drain(kinesis, NAME, shard["ShardId"])[0]:
            key, counter = record["Data"].decode().rsplit(":", 1)
            read.setdefault(key, []).append(int(counter))
    return read


def test_nothing_is_lost_reordered_or_doubled():
    choices = random.Random(SEED)
    print(f"seed {SEED}")
    with running("--limits", "off") as server:
        make_stream(server.client(), NAME, 4)
        keys = [f"p{number}k{key}" for number in range(PRODUCERS) for key in range(KEYS_EACH)]
        history = History(keys)
        producers = [
            Producer(server, history, keys[number * KEYS_EACH:(number + 1) * KEYS_EACH])
            for number in range(PRODUCERS)
        ]
        for producer in producers:
            producer.start()
        done = refused = 0
        try:
            for _ in range(ROUNDS):
                kinesis = server.client()
                for _ in range(CHANGES_EACH):
                    try:
                        change(kinesis, choices)
                        done += 1
                    except ClientError as error:
                        assert error.response["Error"]["Code"] in (
                            "ResourceInUseException", "InvalidArgumentException", "ValidationException",
                        ), error
                        refused += 1
                    if choices.random() < 0.8:
                        wait_active(kinesis, NAME)
                # In the middle of whatever is under way.
                server.restart()
                wait_active(server.client(), NAME)
        finally:
            for producer in producers:
                producer.done.set()
            for producer in producers:
                producer.join()
        assert [producer.errors for producer in producers if producer.errors] == []
        kinesis = server.client()
        wait_active(kinesis, NAME)
        shards = shards_of(kinesis, NAME)
        assert shard_faults(shards) == []
        assert history.faults(read_all(kinesis, shards)) == []
        assert done > refused, (done, refused)
        assert all(last > 0 for last in history.acknowledged.values())
        assert server.stop() == 0
