//! Regular expressions: matching in time linear in the text, and counted by the size of the expression.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use jaq_core::Cv;
use jaq_core::native::{bome, v};
use regex_lite::{Captures, Regex, RegexBuilder};

use super::arithmetic::{Error, error};
use super::natives::Native;
use super::value::{MEMBER_BYTES, Members, Value};
use super::{Kind, meter, text};

/// Sizes that a compiled expression may have, in bytes: each is tried, so that the size is about known.
const SIZES: [usize; 5] = [1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18];
/// Deepest nesting of an expression.
const NEST_MAX: u32 = 50;
/// Expressions that are kept compiled per query.
const KEPT: usize = 16;
/// Bytes of text times bytes of expression that count as a step.
const WORK_PER_STEP: u64 = 4096;

/// Expressions that are compiled already.
#[derive(Debug, Default)]
pub struct Patterns(Mutex<Vec<Arc<Pattern>>>);

#[derive(Debug)]
struct Pattern {
    expression: String,
    flags: Flags,
    regex: Regex,
    /// Bytes that it has at most.
    size: usize,
}

/// jq's flags, as far as they can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    global: bool,
    case_insensitive: bool,
    extended: bool,
    dot_all: bool,
    skip_empty: bool,
}

pub fn filters() -> Vec<Native> {
    vec![
        ("match_", v(2), |cv| bome(matches(cv).map(|found| found.into_iter().collect()))),
        ("test_", v(2), |mut cv| {
            let (flags, expression) = (cv.0.pop_var(), cv.0.pop_var());
            bome(is_match(&cv, &expression, &flags).map(Value::Bool))
        }),
    ]
}

fn is_match(cv: &Cv<'_, Kind>, expression: &Value, flags: &Value) -> Result<bool, Error> {
    let pattern = pattern(cv, expression, flags)?;
    let text = text::of(&cv.1, "matched")?;
    work(text.len(), pattern.size);
    if pattern.flags.skip_empty {
        return Ok(pattern.regex.find_iter(text).any(|found| !found.is_empty()));
    }
    Ok(pattern.regex.is_match(text))
}

/// The matches, as jq tells them.
fn matches(mut cv: Cv<'_, Kind>) -> Result<Vec<Value>, Error> {
    let (flags, expression) = (cv.0.pop_var(), cv.0.pop_var());
    let pattern = pattern(&cv, &expression, &flags)?;
    let text = text::of(&cv.1, "matched")?;
    let names: Vec<Option<Rc<str>>> =
        pattern.regex.capture_names().skip(1).map(|name| name.map(Rc::from)).collect();
    let mut chars = Chars { text, byte: 0, char: 0 };
    let mut found = Vec::new();
    work(text.len(), pattern.size);
    for captures in pattern.regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { break };
        // The search for the next match may look at all that is left, though it seldom does.
        work((text.len() - whole.end()) / 64, pattern.size);
        if whole.is_empty() && pattern.flags.skip_empty {
            continue;
        }
        found.push(match_object(&captures, &names, &mut chars));
        if !pattern.flags.global {
            break;
        }
    }
    Ok(found)
}

fn work(text_bytes: usize, size: usize) {
    meter::steps(1 + text_bytes as u64 * size as u64 / WORK_PER_STEP);
}

fn match_object(
    captures: &Captures<'_>,
    names: &[Option<Rc<str>>],
    chars: &mut Chars<'_>,
) -> Value {
    let mut members = Members::new();
    place(captures, 0, chars, &mut members);
    let groups = names.iter().enumerate().map(|(index, name)| {
        let mut members = Members::new();
        place(captures, index + 1, chars, &mut members);
        set(&mut members, "name", name.clone().map_or(Value::Null, Value::Text));
        Value::object(members)
    });
    set(&mut members, "captures", groups.collect());
    Value::object(members)
}

fn place(captures: &Captures<'_>, index: usize, chars: &mut Chars<'_>, members: &mut Members) {
    // In jq's order, which is another one where a group took no part.
    match captures.get(index) {
        Some(group) => {
            set(members, "offset", Value::int(chars.before(group.start())));
            set(members, "length", Value::int(group.as_str().chars().count() as i64));
            set(members, "string", Value::text(group.as_str()));
        }
        None => {
            set(members, "offset", Value::int(-1));
            set(members, "string", Value::Null);
            set(members, "length", Value::int(0));
        }
    }
}

fn set(members: &mut Members, key: &str, value: Value) {
    meter::bytes(MEMBER_BYTES);
    members.insert(key.into(), value);
}

/// Counts characters up to places in a text; forth quickly, back from the front.
struct Chars<'a> {
    text: &'a str,
    byte: usize,
    char: i64,
}

impl Chars<'_> {
    fn before(&mut self, byte: usize) -> i64 {
        if byte < self.byte {
            (self.byte, self.char) = (0, 0);
        }
        let between = self.text.get(self.byte..byte).unwrap_or_default();
        meter::steps(between.len() as u64 / 256);
        self.char += between.chars().count() as i64;
        self.byte = byte;
        self.char
    }
}

/// The compiled expression.
fn pattern(cv: &Cv<'_, Kind>, expression: &Value, flags: &Value) -> Result<Arc<Pattern>, Error> {
    let Value::Text(expression) = expression else {
        let kind = expression.type_name();
        return Err(error(format_args!(
            "{kind} ({expression}) cannot be matched, as it is not a string"
        )));
    };
    let flags = read_flags(flags)?;
    let patterns = &cv.0.data().patterns.0;
    let same = |kept: &&Arc<Pattern>| kept.flags == flags && kept.expression == **expression;
    if let Some(kept) = patterns.lock().unwrap_or_else(PoisonError::into_inner).iter().find(same) {
        return Ok(Arc::clone(kept));
    }
    let pattern = Arc::new(compile(expression, flags)?);
    let mut kept = patterns.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() < KEPT {
        kept.push(Arc::clone(&pattern));
    }
    Ok(pattern)
}

fn compile(expression: &str, flags: Flags) -> Result<Pattern, Error> {
    let mut last = None;
    for size in SIZES {
        // Compiling takes time by what is read and by what is made.
        meter::steps(((expression.len() + size) / 64) as u64);
        let built = RegexBuilder::new(expression)
            .case_insensitive(flags.case_insensitive)
            .ignore_whitespace(flags.extended)
            .dot_matches_new_line(flags.dot_all)
            .nest_limit(NEST_MAX)
            .size_limit(size)
            .build();
        match built {
            Ok(regex) => {
                return Ok(Pattern { expression: expression.to_owned(), flags, regex, size });
            }
            Err(fault) => last = Some(fault),
        }
    }
    let fault = last.map(|fault| fault.to_string()).unwrap_or_default();
    Err(error(format_args!("{expression} (at offset 0) is not a valid regex: {fault}")))
}

fn read_flags(value: &Value) -> Result<Flags, Error> {
    let text = match value {
        Value::Null => "",
        Value::Text(text) => text,
        other => {
            let kind = other.type_name();
            return Err(error(format_args!("{other} ({kind}) is not a string")));
        }
    };
    let mut flags = Flags::default();
    for flag in text.chars() {
        match flag {
            'g' => flags.global = true,
            'i' => flags.case_insensitive = true,
            'x' => flags.extended = true,
            // ^ and $ are the ends of the text anyway.
            's' => {}
            'n' => flags.skip_empty = true,
            'p' => flags.dot_all = true,
            _ => {
                return Err(error(format_args!("{text} is not a valid modifier string")));
            }
        }
    }
    Ok(flags)
}
