//! Taking apart records that hold several (processor `RecordDeAggregation`). Nothing is copied.
//!
//! Source: developer guide, "Apply dynamic partitioning to aggregated data"; botocore, `PutRecord`: a record of more
//! than 500 is not taken apart but passed on whole.

use std::fmt;

use memchr::memmem::Finder;
use serde::de::IgnoredAny;

/// Most records in a record.
pub const SUB_RECORDS_MAX: usize = 500;

/// The JSON objects of a record, which stand behind each other or on lines of their own, without what is between them.
/// More than [`SUB_RECORDS_MAX`] give the whole record as one.
///
/// # Errors
/// [`NotObjects`] if there is anything else, arrays and commas included, or no object at all.
pub fn json(data: &[u8]) -> Result<Vec<&[u8]>, NotObjects> {
    let mut objects = Vec::new();
    let mut values = serde_json::Deserializer::from_slice(data).into_iter::<IgnoredAny>();
    let mut end = 0;
    while let Some(spaces) = data[end..].iter().position(|byte| !is_space(*byte)) {
        let start = end + spaces;
        // What does not begin as an object does is not even read.
        if data[start] != b'{' {
            return Err(NotObjects { at: start });
        }
        match values.next() {
            Some(Ok(IgnoredAny)) => end = values.byte_offset(),
            Some(Err(_)) | None => return Err(NotObjects { at: start }),
        }
        if objects.len() == SUB_RECORDS_MAX {
            return Ok(vec![data]);
        }
        objects.push(&data[start..end]);
    }
    if objects.is_empty() { Err(NotObjects { at: data.len() }) } else { Ok(objects) }
}

/// JSON's white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What lies between delimiters, without them. Where nothing lies there is no record: a delimiter at the end makes no
/// empty one. More than [`SUB_RECORDS_MAX`] give the whole record as one, and so does an empty delimiter.
pub fn delimited<'a>(data: &'a [u8], delimiter: &[u8]) -> Vec<&'a [u8]> {
    if delimiter.is_empty() {
        return vec![data];
    }
    let finder = Finder::new(delimiter);
    let mut parts = Vec::new();
    let mut rest = data;
    loop {
        let (part, after) = match finder.find(rest) {
            Some(at) => (&rest[..at], Some(&rest[at + delimiter.len()..])),
            None => (rest, None),
        };
        if !part.is_empty() {
            if parts.len() == SUB_RECORDS_MAX {
                return vec![data];
            }
            parts.push(part);
        }
        match after {
            Some(after) => rest = after,
            None => return parts,
        }
    }
}

/// A record is not a sequence of JSON objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotObjects {
    /// Where something else begins, in bytes from its start.
    pub at: usize,
}

impl fmt::Display for NotObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no valid JSON object at byte {} of the record", self.at)
    }
}

impl std::error::Error for NotObjects {}

/// Entry point for fuzzing: what is taken apart lies within the record, in order, and can be taken apart no further.
pub fn fuzz_deaggregate(input: &[u8]) {
    if let Ok(objects) = json(input) {
        check_parts(input, &objects);
        for object in &objects {
            assert!(objects.len() == 1 || json(object) == Ok(vec![*object]));
        }
    }
    let (delimiter, data) = input.split_at(input.len().min(1 + input.len() % 3));
    let parts = delimited(data, delimiter);
    check_parts(data, &parts);
    if parts != [data] {
        assert!(parts.iter().all(|part| delimited(part, delimiter) == [*part]));
    }
}

fn check_parts(data: &[u8], parts: &[&[u8]]) {
    assert!(parts.len() <= SUB_RECORDS_MAX);
    let range = data.as_ptr_range();
    let mut end = range.start;
    for part in parts {
        let part = part.as_ptr_range();
        assert!(end <= part.start && part.end <= range.end);
        end = part.end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(data: &str) -> Result<Vec<&str>, NotObjects> {
        let objects = json(data.as_bytes())?;
        Ok(objects.into_iter().map(|object| std::str::from_utf8(object).unwrap()).collect())
    }

    #[test]
    fn objects_stand_behind_each_other_or_on_lines() {
        for (data, expected) in [
            (r#"{"a":1}"#, vec![r#"{"a":1}"#]),
            (r#"{"a":1}{"a":2}"#, vec![r#"{"a":1}"#, r#"{"a":2}"#]),
            ("{\"a\":1}\n{\"a\":2}\n", vec![r#"{"a":1}"#, r#"{"a":2}"#]),
            (" \r\n{} \t{}", vec!["{}", "{}"]),
            (
                "{\"a\":\n [1, {\"}\": \"\\\"{\"}]\n}{}",
                vec!["{\"a\":\n [1, {\"}\": \"\\\"{\"}]\n}", "{}"],
            ),
        ] {
            assert_eq!(texts(data), Ok(expected), "{data}");
        }
    }

    #[test]
    fn anything_else_is_named_by_its_place() {
        for (data, at) in [
            ("", 0),
            ("  ", 2),
            ("[{\"a\":1}, {\"a\":2}]", 0),
            ("{\"a\":1},{\"a\":2}", 7),
            ("{} {\"a\":}", 3),
            ("{}{", 2),
            ("1", 0),
            ("{}null", 2),
            ("\u{feff}{}", 0),
            ("{\"a\":1,}", 0),
        ] {
            assert_eq!(texts(data), Err(NotObjects { at }), "{data}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(texts(&deep), Ok(vec![deep.as_str()]));
        assert!(texts(&deep[..deep.len() - 1]).is_err());
    }

    #[test]
    fn more_than_500_are_not_taken_apart() {
        let most = "{}\n".repeat(SUB_RECORDS_MAX);
        assert_eq!(texts(&most).unwrap().len(), SUB_RECORDS_MAX);
        let more = "{}\n".repeat(SUB_RECORDS_MAX + 1);
        assert_eq!(texts(&more), Ok(vec![more.as_str()]));
        let most = "x,".repeat(SUB_RECORDS_MAX);
        assert_eq!(delimited(most.as_bytes(), b",").len(), SUB_RECORDS_MAX);
        let more = "x,".repeat(SUB_RECORDS_MAX + 1);
        assert_eq!(delimited(more.as_bytes(), b","), [more.as_bytes()]);
    }

    #[test]
    fn delimiters_are_taken_out_and_nothing_is_no_record() {
        let check = |data: &str, delimiter: &str, expected: &[&str]| {
            let parts = delimited(data.as_bytes(), delimiter.as_bytes());
            let expected: Vec<_> = expected.iter().map(|part| part.as_bytes()).collect();
            assert_eq!(parts, expected, "{data} by {delimiter}");
        };
        check("a####b####c", "####", &["a", "b", "c"]);
        check("a####b####", "####", &["a", "b"]);
        check("########a", "####", &["a"]);
        check("a##b", "####", &["a##b"]);
        check("", "####", &[]);
        check("####", "####", &[]);
        check("a#####b", "####", &["a", "#b"]);
        check("abc", "", &["abc"]);
        check("one\ntwo\r\n", "\n", &["one", "two\r"]);
    }
}
