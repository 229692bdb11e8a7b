"""Failures of processing are told in the delivery log, where CloudWatchLoggingOptions says."""

from delivery import assert_failures_are_logged, processing
from receivers import FunctionStandIn, reply_to


def test_a_record_without_partition_keys_is_logged():
    query = {"MetadataExtractionQuery": "{k: .k}", "JsonParsingEngine": "JQ-1.6"}
    assert_failures_are_logged(
        "", ["no document"], Prefix="!{partitionKeyFromQuery:k}/", DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processing(("MetadataExtraction", query)),
    )


def test_a_record_that_a_function_refuses_is_logged():
    with FunctionStandIn(lambda event: reply_to(event, lambda data: ("ProcessingFailed", data))) as function:
        arn = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
        assert_failures_are_logged(
            f'[destinations.functions]\nclean = "{function.url}/clean"\n', ["x"],
            ProcessingConfiguration=processing(("Lambda", {"LambdaArn": arn})),
        )


def test_a_function_that_fails_is_logged():
    with FunctionStandIn(lambda event: (500, {}, {})) as function:
        arn = "arn:aws:lambda:eu-central-1:000000000000:function:clean"
        assert_failures_are_logged(
            f'[destinations.functions]\nclean = "{function.url}/clean"\n', ["x"],
            ProcessingConfiguration=processing(("Lambda", {"LambdaArn": arn, "NumberOfRetries": "0"})),
        )


def test_a_record_that_is_not_compressed_is_logged():
    gzip = processing(("Decompression", {"CompressionFormat": "GZIP"}))
    assert_failures_are_logged("", ["x"], ProcessingConfiguration=gzip)
