//! What each letter of a pattern means, by how often it stands there.

use super::super::moment::Field;
use super::{Item, Minutes, Named, Offset, Style, Zero};

/// Widest number, in digits (Java, `appendValue`).
const WIDTH_MAX: usize = 19;
/// Most digits of a second's fraction.
const FRACTION_DIGITS_MAX: usize = 9;

/// The item of a letter; the text says why there is none.
pub fn item_of(letter: char, count: usize) -> Result<Item, String> {
    let too_many = || Err(format!("there are too many letters {letter}"));
    let number = |field, max| match count {
        count if count <= max => Ok(Item::Number { field, width: count }),
        _ => too_many(),
    };
    let item = match letter {
        'u' | 'y' if count == 2 => Ok(Item::TwoDigits(Field::Year)),
        'Y' if count == 2 => Ok(Item::TwoDigits(Field::WeekYear)),
        'u' | 'y' => number(Field::Year, WIDTH_MAX),
        'Y' => number(Field::WeekYear, WIDTH_MAX),
        'g' => number(Field::ModifiedJulianDay, WIDTH_MAX),
        'D' => number(Field::DayOfYear, 3),
        'd' => number(Field::Day, 2),
        'w' => number(Field::Week, 2),
        'W' => number(Field::WeekOfMonth, 1),
        'F' => number(Field::AlignedDay, 1),
        'h' => number(Field::HalfHourFrom1, 2),
        'H' => number(Field::Hour, 2),
        'k' => number(Field::HourFrom1, 2),
        'K' => number(Field::HalfHour, 2),
        'm' => number(Field::Minute, 2),
        's' => number(Field::Second, 2),
        'A' => number(Field::MilliOfDay, WIDTH_MAX),
        'n' => number(Field::Nano, WIDTH_MAX),
        'N' => number(Field::NanoOfDay, WIDTH_MAX),
        'S' if count <= FRACTION_DIGITS_MAX => Ok(Item::Fraction { digits: count }),
        'M' | 'L' if count <= 2 => number(Field::Month, 2),
        'Q' | 'q' if count <= 2 => number(Field::Quarter, 2),
        'e' if count <= 2 => number(Field::Weekday, 2),
        'c' if count == 1 => number(Field::Weekday, 1),
        'c' if count == 2 => Err("the letters cc mean nothing".to_owned()),
        'a' if count == 1 => Ok(Item::Name { of: Named::HalfDay, style: Style::Short }),
        'V' if count == 2 => Ok(Item::ZoneName),
        'z' if count <= 3 => Ok(Item::ZoneAbbreviation),
        'G' if count < 3 => named(Named::Era, 3),
        'E' if count < 3 => named(Named::Weekday, 3),
        'G' => named(Named::Era, count),
        'E' | 'e' | 'c' => named(Named::Weekday, count),
        'M' | 'L' => named(Named::Month, count),
        'Q' | 'q' => named(Named::Quarter, count),
        'B' if count == 1 => named(Named::PartOfDay, 3),
        'B' if count > 3 => named(Named::PartOfDay, count),
        'X' | 'x' | 'Z' | 'O' => offset(letter, count).map(Item::Offset),
        'V' => Err("there must be two letters V".to_owned()),
        'B' => Err("there must be one, four or five letters B".to_owned()),
        'z' if count == 4 => Err("full names of time zones (zzzz) are not supported".to_owned()),
        'v' => Err("generic names of time zones (v) are not supported".to_owned()),
        'S' | 'a' | 'z' => too_many(),
        _ => Err(format!("the letter {letter} has no meaning")),
    };
    item.or_else(|why| if why.is_empty() { too_many() } else { Err(why) })
}

/// Three letters are short, four full, five narrow. An empty text means too many letters.
fn named(of: Named, count: usize) -> Result<Item, String> {
    let style = match count {
        3 => Style::Short,
        4 => Style::Full,
        5 => Style::Narrow,
        _ => return Err(String::new()),
    };
    Ok(Item::Name { of, style })
}

/// Offsets. An empty text means too many letters.
fn offset(letter: char, count: usize) -> Result<Offset, String> {
    if letter == 'O' {
        return match count {
            1 => Ok(Offset::Gmt { padded: false }),
            4 => Ok(Offset::Gmt { padded: true }),
            _ => Err("there must be one or four letters O".to_owned()),
        };
    }
    // Z has its own counts: three short ones alike, then GMT, then as XXXXX.
    let (count, zero) = match (letter, count) {
        ('Z', 4) => return Ok(Offset::Gmt { padded: true }),
        ('Z', 1..=3) => (2, Zero::Digits),
        ('Z', 5) | ('X', 1..=5) => (count, Zero::Letter),
        ('x', 1..=5) => (count, Zero::Digits),
        _ => return Err(String::new()),
    };
    let minutes = if count == 1 { Minutes::UnlessZero } else { Minutes::Always };
    Ok(Offset::Digits { colon: matches!(count, 3 | 5), minutes, seconds: count >= 4, zero })
}
