//! Slices of a snapshot that hold delivery streams: they follow those that hold channels.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::{GroupId, Slice};

use super::{DeliveryStream, StoredDeliveryStream};
use crate::machine::encoded;
use crate::state::State;
use crate::stored::StoredSlice;

/// A cursor's first byte.
const MARK: u8 = b'd';

/// Where the slices of delivery streams begin, if there are any.
pub(crate) fn first(streams: &BTreeMap<GroupId, Arc<DeliveryStream>>) -> Option<Vec<u8>> {
    streams.keys().next().map(|group| key_of(*group))
}

/// The delivery stream with which the slice of this key begins; `None` if it is a slice of something else.
pub(crate) fn cursor_of(key: &[u8]) -> Option<GroupId> {
    let group: [u8; 8] = key.strip_prefix(&[MARK])?.try_into().ok()?;
    Some(GroupId(u64::from_be_bytes(group)))
}

fn key_of(group: GroupId) -> Vec<u8> {
    [&[MARK][..], &group.0.to_be_bytes()].concat()
}

/// The delivery streams from `from` on that fit into `bytes_max`, one at least.
pub(crate) fn slice(
    streams: &BTreeMap<GroupId, Arc<DeliveryStream>>,
    from: GroupId,
    bytes_max: usize,
) -> Slice {
    let (mut size, mut part, mut next) = (0, Vec::new(), None);
    for (group, stream) in streams.range(from..) {
        let stored = StoredDeliveryStream::from(&**stream);
        size += encoded(&stored).len();
        if size > bytes_max && !part.is_empty() {
            next = Some(key_of(*group));
            break;
        }
        part.push(stored);
    }
    let slice = StoredSlice { delivery_streams: Some(part), ..StoredSlice::default() };
    Slice { bytes: encoded(&slice), next }
}

/// Puts delivery streams back.
pub(crate) fn restore(state: &mut State, streams: Vec<StoredDeliveryStream>) -> Result<(), String> {
    for stream in streams {
        state.delivery_streams.put(stream.restore()?);
    }
    Ok(())
}
