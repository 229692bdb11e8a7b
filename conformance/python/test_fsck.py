"""`millstream fsck` on the parts of a data directory that are not the log: the buckets, the formats, the master key."""

import shutil
import subprocess

import pytest
from boto3.s3.transfer import TransferConfig
from conftest import BINARY, make_stream, running
from test_buckets import s3_client

MIB = 1 << 20
DATA = bytes(range(256)) * 1024


def summed(s3):
    """An object of parts with a checksum of the whole."""
    place = {"Bucket": "logs", "Key": "summed"}
    begun = s3.create_multipart_upload(**place, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    place["UploadId"] = begun["UploadId"]
    parts = []
    for number in (1, 2):
        part = s3.upload_part(**place, PartNumber=number, Body=DATA * 20, ChecksumAlgorithm="CRC32")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
    done = s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT")
    assert done["ChecksumType"] == "FULL_OBJECT"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A data directory with a stream and objects, plain, sealed, of parts, and an upload that is open."""
    with running("--limits", "off") as server:
        make_stream(server.client(), "s", 1)
        server.client().put_record(StreamName="s", Data=b"kept", PartitionKey="k")
        s3 = s3_client(server)
        s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.put_object(Bucket="logs", Key="plain", Body=DATA)
        s3.put_object(Bucket="logs", Key="a/deep/one", Body=b"small")
        s3.put_object(Bucket="logs", Key="sealed", Body=DATA, ServerSideEncryption="AES256")
        s3.put_object(Bucket="logs", Key="kms", Body=DATA, ServerSideEncryption="aws:kms")
        upload = s3.create_multipart_upload(Bucket="logs", Key="open")["UploadId"]
        s3.upload_part(Bucket="logs", Key="open", UploadId=upload, PartNumber=1, Body=DATA)
        file = tmp_path_factory.mktemp("file") / "parts"
        file.write_bytes(DATA * 40)
        s3.upload_file(str(file), "logs", "parts", Config=TransferConfig(multipart_threshold=5 * MIB))
        summed(s3)
        assert server.stop() == 0
        data = tmp_path_factory.mktemp("kept") / "data"
        shutil.copytree(server.data, data)
    return data


@pytest.fixture
def data(kept, tmp_path):
    """A copy of it."""
    return shutil.copytree(kept, tmp_path / "data")


def contents(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def fsck(data, *arguments):
    """What fsck exits with and says; it changes nothing."""
    before = contents(data)
    run = subprocess.run([BINARY, "fsck", str(data), *arguments], capture_output=True, text=True, check=False)
    assert contents(data) == before
    return run.returncode, run.stdout + run.stderr


def refused(data):
    """What a server says that does not start on it; it changes nothing."""
    before = contents(data)
    command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(data)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode != 0
    return run.stdout + run.stderr, contents(data) == before


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def objects(data):
    return data / "buckets" / "names" / "logs" / "objects"


def test_what_is_whole_passes(data):
    code, said = fsck(data)
    assert code == 0 and "\nno damage\n" in said and "DAMAGE" not in said, said
    assert "buckets format 1: 1 buckets, 6 objects, 1 uploads in parts, 1 parts," in said, said
    assert "1 objects of parts have no sum" in said and "not opened" not in said, said


@pytest.mark.parametrize("name", ["plain,o", "sealed,o", "kms,o", "a/deep/one,o", "summed,o"])
@pytest.mark.parametrize("place", [0, 2, -30])
def test_a_bit_that_is_flipped_in_an_object_is_named(data, name, place):
    flip(objects(data) / name, place)
    code, said = fsck(data)
    assert code == 1 and f"DAMAGE: {objects(data) / name}: " in said, said
    assert "takes writes and answers reads of what is whole" in said, said


@pytest.mark.parametrize("name", ["plain,o", "sealed,o", "parts,o"])
def test_an_object_that_was_cut_is_named(data, name):
    path = objects(data) / name
    path.write_bytes(path.read_bytes()[:-100])
    code, said = fsck(data)
    assert code == 1 and f"DAMAGE: {path}: it was cut" in said, said


def test_a_part_and_a_buckets_own_file_are_checked(data):
    (part,) = (data / "buckets" / "names" / "logs" / "uploads").glob("*/00001")
    flip(part, 1000)
    code, said = fsck(data)
    assert code == 1 and f"DAMAGE: {part}: " in said, said
    (data / "buckets" / "names" / "logs" / "bucket").unlink()
    code, said = fsck(data)
    assert code == 1 and "logs/bucket: the file is missing" in said and "does not start" in said, said


def test_an_unknown_format_of_the_buckets_is_refused_before_anything_is_opened(data):
    (data / "buckets" / "FORMAT").write_text("millstream buckets 9\n")
    code, said = fsck(data)
    assert code == 2 and "has buckets format 9, this release knows up to 1;" in said, said
    assert "no damage\n" not in said, said
    said, untouched = refused(data)
    assert untouched and "has buckets format 9, this release knows up to 1; nothing was changed;" in said, said
    assert "the log is open" not in said, said
    run = subprocess.run([BINARY, "finalize", str(data)], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "buckets format 9" in run.stderr and not run.stdout, run


@pytest.mark.parametrize("part", ["log", "buckets"])
def test_a_lost_format_is_not_made_up(data, part):
    (data / part / "FORMAT").unlink()
    code, said = fsck(data)
    assert code == 1 and "no FORMAT that says how they are written" in said and "does not start" in said, said
    said, untouched = refused(data)
    assert untouched and f"{data / part} has" in said and f"`millstream {part} 1`" in said, said
    run = subprocess.run([BINARY, "finalize", str(data)], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "no FORMAT" in run.stderr and not run.stdout, run


def test_finalize_tells_of_all_parts(data):
    run = subprocess.run([BINARY, "finalize", str(data)], capture_output=True, text=True, check=True)
    told = [f"{data / part} writes format 1 already" for part in ("log", "buckets")]
    assert run.stdout.splitlines() == told, run


def test_a_missing_master_key_is_damage(data):
    elsewhere = data.parent / "elsewhere.key"
    (data / "master.key").rename(elsewhere)
    code, said = fsck(data)
    assert code == 1 and "DAMAGE: the master key file" in said and "is missing" in said, said
    assert "--master-key-file" in said and "does not start" in said and "3 sealed" not in said, said
    assert "2 sealed objects and parts were not opened" in said, said
    assert "the data cannot be read without it" in refused(data)[0]
    code, said = fsck(data, "--master-key-file", str(elsewhere))
    assert code == 0 and "not opened" not in said, said


@pytest.mark.parametrize("foreign", ["another", "none at all"])
def test_a_foreign_master_key_is_damage(data, foreign):
    first, key = (data / "master.key").read_text().splitlines()
    texts = {"another": f"{first}\n{key[::-1]}\n", "none at all": "?\n"}
    (data / "master.key").write_text(texts[foreign])
    code, said = fsck(data)
    words = {"another": "does not fit this data", "none at all": "holds no master key"}[foreign]
    assert code == 1 and words in said and "does not start" in said and key[::-1] not in said, said
    assert words in refused(data)[0]
