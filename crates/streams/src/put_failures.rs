//! Records that were answered with InternalFailure: counted, and told in the log with the id that the client has.

use millstream_counters::{Counter, Told};
use millstream_types::Millis;

use crate::caller::Caller;
use crate::put::Failure;
use crate::runtime::StreamRuntime;

/// What is counted and told of puts that failed for a fault of ours. A PutRecords with such records is a 200, so that
/// nobody else tells of it.
#[derive(Debug, Default)]
pub(crate) struct PutFailures {
    /// Records that failed.
    pub records: Counter,
    told: Told,
}

impl PutFailures {
    /// One line for a request, as long as they are few: a full disk fails every put there is.
    pub fn tell(
        &self,
        caller: &Caller,
        operation: &'static str,
        stream: &StreamRuntime,
        failure: &Failure,
        now: Millis,
    ) {
        self.records.add(failure.records as u64);
        let Some(untold) = self.told.admit(now.0 / 1000) else { return };
        tracing::error!(
            request_id = %caller.request_id,
            operation,
            stream = %stream.stream.name,
            shard = %failure.shard,
            records = failure.records,
            error = %failure.error,
            untold,
            "records failed"
        );
    }
}
