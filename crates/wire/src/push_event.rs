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

#[cfg(test)]
mod tests {
    use millstream_api::ErrorCode;

    use super::*;
    use crate::event_stream::read_message;

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn an_exception_has_the_bytes_that_botocore_reads() {
        // Written apart from this code, and read by botocore's `EventStreamBuffer`.
        let expected = bytes(
            "0000008c0000006ebb3ecea50d3a6d6573736167652d74797065070009657863657074696f6e0f3a657863657074696f\
             6e2d747970650700165265736f75726365496e557365457863657074696f6e0d3a636f6e74656e742d7479706507001a\
             6170706c69636174696f6e2f782d616d7a2d63626f722d312e31bf676d65737361676563776879ff85ac10aa",
        );
        let error = Error::new(ErrorCode::ResourceInUseException, "why");
        assert_eq!(encode_push_exception(Protocol::Cbor, &error), expected);
    }

    #[test]
    fn an_event_without_records_has_the_bytes_that_botocore_reads() {
        let reply = GetRecordsReply { millis_behind_latest: 5, ..GetRecordsReply::default() };
        let event = encode_push_event(Protocol::Json, reply, Some("7".into()));
        assert_eq!(event[..12], bytes("000000bb000000653fed73bb"));
        assert_eq!(event[event.len() - 4..], bytes("83f0e1a8"));
        let (message, _) = read_message(&event).unwrap().unwrap();
        assert_eq!(
            message.payload,
            br#"{"Records":[],"ContinuationSequenceNumber":"7","MillisBehindLatest":5}"#
        );
    }

    #[test]
    fn an_event_holds_its_records_as_the_generic_encoder_writes_them() {
        let data = vec![7u8; 300_000];
        let block = bytes::Bytes::from(data.clone());
        let number = millstream_types::SequenceNumber::of_record(
            1_700_000_000,
            millstream_types::ShardId(3),
            9,
            millstream_types::Millis(1_700_000_000_123),
        );
        let record = millstream_api::RecordAt {
            block: 0,
            data: 0..300_000,
            partition_key: Some(0..1),
            sequence: number.digits(),
            arrival: millstream_types::Millis(1_700_000_000_123),
        };
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let reply = GetRecordsReply {
                blocks: vec![block.clone()],
                records: vec![record.clone()],
                ..GetRecordsReply::default()
            };
            let event = encode_push_event(protocol, reply, Some("7".into()));
            let (message, taken) = read_message(&event).unwrap().unwrap();
            assert_eq!(taken, event.len());
            let record = millstream_api::ops::Record {
                sequence_number: number.to_string().into(),
                approximate_arrival_timestamp: Some(millstream_types::Millis(1_700_000_000_123)),
                data: millstream_api::Blob::Raw(data.clone().into()),
                partition_key: Some("\u{7}".into()),
                encryption_type: None,
            };
            let generic = SubscribeToShardEvent {
                records: vec![record],
                continuation_sequence_number: Some("7".into()),
                millis_behind_latest: 0,
                child_shards: None,
            };
            assert!(message.payload == encode(protocol, &generic), "{protocol:?}");
        }
    }
}
