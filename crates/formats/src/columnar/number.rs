//! Decimal numbers of any length, without arithmetic over their exponents: `1e1000000000` costs no more than `1`.

/// A number as written: `digits` times ten to the power of `exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    /// ASCII, neither first nor last is a zero; empty for zero.
    digits: Vec<u8>,
    exponent: i64,
}

/// Exponents beyond are held to this: they are out of any range, or nothing.
const EXPONENT_MAX: i64 = 1 << 40;

impl Number {
    /// Reads what Java's `BigDecimal` reads: JSON's numbers, and also `+1`, `.5`, `5.`, `007`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let mantissa_end = rest.iter().position(|c| matches!(c, b'e' | b'E'));
        let (mantissa, mut exponent) = match mantissa_end {
            Some(end) => (&rest[..end], exponent(&rest[end + 1..])?),
            None => (rest, 0),
        };
        let mut digits = Vec::with_capacity(mantissa.len());
        let mut point = false;
        for &character in mantissa {
            match character {
                b'0'..=b'9' => {
                    digits.push(character);
                    exponent -= i64::from(point);
                }
                b'.' if !point => point = true,
                _ => return None,
            }
        }
        if digits.is_empty() {
            return None;
        }
        let first = digits.iter().position(|&d| d != b'0').unwrap_or(digits.len());
        digits.drain(..first);
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent += 1;
        }
        Some(Self { negative, digits, exponent })
    }

    /// The number times ten to the power of `scale`, rounded half away from zero as Hive rounds. `None` if it has over
    /// 38 digits then.
    pub(crate) fn scaled(&self, scale: u8) -> Option<i128> {
        self.shifted(i64::from(scale), true)
    }

    /// As [`Self::scaled`], but cut off.
    pub(crate) fn truncated(&self, scale: u8) -> Option<i128> {
        self.shifted(i64::from(scale), false)
    }

    fn shifted(&self, scale: i64, rounded: bool) -> Option<i128> {
        let count = i64::try_from(self.digits.len()).ok()?;
        let shift = self.exponent + scale;
        if count == 0 || count + shift < 0 {
            return Some(0);
        }
        if count + shift > 38 {
            return None;
        }
        let whole = usize::try_from(count + shift).ok()?;
        let kept = whole.min(self.digits.len());
        let digits = self.digits[..kept].iter().map(|digit| i128::from(digit - b'0'));
        let mut value = digits.fold(0_i128, |value, digit| value * 10 + digit);
        for _ in kept..whole {
            value *= 10;
        }
        if rounded && self.digits.get(whole).is_some_and(|&digit| digit >= b'5') {
            value += 1;
        }
        Some(if self.negative { -value } else { value })
    }
}

fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |value, digit| (value * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_without_losing_digits() {
        let cases = [
            ("12.345", 2, Some(1235)),
            ("-12.345", 2, Some(-1235)),
            ("12.344999", 2, Some(1234)),
            ("12345678901234567890.12", 2, Some(1_234_567_890_123_456_789_012)),
            ("1e3", 0, Some(1000)),
            ("1.5e1", 0, Some(15)),
            ("0.5", 0, Some(1)),
            ("0.4", 0, Some(0)),
            ("0.04", 0, Some(0)),
            ("0e1000000000", 2, Some(0)),
            ("1e-1000000000000000000000", 2, Some(0)),
            ("1e1000000000000000000000", 2, None),
            (
                "99999999999999999999999999999999999999",
                0,
                Some(99_999_999_999_999_999_999_999_999_999_999_999_999),
            ),
            ("100000000000000000000000000000000000000", 0, None),
            (".5", 1, Some(5)),
            ("5.", 1, Some(50)),
            ("+007", 0, Some(7)),
        ];
        for (text, scale, expected) in cases {
            assert_eq!(Number::parse(text).unwrap().scaled(scale), expected, "{text}");
        }
        assert_eq!(Number::parse("-1.99").unwrap().truncated(0), Some(-1));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in
            ["", "-", ".", "e1", "1e", "1e+", "1.2.3", "0x1", "1 ", " 1", "NaN", "1e1.5", "--1"]
        {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
