//! What one thread has put to a delivery stream, request by request.

use std::collections::HashSet;

use crate::Error;
use crate::limits::TURNS_MAX;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, but for the records that the reply names.
    Taken,
    /// Not known: no reply, or one that says so.
    Unknown,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The body of the pool that was sent.
    pub body: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// All requests of a thread, by their number.
#[derive(Debug)]
pub struct Turns {
    all: Vec<Turn>,
    /// The turn under way on each lane.
    under_way: Vec<u32>,
    /// Records that replies named as not taken, by turn and place in the request.
    refused: HashSet<(u32, u32)>,
}

impl Turns {
    /// Nothing sent yet.
    pub fn new(lanes: usize) -> Self {
        Turns { all: Vec::new(), under_way: vec![0; lanes], refused: HashSet::new() }
    }

    /// A lane sends a body. The turns are numbered as they begin.
    pub fn begin(&mut self, lane: usize, body: usize) -> Result<(), Error> {
        if self.all.len() >= TURNS_MAX {
            let most = format!("--verify: at most {TURNS_MAX} requests of a thread");
            return Err(Error::Options(most));
        }
        self.under_way[lane] = self.all.len() as u32;
        self.all.push(Turn { body: body as u32, outcome: Outcome::Unknown });
        Ok(())
    }

    /// The lane's request was taken.
    pub fn take(&mut self, lane: usize) {
        let turn = self.under_way[lane];
        self.all[turn as usize].outcome = Outcome::Taken;
    }

    /// A record of the lane's request was not.
    pub fn refuse(&mut self, lane: usize, index: u32) {
        self.refused.insert((self.under_way[lane], index));
    }

    /// All of them.
    pub fn all(&self) -> &[Turn] {
        &self.all
    }

    /// Whether a record must be there.
    pub fn must(&self, turn: u32, index: u32) -> bool {
        self.all[turn as usize].outcome == Outcome::Taken && !self.refused.contains(&(turn, index))
    }

    /// Whether a record may be there.
    pub fn may(&self, turn: u32, index: u32) -> bool {
        !self.refused.contains(&(turn, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_must_or_may_be_there_as_its_reply_said() {
        let mut turns = Turns::new(2);
        turns.begin(0, 5).unwrap();
        turns.begin(1, 6).unwrap();
        turns.take(1);
        turns.refuse(1, 3);
        assert_eq!(turns.all().iter().map(|turn| turn.body).collect::<Vec<_>>(), [5, 6]);
        assert!(!turns.must(0, 0) && turns.may(0, 0));
        assert!(turns.must(1, 0) && !turns.must(1, 3) && !turns.may(1, 3));
    }
}
