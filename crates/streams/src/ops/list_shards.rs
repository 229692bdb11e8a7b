//! ListShards: a stream's shards, all or by a filter, in pages.
//!
//! A shard is open on [its start, its children's start): so what was open at one time covers every hash key once, at
//! each boundary too, even when the clock stands still.

use std::sync::Arc;

use millstream_api::Error;
use millstream_api::ops::{ListShardsInput, ListShardsOutput, ShardFilter, ShardFilterType};
use millstream_catalog::{Shard, Stream, StreamStatus};
use millstream_log::GroupId;
use millstream_types::{Millis, ShardId};

use crate::caller::Caller;
use crate::describe::{shard_of, shown_shards};
use crate::errors::Refusal;
use crate::limits::LIST_SHARDS_MAX;
use crate::next_token::invalid_next_token;
use crate::rates::Call;
use crate::service::Streams;
use crate::token::TokenKind;

/// Which shards, in terms that stay the same from page to page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// All that are kept.
    Kept,
    /// Those that are open, as the catalog says, not the clock.
    Open,
    /// Those that were open at a time.
    OpenAt(Millis),
    /// Those that were open at a time or later.
    OpenSince(Millis),
}

/// A page that is asked for.
struct Page {
    stream: Arc<Stream>,
    which: Which,
    after: Option<ShardId>,
}

impl Streams {
    /// A page of shards.
    pub async fn list_shards(
        &self,
        caller: &Caller,
        input: ListShardsInput,
    ) -> Result<ListShardsOutput, Error> {
        let page = match &input.next_token {
            Some(token) => self.next_page(caller, &input, token).await?,
            None => self.first_page(caller, &input).await?,
        };
        let Page { stream, which, after } = page;
        caller.may("kinesis:ListShards", &stream.arn())?;
        self.admit_call_on(Call::ListShards, caller, &stream)?;
        match stream.status {
            StreamStatus::Active | StreamStatus::Updating => {}
            // The KCL reads ResourceInUse as "not ACTIVE or UPDATING".
            status @ (StreamStatus::Creating | StreamStatus::Deleting) => {
                let (stream, account) = (stream.name.clone(), stream.account);
                return Err(Refusal::NotActive { stream, account, status }.into());
            }
        }
        let now = self.now();
        let limit =
            input.max_results.map_or(LIST_SHARDS_MAX, |limit| limit as usize).min(LIST_SHARDS_MAX);
        let mut rest = filtered(&stream, which, now)
            .into_iter()
            .filter(|shard| after.is_none_or(|after| shard.id > after));
        let shards: Vec<&Shard> = rest.by_ref().take(limit).collect();
        let last = shards.last().filter(|_| rest.next().is_some());
        Ok(ListShardsOutput {
            next_token: last.map(|last| self.seal_shards_token(&stream, which, last.id, now)),
            shards: Some(shards.into_iter().map(shard_of).collect()),
        })
    }

    async fn first_page(&self, caller: &Caller, input: &ListShardsInput) -> Result<Page, Error> {
        let stream =
            self.resolve(caller, input.stream_name.as_deref(), input.stream_arn.as_deref()).await?;
        if let Some(created) = input.stream_creation_timestamp
            && created.seconds() != stream.created.seconds()
        {
            return Err(self.not_found(caller, stream.name.clone()).into());
        }
        let start = input.exclusive_start_shard_id.as_deref().map(after_shard).transpose()?;
        let (which, after) = match &input.shard_filter {
            Some(filter) => filter_of(filter)?,
            None => (Which::Kept, None),
        };
        Ok(Page { stream, which, after: start.max(after) })
    }

    async fn next_page(
        &self,
        caller: &Caller,
        input: &ListShardsInput,
        token: &str,
    ) -> Result<Page, Error> {
        let alone = [
            ("StreamName", input.stream_name.is_some()),
            ("StreamARN", input.stream_arn.is_some()),
            ("ExclusiveStartShardId", input.exclusive_start_shard_id.is_some()),
            ("StreamCreationTimestamp", input.stream_creation_timestamp.is_some()),
            ("ShardFilter", input.shard_filter.is_some()),
        ];
        if let Some((member, _)) = alone.iter().find(|(_, given)| *given) {
            return Err(Error::invalid_argument(format!(
                "NextToken and {member} cannot be provided together."
            )));
        }
        let fields =
            self.sealer.open(TokenKind::ListShards, token).map_err(|_| invalid_next_token())?;
        let token = ShardsToken::read(&fields).ok_or_else(invalid_next_token)?;
        let stream = match self.catalog.by_group(token.group) {
            Some(stream) => stream,
            None => {
                self.catalog
                    .barrier()
                    .await
                    .map_err(|error| Refusal::Catalog(error.to_string()))?;
                self.catalog.by_group(token.group).ok_or_else(invalid_next_token)?
            }
        };
        if stream.account != caller.account || stream.region != caller.region {
            return Err(invalid_next_token());
        }
        self.check_token_age(token.made)?;
        Ok(Page { stream, which: token.which, after: Some(token.after) })
    }

