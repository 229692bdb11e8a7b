//! Writing protobuf messages, the little that ORC's footers need.

/// A message under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A field of unsigned numbers, enumerations or Booleans.
    pub(super) fn number(mut self, field: u32, value: u64) -> Self {
        self.key(field, 0);
        varint(&mut self.0, value);
        self
    }

    /// A `sint32` or `sint64`.
    pub(super) fn signed(self, field: u32, value: i64) -> Self {
        self.number(field, zigzag(value))
    }

    pub(super) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, 2);
        varint(&mut self.0, value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn text(self, field: u32, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(super) fn message(self, field: u32, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// A repeated field of numbers, in one piece.
    pub(super) fn packed(self, field: u32, values: impl IntoIterator<Item = u64>) -> Self {
        let mut packed = Vec::new();
        for value in values {
            varint(&mut packed, value);
        }
        self.bytes(field, &packed)
    }

    fn key(&mut self, field: u32, wire: u32) {
        varint(&mut self.0, u64::from(field << 3 | wire));
    }
}

/// Seven bits a byte, least first.
pub(super) fn varint(to: &mut Vec<u8>, value: u64) {
    varint_wide(to, u128::from(value));
}

/// As [`varint`], of any width.
pub(super) fn varint_wide(to: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        to.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    to.push(value.to_le_bytes()[0]);
}

/// Small numbers of either sign to small numbers without.
pub(super) fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// As [`zigzag`], of any width.
pub(super) fn zigzag_wide(value: i128) -> u128 {
    (value.cast_unsigned() << 1) ^ (value >> 127).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_protobuf_writes_them() {
        let inner = Message::new().signed(1, -1).double(2, 1.0);
        let message =
            Message::new().number(1, 300).text(2, "ORC").packed(4, [0, 12]).message(3, &inner);
        let expected = [
            0x08, 0xac, 0x02, 0x12, 3, b'O', b'R', b'C', 0x22, 2, 0, 12, 0x1a, 11, 0x08, 1, 0x11,
            0, 0, 0, 0, 0, 0, 0xf0, 0x3f,
        ];
        assert_eq!(message.into_bytes(), expected);
    }

    #[test]
    fn zigzag_alternates() {
        let values = [0, -1, 1, -2, i64::MAX, i64::MIN];
        assert_eq!(values.map(zigzag), [0, 1, 2, 3, u64::MAX - 1, u64::MAX]);
        assert_eq!(zigzag_wide(-3), 5);
    }
}
