//! Blocks of the processed log: what a step yielded that must not be done twice, or that regroups. Drawn in
//! `docs/formats/delivery.md`.

use bytes::Bytes;
use millstream_records::{BlockWriter, HEADER_BYTES, payload_bytes, records};
use millstream_types::Millis;
use minicbor::{Decode, Encode};

use crate::limits::BLOCK_BYTES;
use crate::machine::LaneId;
use crate::ranges::{number, read_number};
use crate::record::{PartitionSource, PartitionValues, Ready, RecordId};

/// The log of intake, by its index in the group.
pub const INTAKE_LOG: u32 = 0;
/// The processed log.
pub const PROCESSED_LOG: u32 = 1;
/// The log of delivery errors that people read.
pub const JOURNAL_LOG: u32 = 2;

const VERSION: u8 = 1;
/// Bytes of the shortest record: its five numbers.
const RECORD_BYTES_MIN: usize = 5;

/// What a block says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Header {
    /// The group: the same in all its blocks.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub group: [u8; 16],
    /// Which of the group's blocks this is, from 0.
    #[n(1)]
    pub part: u32,
    /// How many the group has.
    #[n(2)]
    pub parts: u32,
    /// What the group was made of: log, first position, position after the last. Empty where a plan yielded it.
    #[n(3)]
    pub source: Vec<(u32, u64, u64)>,
    /// The lane that delivers it: main, or errors.
    #[n(4)]
    pub lane: LaneId,
    /// What tells the buffers of a lane apart: the kind of failure, or the partition's prefix.
    #[n(5)]
    pub buffer: String,
    /// The values of the partition: source (0 query, 1 function), key, value.
    #[n(6)]
    pub values: Vec<(u8, String, String)>,
    /// When the oldest record arrived, in milliseconds.
    #[n(7)]
    pub oldest: u64,
    /// When the newest record arrived.
    #[n(8)]
    pub newest: u64,
    /// How many records there are.
    #[n(9)]
    pub records: u32,
    /// Bytes of their data.
    #[n(10)]
    pub bytes: u64,
}

impl Header {
    /// The values of the partition.
    pub fn partition(&self) -> PartitionValues {
        let mut values = PartitionValues::default();
        for (source, key, value) in &self.values {
            let source = match source {
                0 => PartitionSource::Query,
                _ => PartitionSource::Lambda,
            };
            values.set(source, key.clone(), value.clone());
        }
        values
    }
}

/// The values of a partition as a header has them.
pub fn header_values(values: &PartitionValues) -> Vec<(u8, String, String)> {
    let number = |source| match source {
        PartitionSource::Query => 0,
        PartitionSource::Lambda => 1,
    };
    values.iter().map(|(source, k, v)| (number(source), k.into(), v.into())).collect()
}

/// A block that is being filled.
#[derive(Debug)]
pub struct Draft {
    /// The lane.
    pub lane: LaneId,
    /// The buffer.
    pub buffer: String,
    /// The partition.
    pub values: PartitionValues,
    oldest: u64,
    newest: u64,
    records: u32,
    bytes: u64,
    content: Vec<u8>,
}

impl Draft {
    /// An empty block.
    pub fn new(lane: LaneId, buffer: String, values: PartitionValues) -> Self {
        let (oldest, newest) = (u64::MAX, 0);
        Draft { lane, buffer, values, oldest, newest, records: 0, bytes: 0, content: Vec::new() }
    }

    /// Whether a record of so many bytes is to go into another block.
    pub fn is_full_for(&self, bytes: usize) -> bool {
        self.records > 0 && self.content.len() + bytes > BLOCK_BYTES
    }

    /// Whether it has no record.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Adds a record.
    pub fn push(&mut self, id: RecordId, arrival: Millis, data: &[u8]) {
        self.oldest = self.oldest.min(arrival.0);
        self.newest = self.newest.max(arrival.0);
        self.records += 1;
        self.bytes += data.len() as u64;
        let numbers = [arrival.0, u64::from(id.log), id.position, u64::from(id.part)];
        for value in numbers.into_iter().chain([data.len() as u64]) {
            number(&mut self.content, value);
        }
        self.content.extend_from_slice(data);
    }

    /// The block's header, in its group.
    pub fn header(
        &self,
        group: [u8; 16],
        part: u32,
        parts: u32,
        source: &[(u32, u64, u64)],
    ) -> Header {
        Header {
            group,
            part,
            parts,
            source: source.to_vec(),
            lane: self.lane,
            buffer: self.buffer.clone(),
            values: header_values(&self.values),
            oldest: self.oldest,
            newest: self.newest,
            records: self.records,
            bytes: self.bytes,
        }
    }

    /// Its front: what lies before the records.
    pub fn front(header: &Header) -> Vec<u8> {
        // Writing into a vector cannot fail.
        let header = minicbor::to_vec(header).unwrap_or_default();
        let mut front = vec![VERSION];
        number(&mut front, header.len() as u64);
        front.extend(header);
        front
    }

    /// Bytes of the payload with this front.
    pub fn payload_bytes(&self, front: &[u8]) -> usize {
        payload_bytes(1, front.len() + self.content.len())
    }

