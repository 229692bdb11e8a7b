use super::super::{ErrorType, Prefixes};
use super::*;

/// 2018-08-27 10:30 UTC, the instant of the developer guide's examples.
const AT: Millis = Millis(1_535_365_800_000);

fn evaluate(prefix: &Prefix, error_type: Option<ErrorType>) -> Result<String, NamingError> {
    let mut draws = 0_u8;
    prefix.evaluate(Values {
        at: AT,
        zone: &Zone::utc(),
        error_type: error_type.map(ErrorType::as_str),
        partition: &|kind, key| match (kind, key) {
            (Kind::Query, "customer_id") => Some("1234567890"),
            (Kind::Function, "device") => Some("mobile"),
            (Kind::Query | Kind::Function, _) => None,
        },
        random: &mut |bytes| {
            draws += 1;
            bytes.fill(draws);
        },
    })
}

fn data(prefix: &str) -> String {
    let prefixes = Prefixes::new(Some(prefix), None).unwrap();
    evaluate(&prefixes.data, None).unwrap()
}

fn errors(prefix: Option<&str>, error_prefix: Option<&str>) -> String {
    let prefixes = Prefixes::new(prefix, error_prefix).unwrap();
    evaluate(&prefixes.errors, Some(ErrorType::Processing)).unwrap()
}

#[test]
fn a_prefix_that_does_not_say_when_gets_the_hour() {
    for (prefix, expected) in [
        ("", "2018/08/27/10/"),
        ("legacy", "legacy2018/08/27/10/"),
        ("myFirehosePrefix/", "myFirehosePrefix/2018/08/27/10/"),
        ("{year}/!x{", "{year}/!x{2018/08/27/10/"),
        // A random string says no more of when than text does.
        ("!{firehose:random-string}/", "lsv6s5hqmf0/2018/08/27/10/"),
    ] {
        let got = data(prefix);
        if prefix.contains("random") {
            assert!(got.ends_with("/2018/08/27/10/"), "{got}");
        } else {
            assert_eq!(got, expected, "{prefix}");
        }
    }
}

#[test]
fn a_prefix_that_says_when_or_which_partition_stands_as_it_is() {
    for (prefix, expected) in [
        ("!{timestamp:yyyy/MM/dd}", "2018/08/27"),
        (
            "myPrefix/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/",
            "myPrefix/year=2018/month=08/day=27/hour=10/",
        ),
        (
            "a/!{timestamp:'year='yyyy'/month='MM'/day='dd'/hour='HH}/",
            "a/year=2018/month=08/day=27/hour=10/",
        ),
        ("customer_id=!{partitionKeyFromQuery:customer_id}/", "customer_id=1234567890/"),
        ("!{partitionKeyFromLambda:device}", "mobile"),
    ] {
        assert_eq!(data(prefix), expected, "{prefix}");
    }
}

#[test]
fn error_prefixes_with_expressions_stand_as_they_are() {
    for (prefix, expected) in [
        (
            "myFirehoseFailures/!{firehose:error-output-type}/",
            "myFirehoseFailures/processing-failed/",
        ),
        (
            "f/!{firehose:error-output-type}/!{timestamp:yyyy}/anyMonth/!{timestamp:dd}",
            "f/processing-failed/2018/anyMonth/27",
        ),
        (
            "!{firehose:error-output-type}!{firehose:error-output-type}",
            "processing-failedprocessing-failed",
        ),
    ] {
        assert_eq!(errors(None, Some(prefix)), expected, "{prefix}");
    }
}

#[test]
fn errors_without_expressions_get_type_and_hour() {
    let tail = "processing-failed/2018/08/27/10/";
    assert_eq!(errors(None, None), tail);
    assert_eq!(errors(Some("mine/"), None), format!("mine/{tail}"));
    assert_eq!(errors(Some("mine"), Some("")), format!("mine{tail}"));
    assert_eq!(errors(Some("!{timestamp:yyyy}/"), Some("bad/")), format!("bad/{tail}"));
}

