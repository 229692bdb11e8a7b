//! Sequence numbers, in AWS's own "version 2" layout.
//!
//! 188 bits, from the top: version (4, always 2), the shard's creation second (36), the low bits of the shard number
//! (4), counter (72), the record's arrival second (36), shard number (32), `2` (4). Written as 56 decimal digits.
//! The counter is `(position + 1) << 8` for the record at a log position, 0 for the shard's start, and
//! `7fffffffffffffff00` for its end, so a number is a pure function of the shard and the position and can be read back.
//!
//! Source: decoded from sequence numbers that AWS prints in its documentation; the KCL checks version and shard number.

use std::fmt;
use std::str::FromStr;

use crate::{Millis, ShardId};

/// A record's place in its shard. Ordered as the numbers themselves are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SequenceNumber {
    // Field order is the order of the bits, so that the derived order is the numeric one.
    creation_second: u64,
    shard_low: u8,
    counter: u128,
    arrival_second: u64,
    shard: u32,
}

/// The text is not a decimal number of this layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSequenceNumber;

const SECOND_MAX: u64 = (1 << 36) - 1;
const END_COUNTER: u128 = 0x7f_ffff_ffff_ffff_ff00;
const COUNTER_SHIFT: u32 = 8;
const VERSION: u64 = 2;
const TAIL: u64 = 2;
/// Digits of every sequence number of this layout.
const DIGITS: usize = 56;
const LIMB: u64 = 10_000_000_000_000_000_000;

impl SequenceNumber {
    /// The number of the record at log position `position` (below 2^63 - 1) of a shard created in `creation_second`.
    pub fn of_record(creation_second: u64, shard: ShardId, position: u64, arrival: Millis) -> Self {
        let counter = (u128::from(position) + 1) << COUNTER_SHIFT;
        Self::new(creation_second, shard, counter, arrival.seconds())
    }

    /// Where the shard starts: below each of its records.
    pub fn start_of_shard(creation_second: u64, shard: ShardId) -> Self {
        Self::new(creation_second, shard, 0, creation_second)
    }

    /// Where a shard closed in `closing_second` ends: above each of its records.
    pub fn end_of_shard(creation_second: u64, shard: ShardId, closing_second: u64) -> Self {
        Self::new(creation_second, shard, END_COUNTER, closing_second)
    }

    /// The place before the record at log position `next`, after the one that precedes it: a number that no record has.
    /// Whoever begins at it or after it reads `next` first. `at` makes it advance while nothing arrives.
    pub fn before_record(creation_second: u64, shard: ShardId, next: u64, at: Millis) -> Self {
        let counter = u128::from(next) << COUNTER_SHIFT | 1;
        Self::new(creation_second, shard, counter, at.seconds())
    }

    fn new(creation_second: u64, shard: ShardId, counter: u128, arrival_second: u64) -> Self {
        SequenceNumber {
            creation_second: creation_second.min(SECOND_MAX),
            shard_low: (shard.0 & 0xf) as u8,
            counter,
            arrival_second: arrival_second.min(SECOND_MAX),
            shard: shard.0,
        }
    }

    /// The shard that the number encodes.
    pub fn shard(&self) -> ShardId {
        ShardId(self.shard)
    }

    /// The second in which the shard was created.
    pub fn creation_second(&self) -> u64 {
        self.creation_second
    }

    /// The first log position whose record's number is not below this one; `None` past every position.
    pub fn position_at(&self) -> Option<u64> {
        let ceiling = (self.counter + 0xff) >> COUNTER_SHIFT;
        (self.counter < END_COUNTER)
            .then(|| u64::try_from(ceiling).unwrap_or(u64::MAX).saturating_sub(1))
    }

    /// The first log position whose record's number is above this one; `None` past every position.
    pub fn position_after(&self) -> Option<u64> {
        let floor = self.counter >> COUNTER_SHIFT;
        (self.counter < END_COUNTER).then(|| u64::try_from(floor).unwrap_or(u64::MAX))
    }

