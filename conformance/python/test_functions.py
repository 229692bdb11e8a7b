"""Functions that transform records, by URL and by Lambda's Invoke API: AWS's contract, record by record."""

import base64
import itertools
import json
import pathlib
import tempfile
import uuid

import pytest
from conftest import REGION, failure, make_stream, running
from delivery import ROLE, bodies, documents, flush, keys, make, put, wait_active
from receivers import FunctionStandIn, data_of, reply_to
from stand_ins import HttpStandIn

NAME = "arn:aws:lambda:eu-central-1:123456789012:function:clean"
OTHER = "arn:aws:lambda:eu-central-1:123456789012:function:by-api:live"
KEYS = ("AKIDOFLAMBDA", "secret-of-lambda/+", REGION)


def upper(event):
    return reply_to(event, lambda data: ("Ok", data.upper()))


class Place:
    """A server whose configuration names a function by URL, and Lambda's API for all others."""

    def __init__(self, server, by_url, by_api):
        self.server, self.by_url, self.by_api = server, by_url, by_api
        self.firehose, self.s3 = server.client("firehose"), server.client("s3")


@pytest.fixture(scope="module")
def servers():
    with (
        FunctionStandIn(upper) as by_url,
        FunctionStandIn(upper, OTHER, KEYS) as by_api,
        tempfile.TemporaryDirectory() as home,
    ):
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[destinations.functions]\nclean = "{by_url.url}/clean"\n'
            f'[destinations.lambda]\nendpoint = "{by_api.url}"\n'
            f'access_key_id = "{KEYS[0]}"\nsecret_access_key = "{KEYS[1]}"\n'
        )
        with running("--limits", "off", "--config", str(config)) as server:
            yield Place(server, by_url, by_api)


@pytest.fixture
def place(servers):
    """The same servers, as if nothing had happened."""
    for function in (servers.by_url, servers.by_api):
        function.transform = upper
        function.events.clear()
        function.faults.clear()
    return servers


@pytest.fixture
def bucket(servers):
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    servers.s3.create_bucket(Bucket=name)
    return name


