//! The suites of foreign clients, in `conformance/`: each starts the real server and calls it with a real SDK.

use std::path::{Path, PathBuf};

use super::{Options, Totals, server};
use crate::{Outcome, place, process, tools};

/// Compares the service model of botocore with what the server says it supports.
pub fn model(_options: &Options, totals: &mut Totals) -> Outcome {
    let python = tools::install_python()?;
    tools::install_postgresql()?;
    tools::install_zstd()?;
    tools::install_openssl()?;
    let mut command = process::program(&python.interpreter);
    command.args(["conformance/model_check.py", "--binary"]).arg(server()?);
    finish(process::watch(&mut command, |line| totals.add_plain_line(line))?)
}

/// boto3 and the AWS CLI.
pub fn python(options: &Options, totals: &mut Totals) -> Outcome {
    let python = tools::install_python()?;
    let mut command = process::program(&python.interpreter);
    command
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "conformance/python"])
        // Each file as a whole, with a server of its own: most of the time something is waited for.
        .args(["-n", "2", "--dist", "loadfile"])
        .env("MILLSTREAM_BINARY", server()?)
        .env("MILLSTREAM_KILL_ROUNDS", options.kill_rounds.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    finish(process::watch(&mut command, |line| totals.add_pytest_line(line))?)
}

/// async-kinesis, which brings another botocore.
pub fn async_python(_options: &Options, totals: &mut Totals) -> Outcome {
    let python = tools::install_environment("async-python")?;
    let mut command = process::program(&python.interpreter);
    command.arg("conformance/async-python/life.py").arg(server()?);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    finish(process::watch(&mut command, |line| totals.add_plain_line(line))?)
}

/// Formats and other people's stores: Arrow's, DuckDB's and Snappy's readers, and moto's S3.
pub fn formats(_options: &Options, totals: &mut Totals) -> Outcome {
    let python = tools::install_environment("formats")?;
    let mut command = process::program(&python.interpreter);
    command
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "conformance/formats"])
        .env("MILLSTREAM_BINARY", server()?)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    finish(process::watch(&mut command, |line| totals.add_pytest_line(line))?)
}

/// The AWS SDK for JavaScript, over HTTP/2 and HTTP/1.1.
pub fn javascript(_options: &Options, totals: &mut Totals) -> Outcome {
    let directory = tools::install_javascript()?;
    let mut command = process::program("node");
    command.args(["--no-warnings", "conformance.mjs"]).arg(server()?).current_dir(directory);
    finish(process::watch(&mut command, |line| totals.add_plain_line(line))?)
}

/// The AWS SDK for Java, over CBOR.
pub fn java(_options: &Options, totals: &mut Totals) -> Outcome {
    let python = tools::install_python()?;
    let jars = tools::install_jars(&python)?;
    tools::install_java()?;
    let sources = place::root().join("conformance/java");
    let classes = place::tools().join("java/classes");
    let path = format!("{}/*:{}", jars.display(), classes.display());
    process::run(
        process::program("javac")
            .args(["-nowarn", "-cp", &path, "-d"])
            .arg(&classes)
            .args(java_files(&sources)?),
    )?;
    let mut command = process::program("java");
    command.args(["-Xmx512m", "-cp", &path, "Conformance"]).arg(server()?);
    finish(process::watch(&mut command, |line| totals.add_plain_line(line))?)
}

/// The AWS SDK for Rust, a workspace of its own that shares the build cache.
pub fn rust_sdk(_options: &Options, totals: &mut Totals) -> Outcome {
    let server = server()?;
    let mut command = process::cargo();
    command
        .args(["run", "--quiet", "--locked", "--manifest-path", "conformance/rust-sdk/Cargo.toml"])
        .arg("--")
        .arg(server)
        .env("CARGO_TARGET_DIR", place::target());
    finish(process::watch(&mut command, |line| totals.add_plain_line(line))?)
}

fn java_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let fault = |e: std::io::Error| format!("{}: {e}", directory.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "java") {
            files.push(path);
        }
    }
    Ok(files)
}

fn finish(well: bool) -> Outcome {
    if well { Ok(()) } else { Err("not all of it passed".to_owned()) }
}
