"""A real server for each module, and clients of boto3 for it."""

import base64
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import uuid

import boto3
import pytest
from botocore.config import Config

BINARY = os.environ.get("MILLSTREAM_BINARY", "millstream")
KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ACCOUNT = "123456789012"
REGION = "eu-central-1"


class Server:
    """The real server as a process, on a free port, with a directory of its own."""

    def __init__(self, home, *arguments, environment=None, ephemeral=False):
        self.home = pathlib.Path(home)
        self.data = self.home / "data"
        kept = ["--ephemeral"] if ephemeral else ["--data-dir", str(self.data)]
        self.command = [BINARY, "serve", "--listen", "127.0.0.1:0", *kept, *arguments]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MILLSTREAM_"))}
        self.environment = {**clean, **(environment or {})}
        self.process = None
        self.start()

    def start(self):
        self.log = open(self.home / "log.txt", "ab")
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on http://"):
            self.kill()
            raise RuntimeError(f"the server said {line!r}: {(self.home / 'log.txt').read_text()}")
        self.address = line.removeprefix("listening on http://")
        self.endpoint = f"http://{self.address}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def restart(self):
        self.kill()
        self.start()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.log.close()
        return status

    def client(self, service="kinesis", **options):
        return client(self.endpoint, service, **options)


def client(endpoint, service="kinesis", key=KEY_ID, secret=SECRET, region=REGION, retries=1, **options):
    config = Config(retries={"total_max_attempts": retries, "mode": "standard"}, **options.pop("config", {}))
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
        **options,
    )


@contextlib.contextmanager
def running(*arguments, config=None, **options):
    """A server; `config` is what its configuration file holds, `millstream.toml` in its home."""
    with tempfile.TemporaryDirectory(prefix="millstream-") as home:
        if config is not None:
            path = pathlib.Path(home) / "millstream.toml"
            path.write_text(config)
            arguments = (*arguments, "--config", str(path))
        server = Server(home, *arguments, **options)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.kill()


@pytest.fixture(scope="module")
def server():
    """Open, without limits on rates."""
    with running("--limits", "off") as server:
        yield server


@pytest.fixture
def kinesis(server):
    return server.client()


@pytest.fixture
def firehose(server):
    return server.client("firehose")


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def bucket(s3):
    """A bucket that no other test uses."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def flow():
    """A delivery stream's name that no other test uses."""
    return f"flow-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def name():
    """A stream's name that no other test uses."""
    return f"stream-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def stream(kinesis, name):
    """An active stream of one shard."""
    return make_stream(kinesis, name, 1)


def make_stream(kinesis, name, shards, **options):
    kinesis.create_stream(StreamName=name, ShardCount=shards, **options)
    wait_active(kinesis, name)
    return name


def wait_active(kinesis, name):
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def shards_of(kinesis, name, **options):
    """All shards, over all pages."""
    reply = kinesis.list_shards(StreamName=name, **options)
    shards = reply["Shards"]
    while "NextToken" in reply:
        reply = kinesis.list_shards(NextToken=reply["NextToken"])
        shards += reply["Shards"]
    return shards


def kill_amid(server, workers, reached, calls):
    """Starts workers, kills the server once so many of their calls were acknowledged, and ends them."""
    for worker in workers:
        worker.start()
    for _ in range(calls):
        assert reached.acquire(timeout=60), "no producer gets through"
    server.kill()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive() and worker.error is None, worker.error


def holding(directory, *needles):
    """The files below a directory that hold one of these, as they are or in base64. The server may rename and remove
    its files meanwhile."""
    assert directory.is_dir(), directory
    forms = [form for needle in map(str.encode, needles) for form in (needle, *in_base64(needle))]

    def found():
        paths = [path for path in sorted(directory.rglob("*")) if path.is_file()]
        return [path for path in paths if any(form in path.read_bytes() for form in forms)]

    return insist(found, FileNotFoundError, "files are renamed without end")


def in_base64(needle):
    """What of it stands in base64, wherever it begins."""
    return [base64.b64encode(b"x" * lead + needle)[lead + 2 : -4] for lead in range(3)]


def iterator(kinesis, name, shard, kind="TRIM_HORIZON", **options):
    reply = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType=kind, **options)
    return reply["ShardIterator"]


def drain(kinesis, name, shard, kind="TRIM_HORIZON", limit=10000, **options):
    """Reads a shard until it is at its tip or its end: the records, and the last reply."""
    at = iterator(kinesis, name, shard, kind, **options)
    records = []
    while True:
        reply = kinesis.get_records(ShardIterator=at, Limit=limit)
        records += reply["Records"]
        at = reply.get("NextShardIterator")
        if at is None or (not reply["Records"] and reply["MillisBehindLatest"] == 0):
            return records, reply


def failure(call, **arguments):
    """Calls what must fail: (code, message)."""
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error.get("Message", "")


def until(holds, what="it does not come to pass", seconds=60):
    """Waits until something holds, and returns what that was; `what` is said, or asked for, if it never does."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.02)
    return found


def insist(call, error, what, seconds=60):
    """Calls until it does not fail with this error any more, and returns the answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except error:
            assert time.monotonic() < deadline, what
            time.sleep(0.02)
