"""What the two SerDes make of JSON, with each of their options, for both formats."""

import base64
import datetime
import decimal

import pytest
from kit import bucket, catalog, convert, firehose, s3, server

__all__ = ["bucket", "catalog", "convert", "firehose", "s3", "server"]

SERIALIZERS = ["ParquetSerDe", "OrcSerDe"]


def at(*when):
    return datetime.datetime(*when)


def naive(value):
    return value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value


# A column's type, the JSON, and what is read; or the message of the error.
OPENX = [
    ("boolean", '"FALSE"', False),
    ("tinyint", "-128", -128),
    ("int", '"20"', 20),
    ("int", '"0x1F"', 31),
    ("double", '"2.25"', 2.25),
    ("string", "1.50", "1.50"),
    ("string", '{"Outer": {"Inner": 1}}', '{"outer":{"inner":1}}'),
    ("varchar(3)", '"abcdef"', "abc"),
    ("decimal(4,2)", "12.345", decimal.Decimal("12.35")),
    ("date", '"2026-9-7"', datetime.date(2026, 9, 7)),
    ("timestamp", "1518033528", at(2018, 2, 7, 19, 58, 48)),
    ("timestamp", '"1518033528123"', at(2018, 2, 7, 19, 58, 48, 123000)),
    ("timestamp", '"2017-02-07T15:13:01.39256Z"', at(2017, 2, 7, 15, 13, 1, 392560)),
    ("array<string>", '"solo"', ["solo"]),
    ("struct<name:string,age:int>", '["Zoe", 9, "more"]', {"name": "Zoe", "age": 9}),
    ("map<string,int>", '{"MixedKey": 1}', [("mixedkey", 1)]),
    ("int", "null", None),
]
OPENX_BAD = [
    ("int", '"oops"', 'For input string: "oops"'),
    ("int", "1.5", 'For input string: "1.5"'),
    ("tinyint", "128", 'For input string: "128"'),
    ("boolean", "1", 'For input string: "1"'),
    ("decimal(4,2)", "12345.67", "Value 12345.67 is out of range for a column of type decimal(4,2)."),
    ("timestamp", '"2026-05-21T14:00:00+00:00"', 'For input string: "2026-05-21T14:00:00+00:00"'),
    ("struct<a:int>", "42", "Data is not JSONObject  but java.lang.Long with value 42"),
]
HIVE = [
    ("boolean", '"true"', True),
    ("int", "1.9", 1),
    ("double", "1", 1.0),
    ("decimal(4,2)", "1.005", decimal.Decimal("1.01")),
    ("string", "1.50", "1.50"),
    ("array<string>", "[1, null]", ["1", None]),
    ("struct<name:string,age:int>", '{"NAME": "Dan", "more": 1}', {"name": "Dan", "age": None}),
    ("map<string,int>", '{"MixedKey": 1}', [("MixedKey", 1)]),
    ("timestamp", '"2026-9-7 1:2:3.5"', at(2026, 9, 7, 1, 2, 3, 500000)),
]
HIVE_BAD = [
    ("int", '"7"', "Current token (VALUE_STRING) not numeric, can not use numeric value accessors"),
    ("array<string>", '"solo"', "java.io.IOException: Start of Array expected"),
    ("struct<a:int>", "[1]", "java.io.IOException: Start of Object expected"),
    ("string", '{"nested": 1}', "One or more fields have incorrect format."),
    ("timestamp", "1518033528", "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]"),
]


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize(
    ("serde", "good", "bad"), [("OpenXJsonSerDe", OPENX, OPENX_BAD), ("HiveJsonSerDe", HIVE, HIVE_BAD)]
)
def test_a_serde_forces_what_it_forces_and_no_more(convert, serde, serializer, good, bad):
    columns = [f"c{n} {case[0]}" for n, case in enumerate(good + bad)]
    records = [f'{{"c{n}": {case[1]}}}' for n, case in enumerate(good + bad)]
    converted = convert(columns, records, {serde: {}}, {serializer: {}})
    rows = converted.rows()
    assert len(rows) == len(good)
    for n, ((kind, text, value), row) in enumerate(zip(good, rows, strict=True)):
        assert naive(row.pop(f"c{n}")) == value, (kind, text)
        assert set(row.values()) == {None}
    errors = {base64.b64decode(error["rawData"]).decode(): error for error in converted.errors}
    assert len(errors) == len(bad)
    for record, (kind, _, message) in zip(records[len(good) :], bad, strict=True):
        assert errors[record]["lastErrorCode"] == "DataFormatConversion.MalformedData"
        assert message in errors[record]["lastErrorMessage"], (kind, record)


OPENX_OPTIONS = [
    ({}, {"TS": 1, "A_B": {"c": 2}}, {"ts": "1", "a_b": {"c": 2}}),
    ({"CaseInsensitive": True}, {"TS": 1, "A_B": {"c": 2}}, {"ts": "1", "a_b": {"c": 2}}),
    ({"CaseInsensitive": False}, {"TS": 1, "a_b": {"c": 2}}, {"ts": None, "a_b": {"c": 2}}),
    ({}, {"a.b": {"c": 2}}, {"ts": None, "a_b": None}),
    ({"ConvertDotsInJsonKeysToUnderscores": True}, {"a.b": {"c": 2}}, {"ts": None, "a_b": {"c": 2}}),
    ({"ConvertDotsInJsonKeysToUnderscores": False}, {"a.b": {"c": 2}}, {"ts": None, "a_b": None}),
    ({"ColumnToJsonKeyMappings": {"ts": "timestamp"}}, {"timestamp": "x", "ts": "no"}, {"ts": "x", "a_b": None}),
]


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize(("options", "record", "row"), OPENX_OPTIONS)
def test_options_of_openx_decide_names(convert, options, record, row, serializer):
    converted = convert(["ts string", "a_b struct<c:int>"], [record], {"OpenXJsonSerDe": options}, {serializer: {}})
    assert converted.rows() == [row] and converted.errors == []


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_formats_of_times_are_tried_in_order(convert, serializer):
    formats = ["yyyy-MM-dd'T'HH:mm:ss", "dd/MM/yyyy", "millis"]
    cases = {
        '"2026-09-07T12:00:02"': at(2026, 9, 7, 12, 0, 2),
        '"07/09/2026"': at(2026, 9, 7),
        "1518033528123": at(2018, 2, 7, 19, 58, 48, 123000),
        '"2026-09-07 12:00:02"': at(2026, 9, 7, 12, 0, 2),
    }
    records = [f'{{"at": {text}}}' for text in cases]
    serde = {"HiveJsonSerDe": {"TimestampFormats": formats}}
    converted = convert(["at timestamp"], [*records, '{"at": "soon"}'], serde, {serializer: {}})
    assert [naive(row["at"]) for row in converted.rows()] == list(cases.values())
    (error,) = converted.errors
    assert base64.b64decode(error["rawData"]) == b'{"at": "soon"}'
