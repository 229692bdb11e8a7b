//! What the tests need beyond Rust and Python: installed once into the tools' directory, never into the system unless a
//! program is missing there.

use std::path::{Path, PathBuf};

use crate::{Outcome, place, process};

/// The package that carries the AWS SDK for Java as jars.
const JARS_PACKAGE: &str = "kclpy-ext==3.1.3.post4";

/// What `install_python` has installed.
pub struct Python {
    /// The interpreter of the virtual environment.
    pub interpreter: PathBuf,
}

/// A virtual environment with the packages of `conformance/python/requirements.txt`, each pinned.
pub fn install_python() -> Result<Python, String> {
    install_environment("python")
}

/// The virtual environment `name`, with the packages of `conformance/NAME/requirements.txt`.
pub fn install_environment(name: &str) -> Result<Python, String> {
    install_environment_of(name, &place::root().join("conformance").join(name))
}

/// The virtual environment `name`, with the packages of the requirements in `source`.
pub fn install_environment_of(name: &str, source: &Path) -> Result<Python, String> {
    let directory = place::tools().join(name);
    let interpreter = directory.join("bin/python");
    let requirements = source.join("requirements.txt");
    if !installed(&directory, &requirements)? {
        need_program("python3", &["python3", "python3-venv"])?;
        remove(&directory)?;
        println!("installing Python packages into {}", directory.display());
        let venv = process::run(process::program("python3").args(["-m", "venv"]).arg(&directory));
        if venv.is_err() {
            // Debian splits venv from python3.
            install_packages(&["python3-venv"])?;
            remove(&directory)?;
            process::run(process::program("python3").args(["-m", "venv"]).arg(&directory))?;
        }
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        process::run(process::program(&interpreter).args(pip).arg(&requirements))?;
        mark(&directory, &requirements)?;
    }
    Ok(Python { interpreter })
}

/// The jars of the AWS SDK for Java; returns the directory that holds them.
pub fn install_jars(python: &Python) -> Result<PathBuf, String> {
    let directory = place::tools().join("java");
    let jars = directory.join("unpacked/amazon_kclpy/jars");
    let done = directory.join(format!("done-{JARS_PACKAGE}"));
    if !done.exists() {
        remove(&directory)?;
        println!("installing the AWS SDK for Java into {}", directory.display());
        let pip = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
        let wheels = directory.join("wheels");
        process::run(
            process::program(&python.interpreter)
                .args(pip)
                .arg("-d")
                .arg(&wheels)
                .arg(JARS_PACKAGE),
        )?;
        let wheel = first_file(&wheels)?;
        let unpacked = directory.join("unpacked");
        process::run(
            process::program(&python.interpreter)
                .args(["-m", "zipfile", "-e"])
                .arg(&wheel)
                .arg(&unpacked),
        )?;
        write(&done, "")?;
    }
    Ok(jars)
}

/// The packages of `conformance/javascript/package-lock.json`, beside a copy of the programs that use them; returns
/// the directory.
pub fn install_javascript() -> Result<PathBuf, String> {
    let directory = place::tools().join("javascript");
    let sources = place::root().join("conformance/javascript");
    let lock = sources.join("package-lock.json");
    if !installed(&directory, &lock)? {
        need_program("npm", &["nodejs", "npm"])?;
        remove(&directory)?;
        println!("installing the AWS SDK for JavaScript into {}", directory.display());
        std::fs::create_dir_all(&directory).map_err(|e| fault(&directory, &e))?;
        for list in ["package.json", "package-lock.json"] {
            write(&directory.join(list), &read(&sources.join(list))?)?;
        }
        let npm = ["ci", "--no-fund", "--no-audit", "--silent"];
        process::run(process::program("npm").args(npm).current_dir(&directory))?;
        mark(&directory, &lock)?;
    }
    for program in ["conformance.mjs", "server.mjs"] {
        write(&directory.join(program), &read(&sources.join(program))?)?;
    }
    Ok(directory)
}

/// A PostgreSQL for the tests of Redshift's protocol, from Debian if there is none.
pub fn install_postgresql() -> Outcome {
    // Debian keeps the server's programs out of the PATH, a directory for each version.
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin/initdb")).any(|path| path.exists());
    if found { Ok(()) } else { install_packages(&["postgresql"]) }
}

/// The program that the tests of channels unpack Zstandard with.
pub fn install_zstd() -> Outcome {
    need_program("zstd", &["zstd"])
}

/// The program that makes certificates for the tests of destinations over TLS.
pub fn install_openssl() -> Outcome {
    need_program("openssl", &["openssl"])
}

/// A Java compiler and machine, from Debian if there is none.
pub fn install_java() -> Outcome {
    if process::exists("javac") && process::exists("java") {
        return Ok(());
    }
    install_packages(&["default-jdk-headless"])
}

fn need_program(name: &str, packages: &[&str]) -> Outcome {
    if process::exists(name) { Ok(()) } else { install_packages(packages) }
}

fn install_packages(packages: &[&str]) -> Outcome {
    if !process::exists("apt-get") {
        return Err(format!("please install {}", packages.join(" ")));
    }
    println!("installing {}", packages.join(" "));
    let apt = || {
        let mut command = process::program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    process::run(apt().args(["update", "--quiet"]))?;
    process::run(
        apt().args(["install", "--quiet", "--yes", "--no-install-recommends"]).args(packages),
    )
}

/// Whether what `list` names was installed into `directory` and the list is still the same.
fn installed(directory: &Path, list: &Path) -> Result<bool, String> {
    let wanted = read(list)?;
    Ok(std::fs::read_to_string(directory.join("installed.txt")).is_ok_and(|have| have == wanted))
}

fn mark(directory: &Path, list: &Path) -> Outcome {
    write(&directory.join("installed.txt"), &read(list)?)
}

fn first_file(directory: &Path) -> Result<PathBuf, String> {
    let mut entries = std::fs::read_dir(directory).map_err(|e| fault(directory, &e))?;
    match entries.next() {
        Some(Ok(entry)) => Ok(entry.path()),
        _ => Err(format!("{} is empty", directory.display())),
    }
}

fn remove(directory: &Path) -> Outcome {
    match std::fs::remove_dir_all(directory) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(fault(directory, &e)),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| fault(path, &e))
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|e| fault(path, &e))
}

fn fault(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
