//! What is written around the records of a reply, taken from the generic encoder so that both always agree.

use memchr::memmem;
use millstream_api::Record;

use crate::cbor_sink;
use crate::json_sink;
use crate::protocol::{Protocol, encode};

/// Encodes a reply whose `Records` is empty and cuts it within that list.
pub(crate) fn around_records<'v, T: Record<'v>>(
    protocol: Protocol,
    reply: &T,
) -> (Vec<u8>, Vec<u8>) {
    let opening: &[u8] = match protocol {
        Protocol::Json => b"\"Records\":[",
        Protocol::Cbor => b"\x67Records\x9f",
    };
    let mut head = encode(protocol, reply);
    // No text comes before `Records` in the replies that have it, so the first match is the member.
    let cut = memmem::find(&head, opening).map_or(head.len(), |at| at + opening.len());
    let tail = head.split_off(cut);
    (head, tail)
}

/// Writes text as the protocol does.
pub(crate) fn write_text(protocol: Protocol, out: &mut Vec<u8>, text: &str) {
    match protocol {
        Protocol::Json => json_sink::write_text(out, text),
        Protocol::Cbor => cbor_sink::write_text(out, text),
    }
}

/// How many bytes `write_text` writes.
pub(crate) fn text_length(protocol: Protocol, text: &str) -> usize {
    match protocol {
        Protocol::Json => json_sink::text_length(text),
        Protocol::Cbor => cbor_sink::text_length(text),
    }
}
