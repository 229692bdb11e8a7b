//! What comes of a batch once the function has answered, or has failed for good.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use base64_simd::STANDARD;
use bytes::Bytes;
use millstream_types::Millis;

use super::batch::Batch;
use super::reply::{Answer, Partition};
use super::{FUNCTION_ERROR, read_reply, record_id_text};
use crate::processing::Piece;
use crate::processing::error_document::{Failure, processing_failed};
use crate::processing::limits::{PAYLOAD_BYTES_MAX, RETURNED_BYTES_MAX};
use crate::record::{Failed, PartitionSource};

/// What a batch became.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Transformed {
    /// The records that go on, in the batch's order, with what the function returned.
    pub pieces: Vec<Piece>,
    /// The records that failed.
    pub failed: Vec<Failed>,
    /// How many the function dropped.
    pub dropped: u64,
}

/// What is said of failed records beside the reason.
struct Circumstances<'a> {
    arn: &'a str,
    attempts: u32,
    ended: Millis,
}

/// Why a record failed.
type Reason<'a> = (&'a str, Cow<'a, str>);

impl Batch {
    /// Settles an answer. `attempts` is how many calls were made, the answered one included; `ended` is when it came.
    ///
    /// AWS's rules: what is no JSON of the contract's shape fails all records; a record whose id is missing or comes
    /// twice fails, others do not; ids that were not asked about are ignored.
    pub fn settle(self, arn: &str, payload: &[u8], attempts: u32, ended: Millis) -> Transformed {
        if payload.len() > PAYLOAD_BYTES_MAX {
            let (code, _) = FUNCTION_ERROR;
            let message = format!(
                "Response payload size exceeded maximum allowed payload size \
                 ({PAYLOAD_BYTES_MAX} bytes)."
            );
            return self.fail(arn, code, &message, attempts, ended);
        }
        let Ok(answers) = read_reply(payload) else {
            return self.fail(
                arn,
                "Lambda.JsonProcessingException",
                "There was an error parsing returned records from the Lambda function. Ensure \
                 that the returned records follow the status model required by Amazon Data \
                 Firehose.",
                attempts,
                ended,
            );
        };
        let mut by_id = index(answers);
        let circumstances = Circumstances { arn, attempts, ended };
        let mut transformed = Transformed::default();
        for piece in self.pieces {
            let answer = by_id.remove(&*record_id_text(piece.record.id));
            settle_piece(piece, answer, &circumstances, &mut transformed);
        }
        transformed
    }

    /// Fails all records: the function was called as often as is configured.
    pub fn fail(
        self,
        arn: &str,
        code: &str,
        message: &str,
        attempts: u32,
        ended: Millis,
    ) -> Transformed {
        let circumstances = Circumstances { arn, attempts, ended };
        let failed =
            self.pieces.iter().map(|piece| failed(piece, (code, message.into()), &circumstances));
        Transformed { failed: failed.collect(), ..Transformed::default() }
    }
}

/// An answer, or that there are several of one id.
enum Said<'a> {
    Once(Answer<'a>),
    Repeatedly,
}

fn index(answers: Vec<Answer<'_>>) -> HashMap<String, Said<'_>> {
    let mut by_id = HashMap::with_capacity(answers.len());
    for mut answer in answers {
        let Some(id) = answer.id.take() else { continue };
        match by_id.entry(id.into_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(Said::Once(answer));
            }
            Entry::Occupied(mut entry) => {
                entry.insert(Said::Repeatedly);
            }
        }
    }
    by_id
}

fn settle_piece(
    mut piece: Piece,
    answer: Option<Said<'_>>,
    circumstances: &Circumstances<'_>,
    transformed: &mut Transformed,
) {
    match verdict(answer) {
        Ok(Some((data, keys))) => {
            piece.record.data = data;
            for (key, value) in keys {
                piece.partition.set(PartitionSource::Lambda, key, value);
            }
            transformed.pieces.push(piece);
        }
        Ok(None) => transformed.dropped += 1,
        Err(reason) => transformed.failed.push(failed(&piece, reason, circumstances)),
    }
}

fn failed(piece: &Piece, reason: Reason<'_>, circumstances: &Circumstances<'_>) -> Failed {
    let failure = Failure {
        raw: &piece.raw,
        code: reason.0,
        message: &reason.1,
        attempts: circumstances.attempts,
        arrival: piece.record.arrival,
        ended: circumstances.ended,
    };
    processing_failed(&failure, Some(circumstances.arn))
}

