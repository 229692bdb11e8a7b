//! What queries yield, what they are refused for, and that every limit holds.

use std::time::{Duration, Instant};

use super::*;

mod random;

const ARRIVAL: Millis = Millis(1_425_599_507_250);

/// Runs `{v: FILTER | tojson}` and shows the value's JSON, or the error in parentheses.
fn show(filter: &str, input: &str) -> String {
    let query = match Query::compile(&format!("{{v: [{filter}] | tojson}}")) {
        Ok(query) => query,
        Err(fault) => return format!("refused: {fault}"),
    };
    match query.run(input.as_bytes(), ARRIVAL) {
        Ok(values) => {
            let text = &values[0].1;
            text[1..text.len() - 1].to_owned()
        }
        Err(QueryError(message)) => format!("({message})"),
    }
}

fn check(cases: &[(&str, &str, &str)]) {
    for (filter, input, expected) in cases {
        assert_eq!(show(filter, input), *expected, "{filter} on {input}");
    }
}

#[test]
fn the_queries_of_the_guide_yield_their_values() {
    let query = Query::compile(
        "{customer_id: .customer_id, device: .type.device, \
         year: .event_timestamp | strftime(\"%Y\"), month: .event_timestamp | strftime(\"%m\"), \
         ok: .ok, n: .n}",
    )
    .unwrap();
    let record = br#"{"type":{"device":"mobile"},"customer_id":"1234567890","ok":true,"n":1.50,
        "event_timestamp":1565382027}"#;
    let values = query.run(record, ARRIVAL).unwrap();
    let values: Vec<_> = values.iter().map(|(k, v)| (&**k, &**v)).collect();
    let expected = [
        ("customer_id", "1234567890"),
        ("device", "mobile"),
        ("year", "2019"),
        ("month", "08"),
        ("ok", "true"),
        ("n", "1.5"),
    ];
    assert_eq!(values, expected);
}

#[test]
fn values_must_be_texts_numbers_or_booleans_of_one_object() {
    for (query, input, message) in [
        ("{a: .a}", "{}", "partitionKeys values must not be null or empty"),
        ("{a: .a}", "{\"a\":\"\"}", "partitionKeys values must not be null or empty"),
        ("{a: .a}", "{\"a\":[]}", "The value of partition key a must not be an array"),
        ("{a: .a}", "{\"a\":{}}", "The value of partition key a must not be an object"),
        (".a", "{\"a\":1}", "The query must yield an object, and yields number"),
        ("empty", "{}", "The query must yield an object, and yields nothing"),
        ("{a: 1}, {a: 2}", "{}", "The query must yield one object, and yields several"),
        ("{a: (1, 2)}", "{}", "The query must yield one object, and yields several"),
        ("{a: .a}", "", "Non JSON record provided"),
        ("{a: .a}", "{\"a\":1}{\"a\":2}", "Non JSON record provided"),
        ("{a: .a}", "[]", "Cannot index array with string \"a\""),
        ("{a: (.a | error)}", "{\"a\":\"my own\"}", "my own"),
        ("{a: (\"x\" * 2000)}", "{}", "a partition key or its value is too long"),
    ] {
        let query = Query::compile(query).unwrap();
        let error = query.run(input.as_bytes(), ARRIVAL).unwrap_err();
        assert_eq!(error.0, message);
    }
    let many = Query::compile("[range(51) | {(tostring): 1}] | add").unwrap();
    assert!(many.run(b"{}", ARRIVAL).unwrap_err().0.contains("too many"));
}

