//! The project's own rules about its files, run by `cargo xtask tidy`, `cargo xtask check` and as a test by plain
//! `cargo test`.

pub mod exceptions;
mod files;
mod layers;
mod modules;
mod papers;
mod rooms;
mod rust;
mod sizes;
mod words;

use std::path::Path;

use crate::{Outcome, place};
use exceptions::Exceptions;

/// Checks the checkout that xtask was built from.
pub fn run() -> Outcome {
    let faults = faults(&place::root())?;
    if faults.is_empty() {
        println!("tidy: all well");
        return Ok(());
    }
    Err(format!("{}\ntidy: {} faults", faults.join("\n"), faults.len()))
}

/// Every fault of the checkout at `root`, each a line that names the place.
pub fn faults(root: &Path) -> Result<Vec<String>, String> {
    let mut exceptions = Exceptions::read(root)?;
    let files = files::read(root)?;
    let mut faults = Vec::new();
    for file in &files {
        sizes::check(file, &mut exceptions, &mut faults);
        words::check(file, &mut faults);
        rooms::check(file, &mut faults);
        papers::check(file, &mut faults);
    }
    modules::check(&files, &mut faults);
    layers::check(root, &mut faults)?;
    faults.extend(exceptions.unneeded(&["file-lines", "function-lines"]));
    Ok(faults)
}

#[cfg(test)]
fn file(path: &str, text: &str) -> files::File {
    files::File { path: path.to_owned(), text: text.to_owned() }
}
