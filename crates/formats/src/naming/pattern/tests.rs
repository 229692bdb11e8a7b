use super::*;

/// What Java prints.
const JAVA: &str = include_str!("java17.tsv");

fn format(pattern: &str, millis: u64, zone: &str) -> String {
    let zone = Zone::parse(zone).unwrap();
    Pattern::parse(pattern).unwrap().format(Millis(millis), &zone)
}

fn why_not(pattern: &str) -> String {
    Pattern::parse(pattern).unwrap_err().to_string()
}

#[test]
fn patterns_print_what_java_prints() {
    let (mut zone, mut millis, mut seen) = ("", 0, 0);
    for line in JAVA.lines().skip(1) {
        if let Some(moment) = line.strip_prefix("# ") {
            let (name, at) = moment.split_once(' ').unwrap();
            (zone, millis) = (name, at.parse().unwrap());
            continue;
        }
        let (pattern, expected) = line.split_once('\t').unwrap();
        assert_eq!(format(pattern, millis, zone), expected, "{pattern} at {millis} in {zone}");
        seen += 1;
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn quotes_are_texts_as_in_java() {
    for (pattern, expected) in [
        ("''", "'"),
        ("''''", "'"),
        ("'''abc'", "'abc"),
        ("'a''b'yyyy''", "a'b1970'"),
        ("'year='yyyy'/m{}#['", "year=1970/m{}#["),
        ("yyyy-MM é", "1970-01 é"),
    ] {
        assert_eq!(format(pattern, 0, "UTC"), expected, "{pattern}");
    }
}

#[test]
fn what_java_refuses_is_refused() {
    for pattern in [
        "MMMMMM",
        "GGGGGG",
        "ddd",
        "HHH",
        "mmm",
        "sss",
        "cc",
        "eeeeee",
        "EEEEEE",
        "QQQQQQ",
        "qqqqqq",
        "SSSSSSSSSS",
        "DDDD",
        "WW",
        "www",
        "FF",
        "aa",
        "BB",
        "BBB",
        "BBBBBB",
        "V",
        "VVV",
        "zzzzz",
        "OO",
        "OOO",
        "XXXXXX",
        "xxxxxx",
        "ZZZZZZ",
        "p",
        "pp",
        "pp[H]",
        "pp-H",
        "pp'x'",
        "'abc",
        "yyyy'",
        "#",
        "{",
        "}",
        "]",
        "[yyyy]]",
        "hhh",
        "KKK",
        "kkk",
        "ccccccc",
        "yyyyyyyyyyyyyyyyyyyy",
        "AAAAAAAAAAAAAAAAAAAA",
        "nnnnnnnnnnnnnnnnnnnn",
    ] {
        assert!(Pattern::parse(pattern).is_err(), "{pattern}");
    }
    for letter in "bCfiIjJloPrRtTU".chars() {
        assert!(why_not(&letter.to_string()).contains(&format!("letter {letter} has no meaning")));
    }
}

#[test]
fn what_cannot_be_done_is_named() {
    assert!(why_not("yyyy zzzz").contains("(zzzz)"));
    assert!(why_not("v").contains("(v)"));
    assert!(why_not("vvvv").contains("(v)"));
    assert!(why_not("MMMMMM").contains("too many letters M"));
}

#[test]
fn a_pad_that_is_too_narrow_keeps_the_text_whole() {
    assert_eq!(format("ppyyyy", 0, "UTC"), "1970");
    assert_eq!(format("pppppH", 0, "UTC"), "    0");
}

#[test]
fn after_the_year_9999_time_stands_still() {
    assert_eq!(format("yyyy", u64::MAX, "UTC"), "9999");
    assert_eq!(format("yyyy-MM-dd", u64::MAX, "Asia/Tokyo"), "9999-12-31");
}

#[test]
fn a_zone_without_letters_is_abbreviated_as_the_database_does() {
    assert_eq!(format("z", 1_535_365_805_123, "Asia/Bangkok"), "+07");
}
