//! Words and names that must not stay in the project.

use super::files::File;
use super::rust;

/// Marks of unfinished or forgotten work. Put together here so that this file does not hold them.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
];

/// Names that say nothing about what a file holds.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "misc"];

/// Directories of one machine.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk"), concat!("/ro", "ot"), concat!("/ho", "me")];

/// Hosts of package registries: which one is asked is the machine's business.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("files.python", "hosted.org"),
    concat!("registry.npm", "js.org"),
    concat!("deb.deb", "ian.org"),
    concat!("repo1.ma", "ven.org"),
];

/// Only these may reach for files outside tests; in each the reason is its purpose.
const FILE_OWNERS: &[&str] = &[
    "crates/log/",
    "crates/buckets/",
    "crates/agent/",
    "crates/bench/",
    "crates/cli/",
    "crates/client/",
    "crates/millstream/",
    "crates/testkit/",
    "xtask/",
    "fuzz/",
    "conformance/",
    "sim/",
];

/// Adds a fault for each banned word, name, path and host.
pub fn check(file: &File, faults: &mut Vec<String>) {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let parent = file.path.rsplit('/').nth(1).unwrap_or_default();
    if file.is_rust() && (EMPTY_NAMES.contains(&stem) || EMPTY_NAMES.contains(&parent)) {
        faults.push(format!("{}: a name that says nothing", file.path));
    }
    if file.is_lock() {
        return;
    }
    for (index, line) in file.text.lines().enumerate() {
        for word in marks(file, line).chain(machine_paths(line)).chain(hosts(line)) {
            faults.push(format!("{}:{}: {word}", file.path, index + 1));
        }
    }
    if file.is_rust() && !FILE_OWNERS.iter().any(|owner| file.path.starts_with(owner)) {
        touches_files(file, faults);
    }
}

fn marks(file: &File, line: &str) -> impl Iterator<Item = &'static str> {
    // A table of what another program prints is not a text of ours.
    let of_ours = !file.path.ends_with(".tsv");
    MARKS.iter().copied().filter(move |mark| of_ours && stands_alone(line, mark))
}

fn machine_paths(line: &str) -> impl Iterator<Item = &'static str> {
    MACHINE_PATHS.iter().copied().filter(|path| {
        line.match_indices(*path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + path.len()..].chars().next();
            !before.is_some_and(|c| c.is_alphanumeric() || "._-/}*)".contains(c))
                && !after.is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c))
        })
    })
}

fn hosts(line: &str) -> impl Iterator<Item = &'static str> {
    REGISTRY_HOSTS.iter().copied().filter(|host| line.contains(host))
}

/// Whether `word` is in `line` without a letter or digit right before it or after it.
fn stands_alone(line: &str, word: &str) -> bool {
    let glued = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        !glued(line[..at].chars().next_back()) && (word.ends_with('(') || !glued(after))
    })
}

/// `std::fs` and `tokio::fs` outside the crates that own files; what stands in a test module at the end is free.
fn touches_files(file: &File, faults: &mut Vec<String>) {
    let code = rust::code_only(&file.text);
    let production = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    for call in ["std::fs", "tokio::fs"] {
        if file.path.contains("/src/") && production.contains(call) {
            faults.push(format!("{}: only log, buckets, agent and the root use {call}", file.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn faults_of(path: &str, text: &str) -> usize {
        let mut faults = Vec::new();
        check(&file(path, text), &mut faults);
        faults.len()
    }

    #[test]
    fn marks_of_unfinished_work_are_faults() {
        assert_eq!(faults_of("a.rs", &format!("// {}: later", MARKS[0])), 1);
        assert_eq!(faults_of("a.rs", &format!("{})", MARKS[3])), 1);
        assert_eq!(faults_of("a.rs", &format!("A{}A", MARKS[2])), 0);
    }

    #[test]
    fn paths_of_one_machine_are_faults() {
        assert_eq!(faults_of("a.md", &format!("see {}/x", MACHINE_PATHS[0])), 1);
        assert_eq!(faults_of("a.md", &format!("see net{}/x", MACHINE_PATHS[0])), 0);
        assert_eq!(faults_of("a.md", &format!("see {}s", MACHINE_PATHS[0])), 0);
        assert_eq!(faults_of("Cargo.lock", &format!("see {}", REGISTRY_HOSTS[0])), 0);
    }

    #[test]
    fn empty_names_are_faults() {
        assert_eq!(faults_of("crates/a/src/utils.rs", ""), 1);
        assert_eq!(faults_of("crates/a/src/common/x.rs", ""), 1);
    }

    #[test]
    fn only_the_owners_touch_files() {
        let text = "use std::fs::File;";
        assert_eq!(faults_of("crates/streams/src/a.rs", text), 1);
        assert_eq!(faults_of("crates/log/src/a.rs", text), 0);
        let test = "#[cfg(test)]\nmod tests {\nuse std::fs::File;\n}";
        assert_eq!(faults_of("crates/streams/src/a.rs", test), 0);
    }
}
