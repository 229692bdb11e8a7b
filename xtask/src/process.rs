//! Running other programs: shown or captured, with an error that says which one failed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::{Outcome, place};

/// `cargo` in the checkout, ready for arguments.
pub fn cargo() -> Command {
    let mut command = Command::new(place::cargo());
    command.current_dir(place::root());
    command
}

/// A program in the checkout, ready for arguments.
pub fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(place::root());
    command
}

/// Runs to the end with its output shown; an exit status other than 0 is an error.
pub fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|e| cannot_start(command, &e))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", shown(command))) }
}

/// Runs to the end and returns what it wrote to standard output; an exit status other than 0 is an error.
pub fn capture(command: &mut Command) -> Result<String, String> {
    let output =
        command.stderr(Stdio::inherit()).output().map_err(|e| cannot_start(command, &e))?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", shown(command), output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{} wrote no UTF-8", shown(command)))
}

/// Runs to the end, shows standard output as it comes and hands each line to `line`; says whether the status was 0.
pub fn watch(command: &mut Command, mut line: impl FnMut(&str)) -> Result<bool, String> {
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|e| cannot_start(command, &e))?;
    if let Some(output) = child.stdout.take() {
        for text in BufReader::new(output).split(b'\n') {
            let text = text.map_err(|e| format!("{}: {e}", shown(command)))?;
            let text = String::from_utf8_lossy(&text);
            println!("{text}");
            line(&text);
        }
    }
    let _ = std::io::stdout().flush();
    let status = child.wait().map_err(|e| format!("{}: {e}", shown(command)))?;
    Ok(status.success())
}

/// Whether the program can be started at all.
pub fn exists(name: &str) -> bool {
    let found = Command::new(name)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start {}: {error}", shown(command))
}
