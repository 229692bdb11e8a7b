"""Compares the service models of botocore with what the server says it supports, and keeps docs/support.md.

The server's side comes from `millstream model`. Every operation, member, constraint, enum value and error of the
operations that are done must be the model's own; what differs on purpose is in DEVIATIONS, with the reason.
"""

import argparse
import difflib
import gzip
import json
import pathlib
import subprocess
import sys

import botocore

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUPPORT = ROOT / "docs" / "support.md"
BOTOCORE = "1.44.5"

# Service -> its title, and its folder in botocore.
SERVICES = {
    "kinesis": ("Data Streams", "kinesis/2013-12-02"),
    "firehose": ("Data Firehose", "firehose/2015-08-04"),
}
# Place (service.operation.input|output.member…) -> what is compared there, and why ours differs.
DEVIATIONS = {}
NOTHING_FAILS = "recorded, and required beside a Prefix with expressions: nothing that failed is written there"
# Members that are kept and shown, but decide nothing: the last parts of their path -> what becomes of them.
RECORDED = {
    "AllowForceDelete": "nothing that could keep a delivery stream from being deleted is asked for; not kept",
    "EndpointConfiguration.Name": "recorded: a name for people",
    "OrcSerDe.BloomFilterFalsePositiveProbability": "recorded: no Bloom filters are written",
    "S3BackupConfiguration.ErrorOutputPrefix": NOTHING_FAILS,
    "S3BackupUpdate.ErrorOutputPrefix": NOTHING_FAILS,
    "S3DestinationConfiguration.ErrorOutputPrefix": NOTHING_FAILS,
    "S3DestinationUpdate.ErrorOutputPrefix": NOTHING_FAILS,
    "SchemaConfiguration.CatalogId": "recorded, and told in error documents: the configuration has one data catalog",
    "SchemaConfiguration.Region": "recorded, and told in error documents: the configuration has one data catalog",
    "RoleARN": "recorded, not evaluated: the server reads and delivers by its own rights. Redshift's is named in COPY",
    "ThroughputHintInMBs": "recorded, not evaluated: intake scales by itself",
}
# Service -> what is refused although its member is done: the value -> when, and what makes it work.
VALUES = {
    "firehose": {
        "`DeliveryStreamType` `MSKAsSource`, `DatabaseAsSource`": "always, as the sources themselves are",
        "`OrcSerDe.BloomFilterColumns`": "unless it is empty: no Bloom filters are written",
        "`KMSEncryptionConfig.AWSKMSKeyARN`": "of a built-in bucket, if it is not the name of a key",
        "`SecretsManagerConfiguration.SecretARN`": "unless the configuration has a secret of this ARN",
        "`DomainARN`": "unless the configuration has an OpenSearch endpoint for it",
        "`LambdaArn`": "unless the configuration has a URL for the function, or an endpoint of Lambda's API",
        "`SchemaConfiguration`": "unless the configuration has the table's schema",
        "`MetadataExtractionQuery`": "if it uses modules, or is no program of JQ",
        "Addresses of destinations": "if the rule of destinations in the configuration does not allow them",
    },
}
# What replies do although the model says otherwise, with the reason. Tests of the clients check it.
REPLIES = {
    "FailedRecordCount of PutRecords is 0 when all went well": "the model says at least 1; the service sends 0",
    "NextShardIterator and ChildShards": "at the end of a closed shard the first is absent and the second is there",
    "`http:` in `ClusterEndpoint` and `Url` of Firehose's destinations": "the pattern asks for `https:`; whether a "
    "plain connection is allowed is for the server's configuration to say",
    "`RoleArn` among the parameters of a processor of type Lambda is kept": "functions are called by what the "
    "configuration says of them",
    "`DynamicPartitioningConfiguration.RetryOptions` is kept, and has nothing to act on": "a prefix that cannot be "
    "evaluated never can: its record goes to the error output at once",
    "Any host in `ClusterJDBCURL`": "the pattern asks for one of Redshift's; PostgreSQL may stand in for it",
    "StreamId is never sent": "clients that see it call AWS's own host of the stream, not the configured endpoint",
}


