//! Patterns of timestamps: those of Java's `DateTimeFormatter`, in English and with the weeks of the United States.
//!
//! Source: Java SE documentation, `DateTimeFormatter.ofPattern` and `DateTimeFormatterBuilder.appendPattern`; the tests
//! hold what Java 17 prints. What Java refuses is refused here, and so is what would need names that the time zone
//! database does not have (`zzzz`, `v`).

mod letters;
mod print;

use millstream_types::Millis;

use self::letters::item_of;
use super::error::NamingError;
use super::moment::Field;
use super::zone::Zone;

/// A pattern that can be printed with any instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    items: Vec<Item>,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// Text as it stands.
    Text(String),
    /// A number, with zeros before it up to a width.
    Number { field: Field, width: usize },
    /// The last two digits of a number.
    TwoDigits(Field),
    /// The first digits of the second's fraction.
    Fraction { digits: usize },
    /// A name.
    Name { of: Named, style: Style },
    /// The zone's name.
    ZoneName,
    /// The zone's abbreviation.
    ZoneAbbreviation,
    /// How much the zone is ahead of UTC.
    Offset(Offset),
    /// Another item, with spaces before it up to a width.
    Padded { width: usize, item: Box<Item> },
}

/// What has names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// AD; service time has no other.
    Era,
    /// Quarters.
    Quarter,
    /// Months.
    Month,
    /// Days of the week.
    Weekday,
    /// AM and PM.
    HalfDay,
    /// In the morning, at noon …
    PartOfDay,
}

/// How long names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Such as `Aug`.
    Short,
    /// Such as `August`.
    Full,
    /// Such as `A`.
    Narrow,
}

/// How an offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offset {
    /// `+09:00` and its relatives.
    Digits { colon: bool, minutes: Minutes, seconds: bool, zero: Zero },
    /// `GMT+9`, or `GMT+09:00`.
    Gmt { padded: bool },
}

/// When minutes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Minutes {
    Always,
    UnlessZero,
}

/// What an offset of zero is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zero {
    /// `Z`.
    Letter,
    /// As digits, like others.
    Digits,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`NamingError::Pattern`], which names what cannot be used.
    pub fn parse(pattern: &str) -> Result<Self, NamingError> {
        let items = Reader { rest: pattern, items: Vec::new(), open: 0 }.read();
        let items = items.map_err(|why| NamingError::pattern(pattern, why))?;
        Ok(Pattern { items })
    }

    /// The text of an instant in a zone.
    pub fn format(&self, at: Millis, zone: &Zone) -> String {
        let moment = zone.moment(at);
        let mut out = String::new();
        for item in &self.items {
            item.print(&moment, &mut out);
        }
        out
    }
}

/// Takes a pattern apart.
struct Reader<'a> {
    rest: &'a str,
    items: Vec<Item>,
    /// Optional sections that are open. All fields are always there, so that their content is always printed.
    open: usize,
}

impl Reader<'_> {
    fn read(mut self) -> Result<Vec<Item>, String> {
        while let Some(first) = self.rest.chars().next() {
            match first {
                'A'..='Z' | 'a'..='z' => self.read_letters(first)?,
                '\'' => self.read_quoted()?,
                '[' => {
                    self.open += 1;
                    self.skip(first);
                }
                ']' => {
                    let without = || "it contains ] without [ before it".to_owned();
                    self.open = self.open.checked_sub(1).ok_or_else(without)?;
                    self.skip(first);
                }
                '{' | '}' | '#' => {
                    return Err(format!("it contains the reserved character {first}"));
                }
                other => {
                    self.push_text(other);
                    self.skip(other);
                }
            }
        }
        Ok(self.items)
    }

    fn skip(&mut self, character: char) {
        self.rest = &self.rest[character.len_utf8()..];
    }

    /// How often the first letter stands there; skips it.
    fn take_run(&mut self, letter: char) -> usize {
        let run = self.rest.len() - self.rest.trim_start_matches(letter).len();
        self.rest = &self.rest[run..];
        run
    }

    fn read_letters(&mut self, letter: char) -> Result<(), String> {
        let count = self.take_run(letter);
        if letter != 'p' {
            self.items.push(item_of(letter, count)?);
            return Ok(());
        }
        let Some(padded) = self.rest.chars().next().filter(char::is_ascii_alphabetic) else {
            return Err("the letter p must be followed by what it pads".to_owned());
        };
        let letters = self.take_run(padded);
        let item = Box::new(item_of(padded, letters)?);
        self.items.push(Item::Padded { width: count, item });
        Ok(())
    }

    /// Quoted text, in which two quotes are one; quotes around nothing are one too.
    fn read_quoted(&mut self) -> Result<(), String> {
        self.skip('\'');
        let mut empty = true;
        loop {
            let first = self.rest.chars().next().ok_or("it ends within quoted text")?;
            self.skip(first);
            if first == '\'' && !self.rest.starts_with('\'') {
                break;
            }
            if first == '\'' {
                self.skip('\'');
            }
            self.push_text(first);
            empty = false;
        }
        if empty {
            self.push_text('\'');
        }
        Ok(())
    }

    fn push_text(&mut self, character: char) {
        match self.items.last_mut() {
            Some(Item::Text(text)) => text.push(character),
            _ => self.items.push(Item::Text(character.to_string())),
        }
    }
}

#[cfg(test)]
mod tests;
