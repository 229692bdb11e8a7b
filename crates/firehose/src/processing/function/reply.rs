//! Reading what a function answered: strictly, within limits, and without keeping what is not asked for.

use std::borrow::Cow;

use millstream_wire::json::{JsonReader, Number, Reader};
use millstream_wire::{Fault, Kind};

use crate::processing::limits::{
    BATCH_RECORDS_MAX, PARTITION_TEXT_BYTES_MAX, PARTITION_VALUES_MAX,
};

/// What the answer says of one record.
#[derive(Debug, Default, PartialEq)]
pub struct Answer<'a> {
    /// `recordId`.
    pub id: Option<Cow<'a, str>>,
    /// `result`.
    pub result: Option<Cow<'a, str>>,
    /// `data`, still base64.
    pub data: Option<Cow<'a, str>>,
    /// `metadata.partitionKeys`.
    pub partition: Partition,
}

/// The partition keys of an answer.
#[derive(Debug, PartialEq)]
pub enum Partition {
    /// The keys with their values; none if the member is absent.
    Keys(Vec<(String, String)>),
    /// A value is null, a list or a map, or there is too much: why.
    Unusable(&'static str),
}

impl Default for Partition {
    fn default() -> Self {
        Partition::Keys(Vec::new())
    }
}

/// The answer is not what the contract asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

impl From<Fault> for Malformed {
    fn from(_: Fault) -> Self {
        Malformed
    }
}

/// Reads an answer: what it says of each record, in its order. An answer without `records` says nothing of any.
pub fn read(payload: &[u8]) -> Result<Vec<Answer<'_>>, Malformed> {
    let mut reader = JsonReader::new(payload);
    let mut answers = Vec::new();
    if reader.peek()? != Kind::Map {
        // `null` and the like: valid JSON that says nothing of any record.
        reader.skip()?;
        reader.finish()?;
        return Ok(answers);
    }
    let mut scope = reader.map()?;
    while let Some(key) = reader.key(&mut scope)? {
        match (&*key, reader.peek()?) {
            ("records", Kind::List) => answers = read_records(&mut reader)?,
            ("records", Kind::Null) => reader.simple()?,
            ("records", _) => return Err(Malformed),
            _ => reader.skip()?,
        }
    }
    reader.finish()?;
    Ok(answers)
}

fn read_records<'a>(reader: &mut JsonReader<'a>) -> Result<Vec<Answer<'a>>, Malformed> {
    let mut answers = Vec::new();
    let mut scope = reader.list()?;
    while reader.element(&mut scope)? {
        // More than twice what was asked about can only be repetitions.
        if answers.len() >= 2 * BATCH_RECORDS_MAX || reader.peek()? != Kind::Map {
            return Err(Malformed);
        }
        answers.push(read_answer(reader)?);
    }
    Ok(answers)
}

fn read_answer<'a>(reader: &mut JsonReader<'a>) -> Result<Answer<'a>, Malformed> {
    let mut answer = Answer::default();
    let mut scope = reader.map()?;
    while let Some(key) = reader.key(&mut scope)? {
        match &*key {
            "recordId" => answer.id = text_or_null(reader)?,
            "result" => answer.result = text_or_null(reader)?,
            "data" => answer.data = text_or_null(reader)?,
            "metadata" => answer.partition = read_metadata(reader)?,
            _ => reader.skip()?,
        }
    }
    Ok(answer)
}

fn text_or_null<'a>(reader: &mut JsonReader<'a>) -> Result<Option<Cow<'a, str>>, Malformed> {
    match reader.peek()? {
        Kind::Text => Ok(Some(reader.text()?)),
        Kind::Null => {
            reader.simple()?;
            Ok(None)
        }
        _ => Err(Malformed),
    }
}

fn read_metadata(reader: &mut JsonReader<'_>) -> Result<Partition, Malformed> {
    let mut partition = Partition::default();
    if reader.peek()? != Kind::Map {
        reader.skip()?;
        return Ok(partition);
    }
    let mut scope = reader.map()?;
    while let Some(key) = reader.key(&mut scope)? {
        match (&*key, reader.peek()?) {
            ("partitionKeys", Kind::Map) => partition = read_partition(reader)?,
            ("partitionKeys", Kind::Null) => reader.simple()?,
            ("partitionKeys", _) => {
                reader.skip()?;
                partition = Partition::Unusable("partitionKeys must be a map");
            }
            _ => reader.skip()?,
        }
    }
    Ok(partition)
}