    /// Lays the block out in a payload of [`Draft::payload_bytes`].
    pub fn write(&self, front: &[u8], payload: &mut [u8]) {
        let mut writer = BlockWriter::new(payload, 1);
        let place = writer.push(None, front.len() + self.content.len());
        place[..front.len()].copy_from_slice(front);
        place[front.len()..].copy_from_slice(&self.content);
    }
}

/// A block as it was read.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its header.
    pub header: Header,
    content: Bytes,
}

impl Block {
    /// Reads a payload.
    pub fn read(payload: &Bytes) -> Result<Self, String> {
        let mut places = records(payload, 1).map_err(|error| error.to_string())?;
        let place = places.next().ok_or("a processed block is empty")?.data;
        let block = payload.slice(place.start as usize..place.end as usize);
        let mut rest = &block[..];
        match rest.split_first() {
            Some((&VERSION, after)) => rest = after,
            Some((version, _)) => return Err(format!("a processed block has version {version}")),
            None => return Err("a processed block is empty".into()),
        }
        let length = read_number(&mut rest).ok_or("a processed block's header is cut")? as usize;
        let header = rest.get(..length).ok_or("a processed block's header is cut")?;
        let header = minicbor::decode(header).map_err(|error| error.to_string())?;
        let at = block.len() - rest.len() + length;
        Ok(Block { header, content: block.slice(at..) })
    }

    /// Its records, in order.
    pub fn records(&self) -> Result<Vec<Ready>, String> {
        let count = (self.header.records as usize).min(self.content.len() / RECORD_BYTES_MIN);
        let mut all = Vec::with_capacity(count);
        let mut rest = &self.content[..];
        while !rest.is_empty() {
            let record = self.record(&mut rest).ok_or("a processed block's records are cut")?;
            all.push(record);
        }
        if all.len() != self.header.records as usize {
            return Err("a processed block has another number of records than it says".into());
        }
        Ok(all)
    }

    fn record(&self, rest: &mut &[u8]) -> Option<Ready> {
        let arrival = Millis(read_number(rest)?);
        let log = u32::try_from(read_number(rest)?).ok()?;
        let position = read_number(rest)?;
        let part = u32::try_from(read_number(rest)?).ok()?;
        let length = usize::try_from(read_number(rest)?).ok()?;
        let at = self.content.len() - rest.len();
        *rest = rest.get(length..)?;
        let data = self.content.slice(at..at + length);
        let id = RecordId { log, position, part };
        Some(Ready { id, arrival, data, partition: PartitionValues::default() })
    }
}

/// Reads any bytes as a block; for fuzzing.
pub fn fuzz_block(input: &[u8]) {
    let mut payload = vec![0; HEADER_BYTES + 8 + input.len()];
    BlockWriter::new(&mut payload, 1).push(None, input.len()).copy_from_slice(input);
    if let Ok(block) = Block::read(&Bytes::from(payload)) {
        let _ = block.records();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(draft: &Draft, header: &Header) -> Bytes {
        let front = Draft::front(header);
        let mut payload = vec![0xee; draft.payload_bytes(&front)];
        draft.write(&front, &mut payload);
        Bytes::from(payload)
    }

    #[test]
    fn a_block_reads_back_as_it_was_written() {
        let mut values = PartitionValues::default();
        values.set(PartitionSource::Lambda, "carrier".into(), "UA".into());
        let mut draft = Draft::new(LaneId::Main, "carrier=UA/".into(), values.clone());
        let id = |position, part| RecordId { log: 3, position, part };
        draft.push(id(7, 0), Millis(90), b"one");
        draft.push(id(8, 2), Millis(80), b"");
        let header = draft.header([9; 16], 1, 4, &[(3, 7, 9)]);
        let block = Block::read(&write(&draft, &header)).unwrap();
        assert_eq!(block.header, header);
        assert_eq!(block.header.partition(), values);
        assert_eq!((header.oldest, header.newest, header.records, header.bytes), (80, 90, 2, 3));
        let read = block.records().unwrap();
        assert_eq!(
            (read[0].id, read[0].arrival, &read[0].data[..]),
            (id(7, 0), Millis(90), &b"one"[..])
        );
        assert_eq!((read[1].id, read[1].data.len()), (id(8, 2), 0));
    }

    #[test]
    fn a_block_that_is_cut_or_changed_is_refused() {
        let mut draft = Draft::new(LaneId::Errors, "processing-failed".into(), Default::default());
        draft.push(RecordId { log: 0, position: 1, part: 0 }, Millis(1), b"document");
        let header = draft.header([1; 16], 0, 1, &[]);
        let whole = write(&draft, &header);
        for end in HEADER_BYTES + 8..whole.len() {
            let mut cut = whole[..end].to_vec();
            let length = (end - HEADER_BYTES - 8) as u32;
            cut[HEADER_BYTES..HEADER_BYTES + 4].copy_from_slice(&length.to_le_bytes());
            let read = Block::read(&Bytes::from(cut)).and_then(|block| block.records());
            assert!(read.is_err(), "cut at {end}");
        }
        fuzz_block(&whole[HEADER_BYTES + 8..]);
        fuzz_block(b"");
    }
}
