//! Entry points of the fuzz targets: any bytes may come, nothing may panic, memory stays within a small multiple.

use millstream_api::ops::{
    AddTagsToStreamInput, CreateStreamInput, GetRecordsOutput, GetShardIteratorInput,
    ListShardsInput, PutRecordInput, PutRecordsInput,
};
use millstream_api::{Record, firehose};

use crate::protocol::Protocol;
use crate::unknown::Unknown;
use crate::{
    decode, decode_delivery_record, decode_error, decode_output, decode_put_record,
    decode_put_record_batch, decode_put_records, peek_texts,
};

/// Decodes JSON as several requests and replies.
pub fn fuzz_json(body: &[u8]) {
    fuzz(Protocol::Json, body);
}

/// Decodes CBOR as several requests and replies.
pub fn fuzz_cbor(body: &[u8]) {
    fuzz(Protocol::Cbor, body);
}

fn fuzz(protocol: Protocol, body: &[u8]) {
    let mut unknown = Unknown::default();
    fuzz_shape::<CreateStreamInput>(protocol, body);
    fuzz_shape::<AddTagsToStreamInput>(protocol, body);
    fuzz_shape::<ListShardsInput>(protocol, body);
    fuzz_shape::<GetShardIteratorInput>(protocol, body);
    fuzz_shape::<firehose::CreateDeliveryStreamInput>(protocol, body);
    fuzz_shape::<firehose::UpdateDestinationInput>(protocol, body);
    let _ = decode_output::<GetRecordsOutput<'_>>(protocol, body);
    let _ = decode_error(protocol, body);
    let _ = peek_texts(protocol, body, ["StreamName", "ShardIterator"]);

    let fast = decode_put_records(protocol, body, &mut unknown);
    let slow = decode::<PutRecordsInput<'_>>(protocol, body, &mut unknown);
    let bad_blob = |input: &PutRecordsInput<'_>| {
        input.records.iter().any(|record| record.data.check().is_err())
    };
    assert!(fast == slow || (slow.is_err() && fast.as_ref().is_ok_and(bad_blob)));

    let fast = decode_put_record(protocol, body, &mut unknown);
    let slow = decode::<PutRecordInput<'_>>(protocol, body, &mut unknown);
    let bad_blob = |input: &PutRecordInput<'_>| input.data.check().is_err();
    assert!(fast == slow || (slow.is_err() && fast.as_ref().is_ok_and(bad_blob)));
    fuzz_delivery(protocol, body);
}

fn fuzz_delivery(protocol: Protocol, body: &[u8]) {
    let mut unknown = Unknown::default();
    let fast = decode_put_record_batch(protocol, body, &mut unknown);
    let slow = decode::<firehose::PutRecordBatchInput<'_>>(protocol, body, &mut unknown);
    let bad_blob = |input: &firehose::PutRecordBatchInput<'_>| {
        input.records.iter().any(|record| record.data.check().is_err())
    };
    assert!(fast == slow || (slow.is_err() && fast.as_ref().is_ok_and(bad_blob)));

    let fast = decode_delivery_record(protocol, body, &mut unknown);
    let slow = decode::<firehose::PutRecordInput<'_>>(protocol, body, &mut unknown);
    let bad_blob = |input: &firehose::PutRecordInput<'_>| input.record.data.check().is_err();
    assert!(fast == slow || (slow.is_err() && fast.as_ref().is_ok_and(bad_blob)));
}

/// What decodes encodes to what decodes the same.
fn fuzz_shape<T: for<'a> Record<'a> + PartialEq>(protocol: Protocol, body: &[u8]) {
    let mut unknown = Unknown::default();
    let Ok(value) = decode::<T>(protocol, body, &mut unknown) else { return };
    let again = crate::encode(protocol, &value);
    assert!(decode::<T>(protocol, &again, &mut unknown).is_ok_and(|same| same == value));
}
