//! Commands and what they come to. Times and limits are in the command, so that a replay decides the same.

use super::codec::{Reader, Writer};

/// A change of a queue's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Service time, in milliseconds.
    pub now: u64,
    /// After how many receives a record is a dead letter; 0 for never.
    pub receives_max: u32,
    /// What to do.
    pub op: Op,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Fixes where the queue begins, once: shards and first positions. Shards in neither list come later, from their
    /// start.
    Init {
        /// Shard and first position.
        shards: Vec<(u32, u64)>,
        /// Shards that have nothing for this queue.
        skipped: Vec<u32>,
    },
    /// What became of the stream's shards.
    Shards {
        /// New ones, read from their start.
        new: Vec<u32>,
        /// Closed ones, with the position after the last record.
        ended: Vec<(u32, u64)>,
        /// Those of which nothing is left.
        gone: Vec<u32>,
    },
    /// Hands out records.
    Receive(Receive),
    /// Ends records for this queue.
    Acknowledge {
        /// Whether they are dead letters.
        dead: bool,
        /// Which.
        tickets: Vec<Ticket>,
    },
    /// Hides records in flight for so many milliseconds from now.
    Hide {
        /// Whether they are dead letters.
        dead: bool,
        /// Which, and how long.
        tickets: Vec<(Ticket, u64)>,
    },
    /// Makes dead letters records again, never received.
    Restore {
        /// Which.
        tickets: Vec<Ticket>,
    },
    /// Takes back what a receive could not return: it does not count.
    Release {
        /// Which.
        tickets: Vec<Ticket>,
    },
    /// Nothing can be read of these shards from a position up to before another.
    Discard {
        /// Shard, first position, the one after the last.
        ranges: Vec<(u32, u64, u64)>,
    },
}

/// A receive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receive {
    /// Whether dead letters are meant.
    pub dead: bool,
    /// Records at most.
    pub limit: u8,
    /// How long they are hidden, in milliseconds.
    pub hidden_ms: u64,
    /// Most records in flight.
    pub in_flight_max: u64,
    /// Most records that may have an entry.
    pub tracked_max: u64,
    /// How far shards are known to reach, where that is further than the state knows.
    pub ends: Vec<(u32, u64)>,
}

/// One delivery of a record: what a receipt handle names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    /// The shard.
    pub shard: u32,
    /// The record's position.
    pub position: u64,
    /// Counts the deliveries of this record, dead-letter deliveries too, from 1; wraps.
    pub delivery: u32,
}

/// A record that is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The delivery.
    pub ticket: Ticket,
    /// How often the record has been received, this time included.
    pub receives: u32,
    /// When it was first received, in milliseconds.
    pub first_received: u64,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Records were handed out, none perhaps.
    Granted(Vec<Grant>),
    /// Nothing may be handed out.
    Refused(Refusal),
    /// What became of each ticket, in order.
    Verdicts(Vec<Verdict>),
}

/// Why nothing may be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many as allowed are in flight.
    InFlight,
    /// As many as allowed have been received and are neither acknowledged nor expired.
    Tracked,
}

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Done,
    /// The record is acknowledged, or was never here, or has expired.
    Gone,
    /// The record has been received again since.
    Stale,
    /// The record is a dead letter.
    DeadLetter,
    /// The record is no dead letter.
    NotDeadLetter,
    /// The record is not in flight any more.
    Visible,
}

const INIT: u8 = 0;
const SHARDS: u8 = 1;
const RECEIVE: u8 = 2;
const ACKNOWLEDGE: u8 = 3;
const HIDE: u8 = 4;
const RESTORE: u8 = 5;
const RELEASE: u8 = 6;
const DISCARD: u8 = 7;

fn write_ticket(w: &mut Writer, ticket: &Ticket) {
    w.number(ticket.shard.into());
    w.number(ticket.position);
    w.number(ticket.delivery.into());
}

