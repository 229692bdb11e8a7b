//! Programs put together at random: whatever they do, they end, and the same way each time.

use millstream_types::{Random, SeededRandom};

use super::*;

/// What a program is made of; `$` stands for another piece.
const PIECES: &[&str] = &[
    ".",
    "..",
    ".a",
    ".[]",
    ".[]?",
    ".[0]",
    ".[1:]",
    ".a?",
    "1",
    "\"a\"",
    "[]",
    "{}",
    "null",
    "now",
    "empty",
    "[$]",
    "{a: $}",
    "{($): $}",
    "($ | $)",
    "($, $)",
    "($ // $)",
    "($ + $)",
    "($ - $)",
    "($ * $)",
    "($ / $)",
    "($ % $)",
    "($ == $)",
    "($ < $)",
    "($ and $)",
    "-($)",
    "($)?",
    ".[$]",
    ".[$:$]",
    "\"\\($)\"",
    "@base64 \"\\($)\"",
    "($ |= $)",
    "($ = $)",
    "($ += $)",
    "($ //= $)",
    "if $ then $ else $ end",
    "try $ catch $",
    "$ as $x | ($, $x)",
    "$ as [$x, {a: $y}] | ($x, $y)",
    "reduce $ as $x ($; $)",
    "foreach $ as $x ($; $; $)",
    "label $l | ($, break $l)",
    "def f: $ | f; f",
    "def f: $, f; f",
    "def f: $ + f; f",
    "def f: (f)? // $; f",
    "def f($x): f($x + $); f($)",
    "def g(h): h | $; g($)",
    "path($)",
    "paths",
    "del($)",
    "map($)",
    "select($)",
    "recurse($)",
    "limit(3; $)",
    "first($)",
    "last($)",
    "until($; $)",
    "while($; $)",
    "repeat($)",
    "range($)",
    "range($; $; $)",
    "sort_by($)",
    "group_by($)",
    "min_by($)",
    "unique",
    "add",
    "any",
    "flatten",
    "transpose",
    "walk($)",
    "to_entries",
    "with_entries($)",
    "from_entries",
    "getpath($)",
    "setpath($; $)",
    "tojson",
    "fromjson",
    "tonumber",
    "tostring",
    "length",
    "keys",
    "has($)",
    "contains($)",
    "indices($)",
    "split($)",
    "join($)",
    "ltrimstr($)",
    "explode",
    "implode",
    "test($)",
    "[match($; \"g\")]",
    "capture($)",
    "sub($; $)",
    "gsub($; $)",
    "[scan($)]",
    "gmtime",
    "mktime",
    "todate",
    "strftime($)",
    "strptime($)",
    "error",
    "error($)",
    "type",
    "floor",
    "sqrt",
    "@csv",
    "@sh",
    "@uri",
    "combinations",
    "tostream",
    "isempty($)",
    "IN($)",
    "INDEX($)",
    "env",
    "input",
];

fn below(random: &SeededRandom, most: usize) -> usize {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    (u64::from_le_bytes(bytes) % most as u64) as usize
}

fn program(random: &SeededRandom, left: &mut u32, out: &mut String) {
    let piece =
        if *left == 0 { PIECES[below(random, 15)] } else { PIECES[below(random, PIECES.len())] };
    *left = left.saturating_sub(1);
    let mut chars = piece.chars().peekable();
    while let Some(char) = chars.next() {
        // A letter behind it makes it a variable.
        if char == '$' && !chars.peek().is_some_and(char::is_ascii_alphabetic) {
            program(random, left, out);
        } else {
            out.push(char);
        }
    }
}

#[test]
fn random_programs_end_the_same_way_each_time() {
    let random = SeededRandom::new(5);
    let mut compiled = 0;
    for _ in 0..400 {
        let mut text = String::new();
        program(&random, &mut 12, &mut text);
        let Ok(query) = Query::compile(&format!("{{v: [limit(5; {text})] | tojson}}")) else {
            continue;
        };
        compiled += 1;
        let record = b"{\"a\":[1,\"b\",null,{\"a\":[[\"c\",2.5]]}]}";
        assert_eq!(query.run(record, ARRIVAL), query.run(record, ARRIVAL), "{text}");
    }
    assert!(compiled > 100, "{compiled}");
}
