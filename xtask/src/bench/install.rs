//! The peers, from the public registries, each at a fixed version, in the tools' directory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bench::options::Options;
use crate::bench::servers::Subject;
use crate::{Outcome, place, process};

/// Versions that are measured: what the registries gave when the figures were made.
pub const VERSIONS: &[(&str, &str)] = &[
    ("ferrokinesis", "0.7.0"),
    ("fakecloud", "0.51.0"),
    ("kinesalite", "3.3.3"),
    ("kinesis-local", "0.6.2"),
    ("moto", "5.2.5"),
    ("localstack-core", "4.14.0"),
];

/// Installs what the options need and is not there.
pub fn peers(options: &Options) -> Outcome {
    if !options.peers {
        return Ok(());
    }
    crate_binary("ferrokinesis")?;
    if options.fakecloud {
        crate_binary("fakecloud")?;
    }
    for package in ["kinesalite", "kinesis-local"] {
        node_package(package)?;
    }
    moto()?;
    localstack()
}

/// The program of a peer, ready for its arguments.
pub fn command(peer: Subject) -> Result<Command, String> {
    let tools = place::tools();
    Ok(match peer {
        Subject::Ferrokinesis { .. } => process::program(tools.join("bin/ferrokinesis")),
        Subject::Fakecloud => process::program(tools.join("bin/fakecloud")),
        Subject::Kinesalite => {
            let mut node = process::program("node");
            node.arg(node_modules("kinesalite").join("kinesalite/cli.js"));
            node
        }
        Subject::KinesisLocal => {
            // It looks for its certificate in the working directory.
            let mut node = process::program("node");
            node.arg("main.js").current_dir(node_modules("kinesis-local").join("kinesis-local"));
            node
        }
        Subject::Moto => process::program(tools.join("py/moto/bin/moto_server")),
        Subject::LocalStack => {
            let mut python = process::program(tools.join("py/localstack/bin/python"));
            python.args(["-m", "localstack.runtime.main"]);
            python
        }
        Subject::Millstream { .. } | Subject::Bare { .. } => {
            return Err("not a peer".to_owned());
        }
    })
}

fn version(name: &str) -> &'static str {
    VERSIONS.iter().find(|(known, _)| *known == name).map_or("*", |(_, version)| version)
}

fn crate_binary(name: &str) -> Outcome {
    let tools = place::tools();
    if tools.join("bin").join(name).exists() {
        return Ok(());
    }
    announce(name, &tools);
    // A target directory of its own: the checkout's build cache stays as it is.
    let build = tools.join("build");
    let mut install = process::cargo();
    install.args(["install", "--locked", "--version", version(name), name, "--root"]).arg(&tools);
    process::run(install.env("CARGO_TARGET_DIR", build))
}

fn node_modules(package: &str) -> PathBuf {
    place::tools().join("npm").join(package).join("node_modules")
}

fn node_package(name: &str) -> Outcome {
    let modules = node_modules(name);
    if modules.join(name).exists() {
        return Ok(());
    }
    let directory = modules.parent().unwrap_or(&modules).to_path_buf();
    announce(name, &directory);
    std::fs::create_dir_all(&directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    let mut npm = process::program("npm");
    npm.args(["install", "--no-fund", "--no-audit", "--no-save"]);
    npm.arg(format!("{name}@{}", version(name))).current_dir(directory);
    process::run(&mut npm)
}

fn moto() -> Outcome {
    let package = format!("moto[server]=={}", version("moto"));
    environment("moto", "bin/moto_server", "python3", &[&package])
}

/// LocalStack's runtime needs Python 3.12, which Debian 12 does not have; without it LocalStack is not measured. What
/// it does not pin itself is pinned here: later versions of these do not go with it.
fn localstack() -> Outcome {
    let done = "bin/localstack-supervisor";
    if place::tools().join("py/localstack").join(done).exists() {
        return Ok(());
    }
    let Some(python) = ["python3.13", "python3.12"].into_iter().find(|it| runs(it)) else {
        println!("LocalStack is not measured: there is no python3.13");
        return Ok(());
    };
    let package = format!("localstack-core[runtime]=={}", version("localstack-core"));
    environment("localstack", done, python, &[&package])?;
    // Against what its other dependencies ask for, so that pip must not look at those again.
    let pins =
        ["cbor2==5.7.0", "service_identity==24.2.0", "pyopenssl==25.1.0", "cryptography==45.0.7"];
    let mut pip = process::program(place::tools().join("py/localstack/bin/pip"));
    process::run(pip.args(["install", "--quiet", "--no-deps"]).args(pins))
}

/// Whether an interpreter starts; a version manager's placeholder is there without one.
fn runs(python: &str) -> bool {
    let mut command = process::program(python);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A virtual environment with these packages, unless `done` is in it.
fn environment(name: &str, done: &str, python: &str, packages: &[&str]) -> Outcome {
    let directory = place::tools().join("py").join(name);
    if directory.join(done).exists() {
        return Ok(());
    }
    println!("installing {} into {}", packages.join(" "), directory.display());
    process::run(process::program(python).args(["-m", "venv", "--clear"]).arg(&directory))?;
    let mut pip = process::program(directory.join("bin/pip"));
    process::run(pip.args(["install", "--quiet"]).args(packages))
}

fn announce(name: &str, directory: &Path) {
    println!("installing {name} {} into {}", version(name), directory.display());
}
