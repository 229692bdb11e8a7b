//! GetShardIterator: where a reader begins.

use millstream_api::Error;
use millstream_api::ops::{GetShardIteratorInput, GetShardIteratorOutput, ShardIteratorType};
use millstream_catalog::{Shard, ShardState, Stream, StreamStatus};
use millstream_log::{LogError, LogId, Position};
use millstream_types::{Millis, SequenceNumber, ShardId};

use crate::caller::Caller;
use crate::errors::Refusal;
use crate::owner::Owner;
use crate::service::Streams;
use crate::token::ShardIterator;

impl Streams {
    /// Makes an iterator, good for five minutes.
    pub async fn get_shard_iterator(
        &self,
        caller: &Caller,
        input: GetShardIteratorInput,
    ) -> Result<GetShardIteratorOutput, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        caller.may("kinesis:GetShardIterator", &stream.arn())?;
        if stream.status == StreamStatus::Creating {
            return Err(self.not_found(caller, stream.name.clone()).into());
        }
        let shard = listed_shard(&stream, &input.shard_id)?;
        let number = input.starting_sequence_number.as_deref();
        let start =
            Start::of(Asker::GetShardIterator, input.shard_iterator_type, number, input.timestamp)?;
        let now = self.now();
        let runtime = self.runtimes.of(&stream, &self.limits, &*self.clock);
        // botocore, GetShardIterator: five calls a second for each open shard.
        if shard.is_open() && !runtime.limits_of(shard.id).admit_iterator(now) {
            runtime.counters.read_throughput_exceeded.add(1);
            return Err(Refusal::ReadThroughput {
                shard: shard.id,
                stream: stream.name.clone(),
                account: stream.account,
            }
            .into());
        }
        let position = self.position_of(&stream, shard, start, now).await?;
        if input.dry_run == Some(true) {
            return Err(Refusal::DryRun.into());
        }
        let iterator = ShardIterator {
            group: stream.group.0,
            shard: shard.id.0,
            position: position.0,
            made: now,
        };
        Ok(GetShardIteratorOutput { shard_iterator: Some(iterator.seal(&self.sealer)) })
    }

    /// Where a reader begins that starts so.
    pub(crate) async fn position_of(
        &self,
        stream: &Stream,
        shard: &Shard,
        start: Start<'_>,
        now: Millis,
    ) -> Result<Position, Error> {
        let log = Owner::log_of(stream.group, shard.id);
        match start {
            Start::TrimHorizon => Ok(self.horizon(log, stream, now).await?),
            Start::Latest => Ok(self.owner.log().bounds(log).await.map_err(Refusal::Log)?.end),
            Start::At(time) => {
                let found = self.owner.log().find(log, time).await.map_err(Refusal::Log)?;
                Ok(found.max(self.horizon(log, stream, now).await?))
            }
            Start::Sequence { text, inclusive, asker } => {
                let number = self.sequence_of(stream, shard, text, asker)?;
                let bounds = self.owner.log().bounds(log).await.map_err(Refusal::Log)?;
                let position =
                    if inclusive { number.position_at() } else { number.position_after() };
                match position.map(Position) {
                    None => Ok(bounds.end),
                    Some(position) if position <= bounds.end => Ok(position.max(bounds.first)),
                    Some(_) => Err(foreign_number(stream, shard, text, asker)),
                }
            }
        }
    }

    /// The position of the oldest record that the stream's retention still shows.
    pub(crate) async fn horizon(
        &self,
        log: LogId,
        stream: &Stream,
        now: Millis,
    ) -> Result<Position, Refusal> {
        let oldest = stream.horizon(now);
        match self.owner.log().find(log, oldest).await {
            Ok(position) => Ok(position),
            Err(LogError::Trimmed(first)) => Ok(first),
            Err(error) => Err(Refusal::Log(error)),
        }
    }

    /// A number that belongs to this shard of this stream. Texts: replies of the service quoted in client trackers.
    fn sequence_of(
        &self,
        stream: &Stream,
        shard: &Shard,
        text: &str,
        asker: Asker,
    ) -> Result<SequenceNumber, Error> {
        let number: SequenceNumber = text.parse().map_err(|_| {
            Error::invalid_argument(format!(
                "StartingSequenceNumber {text} used in {} on shard {} in stream {} under account {} is invalid.",
                asker.name(),
                shard.id, stream.name, stream.account
            ))
        })?;
        if number.shard() != shard.id {
            return Err(Error::invalid_argument(format!(
                "Invalid StartingSequenceNumber. It encodes {}, while it was used in a call to {}{}",
                number.shard(),
                asker.before_shard(),
                shard.id
            )));
        }
        let is_foreign = number.creation_second() != shard.created.seconds();
        if is_foreign || number.is_ahead_of(self.now()) {
            return Err(foreign_number(stream, shard, text, asker));
        }
        Ok(number)
    }
}

