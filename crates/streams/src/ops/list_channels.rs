//! ListChannels: the account's channels in the region, by name.

use std::collections::BTreeSet;

use millstream_api::Error;
use millstream_api::ops::{ListChannelsInput, ListChannelsOutput, StreamFilter};
use millstream_catalog::Channel;
use millstream_types::{Millis, ResourceArn, StreamName};
use ring::digest;

use crate::caller::Caller;
use crate::channels::summary_of;
use crate::errors::Refusal;
use crate::limits::LIST_CHANNELS_MAX;
use crate::next_token::list_of;
use crate::rates::Call;
use crate::resource::own_resource;
use crate::service::Streams;
use crate::token::TokenKind;

/// Bytes of a filter's digest in a token.
const DIGEST_BYTES: usize = 16;

impl Streams {
    /// A page of channels.
    pub async fn list_channels(
        &self,
        caller: &Caller,
        input: ListChannelsInput,
    ) -> Result<ListChannelsOutput, Error> {
        self.admit_call(Call::ListChannels, caller, None)?;
        let filter = Filter::of(caller, input.stream_filter.as_deref())?;
        let list = list_of(caller, &filter.digest());
        let after = match &input.next_token {
            Some(token) => Some(self.open_page(TokenKind::ListChannels, &list, token)?),
            None => None,
        };
        self.catalog.barrier().await.map_err(|error| Refusal::Catalog(error.to_string()))?;
        let limit = input
            .max_results
            .map_or(LIST_CHANNELS_MAX, |limit| limit as usize)
            .min(LIST_CHANNELS_MAX);
        let (page, more) = self.catalog.read(|state| {
            let all = state.list_channels(caller.account, &caller.region, after.as_ref());
            let mut rest = all.filter(|channel| filter.lets_through(channel)).cloned();
            let page: Vec<_> = rest.by_ref().take(limit).collect();
            (page, rest.next().is_some())
        });
        let last = page.last().filter(|_| more);
        Ok(ListChannelsOutput {
            channel_summaries: page.iter().map(|channel| summary_of(channel)).collect(),
            next_token: last
                .map(|last| self.seal_page(TokenKind::ListChannels, &list, last.name.as_str())),
        })
    }
}

/// The streams whose channels are listed, with the second of creation where one was given.
struct Filter(Option<BTreeSet<(StreamName, Option<u64>)>>);

impl Filter {
    fn of(caller: &Caller, streams: Option<&[StreamFilter]>) -> Result<Self, Refusal> {
        let Some(streams) = streams else { return Ok(Filter(None)) };
        let one = |filter: &StreamFilter| match own_resource(caller, &filter.stream_arn)? {
            ResourceArn::Stream(arn) => {
                Ok((arn.name, filter.stream_creation_timestamp.map(Millis::seconds)))
            }
            ResourceArn::Consumer(_) | ResourceArn::Queue(_) | ResourceArn::Channel(_) => {
                Err(Refusal::InvalidArn { arn: filter.stream_arn.clone() })
            }
        };
        Ok(Filter(Some(streams.iter().map(one).collect::<Result<_, _>>()?)))
    }

    fn lets_through(&self, channel: &Channel) -> bool {
        let Some(streams) = &self.0 else { return true };
        let created = Some(channel.stream_created.seconds());
        [None, created].into_iter().any(|of| streams.contains(&(channel.stream.clone(), of)))
    }

    fn digest(&self) -> [u8; DIGEST_BYTES] {
        let mut text = Vec::new();
        for (name, created) in self.0.iter().flatten() {
            text.extend(name.as_str().as_bytes());
            text.push(b'/');
            text.extend(created.map_or_else(Vec::new, |created| created.to_be_bytes().to_vec()));
            text.push(b'/');
        }
        let whole = digest::digest(&digest::SHA256, &text);
        let mut cut = [0; DIGEST_BYTES];
        cut.copy_from_slice(&whole.as_ref()[..DIGEST_BYTES]);
        cut
    }
}
