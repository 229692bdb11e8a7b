//! What SubscribeToShard sends: the first message, events with records, the exception that ends a subscription.

use millstream_api::ops::{EventException, SubscribeToShardEvent};
use millstream_api::{Error, GetRecordsReply};

use crate::event_stream::MessageWriter;
use crate::framing::around_records;
use crate::get_records_body::GetRecordsBody;
use crate::protocol::{Protocol, encode};

/// The first message of a subscription: botocore fails without it.
pub fn encode_initial_response(protocol: Protocol) -> Vec<u8> {
    let mut message = MessageWriter::new(&headers("initial-response", protocol), 2);
    message.payload().extend_from_slice(match protocol {
        Protocol::Json => b"{}",
        Protocol::Cbor => b"\xbf\xff",
    });
    message.finish()
}

/// An event with the records of `reply` (whose `next_shard_iterator` means nothing here) and where to subscribe again,
/// `None` at the end of a closed shard.
pub fn encode_push_event(
    protocol: Protocol,
    mut reply: GetRecordsReply,
    continuation: Option<String>,
) -> Vec<u8> {
    let around = SubscribeToShardEvent {
        records: Vec::new(),
        continuation_sequence_number: continuation,
        millis_behind_latest: reply.millis_behind_latest,
        child_shards: reply.child_shards.take(),
    };
    let body = GetRecordsBody::around(protocol, reply, around_records(protocol, &around));
    let headers = headers("SubscribeToShardEvent", protocol);
    let mut message = MessageWriter::new(&headers, body.content_length());
    body.write_all(message.payload());
    message.finish()
}

/// The exception that ends a subscription.
pub fn encode_push_exception(protocol: Protocol, error: &Error) -> Vec<u8> {
    let payload =
        encode(protocol, &EventException { message: Some(error.message.clone().into_owned()) });
    let headers = [
        (":message-type", "exception"),
        (":exception-type", error.code.as_str()),
        (":content-type", protocol.content_type()),
    ];
    let mut message = MessageWriter::new(&headers, payload.len());
    message.payload().extend_from_slice(&payload);
    message.finish()
}

fn headers(event: &str, protocol: Protocol) -> [(&str, &str); 3] {
    [(":message-type", "event"), (":event-type", event), (":content-type", protocol.content_type())]
}
