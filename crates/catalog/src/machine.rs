//! The catalog as a machine of `replica`.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::GroupId;
use millstream_replica::{Machine, Slice};
use millstream_types::ChannelId;

use crate::apply::apply;
use crate::channels::Channel;
use crate::command::{CapacityCommand, Command};
use crate::delivery_streams::{self, DeliveryStream};
use crate::outcome::Outcome;
use crate::queues::{Queue, slices};
use crate::state::State;
use crate::stored::{StoredChannel, StoredCommitment, StoredHead, StoredSlice, StoredStream};
use crate::stored_encryption::StoredSecrets;
use crate::stream::Stream;

/// Shards of one stream that are written together: a stream of 20,000 shards is spread over several slices.
const SHARDS_PER_PART: usize = 1000;

/// The machine.
pub struct CatalogMachine;

/// The state at one moment: handles only.
pub struct Frozen {
    head: StoredHead,
    streams: BTreeMap<GroupId, Arc<Stream>>,
    channels: BTreeMap<ChannelId, Arc<Channel>>,
    queues: BTreeMap<GroupId, Arc<Queue>>,
    delivery_streams: BTreeMap<GroupId, Arc<DeliveryStream>>,
}

impl Machine for CatalogMachine {
    const KIND: u16 = 1;
    const NAME: &'static str = "catalog";
    const VERSION: u16 = 1;

    type Command = Command;
    type Outcome = Outcome;
    type State = State;
    type Frozen = Frozen;

    fn apply(state: &mut State, command: &Command) -> Outcome {
        apply(state, command)
    }

    fn encode(command: &Command) -> Vec<u8> {
        encoded(command)
    }

    fn decode(bytes: &[u8], _version: u16) -> Result<Command, String> {
        minicbor::decode(bytes).map_err(|error| error.to_string())
    }

    fn freeze(state: &State) -> Frozen {
        let retired = state.retired.iter();
        let retired =
            retired.map(|((a, r, n), second)| (a.as_u64(), r.to_string(), n.to_string(), *second));
        let head = StoredHead {
            token_key: state.token_key.map(Vec::from).unwrap_or_default(),
            next_group: state.next_group,
            next_version: state.next_version,
            retired: retired.collect(),
            commitments: StoredCommitment::all(&state.commitments),
            secrets: state.sealed_secrets.as_deref().map(StoredSecrets::of),
        };
        Frozen {
            head,
            streams: state.streams.clone(),
            queues: state.queues.handles(),
            channels: state.channels.by_id.clone(),
            delivery_streams: state.delivery_streams.handles(),
        }
    }

    fn slice(frozen: &Frozen, from: Option<&[u8]>, bytes_max: usize) -> Slice {
        if let Some(group) = from.and_then(delivery_streams::slices::cursor_of) {
            return delivery_streams::slices::slice(&frozen.delivery_streams, group, bytes_max);
        }
        if let Some(after) = from.and_then(channel_cursor_of) {
            let mut slice = slice_of_channels(frozen, after, bytes_max);
            slice.next = slice.next.or_else(|| first_delivery_streams(frozen));
            return slice;
        }
        if let Some(group) = from.and_then(slices::cursor_of) {
            let mut slice = slices::slice(&frozen.queues, group, bytes_max);
            slice.next = slice.next.or_else(|| after_queues(frozen));
            return slice;
        }
        let (mut at, head) = match from.and_then(cursor_of) {
            Some(at) => (at, None),
            None => ((0, 0), minicbor::decode(&encoded(&frozen.head)).ok()),
        };
        let mut size = head.as_ref().map_or(0, |head: &StoredHead| encoded(head).len());
        let mut streams: Vec<StoredStream> = Vec::new();
        let next = loop {
            let Some((group, stream)) = frozen.streams.range(GroupId(at.0)..).next() else {
                // Queues come after all streams, channels after all queues, delivery streams after all channels.
                break slices::first(&frozen.queues).or_else(|| after_queues(frozen));
            };
            let first = if group.0 == at.0 { at.1 } else { 0 };
            let part = StoredStream::part(stream, first, SHARDS_PER_PART);
            size += encoded(&part).len();
            if size > bytes_max && !(streams.is_empty() && head.is_none()) {
                break Some(key_of((group.0, first)));
            }
            streams.push(part);
            let done = first as usize + SHARDS_PER_PART;
            at = if done < stream.shards.len() { (group.0, done as u32) } else { (group.0 + 1, 0) };
        };
        let slice = StoredSlice { head, streams, ..StoredSlice::default() };
        Slice { bytes: encoded(&slice), next }
    }

