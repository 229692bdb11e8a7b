//! What can go wrong: with a configuration as a whole, and with one record.

use std::fmt;

use super::limits::QUOTED_CHARACTERS_MAX;

/// The error code of a record that is no JSON.
pub const PARSE_ERROR: &str = "DataFormatConversion.ParseError";
/// The error code of a record that does not fit the schema.
pub const MALFORMED_DATA: &str = "DataFormatConversion.MalformedData";

/// Why nothing can be converted: the schema or the configuration cannot be used. The text is for the client and names
/// the member or the column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError(pub String);

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConversionError {}

/// Why one record cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// `lastErrorCode`: [`PARSE_ERROR`] or [`MALFORMED_DATA`].
    pub code: &'static str,
    /// `lastErrorMessage`: may repeat a little of the record.
    pub message: String,
}

impl RecordError {
    /// The record is no JSON. `cause` says what and where.
    pub(crate) fn malformed_json(cause: &str) -> Self {
        Self { code: PARSE_ERROR, message: format!("Encountered malformed JSON. {cause}") }
    }

    /// A value does not fit its column.
    pub(crate) fn mismatch(cause: impl fmt::Display) -> Self {
        Self { code: MALFORMED_DATA, message: format!("Data does not match the schema. {cause}") }
    }

    /// The record has the wrong form as a whole, or a text of AWS's that does not begin as [`Self::mismatch`].
    pub(crate) fn malformed(message: &str) -> Self {
        Self { code: MALFORMED_DATA, message: message.to_owned() }
    }

    /// A text that is no value of the column's type, in the words of Java's `NumberFormatException`, which are the ones
    /// that clients see.
    pub(crate) fn input(text: &str) -> Self {
        Self::mismatch(format_args!("For input string: \"{}\"", shortened(text)))
    }
}

/// No more of a record's text than an error should repeat.
pub(crate) fn shortened(text: &str) -> &str {
    match text.char_indices().nth(QUOTED_CHARACTERS_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
