//! Why a command ends early.

use std::io;

use millstream_client::Error;

/// What ends a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the person is told.
    Told(String),
    /// Nobody reads the output any more.
    ClosedPipe,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Told(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::ClosedPipe
        } else {
            Failure::Told(error.to_string())
        }
    }
}
