//! The catalog as a machine of `replica`.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_log::GroupId;
use millstream_replica::{Machine, Slice};

use crate::apply::apply;
use crate::command::Command;
use crate::outcome::Outcome;
use crate::state::State;
use crate::stored::{StoredHead, StoredSlice, StoredStream};
use crate::stream::Stream;

/// The machine.
pub struct CatalogMachine;

/// The state at one moment: handles only.
pub struct Frozen {
    head: StoredHead,
    streams: BTreeMap<GroupId, Arc<Stream>>,
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
        let retired = retired.map(|((a, r, n), second)| (a.as_u64(), r.to_string(), n.to_string(), *second));
        let head = StoredHead {
            token_key: state.token_key.map(Vec::from).unwrap_or_default(),
            next_group: state.next_group,
            next_version: state.next_version,
            retired: retired.collect(),
        };
        Frozen { head, streams: state.streams.clone() }
    }

    fn slice(frozen: &Frozen, from: Option<&[u8]>, bytes_max: usize) -> Slice {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = from.and_then(|key| key.try_into().ok()).map(|key| GroupId(u64::from_be_bytes(key)));
        let mut size = if from.is_none() { encoded(&frozen.head).len() } else { 0 };
        let mut streams: Vec<StoredStream> = Vec::new();
        let mut last = None;
        let start = from.map_or(Unbounded, Excluded);
        let mut rest = frozen.streams.range((start, Unbounded)).peekable();
        while let Some((group, stream)) = rest.peek() {
            let stored = StoredStream::from(&***stream);
            size += encoded(&stored).len();
            // A slice holds one stream at least: the largest has 20,000 shards and fits a command's limit.
            if size > bytes_max && !streams.is_empty() {
                break;
            }
            streams.push(stored);
            last = Some(**group);
            rest.next();
        }
        let next = rest.peek().and(last).map(|group| group.0.to_be_bytes().to_vec());
        let head = from.is_none().then(|| minicbor::decode(&encoded(&frozen.head)).ok()).flatten();
        Slice { bytes: encoded(&StoredSlice { head, streams }), next }
    }

    fn restore(state: &mut State, slice: &[u8], _version: u16) -> Result<(), String> {
        let slice: StoredSlice = minicbor::decode(slice).map_err(|error| error.to_string())?;
        if let Some(head) = slice.head {
            state.token_key = head.token_key.try_into().ok();
            state.next_group = head.next_group;
            state.next_version = head.next_version;
            for (account, region, name, second) in head.retired {
                let account = millstream_types::AccountId::from_u64(account).map_err(|_| "account")?;
                let region = region.parse().map_err(|_| "region")?;
                let name = name.parse().map_err(|_| "name")?;
                state.retired.insert((account, region, name), second);
            }
        }
        for stream in slice.streams {
            state.insert(stream.restore()?);
        }
        Ok(())
    }
}

fn encoded<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    // Writing to memory cannot fail.
    minicbor::to_vec(value).unwrap_or_default()
}

/// Reads any bytes as a command and as a slice; for fuzzing.
pub fn fuzz_command(input: &[u8]) {
    let mut state = State::default();
    if let Ok(command) = CatalogMachine::decode(input, CatalogMachine::VERSION) {
        // The gateway never lets such counts in; applying them would only use up memory.
        if !matches!(command, Command::CreateStream { shard_count, .. } if shard_count > 100_000) {
            apply(&mut state, &command);
        }
    }
    let _ = CatalogMachine::restore(&mut state, input, CatalogMachine::VERSION);
}
