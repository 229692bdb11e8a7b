//! The list of what is allowed to break a rule for now. It may only shrink.

use std::collections::BTreeMap;
use std::path::Path;

/// The list, in the checkout.
pub const FILE: &str = "xtask/exceptions.txt";

/// What the list holds, and what of it was needed.
#[derive(Debug, Default)]
pub struct Exceptions {
    entries: BTreeMap<(String, String), Entry>,
}

#[derive(Debug)]
struct Entry {
    size_max: usize,
    needed: bool,
}

impl Exceptions {
    /// Reads the list of a checkout.
    pub fn read(root: &Path) -> Result<Self, String> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{FILE}: {e}"))?;
        Self::parse(&text)
    }

    /// Reads lines of `RULE NAME SIZE`; `#` opens a comment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut entries = BTreeMap::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let [rule, name, size] = words[..] else {
                return Err(format!("{FILE}: not RULE NAME SIZE: {line}"));
            };
            let size_max = size.parse().map_err(|_| format!("{FILE}: not a number: {line}"))?;
            let entry = Entry { size_max, needed: false };
            if entries.insert((rule.to_owned(), name.to_owned()), entry).is_some() {
                return Err(format!("{FILE}: listed twice: {line}"));
            }
        }
        Ok(Exceptions { entries })
    }

    /// Whether `name` may break `rule` by being as large as `size`.
    pub fn allow(&mut self, rule: &str, name: &str, size: usize) -> bool {
        match self.entries.get_mut(&(rule.to_owned(), name.to_owned())) {
            Some(entry) => {
                entry.needed = true;
                size <= entry.size_max
            }
            None => false,
        }
    }

    /// A fault for each entry of `rules` that nothing needed.
    pub fn unneeded(&self, rules: &[&str]) -> Vec<String> {
        let idle = |((rule, _), entry): &(&(String, String), &Entry)| {
            !entry.needed && rules.contains(&rule.as_str())
        };
        let text = |((rule, name), _): (&(String, String), &Entry)| {
            format!("{FILE}: no longer needed, take it out: {rule} {name}")
        };
        self.entries.iter().filter(idle).map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_allows_its_size_and_no_more() {
        let mut list = Exceptions::parse("# why\nfile-lines a.rs 600\n").unwrap();
        assert!(list.allow("file-lines", "a.rs", 600));
        assert!(!list.allow("file-lines", "a.rs", 601));
        assert!(!list.allow("file-lines", "b.rs", 600));
    }

    #[test]
    fn an_exception_that_nothing_needs_is_a_fault() {
        let mut list = Exceptions::parse("file-lines a.rs 600\nban x 1").unwrap();
        assert_eq!(list.unneeded(&["file-lines"]).len(), 1);
        list.allow("file-lines", "a.rs", 1);
        assert!(list.unneeded(&["file-lines"]).is_empty());
    }

    #[test]
    fn a_line_that_is_no_exception_is_refused() {
        assert!(Exceptions::parse("file-lines a.rs").is_err());
        assert!(Exceptions::parse("file-lines a.rs many").is_err());
        assert!(Exceptions::parse("ban a 1\nban a 2").is_err());
    }
}
