//! Slices of a snapshot that hold queues: they follow those that hold streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::{GroupId, Slice};

use super::{Queue, StoredQueue};
use crate::machine::encoded;
use crate::state::State;
use crate::stored::StoredSlice;

/// A cursor's first byte; a stream's cursor has another length.
const MARK: u8 = b'q';

/// Where the slices of queues begin, if there are queues.
pub(crate) fn first(queues: &BTreeMap<GroupId, Arc<Queue>>) -> Option<Vec<u8>> {
    queues.keys().next().map(|group| key_of(*group))
}

/// The queue with which the slice of this key begins; `None` if it is a slice of streams.
pub(crate) fn cursor_of(key: &[u8]) -> Option<GroupId> {
    let group: [u8; 8] = key.strip_prefix(&[MARK])?.try_into().ok()?;
    Some(GroupId(u64::from_be_bytes(group)))
}

fn key_of(group: GroupId) -> Vec<u8> {
    [&[MARK][..], &group.0.to_be_bytes()].concat()
}

/// The queues from `from` on that fit into `bytes_max`, one at least.
pub(crate) fn slice(
    queues: &BTreeMap<GroupId, Arc<Queue>>,
    from: GroupId,
    bytes_max: usize,
) -> Slice {
    let (mut size, mut part, mut next) = (0, Vec::new(), None);
    for (group, queue) in queues.range(from..) {
        let stored = StoredQueue::from(&**queue);
        size += encoded(&stored).len();
        if size > bytes_max && !part.is_empty() {
            next = Some(key_of(*group));
            break;
        }
        part.push(stored);
    }
    let slice = StoredSlice { queues: Some(part), ..StoredSlice::default() };
    Slice { bytes: encoded(&slice), next }
}

/// Puts queues back.
pub(crate) fn restore(state: &mut State, queues: Vec<StoredQueue>) -> Result<(), String> {
    for queue in queues {
        state.queues.put(queue.restore()?);
    }
    Ok(())
}
