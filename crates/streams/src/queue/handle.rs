//! Receipt handles and record ids.
//!
//! A handle names one delivery of one record: queue, shard, position, delivery. Each receive makes a new one; an older
//! one is refused once the record was received again (`docs/decisions/0051-handles-of-queues.md`).

use millstream_log::GroupId;

use super::machine::Ticket;
use crate::token::{InvalidToken, TokenKind, TokenSealer};

/// Bytes of a handle's fields: group, shard, position, delivery.
const FIELDS_BYTES: usize = 8 + 4 + 8 + 4;

/// The handle of a delivery from the queue of this group.
pub fn seal(sealer: &TokenSealer, queue: GroupId, ticket: &Ticket) -> String {
    let mut fields = [0; FIELDS_BYTES];
    fields[..8].copy_from_slice(&queue.0.to_be_bytes());
    fields[8..12].copy_from_slice(&ticket.shard.to_be_bytes());
    fields[12..20].copy_from_slice(&ticket.position.to_be_bytes());
    fields[20..].copy_from_slice(&ticket.delivery.to_be_bytes());
    sealer.seal(TokenKind::ReceiptHandle, &fields)
}

/// The queue's group and the delivery that a handle names.
pub fn open(sealer: &TokenSealer, handle: &str) -> Result<(GroupId, Ticket), InvalidToken> {
    let fields = sealer.open(TokenKind::ReceiptHandle, handle)?;
    let fields: [u8; FIELDS_BYTES] = fields.try_into().map_err(|_| InvalidToken)?;
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let ticket = Ticket {
        shard: number(&fields[8..12]) as u32,
        position: number(&fields[12..20]),
        delivery: number(&fields[20..]) as u32,
    };
    Ok((GroupId(number(&fields[..8])), ticket))
}

/// A record's id, the same in every queue: its shard and position, lower-case letters and digits (botocore,
/// `RecordId`).
pub fn record_id(shard: u32, position: u64) -> String {
    format!("{shard:08x}{position:016x}")
}

/// No text is a handle unless it was made with the key; for fuzzing.
pub fn fuzz_handle(sealer: &TokenSealer, text: &str) {
    assert_eq!(open(sealer, text), Err(InvalidToken));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_reads_back_and_is_nothing_else() {
        let sealer = TokenSealer::new(&[7; 32]);
        let ticket = Ticket { shard: 3, position: (1 << 62) + 5, delivery: 4_000_000_000 };
        let handle = seal(&sealer, GroupId(99), &ticket);
        assert!(handle.len() <= 1024);
        assert_eq!(open(&sealer, &handle), Ok((GroupId(99), ticket)));
        assert!(crate::token::ShardIterator::open(&sealer, &handle).is_err());
        assert_eq!(open(&TokenSealer::new(&[8; 32]), &handle), Err(InvalidToken));
    }

    #[test]
    fn record_ids_differ_by_shard_and_position() {
        assert_eq!(record_id(1, 255), "0000000100000000000000ff");
        assert_ne!(record_id(1, 0), record_id(0, 1));
    }
}
