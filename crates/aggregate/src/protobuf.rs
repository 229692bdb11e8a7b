//! As much of protobuf's encoding as the format needs.

/// The message is not well-formed, or uses what the format does not (groups).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Wire type 0.
    Number(u64),
    /// Wire type 2.
    Bytes(&'a [u8]),
    /// Wire types 1 and 5, which the format does not use: skipped.
    Fixed,
}

/// Walks the fields of a message, in order. Stops at the first fault.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Fields { rest: message }
    }

    fn read(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let key = self.number()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        if number == 0 || number > FIELD_NUMBER_MAX {
            return Err(Malformed);
        }
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Malformed),
        };
        Ok((number, value))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0u64;
        for (index, byte) in self.rest.iter().take(NUMBER_BYTES_MAX).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if index == NUMBER_BYTES_MAX - 1 && bits > 1 {
                return Err(Malformed);
            }
            number |= bits << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(number);
            }
        }
        Err(Malformed)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// Highest field number of protobuf.
const FIELD_NUMBER_MAX: u32 = (1 << 29) - 1;
/// Bytes of the longest number: 64 bits, seven a byte.
const NUMBER_BYTES_MAX: usize = 10;

/// Bytes that a number takes.
pub(crate) fn number_bytes(number: u64) -> usize {
    let bits = (u64::BITS - number.leading_zeros()).max(1);
    bits.div_ceil(7) as usize
}

/// Bytes that a field of `length` bytes takes, for field numbers below 16.
pub(crate) fn bytes_field_bytes(length: usize) -> usize {
    1 + number_bytes(length as u64) + length
}

/// Writes a field that holds a number, for field numbers below 16.
pub(crate) fn write_number_field(out: &mut Vec<u8>, field: u32, value: u64) {
    write_number(out, u64::from(field << 3));
    write_number(out, value);
}

/// Writes a field that holds bytes, for field numbers below 16.
pub(crate) fn write_bytes_field(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    write_head(out, field, value.len());
    out.extend_from_slice(value);
}

/// Writes what stands before a field's bytes.
pub(crate) fn write_head(out: &mut Vec<u8>, field: u32, length: usize) {
    write_number(out, u64::from(field << 3 | 2));
    write_number(out, length as u64);
}

fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for shift in 0..64 {
            for number in [1u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                write_number_field(&mut out, 1, number);
                assert_eq!(out.len(), 1 + number_bytes(number));
                let read: Vec<_> = Fields::of(&out).collect();
                assert_eq!(read, [Ok((1, Value::Number(number)))]);
            }
        }
    }

    #[test]
    fn what_is_malformed_ends_the_walk() {
        let bad: [&[u8]; 9] = [
            &[0x08],
            &[0x00, 0x00],
            &[0x08, 0x80],
            &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
            &[0x0a, 0x02, 0x00],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            &[0x0b],
            &[0x0c],
            &[0x09, 0, 0, 0, 0, 0, 0, 0],
        ];
        for message in bad {
            let read: Vec<_> = Fields::of(message).collect();
            assert_eq!(read, [Err(Malformed)], "{message:x?}");
        }
    }
}
