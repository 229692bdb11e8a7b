"""Conversion to Parquet and ORC, read back by Arrow's and DuckDB's readers."""

import base64
import datetime
import decimal
import io
import time

import pyarrow.orc
import pytest
from conftest import failure
from delivery import ROLE, bodies, flush, keys, put
from kit import bucket, catalog, conversion, convert, firehose, s3, server

__all__ = ["bucket", "catalog", "convert", "firehose", "s3", "server"]

COLUMNS = [
    "id bigint",
    "small smallint",
    "tiny tinyint",
    "whole int",
    "good boolean",
    "ratio double",
    "single float",
    "price decimal(12,2)",
    "name string",
    "short varchar(3)",
    "fixed char(2)",
    "raw binary",
    "day date",
    "at timestamp",
    "tags array<string>",
    "attributes map<string,int>",
    "place struct<city:string,position:struct<x:double,y:double>>",
    "deep array<struct<a:array<int>>>",
]


def document(n):
    return {
        "id": 10_000_000_000 + n,
        "small": n % 100,
        "tiny": n % 50 - 25,
        "whole": -n,
        "good": n % 2 == 0,
        "ratio": n / 8,
        "single": n / 4,
        "price": n + 0.25,
        "name": f"name {n % 10} é\n",
        "short": "abcdef",
        "fixed": "xy",
        "raw": f"raw {n}",
        "day": f"2026-02-{1 + n % 28:02}",
        "at": f"2026-09-07 12:{n % 60:02}:00.5",
        "tags": [f"t{n % 3}", None, "z"] if n % 4 else [],
        "attributes": {"k": n, "l": None},
        "place": {"city": f"c{n % 5}", "position": {"x": n / 2, "y": None}},
        "deep": [{"a": [n, n + 1]}, None, {"a": []}],
    }


def row(n):
    return {
        **document(n),
        "price": decimal.Decimal(n) + decimal.Decimal("0.25"),
        "short": "abc",
        "raw": f"raw {n}".encode(),
        "day": datetime.date(2026, 2, 1 + n % 28),
        "at": datetime.datetime(2026, 9, 7, 12, n % 60, 0, 500_000),
        "attributes": [("k", n), ("l", None)],
    }


def plain(found):
    """Rows without what readers add: a time zone, and what a text of fixed length is padded with."""
    for row in found:
        row["at"] = row["at"].replace(tzinfo=None)
        row["fixed"] = row["fixed"].rstrip()
    return found


PARQUET = [
    ({}, "SNAPPY"),
    ({"Compression": "SNAPPY"}, "SNAPPY"),
    ({"Compression": "GZIP"}, "GZIP"),
    ({"Compression": "UNCOMPRESSED"}, "UNCOMPRESSED"),
    ({"Compression": "GZIP", "WriterVersion": "V2", "EnableDictionaryCompression": True}, "GZIP"),
    ({"BlockSizeBytes": 67108864, "PageSizeBytes": 65536, "MaxPaddingBytes": 1024}, "SNAPPY"),
]


@pytest.mark.parametrize(("options", "compression"), PARQUET)
def test_parquet_is_what_was_put(convert, options, compression):
    converted = convert(COLUMNS, [document(n) for n in range(3000)], serializer={"ParquetSerDe": options})
    assert converted.errors == []
    assert converted.key.endswith(".parquet") and converted.key.startswith("good/2")
    assert plain(converted.rows()) == [row(n) for n in range(3000)]
    group = converted.parquet().metadata.row_group(0)
    columns = [group.column(index) for index in range(group.num_columns)]
    assert {column.compression for column in columns} == {compression}
    (name,) = [column for column in columns if column.path_in_schema == "name"]
    assert name.has_dictionary_page == options.get("EnableDictionaryCompression", False)
    query = "SELECT count(*), sum(id), sum(whole), max(day), sum(price), sum(len(tags)), sum(place.position.x) FROM it"
    assert converted.duckdb(query) == [
        (
            3000,
            sum(row(n)["id"] for n in range(3000)),
            -sum(range(3000)),
            datetime.date(2026, 2, 28),
            sum(row(n)["price"] for n in range(3000)),
            3 * (3000 - 750),
            sum(n / 2 for n in range(3000)),
        )
    ]
    assert converted.duckdb('SELECT "at" FROM it LIMIT 1 OFFSET 7') == [(row(7)["at"],)]


ORC = [
    ({}, "snappy", "0.12"),
    ({"Compression": "SNAPPY", "FormatVersion": "V0_12"}, "snappy", "0.12"),
    ({"Compression": "ZLIB"}, "zlib", "0.12"),
    ({"Compression": "NONE"}, "uncompressed", "0.12"),
    ({"Compression": "ZLIB", "FormatVersion": "V0_11", "DictionaryKeyThreshold": 0}, "zlib", "0.11"),
    (
        {
            "StripeSizeBytes": 8388608,
            "BlockSizeBytes": 67108864,
            "RowIndexStride": 1000,
            "EnablePadding": True,
            "PaddingTolerance": 0.1,
            "DictionaryKeyThreshold": 1,
            "BloomFilterFalsePositiveProbability": 0.05,
        },
        "snappy",
        "0.12",
    ),
]


@pytest.mark.parametrize(("options", "compression", "version"), ORC)
def test_orc_is_what_was_put(convert, options, compression, version):
    converted = convert(COLUMNS, [document(n) for n in range(3000)], serializer={"OrcSerDe": options})
    assert converted.errors == []
    assert converted.key.endswith(".orc") and converted.key.startswith("good/2")
    assert plain(converted.rows()) == [row(n) for n in range(3000)]
    file = converted.orc()
    assert file.compression.lower() == compression and file.file_version == version
    assert file.row_index_stride == options.get("RowIndexStride", 10_000)


