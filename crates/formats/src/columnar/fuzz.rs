//! The entry point for fuzzing.

use super::{Converter, Schema, Type};

const SERDES: [&str; 3] = [
    r#"{"OpenXJsonSerDe": {}}"#,
    r#"{"OpenXJsonSerDe": {"CaseInsensitive": false, "ConvertDotsInJsonKeysToUnderscores": true}}"#,
    r#"{"HiveJsonSerDe": {"TimestampFormats": ["yyyy-MM-dd'T'HH:mm:ss.SSSZ", "EEE, dd MMM yy hh:mm a", "millis"]}}"#,
];
const FORMATS: [&str; 3] = [
    r#"{"ParquetSerDe": {"EnableDictionaryCompression": true}}"#,
    r#"{"OrcSerDe": {}}"#,
    r#"{"OrcSerDe": {"Compression": "NONE", "FormatVersion": "V0_11"}}"#,
];

/// Takes the first line as a type and what follows as a record, through both SerDes to both formats. A type is the same
/// when it is read from what it is written as; a record is converted or fails, and what was converted can be written.
pub fn fuzz_serde(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (first, rest) = input.split_at(end);
    let Ok(text) = std::str::from_utf8(first) else { return };
    let _ = Schema::parse(text);
    let Ok(kind) = Type::parse(text) else { return };
    assert_eq!(Type::parse(&kind.to_string()).as_ref(), Ok(&kind));
    let record = rest.get(1..).unwrap_or_default();
    let table =
        serde_json::json!({"StorageDescriptor": {"Columns": [{"Name": "c", "Type": text}]}});
    for serde in SERDES {
        for format in FORMATS {
            let Ok(converter) = Converter::new(&table.to_string(), serde, format) else { continue };
            let converted =
                converter.convert([record].into_iter()).expect("writing to memory does not fail");
            assert_eq!(converted.bytes.is_some(), converted.rows > 0);
            assert_eq!(
                converted.failed.is_empty(),
                converted.rows > 0,
                "all of a record or nothing"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fuzz_serde;

    #[test]
    fn seeds_pass() {
        let seeds = [
            "array<map<string,struct<a:int,b:decimal(10,2)>>>\n{\"c\": [{\"K\": {\"a\": 1, \"B\": \"2.5\"}}, null]}",
            "timestamp\n{\"c\": \"2026-09-07 12:00:02.5\"}{\"c\": 1e12}",
            "int",
            "varchar(3)\n\u{0}",
        ];
        for seed in seeds {
            fuzz_serde(seed.as_bytes());
        }
    }
}