def processing(arn=NAME, **parameters):
    given = [{"ParameterName": "LambdaArn", "ParameterValue": arn}]
    given += [{"ParameterName": name, "ParameterValue": str(value)} for name, value in parameters.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": given}]}


def transforming(place, flow, bucket, arn=NAME, retries=None, **destination):
    parameters = {} if retries is None else {"NumberOfRetries": retries}
    return make(
        place.firehose,
        flow,
        bucket,
        Prefix="data/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration=processing(arn, **parameters),
        **destination,
    )


def errors_in(place, bucket, prefix):
    """The error documents, of which every member is checked that is the same in all."""
    found = documents(place.s3, bucket, prefix)
    for document in found:
        assert list(document) == [
            "rawData",
            "errorCode",
            "errorMessage",
            "attemptsMade",
            "arrivalTimestamp",
            "attemptEndingTimestamp",
            "lambdaARN",
        ]
        assert document["lambdaARN"] == NAME
        assert 0 < document["arrivalTimestamp"] <= document["attemptEndingTimestamp"]
    return [(base64.b64decode(d["rawData"]), d["errorCode"], d["attemptsMade"]) for d in found]


def errors(place, bucket):
    return errors_in(place, bucket, "errors/processing-failed/")


@pytest.mark.parametrize("arn", [NAME, f"{NAME}:live", OTHER], ids=["URL", "URL, qualified", "Invoke API"])
def test_a_function_is_called_by_its_contract(place, bucket, flow, arn):
    function = place.by_api if arn == OTHER else place.by_url
    told = transforming(place, flow, bucket, arn)
    put(place.firehose, flow, [f"line {n}\n" for n in range(3000)])
    flush(place.server, flow)
    expected = "".join(f"LINE {n}\n" for n in range(3000)).encode()
    assert b"".join(bodies(place.s3, bucket).values()) == expected
    assert place.by_url.faults == [] and place.by_api.faults == []
    events = function.events
    assert {(event["deliveryStreamArn"], event["region"]) for event in events} == {(told, REGION)}
    assert len({event["invocationId"] for event in events}) == len(events)
    ids = [record["recordId"] for event in events for record in event["records"]]
    assert len(ids) == len(set(ids)) == 3000


def test_records_go_on_are_dropped_or_fail_one_by_one(place, bucket, flow):
    def each(data):
        kind = data.split()[0].decode()
        return {"keep": ("Ok", data.upper()), "drop": ("Dropped", data), "fail": ("ProcessingFailed", data)}[kind]

    place.by_url.transform = lambda event: reply_to(event, each)
    transforming(place, flow, bucket)
    put(place.firehose, flow, ["keep 1\n", "drop 2\n", "fail 3\n", "keep 4\n"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket, "data/").values()) == b"KEEP 1\nKEEP 4\n"
    assert errors(place, bucket) == [(b"fail 3\n", "Lambda.ProcessingFailedStatus", 1)]
    assert len(place.by_url.events) == 1


def test_what_is_wrong_with_one_answer_fails_its_record_alone(place, bucket, flow):
    def transform(event):
        reply = upper(event)
        records = {base64.b64decode(record["data"]): record for record in reply["records"]}
        records[b"TWICE"].update(result="Dropped")
        reply["records"].append(records[b"TWICE"])
        reply["records"].append({"recordId": "of nobody", "result": "Ok", "data": "eA=="})
        reply["records"].remove(records[b"MISSING"])
        del records[b"NO DATA"]["data"]
        records[b"BAD DATA"]["data"] = "=a="
        records[b"BAD RESULT"]["result"] = "Fine"
        records[b"LONG"]["data"] = base64.b64encode(b"x" * 1_024_001).decode()
        return reply

    place.by_url.transform = transform
    transforming(place, flow, bucket)
    put(place.firehose, flow, ["good", "twice", "missing", "no data", "bad data", "bad result", "long", "well"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket, "data/").values()) == b"GOODWELL"
    assert errors(place, bucket) == [
        (b"twice", "Lambda.DuplicatedRecordId", 1),
        (b"missing", "Lambda.MissingRecordId", 1),
        (b"no data", "Lambda.InvalidReturnFormat", 1),
        (b"bad data", "Lambda.InvalidReturnFormat", 1),
        (b"bad result", "Lambda.InvalidReturnFormat", 1),
        (b"long", "Lambda.InvalidReturnFormat", 1),
    ]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"no json", "Lambda.JsonProcessingException"),
        (b"", "Lambda.JsonProcessingException"),
        (b'{"records":{}}', "Lambda.JsonProcessingException"),
        (b'{"records":[]}', "Lambda.MissingRecordId"),
        (b"null", "Lambda.MissingRecordId"),
    ],
)
def test_a_malformed_reply_is_final_after_one_call(place, bucket, flow, reply, code):
    place.by_url.transform = lambda event: reply
    transforming(place, flow, bucket, retries=3)
    put(place.firehose, flow, ["one", "two"])
    flush(place.server, flow)
    assert errors(place, bucket) == [(b"one", code, 1), (b"two", code, 1)]
    assert len(place.by_url.events) == 1
    assert keys(place.s3, bucket, "data/") == []


FUNCTION_ERROR = (200, {"X-Amz-Function-Error": "Unhandled"}, {"errorMessage": "it broke", "errorType": "Error"})


@pytest.mark.parametrize("retries", [0, 1])
@pytest.mark.parametrize(
    ("told", "code"),
    [
        (FUNCTION_ERROR, "Lambda.FunctionError"),
        ((429, {"X-Amzn-ErrorType": "TooManyRequestsException"}, {}), "Lambda.InvokeLimitExceeded"),
        ((403, {"X-Amzn-ErrorType": "AccessDeniedException"}, {}), "Lambda.InvokeAccessDenied"),
        ((404, {"X-Amzn-ErrorType": "ResourceNotFoundException"}, {}), "Lambda.ResourceNotFound"),
        ((500, {}, {"message": "down"}), "Lambda.FunctionError"),
    ],
    ids=["function", "busy", "denied", "not found", "down"],
)
def test_a_call_that_fails_is_made_again_as_often_as_configured(place, bucket, flow, told, code, retries):
    place.by_url.transform = lambda event: told
    transforming(place, flow, bucket, retries=retries)
    put(place.firehose, flow, ["one", "two"])
    flush(place.server, flow)
    attempts = retries + 1
    assert errors(place, bucket) == [(b"one", code, attempts), (b"two", code, attempts)]
    assert len(place.by_url.events) == attempts
    # The same call: its records have the same ids.
    assert all(event["records"] == place.by_url.events[0]["records"] for event in place.by_url.events)
    message = documents(place.s3, bucket, "errors/")[0]["errorMessage"]
    assert "it broke" in message or told is not FUNCTION_ERROR