    /// Whether it says that its record arrived after `now`: nobody was given such a number. A place between records may
    /// be ahead, where the machine's clock was set back and the server started again.
    pub fn is_ahead_of(&self, now: Millis) -> bool {
        let is_of_record = self.counter & ((1 << COUNTER_SHIFT) - 1) == 0;
        is_of_record && self.arrival_second > now.seconds()
    }

    /// The digits, ready to step from one record of a batch to the next without a division.
    pub fn digits(&self) -> SequenceDigits {
        // Bits 188..0 as a 192-bit number in three 64-bit words, high first.
        let c = self.counter;
        let high = VERSION << 56
            | self.creation_second << 20
            | u64::from(self.shard_low) << 16
            | (c >> 56) as u64;
        let middle = (c as u64) << 8 | self.arrival_second >> 28;
        let low = self.arrival_second << 36 | u64::from(self.shard) << 4 | TAIL;
        let mut words = [high, middle, low];
        let mut limbs = [0u64; 3];
        for limb in limbs.iter_mut().rev() {
            let mut remainder = 0u128;
            for word in &mut words {
                let part = remainder << 64 | u128::from(*word);
                *word = (part / u128::from(LIMB)) as u64;
                remainder = part % u128::from(LIMB);
            }
            *limb = remainder as u64;
        }
        SequenceDigits { limbs }
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; DIGITS];
        self.digits().write(&mut text);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for SequenceNumber {
    type Err = InvalidSequenceNumber;

    fn from_str(text: &str) -> Result<Self, InvalidSequenceNumber> {
        if text.len() != DIGITS
            || text.starts_with('0')
            || !text.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(InvalidSequenceNumber);
        }
        let mut words = [0u64; 3];
        for chunk in [&text[..18], &text[18..37], &text[37..]] {
            let digits: u64 = chunk.parse().map_err(|_| InvalidSequenceNumber)?;
            let scale = 10u64.pow(chunk.len() as u32);
            let mut carry = u128::from(digits);
            for word in words.iter_mut().rev() {
                let part = u128::from(*word) * u128::from(scale) + carry;
                *word = part as u64;
                carry = part >> 64;
            }
            if carry != 0 {
                return Err(InvalidSequenceNumber);
            }
        }
        let [high, middle, low] = words;
        let shard = (low >> 4) as u32;
        let number = SequenceNumber {
            creation_second: high >> 20 & SECOND_MAX,
            shard_low: (high >> 16 & 0xf) as u8,
            counter: u128::from(high & 0xffff) << 56 | u128::from(middle >> 8),
            arrival_second: (middle & 0xff) << 28 | low >> 36,
            shard,
        };
        let well_formed = high >> 56 == VERSION
            && low & 0xf == TAIL
            && u32::from(number.shard_low) == shard & 0xf
            && number.counter <= END_COUNTER;
        if well_formed { Ok(number) } else { Err(InvalidSequenceNumber) }
    }
}

/// A sequence number as decimal limbs: cheap to print and to step to the next record's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceDigits {
    // Base 10^19, most significant first; the first limb has 18 digits.
    limbs: [u64; 3],
}

impl SequenceDigits {
    /// Digits of every sequence number.
    pub const LEN: usize = DIGITS;
    /// 2^80, what one position adds, in limbs.
    const STEP: [u64; 3] = [0, 120_892, 5_819_614_629_174_706_176];

    /// Moves to the record at the next log position that arrived in the same second.
    pub fn advance(&mut self) {
        let low = self.limbs[2] + Self::STEP[2];
        let carry = u64::from(low >= LIMB);
        self.limbs[2] = low - carry * LIMB;
        let middle = self.limbs[1] + Self::STEP[1] + carry;
        let carry = u64::from(middle >= LIMB);
        self.limbs[1] = middle - carry * LIMB;
        self.limbs[0] += carry;
    }

