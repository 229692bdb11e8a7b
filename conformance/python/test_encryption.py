"""Encryption at rest: start, rotate, stop, restart, keys that cannot be used, a key service of another process."""

import json
import os
import pathlib
import stat
import subprocess
import tempfile
import urllib.request

import pytest

from conftest import ACCOUNT, BINARY, REGION, drain, failure, insist, make_stream, running
from key_service import KEY, KeyService, at_key_service, key_service  # noqa: F401

FIRST = "shardId-000000000000"
SERVICE_KEY = "alias/aws/kinesis"
CANARY = b"canary-plaintext-7f3a91"


def settle(kinesis, name):
    while kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        pass


def encrypt(kinesis, name, key=SERVICE_KEY):
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    settle(kinesis, name)


def decrypt(kinesis, name, key=SERVICE_KEY):
    kinesis.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    settle(kinesis, name)


def described(kinesis, name):
    full = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    short = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (full["EncryptionType"], full.get("KeyId")) == (short["EncryptionType"], short.get("KeyId"))
    return full["EncryptionType"], full.get("KeyId")


def put(kinesis, name, data):
    return kinesis.put_record(StreamName=name, Data=data, PartitionKey="canary-key-51c8")


def read(kinesis, name):
    return [(record["Data"], record.get("EncryptionType")) for record in drain(kinesis, name, FIRST)[0]]


def advance(server, by_ms):
    body = json.dumps({"by_ms": by_ms}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/dev/clock/advance", data=body)).close()


def on_disk(server):
    def read():
        return b"".join(path.read_bytes() for path in sorted((server.data / "log").iterdir()) if path.is_file())

    return insist(read, FileNotFoundError, "files are renamed without end")


def config(home, text):
    path = pathlib.Path(home) / "kms.toml"
    path.write_text(text)
    return ["--config", str(path)]


def test_records_are_encrypted_from_start_to_stop_and_always_readable(kinesis, stream):
    assert described(kinesis, stream) == ("NONE", None)
    assert "EncryptionType" not in put(kinesis, stream, b"before")
    encrypt(kinesis, stream)
    assert described(kinesis, stream) == ("KMS", SERVICE_KEY)
    assert put(kinesis, stream, b"one")["EncryptionType"] == "KMS"
    entries = [{"Data": b"two", "PartitionKey": "k"}, {"Data": b"three", "PartitionKey": "l"}]
    assert kinesis.put_records(StreamName=stream, Records=entries)["EncryptionType"] == "KMS"
    encrypt(kinesis, stream, f"arn:aws:kms:{REGION}:000000000000:{SERVICE_KEY}")
    put(kinesis, stream, b"four")
    decrypt(kinesis, stream)
    assert described(kinesis, stream) == ("NONE", None)
    put(kinesis, stream, b"after")
    expected = [
        (b"before", None), (b"one", "KMS"), (b"two", "KMS"), (b"three", "KMS"), (b"four", "KMS"), (b"after", None),
    ]
    assert read(kinesis, stream) == expected


def test_largest_records_fit_with_their_envelope(kinesis, stream):
    encrypt(kinesis, stream)
    largest = os.urandom(1024 * 1024 - 1)
    kinesis.put_record(StreamName=stream, Data=largest, PartitionKey="k")
    entries = [{"Data": os.urandom(20_000), "PartitionKey": "k"} for _ in range(200)]
    assert kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"] == 0
    assert [data for data, _ in read(kinesis, stream)] == [largest, *(entry["Data"] for entry in entries)]


def test_nothing_readable_is_on_the_disk_and_all_comes_back_after_kill_9():
    with running("--limits", "off") as server:
        kinesis = server.client()
        for name in ["sealed", "clear"]:
            make_stream(kinesis, name, 1)
        encrypt(kinesis, "sealed")
        put(kinesis, "sealed", CANARY)
        assert CANARY not in on_disk(server) and b"canary-key-51c8" not in on_disk(server)
        put(kinesis, "clear", b"seen-" + CANARY)
        assert b"seen-" + CANARY in on_disk(server)
        key = server.data / "master.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        at = kinesis.get_shard_iterator(StreamName="sealed", ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")
        server.restart()
        kinesis = server.client()
        # The key of iterators came back too.
        assert kinesis.get_records(ShardIterator=at["ShardIterator"])["Records"][0]["Data"] == CANARY
        assert described(kinesis, "sealed") == ("KMS", SERVICE_KEY)
        put(kinesis, "sealed", b"more")
        assert read(kinesis, "sealed") == [(CANARY, "KMS"), (b"more", "KMS")]
        assert server.stop() == 0
        fsck = subprocess.run([BINARY, "fsck", str(server.data)], capture_output=True, text=True)
        assert fsck.returncode == 0, fsck.stdout
        assert "2 blocks encrypted" in fsck.stdout and "all authentic" in fsck.stdout, fsck.stdout