fn read_ticket(r: &mut Reader<'_>) -> Result<Ticket, String> {
    Ok(Ticket { shard: r.u32()?, position: r.position()?, delivery: r.u32()? })
}

fn write_place(w: &mut Writer, (shard, position): &(u32, u64)) {
    w.number((*shard).into());
    w.number(*position);
}

fn read_place(r: &mut Reader<'_>) -> Result<(u32, u64), String> {
    Ok((r.u32()?, r.position()?))
}

impl Op {
    fn number(&self) -> u8 {
        match self {
            Op::Init { .. } => INIT,
            Op::Shards { .. } => SHARDS,
            Op::Receive(_) => RECEIVE,
            Op::Acknowledge { .. } => ACKNOWLEDGE,
            Op::Hide { .. } => HIDE,
            Op::Restore { .. } => RESTORE,
            Op::Release { .. } => RELEASE,
            Op::Discard { .. } => DISCARD,
        }
    }
}

impl Command {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer(vec![self.op.number()]);
        w.number(self.now);
        w.number(self.receives_max.into());
        match &self.op {
            Op::Init { shards, skipped } => {
                w.list(shards, write_place);
                w.list(skipped, |w, shard| w.number((*shard).into()));
            }
            Op::Shards { new, ended, gone } => {
                w.list(new, |w, shard| w.number((*shard).into()));
                w.list(ended, write_place);
                w.list(gone, |w, shard| w.number((*shard).into()));
            }
            Op::Receive(receive) => {
                w.number(receive.dead.into());
                w.number(receive.limit.into());
                w.number(receive.hidden_ms);
                w.number(receive.in_flight_max);
                w.number(receive.tracked_max);
                w.list(&receive.ends, write_place);
            }
            Op::Acknowledge { dead, tickets } => {
                w.number((*dead).into());
                w.list(tickets, write_ticket);
            }
            Op::Hide { dead, tickets } => {
                w.number((*dead).into());
                w.list(tickets, |w, (ticket, hidden_ms)| {
                    write_ticket(w, ticket);
                    w.number(*hidden_ms);
                });
            }
            Op::Restore { tickets } | Op::Release { tickets } => w.list(tickets, write_ticket),
            Op::Discard { ranges } => w.list(ranges, |w, (shard, from, to)| {
                write_place(w, &(*shard, *from));
                w.number(*to);
            }),
        }
        w.0
    }

    /// From bytes; the text says what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let mut r = Reader(bytes);
        let number = r.byte()?;
        let (now, receives_max) = (r.number()?, r.u32()?);
        let op = match number {
            INIT => Op::Init { shards: r.list(read_place)?, skipped: r.list(Reader::u32)? },
            SHARDS => Op::Shards {
                new: r.list(Reader::u32)?,
                ended: r.list(read_place)?,
                gone: r.list(Reader::u32)?,
            },
            RECEIVE => Op::Receive(Receive {
                dead: r.flag()?,
                limit: r.number_up_to(u8::MAX.into())? as u8,
                hidden_ms: r.number()?,
                in_flight_max: r.number()?,
                tracked_max: r.number()?,
                ends: r.list(read_place)?,
            }),
            ACKNOWLEDGE => Op::Acknowledge { dead: r.flag()?, tickets: r.list(read_ticket)? },
            HIDE => Op::Hide {
                dead: r.flag()?,
                tickets: r.list(|r| Ok((read_ticket(r)?, r.number()?)))?,
            },
            RESTORE => Op::Restore { tickets: r.list(read_ticket)? },
            RELEASE => Op::Release { tickets: r.list(read_ticket)? },
            DISCARD => {
                Op::Discard { ranges: r.list(|r| Ok((r.u32()?, r.position()?, r.position()?)))? }
            }
            other => return Err(format!("a queue has no command {other}")),
        };
        r.end()?;
        Ok(Command { now, receives_max, op })
    }
}