#[test]
fn paths_and_operators_are_those_of_jq() {
    check(&[
        (".a.b[1:][0]", r#"{"a":{"b":[1,2,3]}}"#, "2"),
        (".[-1], .[10], .[1.7]", "[1,2,3]", "3,null,null"),
        (".a?, (.[0]? // 7)", r#"{"a":1}"#, "1,7"),
        (".[]", r#"{"b":1,"a":2}"#, "1,2"),
        ("1 / 2, 4 / 2, 7 % 3, -7 % 3, 1 - 3", "null", "0.5,2,1,-1,-2"),
        ("\"a,b\" / \",\", \"ab\" * 2, (\"a\" * 0)", "null", r#"["a","b"],"abab",null"#),
        (
            "[1,2,1] - [1], {a:1} + {b:2}, {a:{b:1}} * {a:{c:2}}",
            "null",
            r#"[2],{"a":1,"b":2},{"a":{"b":1,"c":2}}"#,
        ),
        ("1 / 0", "null", "(1 and 0 cannot be divided because the divisor is zero)"),
        (".a as [$x, {y: $y}] | $x + $y", r#"{"a":[1,{"y":2}]}"#, "3"),
        ("if . > 1 then \"many\" elif . == 1 then \"one\" else \"none\" end", "1", r#""one""#),
        ("reduce .[] as $x (0; . + $x), [foreach .[] as $x (0; . + $x)]", "[1,2,3]", "6,[1,3,6]"),
        ("try error(\"x\") catch ., (.a? // \"d\")", "[]", r#""x","d""#),
        ("[label $out | 1, 2, break $out, 3]", "null", "[1,2]"),
        ("def f($x): $x * 2; def g: f(.) + 1; g", "3", "7"),
        (
            "[limit(3; repeat(1))], [range(0; 10; 4)], first(range(5)), [.[] | select(. > 1)]",
            "[1,2]",
            "[1,1,1],[0,4,8],0,[2]",
        ),
        ("\"\\(.a)-\\(.b)\", @base64 \"x\\(.a)\"", r#"{"a":"A","b":[1]}"#, r#""A-[1]","xQQ==""#),
        (
            "9007199254740993, 1e1000, 0.1 + 0.2",
            "null",
            "9007199254740993,1.7976931348623157e+308,0.30000000000000004",
        ),
        (".a = 1 | .b.c |= 2 | .d += 1 | .a |= . + 1", "{}", r#"{"a":2,"b":{"c":2},"d":1}"#),
        ("del(.[0, 2]), del(.[] | select(. > 1))", "[1,2,3]", "[2],[1]"),
        (".[2] = 1, (.[1:] = [9])", "[0]", "[0,null,1],[0,9]"),
        (
            "[paths], [leaf_paths], getpath([\"a\",0]), path(.a[0])",
            r#"{"a":[1]}"#,
            r#"[["a"],["a",0]],[["a",0]],1,["a",0]"#,
        ),
        ("[..]", "[[1]]", "[[[1]],[1],1]"),
        ("tostream", "[1]", "[[0],1],[[0]]"),
    ]);
}

const FILTERS_OF_VALUES: &[(&str, &str, &str)] = &[
    ("length, utf8bytelength", "\"äb\"", "2,3"),
    (
        "keys, length, has(\"a\"), to_entries",
        r#"{"b":1,"a":2}"#,
        r#"["a","b"],2,true,[{"key":"b","value":1},{"key":"a","value":2}]"#,
    ),
    (
        "from_entries, with_entries(.value |= 1)",
        r#"[{"name":"a","value":2},{"k":1}]"#,
        r#"{"a":2,"1":null},{"0":1,"1":1}"#,
    ),
    ("with_entries(.value += 1)", r#"{"a":2}"#, r#"{"a":3}"#),
    (
        "map(.a), add, min, max, unique, sort, reverse",
        "[3,1,3]",
        "(Cannot index number with string \"a\")",
    ),
    (
        "add, min, max, unique, sort, reverse, any, all, flatten",
        "[3,1,3]",
        "7,1,3,[1,3],[1,3,3],[3,1,3],true,true,[3,1,3]",
    ),
    (
        "sort_by(.a), group_by(.a), min_by(.a), max_by(.a), unique_by(.a)",
        r#"[{"a":2,"b":1},{"a":1},{"a":2,"b":2}]"#,
        concat!(
            r#"[{"a":1},{"a":2,"b":1},{"a":2,"b":2}],[[{"a":1}],[{"a":2,"b":1},{"a":2,"b":2}]],"#,
            r#"{"a":1},{"a":2,"b":2},[{"a":1},{"a":2,"b":1}]"#
        ),
    ),
    ("add, join(\"-\")", r#"["a","b"]"#, r#""ab","a-b""#),
    ("join(\",\")", r#"["a",1,null,true]"#, r#""a,1,,true""#),
    ("flatten, flatten(1), transpose", "[[1,[2]],[3]]", "[1,2,3],[1,[2],3],[[1,3],[[2],null]]"),
    ("contains(\"b\"), inside(\"abc\"), index(\"b\"), indices(\"b\")", "\"ab\"", "true,true,1,[1]"),
    ("contains([\"b\"]), index(\"b\"), indices([\"b\",\"a\"])", r#"["a","b","a"]"#, "true,1,[1]"),
    (
        "explode, (explode | implode), ascii_downcase, ascii_upcase",
        "\"Ab\"",
        r#"[65,98],"Ab","ab","AB""#,
    ),
    (
        "startswith(\"a\"), endswith(\"c\"), ltrimstr(\"a\"), rtrimstr(\"c\"), split(\"b\")",
        "\"abc\"",
        r#"true,true,"bc","ab",["a","c"]"#,
    ),
    (
        "tojson, (tojson | fromjson), tostring, type",
        r#"{"a":[1.0,null]}"#,
        r#""{\"a\":[1,null]}",{"a":[1,null]},"{\"a\":[1,null]}","object""#,
    ),
    ("tonumber, (tostring | tonumber)", "\"1.50\"", "1.5,1.5"),
    ("tonumber", "\"x\"", "(Cannot parse 'x' as a number)"),
    ("floor, sqrt, pow(.; 2), log2, (. / 3 | ceil), fabs", "4", "4,2,16,2,2,4"),
    ("nan | isnan, (infinite | isinfinite), ([nan] | sort | length)", "0", "true,true,1"),
    ("walk(if type == \"number\" then . + 1 else . end)", r#"[1,{"a":2}]"#, r#"[2,{"a":3}]"#),
    (
        "[.[] | numbers, strings], map(type)",
        r#"[1,"a",null]"#,
        r#"[1,"a"],["number","string","null"]"#,
    ),
    (
        "@base64, (@base64 | @base64d), @uri, @html, @sh",
        "\"a b'<\"",
        r#""YSBiJzw=","a b'<","a%20b'%3C","a b&apos;&lt;","'a b'\\''<'""#,
    ),
    (
        "@csv, @tsv, @json, @text",
        r#"["a\"b",1]"#,
        r#""\"a\"\"b\",1","a\"b\t1","[\"a\\\"b\",1]","[\"a\\\"b\",1]""#,
    ),
    (
        "IN(1, 2), ([1,2] | IN(.[]; 2)), isempty(empty), INDEX(.)",
        "[1]",
        r#"false,true,true,{"1":1}"#,
    ),
    ("[combinations]", "[[1,2],[3]]", "[[1,3],[2,3]]"),
    (
        "[while(. < 10; . * 2)], until(. > 10; . * 2), [recurse(if . < 3 then . + 1 else empty end)]",
        "1",
        "[1,2,4,8],16,[1,2,3]",
    ),
    ("splits(\", *\")", "\"a, b\"", "\"a\",\"b\""),
];

#[test]
fn filters_of_values_are_those_of_jq() {
    check(FILTERS_OF_VALUES);
}

#[test]
fn times_are_those_of_jq() {
    check(&[
        (
            "todate, (todate | fromdate), gmtime, (gmtime | mktime)",
            "1425599507",
            r#""2015-03-05T23:51:47Z",1425599507,[2015,2,5,23,51,47,4,63],1425599507"#,
        ),
        ("strftime(\"%Y/%m/%d %H %j %a\")", "1425599507.9", r#""2015/03/05 23 064 Thu""#),
        (
            "strptime(\"%Y-%m-%dT%H:%M:%SZ\"), (strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime)",
            "\"2015-03-05T23:51:47Z\"",
            "[2015,2,5,23,51,47,4,63],1425599507",
        ),
        (
            "now, (now | floor), (now | todate)",
            "0",
            r#"1425599507.25,1425599507,"2015-03-05T23:51:47Z""#,
        ),
        ("gmtime", "1425599507.25", "[2015,2,5,23,51,47.25,4,63]"),
        ("strflocaltime(\"%H %Z\"), (localtime | mktime)", "1425599507", r#""23 UTC",1425599507"#),
        ("strptime(\"%Y\")", "\"x\"", "(date \"x\" does not match format \"%Y\")"),
        ("strftime(\"%Y\")", "\"x\"", "(strftime/1 requires parsed datetime inputs)"),
        (
            "strftime(\"%Y\")",
            "1e300",
            "(errors converting number of seconds since epoch to datetime)",
        ),
    ]);
}

#[test]
fn regular_expressions_are_those_of_jq() {
    check(&[
        ("test(\"B\"), test(\"B\"; \"i\"), test([\"B\", \"i\"])", "\"abc\"", "false,true,true"),
        (
            "match(\"(a)|(?<n>b)\"; \"g\")",
            "\"äab\"",
            concat!(
                r#"{"offset":1,"length":1,"string":"a","captures":["#,
                r#"{"offset":1,"length":1,"string":"a","name":null},"#,
                r#"{"offset":-1,"string":null,"length":0,"name":"n"}]},"#,
                r#"{"offset":2,"length":1,"string":"b","captures":["#,
                r#"{"offset":-1,"string":null,"length":0,"name":null},"#,
                r#"{"offset":2,"length":1,"string":"b","name":"n"}]}"#
            ),
        ),
        ("capture(\"(?<y>[0-9]+)-(?<m>[0-9]+)\")", "\"2015-03\"", r#"{"y":"2015","m":"03"}"#),
        ("[scan(\"[a-z]\")], [scan(\"(a)(b)\")]", "\"ab1\"", r#"["a","b"],[["a","b"]]"#),
        ("split(\", *\"; null), [splits(\"-\")]", "\"a, b-c\"", r#"["a","b-c"],["a, b","c"]"#),
        (
            "sub(\"(?<x>[a-z])\"; \"<\\(.x)>\"), gsub(\"[a-z]\"; \"-\"), gsub(\"\"; \"-\")",
            "\"äab\"",
            r#""ä<a>b","ä--","-ä-a-b-""#,
        ),
        (
            "test(\"(\")",
            "\"a\"",
            "(( (at offset 0) is not a valid regex: found open group without \
            closing ')')",
        ),
        ("test(\"a\"; \"q\")", "\"a\"", "(q is not a valid modifier string)"),
        ("test(1)", "\"a\"", "(number (1) cannot be matched, as it is not a string)"),
    ]);
}

#[test]
fn a_query_that_does_not_compile_tells_the_place() {
    for (query, message) in [
        (
            "{a: .a,\n b: frobnicate}",
            "line 2, column 5: `frobnicate` is no filter that is known here",
        ),
        ("$x", "line 1, column 1: `$x` is no variable that is known here"),
        ("{a: (.a}", "line 1, column 8: `}` is found where closing parenthesis is expected"),
        ("", "expected term at the end of the query"),
        ("import \"a\" as a; .", "line 1, column 9: `a` is a module, which is not supported"),
        (
            "def f(g): f(g | g); f(.)",
            "line 1, column 5: `f` calls itself with a filter as argument, \
            which is not supported",
        ),
    ] {
        let fault = Query::compile(query).map(|_| ()).unwrap_err();
        assert_eq!(fault, message, "{query}");
    }
    let long = " ".repeat(6000);
    assert!(Query::compile(&long).is_err());
}

#[test]
fn nothing_outside_the_record_can_be_reached() {
    for query in [
        "env",
        "$ENV",
        "input",
        "inputs",
        "[inputs]",
        "debug",
        "debug(\"x\")",
        "stderr",
        "halt",
        "halt_error",
        "input_filename",
        "input_line_number",
        "$__prog_args",
        "get_search_list",
        "getpath_env",
        "include \"a\"; .",
        "modulemeta",
        "$__loc__",
        "builtins",
    ] {
        assert!(Query::compile(query).is_err(), "{query}");
    }
}

const ENDLESS_OR_HUGE: &[&str] = &[
    "[range(1e12)]",
    "last(range(1e18))",
    "range(1; infinite; 0)",
    "[repeat(1)]",
    "last(repeat(1))",
    "def f: f; f",
    "def f: 1 + f; f",
    "def f: [f]; f",
    "def f: f, f; f",
    "def f: f | f; f",
    "def f($x): f($x + 1); f(0)",
    "def f: . + 1 | f; 0 | f",
    "def f: try f catch f; f",
    "def f: (f?) // f; f",
    "def f: label $x | f; f",
    "[recurse]|recurse(.)",
    "recurse(.; true)",
    "until(false; .)",
    "[while(true; .)]",
    "\"a\" * 1e10",
    "\"\" * 1e300 | length",
    "reduce range(100) as $i (\"ab\"; . + .)",
    "reduce range(100) as $i ([1]; . + .)",
    "reduce range(1e6) as $i (0; [.])",
    "reduce range(100) as $i (\"\\\"\"; tojson)",
    "reduce range(100) as $i ({}; {a: ., b: .}) | tojson",
    ".[1e9] = 1",
    "[.[1e15] = 1]",
    "[limit(1e9; repeat(1))]",
    "[foreach range(1e9) as $i (0; . + $i)]",
    "reduce range(1e9) as $i ([]; . + [$i])",
    "[combinations(100)]",
    "[[range(100)] | combinations(9)]",
    "path(recurse(.[0]))",
    "first(path(recurse(.[0])) | select(length > 100000))",
    "[paths(true)] | path(repeat(.[0:]))",
    "def f: if . == null then .[0] | f else . end; path(f)",
    "getpath([range(100000) | \"a\"])",
    "path(getpath([range(100000) | \"a\"]))",
    "setpath([range(100000) | 0]; 1)",
    "[range(100000) | 0] as $p | try setpath($p; 1) catch 1",
    "[range(3000)] | [limit(1e6; repeat(sort))]",
    "[range(30000)] | [limit(1e6; repeat(. == .))]",
    "(\"a\" * 1000000) as $s | [limit(1e6; repeat($s == ($s + \"\")))]",
    "(\"a\" * 1000000) as $s | $s | indices(\"a\" * 500000)",
    "(\"a\" * 1000000) | test(\"(a*)*b\")",
    "(\"a\" * 1000000) | [match(\"(?:.*z)|a\"; \"g\")]",
    "test(\"((a{1000}){1000}){1000}\")",
    "test(\"(\" * 100000)",
    "\"a\" | test(\"(a{50}){50}\")",
    "(\"a\" * 100000) | gsub(\"a\"; \"b\")",
    "[limit(1e6; repeat(\"a\" | test(\"a\\(now)\")))]",
    "[range(100000)] | [.[] as $i | .[] as $j | 1]",
    "[limit(1e6; repeat(now | strftime(\"%c\" * 1000)))]",
    "(\"1\" * 100000) | tonumber | tostring",
    "[limit(1e6; repeat(9e18 * 9e18))]",
    "[range(50000)] | map(tostring) | [limit(1e6; repeat(join(\",\")))]",
    "(\"[\" * 100000) | fromjson",
    "[splits(\"a\"; \"g\")]",
    "[limit(100000; repeat(\"x\"))] | [.[:-1] | .[1:]] | [limit(1e6; repeat(.[0][1:]))]",
    "def f: def g: f; g; f",
    "def f: [.[]? | f] | f; f",
    "def f: reduce f as $x (0; .); f",
    "def f: .a |= f; f",
    "def f: f |= f; f",
    ".. |= (. , .)",
    "def f: {a: f}; f",
    "[limit(1e9; range(1e9))] | length",
];

#[test]
fn every_endless_or_huge_query_ends_soon() {
    let deep = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
    let nested = format!("{}.{}", "(".repeat(2500), ")".repeat(2500));
    let negated = "-".repeat(5000) + "1";
    let mut queries = ENDLESS_OR_HUGE.to_vec();
    queries.extend([&*deep, &*nested, &*negated]);
    for query in queries {
        let started = elapsed();
        let outcome = Query::compile(query).map(|query| query.run(b"{\"a\":[[1,2],[3]]}", ARRIVAL));
        let took = elapsed() - started;
        // Far above what is usual: this is compiled without optimisation, and machines are busy.
        assert!(took < Duration::from_secs(60), "{query} took {took:?}: {outcome:?}");
    }
}

/// Real time, for a bound that only an endless loop exceeds.
#[expect(clippy::disallowed_methods, reason = "no service time is meant")]
fn elapsed() -> Duration {
    use std::sync::LazyLock;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[test]
fn a_run_out_of_its_limits_says_which() {
    for (query, message) in [
        ("last(repeat(1))", meter::Stop::Steps.message()),
        ("\"a\" * 1e10", meter::Stop::Bytes.message()),
        ("def f: 1 + f; f", meter::Stop::Stack.message()),
        ("reduce range(1000) as $i (0; [.])", meter::Stop::Depth.message()),
        ("def f: try f catch f; f", meter::Stop::Stack.message()),
    ] {
        let error = Query::compile(query).unwrap().run(b"{}", ARRIVAL).unwrap_err();
        assert_eq!(error.0, message, "{query}");
    }
}

#[test]
fn a_large_record_leaves_room_for_usual_queries() {
    let items = vec!["{\"p\":1}"; 10_000].join(",");
    let record = format!("{{\"items\":[{items}],\"big\":[{}]}}", vec!["0"; 300_000].join(","));
    let query = Query::compile("{sum: ([.items[].p] | add), n: (.big | length)}").unwrap();
    let values = query.run(record.as_bytes(), ARRIVAL).unwrap();
    assert_eq!(values[0].1, "10000");
    assert_eq!(values[1].1, "300000");
}

#[test]
fn a_query_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Query>();
}
