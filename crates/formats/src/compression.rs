//! Compression of objects, and decompression with a bound.
