//! A crate is a room with one purpose: its root file says so, and forbids what is unsafe.

use super::files::File;

/// Crates that hold unsafe code, in one small module with its proof. Nobody does.
const UNSAFE_ALLOWED: &[&str] = &[];

/// Adds a fault for each crate root that does not open as it should.
pub fn check(file: &File, faults: &mut Vec<String>) {
    if !is_crate_root(&file.path) {
        return;
    }
    let path = &file.path;
    let forbids = file.text.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]");
    if !forbids && !UNSAFE_ALLOWED.contains(&path.as_str()) {
        faults.push(format!("{path}: lacks #![forbid(unsafe_code)]"));
    }
    let head: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
    if head.is_empty() {
        faults.push(format!("{path}: opens without saying what it is for"));
    }
    if !path.ends_with("lib.rs") || !(path.starts_with("crates/") || path.starts_with("xtask/")) {
        return;
    }
    for part in ["//! Owns:", "//! Must never:"] {
        if !head.iter().any(|line| line.starts_with(part)) {
            faults.push(format!("{path}: its opening lacks a line `{part} …`"));
        }
    }
}

/// Roots of the crates of ours: libraries, binaries, test binaries, fuzz targets.
fn is_crate_root(path: &str) -> bool {
    let ours = ["crates/", "xtask/", "conformance/"].iter().any(|place| path.starts_with(place));
    let root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
    ours && (root || path.ends_with("/tests/it/main.rs"))
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_crate_opens_with_its_purpose_and_forbids_unsafe_code() {
        let faults_of = |text: &str| {
            let mut faults = Vec::new();
            check(&file("crates/a/src/lib.rs", text), &mut faults);
            faults.len()
        };
        let good = "//! Why.\n//!\n//! Owns: x.\n//! Must never: y.\n#![forbid(unsafe_code)]\n";
        assert_eq!(faults_of(good), 0);
        assert_eq!(faults_of("mod a;"), 4);
    }
}
