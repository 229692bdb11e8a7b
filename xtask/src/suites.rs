//! `cargo xtask test`: Rust's own tests, then real foreign clients against a real server.

mod foreign;
mod fuzz;
mod totals;

use std::path::PathBuf;

use crate::{Outcome, place, process, tools};
pub use totals::Totals;

/// What the command line of `cargo xtask test` says.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The suites to run; all if empty.
    only: Vec<String>,
    /// Rounds of the kill -9 test.
    kill_rounds: u32,
    /// Seconds of each fuzz target; a short fixed number of inputs if not given.
    fuzz_seconds: Option<u32>,
}

type Suite = fn(&Options, &mut Totals) -> Outcome;

/// Every suite with its name, in the order they run.
const SUITES: [(&str, Suite); 10] = [
    ("rust", rust),
    ("model", foreign::model),
    ("python", foreign::python),
    ("async-python", foreign::async_python),
    ("formats", foreign::formats),
    ("javascript", foreign::javascript),
    ("java", foreign::java),
    ("rust-sdk", foreign::rust_sdk),
    ("demo", demo),
    ("fuzz", fuzz::run),
];

/// Runs the suites that `arguments` ask for; the last line printed is the totals.
pub fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let mut totals = Totals::default();
    let mut broken = Vec::new();
    for (name, suite) in SUITES {
        if !options.only.is_empty() && !options.only.iter().any(|only| only == name) {
            continue;
        }
        println!("== {name}");
        let before = totals;
        if let Err(fault) = suite(&options, &mut totals) {
            eprintln!("{name}: {fault}");
            broken.push(name);
            // A suite that could not run, or failed without naming a test, is a failure all the same.
            if totals.failed == before.failed {
                totals.failed += 1;
            }
        }
    }
    if !broken.is_empty() {
        println!("failed: {}", broken.join(", "));
    }
    println!("{} passed, {} failed", totals.passed, totals.failed);
    if totals.failed == 0 { Ok(()) } else { Err("not all tests passed".to_owned()) }
}

/// Writes `docs/support.md` from what the server says it supports.
pub fn write_support() -> Outcome {
    let python = tools::install_python()?;
    process::run(
        process::program(&python.interpreter)
            .args(["conformance/model_check.py", "--write", "--binary"])
            .arg(server()?),
    )
}

fn rust(_options: &Options, totals: &mut Totals) -> Outcome {
    let mut command = process::cargo();
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    let well = process::watch(&mut command, |line| totals.add_cargo_line(line))?;
    if well { Ok(()) } else { Err("cargo test failed".to_owned()) }
}

/// The example of real data, as a test.
fn demo(_options: &Options, totals: &mut Totals) -> Outcome {
    run_demo()?;
    totals.passed += 1;
    Ok(())
}

/// `cargo xtask demo`: real data through a stream and delivery streams, read back by other tools.
pub fn run_demo() -> Outcome {
    let source = place::root().join("examples/flights");
    let python = tools::install_environment_of("flights", &source)?;
    let script = source.join("flights.py");
    process::run(process::program(&python.interpreter).arg(script).arg(server()?))
}

/// The server, built as the tests build it.
fn server() -> Result<PathBuf, String> {
    process::run(process::cargo().args(["build", "--package", "millstream", "--locked"]))?;
    Ok(place::target().join("debug/millstream"))
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Options { only: Vec::new(), kill_rounds: 3, fuzz_seconds: None };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--only" => options.only.push(value()?.clone()),
                "--kill-rounds" => options.kill_rounds = number(value()?)?,
                "--fuzz-seconds" => options.fuzz_seconds = Some(number(value()?)?),
                _ => return Err(format!("test has no option {word}")),
            }
        }
        let known = |name: &String| SUITES.iter().any(|(suite, _)| suite == name);
        match options.only.iter().find(|name| !known(name)) {
            Some(name) => Err(format!("there is no suite {name}")),
            None => Ok(options),
        }
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let parse = |words: &[&str]| {
            Options::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        let options = parse(&["--only", "java", "--kill-rounds", "50"]).unwrap();
        assert_eq!((options.only, options.kill_rounds), (vec!["java".to_owned()], 50));
        for bad in [&["--fast"][..], &["--only"], &["--only", "cobol"], &["--kill-rounds", "x"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
