//! What the cluster did with each document.

use millstream_firehose::settings::SearchDestination;
use millstream_firehose::sink::{Parcel, RefusedRecord, SinkError};
use serde_json::Value;

use super::bulk;
use crate::failure::{bounded, retry};

/// What came of the records of one request.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Refused for good.
    pub refused: Vec<RefusedRecord>,
    /// To be sent again.
    pub busy: Vec<usize>,
    /// Why, if there are such.
    pub error: Option<SinkError>,
}

/// Reads an answer: an item for each document, in order. The error says what is wrong with it.
pub(super) fn read(
    parcel: &Parcel,
    part: &[usize],
    destination: &SearchDestination,
    body: &[u8],
) -> Result<Outcome, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "it is no JSON")?;
    let items = body["items"].as_array().ok_or("it has no items")?;
    if items.len() != part.len() {
        return Err("it has not an item for each document");
    }
    let mut outcome = Outcome::default();
    for (index, item) in part.iter().copied().zip(items) {
        let item = &item["index"];
        let status = item["status"].as_u64().ok_or("an item has no status")?;
        let message = || bounded(item["error"].to_string());
        match status {
            200..=299 => {}
            429 | 500..=599 => {
                outcome.busy.push(index);
                let family = if destination.elasticsearch { "ES" } else { "OS" };
                let error = || {
                    let text =
                        format!("The error was received from the cluster. {status}: {}", message());
                    retry(format!("{family}.ServiceException"), text)
                };
                outcome.error.get_or_insert_with(error);
            }
            _ => {
                let mut members = bulk::members(parcel, index, destination);
                // Without an id of ours the cluster gave one.
                let given = item["_id"].as_str().map(|id| bounded(id.to_owned()));
                for (name, value) in &mut members {
                    if *name == "esDocumentId" && value.is_empty() {
                        *value = given.clone().unwrap_or_default();
                    }
                }
                // The guide: the error's code is the status that the cluster returned.
                let code = status.to_string();
                let Some(record) = parcel.records.get(index) else { continue };
                let (id, message) = (record.id, message());
                outcome.refused.push(RefusedRecord { id, code, message, members });
            }
        }
    }
    Ok(outcome)
}

/// Reads anything that a cluster might answer to a few documents, for fuzzing.
pub fn fuzz_bulk(input: &[u8]) {
    use millstream_firehose::settings::IndexRotation;
    use millstream_firehose::sink::{OutgoingRecord, Pulse, RecordId, Sender};
    let (Ok(account), Ok(region)) = ("000000000000".parse(), "us-east-1".parse()) else { return };
    let record = |position| OutgoingRecord {
        id: RecordId { log: 0, position, part: 0 },
        arrival: millstream_types::Millis(position),
        data: bytes::Bytes::from_static(b"{}"),
    };
    let parcel = Parcel {
        sender: Sender { account, region, name: "n".into(), arn: "a".into(), role_arn: "r".into() },
        plan: uuid::Uuid::nil(),
        attempts_before: 0,
        sealed: millstream_types::Millis(0),
        staged: None,
        records: (0..3).map(record).collect(),
        last_error: None,
        pulse: Pulse::new(std::time::Duration::ZERO),
    };
    let destination = SearchDestination {
        elasticsearch: false,
        endpoint: "https://h".into(),
        index: "i".into(),
        type_name: None,
        rotation: IndexRotation::Day,
        document_ids: false,
    };
    if let Ok(outcome) = read(&parcel, &[0, 1, 2], &destination, input) {
        assert!(outcome.refused.len() + outcome.busy.len() <= 3, "more than was sent");
        assert!(outcome.busy.is_empty() == outcome.error.is_none(), "an error without a record");
    }
}
