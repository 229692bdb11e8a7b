"""What people see of channels: list, flush and logs."""

import json
import re

import pytest
from conftest import until
from delivery import call, failed_call
from test_commands import run
from test_channels import FRESHNESS, advance, arrived, lines, make_channel, make_source, numbers, put, settled, source


def succeeded(server, *arguments):
    return run(server, "delivery", *arguments)


def logging(enabled=True, **more):
    return {"CloudWatchLogs": {"Enabled": enabled, **more}}


def test_a_flush_does_not_wait_for_the_freshness(server, kinesis, s3, bucket, source):
    channel = make_channel(kinesis, source, bucket)
    name, arn, ident = channel["ChannelName"], channel["ChannelARN"], channel["ChannelId"]
    for number, target in enumerate([("--channel", name), ("--channel", ident), ("--channel", arn), (arn,)]):
        put(kinesis, source, numbers(10 * number, 10 * number + 10))
        succeeded(server, "flush", *target)
        assert sorted(lines(s3, bucket)) == sorted(numbers(0, 10 * number + 10))


def test_what_a_channel_logs_is_shown_where_it_was_asked_for(server, kinesis, s3, bucket, source):
    missing = f"{bucket}-missing"
    named = logging(LogGroupName="/my/group", LogStreamName="mine")
    channel = make_channel(kinesis, source, missing, LoggingConfiguration=named)
    arn, name = channel["ChannelARN"], channel["ChannelName"]
    assert succeeded(server, "logs", "--channel", name) == ""
    put(kinesis, source, numbers(0, 10))
    advance(server, FRESHNESS)
    shown = until(lambda: succeeded(server, "logs", "--channel", name, "--json")).splitlines()
    first = json.loads(shown[0])
    assert (first["group"], first["stream"]) == ("/my/group", "mine")
    entry = json.loads(first["message"])
    assert entry["channelARN"] == arn and missing in entry["message"], entry
    assert entry["errorCode"].startswith("S3."), entry
    assert missing in succeeded(server, "logs", arn, "--limit", "1")
    # The last entries stay when there are no more.
    kinesis.update_channel(ChannelARN=arn, LoggingConfiguration=logging(False))
    settled(kinesis, arn)
    s3.create_bucket(Bucket=missing)
    arrived(s3, missing, numbers(0, 10))
    events = call(server, "GetDeliveryLogs", {"Channel": channel["ChannelId"], "Limit": 1000})["Events"]
    assert [event["LogGroupName"] for event in events] == ["/my/group"] * len(events) and events


def test_nothing_is_logged_where_nothing_is_enabled(server, kinesis, s3, bucket, source):
    missing = f"{bucket}-missing"
    channel = make_channel(kinesis, source, missing)
    assert channel["LoggingConfiguration"]["CloudWatchLogs"]["Enabled"] is False
    put(kinesis, source, numbers(0, 10))
    advance(server, FRESHNESS)
    log = server.home / "log.txt"
    until(lambda: f"bucket {missing} does not exist" in log.read_text())
    assert succeeded(server, "logs", "--channel", channel["ChannelName"]) == ""
    # The change gets a version of its own, and counts for what is tried again.
    group = f"/aws/kinesis/{channel['ChannelName']}/{channel['ChannelId']}"
    kinesis.update_channel(ChannelARN=channel["ChannelARN"], LoggingConfiguration=logging())
    settled(kinesis, channel["ChannelARN"])
    put(kinesis, source, numbers(10, 20))

    def logged():
        advance(server, FRESHNESS)
        return succeeded(server, "logs", "--channel", channel["ChannelName"], "--json")

    first = json.loads(until(logged).splitlines()[0])
    assert (first["group"], first["stream"]) == (group, "DestinationDelivery")


def test_channels_are_listed(server, kinesis, bucket, source, name):
    first = make_channel(kinesis, source, bucket)
    second = make_channel(kinesis, make_source(kinesis, f"{name}-b"), bucket)
    listed = {entry["id"]: entry for entry in json.loads(succeeded(server, "list", "--channels", "--json"))}
    for channel, stream in ((first, source), (second, f"{name}-b")):
        assert listed[channel["ChannelId"]] == {
            "name": channel["ChannelName"], "id": channel["ChannelId"], "arn": channel["ChannelARN"],
            "status": "ACTIVE", "reason": None, "stream": stream,
        }
    head, *rows = [line.split() for line in succeeded(server, "list", "--channels").splitlines()]
    assert head == ["NAME", "ID", "STATUS", "STREAM"]
    assert [first["ChannelName"], first["ChannelId"], "ACTIVE", source] in rows


def test_what_is_not_there_is_said(server, kinesis, bucket, source):
    channel = make_channel(kinesis, source, bucket)
    for target in ("no-such-channel", channel["ChannelARN"][:-1] + "_", "arn:aws:s3:::bucket"):
        with pytest.raises(AssertionError, match=re.escape(target)):
            succeeded(server, "logs", "--channel", target)
    # A channel is no delivery stream.
    with pytest.raises(AssertionError, match="not found"):
        succeeded(server, "flush", channel["ChannelName"])
    for named in ({}, {"DeliveryStreamName": "a", "Channel": "b"}):
        code, message = failed_call(server, "FlushDeliveryStream", named)
        assert code == "InvalidArgumentException" and "Channel" in message, message