/// The data and partition keys of a record that goes on; `None` for one that is dropped.
type Kept = Option<(Bytes, Vec<(String, String)>)>;

fn verdict(answer: Option<Said<'_>>) -> Result<Kept, Reason<'static>> {
    const FORMAT: &str = "Lambda.InvalidReturnFormat";
    let answer = match answer {
        Some(Said::Once(answer)) => answer,
        Some(Said::Repeatedly) => {
            return Err((
                "Lambda.DuplicatedRecordId",
                "Multiple records were returned with the same record Id. Ensure that the Lambda \
                 function returns a unique record Id for each record."
                    .into(),
            ));
        }
        None => {
            return Err((
                "Lambda.MissingRecordId",
                "One or more record Ids were not returned. Ensure that the Lambda function \
                 returns all received record Ids."
                    .into(),
            ));
        }
    };
    match answer.result.as_deref() {
        Some("Ok") => {}
        Some("Dropped") => return Ok(None),
        Some("ProcessingFailed") => {
            let message = "ProcessingFailed status set for record";
            return Err(("Lambda.ProcessingFailedStatus", message.into()));
        }
        _ => {
            let message = "The result field must be Ok, Dropped or ProcessingFailed.";
            return Err((FORMAT, message.into()));
        }
    }
    let Some(text) = answer.data else {
        return Err((
            FORMAT,
            "The data field cannot be null when the SourceType is DirectPut or \
             KinesisStreamAsSource and processing result is Ok. The value field cannot be null \
             when the SourceType is MSKAsSource and processing result is Ok."
                .into(),
        ));
    };
    let Ok(data) = STANDARD.decode_to_vec(text.as_bytes()) else {
        return Err((FORMAT, "The data field must be base64.".into()));
    };
    if data.len() > RETURNED_BYTES_MAX {
        let message = format!(
            "The data field holds {} bytes, {RETURNED_BYTES_MAX} at most are allowed.",
            data.len()
        );
        return Err((FORMAT, message.into()));
    }
    match answer.partition {
        Partition::Keys(keys) => Ok(Some((data.into(), keys))),
        Partition::Unusable(why) => {
            Err(("DynamicPartitioning.MetadataExtractionFailed", why.into()))
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::batch::batches;
    use super::*;
    use crate::record::{PartitionValues, RecordId, SourceRecord};

    const ARN: &str = "arn:f";

    /// A piece at a position, which arrived a second and as many milliseconds after the epoch.
    pub fn piece(position: u64, data: &[u8]) -> Piece {
        let data = Bytes::copy_from_slice(data);
        let record = SourceRecord {
            id: RecordId { log: 0, position, part: 0 },
            arrival: Millis(1000 + position),
            data: data.clone(),
            stream: None,
        };
        Piece { record, raw: data, partition: PartitionValues::default() }
    }

    fn id(position: u64) -> String {
        record_id_text(RecordId { log: 0, position, part: 0 })
    }

    /// Settles an answer to records 1, 2 and 3; `$1` stands for the id of record 1.
    fn settle(payload: &str) -> Transformed {
        let payload =
            (1..=3).fold(payload.to_owned(), |text, n| text.replace(&format!("${n}"), &id(n)));
        let pieces = [piece(1, b"one"), piece(2, b"two"), piece(3, b"three")];
        let batch = batches(pieces, 1000).remove(0);
        batch.settle(ARN, payload.as_bytes(), 1, Millis(9))
    }

    fn codes(transformed: &Transformed) -> Vec<String> {
        let code = |failed: &Failed| {
            let text = std::str::from_utf8(&failed.document).unwrap();
            let (_, rest) = text.split_once("\"errorCode\":\"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        transformed.failed.iter().map(code).collect()
    }

    fn ok(id: &str, rest: &str) -> String {
        format!("{{\"recordId\":\"{id}\",\"result\":\"Ok\"{rest}}}")
    }

    #[test]
    fn records_go_on_are_dropped_or_fail_one_by_one() {
        let payload = r#"{"records":[
            {"recordId":"$3","result":"ProcessingFailed","data":"eA=="},
            {"recordId":"$1","result":"Ok","data":"T05F",
             "metadata":{"partitionKeys":{"c":"d","a":"b"}}},
            {"recordId":"$2","result":"Dropped"},
            {"recordId":"unknown","result":"Ok","data":"eA=="}]}"#;
        let transformed = settle(payload);
        assert_eq!(transformed.pieces.len(), 1);
        let kept = &transformed.pieces[0];
        assert_eq!((&*kept.record.data, &*kept.raw), (&b"ONE"[..], &b"one"[..]));
        assert_eq!(kept.partition.get(PartitionSource::Lambda, "a"), Some("b"));
        assert_eq!(kept.partition.len(), 2);
        assert_eq!(transformed.dropped, 1);
        let expected = concat!(
            r#"{"rawData":"dGhyZWU=","errorCode":"Lambda.ProcessingFailedStatus","#,
            r#""errorMessage":"ProcessingFailed status set for record","attemptsMade":1,"#,
            r#""arrivalTimestamp":1003,"attemptEndingTimestamp":9,"lambdaARN":"arn:f"}"#,
            "\n"
        );
        assert_eq!(std::str::from_utf8(&transformed.failed[0].document).unwrap(), expected);
    }

    #[test]
    fn a_missing_id_and_a_repeated_one_fail_their_records_alone() {
        let (one, two) = (ok("$1", ",\"data\":\"eA==\""), ok("$2", ",\"data\":\"eA==\""));
        let transformed = settle(&format!("{{\"records\":[{one},{two},{two}]}}"));
        assert_eq!(transformed.pieces.len(), 1);
        assert_eq!(codes(&transformed), ["Lambda.DuplicatedRecordId", "Lambda.MissingRecordId"]);
    }

    #[test]
    fn an_answer_without_records_misses_every_id() {
        for payload in ["{}", "null", "{\"records\":[]}", "{\"records\":[{\"result\":\"Ok\"}]}"] {
            assert_eq!(codes(&settle(payload)), ["Lambda.MissingRecordId"; 3], "{payload}");
        }
    }

    #[test]
    fn a_malformed_answer_fails_every_record() {
        for payload in ["", "oops", "{\"records\":[1]}", "{\"records\":{}}"] {
            assert_eq!(codes(&settle(payload)), ["Lambda.JsonProcessingException"; 3], "{payload}");
        }
    }

    #[test]
    fn ok_needs_data_in_base64_and_a_result_needs_to_be_known() {
        let long = format!(",\"data\":\"{}\"", "AAAA".repeat(RETURNED_BYTES_MAX / 3 + 1));
        for rest in ["", ",\"data\":null", ",\"data\":\"a\"", ",\"data\":\"a===\"", &long] {
            let transformed = settle(&format!("{{\"records\":[{}]}}", ok("$1", rest)));
            assert_eq!(codes(&transformed)[0], "Lambda.InvalidReturnFormat");
        }
        for result in ["ok", "TransformedStateOk", ""] {
            let payload = format!(
                "{{\"records\":[{{\"recordId\":\"$1\",\"result\":\"{result}\",\"data\":\"\"}}]}}"
            );
            assert_eq!(codes(&settle(&payload))[0], "Lambda.InvalidReturnFormat");
        }
        let transformed = settle(&format!("{{\"records\":[{}]}}", ok("$1", ",\"data\":\"\"")));
        assert!(transformed.pieces[0].record.data.is_empty(), "empty data is data");
    }

    #[test]
    fn partition_keys_that_say_nothing_fail_their_record() {
        let rest = r#","data":"eA==","metadata":{"partitionKeys":{"a":null}}"#;
        let transformed = settle(&format!("{{\"records\":[{}]}}", ok("$1", rest)));
        assert_eq!(codes(&transformed)[0], "DynamicPartitioning.MetadataExtractionFailed");
    }

    #[test]
    fn an_answer_over_the_limit_is_the_functions_error() {
        let transformed = settle(&" ".repeat(PAYLOAD_BYTES_MAX + 1));
        assert_eq!(codes(&transformed), ["Lambda.FunctionError"; 3]);
    }

    #[test]
    fn a_failed_batch_tells_the_attempts() {
        let batch = batches([piece(1, b"one")], 1000).remove(0);
        let transformed = batch.fail(ARN, "Lambda.FunctionError", "m", 4, Millis(9));
        let text = std::str::from_utf8(&transformed.failed[0].document).unwrap();
        assert!(text.contains("\"attemptsMade\":4"), "{text}");
        assert_eq!((transformed.pieces.len(), transformed.dropped), (0, 0));
    }
}
