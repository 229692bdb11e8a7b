"""Search clusters as destinations, before a stand-in that is strict on the contract of `_bulk`."""

import base64
import collections
import datetime
import json
import pathlib
import tempfile
import threading

import pytest
from conftest import running
from delivery import ROLE, bodies, documents, flush, keys, put, wait_active
from receivers import SearchStandIn

KINDS = {
    "opensearch": "AmazonopensearchserviceDestinationConfiguration",
    "elasticsearch": "ElasticsearchDestinationConfiguration",
}


def make(firehose, flow, bucket, url, kind="opensearch", retry=300, **destination):
    where = {"DomainARN": url} if url.startswith("arn:") else {"ClusterEndpoint": url}
    destination = {
        "RoleARN": ROLE,
        **where,
        "IndexName": "logs",
        "BufferingHints": {"SizeInMBs": 100, "IntervalInSeconds": 900},
        "RetryOptions": {"DurationInSeconds": retry},
        "S3Configuration": {
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "Prefix": "all/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        },
        **destination,
    }
    firehose.create_delivery_stream(DeliveryStreamName=flow, **{KINDS[kind]: destination})
    return wait_active(firehose, flow)


def numbered(count):
    return [json.dumps({"n": n, "text": "x" * (n % 50)}) for n in range(count)]


def week_of(at):
    """Weeks begin on Sunday, the first has the year's first Saturday."""
    saturday = at.date() + datetime.timedelta(days=(5 - at.weekday()) % 7)
    return f"logs-{saturday.year:04}-w{(saturday.timetuple().tm_yday - 1) // 7 + 1:02}"


ROTATIONS = {
    None: lambda at: f"logs-{at:%Y-%m-%d}",
    "NoRotation": lambda at: "logs",
    "OneHour": lambda at: f"logs-{at:%Y-%m-%d-%H}",
    "OneDay": lambda at: f"logs-{at:%Y-%m-%d}",
    "OneWeek": week_of,
    "OneMonth": lambda at: f"logs-{at:%Y-%m}",
}


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_an_index_is_named_by_the_records_arrival(server, firehose, s3, bucket, flow, rotation):
    with SearchStandIn() as cluster:
        make(firehose, flow, bucket, cluster.url, **({"IndexRotationPeriod": rotation} if rotation else {}))
        before = datetime.datetime.now(datetime.UTC)
        put(firehose, flow, numbered(3000))
        after = datetime.datetime.now(datetime.UTC)
        flush(server, flow)
        assert cluster.faults == []
        assert set(cluster.indexes) <= {ROTATIONS[rotation](at) for at in (before, after)}
        assert cluster.numbers() == collections.Counter(range(3000))
        assert keys(s3, bucket) == []


def test_a_repeated_request_makes_no_second_document(server, firehose, bucket, flow):
    turns = iter(["cut", "cut"])
    with SearchStandIn(behave=lambda: next(turns, "well")) as cluster:
        options = {"DocumentIdOptions": {"DefaultDocumentIdFormat": "FIREHOSE_DEFAULT"}}
        make(firehose, flow, bucket, cluster.url, **options)
        put(firehose, flow, numbered(100))
        flush(server, flow)
        assert cluster.faults == []
        assert [how for how, _ in cluster.requests] == ["cut", "cut", "well"]
        assert cluster.numbers() == collections.Counter(range(100))


def test_without_ids_the_cluster_gives_them_and_a_repeated_request_repeats(server, firehose, bucket, flow):
    turns = iter(["cut"])
    with SearchStandIn(behave=lambda: next(turns, "well")) as cluster:
        make(firehose, flow, bucket, cluster.url, DocumentIdOptions={"DefaultDocumentIdFormat": "NO_DOCUMENT_ID"})
        put(firehose, flow, numbered(10))
        flush(server, flow)
        assert cluster.faults == []
        assert cluster.numbers() == collections.Counter(list(range(10)) * 2)


def test_ids_are_the_same_after_a_server_was_killed(server, firehose, bucket, flow):
    came = threading.Event()

    def cut():
        came.set()
        return "cut"

    with SearchStandIn(behave=cut) as cluster:
        hints = {"SizeInMBs": 1, "IntervalInSeconds": 0}
        make(firehose, flow, bucket, cluster.url, retry=7200, BufferingHints=hints)
        put(firehose, flow, numbered(100))
        assert came.wait(30)
        server.restart()
        cluster.behave = lambda: "well"
        flush(server, flow)
        assert cluster.faults == []
        assert [how for how, _ in cluster.requests][-1] == "well" and len(cluster.requests) >= 2
        assert cluster.numbers() == collections.Counter(range(100))


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_that_the_cluster_refuses_goes_to_the_error_prefix_alone(server, firehose, s3, bucket, flow, kind):
    with SearchStandIn() as cluster:
        make(firehose, flow, bucket, cluster.url, kind)
        bad = ['{"n":"no number"}', "no json", "  \n"]
        put(firehose, flow, numbered(10) + bad)
        flush(server, flow)
        assert cluster.faults == []
        assert cluster.numbers() == collections.Counter(range(10))
        assert len(cluster.requests) == 1
        assert {key.rsplit("/", 1)[0] for key in keys(s3, bucket)} == {"errors/AmazonOpenSearchService-failed"}
        found = documents(s3, bucket)
        assert [base64.b64decode(document["rawData"]).decode() for document in found] == bad
        (index,) = cluster.indexes
        for document in found:
            assert list(document) == [
                "attemptsMade",
                "arrivalTimestamp",
                "errorCode",
                "errorMessage",
                "attemptEndingTimestamp",
                "esDocumentId",
                "esIndexName",
                "esTypeName",
                "rawData",
            ]
            assert (document["attemptsMade"], document["errorCode"], document["esIndexName"]) == (1, "400", index)
            assert document["esDocumentId"] and document["esDocumentId"] not in cluster.indexes[index]
        assert "mapper_parsing_exception" in found[0]["errorMessage"]


def test_the_error_prefix_by_default(server, firehose, s3, bucket, flow):
    with SearchStandIn() as cluster:
        target = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"}
        make(firehose, flow, bucket, cluster.url, S3Configuration=target)
        put(firehose, flow, ["no json"])
        flush(server, flow)
        (key,) = keys(s3, bucket)
        assert key.startswith("AmazonOpenSearchService_failed/"), key


def test_documents_that_meet_429_are_sent_again_alone(server, firehose, s3, bucket, flow):
    def busy(text, times):
        return json.loads(text)["n"] % 3 == 0 and times < 3

    with SearchStandIn(busy=busy) as cluster:
        make(firehose, flow, bucket, cluster.url)
        put(firehose, flow, numbered(30))
        flush(server, flow)
        assert cluster.faults == []
        assert [len(documents) for _, documents in cluster.requests] == [30, 10, 10]
        assert cluster.numbers() == collections.Counter(range(30))
        assert keys(s3, bucket) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_that_is_refused_is_sent_again(server, firehose, s3, bucket, flow, status):
    turns = iter([status])
    with SearchStandIn(behave=lambda: next(turns, "well")) as cluster:
        make(firehose, flow, bucket, cluster.url)
        put(firehose, flow, numbered(30))
        flush(server, flow)
        assert cluster.numbers() == collections.Counter(range(30))
        assert keys(s3, bucket) == []


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("opensearch", 503, "OS.ServiceException"),
        ("opensearch", 404, "OS.ResourceNotFound"),
        ("elasticsearch", 403, "ES.AccessDenied"),
    ],
)
def test_when_the_time_for_retries_is_over_all_go_to_the_error_prefix(
    server, firehose, s3, bucket, flow, kind, status, code
):
    with SearchStandIn(behave=lambda: status) as cluster:
        make(firehose, flow, bucket, cluster.url, kind, retry=0)
        put(firehose, flow, numbered(30))
        flush(server, flow)
        found = documents(s3, bucket, "errors/AmazonOpenSearchService-failed/")
        assert [base64.b64decode(document["rawData"]).decode() for document in found] == numbered(30)
        assert {document["errorCode"] for document in found} == {code}
        assert all(str(status) in document["errorMessage"] for document in found)


