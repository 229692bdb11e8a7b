"""More destinations that tests hold in their hand, as in stand_ins.py: a search cluster, Splunk, functions.

They are stand-ins: written from the published contracts, and stricter on what comes than the real ones.
"""

import base64
import binascii
import collections
import datetime
import json
import re
import urllib.parse
import uuid

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from stand_ins import StandIn

JSON = {"Content-Type": "application/json"}
INDEX_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,254}$")
PAYLOAD_BYTES_MAX = 6 * 1024 * 1024


class SearchStandIn(StandIn):
    """The bulk interface of a search cluster. A document whose `n` is no number breaks the mapping.

    `busy` says of a document (its text, and how often it came) whether its item is answered with 429.
    """

    def __init__(self, authorization=None, types=False, behave=lambda: "well", busy=lambda text, times: False):
        super().__init__(behave)
        self.authorization, self.types, self.busy = authorization, types, busy
        self.indexes = collections.defaultdict(dict)
        self.came = collections.Counter()
        self.requests = []

    def handle(self, request, body):
        if (request.command, request.path) != ("POST", "/_bulk"):
            self.fault(f"{request.command} {request.path}")
        if request.headers.get("Content-Type") != "application/x-ndjson":
            self.fault(f"Content-Type {request.headers.get('Content-Type')}")
        if request.headers.get("Authorization") != self.authorization:
            return self.answer(request, 401, b'{"error":"who are you?","status":401}', JSON)
        how = self.behave()
        if isinstance(how, int):
            return self.answer(request, how, b'{"error":"as told"}', JSON)
        if not body.endswith(b"\n"):
            self.fault("the body does not end with a line break")
        lines = body.split(b"\n")[:-1]
        if not lines or len(lines) % 2:
            self.fault(f"{len(lines)} lines")
        with self.lock:
            self.requests.append((how, lines[1::2]))
            items = [self.item(json.loads(lines[at]), lines[at + 1]) for at in range(0, len(lines) - 1, 2)]
        if self.misbehave(request, how):
            return None
        errors = any("error" in item["index"] for item in items)
        reply = {"took": 1, "errors": errors, "items": items}
        return self.answer(request, 200, json.dumps(reply).encode(), JSON)

    def item(self, action, document):
        (kind,) = action
        told = action[kind]
        allowed = {"_index", "_id", "_type"} if self.types else {"_index", "_id"}
        if kind != "index" or not set(told) <= allowed or not INDEX_NAME.match(told["_index"]):
            self.faults.append(f"action {action}")
        identity = told.get("_id") or uuid.uuid4().hex
        item = {"_index": told["_index"], "_id": identity}
        text = document.decode()
        self.came[text] += 1
        if self.busy(text, self.came[text]):
            error = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}
            return {"index": {**item, "status": 429, "error": error}}
        try:
            source = json.loads(document)
            valid = isinstance(source, dict) and isinstance(source.get("n"), int)
        except ValueError:
            valid = False
        if not valid:
            error = {"type": "mapper_parsing_exception", "reason": "failed to parse"}
            return {"index": {**item, "status": 400, "error": error}}
        index = self.indexes[told["_index"]]
        status = 200 if identity in index else 201
        index[identity] = source
        return {"index": {**item, "status": status, "result": "created"}}

    def numbers(self):
        """How often each number lies in the cluster."""
        return collections.Counter(source["n"] for index in self.indexes.values() for source in index.values())


class SplunkStandIn(StandIn):
    """An HTTP event collector with acknowledgements; `questions` is how often one is asked for until it is given."""

    def __init__(self, token, questions=1, acknowledges=True, behave=lambda: "well"):
        super().__init__(behave)
        self.token, self.questions, self.acknowledges = token, questions, acknowledges
        self.channels = {}
        self.batches = []
        self.refusals = []

    def handle(self, request, body):
        url = urllib.parse.urlsplit(request.path)
        channel = request.headers.get("X-Splunk-Request-Channel")
        if request.command != "POST" or not channel or str(uuid.UUID(channel)) != channel:
            self.fault(f"{request.command} in channel {channel}")
        if urllib.parse.parse_qs(url.query) != {"channel": [channel]}:
            self.fault(f"the query is {url.query}")
        if request.headers.get("Authorization") != f"Splunk {self.token}":
            return self.say(request, 403, {"text": f"Invalid token {request.headers.get('Authorization')}", "code": 4})
        if url.path == "/services/collector/ack":
            return self.acknowledge(request, channel, body)
        if url.path not in ("/services/collector/raw", "/services/collector/event"):
            self.fault(url.path)
            return self.say(request, 404, {"text": "not found", "code": 404})
        how = self.behave()
        if how == "refuse":
            return self.say(request, 503, {"text": "Server is busy", "code": 9})
        if not body:
            return self.say(request, 400, {"text": "No data", "code": 5})
        events = [body]
        if url.path.endswith("/event"):
            events, code = events_of(body)
            if code:
                with self.lock:
                    self.refusals.append(len(events))
                text = {"text": "Invalid data format", "code": code, "invalid-event-number": len(events)}
                return self.say(request, 400, text)
        with self.lock:
            pending = self.channels.setdefault(channel, {})
            identity = len(self.batches)
            self.batches.append({"events": events, "channel": channel, "asked": 0, "indexed": False})
            pending[identity] = self.batches[-1]
        if self.misbehave(request, how):
            return None
        if not self.acknowledges:
            return self.say(request, 200, {"text": "Success", "code": 0})
        taken = {"text": "Success", "code": 0, "ackId": identity}
        return self.say(request, 200, taken, {"Set-Cookie": "NODE=a; Path=/"})

    def acknowledge(self, request, channel, body):
        if request.headers.get("Cookie") != "NODE=a":
            self.fault(f"the cookie is {request.headers.get('Cookie')}")
        if channel not in self.channels:
            return self.say(request, 400, {"text": "Invalid data channel", "code": 11})
        answer = {}
        with self.lock:
            for identity in json.loads(body)["acks"]:
                batch = self.channels[channel].get(identity)
                if batch is None:
                    self.faults.append(f"acknowledgement {identity} is not known")
                    continue
                batch["asked"] += 1
                batch["indexed"] = batch["asked"] >= self.questions
                answer[str(identity)] = batch["indexed"]
                if batch["indexed"]:
                    # An acknowledgement is given once.
                    del self.channels[channel][identity]
        return self.say(request, 200, {"acks": answer})

    def say(self, request, status, body, headers=None):
        return self.answer(request, status, json.dumps(body).encode(), {**JSON, **(headers or {})})

    def indexed(self):
        return [event for batch in self.batches if batch["indexed"] for event in batch["events"]]


