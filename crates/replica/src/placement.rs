//! Who serves a log. On one machine the answer is always "here"; a cluster plugs in behind this trait.

use millstream_log::LogId;

/// A period of one node's ownership of a log; higher is later. A command sent in an earlier term than one already in
/// the log is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Term(pub u64);

/// A node of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u64);

/// The answer to "who serves this log?".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// This node, in this term.
    Here(Term),
    /// Another node.
    At(NodeId),
    /// Nobody for the moment.
    Nobody,
}

/// Knows who serves a log: a matter of limits and speed, not of safety.
pub trait Placement: Send + Sync + 'static {
    /// Who serves `log` now.
    fn route(&self, log: LogId) -> Route;
}

/// One machine: it serves everything, in its first and only term.
#[derive(Clone, Copy, Debug, Default)]
pub struct SingleNode;

impl Placement for SingleNode {
    fn route(&self, _: LogId) -> Route {
        Route::Here(Term(1))
    }
}
