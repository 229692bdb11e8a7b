//! From a query's text to what is run.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;
use jaq_core::load::{Arena, File, Loader, span};
use jaq_core::{Compiler, Filter, load};

use super::{Kind, natives, recursion};
use crate::processing::limits::{QUERY_CHARS_MAX, QUERY_COMPILE_STACK_BYTES};

/// The filters that are written in JQ.
const PRELUDE: &str = include_str!("prelude.jq");

/// Compiles a query.
pub fn compile(text: &str) -> Result<Filter<Kind>, String> {
    on_stack(text, || compile_here(text))?
}

/// The keys of the object that a query makes, where the query is the construction of an object whose keys are all
/// there in its text; `None` if it is anything else.
pub fn keys(text: &str) -> Option<Vec<String>> {
    on_stack(text, || keys_here(text)).ok().flatten()
}

/// Looks at a query on a thread whose stack is enough for the deepest text there can be: parser and compiler recurse.
fn on_stack<T: Send>(text: &str, look: impl FnOnce() -> T + Send) -> Result<T, String> {
    if text.chars().count() > QUERY_CHARS_MAX {
        return Err(format!("the query has more than {QUERY_CHARS_MAX} characters"));
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("compile-query".to_owned())
            .stack_size(QUERY_COMPILE_STACK_BYTES);
        let looked = thread.spawn_scoped(scope, look);
        let looked = looked.map_err(|error| format!("the query cannot be compiled: {error}"))?;
        looked.join().map_err(|_| "the query cannot be compiled".to_owned())
    })
}

fn keys_here(text: &str) -> Option<Vec<String>> {
    let Term::Obj(members) = load::parse(text, |parser| parser.term())? else { return None };
    members.iter().map(|(key, _)| literal(key)).collect()
}

/// A key as it stands in the text: a name, a text without anything computed, a variable.
fn literal(key: &Term<&str>) -> Option<String> {
    match key {
        Term::Str(None, parts) => parts
            .iter()
            .map(|part| match part {
                StrPart::Str(text) => Some((*text).to_owned()),
                StrPart::Char(char) => Some(char.to_string()),
                StrPart::Term(_) => None,
            })
            .collect(),
        Term::Var(name) => name.strip_prefix('$').map(str::to_owned),
        _ => None,
    }
}

fn compile_here(text: &str) -> Result<Filter<Kind>, String> {
    let prelude = load::parse(PRELUDE, |parser| parser.defs()).unwrap_or_default();
    let arena = Arena::default();
    let file = File { code: text, path: () };
    let modules = Loader::new(prelude).load(&arena, file).map_err(|errors| {
        let error = errors.into_iter().next().map(|(_, error)| load_error(text, error));
        error.unwrap_or_else(|| "the query cannot be read".to_owned())
    })?;
    // Parsed a second time: what the loader keeps cannot be looked at.
    if let Some(term) = load::parse(text, |parser| parser.term())
        && let Some(name) = recursion::with_filters(&term)
    {
        return Err(at(
            text,
            name,
            "calls itself with a filter as argument, which is not supported",
        ));
    }
    Compiler::default().with_funs(natives::all()).compile(modules).map_err(|errors| {
        let mut undefined = errors.into_iter().flat_map(|(_, errors)| errors);
        let error = undefined.next().map(|(name, kind)| {
            let kind = kind.as_str();
            at(text, name, &format!("is no {kind} that is known here"))
        });
        error.unwrap_or_else(|| "the query cannot be compiled".to_owned())
    })
}

fn load_error(text: &str, error: load::Error<&str>) -> String {
    match error {
        load::Error::Io(errors) => match errors.first() {
            Some((path, _)) => at(text, path, "is a module, which is not supported"),
            None => "modules are not supported".to_owned(),
        },
        load::Error::Lex(errors) => match errors.first() {
            Some((expected, found)) => expected_at(text, expected.as_str(), found),
            None => "the query cannot be read".to_owned(),
        },
        load::Error::Parse(errors) => match errors.first() {
            Some((expected, found)) => expected_at(text, expected.as_str(), found),
            None => "the query cannot be read".to_owned(),
        },
    }
}

fn expected_at(text: &str, expected: &str, found: &str) -> String {
    if found.is_empty() {
        return format!("expected {expected} at the end of the query");
    }
    at(text, found, &format!("is found where {expected} is expected"))
}

/// A message that names a place of the text; `part` is a slice of it.
fn at(text: &str, part: &str, message: &str) -> String {
    let start = span(text, part).start.min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let shown: String = part.chars().take(40).collect();
    format!("line {line}, column {column}: `{shown}` {message}")
}
