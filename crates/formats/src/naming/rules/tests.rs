use super::*;

const QUERY: Keys<'_> = Keys { query: Some(&["customer"]), function: false };
const FUNCTION: Keys<'_> = Keys { query: None, function: true };
const NONE: Keys<'_> = Keys { query: None, function: false };
const ERRORS: Option<&str> = Some("bad/!{firehose:error-output-type}/");

#[test]
fn plain_prefixes_need_no_error_prefix() {
    for prefix in [None, Some(""), Some("a/b")] {
        assert_eq!(check_prefix(prefix, None, false, NONE), Ok(()), "{prefix:?}");
        assert_eq!(check_prefix(prefix, Some(""), false, NONE), Ok(()), "{prefix:?}");
        assert_eq!(check_prefix(prefix, Some("plain"), false, NONE), Ok(()), "{prefix:?}");
        assert_eq!(check_prefix(prefix, ERRORS, false, NONE), Ok(()), "{prefix:?}");
    }
}

#[test]
fn a_prefix_with_expressions_needs_an_error_prefix() {
    let expected = "The supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix cannot be null \
                    or empty when Prefix contains expressions";
    for prefix in ["!{timestamp:yyyy}", "!{firehose:random-string}"] {
        for errors in [None, Some("")] {
            let fault = check_prefix(Some(prefix), errors, false, NONE).unwrap_err();
            assert_eq!(fault, NamingError::NoErrorPrefix);
            assert_eq!(fault.to_string(), expected);
        }
        assert_eq!(check_prefix(Some(prefix), ERRORS, false, NONE), Ok(()));
        assert_eq!(check_prefix(Some(prefix), Some("plain/"), false, NONE), Ok(()));
    }
}

#[test]
fn the_type_of_error_belongs_into_error_prefixes_with_expressions_and_only_there() {
    let error = |prefix, errors| check_prefix(prefix, errors, false, NONE);
    assert_eq!(error(None, Some("!{timestamp:yyyy}/")), Err(NamingError::NoErrorType));
    assert_eq!(error(ERRORS, ERRORS), Err(NamingError::ErrorTypeOfData));
    assert_eq!(error(ERRORS, None), Err(NamingError::ErrorTypeOfData));
    assert_eq!(error(None, Some("!{firehose:random-string}!{firehose:error-output-type}")), Ok(()));
}

#[test]
fn partition_keys_need_dynamic_partitioning_and_who_makes_them() {
    let query = Some("c=!{partitionKeyFromQuery:customer}/");
    let function = Some("c=!{partitionKeyFromLambda:any}/");
    assert_eq!(check_prefix(query, ERRORS, true, QUERY), Ok(()));
    assert_eq!(check_prefix(function, ERRORS, true, FUNCTION), Ok(()));
    for (prefix, errors, partitioned, keys, expected) in [
        (query, ERRORS, false, QUERY, NamingError::NotPartitioned),
        (query, ERRORS, true, FUNCTION, NamingError::NoProcessor(Kind::Query)),
        (function, ERRORS, true, QUERY, NamingError::NoProcessor(Kind::Function)),
        (
            Some("!{partitionKeyFromQuery:other}"),
            ERRORS,
            true,
            QUERY,
            NamingError::UnknownKey("other".to_owned()),
        ),
        (query, None, true, QUERY, NamingError::NoErrorPrefix),
        (Some("plain/"), ERRORS, true, QUERY, NamingError::NoPartitionKey),
        (None, ERRORS, true, QUERY, NamingError::NoPartitionKey),
        (
            query,
            Some("!{firehose:error-output-type}/!{partitionKeyFromQuery:customer}"),
            true,
            QUERY,
            NamingError::PartitionedErrors,
        ),
    ] {
        let got = check_prefix(prefix, errors, partitioned, keys);
        assert_eq!(got, Err(expected), "{prefix:?} {errors:?}");
    }
}

#[test]
fn what_will_always_be_too_long_is_refused() {
    let long = "x".repeat(500);
    assert_eq!(check_prefix(Some(&long), None, false, NONE), Err(NamingError::PrefixTooLong));
    assert_eq!(check_prefix(Some(&long), ERRORS, false, NONE), Err(NamingError::PrefixTooLong));
    let fits = "x".repeat(480);
    assert_eq!(check_prefix(Some(&fits), ERRORS, false, NONE), Ok(()));
    let padded = format!("!{{timestamp:{}H}}", "p".repeat(600));
    assert_eq!(check_prefix(Some(&padded), ERRORS, false, NONE), Err(NamingError::PrefixTooLong));
}

#[test]
fn what_is_no_expression_is_refused_in_either() {
    for bad in ["!{", "!{nothing:x}", "!{timestamp:zzzz}"] {
        assert!(check_prefix(Some(bad), ERRORS, false, NONE).is_err(), "{bad}");
        assert!(check_prefix(None, Some(bad), false, NONE).is_err(), "{bad}");
    }
}
