//! The files that tidy looks at: every text file of the checkout that is not built, installed or written by a run.

use std::path::Path;

/// Directories that hold what a build, an install or a run has written.
const PASSED_OVER: &[&str] =
    &[".git", "target", "node_modules", "__pycache__", ".venv", ".tools", ".pytest_cache"];

/// Kept binary data, lock files (written by tools), and what a run writes at the root.
const PASSED_OVER_PATHS: &[&str] =
    &["millstream-data", "crates/millstream/tests/kept", "fuzz/corpus", "fuzz/artifacts"];

/// A text file of the checkout.
#[derive(Debug)]
pub struct File {
    /// Its path from the root, with `/`.
    pub path: String,
    /// What it holds.
    pub text: String,
}

impl File {
    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is Markdown.
    pub fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }

    /// Whether a tool wrote it, and names its sources in it.
    pub fn is_lock(&self) -> bool {
        self.path.ends_with(".lock") || self.path.ends_with("package-lock.json")
    }
}

/// All files below `root`, by path.
pub fn read(root: &Path) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(directory: &Path, prefix: &str, files: &mut Vec<File>) -> Result<(), String> {
    let fault = |e: std::io::Error| format!("{}: {e}", directory.display());
    for entry in std::fs::read_dir(directory).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if PASSED_OVER.contains(&name.as_str()) || PASSED_OVER_PATHS.contains(&path.as_str()) {
            continue;
        }
        let kind = entry.file_type().map_err(fault)?;
        if kind.is_dir() {
            walk(&entry.path(), &path, files)?;
        } else if kind.is_file() {
            // A file that went away meanwhile or holds no text is not ours to judge.
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                files.push(File { path, text });
            }
        }
    }
    Ok(())
}
