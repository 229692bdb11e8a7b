//! Every decoder of bytes from outside as a fuzz target. `FUZZ_TARGET` says which; one binary for all links once.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

type Decoder = fn(&[u8]);

/// The targets: the directories of `fuzz/seeds` bear the same names.
const TARGETS: &[(&str, Decoder)] = &[
    ("json", millstream_wire::fuzz::fuzz_json),
    ("cbor", millstream_wire::fuzz::fuzz_cbor),
    ("event_stream", millstream_wire::fuzz_event_stream),
    ("framing", millstream_gateway::fuzz_framing),
    ("object_chunks", millstream_gateway::fuzz_chunks),
    ("object_xml", millstream_gateway::fuzz_xml),
    ("object_file", millstream_buckets::fuzz_record),
    ("signature", millstream_auth::fuzz_request),
    ("policy", millstream_auth::policy::fuzz_policy),
    ("texts", millstream_types::fuzz_texts),
    ("token", millstream_streams::fuzz_token),
    ("aggregate", millstream_aggregate::fuzz_aggregate),
    ("records", millstream_records::fuzz_records),
    ("sealed", millstream_records::fuzz_sealed),
    ("log", millstream_log::fuzz_log),
    ("envelopes", millstream_replica::fuzz_envelopes),
    ("command", millstream_catalog::fuzz_command),
    ("queue", millstream_streams::fuzz_queue),
    ("delivery", millstream_firehose::fuzz_delivery),
    ("processed_block", millstream_firehose::fuzz_block),
    ("http_endpoint", millstream_sinks::fuzz_http_endpoint),
    ("splunk", millstream_sinks::fuzz_splunk),
    ("bulk", millstream_sinks::fuzz_bulk),
    ("jq", millstream_firehose::processing::fuzz_jq),
    ("function_reply", millstream_firehose::processing::fuzz_function_reply),
    ("prefix", millstream_formats::naming::fuzz_prefix),
    ("decompress", millstream_formats::compression::fuzz_decompress),
    ("deaggregate", millstream_formats::deaggregate::fuzz_deaggregate),
    ("logs_message", millstream_formats::logs_message::fuzz_logs_message),
    ("serde", millstream_formats::columnar::fuzz_serde),
];

static CHOSEN: LazyLock<Decoder> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.unwrap_or_else(|| panic!("FUZZ_TARGET names no target: {wanted:?}")).1
});

fuzz_target!(|input: &[u8]| CHOSEN(input));
