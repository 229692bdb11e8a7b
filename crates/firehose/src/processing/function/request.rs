//! What a function is sent.

use base64_simd::STANDARD;
use millstream_wire::json::write_text;

use super::batch::Batch;
use super::record_id_text;
use crate::processing::Piece;

/// Most bytes of a request beside its records: names have limits.
pub(super) const FRAME_BYTES_MAX: usize = 2048;
/// Most bytes that a record adds beside its data and the texts of its origin.
const RECORD_FRAME_BYTES_MAX: usize = 320;

/// What is told of a call as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// A new id: the same for each attempt of the call.
    pub id: String,
    /// The delivery stream's ARN.
    pub delivery_stream_arn: &'a str,
    /// The ARN of the stream that is its source, if one is.
    pub source_stream_arn: Option<&'a str>,
    /// The region.
    pub region: &'a str,
}

/// Most bytes that a record takes in a request.
pub(super) fn encoded_bytes_max(piece: &Piece) -> usize {
    let origin = piece.record.stream.as_ref().map_or(0, |origin| {
        // A character of a text becomes six at most.
        6 * (origin.partition_key.len() + origin.sequence_number.len() + origin.shard_id.len())
    });
    RECORD_FRAME_BYTES_MAX + piece.record.data.len().div_ceil(3) * 4 + origin
}

impl Batch {
    /// The request: JSON as the contract has it.
    pub fn request(&self, invocation: &Invocation<'_>) -> Vec<u8> {
        let records: usize = self.pieces.iter().map(encoded_bytes_max).sum();
        let mut out = Vec::with_capacity(FRAME_BYTES_MAX + records);
        out.extend_from_slice(b"{\"invocationId\":");
        write_text(&mut out, &invocation.id);
        if let Some(arn) = invocation.source_stream_arn {
            out.extend_from_slice(b",\"sourceKinesisStreamArn\":");
            write_text(&mut out, arn);
        }
        out.extend_from_slice(b",\"deliveryStreamArn\":");
        write_text(&mut out, invocation.delivery_stream_arn);
        out.extend_from_slice(b",\"region\":");
        write_text(&mut out, invocation.region);
        out.extend_from_slice(b",\"records\":[");
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_record(&mut out, piece);
        }
        out.extend_from_slice(b"]}");
        out
    }
}

fn write_record(out: &mut Vec<u8>, piece: &Piece) {
    let record = &piece.record;
    out.extend_from_slice(b"{\"recordId\":");
    write_text(out, &record_id_text(record.id));
    write_arrival(out, piece);
    out.extend_from_slice(b",\"data\":\"");
    STANDARD.encode_append(&record.data, out);
    out.push(b'"');
    if let Some(origin) = &record.stream {
        out.extend_from_slice(b",\"kinesisRecordMetadata\":{\"sequenceNumber\":");
        write_text(out, &origin.sequence_number);
        let subsequence = format!(",\"subsequenceNumber\":{}", origin.subsequence_number);
        out.extend_from_slice(subsequence.as_bytes());
        out.extend_from_slice(b",\"partitionKey\":");
        write_text(out, &origin.partition_key);
        out.extend_from_slice(b",\"shardId\":");
        write_text(out, &origin.shard_id);
        write_arrival(out, piece);
        out.push(b'}');
    }
    out.push(b'}');
}

fn write_arrival(out: &mut Vec<u8>, piece: &Piece) {
    let text = format!(",\"approximateArrivalTimestamp\":{}", piece.record.arrival.0);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::batch::batches;
    use super::super::settle::tests::piece;
    use super::*;
    use crate::record::StreamOrigin;

    fn text(piece: Piece, source_stream_arn: Option<&str>) -> String {
        let invocation = Invocation {
            id: "i".into(),
            delivery_stream_arn: "arn:d",
            source_stream_arn,
            region: "eu-west-1",
        };
        let [batch] = &batches([piece], 1)[..] else { panic!("one record, one batch") };
        String::from_utf8(batch.request(&invocation)).unwrap()
    }

    #[test]
    fn a_record_that_was_put_is_sent_as_the_contract_says() {
        let expected = concat!(
            r#"{"invocationId":"i","deliveryStreamArn":"arn:d","region":"eu-west-1","records":["#,
            r#"{"recordId":"000000000000000000000000000007000000","#,
            r#""approximateArrivalTimestamp":1007,"data":"YWJj"}]}"#
        );
        assert_eq!(text(piece(7, b"abc"), None), expected);
    }

    #[test]
    fn a_record_of_a_stream_brings_where_it_was() {
        let mut piece = piece(7, b"abc");
        piece.record.stream = Some(StreamOrigin {
            partition_key: Arc::from("a\"b"),
            sequence_number: "49".into(),
            subsequence_number: 3,
            shard_id: "shardId-000000000001".into(),
        });
        let expected = concat!(
            r#"{"invocationId":"i","sourceKinesisStreamArn":"arn:s","deliveryStreamArn":"arn:d","#,
            r#""region":"eu-west-1","records":["#,
            r#"{"recordId":"000000000000000000000000000007000000","#,
            r#""approximateArrivalTimestamp":1007,"data":"YWJj","#,
            r#""kinesisRecordMetadata":{"sequenceNumber":"49","subsequenceNumber":3,"#,
            r#""partitionKey":"a\"b","shardId":"shardId-000000000001","#,
            r#""approximateArrivalTimestamp":1007}}]}"#
        );
        assert_eq!(text(piece, Some("arn:s")), expected);
    }
}
