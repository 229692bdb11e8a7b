"""The built-in buckets: boto3 and the AWS CLI as people use them, over HTTP and TLS, open and signed."""

import base64
import hashlib
import os
import pathlib
import subprocess
import sys
import uuid
import zlib

import boto3
import httpx
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from conftest import ACCOUNT, KEY_ID, REGION, SECRET, failure, running

MIB = 1 << 20


def s3_client(server, key=KEY_ID, secret=SECRET, tls=False, **config):
    endpoint = server.endpoint.replace("http:", "https:") if tls else server.endpoint
    config = {"s3": {"addressing_style": "path"}, "retries": {"total_max_attempts": 1}, **config}
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(**config),
        verify=not tls and None,
    )


@pytest.fixture(scope="module")
def signed_server():
    keys = {"MILLSTREAM_KEYS": f"{KEY_ID}:{SECRET}:{ACCOUNT},AKIDOTHER:othersecret:222222222222"}
    with running("--auth", "signed", environment=keys) as server:
        yield server


@pytest.fixture(params=["open", "signed", "open over TLS", "signed over TLS"])
def s3(request, server, signed_server):
    """A client of each kind: what is signed and how differs between them."""
    return s3_client(signed_server if "signed" in request.param else server, tls="TLS" in request.param)


@pytest.fixture
def bucket(s3):
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def keys_of(reply):
    return [entry["Key"] for entry in reply.get("Contents", [])]


def test_an_object_comes_back_with_its_headers(s3, bucket):
    body = os.urandom(300_000)
    put = s3.put_object(
        Bucket=bucket, Key="a/b c+ä.txt", Body=body, ContentType="text/plain", ContentEncoding="gzip",
        CacheControl="no-cache", ContentDisposition="attachment", ContentLanguage="de", StorageClass="STANDARD_IA",
        Metadata={"one": "1", "Two": "zwei"},
    )
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    assert put["ChecksumCRC32"] == crc
    got = s3.get_object(Bucket=bucket, Key="a/b c+ä.txt")
    assert got["Body"].read() == body
    for name, value in {
        "ContentType": "text/plain", "ContentEncoding": "gzip", "CacheControl": "no-cache",
        "ContentDisposition": "attachment", "ContentLanguage": "de", "StorageClass": "STANDARD_IA",
        "Metadata": {"one": "1", "two": "zwei"}, "ContentLength": len(body), "ChecksumCRC32": crc,
    }.items():
        assert got[name] == value, name
    head = s3.head_object(Bucket=bucket, Key="a/b c+ä.txt")
    assert (head["ContentLength"], head["ETag"]) == (len(body), put["ETag"])
    part = s3.get_object(Bucket=bucket, Key="a/b c+ä.txt", Range="bytes=10-19")
    assert (part["Body"].read(), part["ContentRange"]) == (body[10:20], f"bytes 10-19/{len(body)}")
    assert s3.get_object(Bucket=bucket, Key="a/b c+ä.txt", Range="bytes=-5")["Body"].read() == body[-5:]
    code, _ = failure(s3.get_object, Bucket=bucket, Key="a/b c+ä.txt", Range="bytes=300000-")
    assert code == "InvalidRange"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_every_checksum_is_verified_and_kept(s3, bucket, algorithm):
    if algorithm in ("CRC32C", "CRC64NVME"):
        # botocore computes these by AWS's library only, which is not installed: the value is sent by hand.
        values = {"CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg="}
        arguments = {f"Checksum{algorithm}": values[algorithm]}
    else:
        arguments = {"ChecksumAlgorithm": algorithm}
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", **arguments)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"123456789"
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    wrong = {f"Checksum{algorithm}": base64.b64encode(b"\0" * {"CRC32": 4, "CRC32C": 4, "CRC64NVME": 8, "SHA1": 20,
                                                                "SHA256": 32}[algorithm]).decode()}
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"other", **wrong)[0] == "BadDigest"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"123456789"


