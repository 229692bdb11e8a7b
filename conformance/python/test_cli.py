"""The AWS CLI as a person runs it."""

import base64
import json
import os
import pathlib
import subprocess
import sys

import pytest


@pytest.fixture
def aws(server, tmp_path):
    program = pathlib.Path(sys.executable).parent / "aws"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_PAGER": "",
    }

    def run(*arguments, succeeds=True):
        done = subprocess.run(
            [sys.executable, program, "kinesis", *arguments], env=environment, capture_output=True, text=True
        )
        assert (done.returncode == 0) is succeeds, done.stderr
        if not succeeds:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_a_stream_from_its_creation_to_its_end(aws, name):
    assert aws("create-stream", "--stream-name", name, "--shard-count", "2") is None
    aws("wait", "stream-exists", "--stream-name", name)
    put = aws("put-record", "--stream-name", name, "--partition-key", "a", "--data", "hello")
    many = aws("put-records", "--stream-name", name, "--records",
               *(f"Data={n},PartitionKey=a" for n in range(3)))
    assert many["FailedRecordCount"] == 0
    at = aws("get-shard-iterator", "--stream-name", name, "--shard-id", put["ShardId"], "--shard-iterator-type",
             "TRIM_HORIZON")["ShardIterator"]
    records = aws("get-records", "--shard-iterator", at)["Records"]
    assert [base64.b64decode(record["Data"]) for record in records] == [b"hello", b"0", b"1", b"2"]
    assert name in aws("list-streams")["StreamNames"]
    assert len(aws("list-shards", "--stream-name", name)["Shards"]) == 2
    error = aws("describe-stream", "--stream-name", "absent", succeeds=False)
    assert "(ResourceNotFoundException)" in error
    assert "Stream absent under account 000000000000 not found." in error
    aws("delete-stream", "--stream-name", name)
    aws("wait", "stream-not-exists", "--stream-name", name)
