//! How many files and connections the system lets the server have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside connections: segments of the log, objects that are read and written, what is outside.
const BESIDE_CONNECTIONS: u64 = 2_000;
/// What more is of no use.
const FILES_MAX: u64 = 1 << 20;

/// Takes what the system allows: it begins with 1,024 for the sake of old programs, and the log keeps each segment
/// open. Says so if connections alone can end it.
pub fn raise(connections_max: u64) {
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    let mut holds = raised(now, most);
    if holds > now {
        let raised = Rlimit { current: Some(holds), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, "the limit of open files could not be raised");
            holds = now;
        }
    }
    if holds < connections_max.saturating_add(BESIDE_CONNECTIONS) {
        tracing::warn!(
            limit = holds,
            connections_max,
            "the limit of open files is too low for so many connections: raise it (ulimit -n, LimitNOFILE) or lower \
             limits.connections_max"
        );
    }
}

/// The limit to ask for, given the one that holds and the greatest; it is never lowered.
fn raised(now: u64, most: u64) -> u64 {
    now.max(most.min(FILES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_taken_as_far_as_it_is_of_use() {
        assert_eq!(raised(1024, 524_288), 524_288);
        assert_eq!(raised(1024, u64::MAX), FILES_MAX);
        assert_eq!(raised(1 << 30, u64::MAX), 1 << 30);
        assert_eq!(raised(128, 128), 128);
    }
}
