//! Records that fail because a test asked for it: they never reach their shard, and are answered as if it had refused
//! them.

use std::sync::Arc;

use millstream_api::{Error, PutEntry};
use millstream_catalog::Channel;
use millstream_faults::{Place, RecordFault};
use millstream_types::{ResourceArn, ShardId};

use crate::caller::Caller;
use crate::put::{Incoming, internal_failure, throttled};
use crate::runtime::StreamRuntime;
use crate::service::Streams;
use crate::token::ShardIterator;

impl Streams {
    /// Puts records of `operation`, save those that a fault rule takes out.
    pub(crate) async fn put_or_inject(
        &self,
        caller: &Caller,
        operation: &'static str,
        stream: Arc<StreamRuntime>,
        records: &[Incoming<'_>],
    ) -> Result<(Vec<PutEntry>, usize), Error> {
        if !self.faults.any() {
            return self.put_everywhere(caller, operation, stream, records).await;
        }
        let fault = |record: &Incoming<'_>| {
            let shard = stream.routing.shard_of(record.hash_key)?;
            let fault = self.faults.record(operation, &stream.stream.name, shard)?;
            Some(entry(&stream, shard, fault))
        };
        let injected: Vec<Option<PutEntry>> = records.iter().map(fault).collect();
        let untouched = records.iter().zip(&injected).filter(|(_, fault)| fault.is_none());
        let untouched: Vec<_> = untouched.map(|(record, _)| record.clone()).collect();
        let (entries, bytes_taken) =
            self.put_everywhere(caller, operation, stream, &untouched).await?;
        let mut put = entries.into_iter();
        let merged = injected.into_iter().map(|fault| fault.or_else(|| put.next()));
        Ok((merged.map(|entry| entry.unwrap_or_else(internal_failure)).collect(), bytes_taken))
    }

    /// The stream that a queue or a channel reads, for whoever needs to know before the operation does.
    pub fn place_of_reader(&self, arn: &str) -> Option<Place> {
        let stream = self.catalog.read(|state| match arn.parse().ok()? {
            ResourceArn::Queue(arn) => Some(state.queues().by_arn(&arn)?.stream_name.clone()),
            ResourceArn::Channel(arn) => {
                let ours = |channel: &&Arc<Channel>| channel.arn() == arn;
                Some(state.channel(&arn.id).filter(ours)?.stream.clone())
            }
            ResourceArn::Stream(_) | ResourceArn::Consumer(_) => None,
        })?;
        Some(Place { stream: Some(stream), shard: None })
    }

    /// What a shard iterator reads, for whoever needs to know before the operation does. It is no permission to read.
    pub fn place_of_iterator(&self, token: &str) -> Option<Place> {
        let iterator = ShardIterator::open(&self.sealer, token).ok()?;
        let stream = self.catalog.by_group(millstream_log::GroupId(iterator.group))?;
        Some(Place { stream: Some(stream.name.clone()), shard: Some(ShardId(iterator.shard)) })
    }
}

fn entry(stream: &StreamRuntime, shard: ShardId, fault: RecordFault) -> PutEntry {
    match fault {
        RecordFault::Throttle => throttled(stream, shard),
        RecordFault::Internal => internal_failure(),
    }
}
