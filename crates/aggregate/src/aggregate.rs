//! Reading: what is not an aggregate to the last byte is a raw record.

use crate::limits::RECORDS_MAX;
use crate::protobuf::{Fields, Malformed, Value};
use crate::{DIGEST_BYTES, MAGIC, digest, field};

/// A user record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserRecord<'a> {
    /// The key that it was put with.
    pub partition_key: &'a str,
    /// The hash key that was to choose its shard, if one was given: decimal digits, not checked.
    pub explicit_hash_key: Option<&'a str>,
    /// What was put. It is never expanded again, whatever it begins with.
    pub data: &'a [u8],
}

/// An aggregate that was checked whole: its records cannot fail any more.
#[derive(Debug)]
pub struct Aggregate<'a> {
    message: &'a [u8],
    tables: Tables<'a>,
    records: usize,
}

#[derive(Debug, Default)]
struct Tables<'a> {
    partition_keys: Vec<&'a str>,
    explicit_hash_keys: Vec<&'a str>,
}

impl<'a> Aggregate<'a> {
    /// Reads a Kinesis record's data. `None` for what is no aggregate and is to be taken as it is: no magic, a wrong
    /// MD5, a malformed message, an index outside its table, no records, or more than [`RECORDS_MAX`].
    ///
    /// Costs one pass over the data and memory for the tables alone; records are read as they are walked.
    pub fn decode(data: &'a [u8]) -> Option<Self> {
        let body = data.strip_prefix(&MAGIC)?;
        let (message, md5) = body.split_at_checked(body.len().checked_sub(DIGEST_BYTES)?)?;
        if digest(message) != md5 {
            return None;
        }
        let tables = Tables::read(message).ok()?;
        let mut records = 0;
        for entry in Fields::of(message) {
            if let (field::RECORDS, Value::Bytes(record)) = entry.ok()? {
                tables.record(record).ok()?;
                records += 1;
            }
        }
        let fits = (1..=RECORDS_MAX).contains(&records);
        fits.then_some(Aggregate { message, tables, records })
    }

    /// How many user records it holds: at least 1.
    pub fn count(&self) -> usize {
        self.records
    }

    /// The user records, in order. A record's index is its sub-sequence number.
    pub fn records(&self) -> Records<'_, 'a> {
        Records { fields: Fields::of(self.message), tables: &self.tables }
    }
}

/// Walks the records of an aggregate.
#[derive(Debug, Clone)]
pub struct Records<'t, 'a> {
    fields: Fields<'a>,
    tables: &'t Tables<'a>,
}

impl<'a> Iterator for Records<'_, 'a> {
    type Item = UserRecord<'a>;

    fn next(&mut self) -> Option<UserRecord<'a>> {
        loop {
            // Decoding has checked every field: a fault cannot come any more, and would end the walk.
            if let (field::RECORDS, Value::Bytes(record)) = self.fields.next()?.ok()? {
                return self.tables.record(record).ok();
            }
        }
    }
}

impl<'a> Tables<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut tables = Tables::default();
        for entry in Fields::of(message) {
            let (number, value) = entry?;
            let table = match number {
                field::PARTITION_KEY_TABLE => &mut tables.partition_keys,
                field::EXPLICIT_HASH_KEY_TABLE => &mut tables.explicit_hash_keys,
                field::RECORDS => {
                    bytes(value)?;
                    continue;
                }
                _ => continue,
            };
            if table.len() == RECORDS_MAX {
                return Err(Malformed);
            }
            table.push(std::str::from_utf8(bytes(value)?).map_err(|_| Malformed)?);
        }
        Ok(tables)
    }

    fn record(&self, message: &'a [u8]) -> Result<UserRecord<'a>, Malformed> {
        let (mut key_index, mut hash_index, mut data) = (None, None, None);
        for entry in Fields::of(message) {
            match entry? {
                (field::PARTITION_KEY_INDEX, value) => key_index = Some(number(value)?),
                (field::EXPLICIT_HASH_KEY_INDEX, value) => hash_index = Some(number(value)?),
                (field::DATA, value) => data = Some(bytes(value)?),
                // Tags and what later versions may add.
                _ => {}
            }
        }
        let explicit = hash_index.map(|index| entry_at(&self.explicit_hash_keys, index));
        Ok(UserRecord {
            partition_key: entry_at(&self.partition_keys, key_index.ok_or(Malformed)?)?,
            explicit_hash_key: explicit.transpose()?,
            data: data.ok_or(Malformed)?,
        })
    }
}

fn entry_at<'a>(table: &[&'a str], index: u64) -> Result<&'a str, Malformed> {
    let index = usize::try_from(index).map_err(|_| Malformed)?;
    table.get(index).copied().ok_or(Malformed)
}

fn bytes(value: Value<'_>) -> Result<&[u8], Malformed> {
    if let Value::Bytes(bytes) = value { Ok(bytes) } else { Err(Malformed) }
}

fn number(value: Value<'_>) -> Result<u64, Malformed> {
    if let Value::Number(number) = value { Ok(number) } else { Err(Malformed) }
}
