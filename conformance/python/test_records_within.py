"""Records that hold others: logs of CloudWatch, objects and lines in one record; what cannot be taken apart."""

import base64
import gzip
import json
import uuid

import pytest
from conftest import failure
from delivery import ROLE, bodies, documents, flush, make, processing, put

GZIP = ("Decompression", {"CompressionFormat": "GZIP"})
LINES = ("AppendDelimiterToRecord", {"Delimiter": "\\n"})


def messages(extract):
    return ("CloudWatchLogProcessing", {"DataMessageExtraction": extract})


@pytest.fixture
def deliver(server, firehose, s3, bucket):
    """Delivers records through processors: what is good, joined, and the error objects by type."""

    def deliver(records, *processors, **destination):
        flow = f"flow-{uuid.uuid4().hex[:12]}"
        make(
            firehose,
            flow,
            bucket,
            Prefix="good/",
            ErrorOutputPrefix="bad/!{firehose:error-output-type}/",
            ProcessingConfiguration=processing(*processors),
            **destination,
        )
        put(firehose, flow, records)
        flush(server, flow)
        return b"".join(bodies(s3, bucket, "good/").values())

    return deliver


def envelope(*texts, kind="DATA_MESSAGE"):
    return {
        "messageType": kind,
        "owner": "123456789012",
        "logGroup": "/app",
        "logStream": "one",
        "subscriptionFilters": ["all"],
        "logEvents": [{"id": str(n), "timestamp": 1700000000000 + n, "message": text} for n, text in enumerate(texts)],
    }


def packed(value):
    return gzip.compress(value if isinstance(value, bytes) else json.dumps(value).encode())


def test_messages_of_cloudwatch_logs_are_extracted(deliver):
    records = [
        packed(envelope("one", "two\n")),
        packed(envelope("checked", kind="CONTROL_MESSAGE")),
        packed(envelope('{"three": 3}')),
    ]
    assert deliver(records, GZIP, messages("true")) == b'one\ntwo\n{"three": 3}\n'


def test_logs_of_cloudwatch_are_decompressed_whole_unless_messages_are_asked_for(deliver):
    envelopes = [envelope("one"), envelope("two", "three")]
    expected = b"".join(json.dumps(value).encode() for value in envelopes)
    records = [packed(value) for value in envelopes]
    assert deliver(records, GZIP) == expected


def test_messages_are_not_extracted_when_that_is_switched_off(deliver):
    assert deliver([packed(envelope("one"))], GZIP, messages("false")) == json.dumps(envelope("one")).encode()


def test_what_is_not_compressed_goes_to_the_errors_and_the_rest_is_delivered(deliver, s3, bucket):
    records = [b"plain", packed(envelope("good")), packed(b"x" * 1000)[:20]]
    assert deliver(records, GZIP, messages("true")) == b"good\n"
    errors = documents(s3, bucket, "bad/decompression-failed/")
    assert sorted(base64.b64decode(error["rawData"]) for error in errors) == sorted([records[0], records[2]])
    for error in errors:
        assert error["errorCode"] == "Decompression.MalformedData"
        assert error["errorMessage"] and error["attemptsMade"] >= 1
        assert error["arrivalTimestamp"] <= error["attemptEndingTimestamp"]


def test_what_is_no_envelope_goes_to_the_errors(deliver, s3, bucket):
    records = [packed(b'{"messageType": "OTHER"}'), packed(envelope("good"))]
    assert deliver(records, GZIP, messages("true")) == b"good\n"
    (error,) = documents(s3, bucket, "bad/")
    assert base64.b64decode(error["rawData"]) == records[0]
    assert error["errorCode"] == "CloudWatchLogProcessing.MalformedData"


def test_a_bomb_is_not_unpacked(deliver, s3, bucket):
    bomb = gzip.compress(b"\x00" * (512 * 1024 * 1024), 9)
    assert len(bomb) < 1_000_000
    assert deliver([bomb, packed(b"small")], GZIP) == b"small"
    (error,) = documents(s3, bucket, "bad/decompression-failed/")
    assert base64.b64decode(error["rawData"]) == bomb