def test_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")[0] == "PreconditionFailed"
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"0"')[0] == "PreconditionFailed"
    assert failure(s3.put_object, Bucket=bucket, Key="none", Body=b"2", IfMatch=etag)[0] == "NoSuchKey"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert failure(s3.get_object, Bucket=bucket, Key="k", IfMatch=etag)[0] == "PreconditionFailed"
    new = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    assert failure(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=new)[0] == "304"


def test_listings_page_and_roll_up(s3, bucket):
    names = ["a", "a/", "a/1", "a/2", "a b", "b/c/d", "b/c/e", "é", "z\nz", "%25"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    names.sort(key=str.encode)
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == names
    assert keys_of(s3.list_objects(Bucket=bucket)) == names
    for operation in ["list_objects_v2", "list_objects"]:
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
        assert [key for page in pages for key in keys_of(page)] == names, operation
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2})
        found = [(keys_of(page), [p["Prefix"] for p in page.get("CommonPrefixes", [])]) for page in pages]
        assert sorted(key for keys, _ in found for key in keys) == sorted(n for n in names if "/" not in n)
        assert [prefix for _, prefixes in found for prefix in prefixes] == ["a/", "b/"], operation
    assert keys_of(s3.list_objects_v2(Bucket=bucket, Prefix="a/")) == ["a/", "a/1", "a/2"]
    assert keys_of(s3.list_objects_v2(Bucket=bucket, StartAfter="a/1", Prefix="a/")) == ["a/2"]
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in [*names, "never"]]})
    assert sorted(entry["Key"] for entry in deleted["Deleted"]) == sorted([*names, "never"])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.delete_bucket(Bucket=bucket)
    assert failure(s3.list_objects_v2, Bucket=bucket)[0] == "NoSuchBucket"


