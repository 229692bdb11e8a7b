//! Queues on a stream: what each has delivered (`machine`), the queues that are in memory (`open`) and what keeps them
//! up with their streams (`tender`), receives (`receive`, `fetch`), changes of records, handles.
//!
//! A queue copies nothing: it knows positions of the stream's shards, and reads the records where they lie.

mod entries;
mod faults;
mod fetch;
mod handed;
mod handle;
mod lifecycle;
mod machine;
mod metrics;
mod open;
mod receive;
mod resolve;
mod slots;
mod tender;

pub(crate) use entries::Change;
pub(crate) use faults::refused;
pub use fetch::{Delivery, HeldQueueRecords};
pub(crate) use handle::fuzz_handle;
pub use machine::fuzz_queue;
pub(crate) use receive::Wanted;
pub(crate) use slots::OpenQueues;