#[test]
fn each_use_of_a_random_string_draws_a_new_one() {
    let got = data("!{firehose:random-string}/!{firehose:random-string}/!{timestamp:yyyy}");
    let strings: Vec<_> = got.split('/').collect();
    assert_ne!(strings[0], strings[1]);
    for string in &strings[..2] {
        assert_eq!(string.len(), RANDOM_CHARACTERS);
        assert!(string.bytes().all(|byte| RANDOM_ALPHABET.contains(&byte)), "{string}");
    }
}

#[test]
fn all_timestamps_of_an_evaluation_are_the_same_instant_in_the_zone() {
    let tokyo = Zone::parse("Asia/Tokyo").unwrap();
    let prefix = Prefix::parse("!{timestamp:HH}-!{timestamp:HH}").unwrap();
    let values = Values {
        at: AT,
        zone: &tokyo,
        error_type: None,
        partition: &|_, _| None,
        random: &mut |_| {},
    };
    assert_eq!(prefix.evaluate(values).unwrap(), "19-19");
}

#[test]
fn the_types_of_errors_are_awss() {
    let prefix = Prefix::parse("!{firehose:error-output-type}").unwrap();
    let got = ErrorType::ALL.map(|error| evaluate(&prefix, Some(error)).unwrap());
    assert_eq!(
        got,
        [
            "processing-failed",
            "decompression-failed",
            "format-conversion-failed",
            "AmazonOpenSearchService-failed",
            "splunk-failed",
            "http-endpoint-failed",
        ]
    );
    assert_eq!(evaluate(&prefix, None), Err(NamingError::NoErrorTypeGiven));
}

#[test]
fn what_is_no_expression_is_refused() {
    let text = String::from;
    for (prefix, expected) in [
        ("a!{timestamp:yyyy", NamingError::Unclosed),
        ("!{", NamingError::Unclosed),
        ("!{a!{timestamp:yyyy}}", NamingError::Nested),
        ("!{yyyy}", NamingError::NoNamespace(text("yyyy"))),
        ("!{}", NamingError::NoNamespace(String::new())),
        ("!{time:yyyy}", NamingError::UnknownNamespace(text("time"))),
        ("!{ firehose:random-string}", NamingError::UnknownNamespace(text(" firehose"))),
        ("!{firehose:uuid}", NamingError::UnknownValue(text("uuid"))),
        ("!{partitionKeyFromQuery:}", NamingError::NoKeyName(Kind::Query)),
        ("!{partitionKeyFromLambda:}", NamingError::NoKeyName(Kind::Function)),
        ("!{timestamp:}", NamingError::pattern("", "it is empty")),
    ] {
        assert_eq!(Prefix::parse(prefix), Err(expected), "{prefix}");
    }
    assert!(Prefix::parse("!{timestamp:yyyy/bb}").unwrap_err().to_string().contains("letter b"));
}

#[test]
fn partition_keys_are_told_once_each_and_needed() {
    let prefix = Prefix::parse(
        "!{partitionKeyFromQuery:a}!{partitionKeyFromLambda:a}!{partitionKeyFromQuery:a}/!{partitionKeyFromQuery:b}",
    )
    .unwrap();
    let keys = [(Kind::Query, "a"), (Kind::Function, "a"), (Kind::Query, "b")];
    assert_eq!(prefix.partition_keys(), keys);
    let missing = NamingError::NoValue { kind: Kind::Query, key: "a".to_owned() };
    assert_eq!(evaluate(&prefix, None), Err(missing));
}

#[test]
fn an_evaluated_prefix_has_at_most_512_characters() {
    let longest = Prefix::parse(&"é".repeat(PREFIX_BYTES_MAX / 2)).unwrap();
    assert!(evaluate(&longest, None).is_ok());
    let fits = Prefix::parse(&"x".repeat(PREFIX_CHARACTERS_MAX)).unwrap();
    assert!(evaluate(&fits, None).is_ok());
    for long in ["x".repeat(PREFIX_CHARACTERS_MAX + 1), "日".repeat(PREFIX_BYTES_MAX / 3 + 1)] {
        let prefix = Prefix::parse(&long).unwrap();
        assert_eq!(evaluate(&prefix, None), Err(NamingError::PrefixTooLong));
    }
}
