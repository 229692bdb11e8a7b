"""Destinations that tests hold in their hand: they are strict on their contract, and fail as they are told.

StorageStandIn takes objects as S3 does (PUT, If-None-Match), HttpStandIn takes records as the HTTP endpoint protocol
1.0 says. Both answer each request as `behave` decides: "well", "refuse" (an error of the server), "hang" (no answer),
"late" (an answer after the deed, once the client is gone), "cut" (the deed, then the connection closed).
"""

import base64
import gzip
import json
import threading
import xml.sax.saxutils
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn:
    """A server on a free port of loopback; a context manager."""

    def __init__(self, behave=lambda: "well"):
        self.behave = behave
        self.lock = threading.Lock()
        self.faults = []
        self.release = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stand_in.handle(self, body)

            do_PUT = do_POST = do_GET = do_HEAD = handle_any

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request, status, body=b"", headers=None):
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def misbehave(self, request, how):
        """Whether the request was dealt with by misbehaving."""
        if how == "hang":
            self.release.wait(60)
            request.close_connection = True
            return True
        if how == "cut":
            request.close_connection = True
            return True
        if how == "late":
            self.release.wait(3)
        return False


class StorageStandIn(StandIn):
    """Objects by bucket and key; an object is written once."""

    def __init__(self, behave=lambda: "well"):
        super().__init__(behave)
        self.objects = {}
        self.puts = 0

    def handle(self, request, body):
        path = request.path.split("?")[0].lstrip("/")
        if request.command != "PUT":
            return self.answer(request, 405)
        how = self.behave()
        if how == "refuse":
            error = "<Error><Code>SlowDown</Code><Message>%s</Message></Error>" % xml.sax.saxutils.escape("as told")
            return self.answer(request, 503, error.encode(), {"Content-Type": "application/xml"})
        with self.lock:
            self.puts += 1
            exists = path in self.objects
            if exists and self.objects[path] != body:
                self.faults.append(f"{path} came again with other bytes")
            if not exists:
                self.objects[path] = body
        if self.misbehave(request, how):
            return None
        if exists and request.headers.get("If-None-Match") == "*":
            error = b"<Error><Code>PreconditionFailed</Code><Message>it exists</Message></Error>"
            return self.answer(request, 412, error, {"Content-Type": "application/xml"})
        return self.answer(request, 200, b"", {"ETag": '"0"'})


class HttpStandIn(StandIn):
    """A receiver of the HTTP endpoint protocol 1.0; what breaks its rules is in `faults`."""

    def __init__(self, access_key=None, behave=lambda: "well"):
        super().__init__(behave)
        self.access_key = access_key
        self.requests = []

    def handle(self, request, body):
        headers = request.headers
        if request.command != "POST":
            self.fault(f"{request.command} is no POST")
        if headers.get("X-Amz-Firehose-Protocol-Version") != "1.0":
            self.fault("the protocol's version is missing")
        if headers.get("X-Amz-Firehose-Access-Key") != self.access_key:
            self.fault("the access key is another")
        if headers.get("Content-Type") != "application/json":
            self.fault(f"Content-Type {headers.get('Content-Type')}")
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        document = json.loads(body)
        identity = headers.get("X-Amz-Firehose-Request-Id")
        if document["requestId"] != identity or not isinstance(document["timestamp"], int):
            self.fault("requestId or timestamp is wrong")
        records = [base64.b64decode(record["data"], validate=True) for record in document["records"]]
        if not 1 <= len(records) <= 10_000:
            self.fault(f"{len(records)} records")
        attributes = json.loads(headers.get("X-Amz-Firehose-Common-Attributes", "{}")).get("commonAttributes", {})
        how = self.behave()
        with self.lock:
            self.requests.append((identity, records, attributes, how))
        if self.misbehave(request, how):
            return None
        status = 500 if how == "refuse" else 200
        reply = {"requestId": identity, "timestamp": document["timestamp"]}
        if status != 200:
            reply["errorMessage"] = "as told"
        return self.answer(request, status, json.dumps(reply).encode(), {"Content-Type": "application/json"})
