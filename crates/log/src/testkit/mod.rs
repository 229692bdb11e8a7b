//! What tests stand on: an engine in memory, a simulated disk, one suite of conformance, a tiny executor.

mod memory;

pub mod conformance;

pub use crate::wait::block_on;
pub use memory::{Fault, MemoryLog};
