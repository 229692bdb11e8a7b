"""Delivery to Redshift's protocol: a real PostgreSQL is loaded, and a stand-in checks what Redshift would be told.

PostgreSQL comes from Debian (package postgresql); it is started here, as a user of its own.
"""

import contextlib
import glob
import json
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

import pytest
from conftest import running
from delivery import ROLE, bodies, flush, put, wait_active

HOST = "dev.redshift.test"
PASSWORD = "Secret-of-tests-1"


def programs():
    """Where initdb and postgres are: Debian keeps them out of the PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(found[-1]).parent if found else None


@contextlib.contextmanager
def postgres():
    """A PostgreSQL on a free port with a database `dev` and a user `loader`: its port."""
    where = programs()
    if where is None:
        pytest.fail("PostgreSQL is not installed (Debian's package postgresql)")
    home = pathlib.Path(tempfile.mkdtemp(prefix="millstream-pg-"))
    user = None
    if os.getuid() == 0:
        # PostgreSQL does not run as root.
        user = pwd.getpwnam("postgres" if any(u.pw_name == "postgres" for u in pwd.getpwall()) else "nobody")
        os.chown(home, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = home / "password"
    secret.write_text(PASSWORD)
    os.chmod(secret, 0o644)
    init = [where / "initdb", "-D", home / "data", "-U", "loader", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8"]
    subprocess.run(init, check=True, capture_output=True, cwd=home, **as_user)
    command = [where / "postgres", "-D", home / "data", "-h", "127.0.0.1", "-p", str(port), "-k", home, "-F"]
    log = open(home / "log.txt", "wb")
    server = subprocess.Popen(command, stdout=log, stderr=log, cwd=home, **as_user)
    try:
        for _ in range(600):
            ready = subprocess.run([where / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], capture_output=True, check=False)
            if ready.returncode == 0:
                break
        sql(port, "CREATE DATABASE dev", database="postgres")
        yield port
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def sql(port, text, database="dev"):
    command = [programs() / "psql", "-h", "127.0.0.1", "-p", str(port), "-U", "loader", "-d", database, "-AtX", "-v", "ON_ERROR_STOP=1", "-c", text]
    done = subprocess.run(command, env={**os.environ, "PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def configuration(port):
    return (
        f'[[destinations.redshift]]\nhost = "{HOST}"\naddress = "127.0.0.1:{port}"\nplain = true\n'
        "retry_after_seconds = 1\n"
    )


@contextlib.contextmanager
def serving(port):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        config.write(configuration(port))
        config.flush()
        with running("--limits", "off", "--config", config.name) as server:
            server.client("s3").create_bucket(Bucket="staging")
            yield server


def make(server, name, table, options, columns=None, compression="UNCOMPRESSED", retry=3600):
    copy = {"DataTableName": table, "CopyOptions": options}
    if columns:
        copy["DataTableColumns"] = columns
    firehose = server.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        RedshiftDestinationConfiguration={
            "RoleARN": ROLE,
            "ClusterJDBCURL": f"jdbc:redshift://{HOST}:5439/dev",
            "CopyCommand": copy,
            "Username": "loader",
            "Password": PASSWORD,
            "RetryOptions": {"DurationInSeconds": retry},
            "S3Configuration": {
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::staging",
                "Prefix": f"{name}/",
                "CompressionFormat": compression,
            },
        },
    )
    wait_active(firehose, name)
    return firehose


def test_a_real_postgresql_is_loaded_by_what_the_copy_options_mean():
    with postgres() as port, serving(port) as server:
        sql(port, "CREATE TABLE events (id int PRIMARY KEY, name text, payload jsonb)")
        firehose = make(server, "json", "events", "JSON 'auto' GZIP", compression="GZIP")
        rows = [{"id": n, "name": f"näme\t{n}\\", "payload": {"n": [n]}, "extra": 1} for n in range(1000)]
        put(firehose, "json", [json.dumps(row) for row in rows])
        flush(server, "json")
        loaded = sql(port, "SELECT json_build_object('id', id, 'name', name, 'payload', payload) FROM events ORDER BY id")
        assert [json.loads(line) for line in loaded] == [{k: row[k] for k in ("id", "name", "payload")} for row in rows]
        sql(port, "CREATE TABLE lines (a int, b text, c double precision)")
        firehose = make(server, "csv", "lines", "CSV", columns="a, b")
        put(firehose, "csv", ["1,one\n", '2,"two, and a half"\n'])
        flush(server, "csv")
        firehose = make(server, "bars", "lines", "DELIMITER '|'")
        put(firehose, "bars", ["3|three|0.5\n", "4||\n"])
        flush(server, "bars")
        assert sql(port, "SELECT a, b, c FROM lines ORDER BY a") == ["1|one|", "2|two, and a half|", "3|three|0.5", "4||"]


def test_what_cannot_be_loaded_is_listed_for_loading_by_hand():
    with postgres() as port, serving(port) as server:
        firehose = make(server, "lost", "missing", "JSON 'auto'", retry=0)
        put(firehose, "lost", ['{"id":1}\n'])
        flush(server, "lost")
        found = bodies(server.client("s3"), "staging")
        (staged,) = [key for key in found if key.startswith("lost/")]
        (manifest,) = [key for key in found if key.startswith("errors/manifests/")]
        assert json.loads(found[manifest]) == {"entries": [{"url": f"s3://staging/{staged}", "mandatory": True}]}


class RedshiftStandIn:
    """Speaks enough of the PostgreSQL protocol to say that it is Redshift, and keeps the statements it is told."""

    def __init__(self):
        self.statements = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.server.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        def read(count):
            data = b""
            while len(data) < count:
                more = client.recv(count - len(data))
                if not more:
                    raise ConnectionError
                data += more
            return data

        def send(kind, body=b""):
            client.sendall(kind + struct.pack(">I", len(body) + 4) + body)

        version = b"PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.99999"
        column = b"version\0" + struct.pack(">IHIhih", 0, 0, 25, -1, -1, 0)
        with contextlib.suppress(ConnectionError, OSError):
            (length,) = struct.unpack(">I", read(4))
            read(length - 4)
            send(b"R", struct.pack(">I", 0))
            send(b"Z", b"I")
            while True:
                kind = read(1)
                (length,) = struct.unpack(">I", read(4))
                body = read(length - 4)
                if kind == b"P":
                    send(b"1")
                elif kind == b"D":
                    if body[:1] == b"S":
                        send(b"t", struct.pack(">H", 0))
                    send(b"T", struct.pack(">H", 1) + column)
                elif kind == b"B":
                    send(b"2")
                elif kind == b"E":
                    send(b"D", struct.pack(">HI", 1, len(version)) + version)
                    send(b"C", b"SELECT 1\0")
                elif kind == b"C":
                    send(b"3")
                elif kind == b"S":
                    send(b"Z", b"I")
                elif kind == b"Q":
                    self.statements.append(body[:-1].decode())
                    send(b"C", b"COPY\0")
                    send(b"Z", b"I")
                elif kind == b"X":
                    return


def test_redshift_is_told_to_copy_from_a_manifest_of_the_staged_object():
    with RedshiftStandIn() as redshift, serving(redshift.port) as server:
        firehose = make(server, "red", "public.events", "json 'auto'", columns="id, name")
        put(firehose, "red", ['{"id":1,"name":"x"}\n'])
        flush(server, "red")
        found = bodies(server.client("s3"), "staging")
        (staged,) = [key for key in found if key.startswith("red/")]
        manifest = f"manifests/{staged}"
        assert redshift.statements == [
            f"COPY public.events (id, name) FROM 's3://staging/{manifest}' CREDENTIALS 'aws_iam_role={ROLE}' MANIFEST json 'auto';"
        ]
        assert json.loads(found[manifest]) == {"entries": [{"url": f"s3://staging/{staged}", "mandatory": True}]}
        assert found[staged] == b'{"id":1,"name":"x"}\n'
