//! ORC files as a whole. What readers find in them is tested with the foreign reader of `conformance/`; here it is that
//! they stay the same, byte by byte, and have the parts that readers look for.

use super::{convert, converter};
use crate::columnar::Converter;

const OPENX: &str = r#"{"OpenXJsonSerDe": {}}"#;
const COLUMNS: [&str; 6] = [
    "id int",
    "name string",
    "tags array<string>",
    "price decimal(6,2)",
    "at timestamp",
    "pairs map<string,boolean>",
];

fn orc(columns: &[&str], options: &str) -> Converter {
    converter(columns, OPENX, &format!(r#"{{"OrcSerDe": {options}}}"#))
}

#[test]
fn files_begin_and_end_as_specified() {
    for (options, version) in
        [("{}", 12), (r#"{"FormatVersion": "V0_11", "Compression": "ZLIB"}"#, 11)]
    {
        let converter = orc(&COLUMNS, options);
        assert_eq!(converter.extension(), ".orc");
        let records = [
            r#"{"id": 1, "name": "a", "tags": ["x"], "price": 1.5, "at": 0, "pairs": {"k": true}}"#,
            "{}",
        ];
        let converted = convert(&converter, &records);
        assert_eq!((converted.rows, converted.failed.len()), (2, 0));
        let bytes = converted.bytes.unwrap();
        assert_eq!(convert(&converter, &records).bytes.as_ref(), Some(&bytes), "the same again");
        assert!(bytes.starts_with(b"ORC"));
        let (length, rest) = bytes.split_last().unwrap();
        let postscript = &rest[rest.len() - usize::from(*length)..];
        assert!(postscript.ends_with(b"ORC"));
        assert!(postscript.windows(4).any(|part| part == [0x22, 2, 0, version]), "{postscript:?}");
    }
}

#[test]
fn stripes_are_bounded_and_padded_to_blocks() {
    let options = r#"{"Compression": "NONE", "StripeSizeBytes": 8388608, "BlockSizeBytes": 67108864,
        "EnablePadding": true, "PaddingTolerance": 1.0, "DictionaryKeyThreshold": 0}"#;
    let record = format!(r#"{{"a": "{}"}}"#, "x".repeat(1_000_000));
    let records = vec![record.as_str(); 80];
    let unpadded = convert(&orc(&["a string"], &options.replace("true", "false")), &records);
    let padded = convert(&orc(&["a string"], options), &records);
    assert_eq!(padded.rows, 80);
    let (padded, unpadded) = (padded.bytes.unwrap(), unpadded.bytes.unwrap());
    // Stripes of nine rows: the seventh leaves less of the block than a stripe.
    assert!(padded.len() > unpadded.len() + 1_000_000, "{} {}", padded.len(), unpadded.len());
    assert!(padded[64_000_000..67_108_864].iter().all(|byte| *byte == 0));
    assert_ne!(padded[67_108_864], 0);
}