fn read_partition(reader: &mut JsonReader<'_>) -> Result<Partition, Malformed> {
    let mut keys = Vec::new();
    let mut unusable = None;
    let mut scope = reader.map()?;
    while let Some(key) = reader.key(&mut scope)? {
        let key = key.into_owned();
        match scalar(reader)? {
            Some(value) if value.is_empty() => {
                unusable = Some("partitionKeys values must not be null or empty");
            }
            Some(value) if key.len().max(value.len()) > PARTITION_TEXT_BYTES_MAX => {
                unusable = Some("a partition key or its value is too long");
            }
            Some(_) if keys.len() >= PARTITION_VALUES_MAX => {
                unusable = Some("too many partition keys");
            }
            Some(value) => keys.push((key, value)),
            None => unusable = Some("partitionKeys values must not be null or empty"),
        }
    }
    Ok(unusable.map_or(Partition::Keys(keys), Partition::Unusable))
}

/// A value as text; `None` for what has no text of its own.
fn scalar(reader: &mut JsonReader<'_>) -> Result<Option<String>, Malformed> {
    Ok(match reader.peek()? {
        Kind::Text => Some(reader.text()?.into_owned()),
        Kind::Number => Some(match reader.number()? {
            Number::Integer(number) => number.to_string(),
            Number::Float(number) => number.to_string(),
        }),
        kind @ (Kind::True | Kind::False) => {
            reader.simple()?;
            Some((kind == Kind::True).to_string())
        }
        Kind::Null | Kind::List | Kind::Map | Kind::Bytes | Kind::Tagged => {
            reader.skip()?;
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_json_or_not_of_the_shape_is_malformed() {
        for payload in [
            "",
            "{",
            "{}x",
            "{\"records\":{}}",
            "{\"records\":\"x\"}",
            "{\"records\":[1]}",
            "{\"records\":[{\"recordId\":1}]}",
            "{\"records\":[{\"data\":[]}]}",
            "{\"records\":[{\"result\":true}]}",
            "{\"records\":[{}]",
        ] {
            assert_eq!(read(payload.as_bytes()), Err(Malformed), "{payload}");
        }
    }

    #[test]
    fn an_answer_without_records_says_nothing() {
        for payload in ["{}", "null", "[]", "\"x\"", "{\"records\":null}", "{\"records\":[]}"] {
            assert_eq!(read(payload.as_bytes()), Ok(Vec::new()), "{payload}");
        }
    }

    #[test]
    fn members_are_read_and_unknown_ones_skipped() {
        let payload = br#"{"x":[{}],"records":[{"recordId":"1","result":"Ok","data":"YQ==","y":1,
            "metadata":{"otfMetadata":{},"partitionKeys":{"a":"b","n":1,"f":1.5,"t":true}}},
            {"recordId":"2","data":null}]}"#;
        let answers = read(payload).unwrap();
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0].id.as_deref(), Some("1"));
        assert_eq!(answers[0].result.as_deref(), Some("Ok"));
        assert_eq!(answers[0].data.as_deref(), Some("YQ=="));
        let keys = [("a", "b"), ("n", "1"), ("f", "1.5"), ("t", "true")];
        let keys = keys.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(answers[0].partition, Partition::Keys(keys.to_vec()));
        assert_eq!(answers[1].data, None);
    }

    #[test]
    fn partition_keys_without_a_text_are_unusable() {
        for keys in ["{\"a\":null}", "{\"a\":[]}", "{\"a\":{}}", "{\"a\":\"\"}", "[]"] {
            let payload =
                format!("{{\"records\":[{{\"metadata\":{{\"partitionKeys\":{keys}}}}}]}}");
            let answers = read(payload.as_bytes()).unwrap();
            assert!(matches!(answers[0].partition, Partition::Unusable(_)), "{keys}");
        }
    }
}
