//! Which record an event is in: the collector counts events, and a record may hold several.

use millstream_firehose::sink::Parcel;
use serde_json::{Deserializer, Value};

/// The place in `kept` of the record that holds event number `event`, counted from 0 over the records of `kept`. Events
/// are JSON documents, one after another; what is none counts as one, since the collector stops at it.
pub(super) fn record_of(parcel: &Parcel, kept: &[usize], event: u64) -> Option<usize> {
    let mut before = 0;
    for (at, index) in kept.iter().enumerate() {
        let data = &parcel.records.get(*index)?.data;
        before += count(data);
        if event < before {
            return Some(at);
        }
    }
    None
}

fn count(data: &[u8]) -> u64 {
    let mut count = 0;
    for document in Deserializer::from_slice(data).into_iter::<Value>() {
        count += 1;
        if document.is_err() {
            break;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_over_records() {
        let parcel = crate::samples::parcel(&[
            b"{\"event\":1}{\"event\":2}\n",
            b"",
            b"not json",
            b" {\"event\":\"}{\"} ",
        ]);
        let found = |kept: &[usize], event| record_of(&parcel, kept, event);
        assert_eq!(
            [0, 1, 2, 3].map(|event| found(&[0, 1, 2, 3], event)),
            [Some(0), Some(0), Some(2), Some(3)]
        );
        assert_eq!(found(&[0, 1, 2, 3], 4), None);
        assert_eq!(found(&[1, 3], 0), Some(1));
        assert_eq!(found(&[], 0), None);
    }
}
