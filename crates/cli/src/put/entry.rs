//! What waits to be put.

use super::input::Line;

/// A line with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyedLine {
    pub line: Line,
    pub key: String,
    /// How often it was put into an aggregate that went to the wrong shard.
    pub misplaced: u32,
}

/// A Kinesis record of one line, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub data: Vec<u8>,
    pub key: String,
    /// The numbers of its lines.
    pub lines: Vec<u64>,
    /// For an aggregate: where it should go.
    pub aggregate: Option<Placement>,
}

/// Where an aggregate should go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The shard's id.
    pub shard: String,
    /// How often lines of it were misplaced before.
    pub misplaced: u32,
}

impl Entry {
    pub fn of_line(keyed: KeyedLine) -> Self {
        let lines = vec![keyed.line.number];
        Entry { data: keyed.line.data, key: keyed.key, lines, aggregate: None }
    }

    /// What PutRecords counts.
    pub fn bytes(&self) -> usize {
        self.data.len() + self.key.len()
    }
}
