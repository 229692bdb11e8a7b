//! What Hive's SerDe makes of JSON.

use super::column;

const HIVE: &str = r#"{"HiveJsonSerDe": {}}"#;

#[test]
fn what_fits_fits() {
    let cases = [
        ("boolean", "true", "true"),
        ("boolean", r#""true""#, "true"),
        ("int", "1.9", "1"),
        ("int", "-1e2", "-100"),
        ("double", "1", "1.0"),
        ("decimal(4,2)", "1.005", "1.01"),
        ("string", "1.50", r#""1.50""#),
        ("array<string>", "[1, 2, null]", r#"["1", "2", null]"#),
        (
            "struct<name:string,age:int>",
            r#"{"NAME": "Dan", "extra": 1}"#,
            r#"{name: "Dan", age: null}"#,
        ),
        ("map<string,int>", r#"{"MixedKey": 1}"#, r#"{"MixedKey" -> 1}"#),
        ("map<int,int>", r#"{"7": 1}"#, "{7 -> 1}"),
        ("date", r#""2026-9-7""#, "2026-09-07"),
        ("timestamp", r#""2026-9-7 1:2:3.5""#, "2026-09-07 01:02:03.500 +00:00"),
        ("int", "null", "null"),
    ];
    for (kind, value, expected) in cases {
        assert_eq!(column(kind, HIVE, value).as_deref(), Ok(expected), "{kind} {value}");
    }
}

#[test]
fn what_openx_forces_fails() {
    let numeric = "not numeric, can not use numeric value accessors";
    let array = "java.io.IOException: Start of Array expected";
    let object = "java.io.IOException: Start of Object expected";
    let field = "One or more fields have incorrect format. Exception when validating field (root)";
    let time = "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]";
    let cases = [
        ("int", r#""7""#, &*format!("Current token (VALUE_STRING) {numeric}")),
        ("double", "true", &*format!("Current token (VALUE_TRUE) {numeric}")),
        ("decimal(4,2)", "[1]", &*format!("Current token (START_ARRAY) {numeric}")),
        ("tinyint", "128", "Value 128 is out of range for a column of type tinyint."),
        ("boolean", r#""maybe""#, r#"For input string: "maybe""#),
        ("string", r#"{"nested": 1}"#, field),
        ("array<string>", r#"[{"MixedKey": 1}]"#, field),
        ("array<string>", r#""solo""#, array),
        ("map<string,array<string>>", r#"{"k": "notanarray"}"#, array),
        ("struct<a:int>", "[1]", object),
        ("struct<a:int>", "42", object),
        ("map<string,int>", "[1]", object),
        ("timestamp", "1518033528", time),
        ("timestamp", r#""2026-09-07T12:00:02Z""#, time),
    ];
    for (kind, value, message) in cases {
        assert_eq!(column(kind, HIVE, value).unwrap_err(), message, "{kind} {value}");
    }
}

#[test]
fn formats_are_tried_in_order_then_javas_own() {
    let hive = r#"{"HiveJsonSerDe": {"TimestampFormats": ["yyyy-MM-dd'T'HH:mm:ss", "dd/MM/yyyy", "millis"]}}"#;
    let cases = [
        ("timestamp", r#""2026-09-07T12:00:02""#, "2026-09-07 12:00:02.000 +00:00"),
        ("timestamp", r#""07/09/2026""#, "2026-09-07 00:00:00.000 +00:00"),
        ("timestamp", "1518033528123", "2018-02-07 19:58:48.123 +00:00"),
        ("timestamp", r#""2026-09-07 12:00:02""#, "2026-09-07 12:00:02.000 +00:00"),
        ("date", r#""07/09/2026""#, "2026-09-07"),
        ("date", r#""2026-09-07""#, "2026-09-07"),
    ];
    for (kind, value, expected) in cases {
        assert_eq!(column(kind, hive, value).as_deref(), Ok(expected), "{kind} {value}");
    }
    assert!(column("timestamp", hive, r#""soon""#).is_err());
}
