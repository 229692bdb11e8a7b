//! Decision records: one page each, with the same four headings.

use super::files::File;

const HEADINGS: [&str; 4] =
    ["## Context", "## Decision", "## Consequences", "## How we would know it was wrong"];
/// A page.
const LINES_MAX: usize = 80;

/// Adds a fault for each record that lacks a heading or is longer than a page.
pub fn check(file: &File, faults: &mut Vec<String>) {
    let record = file.path.starts_with("docs/decisions/") && file.is_markdown();
    if !record || file.path.ends_with("/README.md") {
        return;
    }
    for heading in HEADINGS {
        if !file.text.lines().any(|line| line.trim_end() == heading) {
            faults.push(format!("{}: lacks `{heading}`", file.path));
        }
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!("{}: {lines} lines, a record is one page ({LINES_MAX})", file.path));
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_record_has_its_four_headings() {
        let mut faults = Vec::new();
        check(&file("docs/decisions/0001-x.md", &HEADINGS.join("\n")), &mut faults);
        assert!(faults.is_empty());
        check(&file("docs/decisions/0002-y.md", "## Context"), &mut faults);
        assert_eq!(faults.len(), 3);
    }
}