class Comparison:
    """Collects what was compared and what differs."""

    def __init__(self):
        self.passed = 0
        self.faults = []
        self.used = set()

    def equal(self, place, model, ours):
        if model == ours:
            self.passed += 1
        elif place in DEVIATIONS:
            self.used.add(place)
            self.passed += 1
        else:
            self.faults.append(f"{place}: the model has {model!r}, we have {ours!r}")


def load_model(place):
    if botocore.__version__ != BOTOCORE:
        sys.exit(f"botocore is {botocore.__version__}, the model is compared with {BOTOCORE}")
    folder = pathlib.Path(botocore.__file__).parent / "data" / place
    packed = folder / "service-2.json.gz"
    if packed.exists():
        return json.loads(gzip.decompress(packed.read_bytes()))
    return json.loads((folder / "service-2.json").read_text())


def plain(key, value):
    """A pattern without `^(` and `)$`: the model writes them for some, error texts show none; a match is a whole one."""
    if key == "pattern" and value and value.startswith("^(") and value.endswith(")$"):
        return value[2:-2]
    return value


def compare_shape(comparison, model, place, name, ours):
    shape = model["shapes"][name]
    kind = shape["type"]
    comparison.equal(f"{place}.type", kind, ours["type"])
    if kind != ours["type"]:
        return
    # Constraints of outputs are promises of the service, not checks; ours carry them all the same.
    for key in ("min", "max", "pattern", "enum"):
        if key in shape or key in ours:
            comparison.equal(f"{place}.{key}", plain(key, shape.get(key)), plain(key, ours.get(key)))
    # What the model calls sensitive must not be shown; ours may be more careful.
    if shape.get("sensitive"):
        comparison.equal(f"{place}.sensitive", True, ours.get("sensitive", False))
    if kind == "structure":
        compare_structure(comparison, model, place, shape, ours)
    elif kind == "list":
        compare_shape(comparison, model, f"{place}[]", shape["member"]["shape"], ours["member"])
    elif kind == "map":
        compare_shape(comparison, model, f"{place}{{key}}", shape["key"]["shape"], ours["key"])
        compare_shape(comparison, model, f"{place}{{}}", shape["value"]["shape"], ours["value"])


def compare_structure(comparison, model, place, shape, ours):
    ours_by_name = {member["name"]: member for member in ours["members"]}
    required = set(shape.get("required", []))
    for name, member in shape["members"].items():
        mine = ours_by_name.pop(name, None)
        if mine is None:
            comparison.faults.append(f"{place}.{name}: we do not know this member")
            continue
        comparison.equal(f"{place}.{name}.required", name in required, mine["required"])
        compare_shape(comparison, model, f"{place}.{name}", member["shape"], mine["shape"])
    for name in ours_by_name:
        comparison.faults.append(f"{place}.{name}: the model does not know this member")


def compare(comparison, service, model, ours):
    ours_by_name = {operation["name"]: operation for operation in ours["operations"]}
    comparison.equal(f"{service}.operations", sorted(model["operations"]), sorted(ours_by_name))
    for name, operation in sorted(model["operations"].items()):
        mine = ours_by_name.get(name)
        if mine is None or mine["status"] != "done":
            continue
        place = f"{service}.{name}"
        errors = sorted(error["shape"] for error in operation.get("errors", []))
        comparison.equal(f"{place}.errors", errors, sorted(mine["errors"]))
        for side in ("input", "output"):
            shape = operation.get(side)
            comparison.equal(f"{place}.{side}", shape is not None, mine[side] is not None)
            if shape is not None and mine[side] is not None:
                compare_shape(comparison, model, f"{place}.{side}", shape["shape"], mine[side])


def compare_all(ours):
    comparison = Comparison()
    comparison.equal("services", sorted(SERVICES), sorted(service["name"] for service in ours["services"]))
    for service in ours["services"]:
        _, place = SERVICES[service["name"]]
        compare(comparison, service["name"], load_model(place), service)
    for place in sorted(set(DEVIATIONS) - comparison.used):
        comparison.faults.append(f"{place}: listed as a deviation, but there is none")
    return comparison


