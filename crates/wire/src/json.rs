//! JSON that has no shape in `api`: pulled value by value, with the decoder's own strictness and limits, and written.

pub use crate::json_reader::JsonReader;
pub use crate::json_sink::write_text;
pub use crate::reader::{Number, Reader, Scope};
