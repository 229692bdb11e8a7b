//! ListStreams: the account's streams in the region, by name.

use millstream_api::ops::{ListStreamsInput, ListStreamsOutput, StreamSummary};
use millstream_api::{Error, ErrorCode};
use millstream_catalog::Stream;
use millstream_types::{Millis, StreamName};

use crate::caller::Caller;
use crate::describe::{creation_of, mode_of, status_of};
use crate::errors::Refusal;
use crate::limits::LIST_STREAMS_MAX;
use crate::rates::Call;
use crate::service::Streams;
use crate::token::TokenKind;

impl Streams {
    /// A page of streams.
    pub async fn list_streams(
        &self,
        caller: &Caller,
        input: ListStreamsInput,
    ) -> Result<ListStreamsOutput, Error> {
        self.admit_call(Call::ListStreams, caller, None)?;
        let after = match (&input.next_token, &input.exclusive_start_stream_name) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_argument(
                    "NextToken and ExclusiveStartStreamName cannot be provided together.",
                ));
            }
            (Some(token), None) => Some(self.open_streams_token(caller, token)?),
            // The model's pattern for names is the type's own.
            (None, Some(name)) => Some(name.parse().map_err(|_| Refusal::NoStreamNamed)?),
            (None, None) => None,
        };
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        let limit =
            input.limit.map_or(LIST_STREAMS_MAX, |limit| limit as usize).min(LIST_STREAMS_MAX);
        let (page, more) = self.catalog.read(|state| {
            let mut rest = state.list(caller.account, &caller.region, after.as_ref()).cloned();
            let page: Vec<_> = rest.by_ref().take(limit).collect();
            (page, rest.next().is_some())
        });
        let last = page.last().filter(|_| more);
        let next_token = last.map(|stream| self.seal_streams_token(caller, &stream.name));
        Ok(ListStreamsOutput {
            stream_names: page.iter().map(|stream| stream.name.to_string()).collect(),
            has_more_streams: more,
            next_token,
            stream_summaries: Some(page.iter().map(|stream| summary(stream)).collect()),
        })
    }

    /// When it was made, the account, the region, the last stream's name.
    fn seal_streams_token(&self, caller: &Caller, last: &StreamName) -> String {
        let mut fields = self.now().0.to_be_bytes().to_vec();
        fields.extend(caller.account.as_u64().to_be_bytes());
        fields.push(caller.region.as_str().len() as u8);
        fields.extend(caller.region.as_str().as_bytes());
        fields.extend(last.as_str().as_bytes());
        self.sealer.seal(TokenKind::ListStreams, &fields)
    }

    fn open_streams_token(&self, caller: &Caller, token: &str) -> Result<StreamName, Error> {
        let invalid = || Error::invalid_argument("Invalid NextToken.");
        let fields = self.sealer.open(TokenKind::ListStreams, token).map_err(|_| invalid())?;
        let (made, name) = page_of(caller, &fields).ok_or_else(invalid)?;
        self.check_token_age(made)?;
        Ok(name)
    }

    /// A NextToken lives five minutes (botocore, `ListShards`).
    pub(crate) fn check_token_age(&self, made: Millis) -> Result<(), Error> {
        if self.now().0.saturating_sub(made.0) <= crate::limits::NEXT_TOKEN_LIFE_MS {
            return Ok(());
        }
        Err(Error::new(
            ErrorCode::ExpiredNextTokenException,
            format!(
                "NextToken expired. The token was created at time {} and is good for {} seconds.",
                crate::date::format(made),
                crate::limits::NEXT_TOKEN_LIFE_MS / 1000
            ),
        ))
    }
}

/// What a token of this caller holds; `None` if it is another's.
fn page_of(caller: &Caller, fields: &[u8]) -> Option<(Millis, StreamName)> {
    let (made, rest) = fields.split_first_chunk()?;
    let (account, rest) = rest.split_first_chunk()?;
    let (region_bytes, rest) = rest.split_first()?;
    let (region, name) = rest.split_at_checked(usize::from(*region_bytes))?;
    let own = u64::from_be_bytes(*account) == caller.account.as_u64()
        && region == caller.region.as_str().as_bytes();
    let name = std::str::from_utf8(name).ok()?.parse().ok()?;
    own.then_some((Millis(u64::from_be_bytes(*made)), name))
}

fn summary(stream: &Stream) -> StreamSummary {
    StreamSummary {
        stream_name: stream.name.to_string(),
        stream_arn: stream.arn().to_string(),
        stream_status: status_of(stream.status),
        stream_mode_details: Some(mode_of(stream)),
        stream_creation_timestamp: Some(creation_of(stream)),
    }
}
