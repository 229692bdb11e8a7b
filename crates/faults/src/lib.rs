//! Faults that a test asks for: rules that say which calls or records fail, when and how.
//!
//! Owns: the rules, the order in which they are asked, what they count. Deciding is deterministic: it depends on the
//! rules and on the order of what they are asked about, never on a clock or on real randomness.
//! Must never: act on a decision; whoever asks does (the gateway for calls, Data Streams for records). Cost more than
//! one atomic load while there are no rules.
#![forbid(unsafe_code)]

mod decide;
mod rule;

pub use decide::{Faults, Injection, Listed, TooManyRules};
pub use rule::{Action, CallFault, Cut, Place, RecordFault, Rule, RuleError, When};

/// Most rules at once.
pub const RULES_MAX: usize = 100;
/// Longest delay of a rule, in seconds.
pub const LATENCY_SECONDS_MAX: u64 = 300;
