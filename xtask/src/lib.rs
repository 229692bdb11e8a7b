//! The project's chores: what `cargo xtask` runs.
//!
//! Owns: the checks, the tidy rules, how the tests' tools are installed, and the benchmarks against peers.
//! Must never: be needed by a build of the server, or reach the network except to install a tool that a test needs.
#![forbid(unsafe_code)]

pub mod bench;
pub mod check;
pub mod dependencies;
pub mod place;
pub mod process;
pub mod suites;
pub mod tidy;
pub mod tools;

/// What a chore answers: nothing, or a message for the person who ran it.
pub type Outcome = Result<(), String>;
