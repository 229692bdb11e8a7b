"""Failures of processing are told in the delivery log, where CloudWatchLoggingOptions says."""

import pathlib
import tempfile

from conftest import running
from delivery import flush, keys, logs, make, processing, put
from receivers import FunctionStandIn, reply_to

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


def test_a_record_without_partition_keys_is_logged():
    query = {"MetadataExtractionQuery": "{k: .k}", "JsonParsingEngine": "JQ-1.6"}
    check("", ["no document"], Prefix="!{partitionKeyFromQuery:k}/",
          DynamicPartitioningConfiguration={"Enabled": True},
          ProcessingConfiguration=processing(("MetadataExtraction", query)))


def test_a_record_that_a_function_refuses_is_logged():
    with FunctionStandIn(lambda event: reply_to(event, lambda data: ("ProcessingFailed", data))) as function:
        arn = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
        check(f'[destinations.functions]\nclean = "{function.url}/clean"\n', ["x"],
              ProcessingConfiguration=processing(("Lambda", {"LambdaArn": arn})))


def test_a_function_that_fails_is_logged():
    with FunctionStandIn(lambda event: (500, {}, {})) as function:
        arn = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
        check(f'[destinations.functions]\nclean = "{function.url}/clean"\n', ["x"],
              ProcessingConfiguration=processing(("Lambda", {"LambdaArn": arn, "NumberOfRetries": "0"})))


def test_a_record_that_is_not_compressed_is_logged():
    check("", ["x"], ProcessingConfiguration=processing(("Decompression", {"CompressionFormat": "GZIP"})))
