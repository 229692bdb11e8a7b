//! Times and durations as people write them.

use millstream_types::Millis;

const DAY_MS: u64 = 86_400_000;
/// Units of a duration, in milliseconds.
const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", DAY_MS)];

/// Milliseconds of a duration such as `5m`, `1h30m` or `250ms`.
pub fn duration(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no duration, such as 90s, 5m, 24h, 7d, 1h30m or 250ms");
    let (mut rest, mut total) = (text, 0u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let factor = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// The same, for a clock that never goes back.
pub fn advance(text: &str) -> Result<u64, String> {
    if text.starts_with('-') {
        return Err("the clock never goes back; a duration is such as 5m or 1h30m".to_owned());
    }
    duration(text)
}

/// Milliseconds since 1970 of a time such as `2030-01-31T12:00:00Z`, with a fraction of up to three digits if need be,
/// or of seconds since 1970.
pub fn point(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("{text:?} is no time, such as 2030-01-31T12:00:00Z or seconds since 1970");
    if let Ok(seconds) = text.parse::<u64>() {
        return seconds.checked_mul(1000).ok_or_else(wrong);
    }
    let (date, time) = text.strip_suffix('Z').and_then(|t| t.split_once('T')).ok_or_else(wrong)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-').ok_or_else(wrong)?;
    let [hour, minute, second] = numbers(clock, ':').ok_or_else(wrong)?;
    let digits = fraction.bytes().all(|b| b.is_ascii_digit()) && (1..=3).contains(&fraction.len());
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && (hour, minute, second) <= (23, 59, 59)
        && minute <= 59
        && second <= 59;
    if !digits || !in_range {
        return Err(wrong());
    }
    let ms: u64 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    Ok(((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms)
}

/// Such as `2030-01-31T12:00:00.000Z`.
pub fn format(at: Millis) -> String {
    let (mut days, ms) = (at.0 / DAY_MS, at.0 % DAY_MS);
    let mut year = 1970 + days / 366;
    while days_before(year + 1, 1, 1) <= days {
        year += 1;
    }
    days -= days_before(year, 1, 1);
    let mut month = 1;
    while days >= days_of(year, month) {
        days -= days_of(year, month);
        month += 1;
    }
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        days + 1,
        ms % 1000
    )
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let mut parts = text.split(between);
    let mut next = || {
        let part = parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()))?;
        part.parse().ok()
    };
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some(numbers)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day; years from 1970.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let leap_days = |until: u64| until / 4 - until / 100 + until / 400;
    let years = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    years + (1..month).map(|month| days_of(year, month)).sum::<u64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_their_parts() {
        for (text, ms) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("5m", 300_000),
            ("24h", DAY_MS),
            ("7d", 7 * DAY_MS),
            ("1h30m", 5_400_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
        for bad in ["", "5", "m", "-5m", "5 m", "5x", "1.5h", "99999999999999999d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_clock_is_only_moved_forward() {
        assert_eq!(advance("5m"), Ok(300_000));
        assert!(advance("-5m").unwrap_err().contains("never goes back"));
    }

    #[test]
    fn times_read_back_as_they_are_written() {
        for (text, ms) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2020-01-15T05:31:22.000Z", 1_579_066_282_000),
            ("2024-02-29T00:00:00.007Z", 1_709_164_800_007),
            ("2099-12-31T23:59:59.999Z", 4_102_444_799_999),
            ("4000-01-01T00:00:00.000Z", 64_060_588_800_000),
        ] {
            assert_eq!((point(text), format(Millis(ms)).as_str()), (Ok(ms), text));
        }
        assert_eq!(point("2020-01-15T05:31:22Z"), Ok(1_579_066_282_000));
        assert_eq!(point("2020-01-15T05:31:22.5Z"), Ok(1_579_066_282_500));
        assert_eq!(point("1579066282"), Ok(1_579_066_282_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "tomorrow",
            "2020-01-15",
            "2020-01-15T05:31:22",
            "2020-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2020-01-15T24:00:00Z",
            "2020-01-15T00:60:00Z",
            "2020-01-15T00:00:60Z",
            "2020-01-15T00:00:00.1234Z",
            "1969-12-31T00:00:00Z",
            "2020-01-15T00:00Z",
        ] {
            assert!(point(bad).is_err(), "{bad}");
        }
    }
}
