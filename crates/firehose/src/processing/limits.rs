//! Limits of processing, each with its unit.

/// Most bytes of a request to a function, and of its answer ([Lambda quotas], synchronous payload).
///
/// [Lambda quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
pub const PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Most records of one request to a function.
pub const BATCH_RECORDS_MAX: usize = 10_000;
/// Longest record that a function may return, in bytes: what a put may bring.
pub const RETURNED_BYTES_MAX: usize = 1_024_000;
/// Most partition values that a function or a query may give for a record.
pub const PARTITION_VALUES_MAX: usize = 50;
/// Longest name of a partition value, and longest value, in bytes. A key of S3 has 1,024 at most.
pub const PARTITION_TEXT_BYTES_MAX: usize = 1024;
/// Longest message in an error object, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024;
/// Most bytes that a record may have once decompressed. CloudWatch Logs sends at most 1 MiB before compression.
pub const DECOMPRESSED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest text of a query, in characters (botocore, `ProcessorParameterValue`).
pub const QUERY_CHARS_MAX: usize = 5120;
/// Steps that a query may take for a record: evaluated terms, visited values, and units of other work.
pub const QUERY_STEPS_MAX: u64 = 500_000;
/// Bytes that a query may make for a record, freed ones counted too.
pub const QUERY_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of the thread's stack that a query may take: a thread of the runtime has 2 MiB.
pub const QUERY_STACK_BYTES_MAX: usize = 512 * 1024;
/// Stack of the thread that compiles a query: its parser recurses with the text, whose length is bounded.
pub const QUERY_COMPILE_STACK_BYTES: usize = 128 * 1024 * 1024;
/// Deepest nesting of a value in a query.
pub const QUERY_DEPTH_MAX: u16 = 256;
