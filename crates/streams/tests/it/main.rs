//! The service over the engine in memory, with a clock that stands still.
#![forbid(unsafe_code)]

mod control;
mod data_plane;
mod encryption;
mod harness;
mod keys;
mod nonces;
mod queues;
