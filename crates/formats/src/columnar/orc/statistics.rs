//! Statistics of columns, by which readers skip what they need not read.

use super::proto::Message;
use crate::columnar::datum::Datum;
use crate::columnar::schema::Type;
use crate::columnar::time::Timestamp;

/// Bytes of a text's bound.
const TEXT_BYTES_MAX: usize = 1_024;

/// Of some rows of a column.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    values: u64,
    has_null: bool,
    range: Range,
    /// Of decimals.
    scale: u8,
}

#[derive(Clone, Debug)]
enum Range {
    /// Of types that have none.
    Nothing,
    Integer(Option<(i64, i64)>, Option<i64>),
    /// `None` in the end where something is no number.
    Double(Option<(f64, f64)>, f64),
    Text(Option<(String, String)>, i64),
    Boolean(u64),
    Decimal(Option<(i128, i128)>),
    Date(Option<(i64, i64)>),
    Binary(i64),
    Timestamp(Option<(Timestamp, Timestamp)>),
}

impl Statistics {
    pub(super) fn new(kind: &Type) -> Self {
        let range = match kind {
            Type::Boolean => Range::Boolean(0),
            Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt => {
                Range::Integer(None, Some(0))
            }
            Type::Float | Type::Double => Range::Double(None, 0.0),
            Type::String | Type::Varchar(_) | Type::Char(_) => Range::Text(None, 0),
            Type::Binary => Range::Binary(0),
            Type::Date => Range::Date(None),
            Type::Timestamp => Range::Timestamp(None),
            Type::Decimal(..) => Range::Decimal(None),
            Type::Array(_) | Type::Map(..) | Type::Struct(_) => Range::Nothing,
        };
        let scale = if let Type::Decimal(_, scale) = kind { *scale } else { 0 };
        Self { values: 0, has_null: false, range, scale }
    }

    /// Counts a value.
    pub(super) fn add(&mut self, datum: &Datum<'_>) {
        if matches!(datum, Datum::Null) {
            self.has_null = true;
            return;
        }
        self.values += 1;
        match (&mut self.range, datum) {
            (Range::Boolean(trues), Datum::Boolean(value)) => *trues += u64::from(*value),
            (Range::Integer(range, sum), Datum::Integer(value)) => {
                widen(range, *value);
                *sum = sum.and_then(|sum| sum.checked_add(*value));
            }
            (Range::Double(range, sum), Datum::Double(value)) => double(range, sum, *value),
            (Range::Double(range, sum), Datum::Float(value)) => {
                double(range, sum, f64::from(*value))
            }
            (Range::Text(range, sum), Datum::Text(value)) => {
                text(range, value, value);
                *sum += i64::try_from(value.len()).unwrap_or(0);
            }
            (Range::Binary(sum), Datum::Text(value)) => {
                *sum += i64::try_from(value.len()).unwrap_or(0)
            }
            (Range::Decimal(range), Datum::Decimal(value)) => widen(range, *value),
            (Range::Date(range), Datum::Date(value)) => widen(range, i64::from(*value)),
            (Range::Timestamp(range), Datum::Timestamp(value)) => widen(range, *value),
            _ => {}
        }
    }

    /// Adds those of other rows.
    pub(super) fn merge(&mut self, other: &Self) {
        self.values += other.values;
        self.has_null |= other.has_null;
        match (&mut self.range, &other.range) {
            (Range::Boolean(trues), Range::Boolean(more)) => *trues += more,
            (Range::Integer(range, sum), Range::Integer(more, more_sum)) => {
                both(range, *more);
                *sum = sum.zip(*more_sum).and_then(|(sum, more)| sum.checked_add(more));
            }
            (Range::Double(range, sum), Range::Double(more, more_sum)) => {
                if let Some((least, most)) = more {
                    let least_and_most = range.get_or_insert((*least, *most));
                    *least_and_most = (least_and_most.0.min(*least), least_and_most.1.max(*most));
                }
                *sum += more_sum;
            }
            (Range::Text(range, sum), Range::Text(more, more_sum)) => {
                if let Some((least, most)) = more {
                    text(range, least, most);
                }
                *sum += more_sum;
            }
            (Range::Binary(sum), Range::Binary(more)) => *sum += more,
            (Range::Decimal(range), Range::Decimal(more)) => both(range, *more),
            (Range::Date(range), Range::Date(more)) => both(range, *more),
            (Range::Timestamp(range), Range::Timestamp(more)) => both(range, *more),
            _ => {}
        }
    }

