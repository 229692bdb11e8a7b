//! Destinations: what takes the records and objects of delivery streams to where they belong, and the functions that
//! transform them on the way. One module each, behind the traits of `firehose`.
//!
//! Owns: the protocols of the destinations, their time-outs, and the rule of which addresses may be connected to.
//! Must never: decide what is retried or given up (it says what happened), or keep records.
#![forbid(unsafe_code)]

pub mod objects;

pub mod outbound;
