//! Formats of what is delivered: names of objects, compression, taking records apart, columns.
//!
//! Owns: prefix and timestamp expressions, object names, compressors and bounded decompressors, de-aggregation of
//! records, messages of CloudWatch Logs, schemas with their SerDes, Parquet and ORC.
//! Must never: do I/O, use a clock or randomness of its own (times and random bytes are given), or allocate more than
//! the limits that it is given.
#![forbid(unsafe_code)]

pub mod columnar;
pub mod compression;
pub mod deaggregate;
pub mod logs_message;
pub mod naming;
