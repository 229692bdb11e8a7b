//! Dead files: every Rust file must be a crate's root or a module that something declares.

use std::collections::BTreeSet;

use super::files::File;
use super::rust;

/// Adds a fault for each file of Rust that no crate reaches.
pub fn check(files: &[File], faults: &mut Vec<String>) {
    let all: BTreeSet<&str> =
        files.iter().filter(|file| file.is_rust()).map(|file| file.path.as_str()).collect();
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> =
        all.iter().filter(|path| is_root(path)).map(|path| (*path).to_owned()).collect();
    while let Some(path) = waiting.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        if let Some(file) = files.iter().find(|file| file.path == path) {
            waiting.extend(children(file).into_iter().filter(|child| all.contains(child.as_str())));
        }
    }
    for path in all.into_iter().filter(|path| !reached.contains(*path)) {
        faults.push(format!("{path}: no module declares it"));
    }
}

fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts[parts.len() - 1];
    let parent = parts.len().checked_sub(2).map_or("", |n| parts[n]);
    let above = parts.len().checked_sub(3).map_or("", |n| parts[n]);
    match parent {
        "src" => name == "lib.rs" || name == "main.rs",
        "bin" | "tests" | "benches" | "examples" | "fuzz_targets" => true,
        _ => {
            name == "build.rs" || name == "main.rs" && ["tests", "benches", "bin"].contains(&above)
        }
    }
}

/// Where the modules that a file declares may be.
fn children(file: &File) -> Vec<String> {
    let (directory, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.trim_end_matches(".rs");
    let own = if is_root(&file.path) || stem == "mod" {
        directory.to_owned()
    } else {
        format!("{directory}/{stem}")
    };
    let mut places = Vec::new();
    for (module, path) in rust::declared_modules(&file.text) {
        match path {
            Some(path) => places.push(format!("{directory}/{path}")),
            None => {
                places.push(format!("{own}/{module}.rs"));
                places.push(format!("{own}/{module}/mod.rs"));
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_file_that_no_module_declares_is_dead() {
        let files = [
            file("crates/a/src/lib.rs", "mod b;\nmod c;"),
            file("crates/a/src/b.rs", "mod d;"),
            file("crates/a/src/b/d.rs", ""),
            file("crates/a/src/c/mod.rs", ""),
            file("crates/a/src/dead.rs", ""),
            file("crates/a/tests/it/main.rs", "mod x;"),
            file("crates/a/tests/it/x.rs", ""),
        ];
        let mut faults = Vec::new();
        check(&files, &mut faults);
        assert_eq!(faults, ["crates/a/src/dead.rs: no module declares it"]);
    }
}
