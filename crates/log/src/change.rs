//! Changes of the groups and of the set of segments: the payload of control blocks. Drawn in `docs/formats/log.md`.

use std::time::Duration;

use crate::codec::Reader;
use crate::contract::{Class, GroupId, GroupSpec, LogId};

/// One durable change. Applying one twice is the same as once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    Create {
        group: GroupId,
        spec: GroupSpec,
        logs: u32,
    },
    Grow {
        group: GroupId,
        logs: u32,
    },
    Configure {
        group: GroupId,
        spec: GroupSpec,
    },
    Delete {
        group: GroupId,
    },
    /// These segments hold nothing that is alive, and these logs begin at these positions from now on.
    Free {
        segments: Vec<u64>,
        firsts: Vec<(LogId, u64)>,
    },
    /// The blocks of the segments `sources` that are alive are in the segments `outputs`.
    Replace {
        sources: Vec<u64>,
        outputs: Vec<u64>,
        firsts: Vec<(LogId, u64)>,
    },
}

const CREATE: u32 = 1;
const GROW: u32 = 2;
const CONFIGURE: u32 = 3;
const DELETE: u32 = 4;
const FREE: u32 = 5;
const REPLACE: u32 = 6;

impl Change {
    /// The change's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let u32_to = |out: &mut Vec<u8>, n: u32| out.extend_from_slice(&n.to_le_bytes());
        match self {
            Change::Create { group, spec, logs } => {
                u32_to(&mut out, CREATE);
                out.extend_from_slice(&group.0.to_le_bytes());
                put_spec(&mut out, spec);
                u32_to(&mut out, *logs);
            }
            Change::Grow { group, logs } => {
                u32_to(&mut out, GROW);
                out.extend_from_slice(&group.0.to_le_bytes());
                u32_to(&mut out, *logs);
            }
            Change::Configure { group, spec } => {
                u32_to(&mut out, CONFIGURE);
                out.extend_from_slice(&group.0.to_le_bytes());
                put_spec(&mut out, spec);
            }
            Change::Delete { group } => {
                u32_to(&mut out, DELETE);
                out.extend_from_slice(&group.0.to_le_bytes());
            }
            Change::Free { segments, firsts } => {
                u32_to(&mut out, FREE);
                put_numbers(&mut out, segments);
                put_firsts(&mut out, firsts);
            }
            Change::Replace { sources, outputs, firsts } => {
                u32_to(&mut out, REPLACE);
                put_numbers(&mut out, sources);
                put_numbers(&mut out, outputs);
                put_firsts(&mut out, firsts);
            }
        }
        out
    }

    /// The change that `bytes` are, if they are one.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Change> {
        let mut r = Reader(bytes);
        let kind = r.u32()?;
        let change = match kind {
            CREATE => {
                let (group, spec) = (GroupId(r.u64()?), take_spec(&mut r)?);
                Change::Create { group, spec, logs: r.u32()? }
            }
            GROW => Change::Grow { group: GroupId(r.u64()?), logs: r.u32()? },
            CONFIGURE => Change::Configure { group: GroupId(r.u64()?), spec: take_spec(&mut r)? },
            DELETE => Change::Delete { group: GroupId(r.u64()?) },
            FREE => Change::Free { segments: take_numbers(&mut r)?, firsts: take_firsts(&mut r)? },
            REPLACE => Change::Replace {
                sources: take_numbers(&mut r)?,
                outputs: take_numbers(&mut r)?,
                firsts: take_firsts(&mut r)?,
            },
            _ => return None,
        };
        r.0.is_empty().then_some(change)
    }
}

/// Stands for "keep until trimmed" on disk.
const KEEP_FOR_EVER: u64 = u64::MAX;

/// A group's settings: class, largest record, and how long is kept in milliseconds.
pub(crate) fn put_spec(out: &mut Vec<u8>, spec: &GroupSpec) {
    let class: u32 = match spec.class {
        Class::Data => 0,
        Class::State => 1,
    };
    let millis = |keep: Duration| u64::try_from(keep.as_millis()).unwrap_or(KEEP_FOR_EVER);
    out.extend_from_slice(&class.to_le_bytes());
    out.extend_from_slice(&spec.record_bytes_max.to_le_bytes());
    out.extend_from_slice(&spec.keep.map_or(KEEP_FOR_EVER, millis).to_le_bytes());
}

/// What [`put_spec`] wrote.
pub(crate) fn take_spec(r: &mut Reader<'_>) -> Option<GroupSpec> {
    let class = match r.u32()? {
        0 => Class::Data,
        1 => Class::State,
        _ => return None,
    };
    let record_bytes_max = r.u32()?;
    let keep = Some(r.u64()?).filter(|ms| *ms != KEEP_FOR_EVER).map(Duration::from_millis);
    Some(GroupSpec { class, keep, record_bytes_max })
}

fn put_numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    out.extend_from_slice(&(numbers.len() as u32).to_le_bytes());
    numbers.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn take_numbers(r: &mut Reader<'_>) -> Option<Vec<u64>> {
    let count = r.u32()?;
    (0..count).map(|_| r.u64()).collect()
}

fn put_firsts(out: &mut Vec<u8>, firsts: &[(LogId, u64)]) {
    out.extend_from_slice(&(firsts.len() as u32).to_le_bytes());
    for (log, first) in firsts {
        out.extend_from_slice(&log.group.0.to_le_bytes());
        out.extend_from_slice(&log.index.to_le_bytes());
        out.extend_from_slice(&first.to_le_bytes());
    }
}

fn take_firsts(r: &mut Reader<'_>) -> Option<Vec<(LogId, u64)>> {
    let count = r.u32()?;
    let mut one = || {
        let log = LogId { group: GroupId(r.u64()?), index: r.u32()? };
        Some((log, r.u64()?))
    };
    (0..count).map(|_| one()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_reads_back_as_written() {
        let group = GroupId(77);
        let keep = Some(Duration::from_secs(86_400));
        let spec = GroupSpec { class: Class::Data, keep, record_bytes_max: 1 << 20 };
        let log = LogId { group, index: 5 };
        for change in [
            Change::Create { group, spec, logs: 4 },
            Change::Grow { group, logs: 8 },
            Change::Configure { group, spec: GroupSpec { keep: None, ..spec } },
            Change::Delete { group },
            Change::Free { segments: vec![1, 2], firsts: vec![(log, 9)] },
            Change::Replace { sources: vec![1], outputs: vec![], firsts: vec![] },
        ] {
            let bytes = change.encode();
            assert_eq!(Change::decode(&bytes), Some(change));
            assert_eq!(Change::decode(&bytes[..bytes.len() - 1]), None);
        }
    }
}
