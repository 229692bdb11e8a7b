//! A prefix: text with expressions.

use std::fmt;

use millstream_types::Millis;

use super::error::NamingError;
use super::pattern::Pattern;
use super::zone::Zone;
use super::{PREFIX_BYTES_MAX, PREFIX_CHARACTERS_MAX, RANDOM_CHARACTERS};

/// What random strings are made of.
const RANDOM_ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A prefix, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    parts: Vec<Part>,
}

/// A part of a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands.
    Text(String),
    /// `!{timestamp:PATTERN}`
    Timestamp(Pattern),
    /// `!{firehose:random-string}`
    RandomString,
    /// `!{firehose:error-output-type}`
    ErrorType,
    /// The folder of failures that is added where a prefix of errors has no expression.
    ErrorFolder,
    /// `!{partitionKeyFromQuery:KEY}` and `!{partitionKeyFromLambda:KEY}`
    PartitionKey(Kind, String),
}

/// Who makes a partition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The query of the metadata extraction: `partitionKeyFromQuery`.
    Query,
    /// The function that transforms records: `partitionKeyFromLambda`.
    Function,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Query => "partitionKeyFromQuery",
            Kind::Function => "partitionKeyFromLambda",
        })
    }
}

/// What a prefix is evaluated with.
pub struct Values<'a> {
    /// The instant of all timestamps: when the oldest record of the object arrived.
    pub at: Millis,
    /// The zone they are in.
    pub zone: &'a Zone,
    /// The type of error, for an error prefix.
    pub error_type: Option<&'a str>,
    /// The value of a partition key, if there is one.
    pub partition: &'a dyn Fn(Kind, &str) -> Option<&'a str>,
    /// Fills in random bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]),
}

impl Prefix {
    /// Reads a prefix as it is written; [`super::Prefixes`] adds what Firehose adds.
    ///
    /// # Errors
    /// What cannot be an expression, named.
    pub fn parse(text: &str) -> Result<Self, NamingError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("!{") {
            let (expression, after) = after.split_once('}').ok_or(NamingError::Unclosed)?;
            push_text(&mut parts, before);
            parts.push(part_of(expression)?);
            rest = after;
        }
        push_text(&mut parts, rest);
        Ok(Prefix { parts })
    }

    /// The text with its expressions evaluated.
    ///
    /// # Errors
    /// [`NamingError::NoValue`] for a partition key without a value, [`NamingError::PrefixTooLong`], and
    /// [`NamingError::NoErrorTypeGiven`], which a checked prefix does not come to.
    pub fn evaluate(&self, values: Values<'_>) -> Result<String, NamingError> {
        let Values { at, zone, error_type, partition, random } = values;
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Timestamp(pattern) => out.push_str(&pattern.format(at, zone)),
                Part::RandomString => push_random(random, &mut out),
                Part::ErrorType => out.push_str(error_type.ok_or(NamingError::NoErrorTypeGiven)?),
                Part::ErrorFolder => {
                    out.push_str(folder_of(error_type.ok_or(NamingError::NoErrorTypeGiven)?));
                }
                Part::PartitionKey(kind, key) => {
                    let missing = || NamingError::NoValue { kind: *kind, key: key.clone() };
                    out.push_str(partition(*kind, key).ok_or_else(missing)?);
                }
            }
        }
        // Bytes first: counting characters is only needed for what is short.
        if out.len() > PREFIX_BYTES_MAX || out.chars().count() > PREFIX_CHARACTERS_MAX {
            return Err(NamingError::PrefixTooLong);
        }
        Ok(out)
    }

    /// The partition keys in it, in order, each once.
    pub fn partition_keys(&self) -> Vec<(Kind, &str)> {
        let mut keys = Vec::new();
        for part in &self.parts {
            if let Part::PartitionKey(kind, key) = part
                && !keys.contains(&(*kind, key.as_str()))
            {
                keys.push((*kind, key.as_str()));
            }
        }
        keys
    }

    /// Whether there is any expression in it.
    pub fn has_expressions(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Text(_)))
    }

    /// Whether there is a part that `matches`.
    pub(super) fn has(&self, matches: impl Fn(&Part) -> bool) -> bool {
        self.parts.iter().any(matches)
    }

    /// The folder of failures: `TYPE/`.
    pub(super) fn error_folder() -> Prefix {
        Prefix { parts: vec![Part::ErrorFolder, Part::Text("/".to_owned())] }
    }

    /// This prefix, and another one behind it.
    pub(super) fn followed_by(mut self, other: Prefix) -> Prefix {
        self.parts.extend(other.parts);
        self
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

fn part_of(expression: &str) -> Result<Part, NamingError> {
    if expression.contains("!{") {
        return Err(NamingError::Nested);
    }
    let no_namespace = || NamingError::NoNamespace(expression.to_owned());
    let (namespace, value) = expression.split_once(':').ok_or_else(no_namespace)?;
    let partition_key = |kind| match value {
        "" => Err(NamingError::NoKeyName(kind)),
        key => Ok(Part::PartitionKey(kind, key.to_owned())),
    };
    match namespace {
        // Java's formatter takes a pattern of nothing; as an expression it is a slip.
        "timestamp" if value.is_empty() => Err(NamingError::pattern(value, "it is empty")),
        "timestamp" => Pattern::parse(value).map(Part::Timestamp),
        "firehose" => match value {
            "random-string" => Ok(Part::RandomString),
            "error-output-type" => Ok(Part::ErrorType),
            other => Err(NamingError::UnknownValue(other.to_owned())),
        },
        "partitionKeyFromQuery" => partition_key(Kind::Query),
        "partitionKeyFromLambda" => partition_key(Kind::Function),
        other => Err(NamingError::UnknownNamespace(other.to_owned())),
    }
}

/// The folder of a type of error: the type, but for search clusters, whose folder the developer guide writes otherwise
/// ("Data delivery failure handling").
fn folder_of(error_type: &str) -> &str {
    match error_type {
        "AmazonOpenSearchService-failed" => "AmazonOpenSearchService_failed",
        other => other,
    }
}

/// 36 to the 11th fits 128 times into 64 bits: all strings are as likely, to within a hundredth.
fn push_random(random: &mut dyn FnMut(&mut [u8]), out: &mut String) {
    let mut bytes = [0; 8];
    random(&mut bytes);
    let mut number = u64::from_le_bytes(bytes);
    for _ in 0..RANDOM_CHARACTERS {
        let index = number % RANDOM_ALPHABET.len() as u64;
        number /= RANDOM_ALPHABET.len() as u64;
        out.push(char::from(RANDOM_ALPHABET[index as usize]));
    }
}

#[cfg(test)]
mod tests;
