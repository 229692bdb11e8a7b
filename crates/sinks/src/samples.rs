//! What the tests of destinations deliver.

use std::sync::Arc;

use bytes::Bytes;
use millstream_firehose::sink::{OutgoingRecord, Parcel, Pulse, RecordId, Sender};
use millstream_types::{Clock, ManualClock, Millis};

use crate::outbound::{Allowed, Outbound};

/// A client that may reach this machine.
pub(crate) fn outbound() -> Arc<Outbound> {
    Arc::new(Outbound::new(Allowed::new(true, false, &[]).unwrap(), None).unwrap())
}

/// A clock that stands at 2023-11-14T22:13:20Z.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(Millis(1_700_000_000_000)))
}

pub(crate) fn sender() -> Sender {
    Sender {
        account: "000000000042".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        name: "mine".into(),
        arn: "arn:aws:firehose:eu-central-1:000000000042:deliverystream/mine".into(),
        role_arn: "arn:aws:iam::000000000042:role/firehose".into(),
    }
}

/// Records that arrived at the clock's time, a millisecond apart.
pub(crate) fn parcel(records: &[&[u8]]) -> Parcel {
    let record = |(index, data): (usize, &&[u8])| OutgoingRecord {
        id: RecordId { log: 1, position: index as u64, part: 0 },
        arrival: Millis(1_700_000_000_000 + index as u64),
        data: Bytes::copy_from_slice(data),
    };
    Parcel {
        sender: sender(),
        plan: uuid::Uuid::from_u128(0xed4acda5_034f_4f42_bba1_f29aea6d7d8f),
        attempts_before: 0,
        sealed: Millis(1_700_000_060_000),
        staged: None,
        records: records.iter().enumerate().map(record).collect(),
        last_error: None,
        pulse: Pulse::new(std::time::Duration::from_secs(3)),
    }
}
