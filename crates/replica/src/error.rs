//! What can go wrong between a command and its outcome.

use std::fmt;

use millstream_log::LogError;

use crate::placement::Route;

/// Why a command has no outcome, or why a replica cannot serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplicaError {
    /// Another node serves the log, or nobody. Nothing was written.
    NotHere(Route),
    /// Too much waits to be written. Nothing was written.
    Busy,
    /// The disk has no room. Nothing was written.
    Full,
    /// The command is larger than a command may be. Nothing was written.
    TooLarge,
    /// The command is certainly not done and never will be; it may be sent again.
    NotDone(String),
    /// The command may be done, now or later.
    Unknown(String),
    /// The node's term is over: the command was refused by every replica.
    StaleTerm,
    /// The log holds something that this release does not know: the node must stop.
    UnknownVersion {
        /// The machine's name.
        machine: &'static str,
        /// The version in the log.
        found: u16,
        /// The highest version that this release knows.
        known: u16,
    },
    /// The log cannot be replayed; the text says where and why.
    Damaged(String),
    /// The replica has stopped; the text says why.
    Stopped(String),
    /// The log cannot answer.
    Log(LogError),
}

impl fmt::Display for ReplicaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplicaError::NotHere(route) => {
                write!(f, "this node does not serve the log: {route:?}")
            }
            ReplicaError::Busy => f.write_str("too many commands are waiting"),
            ReplicaError::Full => f.write_str("the disk is full"),
            ReplicaError::TooLarge => f.write_str("the command is too large"),
            ReplicaError::NotDone(why) => write!(f, "the command was not done: {why}"),
            ReplicaError::Unknown(why) => write!(f, "the command's outcome is unknown: {why}"),
            ReplicaError::StaleTerm => f.write_str("another node has taken over"),
            ReplicaError::UnknownVersion { machine, found, known } => write!(
                f,
                "the log of the {machine} holds version {found}, this release knows versions up to {known}: \
                 run the newer release"
            ),
            ReplicaError::Damaged(what) => write!(f, "the state cannot be replayed: {what}"),
            ReplicaError::Stopped(why) => write!(f, "stopped: {why}"),
            ReplicaError::Log(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for ReplicaError {}

impl From<LogError> for ReplicaError {
    fn from(why: LogError) -> Self {
        ReplicaError::Log(why)
    }
}
