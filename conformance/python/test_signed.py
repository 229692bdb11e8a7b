"""`--auth signed`: who is let in, and what the others are told."""

import datetime
import json
import pathlib
import tempfile

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest
from conftest import ACCOUNT, KEY_ID, REGION, SECRET, drain, failure, make_stream, running

BODY = b"{}"


@pytest.fixture(scope="module")
def server():
    keys = {"MILLSTREAM_KEYS": f"{KEY_ID}:{SECRET}:{ACCOUNT},AKIDOTHER:othersecret:222222222222"}
    with running("--auth", "signed", "--limits", "off", environment=keys) as server:
        yield server


def test_a_known_key_works_and_is_its_account(server, name):
    kinesis = server.client()
    make_stream(kinesis, name, 1)
    kinesis.put_records(StreamName=name, Records=[{"Data": b"x" * 100000, "PartitionKey": "ключ"}] * 50)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    assert arn == f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def test_accounts_do_not_see_each_other(server, name):
    make_stream(server.client(), name, 1)
    other = server.client(key="AKIDOTHER", secret="othersecret")
    assert other.list_streams()["StreamNames"] == []
    code, message = failure(other.describe_stream, StreamName=name)
    assert (code, message) == ("ResourceNotFoundException", f"Stream {name} under account 222222222222 not found.")
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"
    assert failure(other.delete_stream, StreamARN=arn)[0] in ("AccessDeniedException", "ResourceNotFoundException")
    assert server.client().describe_stream(StreamName=name)


def test_wrong_secrets_and_unknown_keys(server):
    code, message = failure(server.client(secret="wrong").list_streams)
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    code, message = failure(server.client(key="AKIDNOBODY").list_streams)
    assert (code, message) == ("UnrecognizedClientException", "The security token included in the request is invalid.")


def signed(server, body=BODY, when=None, scope_region=REGION, service="kinesis", secret=SECRET, token=None,
           target="Kinesis_20131202.ListStreams"):
    """A request signed by botocore at any time."""
    request = botocore.awsrequest.AWSRequest("POST", server.endpoint + "/", data=body, headers={
        "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1",
        "Host": server.address,
    })
    credentials = botocore.credentials.Credentials(KEY_ID, secret, token)
    signer = botocore.auth.SigV4Auth(credentials, service, scope_region)
    at = when or datetime.datetime.now(datetime.timezone.utc)
    original = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: at.replace(tzinfo=None)
    try:
        signer.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = original
    return dict(request.headers)


def send(server, headers, body=BODY, url=""):
    reply = httpx.post(server.endpoint + url, content=body, headers=headers)
    error = reply.json()
    return reply.status_code, error.get("__type", "").split("#")[-1], error.get("message", error.get("Message", ""))


def test_five_minutes_either_way_and_no_more(server):
    now = datetime.datetime.now(datetime.timezone.utc)
    for minutes in (-4.5, 0, 4.5):
        assert send(server, signed(server, when=now + datetime.timedelta(minutes=minutes)))[0] == 200
    status, code, message = send(server, signed(server, when=now - datetime.timedelta(minutes=6)))
    assert (status, code) == (400, "InvalidSignatureException") and message.startswith("Signature expired: ")
    status, code, message = send(server, signed(server, when=now + datetime.timedelta(minutes=6)))
    assert (status, code) == (400, "InvalidSignatureException") and message.startswith("Signature not yet current: ")
    for year in (1970, 9999):
        when = datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc)
        assert send(server, signed(server, when=when))[1] == "InvalidSignatureException"


def test_a_signed_request_that_is_sent_again_is_taken_again_within_its_minutes(server, name):
    """As AWS: a signature says who sends what and when, not how often. TLS keeps others from having one."""
    make_stream(server.client(), name, 1)
    body = json.dumps({"StreamName": name, "Data": "QQ==", "PartitionKey": "k"}).encode()
    now = datetime.datetime.now(datetime.timezone.utc)
    headers = signed(server, body=body, when=now, target="Kinesis_20131202.PutRecord")
    assert [send(server, headers, body=body)[0] for _ in range(3)] == [200, 200, 200]
    assert len(drain(server.client(), name, "shardId-000000000000")[0]) == 3
    # For this body only, and for its minutes.
    assert send(server, headers, body=body.replace(b"QQ", b"Qg"))[1] == "InvalidSignatureException"
    late = signed(server, body=body, when=now - datetime.timedelta(minutes=6), target="Kinesis_20131202.PutRecord")
    for _ in range(2):
        status, code, message = send(server, late, body=body)
        assert (status, code) == (400, "InvalidSignatureException") and message.startswith("Signature expired")