    /// As `ColumnStatistics`.
    pub(super) fn message(&self) -> Message {
        let message = Message::new().number(1, self.values);
        let message = match &self.range {
            Range::Integer(Some((least, most)), sum) => {
                let range = Message::new().signed(1, *least).signed(2, *most);
                message.message(2, &sum.iter().fold(range, |range, sum| range.signed(3, *sum)))
            }
            // Not a number is in no range, and so is a sum with one.
            Range::Double(Some((least, most)), sum) if !sum.is_nan() => message
                .message(3, &Message::new().double(1, *least).double(2, *most).double(3, *sum)),
            Range::Text(Some((least, most)), sum) => message.message(4, &bounds(least, most, *sum)),
            Range::Boolean(trues) => message.message(5, &Message::new().packed(1, [*trues])),
            Range::Decimal(Some((least, most))) => {
                let range = Message::new().text(1, &decimal(*least, self.scale));
                message.message(6, &range.text(2, &decimal(*most, self.scale)))
            }
            Range::Date(Some((least, most))) => {
                message.message(7, &Message::new().signed(1, *least).signed(2, *most))
            }
            Range::Binary(sum) => message.message(8, &Message::new().signed(1, *sum)),
            Range::Timestamp(Some((least, most))) => {
                let range = Message::new().signed(3, milliseconds(*least));
                message.message(9, &range.signed(4, milliseconds(*most)))
            }
            _ => message,
        };
        message.number(10, u64::from(self.has_null))
    }
}

fn widen<T: Ord + Copy>(range: &mut Option<(T, T)>, value: T) {
    both(range, Some((value, value)));
}

fn both<T: Ord + Copy>(range: &mut Option<(T, T)>, more: Option<(T, T)>) {
    *range = match (*range, more) {
        (Some((least, most)), Some((less, greater))) => Some((least.min(less), most.max(greater))),
        (one, other) => one.or(other),
    };
}

fn double(range: &mut Option<(f64, f64)>, sum: &mut f64, value: f64) {
    let (least, most) = range.get_or_insert((value, value));
    *least = least.min(value);
    *most = most.max(value);
    *sum += value;
}

fn text(range: &mut Option<(String, String)>, least: &str, most: &str) {
    match range {
        None => *range = Some((least.to_owned(), most.to_owned())),
        Some((lowest, highest)) => {
            if least < lowest.as_str() {
                least.clone_into(lowest);
            }
            if most > highest.as_str() {
                most.clone_into(highest);
            }
        }
    }
}

/// The least and greatest text, or bounds of them where they are long.
fn bounds(least: &str, most: &str, sum: i64) -> Message {
    let mut message = Message::new();
    let lower = prefix(least);
    message =
        if lower.len() < least.len() { message.text(4, lower) } else { message.text(1, least) };
    let upper = prefix(most);
    message = if upper.len() == most.len() {
        message.text(2, most)
    } else {
        match above(upper) {
            Some(bound) => message.text(5, &bound),
            None => message,
        }
    };
    message.signed(3, sum)
}

fn prefix(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// The least text of this length that is greater than all that begin with this one.
fn above(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    while let Some(last) = text.pop() {
        let next = match u32::from(last) + 1 {
            0xd800 => char::from_u32(0xe000),
            next => char::from_u32(next),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// A decimal as text.
fn decimal(value: i128, scale: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

fn milliseconds(timestamp: Timestamp) -> i64 {
    timestamp.seconds * 1_000 + i64::from(timestamp.nanoseconds / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_with_their_point() {
        let cases = [(12_345, 2, "123.45"), (-5, 2, "-0.05"), (0, 1, "0.0"), (7, 0, "7")];
        for (value, scale, text) in cases {
            assert_eq!(decimal(value, scale), text);
        }
    }

    #[test]
    fn long_texts_have_bounds() {
        let long = "é".repeat(600);
        let upper = above(prefix(&long)).unwrap();
        assert!(upper > long && prefix(&long).len() == 1_024);
        assert_eq!(above("a\u{d7ff}"), Some("a\u{e000}".to_owned()));
        assert_eq!(above("a\u{10ffff}"), Some("b".to_owned()));
        assert_eq!(above("\u{10ffff}"), None);
    }

    #[test]
    fn what_is_no_number_leaves_no_range() {
        let mut statistics = Statistics::new(&Type::Double);
        statistics.add(&Datum::Double(1.0));
        statistics.add(&Datum::Double(f64::NAN));
        statistics.add(&Datum::Null);
        assert_eq!(statistics.message(), Message::new().number(1, 2).number(10, 1));
    }
}
