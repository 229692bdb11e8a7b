//! Moments of the calendar in UTC, written and read by the formats of C's `strftime` and `strptime`.

use millstream_types::{MONTHS, WEEKDAYS};

use super::time::digits;

/// Deepest nesting of formats that stand for formats: `%c` holds `%T`.
const NESTED_MAX: u32 = 3;

/// A second of the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

impl Moment {
    /// The moment so many seconds after 1970-01-01T00:00:00Z.
    pub fn of_epoch_seconds(seconds: i64) -> Moment {
        let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        Moment { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }

    /// Seconds after 1970-01-01T00:00:00Z.
    pub fn epoch_seconds(&self) -> i64 {
        self.days() * 86_400 + self.hour * 3600 + self.minute * 60 + self.second
    }

    /// The same moment with every field within its range: the 32nd of a month is in the next.
    pub fn normalized(&self) -> Moment {
        let months = self.year * 12 + self.month - 1;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        let first = Moment { year, month, ..*self };
        Moment::of_epoch_seconds(first.epoch_seconds())
    }

    /// Days after 1970-01-01.
    fn days(&self) -> i64 {
        // Years begin in March, so that the day that is not always there is the last.
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
            - 719_468
    }

    /// The day of the week, from Sunday.
    pub fn weekday(&self) -> i64 {
        (self.days() + 4).rem_euclid(7)
    }

    /// The day of the year, from 0.
    pub fn day_of_year(&self) -> i64 {
        self.days() - Moment { month: 1, day: 1, ..*self }.days()
    }

    /// Year and week as ISO 8601 counts them.
    fn iso_week(&self) -> (i64, i64) {
        let monday_based = (self.weekday() + 6) % 7;
        let thursday = self.days() - monday_based + 3;
        let (year, _, _) = civil(thursday);
        let first = Moment { year, month: 1, day: 1, ..*self }.days();
        (year, (thursday - first) / 7 + 1)
    }

    /// Writes the moment as a format says. What is no format of C's is written as it stands.
    pub fn format(&self, format: &str, out: &mut String, nested: u32) {
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                out.push(char);
                continue;
            }
            let mut style = Style::default();
            let rest = chars.as_str();
            let letter = loop {
                match chars.next() {
                    Some('-') => style.pad = Some(None),
                    Some('_') => style.pad = Some(Some(' ')),
                    Some('0') => style.pad = Some(Some('0')),
                    Some('^') => style.upper = true,
                    Some('E' | 'O') => {}
                    letter => break letter,
                }
            };
            let start = out.len();
            let known = letter.is_some_and(|letter| self.field(letter, style, out, nested));
            if !known {
                out.push('%');
                out.push_str(&rest[..rest.len() - chars.as_str().len()]);
            } else if style.upper {
                let upper = out[start..].to_uppercase();
                out.truncate(start);
                out.push_str(&upper);
            }
        }
    }

    /// Writes a field; whether there is one of this letter.
    fn field(&self, letter: char, style: Style, out: &mut String, nested: u32) -> bool {
        let mut number = |value, width, pad| match style.pad.unwrap_or(Some(pad)) {
            Some(pad) => digits(out, value, width, pad),
            None => digits(out, value, 1, '0'),
        };
        let twelve = (self.hour + 11) % 12 + 1;
        match letter {
            'Y' => number(self.year, 1, '0'),
            'C' => number(self.year.div_euclid(100), 2, '0'),
            'y' => number(self.year.rem_euclid(100), 2, '0'),
            'm' => number(self.month, 2, '0'),
            'd' => number(self.day, 2, '0'),
            'e' => number(self.day, 2, ' '),
            'j' => number(self.day_of_year() + 1, 3, '0'),
            'H' => number(self.hour, 2, '0'),
            'k' => number(self.hour, 2, ' '),
            'I' => number(twelve, 2, '0'),
            'l' => number(twelve, 2, ' '),
            'M' => number(self.minute, 2, '0'),
            'S' => number(self.second, 2, '0'),
            's' => number(self.epoch_seconds(), 1, '0'),
            'u' => number((self.weekday() + 6) % 7 + 1, 1, '0'),
            'w' => number(self.weekday(), 1, '0'),
            'U' => number((self.day_of_year() + 7 - self.weekday()) / 7, 2, '0'),
            'W' => number((self.day_of_year() + 7 - (self.weekday() + 6) % 7) / 7, 2, '0'),
            'V' => number(self.iso_week().1, 2, '0'),
            'G' => number(self.iso_week().0, 1, '0'),
            'g' => number(self.iso_week().0.rem_euclid(100), 2, '0'),
            _ => return self.text_field(letter, out, nested),
        }
        true
    }

    fn text_field(&self, letter: char, out: &mut String, nested: u32) -> bool {
        let day = WEEKDAYS[self.weekday() as usize % 7];
        let month = MONTHS[(self.month - 1).rem_euclid(12) as usize];
        let stands_for = match letter {
            'A' => day,
            'a' => &day[..3],
            'B' => month,
            'b' | 'h' => &month[..3],
            'p' => ["AM", "PM"][usize::from(self.hour >= 12)],
            'P' => ["am", "pm"][usize::from(self.hour >= 12)],
            'Z' => "UTC",
            'z' => "+0000",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => match composed(letter) {
                Some(format) if nested < NESTED_MAX => {
                    self.format(format, out, nested + 1);
                    return true;
                }
                _ => return false,
            },
        };
        out.push_str(stands_for);
        true
    }
}

