//! Tests of the built-in object store, on real files.
#![forbid(unsafe_code)]

mod buckets;
mod check;
mod crash;
mod few_files;
mod format;
mod listing;
mod objects;
mod sealed;
mod sealed_uploads;
mod space;
mod support;
mod uploads;
