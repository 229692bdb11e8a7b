//! What can be wrong with a body, as facts, and what the caller is told of it.

use std::fmt;

use millstream_api::Error;

/// Why a body cannot be read. Each becomes a `SerializationException`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The body ends too early.
    Ended,
    /// A byte that cannot be there, and where it is.
    Unexpected {
        /// Offset in the body, in bytes.
        at: usize,
    },
    /// Lists and maps are nested too deep.
    TooDeep,
    /// Text is not UTF-8, or has half of a surrogate pair.
    InvalidText {
        /// Offset in the body, in bytes.
        at: usize,
    },
    /// A number is malformed, too long or out of range.
    InvalidNumber {
        /// Offset in the body, in bytes.
        at: usize,
    },
    /// Something follows the body's value.
    Trailing {
        /// Offset in the body, in bytes.
        at: usize,
    },
    /// A member or a map's key is there twice.
    Duplicate {
        /// Its name; a member's as the model has it.
        key: String,
    },
    /// The body is not a structure.
    NotAStructure,
    /// A value of one kind where the shape asks for another.
    Mismatch {
        /// What is there.
        found: Kind,
        /// What the shape asks for.
        wanted: Wanted,
    },
    /// A blob's base64 is of no legal length.
    Base64Length {
        /// The length, in characters.
        found: usize,
    },
    /// A blob is not standard base64 with padding.
    Base64,
    /// A value does not fit the Rust type of its member.
    Misfit(&'static str),
}

/// What a value on the wire is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Null, or undefined in CBOR.
    Null,
    /// True.
    True,
    /// False.
    False,
    /// A number.
    Number,
    /// Text.
    Text,
    /// A byte string; CBOR alone has it.
    Bytes,
    /// A list.
    List,
    /// A map.
    Map,
    /// A tagged value; CBOR alone has it.
    Tagged,
}

/// What a shape asks for, in the words of AWS's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Text.
    Text,
    /// A number of 32 bits.
    Integer,
    /// A number of 64 bits.
    Long,
    /// A number of 64 bits that may have a fraction.
    Double,
    /// True or false.
    Boolean,
    /// A point in time.
    Timestamp,
    /// Bytes.
    Blob,
    /// A list.
    List,
    /// A map.
    Map,
    /// A structure.
    Structure,
}

impl Wanted {
    fn with_article(self) -> &'static str {
        match self {
            Wanted::Text => "a String",
            Wanted::Integer => "an Integer",
            Wanted::Long => "a Long",
            Wanted::Double => "a Double",
            Wanted::Boolean => "a Boolean",
            Wanted::Timestamp => "a Timestamp",
            Wanted::Blob => "a Blob",
            Wanted::List => "a List",
            Wanted::Map => "a Map",
            Wanted::Structure => "a Structure",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Ended => f.write_str("Unexpected end of the request body"),
            Fault::Unexpected { at } => write!(f, "Unexpected byte in the request body at {at}"),
            Fault::TooDeep => f.write_str("Lists and structures are nested too deep"),
            Fault::InvalidText { at } => write!(f, "Invalid text in the request body at {at}"),
            Fault::InvalidNumber { at } => write!(f, "Invalid number in the request body at {at}"),
            Fault::Trailing { at } => {
                write!(f, "Unexpected content after the request body at {at}")
            }
            Fault::Duplicate { key } => write!(f, "Duplicate field '{key}'"),
            Fault::NotAStructure => f.write_str("The request body must be a structure"),
            Fault::Mismatch { found, wanted } => mismatch(*found, *wanted, f),
            Fault::Base64Length { found } => write!(
                f,
                "Base64 encoded length is expected a multiple of 4 bytes but found: {found}"
            ),
            Fault::Base64 => f.write_str("Invalid Base64 in a Blob"),
            Fault::Misfit(kind) => write!(f, "A value is not a {kind}"),
        }
    }
}

/// The service's own words for a wrong type.
fn mismatch(found: Kind, wanted: Wanted, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = match (found, wanted) {
        (Kind::List, _) => return f.write_str("Start of list found where not expected"),
        (Kind::Map, _) => {
            return f.write_str("Start of structure or map found where not expected.");
        }
        (_, Wanted::List) => return f.write_str("Expected list or null"),
        (_, Wanted::Map) => return f.write_str("Expected map or null"),
        (_, Wanted::Structure) => return f.write_str("Expected structure or null"),
        (Kind::Null, _) => "NULL_VALUE",
        (Kind::True, _) => "TRUE_VALUE",
        (Kind::False, _) => "FALSE_VALUE",
        (Kind::Number, _) => "NUMBER_VALUE",
        (Kind::Text, _) => "STRING_VALUE",
        (Kind::Bytes, _) => "BINARY_VALUE",
        (Kind::Tagged, _) => "TAGGED_VALUE",
    };
    write!(f, "{name} can not be converted to {}", wanted.with_article())
}

impl std::error::Error for Fault {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::serialization(fault.to_string())
    }
}
