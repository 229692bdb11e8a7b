//! Names of objects: prefixes with expressions, and the part that Firehose adds.
