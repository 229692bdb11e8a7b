//! The stages of a put, each by itself: for `benches/put.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use millstream_api::{Blob, Error};
use millstream_catalog::Stream;
use millstream_log::{Frame, FramePool};
use millstream_types::Clock;

use super::{Admitted, Incoming, admit, lay_out, runs_of};
use crate::limits::{FRAME_POOL_BYTES_MAX, Limits};
use crate::ops::put_records::{PathOf, incoming};
use crate::runtime::{Runtimes, StreamRuntime};

/// A stream that records can be made ready for.
#[doc(hidden)]
pub struct PutStages {
    runtime: Arc<StreamRuntime>,
    pool: FramePool,
    clock: Arc<dyn Clock>,
}

/// Records of a request that have their hash keys.
#[doc(hidden)]
pub struct RoutedRecords<'a>(Vec<Incoming<'a>>);

/// Records that the shards' limits let in.
#[doc(hidden)]
pub struct AdmittedRecords(Admitted);

impl PutStages {
    /// With what a server keeps of this stream.
    pub fn new(stream: &Arc<Stream>, limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let runtime = Runtimes::default().of(stream, limits, &*clock);
        PutStages { runtime, pool: FramePool::new(FRAME_POOL_BYTES_MAX), clock }
    }

    /// Checks the records and hashes their keys.
    pub fn route<'a>(
        &self,
        records: &'a [(Blob<'a>, &'a str)],
    ) -> Result<RoutedRecords<'a>, Error> {
        let stream = &self.runtime.stream;
        let route = |(index, (data, key)): (usize, &(Blob<'a>, &'a str))| {
            let (path, key) = (PathOf::Entry(index), Some(Cow::Borrowed(*key)));
            incoming(stream, path, data.clone(), key, None)
        };
        records.iter().enumerate().map(route).collect::<Result<_, _>>().map(RoutedRecords)
    }

    /// Looks each record's shard up and asks its limits.
    pub fn admit(&self, records: &RoutedRecords<'_>) -> AdmittedRecords {
        let mut entries = vec![None; records.0.len()];
        AdmittedRecords(admit(&self.runtime, &*self.clock, &records.0, &mut entries))
    }

    /// Lays the admitted records out in a frame.
    pub fn lay_out(
        &self,
        admitted: &AdmittedRecords,
        records: &RoutedRecords<'_>,
    ) -> Result<Frame, Error> {
        let order = &admitted.0.order;
        let runs = runs_of(order, &records.0, 0);
        lay_out(&self.runtime, &self.pool, order, &runs, &records.0, None)
    }
}

impl AdmittedRecords {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.order.len()
    }
}
