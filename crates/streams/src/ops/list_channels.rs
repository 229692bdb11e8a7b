//! ListChannels: the account's channels in the region, by name.

use std::collections::BTreeSet;

use millstream_api::Error;
use millstream_api::ops::{ListChannelsInput, ListChannelsOutput, StreamFilter};
use millstream_catalog::Channel;
use millstream_types::{ChannelName, Millis, ResourceArn, StreamName};
use ring::digest;

use crate::caller::Caller;
use crate::channels::summary_of;
use crate::errors::Refusal;
use crate::limits::LIST_CHANNELS_MAX;
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
        let after = match &input.next_token {
            Some(token) => Some(self.open_channels_token(caller, &filter, token)?),
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
            next_token: last.map(|last| self.seal_channels_token(caller, &filter, &last.name)),
        })
    }

    /// When it was made, the account, the filter, the region, the last channel's name.
    fn seal_channels_token(&self, caller: &Caller, filter: &Filter, last: &ChannelName) -> String {
        let mut fields = self.now().0.to_be_bytes().to_vec();
        fields.extend(caller.account.as_u64().to_be_bytes());
        fields.extend(filter.digest());
        fields.push(caller.region.as_str().len() as u8);
        fields.extend(caller.region.as_str().as_bytes());
        fields.extend(last.as_str().as_bytes());
        self.sealer.seal(TokenKind::ListChannels, &fields)
    }

    fn open_channels_token(
        &self,
        caller: &Caller,
        filter: &Filter,
        token: &str,
    ) -> Result<ChannelName, Error> {
        let invalid = || Error::invalid_argument("Invalid NextToken.");
        let fields = self.sealer.open(TokenKind::ListChannels, token).map_err(|_| invalid())?;
        let (made, name) = page_of(caller, filter, &fields).ok_or_else(invalid)?;
        self.check_token_age(made)?;
        Ok(name)
    }
}

/// What a token of this caller and this filter holds; `None` if it is another's.
fn page_of(caller: &Caller, filter: &Filter, fields: &[u8]) -> Option<(Millis, ChannelName)> {
    let (made, rest) = fields.split_first_chunk()?;
    let (account, rest) = rest.split_first_chunk()?;
    let (digest, rest) = rest.split_first_chunk::<DIGEST_BYTES>()?;
    let (region_bytes, rest) = rest.split_first()?;
    let (region, name) = rest.split_at_checked(usize::from(*region_bytes))?;
    let own = u64::from_be_bytes(*account) == caller.account.as_u64()
        && region == caller.region.as_str().as_bytes()
        && *digest == filter.digest();
    let name = std::str::from_utf8(name).ok()?.parse().ok()?;
    own.then_some((Millis(u64::from_be_bytes(*made)), name))
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
