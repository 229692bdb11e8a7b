//! x
use crate::Outcome;
/// x
pub fn run(_a: &[String]) -> Outcome { Ok(()) }
/// x
pub fn write_support() -> Outcome { Ok(()) }
