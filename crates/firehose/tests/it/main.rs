//! Delivery streams over the engine in memory, with a clock that stands still.
#![forbid(unsafe_code)]

mod control;
