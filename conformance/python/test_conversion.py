"""Conversion to columns: what cannot be converted, told with the sequence number that its producer was given."""

import base64
import json
import pathlib
import tempfile

import pytest
from conftest import make_stream, running
from delivery import documents, flush, keys, make

TABLE = {
    "Name": "events",
    "DatabaseName": "lake",
    "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "int"}, {"Name": "name", "Type": "string"}]},
}
CONVERSION = {
    "Enabled": True,
    "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
    "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    "SchemaConfiguration": {
        "RoleARN": "arn:aws:iam::000000000000:role/delivery",
        "DatabaseName": "lake",
        "TableName": "events",
        "Region": "us-east-1",
        "VersionId": "LATEST",
    },
}
GOOD, BAD = b'{"id":1,"name":"a"}\n', b"no document\n"


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="millstream-tables-") as home:
        home = pathlib.Path(home)
        (home / "tables/lake").mkdir(parents=True)
        (home / "tables/lake/events.json").write_text(json.dumps({"Table": TABLE}))
        (home / "server.toml").write_text(f'[data_catalog]\ndirectory = "{home}/tables"\n')
        with running("--limits", "off", "--config", str(home / "server.toml")) as server:
            yield server


def prepare(server, name, source=None):
    s3, firehose = server.client("s3"), server.client("firehose")
    s3.create_bucket(Bucket=name)
    make(
        firehose,
        name,
        name,
        source=source,
        Prefix="good/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        DataFormatConversionConfiguration=CONVERSION,
    )
    return s3, firehose


def test_a_record_of_a_stream_is_told_with_its_sequence_number(server):
    kinesis = server.client()
    make_stream(kinesis, "converted", 2)
    arn = kinesis.describe_stream_summary(StreamName="converted")["StreamDescriptionSummary"]["StreamARN"]
    s3, _ = prepare(server, "from-stream", source=arn)
    bad = []
    for number in range(6):
        key = f"key {number}"
        kinesis.put_record(StreamName="converted", PartitionKey=key, Data=GOOD)
        bad.append(kinesis.put_record(StreamName="converted", PartitionKey=key, Data=BAD)["SequenceNumber"])
    flush(server, "from-stream")
    assert len(keys(s3, "from-stream", "good/")) == 1
    found = documents(s3, "from-stream", "errors/format-conversion-failed/")
    assert sorted(document["sequenceNumber"] for document in found) == sorted(bad)
    assert {base64.b64decode(document["rawData"]) for document in found} == {BAD}
    assert {document["subSequenceNumber"] for document in found} == {0}


def test_a_record_that_was_put_is_told_with_a_number_of_its_own(server):
    s3, firehose = prepare(server, "from-puts")
    firehose.put_record_batch(DeliveryStreamName="from-puts", Records=[{"Data": BAD}, {"Data": GOOD}, {"Data": BAD}])
    flush(server, "from-puts")
    found = documents(s3, "from-puts", "errors/format-conversion-failed/")
    numbers = [document["sequenceNumber"] for document in found]
    assert len(set(numbers)) == 2 and all(isinstance(number, str) and number.isdigit() for number in numbers)
