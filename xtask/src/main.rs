//! `cargo xtask check|test|bench|tidy`: the chores of the project, in Rust so that they need nothing else.
#![forbid(unsafe_code)]

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check           format, clippy, documentation, licences and bans, tidy
  test [OPTIONS]  every test: Rust's own, then real foreign clients against a real server
      --only NAME       one suite: rust, model, python, java, demo, … (may be given again)
      --kill-rounds N   rounds of the kill -9 test (default 3)
  tidy            the project's own rules about its files, alone
  support         writes docs/support.md from the model check
  demo            a year of flights through Firehose, read back by DuckDB and pyarrow
  bench [...]     the published figures; see `cargo xtask bench --help`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &arguments[..]),
    };
    let outcome = match command {
        "check" => xtask::check::run(),
        "test" => xtask::suites::run(rest),
        "tidy" => xtask::tidy::run(),
        "support" => xtask::suites::write_support(),
        "demo" => xtask::suites::run_demo(),
        "bench" => xtask::bench::run(rest),
        _ => {
            print!("{USAGE}");
            return if command == "help" { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}
