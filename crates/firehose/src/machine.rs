//! What a pipeline has to remember, as a machine of `replica` in a log of the delivery stream's own: how far each lane
//! is planned, the plans that are not settled, which blocks of the processed log count, and the configurations that
//! plans name. Drawn in `docs/formats/delivery.md`.

mod apply;
mod command;
mod plan;

mod snapshot;
mod state;

#[cfg(test)]
mod tests;

use millstream_replica::{Machine, Slice};

pub use crate::ranges::Ranges;
pub use command::{Closing, Command, Group, Outcome, Seal};
pub use plan::{Cover, PROCESSED, Plan};
pub use state::{BackupInput, LANES, LaneId, LaneState, Shape, State, Totals};

/// The machine.
pub struct DeliveryMachine;

impl Machine for DeliveryMachine {
    const KIND: u16 = 60;
    const NAME: &'static str = "delivery";
    const VERSION: u16 = 1;

    type Command = Command;
    type Outcome = Outcome;
    type State = State;
    type Frozen = snapshot::Frozen;

    fn apply(state: &mut State, command: &Command) -> Outcome {
        apply::apply(state, command)
    }

    fn encode(command: &Command) -> Vec<u8> {
        // Writing into a vector cannot fail, and no command has a form that cannot be written.
        minicbor::to_vec(command).unwrap_or_default()
    }

    fn decode(bytes: &[u8], _version: u16) -> Result<Command, String> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let command = decoder.decode().map_err(|error| error.to_string())?;
        match decoder.position() == bytes.len() {
            true => Ok(command),
            false => Err("something follows the command".into()),
        }
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
pub fn fuzz_delivery(input: &[u8]) {
    let mut state = State::default();
    if DeliveryMachine::restore(&mut state, input, DeliveryMachine::VERSION).is_err() {
        state = State::default();
    }
    if let Ok(command) = DeliveryMachine::decode(input, DeliveryMachine::VERSION) {
        let bytes = DeliveryMachine::encode(&command);
        let again = DeliveryMachine::decode(&bytes, DeliveryMachine::VERSION);
        assert_eq!(again.as_ref(), Ok(&command));
        DeliveryMachine::apply(&mut state, &command);
    }
}