    fn restore(state: &mut State, slice: &[u8], _version: u16) -> Result<(), String> {
        let slice: StoredSlice = minicbor::decode(slice).map_err(|error| error.to_string())?;
        if let Some(head) = slice.head {
            state.token_key = head.token_key.try_into().ok();
            state.sealed_secrets = head.secrets.map(|secrets| Arc::new(secrets.restore()));
            state.next_group = head.next_group;
            state.next_version = head.next_version;
            for (account, region, name, second) in head.retired {
                let account =
                    millstream_types::AccountId::from_u64(account).map_err(|_| "account")?;
                let region = region.parse().map_err(|_| "region")?;
                let name = name.parse().map_err(|_| "name")?;
                state.retired.insert((account, region, name), second);
            }
            for stored in head.commitments.into_iter().flatten() {
                let (scope, commitment) = stored.restore()?;
                state.commitments.insert(scope, commitment);
            }
        }
        for part in slice.streams {
            state.insert_part(part.first_shard, part.restore()?)?;
        }
        slices::restore(state, slice.queues.unwrap_or_default())?;
        for channel in slice.channels.into_iter().flatten() {
            state.channels.insert(channel.restore()?);
        }
        delivery_streams::slices::restore(state, slice.delivery_streams.unwrap_or_default())?;
        Ok(())
    }
}

/// Where a slice begins: a stream's group and a shard's number.
fn cursor_of(key: &[u8]) -> Option<(u64, u32)> {
    let (group, shard) = key.split_at_checked(8)?;
    Some((u64::from_be_bytes(group.try_into().ok()?), u32::from_be_bytes(shard.try_into().ok()?)))
}

fn key_of((group, shard): (u64, u32)) -> Vec<u8> {
    [&group.to_be_bytes()[..], &shard.to_be_bytes()].concat()
}

/// What the key of a slice of channels begins with: the number of their field. A stream's key begins with the highest
/// byte of its group's number, which is zero, since groups are numbered one by one.
const CHANNELS: u8 = 4;

/// The id after which a slice of channels begins; empty for the first.
fn channel_cursor_of(key: &[u8]) -> Option<&str> {
    let id = key.strip_prefix(&[CHANNELS])?;
    std::str::from_utf8(id).ok()
}

fn channel_key_of(after: &str) -> Vec<u8> {
    [&[CHANNELS], after.as_bytes()].concat()
}

/// Where the slices of channels begin, if there are channels.
fn first_channels(frozen: &Frozen) -> Option<Vec<u8>> {
    (!frozen.channels.is_empty()).then(|| channel_key_of(""))
}

fn first_delivery_streams(frozen: &Frozen) -> Option<Vec<u8>> {
    delivery_streams::slices::first(&frozen.delivery_streams)
}

fn after_queues(frozen: &Frozen) -> Option<Vec<u8>> {
    first_channels(frozen).or_else(|| first_delivery_streams(frozen))
}

fn slice_of_channels(frozen: &Frozen, after: &str, bytes_max: usize) -> Slice {
    use std::ops::Bound::{Excluded, Unbounded};
    let start = after.parse::<ChannelId>().map_or(Unbounded, Excluded);
    let (mut channels, mut size) = (Vec::<StoredChannel>::new(), 0);
    let (mut last, mut next) = (None, None);
    for (id, channel) in frozen.channels.range((start, Unbounded)) {
        let stored = StoredChannel::from(&**channel);
        size += encoded(&stored).len();
        if size > bytes_max && !channels.is_empty() {
            next = last.map(|last: &ChannelId| channel_key_of(last.as_str()));
            break;
        }
        channels.push(stored);
        last = Some(id);
    }
    let slice = StoredSlice { channels: Some(channels), ..StoredSlice::default() };
    Slice { bytes: encoded(&slice), next }
}

pub(crate) fn encoded<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    // Writing to memory cannot fail.
    minicbor::to_vec(value).unwrap_or_default()
}

/// Reads any bytes as a command and as a slice; for fuzzing.
pub fn fuzz_command(input: &[u8]) {
    let mut state = State::default();
    if let Ok(command) = CatalogMachine::decode(input, CatalogMachine::VERSION) {
        // The gateway never lets such counts in; applying them would only use up memory.
        let too_many = matches!(
            command,
            Command::CreateStream { shard_count, .. }
                | Command::Capacity(CapacityCommand::CreateOnDemandStream { shard_count, .. }) if shard_count > 100_000
        );
        if !too_many {
            apply(&mut state, &command);
        }
    }
    let _ = CatalogMachine::restore(&mut state, input, CatalogMachine::VERSION);
}
