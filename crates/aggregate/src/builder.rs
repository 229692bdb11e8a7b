//! Writing.

use std::collections::HashMap;

use crate::protobuf::write_number_field;
use crate::protobuf::{bytes_field_bytes, number_bytes, write_bytes_field, write_head};
use crate::{DIGEST_BYTES, MAGIC, UserRecord, digest, field};

/// Gathers user records into an aggregate.
#[derive(Debug, Default, Clone)]
pub struct Builder {
    partition_keys: Table,
    explicit_hash_keys: Table,
    /// The records, encoded.
    records: Vec<u8>,
    count: usize,
}

impl Builder {
    /// An empty one.
    pub fn new() -> Self {
        Builder::default()
    }

    /// How many records it holds.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the aggregate as it is.
    pub fn encoded_bytes(&self) -> usize {
        let tables = self.partition_keys.encoded_bytes + self.explicit_hash_keys.encoded_bytes;
        MAGIC.len() + tables + self.records.len() + DIGEST_BYTES
    }

    /// Bytes of the aggregate once `record` is in it too.
    pub fn encoded_bytes_with(&self, record: &UserRecord<'_>) -> usize {
        let key = self.partition_keys.place(record.partition_key);
        let explicit = record.explicit_hash_key.map(|key| self.explicit_hash_keys.place(key));
        let tables = key.added_bytes + explicit.as_ref().map_or(0, |place| place.added_bytes);
        let inner = record_bytes(key.index, explicit.map(|place| place.index), record.data.len());
        self.encoded_bytes() + tables + bytes_field_bytes(inner)
    }

    /// Adds a record at the end.
    pub fn add(&mut self, record: &UserRecord<'_>) {
        let key = self.partition_keys.index_of(record.partition_key);
        let explicit = record.explicit_hash_key.map(|key| self.explicit_hash_keys.index_of(key));
        let inner = record_bytes(key, explicit, record.data.len());
        write_head(&mut self.records, field::RECORDS, inner);
        write_number_field(&mut self.records, field::PARTITION_KEY_INDEX, key);
        if let Some(index) = explicit {
            write_number_field(&mut self.records, field::EXPLICIT_HASH_KEY_INDEX, index);
        }
        write_bytes_field(&mut self.records, field::DATA, record.data);
        self.count += 1;
    }

    /// The aggregate: the data of one Kinesis record.
    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_bytes());
        out.extend_from_slice(&MAGIC);
        for key in &self.partition_keys.keys {
            write_bytes_field(&mut out, field::PARTITION_KEY_TABLE, key.as_bytes());
        }
        for key in &self.explicit_hash_keys.keys {
            write_bytes_field(&mut out, field::EXPLICIT_HASH_KEY_TABLE, key.as_bytes());
        }
        out.extend_from_slice(&self.records);
        let md5 = digest(&out[MAGIC.len()..]);
        out.extend_from_slice(&md5);
        out
    }
}

fn record_bytes(key_index: u64, explicit_index: Option<u64>, data_bytes: usize) -> usize {
    let explicit = explicit_index.map_or(0, |index| 1 + number_bytes(index));
    1 + number_bytes(key_index) + explicit + bytes_field_bytes(data_bytes)
}

/// Keys, each once, in the order they came.
#[derive(Debug, Default, Clone)]
struct Table {
    keys: Vec<String>,
    indexes: HashMap<String, u64>,
    encoded_bytes: usize,
}

/// Where a key is or would be.
struct Place {
    index: u64,
    added_bytes: usize,
}

impl Table {
    fn place(&self, key: &str) -> Place {
        match self.indexes.get(key) {
            Some(index) => Place { index: *index, added_bytes: 0 },
            None => {
                Place { index: self.keys.len() as u64, added_bytes: bytes_field_bytes(key.len()) }
            }
        }
    }

    fn index_of(&mut self, key: &str) -> u64 {
        let place = self.place(key);
        if place.added_bytes > 0 {
            self.keys.push(key.to_owned());
            self.indexes.insert(key.to_owned(), place.index);
            self.encoded_bytes += place.added_bytes;
        }
        place.index
    }
}