def members(shape, place=""):
    """Yields (path, member) of every member but those within one that is refused."""
    if shape is None:
        return
    if shape["type"] == "structure":
        for member in shape["members"]:
            path = f"{place}.{member['name']}".lstrip(".")
            yield path, member
            if "refused" not in member:
                yield from members(member["shape"], path)
    elif shape["type"] == "list":
        yield from members(shape["member"], f"{place}[]")
    elif shape["type"] == "map":
        yield from members(shape["value"], f"{place}{{}}")


def support_of_operations(operations):
    lines = ["| operation | status | refused members |", "| --- | --- | --- |"]
    for operation in operations:
        refused = [path for path, member in members(operation["input"]) if "refused" in member]
        named = ", ".join(f"`{path}`" for path in refused) or "–"
        lines.append(f"| {operation['name']} | {operation['status']} | {named} |")
    return lines


def reasons_of_refusals(operations):
    reasons = {}
    for operation in operations:
        for path, member in members(operation["input"]):
            if "refused" in member:
                reasons.setdefault(path, member["refused"])
    return [f"| `{path}` | {reason} |" for path, reason in sorted(reasons.items())]


def recorded_members(operations):
    """A row for each member that decides nothing, with the structures that hold it."""
    places = {}
    for operation in operations:
        for path, _ in members(operation["input"]):
            for name in RECORDED:
                if f".{path}".endswith(f".{name}"):
                    holder = path.removesuffix(name).rstrip(".") or operation["name"]
                    places.setdefault(name, set()).add(holder)
    return [
        f"| `{name}` of {', '.join(f'`{place}`' for place in sorted(found))} | {RECORDED[name]} |"
        for name, found in sorted(places.items())
    ]


def support_of_service(service):
    title, _ = SERVICES[service["name"]]
    operations = sorted(service["operations"], key=lambda operation: operation["name"])
    done = [operation for operation in operations if operation["status"] == "done"]
    lines = [
        "",
        f"## {title}",
        "",
        f"{len(done)} of {len(operations)} operations are done, with every member, constraint and error of the model",
        "but for what is named below.",
        "",
        *support_of_operations(operations),
        "",
        f"### Why members of {title} are refused",
        "",
        "| member | answer |",
        "| --- | --- |",
        *reasons_of_refusals(done),
    ]
    values = VALUES.get(service["name"], {})
    if values:
        lines += ["", f"### Values of {title} that are refused", "", "| value | when |", "| --- | --- |"]
        lines += [f"| {value} | {when} |" for value, when in sorted(values.items())]
    recorded = recorded_members(done)
    if recorded:
        heading = f"### Members of {title} that are kept and shown, but decide nothing"
        lines += ["", heading, "", "| member | what becomes of it |", "| --- | --- |", *recorded]
    return lines


def support_page(ours):
    lines = [
        "# What is supported",
        "",
        f"Written by `cargo xtask support` from the comparison with botocore {BOTOCORE}; do not edit by hand.",
    ]
    for service in ours["services"]:
        lines += support_of_service(service)
    lines += ["", "## Where replies differ from the models, on purpose", "", "| what | why |", "| --- | --- |"]
    lines += [f"| `{place}` | {reason} |" for place, reason in sorted(DEVIATIONS.items())]
    lines += [f"| {what} | {reason} |" for what, reason in sorted(REPLIES.items())]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the server")
    parser.add_argument("--write", action="store_true", help="write docs/support.md")
    options = parser.parse_args()
    ours = json.loads(subprocess.run([options.binary, "model"], check=True, capture_output=True).stdout)
    comparison = compare_all(ours)
    page = support_page(ours)
    if options.write:
        SUPPORT.write_text(page)
    kept = SUPPORT.read_text() if SUPPORT.exists() else ""
    if kept == page:
        comparison.passed += 1
    else:
        difference = difflib.unified_diff(kept.splitlines(), page.splitlines(), "kept", "now", lineterm="")
        comparison.faults.append("docs/support.md is stale; run `cargo xtask support`\n" + "\n".join(difference))
    print("\n".join(comparison.faults))
    print(f"{comparison.passed} passed, {len(comparison.faults)} failed")
    return 1 if comparison.faults else 0


if __name__ == "__main__":
    sys.exit(main())
