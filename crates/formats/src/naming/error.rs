//! What may be wrong with a prefix, a template, or what they are evaluated with.

use std::fmt;

use super::prefix::Kind;
use super::{KEY_BYTES_MAX, PREFIX_BYTES_MAX, PREFIX_CHARACTERS_MAX};

/// What is wrong. Its text is what a client is told; AWS's own, where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamingError {
    /// `!{` without its `}`.
    Unclosed,
    /// `!{` inside an expression.
    Nested,
    /// An expression that is not `namespace:value`.
    NoNamespace(String),
    /// A namespace that there is not.
    UnknownNamespace(String),
    /// A value that the namespace `firehose` does not have.
    UnknownValue(String),
    /// A partition key without a name.
    NoKeyName(Kind),
    /// A pattern of a timestamp that Java's formatter does not take, or that cannot be done here.
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why not.
        why: String,
    },
    /// A time zone that the time zone database does not have by this name.
    UnknownZone(String),
    /// The prefix has expressions and there is no error prefix.
    NoErrorPrefix,
    /// Dynamic partitioning without an error prefix.
    NoErrorPrefixOfPartitions,
    /// An error prefix with expressions, none of which is the type of error.
    NoErrorType,
    /// The type of error in a prefix of data.
    ErrorTypeOfData,
    /// A partition key in an error prefix.
    PartitionedErrors,
    /// A partition key without dynamic partitioning.
    NotPartitioned,
    /// Dynamic partitioning by no key.
    NoPartitionKey,
    /// A key of a kind that no processor makes.
    NoProcessor(Kind),
    /// A key that the query does not make.
    UnknownKey(String),
    /// A partition key that the record has no value of.
    NoValue {
        /// Who should have made it.
        kind: Kind,
        /// Its name.
        key: String,
    },
    /// An error prefix that is evaluated without a type of error.
    NoErrorTypeGiven,
    /// Evaluated, the prefix is longer than it may be.
    PrefixTooLong,
    /// An extension that AWS's pattern does not take.
    Extension(String),
    /// A channel's template holds an expression that there is not.
    UnknownExpression(String),
    /// A channel's template holds a brace that is part of no expression.
    StrayBrace,
    /// Evaluated, a channel's key is longer than S3 takes.
    KeyTooLong,
}

impl NamingError {
    pub(super) fn pattern(pattern: &str, why: impl Into<String>) -> Self {
        NamingError::Pattern { pattern: pattern.to_owned(), why: why.into() }
    }

    /// Whether this is about a rule between the prefixes, which AWS puts into a sentence of its own.
    fn is_constraint(&self) -> bool {
        use NamingError::*;
        match self {
            NoErrorPrefix
            | NoErrorPrefixOfPartitions
            | NoErrorType
            | ErrorTypeOfData
            | PartitionedErrors => true,
            Unclosed
            | Nested
            | NoNamespace(_)
            | UnknownNamespace(_)
            | UnknownValue(_)
            | NoKeyName(_)
            | Pattern { .. }
            | UnknownZone(_)
            | NotPartitioned
            | NoPartitionKey
            | NoProcessor(_)
            | UnknownKey(_)
            | NoValue { .. }
            | NoErrorTypeGiven
            | PrefixTooLong
            | Extension(_)
            | UnknownExpression(_)
            | StrayBrace
            | KeyTooLong => false,
        }
    }

    /// The text of what tells nothing of its own; empty for the others.
    fn fixed_text(&self) -> &'static str {
        use NamingError::*;
        match self {
            Unclosed => "A prefix holds an expression that is not closed",
            Nested => "The sequence !{ can only appear in !{namespace:value} expressions",
            NoErrorPrefix => {
                "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"
            }
            NoErrorPrefixOfPartitions => {
                "ErrorOutputPrefix cannot be null or empty when Dynamic Partitioning is enabled"
            }
            NoErrorType => {
                "ErrorOutputPrefix must contain !{firehose:error-output-type} when it contains expressions"
            }
            ErrorTypeOfData => "Prefix cannot contain !{firehose:error-output-type}",
            PartitionedErrors => "ErrorOutputPrefix cannot contain partitioning namespaces",
            NotPartitioned => {
                "Partitioning namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled"
            }
            NoPartitionKey => {
                "Prefix must contain a partitioning namespace when Dynamic Partitioning is enabled"
            }
            NoProcessor(Kind::Query) => {
                "MetadataExtraction processor should be present when S3 Prefix has partitionKeyFromQuery namespace"
            }
            NoProcessor(Kind::Function) => {
                "Lambda processor should be present when S3 Prefix has partitionKeyFromLambda namespace"
            }
            NoErrorTypeGiven => "!{firehose:error-output-type} can only be evaluated for errors",
            StrayBrace => "a brace is part of no expression",
            NoNamespace(_)
            | UnknownNamespace(_)
            | UnknownValue(_)
            | NoKeyName(_)
            | Pattern { .. }
            | UnknownZone(_)
            | UnknownKey(_)
            | NoValue { .. }
            | PrefixTooLong
            | Extension(_)
            | UnknownExpression(_)
            | KeyTooLong => "",
        }
    }
}

impl fmt::Display for NamingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use NamingError::*;
        if self.is_constraint() {
            // AWS's sentence, as its clients' reports quote it.
            f.write_str("The supplied prefix(es) do not satisfy the following constraint: ")?;
        }
        match self {
            NoNamespace(expression) => {
                write!(
                    f,
                    "The expression !{{{expression}}} is not of the form !{{namespace:value}}"
                )
            }
            UnknownNamespace(name) => {
                write!(f, "A prefix holds an expression of the unknown namespace {name}")
            }
            UnknownValue(value) => {
                write!(f, "The namespace firehose does not have the value {value}")
            }
            NoKeyName(kind) => write!(f, "An expression {kind} names no key"),
            Pattern { pattern, why } => {
                write!(f, "The timestamp pattern {pattern} cannot be used: {why}")
            }
            UnknownZone(name) => write!(f, "There is no time zone {name}"),
            UnknownKey(key) => write!(
                f,
                "Prefix contains the partition key {key}, which MetadataExtractionQuery does not extract"
            ),
            NoValue { kind, key } => write!(f, "The record has no value for !{{{kind}:{key}}}"),
            PrefixTooLong => write!(
                f,
                "A prefix cannot have more than {PREFIX_CHARACTERS_MAX} characters, or {PREFIX_BYTES_MAX} bytes, after \
                 it is evaluated"
            ),
            Extension(extension) => write!(f, "{extension} is no extension of a file"),
            UnknownExpression(expression) => write!(f, "there is no expression !{{{expression}}}"),
            KeyTooLong => write!(f, "keys would have more than {KEY_BYTES_MAX} bytes"),
            Unclosed
            | Nested
            | NoErrorPrefix
            | NoErrorPrefixOfPartitions
            | NoErrorType
            | ErrorTypeOfData
            | PartitionedErrors
            | NotPartitioned
            | NoPartitionKey
            | NoProcessor(_)
            | NoErrorTypeGiven
            | StrayBrace => f.write_str(self.fixed_text()),
        }
    }
}

impl std::error::Error for NamingError {}
