//! Error objects: a JSON line for each record that could not be processed or delivered, with AWS's members in AWS's
//! order.
//!
//! Sources: the developer guide's pages on data transformation, record format conversion, and delivery failures. For
//! `processing-failed` the order and the spelling `lambdaARN` are those observed on the service.

use base64_simd::STANDARD;
use millstream_types::Millis;
use millstream_wire::json::write_text;

use super::limits::MESSAGE_BYTES_MAX;
use crate::record::{Failed, RecordId};
use crate::settings::TableName;

/// The output type of records that a function or a query failed.
pub const PROCESSING_FAILED: &str = "processing-failed";
/// The output type of records that could not be decompressed.
pub const DECOMPRESSION_FAILED: &str = "decompression-failed";
/// The output type of records that could not be converted to columns.
pub const FORMAT_CONVERSION_FAILED: &str = "format-conversion-failed";
/// The output type of documents that a search engine refused.
pub const SEARCH_FAILED: &str = "AmazonOpenSearchService-failed";
/// The output type of events that Splunk refused.
pub const SPLUNK_FAILED: &str = "splunk-failed";
/// The output type of records that an HTTP endpoint refused.
pub const HTTP_ENDPOINT_FAILED: &str = "http-endpoint-failed";

/// What is said of every record that failed.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The record's data, as it should be put again.
    pub raw: &'a [u8],
    /// The code, such as `Lambda.FunctionError`.
    pub code: &'a str,
    /// The message; cut where it is too long.
    pub message: &'a str,
    /// How many attempts were made.
    pub attempts: u32,
    /// When the record arrived.
    pub arrival: Millis,
    /// When the last attempt ended, in service time.
    pub ended: Millis,
}

/// A destination whose error objects have members of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBy {
    /// OpenSearch or Elasticsearch: `esDocumentId`, `esIndexName`, `esTypeName` before the data.
    Search,
    /// Splunk: `EventId` after the data.
    Splunk,
    /// An HTTP endpoint: `subsequenceNumber`, `dataId` after the data.
    Http,
}

/// A record that a function, a query or another step of processing failed. The function's ARN is told where a function
/// was asked.
pub fn processing_failed(failure: &Failure<'_>, lambda_arn: Option<&str>) -> Failed {
    let mut line = raw_first(failure);
    if let Some(arn) = lambda_arn {
        line.text("lambdaARN", arn);
    }
    line.finish(PROCESSING_FAILED, failure.arrival)
}

/// A record that could not be decompressed.
pub fn decompression_failed(failure: &Failure<'_>) -> Failed {
    raw_first(failure).finish(DECOMPRESSION_FAILED, failure.arrival)
}

/// A record that could not be converted to columns. Its sequence number is the stream's. Where no stream brought it,
/// sources do not say what AWS writes: it is the position, in a text as well, which names the record as surely.
pub fn format_conversion_failed(
    failure: &Failure<'_>,
    id: RecordId,
    sequence_number: Option<&str>,
    table: &TableName,
    version: &str,
) -> Failed {
    let mut line = Line::default();
    line.number("attemptsMade", failure.attempts.into());
    line.number("arrivalTimestamp", failure.arrival.0);
    line.text("lastErrorCode", failure.code);
    line.text("lastErrorMessage", shortened(failure.message));
    line.number("attemptEndingTimestamp", failure.ended.0);
    line.data("rawData", failure.raw);
    match sequence_number {
        Some(sequence_number) => line.text("sequenceNumber", sequence_number),
        None => line.text("sequenceNumber", &id.position.to_string()),
    }
    line.number("subSequenceNumber", id.part.into());
    line.key("dataCatalogTable");
    let mut inner = Line::default();
    inner.text("catalogId", table.catalog.as_deref().unwrap_or_default());
    inner.text("databaseName", &table.database);
    inner.text("tableName", &table.table);
    inner.text("region", &table.region);
    inner.text("versionId", version);
    line.value(inner);
    line.finish(FORMAT_CONVERSION_FAILED, failure.arrival)
}

/// A record that a destination did not take. `members` are the destination's own, in order.
pub fn delivery_failed(by: RefusedBy, failure: &Failure<'_>, members: &[(&str, String)]) -> Failed {
    let mut line = Line::default();
    line.number("attemptsMade", failure.attempts.into());
    line.number("arrivalTimestamp", failure.arrival.0);
    line.text("errorCode", failure.code);
    line.text("errorMessage", shortened(failure.message));
    line.number("attemptEndingTimestamp", failure.ended.0);
    let own = |line: &mut Line| {
        for (key, value) in members {
            match (*key, value.parse()) {
                // The guide's example has a number here, and texts elsewhere.
                ("subsequenceNumber", Ok(number)) => line.number(key, number),
                _ => line.text(key, value),
            }
        }
    };
    match by {
        RefusedBy::Search => {
            own(&mut line);
            line.data("rawData", failure.raw);
        }
        RefusedBy::Splunk | RefusedBy::Http => {
            line.data("rawData", failure.raw);
            own(&mut line);
        }
    }
    let output_type = match by {
        RefusedBy::Search => SEARCH_FAILED,
        RefusedBy::Splunk => SPLUNK_FAILED,
        RefusedBy::Http => HTTP_ENDPOINT_FAILED,
    };
    line.finish(output_type, failure.arrival)
}

