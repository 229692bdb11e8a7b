//! A service whose clock and log the test holds.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use millstream_api::ops::*;
use millstream_api::{Blob, Error, PutEntry, PutRecordsReply};
use millstream_catalog::{Catalog, Command, Outcome, Stream};
use millstream_log::testkit::MemoryLog;
use millstream_log::{Log, LogId};
use millstream_streams::{Caller, HeldReply, Limits, NoDelivery, Parts, Streams};
use millstream_types::{AccountId, Clock, ManualClock, Millis, Random, SeededRandom};

pub const START: Millis = Millis(1_700_000_000_500);

pub struct Harness {
    pub streams: Arc<Streams>,
    pub catalog: Arc<Catalog>,
    pub log: Arc<dyn Log>,
    pub clock: Arc<ManualClock>,
    pub caller: Caller,
}

pub fn caller(account: u64, region: &str) -> Caller {
    Caller {
        account: AccountId::from_u64(account).unwrap(),
        region: region.parse().unwrap(),
        principal: "test".into(),
        request_id: "test".into(),
    }
}

impl Harness {
    pub async fn new(limits: Limits) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self::over(MemoryLog::new(clock.clone()), clock, limits).await
    }

    /// A service over a log, whose clock it has.
    pub async fn over(log: Arc<dyn Log>, clock: Arc<ManualClock>, limits: Limits) -> Self {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(1));
        let catalog = Catalog::open(log.clone(), clock.clone() as Arc<dyn Clock>, random.clone())
            .await
            .unwrap();
        let catalog = Arc::new(catalog);
        let vault = crate::keys::vault(&catalog, &clock, vec![]).await;
        let streams = Streams::new(Parts {
            catalog: catalog.clone(),
            log: log.clone(),
            clock: clock.clone(),
            limits,
            vault,
            random,
            delivery: Arc::new(NoDelivery),
        });
        Harness { streams, catalog, log, clock, caller: caller(0, "us-east-1") }
    }

    /// A stream that is ACTIVE, made without the control plane's operations.
    pub async fn stream(&self, name: &str, shard_count: u32) -> Arc<Stream> {
        let create = Command::CreateStream {
            account: 0,
            region: "us-east-1".into(),
            name: name.into(),
            shard_count,
            max_record_size_kib: 1024,
            tags: Default::default(),
            at: self.clock.now().0,
            shards_max: 1_000_000,
            streams_max: 1_000_000,
            creating_max: 1_000_000,
            retention_hours: None,
        };
        let stream = self.submit(create).await;
        let spec = millstream_log::GroupSpec {
            class: millstream_log::Class::Data,
            keep: Some(Duration::from_secs(24 * 3600)),
            record_bytes_max: 11 * 1024 * 1024,
        };
        self.log.create(stream.group, spec, shard_count).await.unwrap();
        self.submit(Command::Activate { group: stream.group.0, at: self.clock.now().0 }).await
    }

    pub async fn submit(&self, command: Command) -> Arc<Stream> {
        match self.catalog.submit(&command).await.unwrap() {
            Outcome::Stream(stream) => stream,
            other => panic!("{command:?} came to {other:?}"),
        }
    }

    pub async fn put(
        &self,
        stream: &str,
        records: &[(&str, &[u8])],
    ) -> Result<PutRecordsReply, Error> {
        let entry = |(key, data): &(&str, &[u8])| PutRecordsRequestEntry {
            data: Blob::Raw(Cow::Owned(data.to_vec())),
            explicit_hash_key: None,
            partition_key: Some(Cow::Owned((*key).to_owned())),
        };
        let input = PutRecordsInput {
            records: records.iter().map(entry).collect(),
            stream_name: Some(Cow::Owned(stream.to_owned())),
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        self.streams.put_records(&self.caller, input).await
    }

    pub async fn iterator(&self, input: GetShardIteratorInput) -> Result<String, Error> {
        let output = self.streams.get_shard_iterator(&self.caller, input).await?;
        Ok(output.shard_iterator.expect("an iterator is always given"))
    }

    pub async fn horizon_iterator(&self, stream: &str, shard: u32) -> String {
        self.iterator(at(stream, shard, ShardIteratorType::TrimHorizon)).await.unwrap()
    }

    pub async fn get(&self, iterator: &str, limit: Option<i32>) -> Result<HeldReply, Error> {
        let input = GetRecordsInput {
            shard_iterator: iterator.to_owned(),
            limit,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        self.streams.get_records(&self.caller, input).await
    }

    pub async fn seal(&self, stream: &Stream, shard: u32) -> u64 {
        self.log.seal(LogId { group: stream.group, index: shard }).await.unwrap().0
    }
}

pub fn at(stream: &str, shard: u32, kind: ShardIteratorType) -> GetShardIteratorInput {
    GetShardIteratorInput {
        stream_name: Some(stream.to_owned()),
        shard_id: format!("shardId-{shard:012}"),
        shard_iterator_type: kind,
        starting_sequence_number: None,
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    }
}

/// The records of a reply: sequence number and data.
pub fn read(held: &HeldReply) -> Vec<(String, Vec<u8>)> {
    let reply = &held.reply;
    let one = |record: &millstream_api::RecordAt| {
        let block = &reply.blocks[record.block as usize];
        let mut digits = [0; millstream_types::SequenceDigits::LEN];
        record.sequence.write(&mut digits);
        let data = block[record.data.start as usize..record.data.end as usize].to_vec();
        (String::from_utf8(digits.to_vec()).unwrap(), data)
    };
    reply.records.iter().map(one).collect()
}

pub fn sequence(entry: &PutEntry) -> String {
    match entry {
        PutEntry::Put { sequence, .. } => {
            let mut digits = [0; millstream_types::SequenceDigits::LEN];
            sequence.write(&mut digits);
            String::from_utf8(digits.to_vec()).unwrap()
        }
        PutEntry::Failed { code, message } => panic!("{code:?}: {message}"),
    }
}
