//! The segments that hold data, in the order of the chain.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::footer::SegmentRow;
use crate::segment::{Role, Segment};

/// A stretch of the chain: one segment of it, or the sorted segments that replaced several.
#[derive(Clone)]
pub(crate) struct Unit {
    /// The first segment of the chain that it covers.
    pub(crate) start: u64,
    /// In the order of their ordinals.
    pub(crate) members: Vec<Arc<Segment>>,
}

/// All segments that hold data.
#[derive(Default)]
pub(crate) struct SegmentSet {
    by_number: BTreeMap<u64, Arc<Segment>>,
    /// Those with a footer. Copied when it changes, so that readers take a snapshot for the price of one count.
    sealed: Arc<Vec<Unit>>,
}

impl SegmentSet {
    pub(crate) fn get(&self, number: u64) -> Option<Arc<Segment>> {
        self.by_number.get(&number).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.by_number.values().cloned().collect()
    }

    pub(crate) fn sealed(&self) -> Arc<Vec<Unit>> {
        self.sealed.clone()
    }

    /// The newest segment of the chain that has a footer. A start begins with its footer: it stays until there is a
    /// newer
    /// one, whether its blocks are alive or not.
    pub(crate) fn newest_footer(&self) -> Option<u64> {
        let chain = |m: &&Arc<Segment>| m.role == Role::Chain;
        let members = self.sealed.iter().rev().flat_map(|unit| &unit.members);
        members.filter(chain).map(|m| m.number).next()
    }

    /// Bytes of blocks in all of them.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.by_number.values().map(|s| s.data_bytes.load(Ordering::Relaxed)).sum()
    }

    /// Bytes of all their files.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.by_number.values().map(|s| s.bytes.load(Ordering::Relaxed)).sum()
    }

    /// Takes in a segment that has no footer yet.
    pub(crate) fn add_open(&mut self, segment: Arc<Segment>) {
        self.by_number.insert(segment.number, segment);
    }

    /// Takes in segments that have footers.
    pub(crate) fn add_sealed(&mut self, segments: impl IntoIterator<Item = Arc<Segment>>) {
        let units = Arc::make_mut(&mut self.sealed);
        for segment in segments {
            let start = segment.covers.0;
            match units.binary_search_by_key(&start, |unit| unit.start) {
                Ok(at) => {
                    let members = &mut units[at].members;
                    members.retain(|m| m.number != segment.number);
                    members.push(segment.clone());
                    members.sort_by_key(|m| m.ordinal);
                }
                Err(at) => units.insert(at, Unit { start, members: vec![segment.clone()] }),
            }
            self.by_number.insert(segment.number, segment);
        }
    }

    /// Puts `outputs` in the place of `sources` at once, and returns the sources that were there.
    pub(crate) fn replace(
        &mut self,
        sources: &[u64],
        outputs: impl IntoIterator<Item = Arc<Segment>>,
    ) -> Vec<Arc<Segment>> {
        let removed = self.remove(sources);
        self.add_sealed(outputs);
        removed
    }

    /// Removes segments, and returns those that were there.
    pub(crate) fn remove(&mut self, numbers: &[u64]) -> Vec<Arc<Segment>> {
        let units = Arc::make_mut(&mut self.sealed);
        for unit in units.iter_mut() {
            unit.members.retain(|m| !numbers.contains(&m.number));
        }
        units.retain(|unit| !unit.members.is_empty());
        numbers.iter().filter_map(|number| self.by_number.remove(number)).collect()
    }

    /// The table that a footer holds.
    pub(crate) fn rows(&self) -> Vec<SegmentRow> {
        self.by_number.values().map(|segment| row_of(segment)).collect()
    }
}

/// A segment's row in the table of segments.
pub(crate) fn row_of(segment: &Segment) -> SegmentRow {
    SegmentRow {
        number: segment.number,
        file_id: segment.file_id,
        bytes: segment.bytes.load(Ordering::Relaxed),
        covers: segment.covers,
        role: if segment.role == Role::Sorted { Role::Sorted } else { Role::Chain },
        ordinal: segment.ordinal,
        data_bytes: segment.data_bytes.load(Ordering::Relaxed),
    }
}