def test_large_files_go_up_and_come_down_in_parts(s3, bucket, tmp_path):
    config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    data = os.urandom(18 * MIB + 12345)
    path = tmp_path / "large"
    path.write_bytes(data)
    s3.upload_file(str(path), bucket, "large", Config=config, ExtraArgs={"ContentType": "x/y", "Metadata": {"a": "b"}})
    head = s3.head_object(Bucket=bucket, Key="large")
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (len(data), "x/y", {"a": "b"})
    digests = b"".join(hashlib.md5(data[at:at + 5 * MIB]).digest() for at in range(0, len(data), 5 * MIB))
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-4"'
    s3.download_file(bucket, "large", str(tmp_path / "back"), Config=config)
    assert (tmp_path / "back").read_bytes() == data
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy of large", Config=config)
    assert s3.get_object(Bucket=bucket, Key="copy of large")["Body"].read() == data
    assert s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_an_upload_in_parts_by_hand(s3, bucket):
    begun = s3.create_multipart_upload(Bucket=bucket, Key="k", ChecksumAlgorithm="CRC32")
    upload = {"Bucket": bucket, "Key": "k", "UploadId": begun["UploadId"]}
    bodies = [b"1" * (5 * MIB), b"2" * 100]
    parts = [s3.upload_part(**upload, PartNumber=n + 1, Body=body, ChecksumAlgorithm="CRC32")
             for n, body in enumerate(bodies)]
    listed = s3.list_parts(**upload)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 100)]
    assert [entry["UploadId"] for entry in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [begun["UploadId"]]
    named = [{"PartNumber": n + 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
             for n, part in enumerate(parts)]
    wrong = {"Parts": [{**named[0], "ETag": '"0"'}]}
    assert failure(s3.complete_multipart_upload, **upload, MultipartUpload=wrong)[0] == "InvalidPart"
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    code, _ = failure(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": named}, IfNoneMatch="*")
    assert code == "PreconditionFailed"
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": named})
    sums = b"".join(base64.b64decode(part["ChecksumCRC32"]) for part in parts)
    composite = base64.b64encode(zlib.crc32(sums).to_bytes(4, "big")).decode() + "-2"
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (composite, "COMPOSITE")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"".join(bodies)
    assert failure(s3.abort_multipart_upload, **upload)[0] == "NoSuchUpload"
    full = s3.create_multipart_upload(Bucket=bucket, Key="f", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    upload = {"Bucket": bucket, "Key": "f", "UploadId": full["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"abc", ChecksumAlgorithm="CRC32")
    only = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    done = s3.complete_multipart_upload(**upload, MultipartUpload=only)
    expected = base64.b64encode(zlib.crc32(b"abc").to_bytes(4, "big")).decode()
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (expected, "FULL_OBJECT")


def test_copies(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b/ä", Body=b"data", ContentType="text/plain", Metadata={"k": "v"})
    source = {"Bucket": bucket, "Key": "a b/ä"}
    s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)
    kept = s3.get_object(Bucket=bucket, Key="kept")
    assert (kept["Body"].read(), kept["ContentType"], kept["Metadata"]) == (b"data", "text/plain", {"k": "v"})
    s3.copy_object(Bucket=bucket, Key="kept", CopySource={"Bucket": bucket, "Key": "kept"},
                   MetadataDirective="REPLACE", Metadata={"new": "1"})
    assert s3.head_object(Bucket=bucket, Key="kept")["Metadata"] == {"new": "1"}
    same = {"Bucket": bucket, "Key": "kept", "CopySource": {"Bucket": bucket, "Key": "kept"}}
    assert failure(s3.copy_object, **same)[0] == "InvalidRequest"
    assert failure(s3.copy_object, Bucket=bucket, Key="x", CopySource=f"{bucket}/none")[0] == "NoSuchKey"


def test_presigned_requests(s3, bucket):
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "p q"})
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "p q"})
    with httpx.Client(verify=False) as http:
        assert http.put(put, content=b"presigned").status_code == 200
        reply = http.get(get)
        assert (reply.status_code, reply.content) == (200, b"presigned")
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_presigned_by_version_2(server, signed_server):
    """What `aws s3 presign` and boto3 make for an endpoint that is not AWS's, unless they are told otherwise."""
    key = {"Bucket": f"bucket-{uuid.uuid4().hex[:12]}", "Key": "k"}
    old = s3_client(server, signature_version="s3")
    old.create_bucket(Bucket=key["Bucket"], CreateBucketConfiguration={"LocationConstraint": REGION})
    put, get = (old.generate_presigned_url(call, Params=key) for call in ("put_object", "get_object"))
    assert "AWSAccessKeyId" in put
    assert httpx.put(put, content=b"presigned").status_code == 200
    assert httpx.get(get).content == b"presigned"
    refused = httpx.get(get.replace(server.endpoint, signed_server.endpoint))
    assert refused.status_code == 400
    assert "<Code>InvalidRequest</Code>" in refused.text and "Please use AWS4-HMAC-SHA256." in refused.text
    headers = {"authorization": "AWS AKID:c2lnbmF0dXJl"}
    assert "Please use AWS4-HMAC-SHA256." in httpx.get(f"{signed_server.endpoint}/", headers=headers).text


def test_what_is_not_there_is_refused_by_name(s3, bucket):
    for arguments in [
        {"SSECustomerAlgorithm": "AES256"},
        {"ACL": "public-read"}, {"Tagging": "a=b"}, {"WebsiteRedirectLocation": "/x"},
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2030-01-01"},
    ]:
        code, message = failure(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **arguments)
        assert code == "NotImplemented" and "x-amz-" in message, arguments
    assert failure(s3.put_object, Bucket=bucket, Key="k", Body=b"x", StorageClass="GLACIER")[0] == "InvalidStorageClass"
    for call, name in [
        (s3.get_bucket_acl, "GET with ?acl"), (s3.get_bucket_policy, "GET with ?policy"),
        (s3.list_object_versions, "GET with ?versions"), (s3.delete_bucket_cors, "DELETE with ?cors"),
    ]:
        code, message = failure(call, Bucket=bucket)
        assert (code, message) == ("NotImplemented", f"The built-in buckets do not implement {name}.")
    assert failure(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})[0] \
        == "NotImplemented"
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_buckets(s3, bucket):
    assert bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
    again = {"Bucket": bucket, "CreateBucketConfiguration": {"LocationConstraint": REGION}}
    assert failure(s3.create_bucket, **again)[0] == "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert failure(s3.delete_bucket, Bucket=bucket)[0] == "BucketNotEmpty"
    assert failure(s3.head_object, Bucket=bucket, Key="none")[0] == "404"
    assert failure(s3.get_object, Bucket=bucket, Key="none")[0] == "NoSuchKey"
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    assert failure(s3.head_bucket, Bucket=bucket)[0] == "404"


def test_a_bucket_is_its_owners(signed_server):
    own = s3_client(signed_server)
    other = s3_client(signed_server, key="AKIDOTHER", secret="othersecret")
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    location = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    own.create_bucket(Bucket=name, **location)
    own.put_object(Bucket=name, Key="k", Body=b"mine")
    for call, arguments in [
        (other.get_object, {"Key": "k"}), (other.put_object, {"Key": "k", "Body": b"x"}), (other.list_objects_v2, {}),
        (other.delete_object, {"Key": "k"}), (other.delete_bucket, {}),
    ]:
        assert failure(call, Bucket=name, **arguments)[0] == "AccessDenied"
    assert failure(other.create_bucket, Bucket=name, **location)[0] == "BucketAlreadyExists"
    assert name not in [entry["Name"] for entry in other.list_buckets()["Buckets"]]
    assert failure(own.get_object, Bucket=name, Key="k", ExpectedBucketOwner="222222222222")[0] == "AccessDenied"


def test_only_good_signatures_are_let_in(signed_server):
    for method in ["GET", "HEAD", "PUT", "DELETE"]:
        unsigned = httpx.request(method, f"{signed_server.endpoint}/bucket/k")
        assert unsigned.status_code == 403
        assert method == "HEAD" or "<Code>AccessDenied</Code>" in unsigned.text
    assert failure(s3_client(signed_server, secret="wrong").list_buckets)[0] == "SignatureDoesNotMatch"
    assert failure(s3_client(signed_server, key="AKIDNOBODY").list_buckets)[0] == "InvalidAccessKeyId"
    good = s3_client(signed_server)
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    good.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    url = good.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "k"})
    assert httpx.get(url.replace("/k?", "/other?")).status_code == 403
    # The hash that was signed is that of another body.
    request = {}
    good.meta.events.register("before-send.s3.PutObject", lambda request, **_: setattr(request, "body", b"changed"))
    code, _ = failure(good.put_object, Bucket=name, Key="k", Body=b"signed.", **request)
    assert code in ("XAmzContentSHA256Mismatch", "BadDigest")
    assert failure(good.get_object, Bucket=name, Key="k")[0] == "NoSuchKey"


