//! ORC's run length encodings. Each call ends its last run, so that a reader may begin where a call began.

use super::proto::{varint, zigzag};

/// Which encoding of whole numbers a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Of files of version 0.11.
    V1,
    /// Of files of version 0.12.
    V2,
}

/// The longest run of version 2.
const V2_RUN_MAX: usize = 512;
/// The longest run of version 1 and of bytes.
const V1_RUN_MAX: usize = 130;
/// The most values one by one in version 1 and of bytes.
const V1_LITERALS_MAX: usize = 128;
/// From this length on a run of steady steps ends values that are written one by one.
const STEADY_MIN: usize = 8;

/// Bytes: runs of three or more of the same, or one by one.
pub(super) fn bytes(to: &mut Vec<u8>, values: &[u8]) {
    let mut at = 0;
    while at < values.len() {
        let run = equal(values, at, V1_RUN_MAX);
        if run >= 3 {
            to.extend([low(run - 3), values[at]]);
            at += run;
            continue;
        }
        let mut end = at + 1;
        while end < values.len() && end - at < V1_LITERALS_MAX && equal(values, end, 3) < 3 {
            end += 1;
        }
        to.push(low(end - at).wrapping_neg());
        to.extend_from_slice(&values[at..end]);
        at = end;
    }
}

/// Bits, eight to a byte, most significant first; what is missing of the last byte is zero.
pub(super) fn pack_bits(values: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        bits.iter().enumerate().fold(0, |byte, (index, bit)| byte | u8::from(*bit) << (7 - index))
    };
    values.chunks(8).map(byte).collect()
}

/// Whole numbers. Those without a sign are not negative.
pub(super) fn integers(to: &mut Vec<u8>, values: &[i64], version: Version, signed: bool) {
    match version {
        Version::V1 => integers_v1(to, values, signed),
        Version::V2 => integers_v2(to, values, signed),
    }
}

fn integers_v1(to: &mut Vec<u8>, values: &[i64], signed: bool) {
    let run_at = |at: usize, most: usize| {
        let (run, step) = steady(values, at, most);
        if i8::try_from(step).is_ok() { run } else { 1 }
    };
    let mut at = 0;
    while at < values.len() {
        let run = run_at(at, V1_RUN_MAX);
        if run >= 3 {
            let step = values[at + 1].wrapping_sub(values[at]);
            to.extend([low(run - 3), step.to_le_bytes()[0]]);
            varint(to, plain(values[at], signed));
            at += run;
            continue;
        }
        let mut end = at + 1;
        while end < values.len() && end - at < V1_LITERALS_MAX && run_at(end, 3) < 3 {
            end += 1;
        }
        to.push(low(end - at).wrapping_neg());
        for value in &values[at..end] {
            varint(to, plain(*value, signed));
        }
        at = end;
    }
}

fn integers_v2(to: &mut Vec<u8>, values: &[i64], signed: bool) {
    let mut at = 0;
    while at < values.len() {
        let (run, step) = steady(values, at, V2_RUN_MAX);
        if step == 0 && (3..=10).contains(&run) {
            short_repeat(to, plain(values[at], signed), run);
            at += run;
        } else if run >= STEADY_MIN {
            steady_delta(to, values[at], step, run, signed);
            at += run;
        } else {
            let mut end = at + 1;
            while end < values.len() && end - at < V2_RUN_MAX && !worth_a_run(values, end) {
                end += 1;
            }
            direct(to, &values[at..end], signed);
            at = end;
        }
    }
}

/// Whether what is here is shorter as a run of its own, although that ends what is before.
fn worth_a_run(values: &[i64], at: usize) -> bool {
    let (run, step) = steady(values, at, STEADY_MIN);
    run == STEADY_MIN || step == 0 && run >= 5
}

/// Three to ten of the same.
fn short_repeat(to: &mut Vec<u8>, value: u64, run: usize) {
    let bytes = value.to_be_bytes();
    let leading = usize::try_from(value.leading_zeros() / 8).unwrap_or(0).min(7);
    to.push(low((7 - leading) << 3 | (run - 3)));
    to.extend_from_slice(&bytes[leading..]);
}

/// Values that all differ by the same.
fn steady_delta(to: &mut Vec<u8>, first: i64, step: i64, run: usize, signed: bool) {
    let length = run - 1;
    to.extend([0b1100_0000 | low(length >> 8), low(length & 0xff)]);
    varint(to, plain(first, signed));
    varint(to, zigzag(step));
}