def test_a_conversion_may_have_an_extension_of_its_own(convert):
    assert convert(["a int"], [{"a": 1}], FileExtension=".columns").key.endswith(".columns")


def test_a_record_may_hold_several_objects(convert):
    converted = convert(["a int"], ['{"a": 1}{"a": 2}\n {"a": 3}', {"a": 4}])
    assert converted.rows() == [{"a": n} for n in (1, 2, 3, 4)]


BAD = {
    "no json": "DataFormatConversion.ParseError",
    '{"a": 1': "DataFormatConversion.ParseError",
    '{"a": 7} and more': "DataFormatConversion.ParseError",
    " ": "DataFormatConversion.MalformedData",
    "5": "DataFormatConversion.MalformedData",
    '[{"a": 1}]': "DataFormatConversion.MalformedData",
    '{"a": "x"}': "DataFormatConversion.MalformedData",
    '{"a": 1}{"a": "x"}': "DataFormatConversion.MalformedData",
}


@pytest.mark.parametrize("serializer", ["ParquetSerDe", "OrcSerDe"])
def test_bad_records_fail_one_by_one_with_awss_members(convert, serializer):
    before = time.time() * 1000
    records = [record for bad in BAD for record in ({"a": 1}, bad)]
    converted = convert(
        ["a int"], records, serializer={serializer: {}}, version="7", schema={"CatalogId": "123456789012"}
    )
    assert converted.rows() == [{"a": 1}] * len(BAD)
    assert len(converted.errors) == len(BAD)
    for error in converted.errors:
        assert error["lastErrorCode"] == BAD[base64.b64decode(error["rawData"]).decode()]
        assert list(error) == [
            "attemptsMade",
            "arrivalTimestamp",
            "lastErrorCode",
            "lastErrorMessage",
            "attemptEndingTimestamp",
            "rawData",
            "sequenceNumber",
            "subSequenceNumber",
            "dataCatalogTable",
        ]
        assert error["attemptsMade"] == 1 and error["lastErrorMessage"]
        assert before - 2000 <= error["arrivalTimestamp"] <= error["attemptEndingTimestamp"]
        assert error["attemptEndingTimestamp"] <= time.time() * 1000 + 2000
        assert error["dataCatalogTable"] == {
            "catalogId": "123456789012",
            "databaseName": "lake",
            "tableName": converted.table,
            "region": "eu-central-1",
            "versionId": "7",
        }
    assert {base64.b64decode(error["rawData"]).decode() for error in converted.errors} == set(BAD)


def test_nothing_is_written_where_all_records_are_bad(convert):
    converted = convert(["a int"], ["no json"] * 3)
    assert converted.key is None and len(converted.errors) == 3


def test_a_backup_holds_json_and_an_update_changes_the_format(convert, server, firehose, s3, bucket):
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "Prefix": "backup/"}
    first = convert(["a int"], [{"a": 1}, "bad"], S3BackupMode="Enabled", S3BackupConfiguration=backup)
    assert first.rows() == [{"a": 1}] and len(first.errors) == 1
    assert list(bodies(s3, bucket, "backup/").values()) == [b'{"a": 1}bad']
    description = firehose.describe_delivery_stream(DeliveryStreamName=first.flow)["DeliveryStreamDescription"]
    described = description["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert described["DataFormatConversionConfiguration"]["OutputFormatConfiguration"] == {
        "Serializer": {"ParquetSerDe": {}}
    }
    firehose.update_destination(
        DeliveryStreamName=first.flow,
        CurrentDeliveryStreamVersionId=description["VersionId"],
        DestinationId=description["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={
            "Prefix": "orc/",
            "DataFormatConversionConfiguration": conversion(first.table, serializer={"OrcSerDe": {}}),
        },
    )
    put(firehose, first.flow, ['{"a": 5}'])
    flush(server, first.flow)
    (key,) = keys(s3, bucket, "orc/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert key.endswith(".orc") and pyarrow.orc.ORCFile(io.BytesIO(body)).read().to_pylist() == [{"a": 5}]


REFUSED = [
    ({"CompressionFormat": "GZIP"}, {}, "UNCOMPRESSED"),
    ({"BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 60}}, {}, "64"),
    ({}, {"serializer": {"OrcSerDe": {"BloomFilterColumns": ["a"]}}}, "BloomFilterColumns"),
    ({}, {"serializer": {"OrcSerDe": {}, "ParquetSerDe": {}}}, "Serializer"),
    ({}, {"serializer": {}}, "Serializer"),
    ({}, {"deserializer": {"OpenXJsonSerDe": {}, "HiveJsonSerDe": {}}}, "Deserializer"),
    ({}, {"deserializer": {"HiveJsonSerDe": {"TimestampFormats": ["yyyy w"]}}}, "TimestampFormats"),
    ({}, {"TableName": "nowhere"}, "nowhere"),
    ({}, {"DatabaseName": "nowhere"}, "nowhere"),
    ({}, {"VersionId": "12"}, "12"),
]


@pytest.mark.parametrize(("options", "of_conversion", "named"), REFUSED)
def test_what_cannot_be_converted_is_refused_when_it_is_made(firehose, bucket, catalog, options, of_conversion, named):
    destination = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "DataFormatConversionConfiguration": conversion(catalog.table(["a int"], "1"), **of_conversion),
        **options,
    }
    code, message = failure(
        firehose.create_delivery_stream, DeliveryStreamName="never", ExtendedS3DestinationConfiguration=destination
    )
    assert code in ("InvalidArgumentException", "ValidationException") and named in message, message