def test_a_function_that_recovers_gets_all_its_records_through(place, bucket, flow):
    turns = itertools.chain([FUNCTION_ERROR], itertools.repeat(None))
    place.by_url.transform = lambda event: next(turns) or upper(event)
    transforming(place, flow, bucket)
    put(place.firehose, flow, ["one", "two"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket).values()) == b"ONETWO"
    assert len(place.by_url.events) == 2


def test_requests_stay_under_six_megabytes_and_the_buffer(place, bucket, flow):
    processors = processing(BufferSizeInMBs=3)
    make(place.firehose, flow, bucket, ProcessingConfiguration=processors)
    values = [bytes([65 + n]) * 1_024_000 for n in range(12)]
    put(place.firehose, flow, list(values))
    flush(place.server, flow)
    assert place.by_url.faults == []
    assert b"".join(bodies(place.s3, bucket).values()) == b"".join(values)
    sizes = [sum(map(len, data_of(event))) for event in place.by_url.events]
    assert all(size <= 3 * 1024 * 1024 for size in sizes) and len(sizes) >= 4, sizes


def test_a_reply_of_more_than_six_megabytes_is_the_functions_error(place, bucket, flow):
    def transform(event):
        (record,) = event["records"]
        if base64.b64decode(record["data"]) == b"large":
            return b" " * (6 * 1024 * 1024 + 1)
        return upper(event)

    place.by_url.transform = transform
    transforming(place, flow, bucket, retries=0)
    for value in ("large", "small"):
        put(place.firehose, flow, [value])
        flush(place.server, flow)
    ((raw, code, _),) = errors(place, bucket)
    assert (raw, code) == (b"large", "Lambda.FunctionError")
    assert b"".join(bodies(place.s3, bucket, "data/").values()) == b"SMALL"


def test_the_reply_may_be_as_large_as_six_megabytes(place, bucket, flow):
    def transform(event):
        reply = json.dumps(upper(event)).encode()
        return reply + b" " * (6 * 1024 * 1024 - len(reply))

    place.by_url.transform = transform
    transforming(place, flow, bucket, retries=0)
    put(place.firehose, flow, ["one"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket, "data/").values()) == b"ONE"


def test_partition_keys_of_a_function_name_the_prefix(place, bucket, flow):
    def transform(event):
        reply = upper(event)
        for record in reply["records"]:
            first = base64.b64decode(record["data"])[:1].decode()
            record["metadata"] = {"partitionKeys": {"first": first}}
        return reply

    place.by_url.transform = transform
    make(
        place.firehose,
        flow,
        bucket,
        Prefix="data/!{partitionKeyFromLambda:first}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processing(),
    )
    put(place.firehose, flow, ["a1\n", "b2\n", "a3\n"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket, "data/A/").values()) == b"A1\nA3\n"
    assert b"".join(bodies(place.s3, bucket, "data/B/").values()) == b"B2\n"
    assert keys(place.s3, bucket, "errors/") == []


def test_the_backup_of_a_transformation_has_what_was_put(place, bucket, flow):
    target = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "Prefix": "source/"}
    transforming(place, flow, bucket, S3BackupMode="Enabled", S3BackupConfiguration=target)
    put(place.firehose, flow, ["one\n", "two\n"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket, "data/").values()) == b"ONE\nTWO\n"
    assert b"".join(bodies(place.s3, bucket, "source/").values()) == b"one\ntwo\n"