/// Values one by one, each with as many bits as the widest needs.
fn direct(to: &mut Vec<u8>, values: &[i64], signed: bool) {
    let widest = values.iter().map(|value| 64 - plain(*value, signed).leading_zeros()).max();
    let (width, code) = width(widest.unwrap_or(0));
    let length = values.len() - 1;
    to.extend([0b0100_0000 | code << 1 | low(length >> 8), low(length & 0xff)]);
    let mut pending: u128 = 0;
    let mut bits = 0;
    for value in values {
        pending = pending << width | u128::from(plain(*value, signed));
        bits += width;
        while bits >= 8 {
            bits -= 8;
            to.push((pending >> bits).to_le_bytes()[0]);
        }
        pending &= (1 << bits) - 1;
    }
    if bits > 0 {
        to.push((pending << (8 - bits)).to_le_bytes()[0]);
    }
}

/// The least width that version 2 has for so many bits, and its code.
fn width(bits: u32) -> (u32, u8) {
    match bits {
        0 | 1 => (1, 0),
        2..=24 => (bits, low(bits as usize - 1)),
        25 | 26 => (26, 24),
        27 | 28 => (28, 25),
        29 | 30 => (30, 26),
        31 | 32 => (32, 27),
        33..=40 => (40, 28),
        41..=48 => (48, 29),
        49..=56 => (56, 30),
        _ => (64, 31),
    }
}

/// How many values from here on, at most so many, differ by the same, and by how much.
fn steady(values: &[i64], at: usize, most: usize) -> (usize, i64) {
    let Some(step) = values.get(at + 1).and_then(|next| next.checked_sub(values[at])) else {
        return (1, 0);
    };
    let mut end = at + 2;
    while end < values.len()
        && end - at < most
        && values[end].checked_sub(values[end - 1]) == Some(step)
    {
        end += 1;
    }
    (end - at, step)
}

fn equal(values: &[u8], at: usize, most: usize) -> usize {
    values[at..].iter().take(most).take_while(|value| **value == values[at]).count()
}

fn plain(value: i64, signed: bool) -> u64 {
    if signed { zigzag(value) } else { value.cast_unsigned() }
}

fn low(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(values: &[i64], signed: bool) -> Vec<u8> {
        let mut to = Vec::new();
        integers(&mut to, values, Version::V2, signed);
        to
    }

    fn v1(values: &[i64], signed: bool) -> Vec<u8> {
        let mut to = Vec::new();
        integers(&mut to, values, Version::V1, signed);
        to
    }

    /// The examples of ORC's specification, and edges.
    #[test]
    fn version_2_is_as_specified() {
        assert_eq!(v2(&[10_000; 5], false), [0x0a, 0x27, 0x10]);
        let direct = [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef];
        assert_eq!(v2(&[23_713, 43_806, 57_005, 48_879], false), direct);
        assert_eq!(v2(&(1..=100).collect::<Vec<_>>(), false), [0xc0, 99, 1, 2]);
        assert_eq!(v2(&[7; 600], true), [0xc1, 0xff, 14, 0, 0xc0, 87, 14, 0]);
        assert_eq!(v2(&[-1; 3], true), [0x00, 1]);
        assert_eq!(v2(&[0], true), [0x40, 0, 0]);
        let wide = v2(&[i64::MIN, i64::MAX, 0], true);
        assert_eq!(wide[..2], [0x40 | 31 << 1, 2]);
        assert_eq!(wide.len(), 2 + 24);
    }

    #[test]
    fn version_1_is_as_specified() {
        assert_eq!(v1(&[7; 100], false), [0x61, 0x00, 0x07]);
        assert_eq!(v1(&(1..=100).rev().collect::<Vec<_>>(), false), [0x61, 0xff, 0x64]);
        assert_eq!(v1(&[2, 3, 6, 7, 11], false), [0xfb, 2, 3, 6, 7, 11]);
        assert_eq!(v1(&[0, 1000, 2000], true), [0xfd, 0, 0xd0, 0x0f, 0xa0, 0x1f]);
    }

    #[test]
    fn bytes_and_bits_are_as_specified() {
        let mut to = Vec::new();
        bytes(&mut to, &[0; 100]);
        bytes(&mut to, &[0x44, 0x45]);
        assert_eq!(to, [0x61, 0x00, 0xfe, 0x44, 0x45]);
        assert_eq!(
            pack_bits(&[true, false, false, false, false, false, false, false, true]),
            [0x80, 0x80]
        );
    }
}
