"""kill -9 with a store that fails, hangs, answers late or twice, behind everything that a delivery stream can do to its
records: partitions, a function, a backup, records that fail. Main output, backup and errors hold each record once.

MILLSTREAM_KILL_ROUNDS says how often.
"""

import base64
import collections
import gzip
import json
import os
import pathlib
import random
import tempfile

from conftest import Server
from delivery import ROLE, flush, kill_again_and_again, make, processing
from receivers import FunctionStandIn, reply_to
from stand_ins import StorageStandIn
from test_delivery_kill import HINTS, Producer, behaviour

ROUNDS = int(os.environ.get("MILLSTREAM_KILL_ROUNDS", "3"))
CALLS = 40
FUNCTION = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
QUERY = {"MetadataExtractionQuery": "{part: .part}", "JsonParsingEngine": "JQ-1.6"}
ERRORS = {"ErrorOutputPrefix": "bad/!{firehose:error-output-type}/"}
BACKUP = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::backup", "CompressionFormat": "GZIP"}
BACKUP["BufferingHints"] = {"SizeInMBs": 1, "IntervalInSeconds": 1}
WITH_BACKUP = {"S3BackupMode": "Enabled", "S3BackupConfiguration": BACKUP}


class Documents(Producer):
    """Puts documents; every seventh is none."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        put = self.firehose.put_record_batch

        def put_documents(DeliveryStreamName, Records):
            made = [{"Data": document(record["Data"])} for record in Records]
            return put(DeliveryStreamName=DeliveryStreamName, Records=made)

        self.firehose.put_record_batch = put_documents


def document(data):
    value, rest = data.decode().split(maxsplit=1)
    number = int(value.split(":")[1])
    if number % 7 == 0:
        return f"{value} is no document\n".encode()
    return json.dumps({"value": value, "part": number % 5, "text": rest.strip()}).encode() + b"\n"


def value_of(line):
    try:
        return json.loads(line)["value"]
    except ValueError:
        return line.split()[0].decode()


def answer(event):
    """Some are dropped, some fail, the others come back."""

    def each(data):
        number = int(value_of(data).split(":")[1])
        if number % 11 == 0:
            return "ProcessingFailed", data
        return "Ok", data

    return reply_to(event, each)


KINDS = {
    "partitioned": {
        **ERRORS,
        **WITH_BACKUP,
        "Prefix": "main/!{partitionKeyFromQuery:part}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 0},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": processing(("MetadataExtraction", QUERY)),
    },
    "transformed": {
        **ERRORS,
        **WITH_BACKUP,
        "Prefix": "main/",
        "CompressionFormat": "GZIP",
        "ProcessingConfiguration": processing(
            ("Lambda", {"LambdaArn": FUNCTION, "BufferSizeInMBs": "0.2", "BufferIntervalInSeconds": "0"})
        ),
    },
}


def failing(kind, value):
    number = int(value.split(":")[1])
    return number % 7 == 0 if kind == "partitioned" else number % 11 == 0


def contents(storage, start):
    """The lines of all objects below a key."""
    for key, body in storage.objects.items():
        if key.startswith(start):
            yield from (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).splitlines()


def check(kind, storage, acknowledged, attempted):
    main = collections.Counter(map(value_of, contents(storage, "objects/main/")))
    raw = (base64.b64decode(json.loads(line)["rawData"]) for line in contents(storage, "objects/bad/"))
    bad = collections.Counter(map(value_of, raw))
    backup = collections.Counter(map(value_of, contents(storage, "backup/")))
    assert main and bad, "nothing arrived, or nothing failed"
    for name, found in (("main", main + bad), ("backup", backup)):
        assert not acknowledged - set(found), f"{kind}, {name}: an acknowledged record is missing"
        assert not set(found) - attempted, f"{kind}, {name}: a record that nobody put"
        assert set(found.values()) == {1}, (kind, name, [v for v, count in found.items() if count > 1][:5])
    assert all(failing(kind, value) for value in bad) and not any(failing(kind, value) for value in main)


def run(kind, seed):
    with (
        StorageStandIn(behaviour(seed)) as storage,
        FunctionStandIn(answer) as function,
        tempfile.TemporaryDirectory(prefix="millstream-") as home,
    ):
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[[destinations.s3.endpoint]]\nbuckets = ["*"]\nurl = "{storage.url}"\n'
            f'[destinations.functions]\nclean = "{function.url}/clean"\n'
        )
        server = Server(home, "--limits", "off", "--config", str(config))
        try:
            make(server.client("firehose"), "flow", "objects", **{"BufferingHints": HINTS, **KINDS[kind]})

            def producers(first, reached):
                return [Documents(server, "flow", number, first, reached) for number in range(2)]

            acknowledged, attempted = kill_again_and_again(server, ROUNDS, CALLS, producers)
            storage.behave = lambda: "well"
            storage.release.set()
            flush(server, "flow")
            assert not storage.faults and not function.faults, (storage.faults, function.faults)
            check(kind, storage, acknowledged, attempted)
        finally:
            if server.process.poll() is None:
                server.kill()


def seeded():
    seed = int(os.environ.get("MILLSTREAM_SEED", random.randrange(1 << 30)))
    print(f"seed {seed}")
    return seed


def test_partitions_backup_and_errors_hold_each_record_once():
    run("partitioned", seeded())


def test_what_a_function_answered_backup_and_errors_hold_each_record_once():
    run("transformed", seeded())
