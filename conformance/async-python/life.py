"""async-kinesis against a real server: a producer and a consumer, aggregated records, a shard that is split while it is
read, limits that throttle. The last line is "N passed, N failed"."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import traceback

from aiobotocore.session import get_session
from kinesis import Consumer, Producer
from kinesis.processors import JsonProcessor, KPLJsonProcessor

REGION = "eu-west-1"
PATIENCE_SECONDS = 60
RECORDS = 500


@contextlib.contextmanager
def server(binary, *arguments):
    """The real server as a process; its endpoint."""
    with tempfile.TemporaryDirectory(prefix="millstream-async-") as home:
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", f"{home}/data", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield process.stdout.readline().strip().removeprefix("listening on ")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            process.stdout.close()


async def produce(endpoint, stream, count, shards=1, processor=None, key=None):
    options = {"endpoint_url": endpoint, "region_name": REGION, "processor": processor or JsonProcessor()}
    async with Producer(stream, create_stream=True, create_stream_shards=shards, **options) as producer:
        for number in range(count):
            await producer.put({"number": number}, **({"partition_key": key(number)} if key else {}))
        await producer.flush()


def consumer(endpoint, stream, processor=None):
    return Consumer(stream, endpoint_url=endpoint, region_name=REGION, sleep_time_no_records=0.05,
                    shard_fetch_rate=4, processor=processor or JsonProcessor())


async def take(consumer, count):
    """The numbers of so many records, in the order they come."""
    numbers = []
    while len(numbers) < count:
        async for item in consumer:
            numbers.append(item["number"])
            if len(numbers) == count:
                break
    return numbers


async def what_is_produced_is_consumed(endpoint):
    await produce(endpoint, "plain", RECORDS, shards=2)
    async with consumer(endpoint, "plain") as reader:
        assert sorted(await take(reader, RECORDS)) == list(range(RECORDS))


async def aggregated_records_come_back_in_order(endpoint):
    await produce(endpoint, "aggregated", RECORDS, processor=KPLJsonProcessor())
    async with consumer(endpoint, "aggregated", KPLJsonProcessor()) as reader:
        assert await take(reader, RECORDS) == list(range(RECORDS))


async def a_split_loses_and_reorders_nothing(endpoint):
    one_key = {"key": lambda _: "the one key"}
    await produce(endpoint, "split", RECORDS, **one_key)
    async with get_session().create_client("kinesis", region_name=REGION, endpoint_url=endpoint) as kinesis:
        shard = (await kinesis.list_shards(StreamName="split"))["Shards"][0]["ShardId"]
        await kinesis.split_shard(StreamName="split", ShardToSplit=shard, NewStartingHashKey=str(2**127))
        await kinesis.get_waiter("stream_exists").wait(StreamName="split")
    await produce(endpoint, "split", RECORDS, **one_key)
    async with consumer(endpoint, "split") as reader:
        assert await take(reader, 2 * RECORDS) == 2 * list(range(RECORDS))


async def a_producer_stays_within_the_limits_of_its_shard(endpoint):
    # 1,500 records are more than a shard takes in a second: some are throttled, and all arrive.
    await produce(endpoint, "limited", 3 * RECORDS)
    async with consumer(endpoint, "limited") as reader:
        assert sorted(await take(reader, 3 * RECORDS)) == list(range(3 * RECORDS))


async def run(binary):
    suites = [
        (("--limits", "off"), [what_is_produced_is_consumed, aggregated_records_come_back_in_order,
                               a_split_loses_and_reorders_nothing]),
        (("--limits", "aws"), [a_producer_stays_within_the_limits_of_its_shard]),
    ]
    passed = failed = 0
    for arguments, tests in suites:
        with server(binary, *arguments) as endpoint:
            for test in tests:
                try:
                    await asyncio.wait_for(test(endpoint), PATIENCE_SECONDS)
                    passed += 1
                except Exception:
                    failed += 1
                    print(f"FAILED {test.__name__}")
                    traceback.print_exc()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith(("AWS_", "MILLSTREAM_"))]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
    sys.exit(asyncio.run(run(sys.argv[1])))