fn foreign_number(stream: &Stream, shard: &Shard, text: &str, asker: Asker) -> Error {
    Error::invalid_argument(format!(
        "StartingSequenceNumber {text} used in {} on shard {} in stream {} under account {} is invalid because it did \
         not come from this stream.",
        asker.name(),
        shard.id,
        stream.name,
        stream.account
    ))
}

/// A shard that the stream has and lists; one that is only reserved for a reshard is not there yet.
pub(crate) fn listed_shard<'a>(stream: &'a Stream, id: &str) -> Result<&'a Shard, Refusal> {
    let shard = id.parse().ok().and_then(|ShardId(index)| stream.shards.get(index as usize));
    let listed =
        shard.filter(|shard| !matches!(shard.state, ShardState::Reserved | ShardState::Expired));
    listed.ok_or_else(|| Refusal::shard_not_found(stream, id))
}

/// Which operation asks, as its errors say it.
#[derive(Clone, Copy)]
pub(crate) enum Asker {
    GetShardIterator,
    SubscribeToShard,
}

impl Asker {
    fn name(self) -> &'static str {
        match self {
            Asker::GetShardIterator => "GetShardIterator",
            Asker::SubscribeToShard => "SubscribeToShard",
        }
    }

    /// What comes before the shard's id in the text about a foreign number (quoted in client trackers).
    fn before_shard(self) -> &'static str {
        match self {
            Asker::GetShardIterator => "",
            Asker::SubscribeToShard => "a shard with ",
        }
    }
}

/// Where to begin, once the members fit each other.
pub(crate) enum Start<'a> {
    TrimHorizon,
    Latest,
    At(Millis),
    Sequence { text: &'a str, inclusive: bool, asker: Asker },
}

impl<'a> Start<'a> {
    /// Checks that what was given with a kind of position is what it needs.
    pub(crate) fn of(
        asker: Asker,
        kind: ShardIteratorType,
        number: Option<&'a str>,
        timestamp: Option<Millis>,
    ) -> Result<Self, Error> {
        let fits = match kind {
            ShardIteratorType::AtSequenceNumber => {
                number.map(|text| Start::Sequence { text, inclusive: true, asker })
            }
            ShardIteratorType::AfterSequenceNumber => {
                number.map(|text| Start::Sequence { text, inclusive: false, asker })
            }
            ShardIteratorType::TrimHorizon => number.is_none().then_some(Start::TrimHorizon),
            ShardIteratorType::Latest => number.is_none().then_some(Start::Latest),
            ShardIteratorType::AtTimestamp => {
                let time = timestamp.ok_or_else(|| {
                    Error::invalid_argument(
                        "Must specify timestamp parameter for iterator of type AT_TIMESTAMP.",
                    )
                })?;
                number.is_none().then_some(Start::At(time))
            }
        };
        fits.ok_or_else(|| {
            let and = if number.is_some() { "a" } else { "no" };
            Error::invalid_argument(format!(
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or \
                 (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {} and {and} \
                 StartingSequenceNumber.",
                kind.as_str()
            ))
        })
    }
}