/// How numbers and texts of a field are written.
#[derive(Clone, Copy, Default)]
struct Style {
    /// Padding other than the field's own; `Some(None)` is none.
    pad: Option<Option<char>>,
    upper: bool,
}

/// Formats that stand for others, as the C locale has them.
fn composed(letter: char) -> Option<&'static str> {
    Some(match letter {
        'c' => "%a %b %e %H:%M:%S %Y",
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'R' => "%H:%M",
        'r' => "%I:%M:%S %p",
        'T' | 'X' => "%H:%M:%S",
        _ => return None,
    })
}

/// Year, month and day so many days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Reads a whole text by a format; `None` if it does not match. Fields that the format does not name are those of
/// 1900-01-00, as in C; a time zone is read and not applied, as jq does.
pub fn parse(text: &str, format: &str) -> Option<Moment> {
    let mut reading = Reading { rest: text, ..Reading::default() };
    reading.read(format, 0)?;
    reading.rest.is_empty().then(|| reading.moment())?
}

#[derive(Default)]
struct Reading<'a> {
    rest: &'a str,
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    /// Whether the hour is of twelve, and after noon.
    half: Option<bool>,
    epoch: Option<i64>,
}

impl Reading<'_> {
    fn read(&mut self, format: &str, nested: u32) -> Option<()> {
        let mut chars = format.chars();
        while let Some(char) = chars.next() {
            if char.is_ascii_whitespace() {
                self.space();
            } else if char != '%' {
                self.rest = self.rest.strip_prefix(char)?;
            } else {
                let letter = chars.find(|letter| !"EO-_0^".contains(*letter))?;
                self.field(letter, nested)?;
            }
        }
        Some(())
    }

    fn field(&mut self, letter: char, nested: u32) -> Option<()> {
        match letter {
            'Y' => self.year = Some(self.signed(4)?),
            'y' => {
                let year = self.number(2, 0, 99)?;
                self.year = Some(if year < 69 { 2000 + year } else { 1900 + year });
            }
            'm' => self.month = Some(self.number(2, 1, 12)?),
            'd' | 'e' => self.day = Some(self.number(2, 1, 31)?),
            'j' => self.day_of_year = Some(self.number(3, 1, 366)?),
            'H' | 'k' => self.hour = self.number(2, 0, 23)?,
            'I' | 'l' => {
                self.hour = self.number(2, 1, 12)? % 12;
                self.half.get_or_insert(false);
            }
            'M' => self.minute = self.number(2, 0, 59)?,
            'S' => self.second = self.number(2, 0, 61)?,
            's' => self.epoch = Some(self.signed(12)?),
            'p' | 'P' => self.half = Some(self.name(&["AM", "PM"], 2)? == 1),
            'a' | 'A' => self.name(&WEEKDAYS, 3).map(|_| ())?,
            'b' | 'B' | 'h' => self.month = Some(self.name(&MONTHS, 3)? + 1),
            'u' | 'w' => self.number(1, 0, 7).map(|_| ())?,
            'U' | 'W' | 'V' => self.number(2, 0, 53).map(|_| ())?,
            'Z' => {
                let end = self.rest.find(|c: char| c.is_ascii_whitespace());
                self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
            }
            'z' => self.offset()?,
            'n' | 't' => self.space(),
            '%' => self.rest = self.rest.strip_prefix('%')?,
            _ => match composed(letter) {
                Some(format) if nested < NESTED_MAX => self.read(format, nested + 1)?,
                _ => return None,
            },
        }
        Some(())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// A number of at most so many digits, within bounds; space before it is skipped, as C does.
    fn number(&mut self, width: usize, least: i64, most: i64) -> Option<i64> {
        self.space();
        let count = self.rest.bytes().take(width).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(count);
        let number = digits.parse().ok()?;
        self.rest = rest;
        (least..=most).contains(&number).then_some(number)
    }

    fn signed(&mut self, width: usize) -> Option<i64> {
        self.space();
        let negative = self.rest.strip_prefix('-');
        self.rest = negative.unwrap_or(self.rest);
        let number = self.number(width, 0, i64::MAX)?;
        Some(if negative.is_some() { -number } else { number })
    }

    /// One of some names, whole or abbreviated, whatever its case.
    fn name(&mut self, names: &[&str], abbreviated: usize) -> Option<i64> {
        for (index, name) in names.iter().enumerate() {
            for length in [name.len(), abbreviated] {
                if self.rest.get(..length).is_some_and(|s| s.eq_ignore_ascii_case(&name[..length]))
                {
                    self.rest = &self.rest[length..];
                    return Some(index as i64);
                }
            }
        }
        None
    }

    /// `Z`, `+hh`, `+hhmm` or `+hh:mm`.
    fn offset(&mut self) -> Option<()> {
        self.space();
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(());
        }
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        self.number(2, 0, 24)?;
        let colon = self.rest.strip_prefix(':');
        self.rest = colon.unwrap_or(self.rest);
        if colon.is_some() || self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            self.number(2, 0, 59)?;
        }
        Some(())
    }

    fn moment(&self) -> Option<Moment> {
        if let Some(seconds) = self.epoch {
            return Some(Moment::of_epoch_seconds(seconds));
        }
        let hour = self.hour + if self.half == Some(true) { 12 } else { 0 };
        let (month, day) = match (self.day_of_year, self.month, self.day) {
            (Some(day), None, None) => (1, day),
            (_, month, day) => (month.unwrap_or(1), day.unwrap_or(0)),
        };
        let moment = Moment {
            year: self.year.unwrap_or(1900),
            month,
            day,
            hour,
            minute: self.minute,
            second: self.second,
        };
        Some(if self.day_of_year.is_some() { moment.normalized() } else { moment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_fields_agree() {
        for (seconds, year, month, day, weekday, day_of_year) in [
            (0, 1970, 1, 1, 4, 0),
            (951_782_400, 2000, 2, 29, 2, 59),
            (1_735_689_599, 2024, 12, 31, 2, 365),
            (-1, 1969, 12, 31, 3, 364),
            (-62_135_596_800, 1, 1, 1, 1, 0),
        ] {
            let moment = Moment::of_epoch_seconds(seconds);
            assert_eq!((moment.year, moment.month, moment.day), (year, month, day), "{seconds}");
            assert_eq!((moment.weekday(), moment.day_of_year()), (weekday, day_of_year));
            assert_eq!(moment.epoch_seconds(), seconds);
        }
    }

    #[test]
    fn formats_are_those_of_c() {
        let moment = Moment::of_epoch_seconds(1_425_599_507);
        for (format, text) in [
            ("%Y-%m-%dT%H:%M:%SZ", "2015-03-05T23:51:47Z"),
            ("%A, %B %d, %Y", "Thursday, March 05, 2015"),
            ("%a %b %e %I:%M %p %P", "Thu Mar  5 11:51 PM pm"),
            ("%j %u %w %U %W %V %G %g %C %y", "064 4 4 09 09 10 2015 15 20 15"),
            ("%s %Z %z %%", "1425599507 UTC +0000 %"),
            (
                "%F %T %D %R %r %c",
                "2015-03-05 23:51:47 03/05/15 23:51 11:51:47 PM Thu Mar  5 23:51:47 2015",
            ),
            ("%-d %_m %^b %-j %Q %", "5  3 MAR 64 %Q %"),
        ] {
            let mut out = String::new();
            moment.format(format, &mut out, 0);
            assert_eq!(out, text, "{format}");
        }
    }

    #[test]
    fn weeks_of_iso_belong_to_the_year_of_their_thursday() {
        for (seconds, week) in [(1_230_768_000, (2009, 1)), (1_262_476_800, (2009, 53))] {
            assert_eq!(Moment::of_epoch_seconds(seconds).iso_week(), week);
        }
    }

    #[test]
    fn texts_are_read_by_formats() {
        for (text, format, seconds) in [
            ("2015-03-05T23:51:47Z", "%Y-%m-%dT%H:%M:%SZ", Some(1_425_599_507)),
            ("Thu, 05 Mar 2015 23:51:47 +0100", "%a, %d %b %Y %H:%M:%S %z", Some(1_425_599_507)),
            ("March 5, 2015 11:51:47 PM", "%B %d, %Y %I:%M:%S %p", Some(1_425_599_507)),
            ("2015 064", "%Y %j", Some(1_425_513_600)),
            ("1425599507", "%s", Some(1_425_599_507)),
            ("15/3/5", "%y/%m/%d", Some(1_425_513_600)),
            ("2015-03-05", "%F", Some(1_425_513_600)),
            ("2015-03-05 x", "%F", None),
            ("2015-13-05", "%F", None),
            ("soon", "%Y", None),
        ] {
            assert_eq!(parse(text, format).map(|m| m.epoch_seconds()), seconds, "{text}");
        }
    }
}
