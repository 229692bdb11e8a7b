//! Partition values by JQ.

use millstream_types::Millis;

/// A compiled query.
#[derive(Debug)]
pub struct Query;

/// Why a query gave no values for a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError(pub String);

impl Query {
    /// Compiles a query.
    pub fn compile(_text: &str) -> Result<Self, String> {
        Err("MetadataExtractionQuery is not supported".to_owned())
    }

    /// Runs it.
    pub fn run(&self, _data: &[u8], _arrival: Millis) -> Result<Vec<(String, String)>, QueryError> {
        Err(QueryError("MetadataExtractionQuery is not supported".to_owned()))
    }
}
