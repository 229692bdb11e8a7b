//! Members that the model does not know: ignored, as AWS does, but not silently.

use crate::limits::{UNKNOWN_NAME_CHARS_MAX, UNKNOWN_NAMES_MAX};

/// Which unknown members a body had, to be counted and logged.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Unknown {
    count: u64,
    names: Vec<String>,
}

impl Unknown {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first few different names, cut to a bounded length, as the caller wrote them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.names.clear();
    }

    /// Remembers a member.
    pub(crate) fn note(&mut self, name: &str) {
        self.count += 1;
        let end = name.char_indices().nth(UNKNOWN_NAME_CHARS_MAX).map_or(name.len(), |(at, _)| at);
        let name = &name[..end];
        if self.names.len() < UNKNOWN_NAMES_MAX && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}
