//! Joda-Time's patterns of timestamps, as far as they name a point in time without a calendar or a language of their
//! own: `yyyy-MM-dd'T'HH:mm:ss.SSSZ`. A pattern with other letters is refused when it is configured.

use crate::columnar::number::Number;
use crate::columnar::time::{Timestamp, days, nanoseconds};

/// One of a SerDe's formats.
#[derive(Debug)]
pub(super) enum TimestampFormat {
    /// Milliseconds since 1970, as a number.
    Milliseconds,
    Pattern(Vec<Token>),
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    /// A number: which, and how many digits it has at most.
    Number(Field, usize),
    /// Two digits of a year between 1970 and 2069.
    ShortYear,
    /// English, three letters or whole.
    Month,
    /// English, three letters or whole; says nothing.
    Weekday,
    /// AM or PM.
    HalfDay,
    /// Digits of a second's fraction, so many at most.
    Fraction(usize),
    /// `+0100`, `+01:00` or `Z`.
    Offset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Year,
    Month,
    Day,
    DayOfYear,
    /// 0 to 23.
    Hour,
    /// 1 to 24.
    HourFrom1,
    /// 0 to 11.
    HalfHour,
    /// 1 to 12.
    HalfHourFrom1,
    Minute,
    Second,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Characters of a pattern.
const PATTERN_CHARACTERS_MAX: usize = 1_024;

impl TimestampFormat {
    /// Reads a format. The error follows its text in a sentence.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        if pattern == "millis" {
            return Ok(Self::Milliseconds);
        }
        if pattern.trim().is_empty() || pattern.chars().count() > PATTERN_CHARACTERS_MAX {
            return Err(format!("has not 1 to {PATTERN_CHARACTERS_MAX} characters."));
        }
        let mut tokens = tokens(pattern)?;
        // A number that another follows with nothing between has as many digits as letters, or nobody could tell them
        // apart.
        for index in 0..tokens.len() {
            let next_is_number = matches!(
                tokens.get(index + 1),
                Some(Token::Number(..) | Token::ShortYear | Token::Fraction(_))
            );
            if let Token::Number(Field::Year, digits) = &mut tokens[index]
                && !next_is_number
            {
                *digits = 9;
            }
        }
        Ok(Self::Pattern(tokens))
    }

    /// The point in time that a text names, `None` if it is not of this format.
    pub(super) fn timestamp(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Milliseconds => Timestamp::of_milliseconds(&Number::parse(text)?),
            Self::Pattern(tokens) => Parsed::read(tokens, text)?.timestamp(),
        }
    }

    /// The day, in UTC.
    pub(super) fn date(&self, text: &str) -> Option<i32> {
        let seconds = self.timestamp(text)?.seconds;
        i32::try_from(seconds.div_euclid(crate::columnar::time::DAY_SECONDS)).ok()
    }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (text, after) = quoted(&rest[1..])?;
            push_literal(&mut tokens, &text);
            rest = after;
            continue;
        }
        let end = rest.find(|c| c != first).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if first.is_ascii_alphabetic() {
            tokens.push(token(first, run.len())?);
        } else {
            push_literal(&mut tokens, run);
        }
        rest = after;
    }
    Ok(tokens)
}

/// What is between quotes, of which two stand for one, and what follows.
fn quoted(rest: &str) -> Result<(String, &str), String> {
    if let Some(after) = rest.strip_prefix('\'') {
        return Ok(("'".to_owned(), after));
    }
    let mut text = String::new();
    let mut rest = rest;
    loop {
        let Some(end) = rest.find('\'') else {
            return Err("has a quote without an end.".to_owned());
        };
        text.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Ok((text, rest)),
        }
    }
}

fn push_literal(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        Some(Token::Literal(before)) => before.push_str(text),
        _ => tokens.push(Token::Literal(text.to_owned())),
    }
}

