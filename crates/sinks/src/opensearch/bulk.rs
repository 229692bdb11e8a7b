//! The body of a `_bulk` request: for each document a line of what to do and a line of what it is.

use bytes::Bytes;
use millstream_firehose::settings::SearchDestination;
use millstream_firehose::sink::{OutgoingRecord, Parcel, RecordId, RefusedRecord};

use super::index_name::index_name;
use crate::progress::Settled;
use crate::text::write_ascii;

/// Largest body: what the smallest domains of OpenSearch Service take ("Network limits" of its developer guide).
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most documents in a request, so that the answer is bounded too.
const DOCUMENTS_MAX: usize = 10_000;
/// More than a line of what to do takes: names have at most 80 and 100 characters, each up to 12 bytes.
const ACTION_BYTES: usize = 4096;

/// The records of each request, last first.
pub(super) fn parts(parcel: &Parcel, pending: &[usize]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for index in pending {
        let Some(record) = parcel.records.get(*index) else { continue };
        let more = record.data.len() + ACTION_BYTES.min(512 + record.data.len());
        let last = parts.last_mut().filter(|last| last.len() < DOCUMENTS_MAX);
        match last.filter(|_| bytes + more <= BODY_BYTES_MAX) {
            Some(last) => {
                last.push(*index);
                bytes += more;
            }
            None => {
                parts.push(vec![*index]);
                bytes = more;
            }
        }
    }
    parts.reverse();
    parts
}

/// What becomes of a plan's records before anything is sent: a record without anything in it cannot be a line, and is
/// refused here, if it was not before.
pub(super) fn sort_out(parcel: &Parcel, destination: &SearchDestination, settled: &mut Settled) {
    let mut refused = Vec::new();
    for (index, record) in parcel.records.iter().enumerate() {
        if settled.has(record.id) || !record.data.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        refused.push(RefusedRecord {
            id: record.id,
            code: "400".to_owned(),
            message: "The record is empty: it is no document.".to_owned(),
            members: members(parcel, index, destination),
        });
    }
    let ids: Vec<RecordId> = refused.iter().map(|record| record.id).collect();
    settled.add(ids, refused);
}

/// The records that are to be sent, by their index.
pub(super) fn pending(parcel: &Parcel, settled: &Settled) -> Vec<usize> {
    let records = parcel.records.iter().enumerate();
    records.filter(|(_, record)| !settled.has(record.id)).map(|(index, _)| index).collect()
}

/// The body for some records.
pub(super) fn body(parcel: &Parcel, part: &[usize], destination: &SearchDestination) -> Bytes {
    let mut out = Vec::new();
    for record in part.iter().filter_map(|index| parcel.records.get(*index)) {
        let mut action = "{\"index\":{\"_index\":".to_owned();
        write_ascii(&index_of(record, destination), &mut action);
        if let Some(type_name) = &destination.type_name {
            action.push_str(",\"_type\":");
            write_ascii(type_name, &mut action);
        }
        if destination.document_ids {
            action.push_str(",\"_id\":");
            write_ascii(&document_id(parcel, record), &mut action);
        }
        action.push_str("}}\n");
        out.extend_from_slice(action.as_bytes());
        write_line(&record.data, &mut out);
    }
    out.into()
}

/// Writes a document as one line. A line break within it would begin a line of what to do, which is for nobody but us
/// to say; in JSON it is white space, so a space says the same.
fn write_line(data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(data.trim_ascii());
    for byte in &mut out[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    out.push(b'\n');
}

fn index_of(record: &OutgoingRecord, destination: &SearchDestination) -> String {
    index_name(&destination.index, destination.rotation, record.arrival)
}

/// The id of a record's document: the same for each attempt at its plan, and no other record's, also after the delivery
/// stream was deleted and made again under its name.
fn document_id(parcel: &Parcel, record: &OutgoingRecord) -> String {
    format!("{}.{}", parcel.plan.simple(), crate::record_name(&record.id))
}

/// What error objects say of a document (the guide, "Handle data delivery failures").
pub(super) fn members(
    parcel: &Parcel,
    index: usize,
    destination: &SearchDestination,
) -> Vec<(&'static str, String)> {
    let Some(record) = parcel.records.get(index) else { return Vec::new() };
    let id = if destination.document_ids { document_id(parcel, record) } else { String::new() };
    let type_name = destination.type_name.as_deref().unwrap_or_default();
    vec![
        ("esDocumentId", id),
        ("esIndexName", index_of(record, destination)),
        ("esTypeName", type_name.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::tests::destination;
    use super::*;
    use crate::samples::parcel;

    #[test]
    fn no_record_can_say_what_is_done() {
        let parcel =
            parcel(&[b"{\"a\":\n1}\r\n{\"delete\":{\"_index\":\"x\",\"_id\":\"1\"}}\n", b" \n"]);
        let mut settled = Settled::default();
        // Once more is not twice.
        for _ in 0..2 {
            sort_out(&parcel, &destination("https://h"), &mut settled);
        }
        let body = body(&parcel, &pending(&parcel, &settled), &destination("https://h"));
        assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 2);
        assert_eq!(settled.refused.iter().map(|one| one.id.position).collect::<Vec<_>>(), [1]);
        assert!(!body.contains(&b'\r'));
    }

    #[test]
    fn requests_are_bounded_by_bytes_and_documents() {
        let small = parcel(&[&b"{}"[..]; 20_001]);
        let all: Vec<usize> = (0..small.records.len()).collect();
        let sizes: Vec<usize> = parts(&small, &all).iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 10_000, 10_000]);
        let large = vec![b'x'; 1_024_000];
        let large = parcel(&[&large[..]; 25]);
        let all: Vec<usize> = (0..large.records.len()).collect();
        for part in parts(&large, &all) {
            let body = body(&large, &part, &destination("https://h"));
            assert!(body.len() <= BODY_BYTES_MAX, "{}", body.len());
        }
    }

    #[test]
    fn ids_are_the_plans_and_the_records() {
        let one = parcel(&[b"{}", b"{}"]);
        let other = Parcel { plan: uuid::Uuid::from_u128(1), ..one.clone() };
        let id = |parcel: &Parcel, index: usize| document_id(parcel, &parcel.records[index]);
        assert_eq!(id(&one, 0), "ed4acda5034f4f42bba1f29aea6d7d8f.1.0.0");
        assert!(id(&one, 0) != id(&one, 1) && id(&one, 0) != id(&other, 0));
    }
}
