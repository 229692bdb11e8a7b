//! `cargo xtask check`: everything that is true of the sources without running them.

use crate::{Outcome, dependencies, process, tidy};

/// Runs every check, the cheap ones first, and names all that failed.
pub fn run() -> Outcome {
    type Check = (&'static str, fn() -> Outcome);
    let checks: [Check; 5] = [
        ("format", format),
        ("tidy", tidy::run),
        ("dependencies", dependencies::run),
        ("clippy", clippy),
        ("documentation", documentation),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        println!("== {name}");
        if let Err(fault) = check() {
            eprintln!("{fault}");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        println!("check: all well");
        return Ok(());
    }
    Err(format!("check failed: {}", failed.join(", ")))
}

fn format() -> Outcome {
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;
    let arguments = ["fmt", "--check", "--manifest-path", "conformance/rust-sdk/Cargo.toml"];
    process::run(process::cargo().args(arguments))?;
    Ok(())
}

fn clippy() -> Outcome {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    process::run(process::cargo().args(arguments))
}

fn documentation() -> Outcome {
    process::run(
        process::cargo()
            .args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}