def test_a_bucket_may_be_named_by_the_host(server):
    s3 = s3_client(server)
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    port = server.address.rsplit(":")[-1]
    host = {"host": f"{name}.s3.localhost:{port}"}
    assert httpx.put(f"{server.endpoint}/a/b", content=b"hosted", headers=host).status_code == 200
    assert s3.get_object(Bucket=name, Key="a/b")["Body"].read() == b"hosted"
    assert httpx.get(f"{server.endpoint}/{name}/a/b").content == b"hosted"
    assert httpx.get(f"{server.endpoint}/{name}/a/b", headers={"origin": "http://evil.example"}).status_code == 403


def test_objects_outlive_a_kill(tmp_path):
    with running() as server:
        s3 = s3_client(server)
        s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
        for n in range(20):
            s3.put_object(Bucket="kept", Key=f"dir/{n}", Body=str(n))
        server.restart()
        s3 = s3_client(server)
        assert len(keys_of(s3.list_objects_v2(Bucket="kept"))) == 20
        assert all(s3.get_object(Bucket="kept", Key=f"dir/{n}")["Body"].read() == str(n).encode() for n in range(20))


def test_declared_buckets_are_there_and_an_ephemeral_server_leaves_nothing(tmp_path):
    config = tmp_path / "millstream.toml"
    config.write_text('[destinations.s3]\nbuckets = ["declared"]\n')
    place = tmp_path / "temporary"
    place.mkdir()
    environment = {"TMPDIR": str(place)}
    with running("--config", str(config), ephemeral=True, environment=environment) as server:
        s3 = s3_client(server)
        s3.put_object(Bucket="declared", Key="k", Body=b"x")
        assert list(place.iterdir()) != []
        assert server.stop() == 0
    assert list(place.iterdir()) == []


