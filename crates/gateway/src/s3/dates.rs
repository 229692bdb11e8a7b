//! Times as S3 writes them: ISO 8601 in documents, HTTP's form in headers.

use millstream_types::{Date, Millis};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_SECONDS: u64 = 86_400;

/// `2009-10-12T17:50:30.000Z`.
pub(crate) fn iso(at: Millis) -> String {
    let Date { year, month, day } = Date::of_days(at.seconds() / DAY_SECONDS);
    let (hour, minute, second) = time_of_day(at);
    let millis = at.0 % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// `Mon, 12 Oct 2009 17:50:30 GMT`, in whole seconds.
pub(crate) fn http(at: Millis) -> String {
    let days = at.seconds() / DAY_SECONDS;
    let Date { year, month, day } = Date::of_days(days);
    let (hour, minute, second) = time_of_day(at);
    // 1970 began on a Thursday.
    let (weekday, month) = (DAYS[(days % 7) as usize], MONTHS[(month - 1) as usize]);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

fn time_of_day(at: Millis) -> (u64, u64, u64) {
    let of_day = at.seconds() % DAY_SECONDS;
    (of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// Reads what `http` writes, in seconds since 1970; the weekday is not checked. `None` for anything else: a condition
/// with such a date holds for nothing (RFC 9110, 13.1.3).
pub(crate) fn parse_http(text: &str) -> Option<u64> {
    let rest = text.trim().split_once(", ")?.1.strip_suffix(" GMT")?;
    let [day, month, year, time] = rest.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>().try_into().ok()?;
    let number = |text: &str| {
        let digits = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let days = Date { year: number(year)?, month, day: number(day)? }.days()?;
    let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
    (hour < 24 && minute < 60 && second < 60)
        .then_some(days * DAY_SECONDS + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_s3_does() {
        let at = Millis(1_255_369_830_007);
        assert_eq!(iso(at), "2009-10-12T17:50:30.007Z");
        assert_eq!(http(at), "Mon, 12 Oct 2009 17:50:30 GMT");
        for day in (0..60_000).step_by(7) {
            let at = Millis::from_seconds(day * DAY_SECONDS + 3661);
            assert_eq!(parse_http(&http(at)), Some(at.seconds()));
        }
        for bad in ["", "Mon, 12 Oct 2009 17:50:30 CET", "Mon, 32 Oct 2009 17:50:30 GMT", "x, y"] {
            assert_eq!(parse_http(bad), None, "{bad}");
        }
    }
}
