//! The built-in object store: buckets as directories of files.
//!
//! Owns: the files below its directory, their layout, and the operations on buckets, objects and uploads in parts.
//! Must never: know HTTP, S3's XML, or who asks; write outside its directory, whatever a key says.
#![forbid(unsafe_code)]