@pytest.fixture
def aws(server, tmp_path):
    program = pathlib.Path(sys.executable).parent / "aws"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_PAGER": "",
    }

    def run(*arguments, succeeds=True):
        done = subprocess.run([sys.executable, program, "s3", *arguments], env=environment, capture_output=True, text=True)
        assert (done.returncode == 0) is succeeds, done.stderr
        return done.stdout if succeeds else done.stderr

    return run


def test_the_command_line_makes_copies_syncs_and_removes(aws, tmp_path):
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    aws("mb", f"s3://{name}")
    assert name in aws("ls")
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "one.txt").write_text("one")
    (tree / "sub" / "two words.txt").write_text("two")
    large = os.urandom(20 * MIB)
    (tree / "large").write_bytes(large)
    aws("sync", str(tree), f"s3://{name}/copy")
    assert aws("sync", str(tree), f"s3://{name}/copy") == ""
    listed = aws("ls", f"s3://{name}/copy/")
    assert "PRE sub/" in listed and "one.txt" in listed and str(len(large)) in listed
    aws("cp", f"s3://{name}/copy/one.txt", f"s3://{name}/renamed.txt")
    aws("cp", f"s3://{name}/copy/large", f"s3://{name}/large too")
    aws("cp", f"s3://{name}/large too", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == large
    aws("mv", f"s3://{name}/renamed.txt", f"s3://{name}/moved.txt")
    (tree / "one.txt").unlink()
    aws("sync", str(tree), f"s3://{name}/copy", "--delete")
    everything = aws("ls", "--recursive", f"s3://{name}")
    assert [line.split(maxsplit=3)[3] for line in everything.splitlines()] \
        == ["copy/large", "copy/sub/two words.txt", "large too", "moved.txt"]
    assert "BucketNotEmpty" in aws("rb", f"s3://{name}", succeeds=False)
    aws("rm", "--recursive", f"s3://{name}/copy")
    assert "two words" not in aws("ls", "--recursive", f"s3://{name}")
    aws("rb", "--force", f"s3://{name}")
    assert name not in aws("ls")
    assert "NoSuchBucket" in aws("ls", f"s3://{name}", succeeds=False)


def test_a_put_that_ends_too_early_leaves_nothing(server):
    import socket

    s3 = s3_client(server)
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    host, port = server.address.rsplit(":", 1)
    head = f"PUT /{name}/half HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"x" * 500_000)
        connection.shutdown(socket.SHUT_WR)
        reply = connection.recv(100)
    assert b" 400 " in reply or reply == b""
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0
    staged = server.data / "buckets" / "names" / name / "staged"
    assert list(staged.iterdir()) == []


def test_a_client_that_is_refused_early_reads_why_and_goes_on_with_its_connection(server):
    import http.client

    host, port = server.address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port))
    for size in [10, 700_000] * 5:
        connection.request("PUT", "/no-such-bucket/k", body=b"x" * size)
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("connection")) == (404, None)
        assert b"NoSuchBucket" in reply.read()
    # One that waits to be told to go on is told that the connection ends.
    connection.request("PUT", "/no-such-bucket/k", headers={"expect": "100-continue", "content-length": "5"})
    assert connection.getresponse().getheader("connection") == "close"
