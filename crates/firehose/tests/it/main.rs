//! The pipeline from a put to a destination, on an engine in memory and with simulated destinations.

mod harness;
mod objects;
mod random;
mod records;
mod sources;
mod worker;
