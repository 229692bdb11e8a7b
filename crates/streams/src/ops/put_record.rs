//! PutRecord: one record.

use millstream_api::ops::PutRecordInput;
use millstream_api::{Error, ErrorCode, PutEntry, PutRecordReply};
use millstream_log::LogError;
use millstream_types::{HashKey, SequenceNumber};
use tokio::time::Instant;

use crate::caller::Caller;
use crate::distribution::distribute;
use crate::encryption::of_puts;
use crate::errors::Refusal;
use crate::ops::put_records::{PathOf, incoming};
use crate::owner::Owner;
use crate::runtime::StreamRuntime;
use crate::service::Streams;

impl Streams {
    /// Puts one record.
    pub async fn put_record(
        &self,
        caller: &Caller,
        input: PutRecordInput<'_>,
    ) -> Result<PutRecordReply, Error> {
        let began = Instant::now();
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:PutRecord", &stream.arn())?;
        let stream = self.writable(caller, stream)?;
        let mut record = incoming(
            &stream.stream,
            PathOf::Only,
            input.data,
            input.partition_key,
            input.explicit_hash_key,
        )?;
        if stream.stream.capacity.auto {
            distribute(&stream, self.now(), std::slice::from_mut(&mut record));
        }
        if let Some(floor) = &input.sequence_number_for_ordering {
            let key = self.check_ordering(&stream, floor).await?;
            if stream.stream.capacity.auto {
                // Only numbers of the same shard, or of its children, are sure to be above.
                record.hash_key = key;
            }
        }
        if input.dry_run == Some(true) {
            return Err(Refusal::DryRun.into());
        }
        let counters = stream.counters.clone();
        let encryption = of_puts(&stream.stream);
        let bytes = record.bytes() as u64;
        counters.put_record_calls.add(1);
        counters.put_record_bytes.add(bytes);
        let (entries, _) =
            self.put_or_inject(caller, "PutRecord", stream, std::slice::from_ref(&record)).await?;
        counters.put_record_latency_us.record(began.elapsed().as_micros() as u64);
        match entries.first() {
            Some(PutEntry::Put { shard, sequence }) => {
                counters.put_record_success.add(1);
                counters.incoming_records.add(1);
                counters.incoming_bytes.add(bytes);
                Ok(PutRecordReply { shard: *shard, sequence: *sequence, encryption })
            }
            Some(PutEntry::Failed {
                code: ErrorCode::ProvisionedThroughputExceededException,
                message,
            }) => {
                counters.write_throughput_exceeded.add(1);
                Err(Error::new(ErrorCode::ProvisionedThroughputExceededException, message.clone()))
            }
            Some(PutEntry::Failed { message, .. }) => {
                Err(Error::new(ErrorCode::InternalFailureException, message.clone()))
            }
            None => {
                Err(Error::new(ErrorCode::InternalFailureException, "Internal Service Failure"))
            }
        }
    }

    /// SequenceNumberForOrdering is a number that an earlier put returned: every new number of its shard exceeds it.
    /// A number that no put can have returned yet is refused, since the promise could not be kept. Returns a hash key
    /// of the number's shard.
    async fn check_ordering(&self, stream: &StreamRuntime, floor: &str) -> Result<HashKey, Error> {
        let refused = || {
            Error::invalid_argument(format!(
                "ExclusiveMinimumSequenceNumber {floor} used in PutRecord on stream {} under account {} is invalid.",
                stream.stream.name, stream.stream.account
            ))
        };
        let number: SequenceNumber = floor.parse().map_err(|_| refused())?;
        let shard = stream.stream.shards.get(number.shard().0 as usize).ok_or_else(refused)?;
        if shard.created.seconds() != number.creation_second() {
            return Err(refused());
        }
        let log = Owner::log_of(stream.group(), shard.id);
        let end = match self.owner.log().bounds(log).await {
            Ok(bounds) => bounds.end.0,
            Err(LogError::Gone) => return Ok(shard.range.start),
            Err(error) => return Err(Refusal::Log(error).into()),
        };
        // The end of a closed shard is a number too: its children's all exceed it.
        let known = number.position_after().is_none_or(|after| after <= end);
        if known { Ok(shard.range.start) } else { Err(refused()) }
    }
}
