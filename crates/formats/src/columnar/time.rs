//! Days and timestamps in UTC, and the texts that both SerDes know without a pattern.

use super::number::Number;

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp {
    /// Since 1970-01-01T00:00:00Z.
    pub(crate) seconds: i64,
    /// Within the second: under 10^9.
    pub(crate) nanoseconds: u32,
}

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// Within years 1 to 9999, which all readers know. AWS's writer wraps what is beyond to an unrelated time; here such a
/// record fails.
const SECONDS_MIN: i64 = -62_135_596_800;
const SECONDS_MAX: i64 = 253_402_300_799;

/// From here on a number is milliseconds, before it is seconds: as measured at AWS.
const MILLISECONDS_FROM: i128 = 1_000_000_000_000;

impl Timestamp {
    /// `None` if it is out of the range of years 1 to 9999.
    pub(crate) fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let known = (SECONDS_MIN..=SECONDS_MAX).contains(&seconds) && nanoseconds < 1_000_000_000;
        known.then_some(Self { seconds, nanoseconds })
    }

    /// From a day and the nanoseconds within it.
    pub(crate) fn of_day(days: i32, nanoseconds: i64) -> Option<Self> {
        let seconds = i64::from(days) * DAY_SECONDS + nanoseconds.div_euclid(1_000_000_000);
        Self::new(seconds, u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?)
    }

    /// From seconds, with a fraction, or milliseconds since 1970: what it is, its size says.
    pub(crate) fn of_epoch(number: &Number) -> Option<Self> {
        let whole = number.truncated(0)?;
        if whole.abs() < MILLISECONDS_FROM {
            Self::of_nanoseconds(number.truncated(9)?)
        } else {
            Self::of_milliseconds(number)
        }
    }

    /// From milliseconds since 1970.
    pub(crate) fn of_milliseconds(number: &Number) -> Option<Self> {
        Self::of_nanoseconds(number.truncated(6)?)
    }

    fn of_nanoseconds(nanoseconds: i128) -> Option<Self> {
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
        Self::new(seconds, u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?)
    }

    /// Reads `yyyy-[M]M-[d]d [h]h:[m]m:[s]s[.f]`, what Java's `Timestamp.valueOf` reads.
    pub(crate) fn parse_spaced(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(' ')?;
        let (clock, fraction) = time.split_once('.').map_or((time, None), |(c, f)| (c, Some(f)));
        let mut parts = clock.split(':');
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let time = [short(hour)?, short(minute)?, short(second)?];
        Self::of_day(parse_date(date)?, of_clock(time, fraction)?)
    }

    /// Reads `yyyy-MM-ddTHH:mm:ss[.f][Z]`, with all digits there.
    pub(crate) fn parse_iso(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, time) = text.split_once('T')?;
        let (clock, fraction) = time.split_once('.').map_or((time, None), |(c, f)| (c, Some(f)));
        if date.len() != 10 || clock.len() != 8 {
            return None;
        }
        Self::parse_spaced(&format!("{date} {clock}.{}", fraction.unwrap_or("0")))
    }
}

/// Reads `yyyy-[M]M-[d]d` to days since 1970-01-01.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || !year.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    days(year.parse().ok()?, short(month)?, short(day)?)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, `None` if there is no such day in years 1 to 9999.
pub(crate) fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || day == 0 || day > month_days {
        return None;
    }
    // Years begin in March, so that the leap day is the last: the days of months follow one formula then.
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let year = i32::try_from(i64::from(year) - i64::from(month <= 2)).ok()?;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = i32::try_from((153 * shifted + 2) / 5 + day - 1).ok()?;
    Some(
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
            - 719_468,
    )
}

/// Nanoseconds within the day of hour, minute and second, and a fraction of one to nine digits.
pub(crate) fn of_clock([hour, minute, second]: [u32; 3], fraction: Option<&str>) -> Option<i64> {
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let nanoseconds = match fraction {
        None => 0,
        Some(digits) => nanoseconds(digits)?,
    };
    Some(seconds * 1_000_000_000 + nanoseconds)
}

/// One to nine digits after the point of seconds.
pub(crate) fn nanoseconds(digits: &str) -> Option<i64> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

fn short(digits: &str) -> Option<u32> {
    let fits = (1..=2).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit());
    if fits { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(text: &str) -> Option<(i64, u32)> {
        Timestamp::of_epoch(&Number::parse(text)?).map(|t| (t.seconds, t.nanoseconds))
    }

    #[test]
    fn days_are_counted_from_1970() {
        let cases = [
            ((1970, 1, 1), Some(0)),
            ((1969, 12, 31), Some(-1)),
            ((2000, 2, 29), Some(11_016)),
            ((2026, 9, 7), Some(20_703)),
            ((1, 1, 1), Some(-719_162)),
            ((9999, 12, 31), Some(2_932_896)),
            ((1900, 2, 29), None),
            ((2026, 13, 1), None),
            ((2026, 4, 31), None),
            ((2026, 1, 0), None),
        ];
        for ((year, month, day), expected) in cases {
            assert_eq!(days(year, month, day), expected, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn a_number_is_seconds_or_milliseconds_by_its_size() {
        assert_eq!(epoch("1518033528"), Some((1_518_033_528, 0)));
        assert_eq!(epoch("1518033528123"), Some((1_518_033_528, 123_000_000)));
        assert_eq!(epoch("1518033528.123"), Some((1_518_033_528, 123_000_000)));
        assert_eq!(epoch("1000000000000"), Some((1_000_000_000, 0)));
        assert_eq!(epoch("-1000"), Some((-1000, 0)));
        assert_eq!(epoch("-0.5"), Some((-1, 500_000_000)));
        assert_eq!(epoch("0e99999"), Some((0, 0)));
        assert_eq!(epoch("1e-1000000000"), Some((0, 0)));
        for beyond in ["999999999999", "18446744073709551616", "1e1000000000", "1e2147483647"] {
            assert_eq!(epoch(beyond), None, "{beyond}");
        }
    }

    #[test]
    fn texts_are_read_as_java_reads_them() {
        let expected = Timestamp { seconds: 1_788_782_402, nanoseconds: 0 };
        for text in ["2026-09-07 12:00:02", "2026-9-7 12:0:2", "2026-09-07 12:00:02.0"] {
            assert_eq!(Timestamp::parse_spaced(text), Some(expected), "{text}");
        }
        for text in
            ["2026-09-07T12:00:02Z", "2026-09-07T12:00:02", "2026-09-07T12:00:02.000000000Z"]
        {
            assert_eq!(Timestamp::parse_iso(text), Some(expected), "{text}");
        }
        let half = Timestamp::parse_spaced("2026-09-07 12:00:02.5").unwrap();
        assert_eq!(half.nanoseconds, 500_000_000);
        let no = [
            "",
            "2026-09-07",
            "2026-09-07 12:00",
            "2026-09-07 24:00:00",
            "2026-02-30 00:00:00",
            "2026-09-07 12:00:02.",
            "2026-09-07 12:00:02.1234567890",
            "26-09-07 12:00:00",
            "2026-09-07  1:2:3",
            "2026-9-7T12:00:02Z",
            "2026-09-07T12:00:02+00:00",
            "2026-09-07T1:00:02Z",
            "2026-+9-07 12:00:00",
        ];
        for text in no {
            assert_eq!(
                Timestamp::parse_spaced(text).or(Timestamp::parse_iso(text)),
                None,
                "{text}"
            );
        }
    }
}