def test_a_missing_or_foreign_master_key_is_refused_by_name_and_never_replaced():
    with running("--limits", "off") as server:
        make_stream(server.client(), "s", 1)
        server.stop()
        key = server.data / "master.key"
        kept = key.read_text()
        key.unlink()
        with pytest.raises(RuntimeError, match="master.key"):
            server.start()
        assert not key.exists()
        foreign = kept.splitlines()[1][::-1]
        key.write_text(f"{kept.splitlines()[0]}\n{foreign}\n")
        with pytest.raises(RuntimeError, match="master.key") as caught:
            server.start()
        assert foreign not in str(caught.value)
        key.write_text(kept)
        server.start()
        assert server.client().list_streams()["StreamNames"] == ["s"]


def test_servers_that_start_at_once_share_a_master_key_file():
    with tempfile.TemporaryDirectory() as place:
        for round_ in range(8):
            key = pathlib.Path(place) / f"{round_}" / "prod.key"
            arguments = config(place, f'[kms]\nmaster_key_file = "{key}"\n')
            command = [BINARY, "serve", "--listen", "127.0.0.1:0", *arguments, "--data-dir"]
            homes = [pathlib.Path(place) / f"data-{round_}-{number}" for number in range(3)]
            for _ in range(2):
                # The second time each finds its data, and needs the key that it was made with.
                start = lambda home: subprocess.Popen([*command, home], stdout=subprocess.PIPE, text=True)
                servers = [start(home) for home in homes]
                said = [server.stdout.readline() for server in servers]
                for server in servers:
                    server.kill()
                    server.communicate()
                assert all(line.startswith("listening on http://") for line in said), said
            assert [path.name for path in key.parent.iterdir()] == ["prod.key"]


def test_fsck_passes_blocks_whose_key_has_expired():
    with running("--limits", "off") as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        encrypt(kinesis, "s")
        put(kinesis, "s", b"old")
        encrypt(kinesis, "s")
        # A key is forgotten 400 days after its last use.
        advance(server, 401 * 24 * 3_600_000)
        put(kinesis, "s", b"new")
        decrypt(kinesis, "s")
        assert read(kinesis, "s") == [(b"new", "KMS")]
        assert server.stop() == 0
        fsck = subprocess.run([BINARY, "fsck", str(server.data)], capture_output=True, text=True)
        assert fsck.returncode == 0 and "DAMAGE" not in fsck.stdout, fsck.stdout
        assert "data key 1 (unknown): 1 blocks encrypted, expired, not checked" in fsck.stdout, fsck.stdout
        assert "data key 2 (alias/aws/kinesis): 1 blocks encrypted, all authentic" in fsck.stdout, fsck.stdout


def test_what_does_not_fit_is_refused(kinesis, stream):
    start, stop = kinesis.start_stream_encryption, kinesis.stop_stream_encryption
    kms = {"StreamName": stream, "EncryptionType": "KMS"}
    assert failure(start, StreamName=stream, EncryptionType="NONE", KeyId=SERVICE_KEY)[0] == "InvalidArgumentException"
    assert failure(start, **kms, KeyId="not a key")[0] == "InvalidArgumentException"
    assert failure(start, **kms, KeyId=KEY) == (
        "KMSNotFoundException", f"Key 'arn:aws:kms:{REGION}:000000000000:key/{KEY}' does not exist",
    )
    assert failure(stop, **kms, KeyId=SERVICE_KEY)[0] == "InvalidArgumentException"
    assert failure(start, EncryptionType="KMS", KeyId=SERVICE_KEY, StreamName="none")[0] == "ResourceNotFoundException"
    encrypt(kinesis, stream)
    assert failure(stop, **kms, KeyId=KEY)[0] == "InvalidArgumentException"
    assert failure(stop, StreamName=stream, EncryptionType="NONE", KeyId=SERVICE_KEY)[0] == "InvalidArgumentException"
    # Terraform stops with the key that it knows, and deletes then.
    decrypt(kinesis, stream)