REFUSED = [
    (messages("true"), "Decompression"),
    (("CloudWatchLogProcessing", {}), "DataMessageExtraction"),
    (("Decompression", {"CompressionFormat": "ZIP"}), "GZIP"),
    (("Decompression", {}), "CompressionFormat"),
    (("RecordDeAggregation", {}), "SubRecordType"),
    (("RecordDeAggregation", {"SubRecordType": "CSV"}), "SubRecordType"),
    (("RecordDeAggregation", {"SubRecordType": "DELIMITED"}), "Delimiter"),
    (("RecordDeAggregation", {"SubRecordType": "DELIMITED", "Delimiter": "|"}), "base64"),
    (("RecordDeAggregation", {"SubRecordType": "JSON", "Delimiter": "fA=="}), "Delimiter"),
    (("AppendDelimiterToRecord", {"LambdaArn": "x"}), "LambdaArn"),
]


@pytest.mark.parametrize(("processor", "named"), REFUSED)
def test_a_processor_that_cannot_work_is_refused(firehose, bucket, processor, named):
    destination = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "ProcessingConfiguration": processing(processor),
    }
    code, message = failure(
        firehose.create_delivery_stream, DeliveryStreamName="never", ExtendedS3DestinationConfiguration=destination
    )
    assert code == "InvalidArgumentException" and named in message, message


def test_objects_in_one_record_become_records(deliver, s3, bucket):
    records = ['{"a":1}{"a":2} {"a":"}{"}\n{"a":{"b":[1,2]}}', '{"a":5}', '[{"a":6}]', '{"a":7}{"a":', "8"]
    found = deliver(records, ("RecordDeAggregation", {"SubRecordType": "JSON"}), LINES)
    values = [json.loads(line)["a"] for line in found.splitlines()]
    assert values == [1, 2, "}{", {"b": [1, 2]}, 5]
    errors = documents(s3, bucket, "bad/processing-failed/")
    assert sorted(base64.b64decode(error["rawData"]).decode() for error in errors) == sorted(records[2:])


@pytest.mark.parametrize("delimiter", ["\n", "||", "\u2028"])
def test_what_a_delimiter_separates_becomes_records(deliver, delimiter):
    parameters = {"SubRecordType": "DELIMITED", "Delimiter": base64.b64encode(delimiter.encode()).decode()}
    records = ["one|two|three", "|four||five|", "|"]
    records = [record.replace("|", delimiter) for record in records]
    found = deliver(records, ("RecordDeAggregation", parameters), ("AppendDelimiterToRecord", {"Delimiter": ";"}))
    assert found == b"one;two;three;four;five;"


def test_more_than_five_hundred_parts_stay_one_record(deliver):
    few, many = "".join(['{"a":1}'] * 500), "".join(['{"a":1}'] * 501)
    found = deliver([few, many], ("RecordDeAggregation", {"SubRecordType": "JSON"}), LINES)
    assert found.splitlines() == [b'{"a":1}'] * 500 + [many.encode()]


@pytest.mark.parametrize(
    ("parameters", "delimiter"),
    [({}, "\n"), ({"Delimiter": "\\n"}, "\n"), ({"Delimiter": "; "}, "; "), ({"Delimiter": "\\t"}, "\t")],
)
def test_a_delimiter_is_appended_to_each_record(deliver, parameters, delimiter):
    found = deliver(["one", "two\n", "three"], ("AppendDelimiterToRecord", parameters))
    assert found == f"one{delimiter}two\n{delimiter}three{delimiter}".encode()


def test_processors_that_are_not_enabled_do_nothing(server, firehose, s3, bucket):
    options = {**processing(LINES), "Enabled": False}
    make(firehose, "idle", bucket, ProcessingConfiguration=options)
    put(firehose, "idle", ["one", "two"])
    flush(server, "idle")
    assert list(bodies(s3, bucket).values()) == [b"onetwo"]
