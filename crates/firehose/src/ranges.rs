//! Positions as ranges, delta-coded on disk.

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// A set of positions: half-open ranges, in order, none empty, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// One range.
    #[cfg(test)]
    pub fn of(from: u64, to: u64) -> Self {
        let mut ranges = Ranges::default();
        ranges.insert(from, to);
        ranges
    }

    /// Adds the positions from `from` up to before `to`.
    pub fn insert(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        // Nearly always at the end.
        match self.0.last_mut() {
            None => self.0.push((from, to)),
            Some(last) if last.1 < from => self.0.push((from, to)),
            Some(last) if last.0 <= from => last.1 = last.1.max(to),
            Some(_) => self.insert_inside(from, to),
        }
    }

    fn insert_inside(&mut self, from: u64, to: u64) {
        let start = self.0.partition_point(|range| range.1 < from);
        let end = self.0.partition_point(|range| range.0 <= to);
        let merged = match self.0.get(start..end) {
            Some([first, .., last]) => (first.0.min(from), last.1.max(to)),
            Some([only]) => (only.0.min(from), only.1.max(to)),
            Some([]) | None => (from, to),
        };
        self.0.splice(start..end.max(start), [merged]);
    }

    /// Adds all positions of another set.
    pub fn insert_all(&mut self, other: &Ranges) {
        other.iter().for_each(|(from, to)| self.insert(from, to));
    }

    /// Takes out what lies before a position.
    pub fn remove_below(&mut self, position: u64) {
        let whole = self.0.partition_point(|range| range.1 <= position);
        self.0.drain(..whole);
        if let Some(first) = self.0.first_mut() {
            first.0 = first.0.max(position);
        }
        if self.0.capacity() > 64 && self.0.len() * 4 < self.0.capacity() {
            self.0.shrink_to(self.0.len() * 2);
        }
    }

    /// Whether a position is in it.
    pub fn contains(&self, position: u64) -> bool {
        let at = self.0.partition_point(|range| range.1 <= position);
        self.0.get(at).is_some_and(|range| range.0 <= position)
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        self.0.iter().copied()
    }

    /// How many ranges there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lowest position.
    pub fn first(&self) -> Option<u64> {
        self.0.first().map(|range| range.0)
    }

    /// The position after the highest.
    pub fn end(&self) -> Option<u64> {
        self.0.last().map(|range| range.1)
    }

    /// Ranges number `from` to before `to`.
    pub fn part(&self, from: usize, to: usize) -> Ranges {
        Ranges(self.0.get(from..to.min(self.0.len())).unwrap_or_default().to_vec())
    }

    fn write(&self) -> Vec<u8> {
        let (mut out, mut at) = (Vec::with_capacity(self.0.len() * 4), 0);
        for (from, to) in &self.0 {
            number(&mut out, from - at);
            number(&mut out, to - from);
            at = *to;
        }
        out
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let (mut ranges, mut at) = (Vec::new(), 0u64);
        while !bytes.is_empty() {
            let gap = read_number(&mut bytes)?;
            let length = read_number(&mut bytes)?;
            let from = at.checked_add(gap)?;
            let to = from.checked_add(length)?;
            let touches = gap == 0 && !ranges.is_empty();
            if length == 0 || touches || to > 1 << 63 {
                return None;
            }
            ranges.push((from, to));
            at = to;
        }
        Some(Ranges(ranges))
    }
}

/// Appends a number, seven bits a byte, the lowest first; the high bit says that more follow.
pub fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads what [`number`] wrote.
pub fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(first & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

impl<C> Encode<C> for Ranges {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.bytes(&self.write())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Ranges {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ranges::read(d.bytes()?).ok_or_else(|| DecodeError::message("ranges are not in order"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_a_set_whatever_order_they_come_in() {
        let mut seed = 7u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..300 {
            let (mut ranges, mut model) = (Ranges::default(), std::collections::BTreeSet::new());
            for _ in 0..20 {
                let from = next(60);
                let to = from + next(6);
                ranges.insert(from, to);
                model.extend(from..to);
            }
            let below = next(50);
            ranges.remove_below(below);
            model.retain(|position| *position >= below);
            let listed: Vec<u64> = ranges.iter().flat_map(|(from, to)| from..to).collect();
            assert_eq!(listed, model.iter().copied().collect::<Vec<_>>());
            assert!((0..70).all(|p| ranges.contains(p) == model.contains(&p)));
            let touching = ranges.0.windows(2).any(|pair| pair[0].1 >= pair[1].0);
            assert!(!touching, "{ranges:?}");
            let bytes = minicbor::to_vec(&ranges).unwrap();
            assert_eq!(minicbor::decode::<Ranges>(&bytes).unwrap(), ranges);
        }
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        let bytes = |bytes: &[u8]| {
            let bytes = minicbor::bytes::ByteVec::from(bytes.to_vec());
            minicbor::to_vec(bytes).unwrap()
        };
        for wrong in [&[1, 0][..], &[0, 3, 0, 2], &[5], &[0xff; 22]] {
            assert!(minicbor::decode::<Ranges>(&bytes(wrong)).is_err(), "{wrong:?}");
        }
        assert_eq!(minicbor::decode::<Ranges>(&bytes(&[2, 3, 1, 1])).unwrap().len(), 2);
    }
}
