"""kill -9 while fifty delivery streams deliver in every compression, format and with partitions: each acknowledged
record is in the objects exactly once.

MILLSTREAM_KILL_ROUNDS says how often, MILLSTREAM_SEED what is put.
"""

import collections
import concurrent.futures
import gzip
import io
import json
import os
import pathlib
import random
import tempfile
import threading
import zipfile

import pyarrow.orc
import pyarrow.parquet
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from conftest import Server
from delivery import assert_once, flush, keys, kill_among, make, processing
from kit import Catalog, conversion
from test_snappy import of_hadoop, of_java

ROUNDS = int(os.environ.get("MILLSTREAM_KILL_ROUNDS", "3"))
FLOWS = 50
PRODUCERS = 4
# Acknowledged calls that a round waits for before it kills.
CALLS = 120


def unzip(body):
    archive = zipfile.ZipFile(io.BytesIO(body))
    return b"".join(archive.read(name) for name in archive.namelist())


def lines(data):
    return [json.loads(line)["id"] for line in data.splitlines()]


def columns(reader):
    return lambda body: reader(io.BytesIO(body)).read()["id"].to_pylist()


# How a kind of delivery stream is made, and the ids in one of its objects.
KINDS = {
    "plain": ({}, lines),
    "gzip": ({"CompressionFormat": "GZIP"}, lambda body: lines(gzip.decompress(body))),
    "zip": ({"CompressionFormat": "ZIP"}, lambda body: lines(unzip(body))),
    "snappy": ({"CompressionFormat": "Snappy"}, lambda body: lines(of_java(body))),
    "hadoop": ({"CompressionFormat": "HADOOP_SNAPPY"}, lambda body: lines(of_hadoop(body))),
    "parquet": ({"ParquetSerDe": {}}, columns(pyarrow.parquet.ParquetFile)),
    "orc": ({"OrcSerDe": {"Compression": "ZLIB"}}, columns(pyarrow.orc.ORCFile)),
    "parts": (
        {
            "Prefix": "parts-FLOW/!{partitionKeyFromQuery:part}/",
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": processing(
                ("MetadataExtraction", {"MetadataExtractionQuery": "{part: .part}", "JsonParsingEngine": "JQ-1.6"})
            ),
        },
        lines,
    ),
}
SMALL = {"SizeInMBs": 1, "IntervalInSeconds": 0}
LARGE = {"SizeInMBs": 64, "IntervalInSeconds": 0}


def create(firehose, name, kind, table):
    options = dict(KINDS[kind][0])
    large = kind in ("parquet", "orc", "parts")
    serializer = {key: options.pop(key) for key in ("ParquetSerDe", "OrcSerDe") if key in options}
    if serializer:
        options["DataFormatConversionConfiguration"] = conversion(table, serializer=serializer)
    prefix = options.pop("Prefix", "FLOW/").replace("parts-FLOW", name).replace("FLOW", name)
    errors = f"bad/{name}/!{{firehose:error-output-type}}/"
    make(
        firehose, name, "objects", Prefix=prefix, ErrorOutputPrefix=errors,
        BufferingHints=LARGE if large else SMALL, **options,
    )


class Producer(threading.Thread):
    """Puts numbered records into all delivery streams until the server dies."""

    def __init__(self, server, flows, first, reached, choices):
        super().__init__()
        self.firehose = server.client("firehose", config={"read_timeout": 20, "connect_timeout": 5})
        self.flows, self.next, self.reached, self.choices = flows, first, reached, choices
        self.acknowledged, self.attempted = set(), set()
        self.error = None

    def run(self):
        try:
            while True:
                flow = self.choices.choice(self.flows)
                count = self.choices.choice((1, 5, 50, 200))
                ids = [self.next + n * PRODUCERS for n in range(count)]
                self.next += count * PRODUCERS
                self.attempted.update((flow, one) for one in ids)
                documents = [{"id": one, "part": one % 3, "text": "x" * (one % 1000)} for one in ids]
                records = [{"Data": json.dumps(document).encode() + b"\n"} for document in documents]
                try:
                    reply = self.firehose.put_record_batch(DeliveryStreamName=flow, Records=records)
                except self.firehose.exceptions.ServiceUnavailableException:
                    # Right after a start a delivery stream may not take records yet.
                    continue
                for one, entry in zip(ids, reply["RequestResponses"], strict=True):
                    if "RecordId" in entry:
                        self.acknowledged.add((flow, one))
                self.reached.release()
        except (HTTPClientError, BotoCoreError):
            pass
        except ClientError as error:
            self.error = error
            self.reached.release()


def test_fifty_delivery_streams_that_are_killed_deliver_exactly_once():
    seed = int(os.environ.get("MILLSTREAM_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    choices = random.Random(seed)
    kinds = list(KINDS)
    flows = {f"{kinds[n % len(kinds)]}-{n:02}": kinds[n % len(kinds)] for n in range(FLOWS)}
    with tempfile.TemporaryDirectory(prefix="millstream-") as home:
        catalog = Catalog(pathlib.Path(home) / "tables")
        table = catalog.table(["id bigint", "part int", "text string"])
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[data_catalog]\ndirectory = "{catalog.directory}"\n[destinations.s3]\nbuckets = ["objects"]\n'
        )
        server = Server(home, "--limits", "off", "--config", str(config))
        try:
            firehose = server.client("firehose", config={"max_pool_connections": 8})
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda flow: create(firehose, flow, flows[flow], table), flows))
            acknowledged, attempted, first = set(), set(), 0
            for number in range(ROUNDS):
                reached = threading.Semaphore(0)
                producers = [
                    Producer(server, list(flows), first + n, reached, random.Random(choices.random()))
                    for n in range(PRODUCERS)
                ]
                taken, tried = kill_among(server, producers, reached, choices.randrange(CALLS // 2, CALLS))
                acknowledged, attempted = acknowledged | taken, attempted | tried
                first = PRODUCERS * (max(one for _, one in attempted) // PRODUCERS + 1)
                print(f"round {number}: {len(acknowledged)} acknowledged of {len(attempted)}")
                server.start()
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda flow: flush(server, flow), flows))
            found = collections.Counter()
            s3 = server.client("s3")
            for key in keys(s3, "objects"):
                flow = key.split("/")[0]
                assert flow in flows, key
                body = s3.get_object(Bucket="objects", Key=key)["Body"].read()
                found.update((flow, one) for one in KINDS[flows[flow]][1](body))
            print(f"{len(keys(s3, 'objects'))} objects, {len(found)} records")
            assert_once(found, acknowledged, attempted)
        finally:
            if server.process.poll() is None:
                server.kill()
