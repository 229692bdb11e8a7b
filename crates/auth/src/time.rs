//! Points in time as signatures write them: `20150830T123600Z`, always UTC.

use millstream_types::{Date, Millis};

/// Writes the time, in whole seconds. Years past 9999 are written as 9999.
pub(crate) fn format(at: Millis) -> String {
    const LAST_SECOND: u64 = 253_402_300_799;
    let seconds = at.seconds().min(LAST_SECOND);
    let Date { year, month, day } = Date::of_days(seconds / 86_400);
    let of_day = seconds % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Reads `20150830T123600Z`. Times before 1970, days that the calendar lacks and leap seconds are refused.
pub(crate) fn parse_iso(text: &str) -> Option<Millis> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| digits(&bytes[from..to]);
    let date = Date { year: number(0, 4)?, month: number(4, 6)?, day: number(6, 8)? };
    at(date, number(9, 11)?, number(11, 13)?, number(13, 15)?)
}

/// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, which a `Date` header may have (RFC 9110). The weekday is not checked.
pub(crate) fn parse_http(text: &str) -> Option<Millis> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let bytes = text.as_bytes();
    let shape = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let separated =
        [(3, b','), (4, b' '), (7, b' '), (11, b' '), (16, b' '), (19, b':'), (22, b':')];
    if bytes.len() != 29
        || !bytes.ends_with(b" GMT")
        || !separated.iter().all(|(at, byte)| shape(*at, *byte))
    {
        return None;
    }
    let number = |from: usize, to: usize| digits(&bytes[from..to]);
    let month = MONTHS.iter().position(|month| month.as_bytes() == &bytes[8..11])?;
    let date = Date { year: number(12, 16)?, month: month as u64 + 1, day: number(5, 7)? };
    at(date, number(17, 19)?, number(20, 22)?, number(23, 25)?)
}

fn digits(bytes: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    bytes.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

fn at(date: Date, hour: u64, minute: u64, second: u64) -> Option<Millis> {
    let days = date.days()?;
    let of_day = hour * 3600 + minute * 60 + second;
    (hour < 24 && minute < 60 && second < 60).then(|| Millis::from_seconds(days * 86_400 + of_day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (253_402_300_799, "99991231T235959Z"),
        ] {
            assert_eq!(format(Millis::from_seconds(seconds)), text);
            assert_eq!(parse_iso(text), Some(Millis::from_seconds(seconds)));
        }
        for day in 0..60_000 {
            let at = Millis::from_seconds(day * 86_400 + 3661);
            assert_eq!(parse_iso(&format(at)), Some(at));
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for bad in [
            "",
            "20150830T123600",
            "2015-08-30T12:36:00Z",
            "20150830t123600z",
            "20150830T123600+0100",
            "20150230T000000Z",
            "21000229T000000Z",
            "20151301T000000Z",
            "20150800T000000Z",
            "20150830T240000Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "19691231T235959Z",
            "2015083 T123600Z",
            "99999999T999999Z",
        ] {
            assert_eq!(parse_iso(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        let at = Some(Millis::from_seconds(1_440_938_160));
        assert_eq!(parse_http("Sun, 30 Aug 2015 12:36:00 GMT"), at);
        for bad in ["Sun, 30 Aug 2015 12:36:00 CET", "Sun, 31 Feb 2015 12:36:00 GMT", "x"] {
            assert_eq!(parse_http(bad), None, "{bad}");
        }
    }
}
