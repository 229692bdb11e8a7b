"""A stand-in for AWS KMS, and the configuration of a server that asks it."""

import base64
import datetime
import http.server
import json
import os
import threading

import pytest
from conftest import REGION

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


class KeyService(http.server.BaseHTTPRequestHandler):
    """As much of AWS KMS as is called; what is wrapped is the key and its context, in base64."""

    place = f"arn:aws:kms:{REGION}:000000000000:"
    arn = f"{place}key/{KEY}"
    failing = None
    calls, asked, contexts = [], [], []

    def log_message(self, *_):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        operation = self.headers["x-amz-target"].removeprefix("TrentService.")
        assert self.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDKMS/")
        assert f"/{REGION}/kms/aws4_request" in self.headers["authorization"]
        KeyService.calls.append(operation)
        KeyService.asked.append(asked["KeyId"])
        if "EncryptionContext" in asked:
            KeyService.contexts.append(asked["EncryptionContext"])
        signed = datetime.datetime.strptime(self.headers["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        age = abs(datetime.datetime.now(datetime.timezone.utc) - signed)
        status, answer = 200, {}
        if KeyService.failing:
            status, answer = 400, {"__type": KeyService.failing, "message": "as it was told"}
        elif age > datetime.timedelta(minutes=5):
            status, answer = 400, {"__type": "InvalidSignatureException", "message": "Signature expired"}
        elif asked["KeyId"] not in (self.arn, f"{self.place}alias/far"):
            status, answer = 400, {"__type": "NotFoundException", "message": "no such key"}
        elif operation == "DescribeKey":
            answer = {"KeyMetadata": {"Arn": self.arn, "KeyId": KEY}}
        elif operation == "GenerateDataKey":
            assert asked["KeySpec"] == "AES_256"
            key = base64.b64encode(os.urandom(32)).decode()
            wrapped = base64.b64encode(json.dumps([key, asked["EncryptionContext"]]).encode()).decode()
            answer = {"KeyId": self.arn, "Plaintext": key, "CiphertextBlob": wrapped}
        elif operation == "Decrypt":
            key, context = json.loads(base64.b64decode(asked["CiphertextBlob"]))
            assert context == asked["EncryptionContext"]
            answer = {"KeyId": self.arn, "Plaintext": key}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def key_service():
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeyService)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    KeyService.failing, KeyService.calls, KeyService.asked, KeyService.contexts = None, [], [], []
    yield service
    service.shutdown()
    service.server_close()
    thread.join()


def at_key_service(key_service):
    return (
        f'[kms]\nendpoint = "http://127.0.0.1:{key_service.server_port}"\nregion = "{REGION}"\n'
        'access_key_id = "AKIDKMS"\nsecret_access_key = "canary-secret"\ntimeout_ms = 2000\n'
    )
