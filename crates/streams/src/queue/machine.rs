//! What a queue has delivered, as a machine of `replica` in a log of the queue's own group.
//!
//! State per shard is a floor and what lies above it: a record that has never been received has no entry, and one that
//! is acknowledged has none any more. Entries of twenty bytes lie in pages of 512 positions, so that a snapshot copies
//! handles and an acknowledgement touches one page. Drawn in `docs/formats/queue.md`.

mod apply;
mod codec;
mod command;
mod page;
mod shards;
mod snapshot;
mod state;

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod tests;

use millstream_replica::{Machine, Slice};

pub use command::{Command, Grant, Op, Outcome, Receive, Refusal, Ticket, Verdict};
pub use state::{Counts, Outlook, State};

/// The machine.
pub struct QueueMachine;

impl Machine for QueueMachine {
    const KIND: u16 = 50;
    const NAME: &'static str = "queue";
    const VERSION: u16 = 1;

    type Command = Command;
    type Outcome = Outcome;
    type State = State;
    type Frozen = snapshot::Frozen;

    fn apply(state: &mut State, command: &Command) -> Outcome {
        apply::apply(state, command)
    }

    fn encode(command: &Command) -> Vec<u8> {
        command.encode()
    }

    fn decode(bytes: &[u8], _version: u16) -> Result<Command, String> {
        Command::decode(bytes)
    }

    fn freeze(state: &State) -> snapshot::Frozen {
        snapshot::Frozen::of(state)
    }

    fn slice(frozen: &snapshot::Frozen, from: Option<&[u8]>, bytes_max: usize) -> Slice {
        frozen.slice(from, bytes_max)
    }

    fn restore(state: &mut State, slice: &[u8], _version: u16) -> Result<(), String> {
        snapshot::restore(state, slice)
    }
}

/// Reads any bytes as a command and as a slice, and applies what is taken; for fuzzing.
pub fn fuzz_queue(input: &[u8]) {
    let mut state = State::default();
    if QueueMachine::restore(&mut state, input, QueueMachine::VERSION).is_err() {
        state = State::default();
    }
    if let Ok(command) = QueueMachine::decode(input, QueueMachine::VERSION) {
        let again = QueueMachine::decode(&QueueMachine::encode(&command), QueueMachine::VERSION);
        assert_eq!(again.as_ref(), Ok(&command));
        QueueMachine::apply(&mut state, &command);
    }
}
