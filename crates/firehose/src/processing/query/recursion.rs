//! Definitions that call themselves with a filter as argument are refused.
//!
//! The interpreter keeps each such argument within the next, and frees them one within the other: a chain of any
//! length would take the stack. Nothing of what partition values are made by needs them.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Part, Path};

/// The name of the first definition of a query that calls itself with a filter as argument.
pub fn with_filters<'s>(term: &Term<&'s str>) -> Option<&'s str> {
    let mut found = None;
    visit(term, &mut |term| {
        let Term::Def(defs, _) = term else { return };
        found = found.or_else(|| defs.iter().find(|def| calls_itself(def)).map(|def| def.name));
    });
    found
}

fn calls_itself(def: &Def<&str>) -> bool {
    if def.args.iter().all(|argument| argument.starts_with('$')) {
        return false;
    }
    let mut found = false;
    visit(&def.body, &mut |term| {
        found |= matches!(term, Term::Call(name, arguments)
            if *name == def.name && arguments.len() == def.args.len());
    });
    found
}

/// Visits a term and all within it.
fn visit<'s>(term: &Term<&'s str>, see: &mut impl FnMut(&Term<&'s str>)) {
    see(term);
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(term) = part {
                    visit(term, see);
                }
            }
        }
        Term::Arr(inner) => inner.iter().for_each(|term| visit(term, see)),
        Term::Obj(members) => {
            for (key, value) in members {
                visit(key, see);
                value.iter().for_each(|term| visit(term, see));
            }
        }
        Term::Neg(inner) | Term::Label(_, inner) => visit(inner, see),
        Term::BinOp(left, operator, right) => {
            visit(left, see);
            if let BinaryOp::Pipe(Some(pattern)) = operator {
                visit_pattern(pattern, see);
            }
            visit(right, see);
        }
        Term::Fold(_, over, pattern, arguments) => {
            visit(over, see);
            visit_pattern(pattern, see);
            arguments.iter().for_each(|term| visit(term, see));
        }
        Term::TryCatch(tried, caught) => {
            visit(tried, see);
            caught.iter().for_each(|term| visit(term, see));
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                visit(condition, see);
                visit(then, see);
            }
            otherwise.iter().for_each(|term| visit(term, see));
        }
        Term::Def(defs, then) => {
            defs.iter().for_each(|def| visit(&def.body, see));
            visit(then, see);
        }
        Term::Call(_, arguments) => arguments.iter().for_each(|term| visit(term, see)),
        Term::Path(of, Path(parts)) => {
            visit(of, see);
            for (part, _) in parts {
                match part {
                    Part::Index(index) => visit(index, see),
                    Part::Range(from, to) => {
                        from.iter().chain(to).for_each(|term| visit(term, see));
                    }
                }
            }
        }
    }
}

fn visit_pattern<'s>(pattern: &Pattern<&'s str>, see: &mut impl FnMut(&Term<&'s str>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(inner) => inner.iter().for_each(|pattern| visit_pattern(pattern, see)),
        Pattern::Obj(members) => {
            for (key, pattern) in members {
                visit(key, see);
                visit_pattern(pattern, see);
            }
        }
    }
}