/// The members of failed processing, in the order observed on the service.
fn raw_first(failure: &Failure<'_>) -> Line {
    let mut line = Line::default();
    line.data("rawData", failure.raw);
    line.text("errorCode", failure.code);
    line.text("errorMessage", shortened(failure.message));
    line.number("attemptsMade", failure.attempts.into());
    line.number("arrivalTimestamp", failure.arrival.0);
    line.number("attemptEndingTimestamp", failure.ended.0);
    line
}

/// The front of a message that is too long, cut between characters.
fn shortened(message: &str) -> &str {
    let mut end = message.len().min(MESSAGE_BYTES_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

/// A JSON object that is being written.
#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    fn key(&mut self, key: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        write_text(&mut self.0, key);
        self.0.push(b':');
    }

    fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        write_text(&mut self.0, text);
    }

    fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        self.0.extend_from_slice(number.to_string().as_bytes());
    }

    fn data(&mut self, key: &str, data: &[u8]) {
        self.key(key);
        self.0.push(b'"');
        STANDARD.encode_append(data, &mut self.0);
        self.0.push(b'"');
    }

    fn value(&mut self, mut inner: Line) {
        inner.0.push(b'}');
        self.0.append(&mut inner.0);
    }

    fn finish(mut self, output_type: &'static str, arrival: Millis) -> Failed {
        self.0.extend_from_slice(b"}\n");
        Failed { output_type, document: self.0, arrival }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const FAILURE: Failure<'_> = Failure {
        raw: b"abc",
        code: "A.B",
        message: "it \"failed\"",
        attempts: 2,
        arrival: Millis(10),
        ended: Millis(20),
    };

    fn text(failed: &Failed) -> &str {
        std::str::from_utf8(&failed.document).unwrap()
    }

    #[test]
    fn failed_processing_has_the_order_of_the_service() {
        let failed = processing_failed(&FAILURE, Some("arn:f"));
        let expected = concat!(
            r#"{"rawData":"YWJj","errorCode":"A.B","errorMessage":"it \"failed\"","#,
            r#""attemptsMade":2,"arrivalTimestamp":10,"attemptEndingTimestamp":20,"#,
            r#""lambdaARN":"arn:f"}"#,
            "\n"
        );
        assert_eq!(text(&failed), expected);
        assert_eq!((failed.output_type, failed.arrival), ("processing-failed", Millis(10)));
        assert!(!text(&processing_failed(&FAILURE, None)).contains("lambda"));
        assert_eq!(decompression_failed(&FAILURE).output_type, "decompression-failed");
    }

    #[test]
    fn failed_conversion_tells_the_table() {
        let table = TableName {
            catalog: Some(Arc::from("c")),
            region: Arc::from("r"),
            database: Arc::from("d"),
            table: Arc::from("t"),
            version: Arc::from("LATEST"),
        };
        let id = RecordId { log: 0, position: 7, part: 1 };
        let failed = format_conversion_failed(&FAILURE, id, None, &table, "3");
        let expected = concat!(
            r#"{"attemptsMade":2,"arrivalTimestamp":10,"lastErrorCode":"A.B","#,
            r#""lastErrorMessage":"it \"failed\"","attemptEndingTimestamp":20,"#,
            r#""rawData":"YWJj","sequenceNumber":"7","subSequenceNumber":1,"#,
            r#""dataCatalogTable":{"catalogId":"c","databaseName":"d","tableName":"t","#,
            r#""region":"r","versionId":"3"}}"#,
            "\n"
        );
        assert_eq!(text(&failed), expected);
        let failed = format_conversion_failed(&FAILURE, id, Some("49"), &table, "3");
        assert!(text(&failed).contains(r#""sequenceNumber":"49","subSequenceNumber":1,"#));
    }

    #[test]
    fn each_destination_has_its_members_in_its_place() {
        let common = concat!(
            r#"{"attemptsMade":2,"arrivalTimestamp":10,"errorCode":"A.B","#,
            r#""errorMessage":"it \"failed\"","attemptEndingTimestamp":20,"#
        );
        for (by, key, rest, output_type) in [
            (
                RefusedBy::Search,
                "esIndexName",
                r#""esIndexName":"v","rawData":"YWJj"}"#,
                "AmazonOpenSearchService-failed",
            ),
            (RefusedBy::Splunk, "EventId", r#""rawData":"YWJj","EventId":"v"}"#, "splunk-failed"),
            (
                RefusedBy::Http,
                "dataId",
                r#""rawData":"YWJj","dataId":"v"}"#,
                "http-endpoint-failed",
            ),
        ] {
            let failed = delivery_failed(by, &FAILURE, &[(key, "v".into())]);
            assert_eq!(text(&failed), format!("{common}{rest}\n"));
            assert_eq!(failed.output_type, output_type);
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let message = "ä".repeat(1000);
        let failed = processing_failed(&Failure { message: &message, ..FAILURE }, None);
        let found = text(&failed).matches('ä').count();
        assert_eq!(found, MESSAGE_BYTES_MAX / 2);
    }
}