def events_of(body):
    """Documents one after the other: those before the first that is not valid, and the collector's code for that."""
    decoder, text, events = json.JSONDecoder(), body.decode(), []
    while text.strip():
        text = text.strip()
        try:
            event, end = decoder.raw_decode(text)
        except ValueError:
            return events, 6
        if not isinstance(event, dict):
            return events, 6
        if "event" not in event:
            return events, 12
        if event["event"] in ("", None):
            return events, 13
        events.append(event)
        text = text[end:]
    return events, None


class FunctionStandIn(StandIn):
    """A function as Firehose calls it. `transform` makes the answer of an event: a document, bytes, or
    (status, headers, document).

    With `arn` it is Lambda's Invoke API for that function, and `keys` (id, secret, region) are what signs requests.
    """

    def __init__(self, transform, arn=None, keys=None):
        super().__init__()
        self.transform, self.arn, self.keys = transform, arn, keys
        self.events = []

    def handle(self, request, body):
        path = "/clean"
        if self.arn:
            path = f"/2015-03-31/functions/{urllib.parse.quote(self.arn, safe='')}/invocations"
            if request.headers.get("X-Amz-Invocation-Type") != "RequestResponse":
                self.fault("it is no synchronous invocation")
        if (request.command, request.path) != ("POST", path):
            self.fault(f"{request.command} {request.path}")
        if request.headers.get("Content-Type") != "application/json":
            self.fault(f"Content-Type {request.headers.get('Content-Type')}")
        if self.keys and not self.is_signed(request, body):
            return self.answer(request, 403, b"{}", {"X-Amzn-ErrorType": "InvalidSignatureException"})
        if len(body) > PAYLOAD_BYTES_MAX:
            self.fault(f"a payload of {len(body)} bytes")
        event = json.loads(body)
        self.check(event)
        with self.lock:
            self.events.append(event)
        told = self.transform(event)
        if isinstance(told, bytes):
            return self.answer(request, 200, told, JSON)
        status, headers, document = told if isinstance(told, tuple) else (200, {}, told)
        return self.answer(request, status, json.dumps(document).encode(), {**JSON, **headers})

    def check(self, event):
        records = event["records"]
        members = {"invocationId", "deliveryStreamArn", "region", "records"}
        of_record = {"recordId", "approximateArrivalTimestamp", "data"}
        if "sourceKinesisStreamArn" in event:
            members.add("sourceKinesisStreamArn")
            of_record.add("kinesisRecordMetadata")
        if set(event) != members or not records:
            self.fault(f"members {sorted(event)}")
        if len({record["recordId"] for record in records}) != len(records):
            self.fault("an id came twice")
        for record in records:
            if set(record) != of_record:
                self.fault(f"members {sorted(record)}")
            if not isinstance(record["approximateArrivalTimestamp"], int):
                self.fault("the arrival is no number")
            try:
                base64.b64decode(record["data"], validate=True)
            except binascii.Error:
                self.fault("data are not in base64")

    def is_signed(self, request, body):
        """Whether botocore would have signed the request so."""
        key, secret, region = self.keys
        given = re.match(
            r"AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$",
            request.headers.get("Authorization", ""),
        )
        at = request.headers.get("X-Amz-Date", "")
        if not given or given[1] != f"{key}/{at[:8]}/{region}/lambda/aws4_request":
            self.fault(f"Authorization {request.headers.get('Authorization')}, X-Amz-Date {at}")
            return False
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.strptime(at + "+0000", "%Y%m%dT%H%M%SZ%z")
        if abs(age) > datetime.timedelta(minutes=5):
            self.fault(f"signed at {at}")
        headers = {name: request.headers[name] for name in given[2].split(";")}
        signed = AWSRequest("POST", self.url + request.path, headers, body)
        signed.context["timestamp"] = at
        signer = SigV4Auth(Credentials(key, secret), "lambda", region)
        canonical = signer.canonical_request(signed)
        expected = signer.signature(signer.string_to_sign(signed, canonical), signed)
        if expected != given[3]:
            self.fault("the signature is another")
        return expected == given[3]


def data_of(event):
    """The records' data, in order."""
    return [base64.b64decode(record["data"]) for record in event["records"]]


def reply_to(event, each):
    """The answer to an event: `each` makes (result, data) of a record's data."""
    records = []
    for record in event["records"]:
        result, data = each(base64.b64decode(record["data"]))
        answer = {"recordId": record["recordId"], "result": result}
        if data is not None:
            answer["data"] = base64.b64encode(data).decode()
        records.append(answer)
    return {"records": records}
