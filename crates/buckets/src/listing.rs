//! Listings, page by page, as ListObjects and ListObjectsV2 want them.

use crate::attributes::ObjectInfo;
use crate::error::{Error, Result};
use crate::limits::LIST_ENTRIES_MAX;
use crate::names::BucketName;
use crate::reader;
use crate::store::Store;
use crate::walk::{Step, Walk};

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// What keys begin with.
    pub prefix: String,
    /// Keys that have this behind the prefix are rolled up to it; none if empty.
    pub delimiter: String,
    /// Only keys after this. A common prefix that was told stands for all its keys.
    pub after: String,
    /// Entries at most; more than [`LIST_ENTRIES_MAX`] are that many.
    pub entries_max: usize,
}

/// An entry of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An object.
    Object(Box<ObjectInfo>),
    /// What several keys begin with.
    CommonPrefix(String),
}

impl Entry {
    /// The key or the common prefix.
    pub fn name(&self) -> &str {
        match self {
            Entry::Object(info) => info.key.as_str(),
            Entry::CommonPrefix(prefix) => prefix,
        }
    }
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// In the order of UTF-8's bytes.
    pub entries: Vec<Entry>,
    /// Whether there is more: the next page begins after the last entry's name.
    pub truncated: bool,
}

impl Store {
    /// Lists objects. What is written or deleted meanwhile may or may not be there.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], or the disk's.
    pub fn list(&self, bucket: &BucketName, query: &ListQuery) -> Result<Listing> {
        let objects = self.find(bucket)?.objects();
        let entries_max = query.entries_max.min(LIST_ENTRIES_MAX);
        let mut listing = Listing::default();
        if entries_max == 0 {
            return Ok(listing);
        }
        // With the usual delimiter a directory is a common prefix, which need not be gone into.
        let mut walk = Walk::new(&objects, &query.prefix, &query.after, query.delimiter == "/");
        if common_prefix(query, &query.after) == Some(&query.after) {
            walk.skip(&query.after);
        }
        while let Some(step) = walk.next()? {
            let entry = match step {
                Step::Directory(prefix, directory) => {
                    let has_any = match query.after.starts_with(&prefix) {
                        true => has_after(&objects, &prefix, &query.after)?,
                        false => Walk::has_any(&directory)?,
                    };
                    if !has_any {
                        continue;
                    }
                    Entry::CommonPrefix(prefix)
                }
                Step::Object(key, path) => match common_prefix(query, &key) {
                    Some(prefix) => {
                        walk.skip(prefix);
                        Entry::CommonPrefix(prefix.to_owned())
                    }
                    None => match reader::open(&path) {
                        Ok(reader) => Entry::Object(Box::new(reader.info().clone())),
                        // Deleted since.
                        Err(Error::NoSuchKey) => continue,
                        Err(error) => return Err(error),
                    },
                },
            };
            if listing.entries.len() == entries_max {
                listing.truncated = true;
                break;
            }
            listing.entries.push(entry);
        }
        Ok(listing)
    }
}

/// Whether any key that begins with `prefix` comes after `after`.
fn has_after(objects: &std::path::Path, prefix: &str, after: &str) -> Result<bool> {
    Walk::new(objects, prefix, after, false).next().map(|step| step.is_some())
}

/// What a key is rolled up to.
fn common_prefix<'a>(query: &ListQuery, key: &'a str) -> Option<&'a str> {
    let rest = key.strip_prefix(&query.prefix)?;
    if query.delimiter.is_empty() {
        return None;
    }
    let at = rest.find(&query.delimiter)?;
    Some(&key[..query.prefix.len() + at + query.delimiter.len()])
}
