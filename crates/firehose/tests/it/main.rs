//! Delivery streams on an engine in memory: their control plane, and the pipeline from a put to a destination with
//! simulated destinations.
#![forbid(unsafe_code)]

mod control;
mod cuts;
mod damage;
mod hanging;
mod harness;
mod objects;
mod outside;
mod random;
mod records;
mod recreated;
mod retention;
mod sources;
mod worker;
