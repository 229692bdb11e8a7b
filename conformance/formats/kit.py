"""What the tests of formats share: a server with a catalog of tables, and conversions that are read back."""

import io
import json
import pathlib
import tempfile
import uuid

import duckdb
import pyarrow.orc
import pyarrow.parquet
import pytest
from conftest import bucket, firehose, running, s3
from delivery import ROLE, documents, flush, keys, make, put

DATABASE = "lake"


class Catalog:
    """Files in place of a data catalog."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        (self.directory / DATABASE).mkdir(parents=True)

    def table(self, columns, version=None):
        """A table of columns as `NAME TYPE`: its name."""
        name = f"table_{uuid.uuid4().hex[:12]}"
        listed = [dict(zip(("Name", "Type"), column.split(" ", 1), strict=True)) for column in columns]
        table = {"Name": name, "DatabaseName": DATABASE, "StorageDescriptor": {"Columns": listed}}
        if version:
            table["VersionId"] = version
        (self.directory / DATABASE / f"{name}.json").write_text(json.dumps({"Table": table}))
        return name


@pytest.fixture(scope="module")
def catalog():
    with tempfile.TemporaryDirectory(prefix="catalog-") as directory:
        yield Catalog(pathlib.Path(directory) / "tables")


@pytest.fixture(scope="module")
def server(catalog):
    config = catalog.directory.parent / "millstream.toml"
    config.write_text(f'[data_catalog]\ndirectory = "{catalog.directory}"\n')
    with running("--limits", "off", "--config", str(config)) as server:
        yield server


def conversion(table, deserializer=None, serializer=None, **schema):
    """A conversion; what is not given is OpenX's SerDe and Parquet."""
    deserializer = {"OpenXJsonSerDe": {}} if deserializer is None else deserializer
    serializer = {"ParquetSerDe": {}} if serializer is None else serializer
    return {
        "Enabled": True,
        "SchemaConfiguration": {
            "RoleARN": ROLE,
            "DatabaseName": DATABASE,
            "TableName": table,
            "Region": "eu-central-1",
            **schema,
        },
        "InputFormatConfiguration": {"Deserializer": deserializer},
        "OutputFormatConfiguration": {"Serializer": serializer},
    }


class Converted:
    """What was delivered: the only object under `good/`, and the error objects' lines."""

    def __init__(self, s3, bucket):
        self.errors = documents(s3, bucket, "bad/format-conversion-failed/")
        found = keys(s3, bucket, "good/")
        assert len(found) <= 1, found
        self.key = found[0] if found else None
        self.body = s3.get_object(Bucket=bucket, Key=self.key)["Body"].read() if found else b""

    def parquet(self):
        return pyarrow.parquet.ParquetFile(io.BytesIO(self.body))

    def orc(self):
        return pyarrow.orc.ORCFile(io.BytesIO(self.body))

    def rows(self):
        """The rows as Arrow's reader has them."""
        if not self.body:
            return []
        return (self.orc() if self.key.endswith(".orc") else self.parquet()).read().to_pylist()

    def duckdb(self, query):
        """The answer of DuckDB to a query of `it`."""
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            file.write(self.body)
            file.flush()
            return duckdb.sql(query.replace(" it", f" read_parquet('{file.name}')")).fetchall()


@pytest.fixture
def convert(server, firehose, s3, bucket, catalog):
    """Puts records (documents are written as JSON) through a conversion."""

    def convert(columns, records, deserializer=None, serializer=None, version=None, schema=None, **destination):
        flow = f"flow-{uuid.uuid4().hex[:12]}"
        table = catalog.table(columns, version)
        make(
            firehose,
            flow,
            bucket,
            Prefix="good/",
            ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
            DataFormatConversionConfiguration=conversion(table, deserializer, serializer, **(schema or {})),
            **destination,
        )
        put(firehose, flow, [record if isinstance(record, str | bytes) else json.dumps(record) for record in records])
        flush(server, flow)
        converted = Converted(s3, bucket)
        converted.flow, converted.table = flow, table
        return converted

    return convert
