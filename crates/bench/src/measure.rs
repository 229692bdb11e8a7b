//! Runs the load's threads and looks at the processes' time at both ends of the measured window.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::lanes::{Work, drive};
use crate::tally::Window;
use crate::{Error, clock, process};

/// What is known once all threads have ended.
pub struct Measured<W> {
    /// Each thread's work.
    pub works: Vec<W>,
    /// Length of the measured window.
    pub window: Duration,
    /// Processor time of the server in it.
    pub server_time: Option<Duration>,
    /// Processor time of the generator in it.
    pub own_time: Option<Duration>,
    /// How often a connection had to be made anew.
    pub reconnects: u64,
}

type Ended<W> = Result<(W, u64), Error>;

/// Runs each work with its number of lanes on a thread of its own.
pub fn run<W: Work + Send>(
    address: SocketAddr,
    loads: Vec<(W, usize)>,
    window: &Window,
    server_pid: Option<u32>,
) -> Result<Measured<W>, Error> {
    let count = loads.len();
    let (sender, receiver) = channel::<Ended<W>>();
    std::thread::scope(|scope| {
        for (mut work, lanes) in loads {
            let sender = sender.clone();
            scope.spawn(move || {
                let ended = drive(address, lanes, &mut work).map(|again| (work, again));
                // Nobody listens any more once another thread has failed.
                let _ = sender.send(ended);
            });
        }
        drop(sender);
        let mut crew = Crew { receiver, ended: Vec::new(), count };
        crew.wait(Some(window.from))?;
        let before = Look::now(server_pid);
        crew.wait(window.until)?;
        let after = Look::now(server_pid);
        crew.wait(None)?;
        let reconnects = crew.ended.iter().map(|(_, again)| again).sum();
        Ok(Measured {
            works: crew.ended.into_iter().map(|(work, _)| work).collect(),
            window: after.at.duration_since(before.at),
            server_time: difference(before.server, after.server),
            own_time: difference(before.own, after.own),
            reconnects,
        })
    })
}

struct Look {
    at: Instant,
    server: Option<Duration>,
    own: Option<Duration>,
}

impl Look {
    fn now(server_pid: Option<u32>) -> Self {
        let server = server_pid.and_then(|pid| process::processor_time(Some(pid)));
        Look { at: clock::now(), server, own: process::processor_time(None) }
    }
}

fn difference(before: Option<Duration>, after: Option<Duration>) -> Option<Duration> {
    after?.checked_sub(before?)
}

struct Crew<W> {
    receiver: Receiver<Ended<W>>,
    ended: Vec<(W, u64)>,
    count: usize,
}

impl<W> Crew<W> {
    /// Until the moment given, or until all threads have ended; the first failure ends the wait.
    fn wait(&mut self, moment: Option<Instant>) -> Result<(), Error> {
        while moment.is_some() || self.ended.len() < self.count {
            let left = moment.map(|moment| moment.saturating_duration_since(clock::now()));
            if left == Some(Duration::ZERO) {
                return Ok(());
            }
            match self.receiver.recv_timeout(left.unwrap_or(Duration::from_secs(3600))) {
                Ok(ended) => self.ended.push(ended?),
                Err(RecvTimeoutError::Timeout) => {}
                // Senders are gone: all have ended, or one has died without a word.
                Err(RecvTimeoutError::Disconnected) if self.ended.len() == self.count => {
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(Error::ThreadLost),
            }
        }
        Ok(())
    }
}
