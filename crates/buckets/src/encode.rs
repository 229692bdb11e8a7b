//! From keys to paths and back. `docs/formats/buckets.md` draws it.
//!
//! A key is cut at its slashes; each piece but the last is a directory, the last a file. What a file system could
//! take amiss (case, dots, other alphabets, what is reserved) is encoded, so that every key has a path of its own,
//! none leaves the bucket, and a key may be the beginning of another.

use std::path::PathBuf;

/// Behind the name of a file of an object. A comma is in no encoded name.
const OBJECT_SUFFIX: &str = ",o";
/// Behind the name of a directory in which a long piece goes on.
const CONTINUED_SUFFIX: &str = ",c";
/// The name of a directory of an empty piece.
const EMPTY_DIRECTORY: &str = ",d";
/// Longest encoded piece that is a name by itself, in bytes; file systems take 255.
const NAME_BYTES_MAX: usize = 240;
/// Bytes of the key that a directory of a longer piece stands for: three bytes each when encoded.
const CONTINUED_BYTES: usize = 80;

/// What an entry of a directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// An object whose key ends in this piece.
    Object(Vec<u8>),
    /// The directory of a whole piece.
    Directory(Vec<u8>),
    /// The directory in which a piece that begins so goes on.
    Continued(Vec<u8>),
}

/// The path of an object's file, relative to the bucket's objects.
pub(crate) fn object_path(key: &str) -> PathBuf {
    let (directories, last) = key.rsplit_once('/').map_or((None, key), |(d, last)| (Some(d), last));
    let mut path = directories.map(directory_path).unwrap_or_default();
    path.push(piece_path(last.as_bytes(), OBJECT_SUFFIX));
    path
}

/// The path of the directory that holds what begins with these pieces and a slash.
pub(crate) fn directory_path(pieces: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for piece in pieces.split('/') {
        path.push(piece_path(piece.as_bytes(), ""));
    }
    path
}

/// The path of one piece, over as many directories as it takes.
fn piece_path(mut piece: &[u8], suffix: &str) -> PathBuf {
    let mut path = PathBuf::new();
    loop {
        let name = encode(piece);
        if name.len() <= NAME_BYTES_MAX {
            path.push(match (name.is_empty(), suffix.is_empty()) {
                (true, true) => EMPTY_DIRECTORY.to_owned(),
                _ => name + suffix,
            });
            return path;
        }
        let (head, rest) = piece.split_at(CONTINUED_BYTES);
        path.push(encode(head) + CONTINUED_SUFFIX);
        piece = rest;
    }
}

/// What an entry of a directory is; `None` if it is none of ours.
pub(crate) fn read_name(name: &str) -> Option<Name> {
    if name == EMPTY_DIRECTORY {
        return Some(Name::Directory(Vec::new()));
    }
    if let Some(name) = name.strip_suffix(OBJECT_SUFFIX) {
        return decode(name).map(Name::Object);
    }
    if let Some(name) = name.strip_suffix(CONTINUED_SUFFIX) {
        return decode(name).map(Name::Continued);
    }
    decode(name).map(Name::Directory)
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase()
        || byte.is_ascii_digit()
        || matches!(byte, b'-' | b'_' | b'.' | b'=' | b'+' | b'@')
}

/// Upper case is written as `^` and lower case: half of the file systems do not tell them apart.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            // `.`, `..` and hidden files are no names of ours.
            b'.' if index == 0 => out.push_str("%2e"),
            byte if is_plain(*byte) => out.push(char::from(*byte)),
            byte if byte.is_ascii_uppercase() => {
                out.extend(['^', char::from(byte.to_ascii_lowercase())]);
            }
            byte => push_hex(*byte, &mut out),
        }
    }
    out
}

fn push_hex(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(HEX[usize::from(value)]);
    out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// Strict: only what `encode` writes is read, so that no two names mean one key.
fn decode(name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(name.len());
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'^' => out.push(bytes.next()?.to_ascii_uppercase()),
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                out.push((high << 4 | low) as u8);
            }
            byte => out.push(byte),
        }
    }
    (encode(&out) == name).then_some(out)
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use super::*;

    /// The key that a path stands for.
    fn key_of(path: &std::path::Path) -> String {
        let mut key = Vec::new();
        for component in path.components() {
            match read_name(component.as_os_str().to_str().unwrap()).unwrap() {
                Name::Object(piece) | Name::Continued(piece) => key.extend(piece),
                Name::Directory(piece) => key.extend([piece, vec![b'/']].concat()),
            }
        }
        String::from_utf8(key).unwrap()
    }

    #[test]
    fn every_key_has_a_path_of_its_own_below_the_bucket() {
        let long = "A".repeat(1024);
        let umlauts = "ä".repeat(512);
        let slashes = "/".repeat(1024);
        let keys = [
            "a",
            "A",
            "a/b",
            "a/",
            "a//b",
            "/",
            "//",
            "/a",
            ".",
            "..",
            "../..",
            "a/../../b",
            "./a",
            ".hidden",
            "a,o",
            "a,c/b",
            ",d",
            "^a",
            "%41",
            "a b",
            "nul\0",
            "line\n",
            "con",
            "C:\\x",
            "é",
            "e\u{301}",
            "😀",
            "a/b/c.gz",
            "year=2024/Month=1",
            &long,
            &umlauts,
            &slashes,
        ];
        let mut seen = std::collections::BTreeMap::new();
        for key in keys {
            let path = object_path(key);
            assert_eq!(key_of(&path), key);
            assert!(path.components().all(|c| matches!(c, Component::Normal(_))), "{path:?}");
            for component in path.components() {
                let name = component.as_os_str().to_str().unwrap();
                assert!(name.len() <= 255 && !name.starts_with('.') && name.is_ascii());
                assert_eq!(name, name.to_ascii_lowercase());
            }
            assert_eq!(seen.insert(path, key), None, "{key}");
        }
    }

    #[test]
    fn what_a_listing_shows_is_a_path_that_reads_well() {
        assert_eq!(
            object_path("logs/2026/07/Flights-1-x.gz"),
            PathBuf::from("logs/2026/07/^flights-1-x.gz,o")
        );
    }

    #[test]
    fn names_that_are_not_ours_are_not_read() {
        for name in [".DS_Store", "A,o", "^1,o", "%61,o", "%4,o", "ä,o", "..", "%2E,o", ",x"] {
            assert_eq!(read_name(name), None, "{name}");
        }
        assert_eq!(read_name("a,o"), Some(Name::Object(b"a".to_vec())));
        assert_eq!(read_name(",o"), Some(Name::Object(Vec::new())));
    }
}
