//! A record on its way through the pipeline.

use std::sync::Arc;

use bytes::Bytes;
use millstream_types::Millis;

pub use crate::sink::RecordId;

/// A record as it came in, or a part of one: what processing begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRecord {
    /// Names it for good. Part 0 as it comes from the source; steps that make several of one count the part on.
    pub id: RecordId,
    /// When it arrived.
    pub arrival: Millis,
    /// Its data.
    pub data: Bytes,
    /// Where in a stream it was, if its source is one.
    pub stream: Option<StreamOrigin>,
}

/// Where in a stream a record was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOrigin {
    /// Its partition key.
    pub partition_key: Arc<str>,
    /// Its sequence number.
    pub sequence_number: Arc<str>,
    /// Its place in a record that held several, as producers aggregate them.
    pub subsequence_number: u64,
    /// Its shard.
    pub shard_id: Arc<str>,
}

/// A record that is ready to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Names it for good.
    pub id: RecordId,
    /// When it arrived.
    pub arrival: Millis,
    /// Its data, delimiter included.
    pub data: Bytes,
    /// What its prefix is made of, with dynamic partitioning.
    pub partition: PartitionValues,
}

/// A record that could not be processed, rendered for the error output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The kind of failure, as `!{firehose:error-output-type}` names it: `processing-failed`.
    pub output_type: &'static str,
    /// A JSON line.
    pub document: Vec<u8>,
    /// When the record arrived.
    pub arrival: Millis,
    /// The code that the document tells.
    pub code: String,
    /// The message that it tells.
    pub message: String,
}

/// Where a partition's value came from: the namespaces of prefix expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionSource {
    /// `partitionKeyFromQuery`.
    Query,
    /// `partitionKeyFromLambda`.
    Lambda,
}

impl PartitionSource {
    /// As prefix expressions write it.
    pub fn namespace(self) -> &'static str {
        match self {
            PartitionSource::Query => "partitionKeyFromQuery",
            PartitionSource::Lambda => "partitionKeyFromLambda",
        }
    }
}

/// The values that a record's prefix is made of: a small list, sorted by source and key, no key twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionValues(Vec<(PartitionSource, String, String)>);

impl PartitionValues {
    /// Sets a value.
    pub fn set(&mut self, source: PartitionSource, key: String, value: String) {
        let place = self.0.binary_search_by(|(s, k, _)| (*s, k.as_str()).cmp(&(source, &key)));
        match place {
            Ok(at) => self.0[at].2 = value,
            Err(at) => self.0.insert(at, (source, key, value)),
        }
    }

    /// A value.
    pub fn get(&self, source: PartitionSource, key: &str) -> Option<&str> {
        let place = self.0.binary_search_by(|(s, k, _)| (*s, k.as_str()).cmp(&(source, key)));
        place.ok().map(|at| self.0[at].2.as_str())
    }

    /// A value by its namespace, as prefix expressions name it.
    pub fn named(&self, namespace: &str, key: &str) -> Option<&str> {
        let sources = [PartitionSource::Query, PartitionSource::Lambda];
        let source = sources.into_iter().find(|source| source.namespace() == namespace)?;
        self.get(source, key)
    }

    /// All values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (PartitionSource, &str, &str)> {
        self.0.iter().map(|(source, key, value)| (*source, key.as_str(), value.as_str()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_the_names_that_prefixes_use() {
        let mut values = PartitionValues::default();
        values.set(PartitionSource::Lambda, "b".into(), "1".into());
        values.set(PartitionSource::Query, "b".into(), "2".into());
        values.set(PartitionSource::Query, "a".into(), "3".into());
        values.set(PartitionSource::Query, "a".into(), "4".into());
        assert_eq!(values.named("partitionKeyFromQuery", "a"), Some("4"));
        assert_eq!(values.named("partitionKeyFromLambda", "b"), Some("1"));
        assert_eq!(values.named("partitionKeyFromLambda", "a"), None);
        assert_eq!(values.named("timestamp", "a"), None);
        let all: Vec<_> = values.iter().map(|(_, key, value)| (key, value)).collect();
        assert_eq!(all, [("a", "4"), ("b", "2"), ("b", "1")]);
    }
}
