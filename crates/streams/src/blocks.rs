//! From a batch as it lies in the log to the payload that holds its records: whatever envelope there is ends here, for
//! all who read.

use bytes::Bytes;
use millstream_api::Error;
use millstream_catalog::Stream;
use millstream_log::ReadBatch;

use crate::service::Streams;

impl Streams {
    /// The payload of a batch of a stream's shard, with its table of records.
    pub(crate) fn payload(&self, _stream: &Stream, batch: &ReadBatch) -> Result<Bytes, Error> {
        Ok(batch.batch.payload.clone())
    }
}