    fn seal_shards_token(
        &self,
        stream: &Stream,
        which: Which,
        after: ShardId,
        made: Millis,
    ) -> String {
        let token = ShardsToken { made, group: stream.group, after, which };
        self.sealer.seal(TokenKind::ListShards, &token.write())
    }
}

/// What a filter means. Members that belong to another kind of filter are refused.
fn filter_of(filter: &ShardFilter) -> Result<(Which, Option<ShardId>), Error> {
    use ShardFilterType::*;
    let takes_id = filter.kind == AfterShardId;
    let takes_time = matches!(filter.kind, AtTimestamp | FromTimestamp);
    for (member, given, taken) in [
        ("ShardId", filter.shard_id.is_some(), takes_id),
        ("Timestamp", filter.timestamp.is_some(), takes_time),
    ] {
        if given != taken {
            let verb = if taken { "must" } else { "cannot" };
            let kind = filter.kind.as_str();
            return Err(Error::invalid_argument(format!(
                "{member} {verb} be specified when ShardFilter is of type {kind}."
            )));
        }
    }
    let time = filter.timestamp.unwrap_or_default();
    Ok(match filter.kind {
        AfterShardId => (Which::Kept, filter.shard_id.as_deref().map(after_shard).transpose()?),
        AtTrimHorizon => (Which::OpenAt(Millis(0)), None),
        FromTrimHorizon => (Which::Kept, None),
        AtLatest => (Which::Open, None),
        AtTimestamp => (Which::OpenAt(time), None),
        FromTimestamp => (Which::OpenSince(time), None),
    })
}

/// A shard that a list goes on after. It need not exist (any more).
fn after_shard(id: &str) -> Result<ShardId, Error> {
    id.parse().map_err(|_| Error::invalid_argument(format!("Invalid ShardId {id}.")))
}

/// The shards that a filter shows at `now`, in the order of their ids.
fn filtered(stream: &Stream, which: Which, now: Millis) -> Vec<&Shard> {
    let ends = stream.ends();
    let ended_by = |shard: &Shard, at: Millis| ends.get(&shard.id).is_some_and(|end| *end <= at);
    let mut shards = shown_shards(stream, now);
    match which {
        Which::Kept => {}
        Which::Open => shards.retain(|shard| shard.is_open()),
        Which::OpenAt(at) => {
            // Before the horizon the oldest kept shards are meant, and none is older than the stream.
            let at = at.max(stream.horizon(now)).max(stream.created);
            shards.retain(|shard| shard.created <= at && !ended_by(shard, at));
        }
        Which::OpenSince(at) => shards.retain(|shard| !ended_by(shard, at)),
    }
    shards
}

/// What a NextToken of ListShards holds.
#[derive(Debug, PartialEq, Eq)]
struct ShardsToken {
    made: Millis,
    group: GroupId,
    after: ShardId,
    which: Which,
}

impl ShardsToken {
    fn write(&self) -> Vec<u8> {
        let (kind, time) = match self.which {
            Which::Kept => (0, 0),
            Which::Open => (1, 0),
            Which::OpenAt(at) => (2, at.0),
            Which::OpenSince(at) => (3, at.0),
        };
        let mut fields = self.made.0.to_be_bytes().to_vec();
        fields.extend(self.group.0.to_be_bytes());
        fields.extend(self.after.0.to_be_bytes());
        fields.push(kind);
        fields.extend(u64::to_be_bytes(time));
        fields
    }

    fn read(fields: &[u8]) -> Option<Self> {
        let (made, rest) = fields.split_first_chunk()?;
        let (group, rest) = rest.split_first_chunk()?;
        let (after, rest) = rest.split_first_chunk()?;
        let (kind, time) = rest.split_first()?;
        let time = Millis(u64::from_be_bytes(time.try_into().ok()?));
        let which = match kind {
            0 => Which::Kept,
            1 => Which::Open,
            2 => Which::OpenAt(time),
            3 => Which::OpenSince(time),
            _ => return None,
        };
        let made = Millis(u64::from_be_bytes(*made));
        let group = GroupId(u64::from_be_bytes(*group));
        Some(ShardsToken { made, group, after: ShardId(u32::from_be_bytes(*after)), which })
    }
}
