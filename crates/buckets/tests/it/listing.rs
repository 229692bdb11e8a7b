//! Listings, compared with a sorted map.

use std::collections::BTreeSet;
use std::sync::Arc;

use millstream_buckets::{BucketName, ListQuery, Store};
use millstream_types::{Random, SeededRandom};

use crate::support::{Home, key, put};

/// What a listing must say: keys and common prefixes after `after`, `max` at most, and whether there are more.
fn model(keys: &BTreeSet<String>, query: &ListQuery) -> (Vec<String>, bool) {
    let rolled = |key: &str| -> Option<String> {
        let rest = key.strip_prefix(query.prefix.as_str())?;
        let at = rest.find(&query.delimiter).filter(|_| !query.delimiter.is_empty())?;
        Some(key[..query.prefix.len() + at + query.delimiter.len()].to_owned())
    };
    let told = rolled(&query.after).filter(|prefix| *prefix == query.after);
    let mut found = BTreeSet::new();
    for key in keys {
        let skipped = told.as_ref().is_some_and(|told| key.starts_with(told.as_str()));
        if key.starts_with(&query.prefix) && *key > query.after && !skipped {
            found.insert(rolled(key).unwrap_or_else(|| key.clone()));
        }
    }
    let more = found.len() > query.entries_max;
    (found.into_iter().take(query.entries_max).collect(), more)
}

fn check(store: &Arc<Store>, bucket: &BucketName, keys: &BTreeSet<String>, query: &ListQuery) {
    let listing = store.list(bucket, query).unwrap();
    let names: Vec<String> = listing.entries.iter().map(|entry| entry.name().to_owned()).collect();
    assert_eq!((names, listing.truncated), model(keys, query), "{query:?}");
}

fn pick<'a>(random: &SeededRandom, from: &[&'a str]) -> &'a str {
    from[random.next_u64() as usize % from.len()]
}

#[test]
fn listings_are_those_of_a_sorted_map() {
    let (_home, store, bucket) = Home::with_bucket();
    let random = SeededRandom::new(7);
    let long = "y".repeat(250);
    let longer = format!("{long}!z");
    let pieces = ["a", "b", "B", "/", "/", "-", "!", "ä", "a/", "", &long, &longer, "😀", ",c"];
    let mut keys = BTreeSet::new();
    let random_key = || -> String {
        (0..1 + random.next_u64() % 5).map(|_| pick(&random, &pieces)).collect::<String>()
    };
    for _ in 0..200 {
        let candidate = random_key();
        if (1..=1024).contains(&candidate.len()) {
            put(&store, &bucket, &candidate, b"x");
            keys.insert(candidate);
        }
    }
    for key in keys.iter().step_by(5).cloned().collect::<Vec<_>>() {
        store.delete(&bucket, &self::key(&key), &Default::default()).unwrap();
        keys.remove(&key);
    }
    let all: Vec<String> = keys.iter().cloned().collect();
    for _ in 0..1500 {
        let one = |random: &SeededRandom| all[random.next_u64() as usize % all.len()].clone();
        let text = |random: &SeededRandom| match random.next_u64() % 4 {
            0 => String::new(),
            1 => random_key(),
            2 => one(random),
            _ => {
                let mut text = one(random);
                while !text.is_empty() && !random.next_u64().is_multiple_of(3) {
                    text.pop();
                }
                text
            }
        };
        let query = ListQuery {
            prefix: text(&random),
            delimiter: pick(&random, &["", "/", "/", "a", "//", "ä"]).to_owned(),
            after: text(&random),
            entries_max: 1 + random.next_u64() as usize % 12,
        };
        check(&store, &bucket, &keys, &query);
    }
}

#[test]
fn pages_of_a_large_directory_make_the_whole() {
    let (_home, store, bucket) = Home::with_bucket();
    let mut keys = BTreeSet::new();
    // More than a window of a directory.
    for n in 0..1100 {
        keys.insert(format!("d/{:04}", (n * 7919) % 10_000));
    }
    keys.insert("d/5000/x".to_owned());
    for key in &keys {
        put(&store, &bucket, key, b"");
    }
    for (delimiter, entries_max) in [("", 1000), ("/", 13), ("", 500)] {
        let mut query = ListQuery {
            prefix: "d/".into(),
            delimiter: delimiter.into(),
            entries_max,
            ..ListQuery::default()
        };
        let mut seen = BTreeSet::new();
        loop {
            let listing = store.list(&bucket, &query).unwrap();
            seen.extend(listing.entries.iter().map(|entry| entry.name().to_owned()));
            let Some(last) = listing.entries.last().filter(|_| listing.truncated) else { break };
            query.after = last.name().to_owned();
        }
        assert_eq!(seen.len(), keys.len(), "{delimiter} {entries_max}");
    }
    let nothing = ListQuery { entries_max: 0, ..ListQuery::default() };
    assert!(!store.list(&bucket, &nothing).unwrap().truncated);
}
