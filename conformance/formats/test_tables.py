"""What the newest version of a table is, and what is told of records that do not fit it."""

import io
import json
import pathlib
import tempfile

from conftest import running
from delivery import assert_failures_are_logged, flush, keys, make, put
from kit import conversion


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
            converted = conversion("t", DatabaseName="lake")
            make(firehose, "flow", "kept", DataFormatConversionConfiguration=converted)
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
            '{"StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}'
        )
        assert_failures_are_logged(
            f'[data_catalog]\ndirectory = "{tables}"\n', ["no document"],
            DataFormatConversionConfiguration=conversion("t", DatabaseName="lake"),
        )
