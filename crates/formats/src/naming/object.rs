//! The part of a key that Firehose adds, and the types of errors that keys name.

use std::fmt;

use millstream_types::Millis;
use uuid::Uuid;

use super::EXTENSION_BYTES_MAX;
use super::error::NamingError;
use super::pattern::Pattern;
use super::zone::Zone;

/// How the instant is written in a name.
const NAME_TIME: &str = "yyyy-MM-dd-HH-mm-ss";

/// What `!{firehose:error-output-type}` says (developer guide, "The firehose namespace"; the newer ones on the pages of
/// their features).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorType {
    /// A function or the extraction of partition keys failed.
    Processing,
    /// Decompression failed.
    Decompression,
    /// Conversion to columns failed.
    FormatConversion,
    /// OpenSearch or Elasticsearch did not take it.
    OpenSearch,
    /// Splunk did not take it.
    Splunk,
    /// An HTTP endpoint did not take it.
    HttpEndpoint,
}

impl ErrorType {
    /// All of them.
    pub const ALL: [ErrorType; 6] = [
        ErrorType::Processing,
        ErrorType::Decompression,
        ErrorType::FormatConversion,
        ErrorType::OpenSearch,
        ErrorType::Splunk,
        ErrorType::HttpEndpoint,
    ];

    /// The value, as AWS spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorType::Processing => "processing-failed",
            ErrorType::Decompression => "decompression-failed",
            ErrorType::FormatConversion => "format-conversion-failed",
            ErrorType::OpenSearch => "AmazonOpenSearchService-failed",
            ErrorType::Splunk => "splunk-failed",
            ErrorType::HttpEndpoint => "http-endpoint-failed",
        }
    }
}

impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of an object, which stands behind its evaluated prefix: `STREAM-VERSION-yyyy-MM-dd-HH-mm-ss-UUID` and the
/// extension, which brings its own dot.
pub fn object_name(
    stream: &str,
    version: u64,
    at: Millis,
    zone: &Zone,
    uuid: &Uuid,
    extension: &str,
) -> String {
    let time = format_name_time(at, zone);
    format!("{stream}-{version}-{time}-{}{extension}", uuid.as_hyphenated())
}

pub(super) fn format_name_time(at: Millis, zone: &Zone) -> String {
    Pattern::parse(NAME_TIME).map(|pattern| pattern.format(at, zone)).unwrap_or_default()
}

/// The extension of an object: `FileExtension` if there is one, in place of what format or compression give.
pub fn extension<'a>(file_extension: Option<&'a str>, of_content: &'a str) -> &'a str {
    file_extension.filter(|extension| !extension.is_empty()).unwrap_or(of_content)
}

/// Checks `FileExtension`.
///
/// # Errors
/// [`NamingError::Extension`] if AWS's pattern does not take it (botocore, `FileExtension`).
pub fn check_extension(extension: &str) -> Result<(), NamingError> {
    let refused = || Err(NamingError::Extension(extension.to_owned()));
    let Some(name) = extension.strip_prefix('.') else {
        return if extension.is_empty() { Ok(()) } else { refused() };
    };
    let allowed =
        |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z') || b"!-_.*'()".contains(&byte);
    if name.is_empty() || extension.len() > EXTENSION_BYTES_MAX || !name.bytes().all(allowed) {
        return refused();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_stream_version_second_and_id() {
        let at = Millis(1_784_000_000_000);
        let uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(
            object_name("orders", 3, at, &Zone::utc(), &uuid, ".gz"),
            "orders-3-2026-07-14-03-33-20-01234567-89ab-cdef-0123-456789abcdef.gz"
        );
        let tokyo = Zone::parse("Asia/Tokyo").unwrap();
        assert_eq!(
            object_name("orders", 3, at, &tokyo, &uuid, ""),
            "orders-3-2026-07-14-12-33-20-01234567-89ab-cdef-0123-456789abcdef"
        );
    }

    #[test]
    fn a_file_extension_replaces_that_of_the_content() {
        assert_eq!(extension(Some(".json"), ".gz"), ".json");
        assert_eq!(extension(Some(""), ".gz"), ".gz");
        assert_eq!(extension(None, ".parquet"), ".parquet");
        assert_eq!(extension(None, ""), "");
    }

    #[test]
    fn extensions_follow_the_models_pattern() {
        for good in ["", ".json", ".tar.gz", ".a!-_.*'()9"] {
            assert_eq!(check_extension(good), Ok(()), "{good}");
        }
        let long = format!(".{}", "a".repeat(EXTENSION_BYTES_MAX));
        for bad in ["json", ".", ".JSON", ".a/b", ".ä", long.as_str()] {
            assert!(check_extension(bad).is_err(), "{bad}");
        }
    }
}
