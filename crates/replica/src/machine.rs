//! What a state machine is to the replica.

/// A deterministic state machine. Its functions are pure: no clock, no randomness, no I/O; times and ids are in the
/// command. So every replica that replays the same log holds the same state.
pub trait Machine: Send + Sync + 'static {
    /// Which machine: each command and chunk carries it, so that a log is never replayed by the wrong one.
    const KIND: u16;
    /// The machine's name, for messages.
    const NAME: &'static str;
    /// The version of commands and slices that is written; up to this version everything can be read.
    const VERSION: u16;

    /// A change.
    type Command: Send + Sync + 'static;
    /// What a change came to.
    type Outcome: Send + 'static;
    /// What is kept.
    type State: Default + Send + Sync + 'static;
    /// The state as it was at one moment, while the state itself moves on.
    type Frozen: Send + Sync + 'static;

    /// Changes the state. The same for every replica: a refusal is an outcome too.
    fn apply(state: &mut Self::State, command: &Self::Command) -> Self::Outcome;

    /// The command as bytes, in format `VERSION`.
    fn encode(command: &Self::Command) -> Vec<u8>;
    /// Reads a command in format `version`, which is at most `VERSION`; the text says what is wrong with it.
    fn decode(bytes: &[u8], version: u16) -> Result<Self::Command, String>;

    /// Holds on to the state as it is. Commands wait meanwhile, so this copies handles (`Arc`s), never contents.
    fn freeze(state: &Self::State) -> Self::Frozen;
    /// The part of the state after the key `from` (from the first if none), in at most `bytes_max` bytes.
    fn slice(frozen: &Self::Frozen, from: Option<&[u8]>, bytes_max: usize) -> Slice;
    /// Puts back a slice written in format `version`; slices come in the order in which they were cut.
    fn restore(state: &mut Self::State, slice: &[u8], version: u16) -> Result<(), String>;
}

/// A part of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The part, encoded.
    pub bytes: Vec<u8>,
    /// Where the next slice goes on; `None` if this was the last.
    pub next: Option<Vec<u8>>,
}