def test_dates_that_are_none(server):
    for date in ("20260231T000000Z", "2026-01-01T00:00:00Z", "", "20260101T000000", "99999999T999999Z"):
        headers = signed(server)
        headers["X-Amz-Date"] = date
        status, code, _ = send(server, headers)
        assert status in (400, 403), date
        assert code in ("IncompleteSignatureException", "InvalidSignatureException"), date


def test_no_signature_at_all(server):
    headers = signed(server)
    del headers["Authorization"]
    status, code, message = send(server, headers)
    assert (code, message) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


def test_headers_that_are_no_signature(server):
    good = signed(server)
    authorization = good["Authorization"]
    for bad in (
        "", "garbage", "AWS4-HMAC-SHA256", "Basic dTpw", "Bearer x",
        authorization.replace("Signature=", "Sig="),
        authorization.replace("SignedHeaders=", "Headers="),
        authorization.replace("Credential=", "Cred="),
        authorization[:-3],
        authorization + "zz",
        authorization.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
        authorization + ", Signature=" + "0" * 64,
    ):
        status, code, _ = send(server, {**good, "Authorization": bad})
        assert status in (400, 403), bad
        assert code in (
            "IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"), bad


def test_a_signature_is_for_one_service(server):
    firehose = "Firehose_20150804.ListDeliveryStreams"
    assert send(server, signed(server, service="firehose"))[1] == "InvalidSignatureException"
    assert send(server, signed(server, service="kinesis", target=firehose))[1] == "InvalidSignatureException"
    assert send(server, signed(server, service="firehose", target=firehose))[1] != "InvalidSignatureException"
    # One signature does not open the other service's door.
    moved = {**signed(server), "X-Amz-Target": firehose}
    assert send(server, moved)[1] == "InvalidSignatureException"


def test_scopes_that_are_not_ours(server):
    good = signed(server)
    credential = good["Authorization"].split("Credential=")[1].split(",")[0]
    key, day, region, service, end = credential.split("/")
    for wrong in (
        f"{key}/20200101/{region}/{service}/{end}",
        f"{key}/{day}/{region}/{service}/AWS4_REQUEST",
        f"{key}/{day}/{region}/{service}/{end}/x",
        f"{key}/{day}/{region}/{service}",
        f"{key}//{day}/{region}/{service}/{end}",
        f"/{day}/{region}/{service}/{end}",
    ):
        bad = {**good, "Authorization": good["Authorization"].replace(credential, wrong)}
        assert send(server, bad)[1] in (
            "IncompleteSignatureException", "InvalidSignatureException", "UnrecognizedClientException"), wrong


def test_headers_that_must_be_signed(server):
    good = signed(server)
    names = good["Authorization"].split("SignedHeaders=")[1].split(",")[0]
    for wrong in (
        names.replace("host;", ""), names.replace("x-amz-date;", "").replace(";x-amz-date", ""),
        names.replace(";x-amz-target", ""), names + ";x-never-sent", ";".join(reversed(names.split(";"))),
        names + ";" + names.split(";")[-1], names.upper(),
    ):
        bad = {**good, "Authorization": good["Authorization"].replace(names, wrong)}
        assert send(server, bad)[1] in ("IncompleteSignatureException", "InvalidSignatureException"), wrong
    # A header that decides something may not come in after the signature.
    assert send(server, {**good, "X-Amz-Security-Token": "later"})[1] in (
        "IncompleteSignatureException", "InvalidSignatureException", "UnrecognizedClientException")


def test_bodies_that_were_changed(server):
    good = signed(server)
    assert send(server, good, body=b'{"Limit":1}')[1] == "InvalidSignatureException"
    for value in ("0" * 64, "UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        assert send(server, {**good, "X-Amz-Content-SHA256": value})[1] == "InvalidSignatureException", value


def test_a_session_token_that_is_not_known_is_refused(server):
    code = send(server, signed(server, token="FwoGZXIvYXdzE"))[1]
    assert code in ("UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException")


def test_a_header_and_a_query_together_are_refused(server):
    status, code, _ = send(server, signed(server), url="/?X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert status in (400, 403) and code.endswith("Exception")


def test_keys_from_the_configuration_file():
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "keys.toml"
        path.write_text('auth = "signed"\n[[keys]]\nid = "AKFILE"\nsecret = "s3cr3t"\naccount = "333333333333"\n')
        with running("--config", str(path)) as server:
            assert server.client(key="AKFILE", secret="s3cr3t").list_streams()["StreamNames"] == []
            assert failure(server.client(key="AKFILE", secret="else").list_streams)[0] == "InvalidSignatureException"
            assert "s3cr3t" not in (server.home / "log.txt").read_text()
