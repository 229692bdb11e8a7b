//! What OpenX's SerDe makes of JSON.

use super::{column, convert, converter, rows};

const OPENX: &str = r#"{"OpenXJsonSerDe": {}}"#;
const PARQUET: &str = r#"{"ParquetSerDe": {}}"#;

#[track_caller]
fn all_fit(cases: &[(&str, &str, &str)]) {
    for (kind, value, expected) in cases {
        assert_eq!(column(kind, OPENX, value).as_deref(), Ok(*expected), "{kind} {value}");
    }
}

#[track_caller]
fn none_fits(cases: &[(&str, &str, &str)]) {
    for (kind, value, message) in cases {
        assert_eq!(column(kind, OPENX, value).unwrap_err(), *message, "{kind} {value}");
    }
}

#[test]
fn scalars_fit_with_some_force() {
    all_fit(&[
        ("boolean", "true", "true"),
        ("boolean", r#""FALSE""#, "false"),
        ("tinyint", "-128", "-128"),
        ("smallint", r#""32767""#, "32767"),
        ("int", r#""20""#, "20"),
        ("int", r#""0x1F""#, "31"),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("float", "1.5", "1.5"),
        ("double", r#""2.25""#, "2.25"),
        ("double", r#"" 1e3 ""#, "1000.0"),
        ("double", r#""NaN""#, "NaN"),
        ("string", "1.50", r#""1.50""#),
        ("string", "true", r#""true""#),
        ("string", r#""é\n""#, "\"é\n\""),
        (
            "string",
            r#"{"Outer": {"Inner": 1}, "a": [null]}"#,
            r#""{"outer":{"inner":1},"a":[null]}""#,
        ),
        ("string", r#"[{"MixedKey": "V"}]"#, r#""[{"mixedkey":"V"}]""#),
        ("varchar(3)", r#""abcdef""#, r#""abc""#),
        ("char(2)", r#""äöü""#, r#""äö""#),
        ("int", "null", "null"),
        ("array<int>", "null", "null"),
    ]);
}

#[test]
fn scalars_that_do_not_fit_fail_in_javas_words() {
    none_fits(&[
        ("double", r#""oops""#, r#"For input string: "oops""#),
        ("boolean", r#""maybe""#, r#"For input string: "maybe""#),
        ("boolean", "1", r#"For input string: "1""#),
        ("int", "1.5", r#"For input string: "1.5""#),
        ("int", r#"" 1""#, r#"For input string: " 1""#),
        ("int", r#""0x-1""#, r#"For input string: "0x-1""#),
        ("int", r#""""#, r#"For input string: """#),
        ("tinyint", "128", r#"For input string: "128""#),
        ("bigint", "9223372036854775808", r#"For input string: "9223372036854775808""#),
        ("double", "1e1000", "Value 1e1000 is out of range for a column of type double."),
        ("float", "1e100", "Value 1e100 is out of range for a column of type float."),
        ("double", r#""inf""#, r#"For input string: "inf""#),
        ("int", "[1]", "A column of type int cannot hold a JSON array."),
        ("date", "{}", "A column of type date cannot hold a JSON object."),
        ("date", "7", r#"For input string: "7""#),
    ]);
    let long = format!("\"{}\"", "x".repeat(500));
    let message = column("int", OPENX, &long).unwrap_err();
    assert_eq!(message.len(), r#"For input string: """#.len() + 100);
}

#[test]
fn decimals_keep_their_digits_and_round_half_up() {
    all_fit(&[
        ("decimal(4,2)", "12.345", "12.35"),
        ("decimal(4,2)", r#""-12.345""#, "-12.35"),
        ("decimal(22,2)", "12345678901234567890.12", "12345678901234567890.12"),
        (
            "decimal(38,0)",
            "99999999999999999999999999999999999999",
            "99999999999999999999999999999999999999",
        ),
        ("decimal(22,2)", r#""1e-1000000000""#, "0.00"),
        ("decimal", "0e1000000000", "0"),
    ]);
    none_fits(&[
        (
            "decimal(4,2)",
            "12345.67",
            "Value 12345.67 is out of range for a column of type decimal(4,2).",
        ),
        ("decimal(2,0)", "99.5", "Value 99.5 is out of range for a column of type decimal(2,0)."),
        (
            "decimal(22,2)",
            r#""1e2147483647""#,
            "Value 1e2147483647 is out of range for a column of type decimal(22,2).",
        ),
        ("decimal(4,2)", r#""much""#, r#"For input string: "much""#),
    ]);
}

#[test]
fn times_are_those_of_the_documentation() {
    all_fit(&[
        ("date", r#""2026-9-7""#, "2026-09-07"),
        ("timestamp", r#""2017-02-07T15:13:01.39256Z""#, "2017-02-07 15:13:01.392 +00:00"),
        ("timestamp", r#""2017-2-7 15:13:01.14""#, "2017-02-07 15:13:01.140 +00:00"),
        ("timestamp", "1518033528", "2018-02-07 19:58:48.000 +00:00"),
        ("timestamp", r#""1518033528123""#, "2018-02-07 19:58:48.123 +00:00"),
        ("timestamp", "1518033528.123", "2018-02-07 19:58:48.123 +00:00"),
        ("timestamp", "-1000", "1969-12-31 23:43:20.000 +00:00"),
    ]);
    none_fits(&[
        ("date", r#""2026-02-30""#, r#"For input string: "2026-02-30""#),
        ("timestamp", r#""2026-9-7T12:00:02Z""#, r#"For input string: "2026-9-7T12:00:02Z""#),
        (
            "timestamp",
            r#""2026-05-21T14:00:00+00:00""#,
            r#"For input string: "2026-05-21T14:00:00+00:00""#,
        ),
        (
            "timestamp",
            "999999999999",
            "Value 999999999999 is out of range for a column of type timestamp.",
        ),
    ]);
}

#[test]
fn nested_values_are_made_to_fit() {
    all_fit(&[
        ("array<string>", r#""notanarray""#, r#"["notanarray"]"#),
        ("array<int>", "[1, null, 3]", "[1, null, 3]"),
        ("array<int>", "[]", "[]"),
        ("struct<name:string,age:int>", r#"["Zoe", 9, "ignored"]"#, r#"{name: "Zoe", age: 9}"#),
        ("struct<name:string,age:int>", r#"["Zoe"]"#, r#"{name: "Zoe", age: null}"#),
        (
            "struct<name:string,age:int>",
            r#"{"NAME": "Bob", "extra": 1}"#,
            r#"{name: "Bob", age: null}"#,
        ),
        ("struct<name:string,age:int>", "{}", "{name: null, age: null}"),
        (
            "map<string,array<string>>",
            r#"{"MixedKey": "v", "k": null}"#,
            r#"{"mixedkey" -> ["v"], "k" -> null}"#,
        ),
        ("map<string,int>", r#"{"A": 1, "b": 2, "a": 3}"#, r#"{"a" -> 3, "b" -> 2}"#),
        ("map<int,string>", r#"{"1": "x", "01": "y"}"#, r#"{1 -> "y"}"#),
        ("map<string,int>", "{}", "{}"),
        (
            "array<array<struct<a:array<int>>>>",
            r#"[[{"a": [1, 2]}, null], [], null]"#,
            "[[{a: [1, 2]}, null], [], null]",
        ),
    ]);
    none_fits(&[
        ("struct<a:int>", "42", "Data is not JSONObject  but java.lang.Long with value 42"),
        ("struct<a:int>", r#""x""#, "Data is not JSONObject  but java.lang.String with value x"),
        ("map<string,int>", "[1]", "A map column cannot hold a JSON array."),
        ("map<string,int>", "1", "A map column cannot hold a JSON scalar."),
        ("map<int,int>", r#"{"x": 1}"#, r#"For input string: "x""#),
        ("array<struct<qty:int>>", r#"[{"qty": "oops"}]"#, r#"For input string: "oops""#),
    ]);
}

#[test]
fn names_match_as_the_options_say() {
    let found = |options: &str, record: &str| {
        let deserializer = format!(r#"{{"OpenXJsonSerDe": {options}}}"#);
        let columns = ["ts string", "a_b struct<C:int>"];
        let converted = convert(&converter(&columns, &deserializer, PARQUET), &[record]);
        rows(converted.bytes.unwrap()).remove(0)
    };
    let nothing = "{ts: null, a_b: null}";
    let record = r#"{"TS": 1, "A_B": {"c": 2}, "unknown": [[]]}"#;
    assert_eq!(found("{}", record), r#"{ts: "1", a_b: {C: 2}}"#);
    assert_eq!(found(r#"{"CaseInsensitive": false}"#, record), nothing);
    let exact = r#"{"ts": 1, "a_b": {"C": 2}}"#;
    assert_eq!(found(r#"{"CaseInsensitive": false}"#, exact), r#"{ts: "1", a_b: {C: 2}}"#);
    assert_eq!(found("{}", r#"{"a.b": {"C": 2}}"#), nothing);
    let dots = r#"{"ConvertDotsInJsonKeysToUnderscores": true}"#;
    assert_eq!(found(dots, r#"{"a.B": {"C": 2}}"#), r#"{ts: null, a_b: {C: 2}}"#);
    let mapped = r#"{"ColumnToJsonKeyMappings": {"ts": "Timestamp"}}"#;
    assert_eq!(found(mapped, r#"{"timestamp": "now", "ts": "no"}"#), r#"{ts: "now", a_b: null}"#);
    assert_eq!(found("{}", r#"{"ts": 1, "ts": 2, "Ts": 3}"#), r#"{ts: "3", a_b: null}"#);
}

#[test]
fn records_hold_one_object_or_several_and_fail_alone() {
    let converter = converter(&["a int"], OPENX, PARQUET);
    let records = [
        r#"{"a": 1}{"a": 2}
           {"a": 3}"#,
        "",
        " \n",
        "no json",
        r#"[{"a": 4}]"#,
        "5",
        r#"{"a": 6}{"a": "x"}"#,
        r#"{"a": 7} and more"#,
        r#"{"a": 8}"#,
    ];
    let converted = convert(&converter, &records);
    assert_eq!(converted.rows, 4);
    assert_eq!(rows(converted.bytes.unwrap()), ["{a: 1}", "{a: 2}", "{a: 3}", "{a: 8}"]);
    let failed: Vec<_> =
        converted.failed.iter().map(|f| (f.index, f.code, f.message.as_str())).collect();
    let (parse, malformed) =
        ("DataFormatConversion.ParseError", "DataFormatConversion.MalformedData");
    let primitive = "The input JSON contained a primitive at the top level. The top level must be an object or array.";
    let empty = "The record was empty or contained only whitespace.";
    let no_json = "Encountered malformed JSON. Unexpected character 'n' at byte 0";
    assert_eq!(failed[0], (1, malformed, empty));
    assert_eq!(failed[1], (2, malformed, empty));
    assert_eq!(failed[2], (3, parse, no_json));
    assert_eq!((failed[3].0, failed[3].1), (4, malformed));
    assert_eq!(failed[4], (5, malformed, primitive));
    assert_eq!(
        failed[5],
        (6, malformed, r#"Data does not match the schema. For input string: "x""#)
    );
    assert_eq!((failed[6].0, failed[6].1), (7, parse));
    assert_eq!(failed.len(), 7);
}
