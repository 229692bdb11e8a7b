"""What the newest version of a table is, and what is told of records that do not fit it."""

import io
import json
import pathlib
import tempfile

from conftest import running
from delivery import ROLE, flush, keys, logs, make, put

LOGGING = {"Enabled": True, "LogGroupName": "group", "LogStreamName": "stream"}
ERRORS = {"ErrorOutputPrefix": "bad/!{firehose:error-output-type}/", "CloudWatchLoggingOptions": LOGGING}


def check(toml, records, **destination):
    with tempfile.TemporaryDirectory() as home:
        config = pathlib.Path(home) / "m.toml"
        config.write_text(toml)
        with running("--limits", "off", "--config", str(config)) as server:
            firehose, s3 = server.client("firehose"), server.client("s3")
            s3.create_bucket(Bucket="kept")
            make(firehose, "flow", "kept", **ERRORS, **destination)
            put(firehose, "flow", records)
            flush(server, "flow")
            assert keys(s3, "kept", "bad/")
            assert {event["LogGroupName"] for event in logs(server, "flow")} == {"group"}


def test_the_latest_version_of_a_table_is_that_of_the_moment():
    """botocore, SchemaConfiguration.VersionId: with LATEST "any updates to the table are automatically picked up"."""
    import pyarrow.parquet

    with tempfile.TemporaryDirectory() as home:
        tables = pathlib.Path(home) / "lake"
        tables.mkdir()

        def table(*names):
            columns = [{"Name": name, "Type": "int"} for name in names]
            (tables / "t.json").write_text(json.dumps({"StorageDescriptor": {"Columns": columns}}))

        table("a")
        config = pathlib.Path(home) / "m.toml"
        config.write_text(f'[data_catalog]\ndirectory = "{home}"\n')
        with running("--limits", "off", "--config", str(config)) as server:
            firehose, s3 = server.client("firehose"), server.client("s3")
            s3.create_bucket(Bucket="kept")
            make(firehose, "flow", "kept", DataFormatConversionConfiguration={
                "Enabled": True,
                "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "lake", "TableName": "t", "Region": "eu-central-1"},
                "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
                "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
            })
            rows = []
            for names in (("a",), ("a", "b")):
                table(*names)
                put(firehose, "flow", ['{"a":1,"b":2}'])
                flush(server, "flow")
            for key in keys(s3, "kept"):
                body = s3.get_object(Bucket="kept", Key=key)["Body"].read()
                rows += pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
            assert sorted(map(len, rows)) == [1, 2], rows


def test_a_record_that_cannot_be_converted_is_logged():
    with tempfile.TemporaryDirectory() as tables:
        (pathlib.Path(tables) / "lake").mkdir()
        (pathlib.Path(tables) / "lake" / "t.json").write_text(
            '{"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}')
        check(f'[data_catalog]\ndirectory = "{tables}"\n', ["no document"], DataFormatConversionConfiguration={
            "Enabled": True,
            "SchemaConfiguration": {"RoleARN": "arn:aws:iam::000000000000:role/r", "DatabaseName": "lake",
                                    "TableName": "t", "Region": "eu-central-1"},
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}}})
