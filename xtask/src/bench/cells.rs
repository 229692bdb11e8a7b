//! What is measured: which load on which server.

use crate::bench::options::Options;
use crate::bench::servers::Subject;

/// A load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// PutRecords with 500 records of 1 KiB over 8 connections, to that many shards.
    PutRecords(u64),
    /// PutRecord of 1 KiB over that many connections, to 64 shards.
    PutRecord(u64),
    /// GetRecords in replies of 10 MB over 4 connections, from 8 shards.
    GetRecords,
    /// 1,000 PutRecord a second with one consumer, on 64 shards.
    FanOutDelay,
    /// PutRecords as fast as it goes beside that many consumers of 64 shards.
    FanOut(u64),
    /// Receives of ten records of 100 bytes and their acknowledgements over 32 connections, beside that many records
    /// that stay in flight.
    Queue(u64),
}

impl Load {
    /// The first half of a cell's name.
    pub fn name(self) -> String {
        match self {
            Load::PutRecords(shards) => format!("put-records-{shards}"),
            Load::PutRecord(connections) => format!("put-record-{connections}"),
            Load::GetRecords => "get-records".to_owned(),
            Load::FanOutDelay => "fan-out-delay".to_owned(),
            Load::FanOut(consumers) => format!("fan-out-{consumers}x64"),
            Load::Queue(in_flight) => format!("queue-{in_flight}"),
        }
    }
}

/// A load on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The load.
    pub load: Load,
    /// The server.
    pub subject: Subject,
}

impl Cell {
    /// The name its results bear.
    pub fn name(&self) -> String {
        format!("{}/{}", self.load.name(), self.subject.name())
    }
}

/// The cells of a round, in order: rivals stand next to what they are compared with.
pub fn cells(options: &Options) -> Vec<Cell> {
    use Load::{FanOut, FanOutDelay, GetRecords, PutRecord, PutRecords, Queue};
    let (memory, disk) = (Subject::millstream(true), Subject::millstream(false));
    let signed = Subject::Millstream { ephemeral: true, signed: true };
    let (ferrokinesis, ferrokinesis_disk) =
        (Subject::Ferrokinesis { durable: false }, Subject::Ferrokinesis { durable: true });
    let batch = PutRecords(64);
    let mut all = Vec::new();
    let mut add = |load, subjects: &[Subject]| {
        all.extend(subjects.iter().map(|subject| Cell { load, subject: *subject }));
    };
    add(batch, &[memory, ferrokinesis, disk, ferrokinesis_disk, signed]);
    add(batch, &[Subject::bare(true, false), Subject::bare(true, true), Subject::Fakecloud]);
    add(PutRecords(10_000), &[disk]);
    add(PutRecord(32), &[disk, ferrokinesis, Subject::bare(false, false), memory, signed]);
    add(PutRecord(32), &[ferrokinesis_disk, Subject::Fakecloud]);
    add(PutRecord(1), &[disk, Subject::bare(false, false)]);
    add(GetRecords, &[disk, ferrokinesis, memory]);
    add(FanOutDelay, &[disk]);
    add(FanOut(20), &[disk]);
    add(Queue(0), &[disk]);
    add(Queue(1_000_000), &[disk]);
    for subject in [Subject::Kinesalite, Subject::KinesisLocal, Subject::Moto] {
        for load in [batch, PutRecord(32), GetRecords] {
            add(load, &[subject]);
        }
    }
    all.retain(|cell| wanted(cell, options));
    all
}

fn wanted(cell: &Cell, options: &Options) -> bool {
    let part = match cell.subject {
        Subject::Millstream { .. } => options.millstream,
        Subject::Bare { .. } => true,
        Subject::Fakecloud => options.peers && options.fakecloud,
        _ => options.peers,
    };
    part && options.wants(&cell.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(options: &Options) -> Vec<String> {
        cells(options).iter().map(Cell::name).collect()
    }

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        let mut names = names(&Options { fakecloud: true, ..Options::default() });
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn fakecloud_is_measured_only_when_asked_for() {
        let fakecloud =
            |names: Vec<String>| names.iter().filter(|n| n.ends_with("fakecloud")).count();
        assert_eq!(fakecloud(names(&Options::default())), 0);
        assert_eq!(fakecloud(names(&Options { fakecloud: true, ..Options::default() })), 2);
    }

    #[test]
    fn peers_and_millstream_can_be_left_out() {
        let peers = names(&Options { millstream: false, ..Options::default() });
        assert!(peers.iter().all(|name| !name.contains("millstream")));
        let alone = names(&Options { peers: false, ..Options::default() });
        assert!(alone.iter().all(|name| name.contains("millstream") || name.contains("bare")));
    }
}