def test_records_of_a_stream_bring_where_they_were(place, bucket, flow, name):
    kinesis = place.server.client()
    make_stream(kinesis, name, 2)
    source = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    make(place.firehose, flow, bucket, source=source, ProcessingConfiguration=processing())
    placed = {}
    for n in range(20):
        told = kinesis.put_record(StreamName=name, Data=f"line {n}\n".encode(), PartitionKey=f"k\"ä{n}")
        placed[f"line {n}\n".encode()] = (f"k\"ä{n}", told["SequenceNumber"], told["ShardId"])
    flush(place.server, flow)
    assert place.by_url.faults == []
    assert {event["sourceKinesisStreamArn"] for event in place.by_url.events} == {source}
    found = {}
    for event in place.by_url.events:
        for data, record in zip(data_of(event), event["records"], strict=True):
            origin = record["kinesisRecordMetadata"]
            assert origin["approximateArrivalTimestamp"] == record["approximateArrivalTimestamp"]
            found[data] = (origin["partitionKey"], origin["sequenceNumber"], origin["shardId"])
    assert found == placed
    lines = b"".join(bodies(place.s3, bucket).values()).splitlines()
    assert sorted(lines) == sorted(data.strip().upper() for data in placed)


def test_a_function_stands_before_a_record_destination_too(place, bucket, flow):
    with HttpStandIn() as receiver:
        bucket_arn = f"arn:aws:s3:::{bucket}"
        target = {"RoleARN": ROLE, "BucketARN": bucket_arn, "Prefix": "all/", "ErrorOutputPrefix": "errors/"}
        place.by_url.transform = lambda event: reply_to(
            event, lambda data: ("ProcessingFailed", data) if data == b"bad" else ("Ok", data.upper())
        )
        place.firehose.create_delivery_stream(
            DeliveryStreamName=flow,
            HttpEndpointDestinationConfiguration={
                "EndpointConfiguration": {"Url": receiver.url},
                "RoleARN": ROLE,
                "S3BackupMode": "AllData",
                "S3Configuration": target,
                "ProcessingConfiguration": processing(),
            },
        )
        wait_active(place.firehose, flow)
        put(place.firehose, flow, ["one", "bad", "two"])
        flush(place.server, flow)
        assert receiver.faults == []
        assert [records for _, records, _, _ in receiver.requests] == [[b"ONE", b"TWO"]]
        assert errors_in(place, bucket, "errors/") == [(b"bad", "Lambda.ProcessingFailedStatus", 1)]
        # The backup of a record destination has what is delivered to it.
        assert b"".join(bodies(place.s3, bucket, "all/").values()) == b"ONETWO"


def test_a_function_that_nobody_configured_is_refused(flow):
    with running("--limits", "off") as server:
        server.client("s3").create_bucket(Bucket="kept")
        code, message = failure(
            make, firehose=server.client("firehose"), name=flow, bucket="kept", ProcessingConfiguration=processing()
        )
        assert code == "InvalidArgumentException" and "[destinations.functions]" in message


def test_a_record_without_its_partition_key_is_told_as_it_was_put(place, bucket, flow):
    def transform(event):
        reply = upper(event)
        for record in reply["records"]:
            first = base64.b64decode(record["data"])[:1].decode()
            record["metadata"] = {"partitionKeys": {"first": first} if first != "N" else {}}
        return reply

    place.by_url.transform = transform
    make(
        place.firehose,
        flow,
        bucket,
        Prefix="data/!{partitionKeyFromLambda:first}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        DynamicPartitioningConfiguration={"Enabled": True},
        ProcessingConfiguration=processing(),
    )
    put(place.firehose, flow, ["a1\n", "b2\n", "a3\n", "none\n"])
    flush(place.server, flow)
    assert b"".join(bodies(place.s3, bucket, "data/A/").values()) == b"A1\nA3\n"
    assert b"".join(bodies(place.s3, bucket, "data/B/").values()) == b"B2\n"
    (error,) = documents(place.s3, bucket, "errors/processing-failed/")
    assert base64.b64decode(error["rawData"]) == b"none\n"