@pytest.mark.parametrize("state, code", [
    ("enabled = false", "KMSDisabledException"),
    ("pending_deletion = true", "KMSInvalidStateException"),
    ("denied = true", "KMSAccessDeniedException"),
    (None, "KMSNotFoundException"),
])
def test_a_key_that_can_no_longer_be_used_stops_puts_and_gets(state, code):
    declared = f'[[kms.keys]]\nid = "{KEY}"\naliases = ["alias/mine"]\n'
    with tempfile.TemporaryDirectory() as place, running("--limits", "off", *config(place, declared)) as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        encrypt(kinesis, "s", "alias/mine")
        assert described(kinesis, "s") == ("KMS", "alias/mine")
        put(kinesis, "s", b"data")
        at = kinesis.get_shard_iterator(StreamName="s", ShardId=FIRST, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        config(place, f"{declared}{state}\n" if state else "")
        server.restart()
        kinesis = server.client()
        assert failure(kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="k")[0] == code
        entries = [{"Data": b"x", "PartitionKey": "k"}]
        assert failure(kinesis.put_records, StreamName="s", Records=entries)[0] == code
        assert failure(kinesis.get_records, ShardIterator=at)[0] == code
        other = f"arn:aws:kms:{REGION}:000000000000:key/{KEY}"
        assert failure(kinesis.start_stream_encryption, StreamName="s", EncryptionType="KMS", KeyId=other)[0] == code
        # A stop needs no key. What was written needs it still.
        decrypt(kinesis, "s", "alias/mine")
        put(kinesis, "s", b"clear")
        assert failure(kinesis.get_records, ShardIterator=at)[0] == code
        config(place, declared)
        server.restart()
        assert read(server.client(), "s") == [(b"data", "KMS"), (b"clear", None)]


def test_a_key_service_is_never_asked_for_keys_of_other_accounts(key_service):
    text = at_key_service(key_service)
    with tempfile.TemporaryDirectory() as place, running("--limits", "off", *config(place, text)) as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        start = {"StreamName": "s", "EncryptionType": "KMS"}
        for resource in [f"key/{KEY}", "alias/far", SERVICE_KEY]:
            other = f"arn:aws:kms:{REGION}:{ACCOUNT}:{resource}"
            assert failure(kinesis.start_stream_encryption, **start, KeyId=other)[0] == "KMSAccessDeniedException"
        assert KeyService.asked == []
        encrypt(kinesis, "s", KEY)
        assert KeyService.asked == [KeyService.arn]
        assert described(kinesis, "s") == ("KMS", KEY)


def test_a_key_service_is_reached_while_service_time_is_ahead(key_service):
    text = at_key_service(key_service)
    with tempfile.TemporaryDirectory() as place, running("--limits", "off", *config(place, text)) as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        advance(server, 10 * 60_000)
        encrypt(kinesis, "s", "alias/far")
        put(kinesis, "s", b"data")
        assert read(kinesis, "s") == [(b"data", "KMS")]


def test_a_stop_by_another_name_waits_for_a_key_service(key_service):
    text = at_key_service(key_service)
    with tempfile.TemporaryDirectory() as place, running("--limits", "off", *config(place, text)) as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        encrypt(kinesis, "s", "alias/far")
        stop = {"StreamName": "s", "EncryptionType": "KMS"}
        KeyService.failing = "KMSInternalException"
        assert failure(kinesis.stop_stream_encryption, **stop, KeyId=KEY)[0] == "InternalFailureException"
        KeyService.failing = "NotFoundException"
        assert failure(kinesis.stop_stream_encryption, **stop, KeyId=KEY)[0] == "InvalidArgumentException"
        KeyService.failing = None
        decrypt(kinesis, "s", KEY)


def test_a_key_service_holds_the_keys(key_service):
    text = at_key_service(key_service)
    with tempfile.TemporaryDirectory() as place, running("--limits", "off", *config(place, text)) as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        start = {"StreamName": "s", "EncryptionType": "KMS"}
        assert failure(kinesis.start_stream_encryption, **start, KeyId="alias/no") == (
            "KMSNotFoundException", "no such key",
        )
        encrypt(kinesis, "s", "alias/far")
        for data in [b"one", b"two"]:
            put(kinesis, "s", data)
        assert read(kinesis, "s") == [(b"one", "KMS"), (b"two", "KMS")]
        # The data key is asked for once, not for each record.
        assert KeyService.calls.count("Decrypt") == 1
        server.restart()
        kinesis = server.client()
        for kind, code in [
            ("DisabledException", "KMSDisabledException"),
            ("KMSInvalidStateException", "KMSInvalidStateException"),
            ("AccessDeniedException", "KMSAccessDeniedException"),
            ("ThrottlingException", "KMSThrottlingException"),
        ]:
            KeyService.failing = kind
            starting = failure(kinesis.start_stream_encryption, **start, KeyId=KEY)
            assert starting == (code, "as it was told")
        put_failure = failure(kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="k")
        assert put_failure == ("KMSThrottlingException", "as it was told")
        KeyService.failing = None
        # By its id, which only the service knows to be the same key.
        decrypt(kinesis, "s", KEY)
        log = (server.home / "log.txt").read_text()
        assert "canary-secret" not in log


def test_a_key_service_that_is_gone_is_a_failure_of_ours():
    text = (
        '[kms]\nendpoint = "http://127.0.0.1:9"\naccess_key_id = "AKIDKMS"\nsecret_access_key = "s"\n'
    )
    with tempfile.TemporaryDirectory() as place, running("--limits", "off", *config(place, text)) as server:
        kinesis = server.client()
        make_stream(kinesis, "s", 1)
        call = failure(kinesis.start_stream_encryption, StreamName="s", EncryptionType="KMS", KeyId=KEY)
        assert call[0] == "InternalFailureException" and "key service" in call[1]
        encrypt(kinesis, "s")
        put(kinesis, "s", b"local")