fn token(letter: char, count: usize) -> Result<Token, String> {
    Ok(match (letter, count) {
        ('y' | 'Y', 2) => Token::ShortYear,
        ('y' | 'Y', _) => Token::Number(Field::Year, count.clamp(4, 9)),
        ('M', 1 | 2) => Token::Number(Field::Month, 2),
        ('M', _) => Token::Month,
        ('d', _) => Token::Number(Field::Day, 2),
        ('D', _) => Token::Number(Field::DayOfYear, 3),
        ('H', _) => Token::Number(Field::Hour, 2),
        ('k', _) => Token::Number(Field::HourFrom1, 2),
        ('K', _) => Token::Number(Field::HalfHour, 2),
        ('h', _) => Token::Number(Field::HalfHourFrom1, 2),
        ('m', _) => Token::Number(Field::Minute, 2),
        ('s', _) => Token::Number(Field::Second, 2),
        ('S', 1..=9) => Token::Fraction(count),
        ('a', _) => Token::HalfDay,
        ('E', _) => Token::Weekday,
        ('Z', 1 | 2) => Token::Offset,
        _ => return Err(format!("has the letter {letter} {count} times, which is not supported.")),
    })
}

/// What a text says, as it is read.
#[derive(Default)]
struct Parsed {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: Option<u32>,
    half_hour: Option<u32>,
    afternoon: bool,
    minute: u32,
    second: u32,
    nanoseconds: i64,
    offset_seconds: i64,
}

impl Parsed {
    /// `None` unless the whole text is of the pattern.
    fn read(tokens: &[Token], text: &str) -> Option<Self> {
        let mut parsed = Self::default();
        let mut rest = text;
        for token in tokens {
            rest = parsed.token(token, rest)?;
        }
        rest.is_empty().then_some(parsed)
    }

    fn token<'t>(&mut self, token: &Token, rest: &'t str) -> Option<&'t str> {
        match token {
            Token::Literal(text) => strip(rest, text),
            Token::Number(field, most) => {
                let (digits, after) = leading_digits(rest, *most)?;
                self.set(*field, digits.parse().ok()?)?;
                Some(after)
            }
            Token::ShortYear => {
                let (digits, after) = leading_digits(rest, 2)?;
                let year: i32 = digits.parse().ok()?;
                self.year = Some(if year < 70 { 2000 + year } else { 1900 + year });
                Some(after)
            }
            Token::Month => {
                let (index, after) = named(&MONTHS, rest)?;
                self.month = Some(u32::try_from(index + 1).ok()?);
                Some(after)
            }
            Token::Weekday => named(&WEEKDAYS, rest).map(|(_, after)| after),
            Token::HalfDay => {
                let after = strip(rest, "am");
                self.afternoon = after.is_none();
                after.or_else(|| strip(rest, "pm"))
            }
            Token::Fraction(most) => {
                let (digits, after) = leading_digits(rest, *most)?;
                self.nanoseconds = nanoseconds(digits)?;
                Some(after)
            }
            Token::Offset => {
                let (seconds, after) = offset(rest)?;
                self.offset_seconds = seconds;
                Some(after)
            }
        }
    }

    fn set(&mut self, field: Field, value: u32) -> Option<()> {
        match field {
            Field::Year => self.year = Some(i32::try_from(value).ok()?),
            Field::Month => self.month = Some(value),
            Field::Day => self.day = Some(value),
            Field::DayOfYear => self.day_of_year = Some(value),
            Field::Hour => self.hour = Some(value).filter(|hour| *hour < 24),
            Field::HourFrom1 => self.hour = Some(value % 24).filter(|_| (1..=24).contains(&value)),
            Field::HalfHour => self.half_hour = Some(value).filter(|hour| *hour < 12),
            Field::HalfHourFrom1 => {
                self.half_hour = Some(value % 12).filter(|_| (1..=12).contains(&value));
            }
            Field::Minute => self.minute = value,
            Field::Second => self.second = value,
        }
        let hour_missing = match field {
            Field::Hour | Field::HourFrom1 => self.hour.is_none(),
            Field::HalfHour | Field::HalfHourFrom1 => self.half_hour.is_none(),
            _ => false,
        };
        (!hour_missing).then_some(())
    }

    /// What a pattern leaves out is as in 1970-01-01T00:00, and in UTC.
    fn timestamp(&self) -> Option<Timestamp> {
        let year = self.year.unwrap_or(1970);
        let day = match self.day_of_year {
            Some(day) => {
                let first = days(year, 1, 1)?;
                let date = first.checked_add(i32::try_from(day).ok()? - 1)?;
                let last = days(year, 12, 31)?;
                (first..=last).contains(&date).then_some(date)?
            }
            None => days(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?,
        };
        let half_day = if self.afternoon { 12 } else { 0 };
        let hour = self.hour.unwrap_or_else(|| self.half_hour.unwrap_or(0) + half_day);
        let clock = crate::columnar::time::of_clock([hour, self.minute, self.second], None)?;
        let nanoseconds = clock + self.nanoseconds - self.offset_seconds * 1_000_000_000;
        Timestamp::of_day(day, nanoseconds)
    }
}

