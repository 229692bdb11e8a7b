//! What a rule says.

use std::fmt;
use std::time::Duration;

use millstream_api::{ErrorCode, Service};
use millstream_types::{ShardId, StreamName};

use crate::LATENCY_SECONDS_MAX;

/// Which calls or records fail, when and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The operation; any if absent.
    pub operation: Option<String>,
    /// The stream, of whatever account and region; any, or none, if absent.
    pub stream: Option<StreamName>,
    /// The shard; any, or none, if absent.
    pub shard: Option<ShardId>,
    /// Which of those that match.
    pub when: When,
    /// How often at most; without end if absent.
    pub times: Option<u64>,
    /// What happens.
    pub action: Action,
}

/// Which of the matching calls or records fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// Every n-th: 1 is each of them, 3 the third, the sixth, and so on.
    Every(u64),
    /// Each with this probability, by a sequence that the seed determines.
    Rate {
        /// Above 0, at most 1.
        probability: f64,
        /// Where the sequence begins.
        seed: u64,
    },
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To a whole call.
    Call(CallFault),
    /// To one record of a put; the others are not touched.
    Record(RecordFault),
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// It is refused as too fast, with the operation's own code.
    Throttle,
    /// It is refused with this code; nothing is done.
    Error(ErrorCode),
    /// It begins later, in real time.
    Latency(Duration),
    /// Its connection ends.
    Cut(Cut),
}

/// When a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before anything is done.
    Before,
    /// After it was done, before the first byte of the reply.
    After,
    /// After it was done, in the middle of the reply.
    During,
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// `ProvisionedThroughputExceededException`.
    Throttle,
    /// `InternalFailure`.
    Internal,
}

/// What a call is about, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The stream.
    pub stream: Option<StreamName>,
    /// The shard.
    pub shard: Option<ShardId>,
}

/// Why a rule is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// No operation of this name is done.
    Operation(String),
    /// Every 0th.
    EveryZero,
    /// Not a probability above 0.
    Probability,
    /// No times.
    TimesZero,
    /// Longer than [`LATENCY_SECONDS_MAX`].
    Latency,
    /// Records fail in PutRecord and PutRecords only.
    NoRecords(String),
    /// A put says no shard: its records do.
    PutShard,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleError::Operation(name) => write!(f, "the operation {name} is not known"),
            RuleError::EveryZero => f.write_str("every must be 1 or more"),
            RuleError::Probability => f.write_str("rate must be above 0 and at most 1"),
            RuleError::TimesZero => f.write_str("times must be 1 or more"),
            RuleError::Latency => write!(f, "latency may be {LATENCY_SECONDS_MAX} s at most"),
            RuleError::NoRecords(name) => {
                write!(f, "record errors are for PutRecord and PutRecords, {name} puts no records")
            }
            RuleError::PutShard => f.write_str(
                "a put names no shard, its records belong to several: use a record error, or leave the shard out",
            ),
        }
    }
}

impl std::error::Error for RuleError {}

/// The operations whose records are asked about one by one.
const PUTS: [&str; 2] = ["PutRecord", "PutRecords"];

impl Rule {
    /// Whether it can ever do what it says.
    pub fn check(&self) -> Result<(), RuleError> {
        let known = |name: &str| Service::Kinesis.operation(name).is_some();
        let puts = self.operation.as_deref().is_none_or(|name| PUTS.contains(&name));
        if let Some(name) = self.operation.as_ref().filter(|name| !known(name)) {
            return Err(RuleError::Operation(name.clone()));
        }
        match self.when {
            When::Every(0) => return Err(RuleError::EveryZero),
            When::Every(_) => {}
            When::Rate { probability, .. } if probability > 0.0 && probability <= 1.0 => {}
            When::Rate { .. } => return Err(RuleError::Probability),
        }
        if self.times == Some(0) {
            return Err(RuleError::TimesZero);
        }
        match self.action {
            Action::Record(_) if !puts => {
                Err(RuleError::NoRecords(self.operation.clone().unwrap_or_default()))
            }
            Action::Record(_) => Ok(()),
            Action::Call(CallFault::Latency(by)) if by.as_secs() > LATENCY_SECONDS_MAX => {
                Err(RuleError::Latency)
            }
            Action::Call(_) if self.shard.is_some() && self.operation.is_some() && puts => {
                Err(RuleError::PutShard)
            }
            Action::Call(_) => Ok(()),
        }
    }

    pub(crate) fn matches(
        &self,
        operation: &str,
        stream: Option<&StreamName>,
        shard: Option<ShardId>,
    ) -> bool {
        self.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && self.stream.as_ref().is_none_or(|wanted| Some(wanted) == stream)
            && self.shard.is_none_or(|wanted| Some(wanted) == shard)
    }
}

impl Action {
    /// Its kind, as metrics and lists call it.
    pub fn kind(self) -> &'static str {
        match self {
            Action::Call(CallFault::Throttle) => "throttle",
            Action::Call(CallFault::Error(_)) => "error",
            Action::Call(CallFault::Latency(_)) => "latency",
            Action::Call(CallFault::Cut(_)) => "cut",
            Action::Record(_) => "record-error",
        }
    }

    /// Every kind.
    pub const KINDS: [&'static str; 5] = ["throttle", "error", "latency", "cut", "record-error"];
}
