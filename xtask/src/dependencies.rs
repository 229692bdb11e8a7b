//! What the project may depend on: licences, bans, duplicates, the size of the default build.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Outcome, place, process, tidy::exceptions::Exceptions};

/// Crates in the default build (ours and foreign, with what only runs while building), with Firehose.
pub const DEFAULT_BUILD_CRATES_MAX: usize = 400;

/// Licences that a dependency may have, by their SPDX names.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "BSL-1.0",
    "CC0-1.0",
    // Data: the roots that browsers trust.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must never appear, with the reason.
const BANS: &[(&str, &str)] = &[
    ("openssl", "one TLS stack: rustls"),
    ("openssl-sys", "one TLS stack: rustls"),
    ("native-tls", "one TLS stack: rustls"),
    ("s2n-tls", "one TLS stack: rustls"),
    ("boring", "one TLS stack: rustls"),
    ("schannel", "one TLS stack: rustls"),
    ("aws-lc-rs", "one crypto provider: ring"),
    ("aws-lc-sys", "one crypto provider: ring"),
    ("actix-http", "one HTTP stack: hyper"),
    ("async-h1", "one HTTP stack: hyper"),
    ("curl", "one HTTP stack: hyper"),
    ("isahc", "one HTTP stack: hyper"),
    ("tiny_http", "one HTTP stack: hyper"),
    ("ureq", "one HTTP stack: hyper"),
    ("async-std", "one runtime: tokio"),
    ("smol", "one runtime: tokio"),
    ("ciborium", "one CBOR codec: minicbor"),
    ("serde_cbor", "one CBOR codec: minicbor"),
    ("lazy_static", "std::sync::LazyLock does it"),
    ("once_cell", "std::sync::OnceLock does it"),
];

/// A package of the graph as `cargo tree` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, without the `v`.
    pub version: String,
    /// Its licence, an SPDX expression; empty when it names none.
    pub licence: String,
    /// Whether it is one of ours.
    pub ours: bool,
}

/// Checks the graph of every target for licences and bans, the default build for duplicates and its size.
pub fn run() -> Outcome {
    let mut exceptions = Exceptions::read(&place::root())?;
    let mut faults = Vec::new();
    let all = graph(&["--workspace", "--edges", "normal,build,dev", "--target", "all"])?;
    faults.extend(all.iter().filter_map(licence_fault));
    let default = graph(&["--package", "millstream", "--edges", "normal,build"])?;
    faults.extend(default.iter().filter_map(|package| ban_fault(package, &mut exceptions)));
    faults.extend(duplicate_faults(&default, &mut exceptions));
    println!("default build: {} crates (at most {DEFAULT_BUILD_CRATES_MAX})", default.len());
    if default.len() > DEFAULT_BUILD_CRATES_MAX {
        faults.push(format!("the default build has {} crates", default.len()));
    }
    faults.extend(exceptions.unneeded(&["duplicate", "ban"]));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn graph(arguments: &[&str]) -> Result<BTreeSet<Package>, String> {
    let text = process::capture(
        process::cargo()
            .args(["tree", "--locked", "--prefix", "none", "--format", "{p}|{l}"])
            .args(arguments),
    )?;
    Ok(text.lines().filter_map(package_of).collect())
}

/// Reads a line like `ring v0.17.14|Apache-2.0 AND ISC` or `xtask v0.1.0 (/path) (*)|Apache-2.0`.
fn package_of(line: &str) -> Option<Package> {
    let (package, licence) = line.split_once('|')?;
    let licence = licence.trim().trim_end_matches("(*)").trim();
    let mut words = package.split_whitespace();
    let name = words.next()?.to_owned();
    let version = words.next()?.trim_start_matches('v').to_owned();
    let ours = name == "xtask" || name.starts_with("millstream");
    Some(Package { name, version, licence: licence.to_owned(), ours })
}

fn licence_fault(package: &Package) -> Option<String> {
    let fault = match package.licence.as_str() {
        "" => "names no licence".to_owned(),
        licence if allowed(licence) => return None,
        licence => format!("has a licence that is not on the list: {licence}"),
    };
    Some(format!("{} {} {fault}", package.name, package.version))
}

/// Whether an SPDX expression can be satisfied by licences of the list.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    let any = |all: &str| all.split(" OR ").any(|one| LICENCES.contains(&one.trim()));
    // `A OR B AND C` with parentheses dropped: each part between ANDs must offer a licence of the list, which is
    // stricter than the expression where they nest the other way.
    expression.split(" AND ").all(any)
}

fn ban_fault(package: &Package, exceptions: &mut Exceptions) -> Option<String> {
    let (name, reason) = BANS.iter().find(|(name, _)| *name == package.name)?;
    if exceptions.allow("ban", name, 1) {
        return None;
    }
    Some(format!("{name} {} is banned: {reason}", package.version))
}

/// Two versions of one crate are compiled and shipped twice.
fn duplicate_faults(graph: &BTreeSet<Package>, exceptions: &mut Exceptions) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in graph {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let mut faults = Vec::new();
    for (name, versions) in versions {
        if !exceptions.allow("duplicate", name, versions.len()) {
            let list: Vec<&str> = versions.into_iter().collect();
            faults.push(format!("{name} is there in several versions: {}", list.join(", ")));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tree_is_a_package() {
        let ring = package_of("ring v0.17.14|Apache-2.0 AND ISC").unwrap();
        assert_eq!((ring.name.as_str(), ring.version.as_str()), ("ring", "0.17.14"));
        assert!(licence_fault(&ring).is_none());
        let own = package_of("millstream-log v0.1.0 (/somewhere)|Apache-2.0 (*)").unwrap();
        assert!(own.ours && own.licence == "Apache-2.0");
        assert!(package_of("").is_none());
    }

    #[test]
    fn a_licence_needs_every_part_allowed() {
        for good in ["MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
            assert!(allowed(good), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", ""] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn two_versions_of_one_crate_are_named() {
        let package = |version: &str| Package {
            name: "rand".into(),
            version: version.into(),
            licence: "MIT".into(),
            ours: false,
        };
        let graph = BTreeSet::from([package("0.8.5"), package("0.9.0")]);
        let faults = duplicate_faults(&graph, &mut Exceptions::default());
        assert_eq!(faults, ["rand is there in several versions: 0.8.5, 0.9.0"]);
    }
}