/// Without a literal before it, whatever its case, as Joda reads.
fn strip<'t>(text: &'t str, literal: &str) -> Option<&'t str> {
    let head = text.get(..literal.len())?;
    head.eq_ignore_ascii_case(literal).then(|| &text[literal.len()..])
}

fn leading_digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (count > 0).then(|| text.split_at(count))
}

/// A whole name or its first three letters; the longest that is there.
fn named<'t>(names: &[&str], text: &'t str) -> Option<(usize, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let after = strip(text, name).or_else(|| strip(text, &name[..3]));
        after.map(|after| (index, after))
    })
}

fn offset(text: &str) -> Option<(i64, &str)> {
    if let Some(after) = strip(text, "z") {
        return Some((0, after));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = two_digits(&text[1..])?;
    let (minutes, rest) = match rest.strip_prefix(':') {
        Some(rest) => two_digits(rest)?,
        None => two_digits(rest).unwrap_or((0, rest)),
    };
    let valid = hours < 24 && minutes < 60;
    valid.then_some((sign * (hours * 3600 + minutes * 60), rest))
}

fn two_digits(text: &str) -> Option<(i64, &str)> {
    let (digits, rest) = leading_digits(text, 2).filter(|(digits, _)| digits.len() == 2)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<(i64, u32)> {
        let format = TimestampFormat::parse(pattern).unwrap();
        format.timestamp(text).map(|t| (t.seconds, t.nanoseconds))
    }

    #[test]
    fn patterns_name_points_in_time() {
        let noon = Some((1_788_782_402, 0));
        let cases = [
            ("yyyy-MM-dd'T'HH:mm:ss", "2026-09-07T12:00:02", noon),
            ("yyyy-MM-dd'T'HH:mm:ssZ", "2026-09-07T14:00:02+0200", noon),
            ("yyyy-MM-dd'T'HH:mm:ssZZ", "2026-09-07T10:30:02-01:30", noon),
            ("yyyy-MM-dd'T'HH:mm:ssZZ", "2026-09-07T12:00:02Z", noon),
            ("yyyyMMddHHmmss", "20260907120002", noon),
            ("dd/MMM/yyyy:HH:mm:ss Z", "07/Sep/2026:12:00:02 +0000", noon),
            ("EEEE, MMMM d, yyyy h:mm:ss a", "Monday, September 7, 2026 12:00:02 PM", noon),
            ("yy-D k:m:s", "26-250 12:0:2", noon),
            (
                "yyyy-MM-dd HH:mm:ss.SSS",
                "2026-09-07 12:00:02.25",
                Some((1_788_782_402, 250_000_000)),
            ),
            ("yyyy", "2026", Some((1_767_225_600, 0))),
            ("''yyyy'o''clock'", "'2026o'clock", Some((1_767_225_600, 0))),
            ("millis", "1518033528123", Some((1_518_033_528, 123_000_000))),
            ("millis", "1518033528123.5", Some((1_518_033_528, 123_500_000))),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(read(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn texts_of_other_formats_are_none() {
        let cases = [
            ("yyyy-MM-dd", "2026-09-07T"),
            ("yyyy-MM-dd", "2026-13-07"),
            ("yyyy-MM-dd", "07-09-2026x"),
            ("yyyy-MM-dd HH", "2026-09-07 24"),
            ("yyyy-MM-dd hh a", "2026-09-07 13 pm"),
            ("yyyy-DDD", "2026-366"),
            ("ss.SSS", "02.1234"),
            ("millis", "soon"),
            ("MMM", "Sec"),
            ("HH:mmZ", "12:00+25"),
            ("yyyy", "é026"),
            ("'é'", "e"),
        ];
        for (pattern, text) in cases {
            assert_eq!(read(pattern, text), None, "{pattern} {text}");
        }
    }

    #[test]
    fn other_letters_are_refused() {
        for pattern in ["", "yyyy-MM-dd z", "xxxx-'W'ww-e", "G", "SSSSSSSSSS", "ZZZ", "'open"] {
            assert!(TimestampFormat::parse(pattern).is_err(), "{pattern}");
        }
    }
}
