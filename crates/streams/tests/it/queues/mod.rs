//! Queues on a stream.

mod control;
mod dead_letters;
mod fixture;
mod records;
mod resharding;
