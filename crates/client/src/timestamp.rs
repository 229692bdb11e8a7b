//! Points in time as text: RFC 3339.

use std::str::FromStr;

use millstream_types::{Date, Millis};

const DAY_SECONDS: i64 = 86_400;

/// Writes `2026-01-31T12:00:00.250Z`.
pub fn format(at: Millis) -> String {
    let seconds = at.seconds();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let Date { year, month, day } = Date::of_days(days);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let millis = at.0 % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Reads `2026-01-31T12:00:00Z`, with a fraction or not, with `Z` or `+01:00`; the time of day may be left out
/// (midnight), and so may the zone (UTC). `None` for anything else and for dates before 1970.
pub fn parse(text: &str) -> Option<Millis> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = parse_date(date)?;
    if rest.is_empty() {
        return Some(Millis::from_seconds(u64::try_from(days * DAY_SECONDS).ok()?));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let seconds = parse_time(time)?;
    let (millis, rest) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, rest) = rest.split_at(end);
            if digits.is_empty() {
                return None;
            }
            let three = format!("{digits:0<3}");
            (three[..3].parse().ok()?, rest)
        }
    };
    let seconds = days * DAY_SECONDS + seconds - parse_zone(rest)?;
    let seconds = u64::try_from(seconds).ok()?;
    Some(Millis(seconds.checked_mul(1000)? + millis))
}

fn digits<Number: FromStr>(text: &str) -> Option<Number> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) || parts.next().is_some() {
        return None;
    }
    let days = Date { year: digits(year)?, month: digits(month)?, day: digits(day)? }.days()?;
    i64::try_from(days).ok()
}

fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [hour, minute, second].iter().any(|part| part.len() != 2) {
        return None;
    }
    let (hour, minute, second): (i64, i64, i64) = (digits(hour)?, digits(minute)?, digits(second)?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Seconds that the zone is ahead of UTC.
fn parse_zone(text: &str) -> Option<i64> {
    let sign = match text.bytes().next() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (text.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes): (i64, i64) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for day in 0..60_000 {
            let at = Millis(day * 86_400_000 + 3_661_250);
            assert_eq!(parse(&format(at)), Some(at));
        }
    }

    #[test]
    fn forms_that_people_type() {
        for (text, expected) in [
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-01T00:00:01Z", Some(1000)),
            ("1970-01-01 00:00:01.5", Some(1500)),
            ("1970-01-01T01:00:00.1234+01:00", Some(123)),
            ("1970-01-01T00:00:00-01:30", Some(5_400_000)),
            ("1969-12-31T23:00:00Z", None),
            ("2023-02-29", None),
            ("2023-13-01", None),
            ("2023-00-01", None),
            ("2023-1-01", None),
            ("2023-01-01T24:00:00", None),
            ("2023-01-01T1:00:000", None),
            ("2023-01-01T00:00:00.", None),
            ("2023-01-01T00:00:00ZZ", None),
            ("2023-01-01T00:00:00+1", None),
            ("2023-01-01x", None),
            ("ээээээ", None),
        ] {
            assert_eq!(parse(text), expected.map(Millis), "{text}");
        }
    }
}
