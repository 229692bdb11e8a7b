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

/// The key of the file. One that is missing is made, unless the data needs the one that was (`needed`). Whatever is
/// wrapped with a key of this function finds the same key in the file again, though several servers share the file.
pub fn load_or_make(path: &Path, needed: bool, random: &dyn Random) -> Result<DataKey, String> {
    match load(path)? {
        Some(key) if needed => Ok(key),
        Some(key) => {
            // Another server may have made it a moment ago. A place that cannot be synced holds a file that was put
            // there.
            if let Err(error) = settle(path) {
                tracing::warn!(file = %path.display(), %error, "the master key file cannot be synced");
            }
            Ok(key)
        }
        None if needed => Err(missing(path)),
        None => {
            make(path, random).map_err(|error| {
                format!("the master key file {} cannot be made: {error}", path.display())
            })?;
            // What the file holds counts: another server may have been first.
            load(path)?.ok_or_else(|| format!("{} was taken away", path.display()))
        }
    }
}

/// What is said of a file that is not there though the data needs it.
pub fn missing(path: &Path) -> String {
    format!(
        "the master key file {} is missing, and the data cannot be read without it: put it back (a new one would not \
         open anything)",
        path.display()
    )
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

/// Makes the file with a new key if there is none. Written beside its place, under a name of its own, and linked: a
/// crash leaves the whole file or none, and nothing that is there is ever replaced or removed.
fn make(path: &Path, random: &dyn Random) -> std::io::Result<()> {
    std::fs::create_dir_all(directory_of(path))?;
    let new = beside(path, random);
    let written = write_private(&new, &DataKey::random(random));
    let linked = written.and_then(|()| match std::fs::hard_link(&new, path) {
        // Another server was first: its key is the key.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // Left behind it is as private as the file.
    let _ = std::fs::remove_file(&new);
    linked?;
    settle(path)
}

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// A name in the same directory that nothing else has.
fn beside(path: &Path, random: &dyn Random) -> PathBuf {
    let mut own = [0; 16];
    random.fill(&mut own);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", hex(&own)));
    path.with_file_name(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Has a file outlive a crash of the machine.
fn settle(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path)?.sync_all()?;
    std::fs::File::open(directory_of(path))?.sync_all()
}

fn write_private(path: &Path, key: &DataKey) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(format!("{FIRST_LINE}\n{}\n", hex(key.bytes())).as_bytes())?;
    file.sync_all()
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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use millstream_testkit::Scratch;

    use super::*;
    use crate::entropy::Entropy;

    fn made(path: &Path) -> DataKey {
        load_or_make(path, false, &Entropy::new()).unwrap()
    }

    #[test]
    fn servers_that_start_at_once_have_the_same_key() {
        const SERVERS: usize = 4;
        let scratch = Scratch::new();
        for round in 0..100 {
            let path = scratch.path().join(format!("{round}.key"));
            let start = Barrier::new(SERVERS);
            let keys: Vec<DataKey> = std::thread::scope(|scope| {
                let server = || {
                    start.wait();
                    made(&path)
                };
                let servers: Vec<_> = (0..SERVERS).map(|_| scope.spawn(server)).collect();
                servers.into_iter().map(|server| server.join().unwrap()).collect()
            });
            let kept = load(&path).unwrap().unwrap();
            assert!(keys.iter().all(|key| *key == kept), "round {round}");
        }
        // Nothing but the files is left.
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 100);
    }

    #[test]
    fn a_server_that_comes_second_takes_the_first_ones_key() {
        let scratch = Scratch::new();
        let path = scratch.path().join("prod.key");
        let first = made(&path);
        // As if the second had looked before the file was there.
        make(&path, &Entropy::new()).unwrap();
        assert_eq!(made(&path), first);
    }

    #[test]
    fn neighbours_of_the_file_stay() {
        let scratch = Scratch::new();
        for name in ["prod.new", "prod.key.new", ".prod.key.new"] {
            std::fs::write(scratch.path().join(name), name).unwrap();
        }
        made(&scratch.path().join("prod.key"));
        for name in ["prod.new", "prod.key.new", ".prod.key.new"] {
            assert_eq!(std::fs::read_to_string(scratch.path().join(name)).unwrap(), name);
        }
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 4);
    }
}