def test_a_request_that_is_too_large_is_halved(server, firehose, s3, bucket, flow):
    class Small(SearchStandIn):
        def handle(self, request, body):
            if len(body) > 20_000:
                return self.answer(request, 413, b"too large")
            return super().handle(request, body)

    with Small() as cluster:
        make(firehose, flow, bucket, cluster.url)
        large = json.dumps({"n": 0, "text": "x" * 30_000})
        put(firehose, flow, [*numbered(200), large])
        flush(server, flow)
        assert cluster.faults == []
        assert cluster.numbers() == collections.Counter(range(200))
        (error,) = documents(s3, bucket)
        assert error["errorCode"] == "413" and base64.b64decode(error["rawData"]).decode() == large


def test_a_record_cannot_say_what_the_cluster_does(server, firehose, bucket, flow):
    with SearchStandIn() as cluster:
        make(firehose, flow, bucket, cluster.url, IndexRotationPeriod="NoRotation")
        put(firehose, flow, ['{"n":\n1}\n', '{"n":2}\n{"delete":{"_index":"logs","_id":"1"}}\n'])
        flush(server, flow)
        assert cluster.faults == []
        assert cluster.numbers() == collections.Counter([1])


def test_a_backup_of_all_documents_holds_all(server, firehose, s3, bucket, flow):
    with SearchStandIn() as cluster:
        make(firehose, flow, bucket, cluster.url, S3BackupMode="AllDocuments")
        values = [record + "\n" for record in numbered(10)] + ["no json\n"]
        put(firehose, flow, list(values))
        flush(server, flow)
        assert b"".join(bodies(s3, bucket, "all/").values()).decode() == "".join(values)
        assert cluster.numbers() == collections.Counter(range(10))
        assert len(documents(s3, bucket, "errors/")) == 1


def test_a_domain_and_who_we_are_to_it_are_the_configurations_to_say():
    domain = "arn:aws:es:eu-central-1:123456789012:domain/logs"
    password = "canary-of-the-password"
    basic = "Basic " + base64.b64encode(f"firehose:{password}".encode()).decode()
    with SearchStandIn(basic, types=True) as cluster, tempfile.TemporaryDirectory() as home:
        config = pathlib.Path(home) / "millstream.toml"
        config.write_text(
            f'[[destinations.opensearch]]\nendpoint = "{cluster.url}"\ndomain_arn = "{domain}"\n'
            f'user = "firehose"\npassword = "{password}"\n'
        )
        with running("--limits", "off", "--config", str(config)) as server:
            server.client("s3").create_bucket(Bucket="kept")
            firehose = server.client("firehose")
            make(firehose, "flow", "kept", domain, "elasticsearch", TypeName="entry")
            put(firehose, "flow", numbered(10))
            flush(server, "flow")
            assert cluster.faults == []
            assert cluster.numbers() == collections.Counter(range(10))
            assert password not in (server.home / "log.txt").read_text()
