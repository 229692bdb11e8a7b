//! The file of the local master key: made once, at the first start, readable by its owner only.

use std::io::Write;
use std::path::{Path, PathBuf};

use millstream_types::Random;
use millstream_vault::DataKey;

use crate::config::{Config, Storage};

/// Its name, within the data directory.
pub const MASTER_KEY_FILE: &str = "master.key";
const FIRST_LINE: &str = "millstream master key 1";
/// Largest file that is looked at.
const FILE_BYTES_MAX: u64 = 1024;

/// Where the file is; `None` if nothing is kept.
pub fn path_of(config: &Config) -> Option<PathBuf> {
    match (&config.kms.master_key_file, &config.storage) {
        (Some(path), _) => Some(path.clone()),
        (None, Storage::Directory(directory)) => Some(directory.join(MASTER_KEY_FILE)),
        (None, Storage::Ephemeral(_)) => None,
    }
}

/// The key of the file. One that is missing is made, unless the data needs the one that was (`needed`).
pub fn load_or_make(path: &Path, needed: bool, random: &dyn Random) -> Result<DataKey, String> {
    match load(path)? {
        Some(key) => Ok(key),
        None if needed => Err(format!(
            "the master key file {} is missing, and the data cannot be read without it: put it back (a new one would \
             not open anything)",
            path.display()
        )),
        None => {
            let key = DataKey::random(random);
            make(path, &key).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(key)
        }
    }
}

/// The key of the file, if there is one. Messages never quote what it holds.
pub fn load(path: &Path) -> Result<Option<DataKey>, String> {
    let named = |error: std::io::Error| format!("the master key file {}: {error}", path.display());
    match std::fs::metadata(path) {
        Ok(data) if data.len() > FILE_BYTES_MAX => return Err(wrong(path)),
        Ok(data) => warn_if_open(path, &data),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(named(error)),
    }
    let bytes = std::fs::read(path).map_err(named)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong(path))?;
    let mut lines = text.lines();
    let key = match (lines.next(), lines.next(), lines.next()) {
        (Some(FIRST_LINE), Some(key), None) => key_of(key),
        _ => None,
    };
    key.map(Some).ok_or_else(|| wrong(path))
}

fn wrong(path: &Path) -> String {
    format!("{} holds no master key that this release knows", path.display())
}

fn key_of(hex: &str) -> Option<DataKey> {
    let digits: Vec<u8> =
        hex.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]);
    let bytes: [u8; 32] = pairs.collect::<Vec<_>>().try_into().ok()?;
    (digits.len() == 64).then(|| DataKey::new(bytes))
}

/// Written beside its place and renamed: a crash leaves the whole file or none.
fn make(path: &Path, key: &DataKey) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let hex: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let new = path.with_extension("new");
    let mut file = create_private(&new)?;
    file.write_all(format!("{FIRST_LINE}\n{hex}\n").as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    std::fs::File::open(directory)?.sync_all()
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    // What an interrupted start left may have other permissions.
    let _ = std::fs::remove_file(path);
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::File::create(path)
}

#[cfg(unix)]
fn warn_if_open(path: &Path, data: &std::fs::Metadata) {
    use std::os::unix::fs::PermissionsExt;
    if data.permissions().mode() & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "others than its owner may read the master key file");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_path: &Path, _data: &std::fs::Metadata) {}
