//! Queues on a stream.

mod control;
mod dead_letters;
mod fixture;
mod memory;
mod records;
mod resharding;