    /// Writes the digits.
    pub fn write(&self, out: &mut [u8; DIGITS]) {
        let (first, rest) = out.split_at_mut(18);
        let (second, third) = rest.split_at_mut(19);
        write_digits(self.limbs[0], first);
        write_digits(self.limbs[1], second);
        write_digits(self.limbs[2], third);
    }
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

fn write_digits(mut number: u64, out: &mut [u8]) {
    let mut chunks = out.rchunks_exact_mut(2);
    for pair in &mut chunks {
        pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if let [single] = chunks.into_remainder() {
        *single = b'0' + (number % 10) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed in the AWS CLI reference: the start of shard 0 of a stream.
    const AWS_START: &str = "49600871682957036442365024926191073437251060580128653314";

    #[test]
    fn a_place_between_records_is_above_one_and_below_the_next() {
        let at = Millis(1_700_000_000_000);
        for next in [0, 1, 255, 256, 1 << 40] {
            let place = SequenceNumber::before_record(1_600_000_000, ShardId(7), next, at);
            assert_eq!((place.position_at(), place.position_after()), (Some(next), Some(next)));
            assert!(place < SequenceNumber::of_record(1_600_000_000, ShardId(7), next, at));
            assert!(place > SequenceNumber::start_of_shard(1_600_000_000, ShardId(7)));
            if let Some(before) = next.checked_sub(1) {
                assert!(place > SequenceNumber::of_record(1_600_000_000, ShardId(7), before, at));
            }
            assert_eq!(place.to_string().parse(), Ok(place));
        }
    }

    #[test]
    fn a_number_printed_by_aws_reads_back() {
        let number: SequenceNumber = AWS_START.parse().unwrap();
        assert_eq!(number.to_string(), AWS_START);
        assert_eq!(number.shard(), ShardId(0));
        assert_eq!(number, SequenceNumber::start_of_shard(number.creation_second(), ShardId(0)));
    }

    #[test]
    fn numbers_are_ordered_start_records_end_then_children() {
        let shard = ShardId(17);
        let mut previous = SequenceNumber::start_of_shard(1_700_000_000, shard);
        for (position, arrival) in
            [(0, 1_700_000_009), (1, 1_700_000_001), (9, 1_700_000_009), (1 << 40, 1_700_000_002)]
        {
            let number = SequenceNumber::of_record(
                1_700_000_000,
                shard,
                position,
                Millis::from_seconds(arrival),
            );
            assert!(previous < number && previous.to_string() < number.to_string());
            assert_eq!(number.position_at(), Some(position));
            assert_eq!(number.position_after(), Some(position + 1));
            previous = number;
        }
        let end = SequenceNumber::end_of_shard(1_700_000_000, shard, 1_700_000_003);
        assert!(previous < end);
        assert_eq!((end.position_at(), end.position_after()), (None, None));
        assert!(end < SequenceNumber::start_of_shard(1_700_000_001, ShardId(18)));
    }

    #[test]
    fn text_round_trips_and_advances() {
        for shard in [0, 1, 15, 16, 19_999, u32::MAX] {
            for position in [0, 1, 255, 256, 1_000_000_007, (1 << 62) + 12345] {
                let at = |p| {
                    SequenceNumber::of_record(
                        1_699_999_999,
                        ShardId(shard),
                        p,
                        Millis(1_700_000_123_456),
                    )
                };
                let number = at(position);
                assert_eq!(number.to_string().parse(), Ok(number));
                let mut digits = number.digits();
                digits.advance();
                assert_eq!(digits, at(position + 1).digits());
            }
        }
    }

    #[test]
    fn a_start_is_the_position_of_the_first_record() {
        let start = SequenceNumber::start_of_shard(5_000_000, ShardId(3));
        assert_eq!((start.position_at(), start.position_after()), (Some(0), Some(0)));
    }

    #[test]
    fn what_is_not_of_the_layout_is_refused() {
        let zero_padded = format!("0{}", &AWS_START[1..]);
        let too_long = format!("{AWS_START}0");
        let wrong_tail = AWS_START.replace("314", "315");
        for bad in [
            "",
            "0",
            "-1",
            "12",
            &zero_padded,
            &too_long,
            &wrong_tail,
            &"9".repeat(56),
            &"9".repeat(129),
        ] {
            assert_eq!(bad.parse::<SequenceNumber>(), Err(InvalidSequenceNumber), "{bad}");
        }
    }
}
