//! What tests stand on: an engine in memory, a simulated disk, one suite of conformance, a tiny executor.

mod memory;
mod sim;

pub mod conformance;

pub use crate::wait::block_on;
pub use memory::{Fault, MemoryLog};
pub use sim::{SimDisk, SimFault, Survives};
