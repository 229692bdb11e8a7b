//! What bounds a query: steps, bytes and stack, counted per run.
//!
//! The interpreter asks for its table of terms whenever it evaluates one, and all values are of a type of ours: both
//! count here. When something is used up the run is abandoned by unwinding, without a panic's message, since an error
//! could be caught by the query itself and its loop go on.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::processing::limits::{QUERY_BYTES_MAX, QUERY_STACK_BYTES_MAX, QUERY_STEPS_MAX};

/// Indexes of null and slices within a path expression: only these make paths longer than values are deep.
const LOOSE_PARTS_MAX: u32 = 2000;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
    static STACK_TOP: Cell<usize> = const { Cell::new(0) };
    static PATHS: Cell<u32> = const { Cell::new(0) };
    static LOOSE_PARTS: Cell<u32> = const { Cell::new(0) };
}

/// Why a run was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It took too many steps.
    Steps,
    /// It made too many bytes.
    Bytes,
    /// It recursed too deep.
    Stack,
    /// A value or path became too deep.
    Depth,
    /// The interpreter failed.
    Fault,
}

impl Stop {
    /// For the error object.
    pub fn message(self) -> &'static str {
        match self {
            Stop::Steps => "The query takes too many steps for this record",
            Stop::Bytes => "The query needs too much memory for this record",
            Stop::Stack => "The query recurses too deep for this record",
            Stop::Depth => "The query nests values too deep for this record",
            Stop::Fault => "The query could not be evaluated for this record",
        }
    }
}

/// Runs `work` within the limits of one run. Until [`refill`] is called, steps and bytes have none: the record is read,
/// whose length is bounded.
pub fn bounded<T>(work: impl FnOnce() -> T) -> Result<T, Stop> {
    STEPS.set(u64::MAX);
    BYTES.set(u64::MAX);
    STACK_TOP.set(here());
    PATHS.set(0);
    LOOSE_PARTS.set(0);
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|payload| payload.downcast_ref::<Stop>().copied().unwrap_or(Stop::Fault))
}

/// Sets the limits of steps and bytes.
pub fn refill() {
    STEPS.set(QUERY_STEPS_MAX);
    BYTES.set(QUERY_BYTES_MAX);
}

/// Gives the run up.
pub fn stop(why: Stop) -> ! {
    resume_unwind(Box::new(why))
}

/// Counts steps, and looks at the stack.
#[inline]
pub fn steps(count: u64) {
    match STEPS.get().checked_sub(count) {
        Some(left) => STEPS.set(left),
        None => stop(Stop::Steps),
    }
    // The stack grows downwards where this runs; elsewhere the difference would be the same.
    if STACK_TOP.get().abs_diff(here()) > QUERY_STACK_BYTES_MAX {
        stop(Stop::Stack);
    }
}

/// Counts bytes that are made, before they are.
#[inline]
pub fn bytes(count: usize) {
    match BYTES.get().checked_sub(count as u64) {
        Some(left) => BYTES.set(left),
        None => stop(Stop::Bytes),
    }
    steps(1 + count as u64 / 1024);
}

/// Counts a part that can make a path longer without a deeper value, within path expressions. The interpreter's lists
/// are freed recursively, so that a path of any length would take the stack.
#[inline]
pub fn loose_part() {
    if PATHS.get() == 0 {
        return;
    }
    LOOSE_PARTS.set(LOOSE_PARTS.get() + 1);
    if LOOSE_PARTS.get() > LOOSE_PARTS_MAX {
        stop(Stop::Depth);
    }
}

/// An iterator whose items come from a path expression.
pub struct WithinPath<I>(pub I);

impl<I: Iterator> Iterator for WithinPath<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        PATHS.set(PATHS.get() + 1);
        let next = self.0.next();
        PATHS.set(PATHS.get() - 1);
        next
    }
}

/// About where the stack is.
#[inline(never)]
fn here() -> usize {
    let marker = 0_u8;
    std::hint::black_box(&raw const marker) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_ends_the_run() {
        let limited = |work: fn()| {
            bounded(|| {
                refill();
                work();
            })
        };
        assert_eq!(limited(|| steps(QUERY_STEPS_MAX)), Ok(()));
        assert_eq!(limited(|| steps(QUERY_STEPS_MAX + 1)), Err(Stop::Steps));
        assert_eq!(limited(|| bytes(QUERY_BYTES_MAX as usize)), Ok(()));
        assert_eq!(limited(|| bytes(QUERY_BYTES_MAX as usize + 1)), Err(Stop::Bytes));
        assert_eq!(bounded(|| recurse(0)), Err(Stop::Stack));
    }

    fn recurse(depth: u64) -> u64 {
        steps(1);
        // Far beyond what the stack allows.
        if depth < 1 << 40 { recurse(depth + 1) + 1 } else { 0 }
    }
}
