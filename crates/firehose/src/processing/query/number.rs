//! Numbers of a query: whole ones are exact within 64 bits, all others are doubles as in jq.

use std::cmp::Ordering;

use super::meter;

/// A number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// Any other, or one beyond 64 bits.
    Float(f64),
}

impl Number {
    /// As a double.
    pub fn float(self) -> f64 {
        match self {
            Number::Int(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    /// As a whole number, if it is one within 64 bits.
    pub fn whole(self) -> Option<i64> {
        match self {
            Number::Int(number) => Some(number),
            Number::Float(number) => {
                let whole = number.trunc() == number && number.abs() < 9.2e18;
                whole.then_some(number as i64)
            }
        }
    }

    /// Rounded down, at the ends of 64 bits if it is beyond them; zero if it is not a number.
    pub fn floor(self) -> i64 {
        match self {
            Number::Int(number) => number,
            Number::Float(number) => number.floor() as i64,
        }
    }

    /// The exact result of whole numbers if it fits, else that of doubles.
    pub fn calculate(
        self,
        other: Number,
        whole: impl FnOnce(i64, i64) -> Option<i64>,
        float: impl FnOnce(f64, f64) -> f64,
    ) -> Number {
        meter::steps(1);
        if let (Number::Int(a), Number::Int(b)) = (self, other)
            && let Some(result) = whole(a, b)
        {
            return Number::Int(result);
        }
        Number::Float(float(self.float(), other.float()))
    }

    /// The order of jq: what is not a number is below all numbers. Exact, so that sorting sees one total order.
    pub fn order(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            (Number::Int(a), Number::Float(b)) => whole_to_float(a, b),
            (Number::Float(a), Number::Int(b)) => whole_to_float(b, a).reverse(),
            (Number::Float(a), Number::Float(b)) => match a.partial_cmp(&b) {
                Some(order) => order,
                None => b.is_nan().cmp(&a.is_nan()),
            },
        }
    }

    /// As JSON. What JSON cannot say becomes the nearest it can: null, and the greatest double.
    pub fn text(self) -> String {
        let number = match self {
            Number::Int(number) => return number.to_string(),
            Number::Float(number) if number.is_nan() => return "null".to_owned(),
            Number::Float(number) => number.clamp(f64::MIN, f64::MAX),
        };
        let scientific = format!("{number:e}");
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
        if exponent > -5 && exponent < digits + 15 {
            return format!("{number}");
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    }
}

/// Compares without rounding.
fn whole_to_float(a: i64, b: f64) -> Ordering {
    // -2^63 and 2^63 are doubles; what lies between has a whole part within 64 bits.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() || b < -LIMIT {
        return Ordering::Greater;
    }
    if b >= LIMIT {
        return Ordering::Less;
    }
    let fraction = b - b.trunc();
    a.cmp(&(b.trunc() as i64)).then(0.0_f64.total_cmp(&(fraction + 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_jq_writes_them() {
        for (number, text) in [
            (Number::Int(i64::MAX), "9223372036854775807"),
            (Number::Float(1.0), "1"),
            (Number::Float(-0.5), "-0.5"),
            (Number::Float(0.1 + 0.2), "0.30000000000000004"),
            (Number::Float(1e15), "1000000000000000"),
            (Number::Float(1.2e16), "12000000000000000"),
            (Number::Float(123_456_789_012_345_680.0), "123456789012345680"),
            (Number::Float(1.7e18), "1.7e+18"),
            (Number::Float(0.0001), "0.0001"),
            (Number::Float(1e17), "1e+17"),
            (Number::Float(1.5e300), "1.5e+300"),
            (Number::Float(0.00001), "1e-05"),
            (Number::Float(1.5e-7), "1.5e-07"),
            (Number::Float(f64::INFINITY), "1.7976931348623157e+308"),
            (Number::Float(f64::NAN), "null"),
        ] {
            assert_eq!(number.text(), text);
        }
    }

    #[test]
    fn what_is_not_a_number_is_below_all() {
        let nan = Number::Float(f64::NAN);
        assert_eq!(nan.order(Number::Int(i64::MIN)), Ordering::Less);
        assert_eq!(Number::Int(0).order(nan), Ordering::Greater);
        assert_eq!(nan.order(nan), Ordering::Equal);
        assert_eq!(nan.order(Number::Float(0.5)), Ordering::Less);
        assert_eq!(Number::Float(0.5).order(nan), Ordering::Greater);
        assert_eq!(Number::Int(2).order(Number::Float(2.5)), Ordering::Less);
        assert_eq!(Number::Float(-2.5).order(Number::Int(-2)), Ordering::Less);
        assert_eq!(Number::Int(0).order(Number::Float(-0.0)), Ordering::Equal);
        let near = Number::Float(9_007_199_254_740_992.0);
        assert_eq!(Number::Int(9_007_199_254_740_993).order(near), Ordering::Greater);
    }
}
