//! Layouts that are not known, or not known any more: the directory stays as it is.

use std::fs;
use std::path::Path;

use millstream_buckets::{Error, FORMAT_NEWEST, FormatError, finalize, format_of};

use crate::support::{Home, get, put};

/// Every file and directory below a directory, with what a file holds.
fn listing(directory: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let is_directory = path.is_dir();
        all.push((path.display().to_string(), (!is_directory).then(|| fs::read(&path).unwrap())));
        if is_directory {
            all.extend(listing(&path));
        }
    }
    all.sort();
    all
}

#[test]
fn an_unknown_layout_is_refused_untouched_with_both_versions_named() {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "k", b"x");
    drop(store);
    let format = home.directory.join("FORMAT");
    for (text, found) in [
        ("millstream buckets 9\n", "buckets format 9,"),
        ("millstream buckets 12", "buckets format 12,"),
        ("millstream buckets x\n", "buckets format \"millstream buckets x\","),
        ("something else", "buckets format \"something else\","),
    ] {
        fs::write(&format, text).unwrap();
        let before = listing(&home.directory);
        let error = home.try_open().err().unwrap();
        assert!(
            matches!(&error, Error::Format(FormatError::Unknown { known: FORMAT_NEWEST, .. })),
            "{error:?}"
        );
        let said = error.to_string();
        assert!(said.contains(found) && said.contains("knows up to 1;"), "{said}");
        assert!(matches!(
            finalize(&home.directory),
            Err(Error::Format(FormatError::Unknown { .. }))
        ));
        assert_eq!(listing(&home.directory), before);
    }
}

#[test]
fn a_format_that_was_lost_is_not_made_up() {
    let (home, store, bucket) = Home::with_bucket();
    put(&store, &bucket, "k", b"x");
    drop(store);
    let format = home.directory.join("FORMAT");
    for text in [None, Some(""), Some("millstream b"), Some("millstream buckets ")] {
        fs::remove_file(&format).unwrap();
        text.iter().for_each(|text| fs::write(&format, text).unwrap());
        let before = listing(&home.directory);
        let error = home.try_open().err().unwrap();
        assert!(matches!(error, Error::Format(FormatError::Lost { .. })), "{error:?}");
        assert!(error.to_string().contains("`millstream buckets 1`"), "{error}");
        assert!(finalize(&home.directory).is_err());
        assert_eq!(listing(&home.directory), before);
        fs::write(&format, "millstream buckets 1\n").unwrap();
    }
    assert_eq!(get(&home.open(), &bucket, "k").unwrap(), b"x");
}

#[test]
fn a_first_start_that_was_cut_short_begins_again() {
    for text in [None, Some(""), Some("millstream buckets ")] {
        let home = Home::new();
        fs::create_dir_all(home.directory.join("names")).unwrap();
        text.iter().for_each(|text| fs::write(home.directory.join("FORMAT"), text).unwrap());
        assert_eq!(format_of(&home.directory).unwrap(), None);
        assert_eq!(finalize(&home.directory).unwrap(), None);
        drop(home.open());
        assert_eq!(format_of(&home.directory).unwrap(), Some(1));
        assert_eq!(finalize(&home.directory).unwrap(), Some((1, 1)));
    }
    assert_eq!(format_of(Path::new("/no/such/directory")).unwrap(), None);
}

#[test]
fn what_is_in_use_is_not_finalized() {
    let (home, store, _) = Home::with_bucket();
    let error = finalize(&home.directory).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(store);
    assert_eq!(finalize(&home.directory).unwrap(), Some((1, 1)));
}
