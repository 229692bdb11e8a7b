//! Printing the items of a pattern.

use std::fmt::Write;

use millstream_types::{MONTHS, WEEKDAYS};

use super::super::moment::{Field, Moment};
use super::{Item, Minutes, Named, Offset, Style, Zero};

const QUARTERS: [(&str, &str); 4] =
    [("Q1", "1st quarter"), ("Q2", "2nd quarter"), ("Q3", "3rd quarter"), ("Q4", "4th quarter")];
const HOUR_SECONDS: i64 = 3600;

impl Item {
    /// Appends the item's text.
    pub fn print(&self, moment: &Moment<'_>, out: &mut String) {
        match self {
            Item::Text(text) => out.push_str(text),
            Item::Number { field, width } => number(moment.value(*field), *width, out),
            Item::TwoDigits(field) => number(moment.value(*field) % 100, 2, out),
            Item::Fraction { digits } => fraction(moment.value(Field::Nano), *digits, out),
            Item::Name { of, style } => out.push_str(name(*of, *style, moment)),
            Item::ZoneName => out.push_str(moment.zone),
            Item::ZoneAbbreviation => out.push_str(&moment.abbreviation),
            Item::Offset(style) => offset(*style, moment.offset_seconds, out),
            Item::Padded { width, item } => {
                let mut text = String::new();
                item.print(moment, &mut text);
                // What is wider stays whole; Java would fail, and there is nobody to tell by then.
                out.extend(std::iter::repeat_n(' ', width.saturating_sub(text.chars().count())));
                out.push_str(&text);
            }
        }
    }
}

// Writing to a `String` cannot fail.
fn number(value: i64, width: usize, out: &mut String) {
    let _ = write!(out, "{value:0width$}");
}

fn fraction(nano: i64, digits: usize, out: &mut String) {
    let all = format!("{nano:09}");
    out.push_str(all.get(..digits).unwrap_or(&all));
}

fn name(of: Named, style: Style, moment: &Moment<'_>) -> &'static str {
    match of {
        Named::Era => match style {
            Style::Short => "AD",
            Style::Full => "Anno Domini",
            Style::Narrow => "A",
        },
        Named::Quarter => {
            let (short, full) = pick(&QUARTERS, moment.value(Field::Quarter));
            match style {
                Style::Short => short,
                Style::Full => full,
                Style::Narrow => short.trim_start_matches('Q'),
            }
        }
        Named::Month => cut(pick(&MONTHS, moment.value(Field::Month)), style),
        Named::Weekday => cut(pick(&WEEKDAYS, moment.value(Field::Weekday)), style),
        Named::HalfDay if moment.second_of_day() < 12 * HOUR_SECONDS => "AM",
        Named::HalfDay => "PM",
        Named::PartOfDay => part_of_day(moment, style),
    }
}

/// The entry of a number from 1.
fn pick<T: Copy>(table: &[T], number: i64) -> T {
    let index = usize::try_from(number - 1).unwrap_or(0);
    table[index % table.len()]
}

fn cut(full: &'static str, style: Style) -> &'static str {
    match style {
        Style::Short => &full[..3],
        Style::Full => full,
        Style::Narrow => &full[..1],
    }
}

/// The parts of the day as English has them in the Unicode locale data. Java counts to the minute.
fn part_of_day(moment: &Moment<'_>, style: Style) -> &'static str {
    let narrow = style == Style::Narrow;
    match moment.second_of_day() / 60 {
        0 if narrow => "mi",
        0 => "midnight",
        360..720 => "in the morning",
        720 if narrow => "n",
        720 => "noon",
        721..1080 => "in the afternoon",
        1080..1260 => "in the evening",
        _ => "at night",
    }
}

fn offset(style: Offset, offset_seconds: i32, out: &mut String) {
    let sign = if offset_seconds < 0 { '-' } else { '+' };
    let all = offset_seconds.unsigned_abs();
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    let _ = match style {
        Offset::Gmt { .. } if all == 0 => write!(out, "GMT"),
        Offset::Gmt { padded } => {
            let width = if padded { 2 } else { 1 };
            let _ = write!(out, "GMT{sign}{hours:0width$}");
            if padded || minutes != 0 || seconds != 0 {
                let _ = write!(out, ":{minutes:02}");
            }
            if seconds != 0 { write!(out, ":{seconds:02}") } else { Ok(()) }
        }
        Offset::Digits { zero: Zero::Letter, .. } if all == 0 => write!(out, "Z"),
        Offset::Digits { colon, minutes: written, seconds: with_seconds, .. } => {
            let colon = if colon { ":" } else { "" };
            let _ = write!(out, "{sign}{hours:02}");
            if written == Minutes::Always || minutes != 0 {
                let _ = write!(out, "{colon}{minutes:02}");
            }
            if with_seconds && seconds != 0 { write!(out, "{colon}{seconds:02}") } else { Ok(()) }
        }
    };
}
