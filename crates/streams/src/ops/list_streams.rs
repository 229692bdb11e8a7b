//! ListStreams: the account's streams in the region, by name.

use millstream_api::Error;
use millstream_api::ops::{ListStreamsInput, ListStreamsOutput, StreamSummary};
use millstream_catalog::Stream;

use crate::caller::Caller;
use crate::describe::{creation_of, mode_of, status_of};
use crate::errors::Refusal;
use crate::limits::LIST_STREAMS_MAX;
use crate::next_token::list_of;
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
        let list = list_of(caller, &[]);
        let after = match (&input.next_token, &input.exclusive_start_stream_name) {
            (Some(_), Some(_)) => {
                return Err(Error::invalid_argument(
                    "NextToken and ExclusiveStartStreamName cannot be provided together.",
                ));
            }
            (Some(token), None) => Some(self.open_page(TokenKind::ListStreams, &list, token)?),
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
        let next_token =
            last.map(|stream| self.seal_page(TokenKind::ListStreams, &list, stream.name.as_str()));
        Ok(ListStreamsOutput {
            stream_names: page.iter().map(|stream| stream.name.to_string()).collect(),
            has_more_streams: more,
            next_token,
            stream_summaries: Some(page.iter().map(|stream| summary(stream)).collect()),
        })
    }
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
