//! Pulling values out of a body: what JSON and CBOR have in common.

use std::borrow::Cow;

use millstream_api::Blob;
use millstream_types::Millis;

use crate::fault::{Fault, Kind};
use crate::limits::{DEPTH_MAX, TIME_MS_MAX};

/// Pulls values out of a body, front to back, borrowing where it can. Never recurses or allocates by what the body
/// declares; after a fault its state is of no use.
pub trait Reader<'a>: Sized {
    /// What a blob is in this protocol.
    const BLOB: Kind;
    /// Starts at the front of `body`.
    fn new(body: &'a [u8]) -> Self;
    /// What comes next.
    fn peek(&mut self) -> Result<Kind, Fault>;
    /// Takes a null, a boolean or the like that `peek` has seen.
    fn simple(&mut self) -> Result<(), Fault>;
    /// Takes text.
    fn text(&mut self) -> Result<Cow<'a, str>, Fault>;
    /// Takes a number.
    fn number(&mut self) -> Result<Number, Fault>;
    /// Takes a blob. Base64 without escapes is not checked beyond its length.
    fn blob(&mut self) -> Result<Blob<'a>, Fault>;
    /// Takes a point in time.
    fn timestamp(&mut self) -> Result<Millis, Fault>;
    /// Enters a map or structure.
    fn map(&mut self) -> Result<Scope, Fault>;
    /// Takes the next key of a map; `None` leaves the map.
    fn key(&mut self, scope: &mut Scope) -> Result<Option<Cow<'a, str>>, Fault>;
    /// As `key`, but without a look at its text; a key with escapes or in chunks is a fault.
    fn plain_key(&mut self, scope: &mut Scope) -> Result<Option<&'a [u8]>, Fault>;
    /// Enters a list.
    fn list(&mut self) -> Result<Scope, Fault>;
    /// Whether an element follows; `false` leaves the list.
    fn element(&mut self, scope: &mut Scope) -> Result<bool, Fault>;
    /// Takes a whole value of any kind, checked but not kept.
    fn skip(&mut self) -> Result<(), Fault>;
    /// Nothing may follow.
    fn finish(&mut self) -> Result<(), Fault>;
}

/// A map or list that is being read.
#[derive(Debug)]
pub struct Scope {
    /// Nothing of it is read yet.
    pub first: bool,
    /// How much of it is left, if that was declared.
    pub left: Option<u64>,
}

/// How many lists and maps are open.
#[derive(Debug, Default)]
pub(crate) struct Depth(u32);

impl Depth {
    /// One more is opened.
    pub fn enter(&mut self) -> Result<(), Fault> {
        self.0 += 1;
        if self.0 > DEPTH_MAX { Err(Fault::TooDeep) } else { Ok(()) }
    }

    /// The innermost is closed.
    pub fn leave(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}

/// A number as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other, or one beyond 64 bits.
    Float(f64),
}

impl Number {
    /// As a whole number; `1.0` is one, `1.5` and 2^63 are not.
    pub fn to_i64(self) -> Option<i64> {
        match self {
            Number::Integer(number) => Some(number),
            Number::Float(number) => {
                let whole = number.trunc() == number && number.abs() < 9.2e18;
                whole.then_some(number as i64)
            }
        }
    }

    /// As a number that may have a fraction.
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Integer(number) => number as f64,
            Number::Float(number) => number,
        }
    }

    /// As seconds since the epoch; before it becomes the epoch. `None` if it is no time at all.
    pub fn seconds_to_millis(self) -> Option<Millis> {
        match self {
            Number::Integer(seconds) if seconds <= 0 => Some(Millis(0)),
            Number::Integer(seconds) => Number::Integer(seconds.checked_mul(1000)?).to_millis(),
            Number::Float(seconds) => {
                let ms = (seconds * 1000.0).round();
                // Also false if it is not a number.
                (ms <= TIME_MS_MAX as f64).then_some(Millis(ms.max(0.0) as u64))
            }
        }
    }

    /// As milliseconds since the epoch; before it becomes the epoch. `None` if it is no time at all.
    pub fn to_millis(self) -> Option<Millis> {
        let ms = u64::try_from(self.to_i64()?).unwrap_or(0);
        (ms <= TIME_MS_MAX).then_some(Millis(ms))
    }
}
