//! Which crate may use which: the design's table, enforced on the manifests. Dependencies point downwards only;
//! what tests use (dev-dependencies) is free.

use std::path::Path;

use serde_json::Value;

use crate::process;

/// The state layer.
const STATE: &[&str] = &["log", "replica", "catalog", "vault"];
/// The services.
const SERVICES: &[&str] =
    &["metrics", "streams", "firehose", "sinks", "analytics", "leases", "buckets", "identity"];

/// Crate, what it may use beside `types` and `counters`, which every crate may. `*` is every crate but the tests'.
const TABLE: &[(&str, &[&[&str]])] = &[
    ("types", &[]),
    ("counters", &[]),
    ("api", &[]),
    ("wire", &[&["api"]]),
    ("auth", &[]),
    ("faults", &[&["api"]]),
    ("records", &[]),
    ("aggregate", &[]),
    ("formats", &[]),
    ("sql", &[]),
    ("log", &[]),
    ("replica", &[&["log"]]),
    ("catalog", &[&["replica"]]),
    ("vault", &[&["catalog"]]),
    ("metrics", &[STATE]),
    ("streams", &[&["api", "auth", "records", "faults"], STATE]),
    // `wire`: a delivery stream's configuration is kept as the document that AWS's protocol writes.
    (
        "firehose",
        &[&["api", "wire", "streams", "records", "aggregate", "formats", "faults"], STATE],
    ),
    ("sinks", &[&["firehose", "formats", "auth", "api", "buckets"]]),
    ("analytics", &[&["api", "sql", "streams", "firehose"], STATE]),
    ("leases", &[STATE]),
    // The cipher of objects, and the master keys that wrap theirs.
    ("buckets", &[&["vault"]]),
    ("identity", &[&["auth"], STATE]),
    ("gateway", &[&["wire", "auth", "api", "faults"], SERVICES]),
    ("console", &[]),
    ("client", &[&["api", "wire", "auth"]]),
    ("producer", &[&["client", "aggregate"]]),
    ("consumer", &[&["client", "aggregate"]]),
    ("agent", &[&["client", "aggregate"]]),
    // What the client speaks are `api`'s shapes; a command names them where it makes a request or shows a reply.
    ("cli", &[&["client", "api", "aggregate"]]),
    ("bench", &[&["client"]]),
];
/// The root and the tests' crates may use all.
const MAY_USE_ALL: &[&str] = &["millstream", "testkit", "xtask"];
/// Crates that only tests may use.
const FOR_TESTS: &[&str] = &["testkit", "xtask"];
/// Crates at an edge, where serde may be: protocols, configuration, what a person reads.
const SERDE_ALLOWED: &[&str] = &[
    "wire",
    "gateway",
    "formats",
    "sinks",
    "millstream",
    "testkit",
    "xtask",
    "client",
    "agent",
    "cli",
    "bench",
];

/// Adds a fault for each dependency that the table does not allow or that `docs/dependencies.md` does not explain.
pub fn check(root: &Path, faults: &mut Vec<String>) -> Result<(), String> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let text = process::capture(process::cargo().args(arguments).current_dir(root))?;
    let metadata: Value =
        serde_json::from_str(&text).map_err(|e| format!("cargo metadata: {e}"))?;
    let explained = std::fs::read_to_string(root.join("docs/dependencies.md")).unwrap_or_default();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = short(package["name"].as_str().unwrap_or_default());
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            faults.extend(fault_of(name, dependency, &explained));
        }
    }
    Ok(())
}

/// `log` for `millstream-log`.
fn short(name: &str) -> &str {
    name.strip_prefix("millstream-").unwrap_or(name)
}

fn fault_of(user: &str, dependency: &Value, explained: &str) -> Option<String> {
    let name = dependency["name"].as_str().unwrap_or_default();
    let for_tests = dependency["kind"].as_str() == Some("dev");
    if dependency["path"].is_string() {
        let used = short(name);
        if for_tests || may_use(user, used) {
            return None;
        }
        return Some(format!(
            "{user} may not use {used}: see the table in xtask/src/tidy/layers.rs"
        ));
    }
    if !explained.contains(&format!("| `{name}` |")) {
        return Some(format!("docs/dependencies.md has no line for {name}, used by {user}"));
    }
    let serde = name == "serde" || name.starts_with("serde_");
    if serde && !for_tests && !SERDE_ALLOWED.contains(&user) {
        return Some(format!("{user} may not use {name}: serde stays at the edges"));
    }
    None
}

fn may_use(user: &str, used: &str) -> bool {
    if MAY_USE_ALL.contains(&user) {
        return !FOR_TESTS.contains(&used) || FOR_TESTS.contains(&user);
    }
    let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == user) else { return false };
    ["types", "counters"].contains(&used) && user != "types"
        || allowed.iter().any(|group| group.contains(&used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_point_downwards() {
        assert!(may_use("streams", "log"));
        assert!(may_use("gateway", "streams"));
        assert!(may_use("log", "counters"));
        for (user, used) in [
            ("log", "streams"),
            ("wire", "streams"),
            ("streams", "wire"),
            ("client", "streams"),
            ("types", "counters"),
            ("millstream", "testkit"),
            ("unknown", "types"),
        ] {
            assert!(!may_use(user, used), "{user} {used}");
        }
    }

    #[test]
    fn no_two_crates_may_use_each_other() {
        for (user, allowed) in TABLE {
            for used in allowed.iter().flat_map(|group| group.iter()) {
                assert!(!may_use(used, user), "{user} {used}");
            }
        }
    }

    #[test]
    fn a_foreign_dependency_needs_its_line() {
        let dependency = serde_json::json!({ "name": "ring", "kind": null });
        assert!(fault_of("auth", &dependency, "").is_some());
        assert!(fault_of("auth", &dependency, "| `ring` | signatures |").is_none());
        let serde = serde_json::json!({ "name": "serde_json", "kind": null });
        assert!(fault_of("streams", &serde, "| `serde_json` |").is_some());
    }
}
