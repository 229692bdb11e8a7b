//! Points in time as text: RFC 3339.

use millstream_types::Millis;

const DAY_SECONDS: i64 = 86_400;

/// Writes `2026-01-31T12:00:00.250Z`.
pub fn format(at: Millis) -> String {
    let seconds = at.seconds();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
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

fn digits(text: &str) -> Option<i64> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

fn parse_date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) || parts.next().is_some() {
        return None;
    }
    let (year, month, day) = (digits(year)?, digits(month)?, digits(day)?);
    let days = days_from_civil(year, month, day);
    // A day that the calendar lacks comes back as another one.
    let back = civil_from_days(u64::try_from(days).ok()?);
    (i64::try_from(back.0).ok()? == year && back.1 as i64 == month && back.2 as i64 == day)
        .then_some(days)
}

fn parse_time(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || [hour, minute, second].iter().any(|part| part.len() != 2) {
        return None;
    }
    let (hour, minute, second) = (digits(hour)?, digits(minute)?, digits(second)?);
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
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970
}

fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970 as u64;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
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
