//! Where typed values are written to; each protocol implements it.

use millstream_types::Millis;

/// Takes a value apart, in order. Maps hold `key` and a value alternately.
pub trait Sink {
    /// A map or structure begins.
    fn begin_map(&mut self);
    /// The next value belongs to this key.
    fn key(&mut self, key: &str);
    /// The innermost map ends.
    fn end_map(&mut self);
    /// A list begins.
    fn begin_list(&mut self);
    /// The innermost list ends.
    fn end_list(&mut self);
    /// Text.
    fn text(&mut self, text: &str);
    /// A whole number.
    fn integer(&mut self, number: i64);
    /// A finite number that may have a fraction.
    fn double(&mut self, number: f64);
    /// True or false.
    fn boolean(&mut self, value: bool);
    /// A point in time.
    fn timestamp(&mut self, at: Millis);
    /// Bytes.
    fn blob(&mut self, bytes: &[u8]);
}
