//! Connections with one request under way on each, driven by one thread over readiness events.
//!
//! A connection is a lane: it sends a request, reads the reply, and asks its [`Work`] for the next. Nothing is
//! allocated or copied on the way, since this thread runs on the processors that it measures.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};

use crate::limits::{INBOX_BYTES, REPLY_WAIT};
use crate::reply::{self, Head};
use crate::{Error, clock};

/// A whole reply and when its request was begun and it was complete.
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    /// When the first byte of the request was handed to the socket.
    pub begun: Instant,
    /// When the last byte of the reply was read.
    pub ended: Instant,
}

/// What lanes send and what becomes of the replies.
pub trait Work {
    /// Chooses the lane's next request; false when it shall send no more.
    fn next(&mut self, lane: usize) -> Result<bool, Error>;
    /// The bytes of the request that was chosen last.
    fn request(&self, lane: usize) -> &[u8];
    /// A reply to it.
    fn answered(&mut self, lane: usize, reply: &Reply<'_>) -> Result<(), Error>;
    /// The connection broke before a whole reply: the outcome is unknown.
    fn lost(&mut self, lane: usize, why: std::io::Error) -> Result<(), Error>;
}

enum State {
    Idle,
    Sending(usize),
    Receiving,
    Done,
}

struct Lane {
    stream: TcpStream,
    state: State,
    /// Something arrived, or the peer closed, since the socket was last drained.
    readable: bool,
    closed: bool,
    inbox: Vec<u8>,
    filled: usize,
    head: Option<Head>,
    begun: Instant,
}

fn connect(address: SocketAddr) -> Result<TcpStream, Error> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

/// Runs `lanes` connections until the work has no more requests; returns how often it had to connect again.
pub fn drive(address: SocketAddr, lanes: usize, work: &mut impl Work) -> Result<u64, Error> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(lanes.clamp(16, 1024));
    let mut driver = Driver { address, registry: poll.registry().try_clone()?, reconnects: 0 };
    let mut all = Vec::with_capacity(lanes);
    for index in 0..lanes {
        let mut lane = Lane {
            stream: connect(address)?,
            state: State::Idle,
            readable: false,
            closed: false,
            inbox: vec![0; INBOX_BYTES],
            filled: 0,
            head: None,
            begun: clock::now(),
        };
        driver.register(&mut lane, index)?;
        all.push(lane);
    }
    let mut open = lanes;
    for (index, lane) in all.iter_mut().enumerate() {
        open -= usize::from(driver.advance(lane, index, work)?);
    }
    let mut last_event = clock::now();
    while open > 0 {
        if let Err(error) = poll.poll(&mut events, Some(Duration::from_secs(1))) {
            if error.kind() == ErrorKind::Interrupted {
                continue;
            }
            return Err(error.into());
        }
        if events.is_empty() {
            if clock::now().duration_since(last_event) > REPLY_WAIT {
                return Err(Error::Silent);
            }
            continue;
        }
        last_event = clock::now();
        for event in &events {
            let index = event.token().0;
            let lane = &mut all[index];
            if matches!(lane.state, State::Done) {
                continue;
            }
            lane.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            open -= usize::from(driver.advance(lane, index, work)?);
        }
    }
    Ok(driver.reconnects)
}

struct Driver {
    address: SocketAddr,
    registry: Registry,
    reconnects: u64,
}

impl Driver {
    fn register(&self, lane: &mut Lane, index: usize) -> Result<(), Error> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        Ok(self.registry.register(&mut lane.stream, Token(index), interest)?)
    }

    /// Goes as far as the socket lets it; true when the lane has just become done.
    fn advance(
        &mut self,
        lane: &mut Lane,
        index: usize,
        work: &mut impl Work,
    ) -> Result<bool, Error> {
        loop {
            match lane.state {
                State::Done => return Ok(false),
                State::Idle => {
                    if !work.next(index)? {
                        lane.state = State::Done;
                        return Ok(true);
                    }
                    lane.begun = clock::now();
                    if lane.closed {
                        self.reconnect(lane, index)?;
                    }
                    lane.state = State::Sending(0);
                }
                State::Sending(sent) => match send(lane, &work.request(index)[sent..]) {
                    Ok(Some(more)) if sent + more == work.request(index).len() => {
                        lane.state = State::Receiving;
                        if !lane.readable {
                            return Ok(false);
                        }
                    }
                    Ok(Some(more)) => lane.state = State::Sending(sent + more),
                    Ok(None) => return Ok(false),
                    Err(error) => self.lose(lane, index, work, error)?,
                },
                State::Receiving => match receive(lane)? {
                    Received::Waiting => return Ok(false),
                    Received::Lost(error) => self.lose(lane, index, work, error)?,
                    Received::Whole(head) => {
                        let reply = Reply {
                            status: head.status,
                            body: &lane.inbox[head.body_at..head.end],
                            begun: lane.begun,
                            ended: clock::now(),
                        };
                        work.answered(index, &reply)?;
                        lane.head = None;
                        lane.filled = 0;
                        lane.closed |= head.close;
                        lane.state = State::Idle;
                    }
                },
            }
        }
    }

    fn reconnect(&mut self, lane: &mut Lane, index: usize) -> Result<(), Error> {
        self.registry.deregister(&mut lane.stream)?;
        lane.stream = connect(self.address)?;
        lane.readable = false;
        lane.closed = false;
        lane.filled = 0;
        lane.head = None;
        self.reconnects += 1;
        self.register(lane, index)
    }

    fn lose(
        &mut self,
        lane: &mut Lane,
        index: usize,
        work: &mut impl Work,
        why: std::io::Error,
    ) -> Result<(), Error> {
        work.lost(index, why)?;
        lane.closed = true;
        lane.state = State::Idle;
        Ok(())
    }
}

/// What the socket took; nothing when it takes no more for now.
fn send(lane: &mut Lane, bytes: &[u8]) -> std::io::Result<Option<usize>> {
    loop {
        match lane.stream.write(bytes) {
            Ok(sent) => return Ok(Some(sent)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

enum Received {
    Waiting,
    Whole(Head),
    Lost(std::io::Error),
}

fn receive(lane: &mut Lane) -> Result<Received, Error> {
    while lane.readable {
        if lane.filled == lane.inbox.len() {
            let wanted = lane.head.map_or(0, |head| head.end);
            lane.inbox.resize(wanted.max(lane.inbox.len() * 2), 0);
        }
        let room = lane.inbox.len() - lane.filled;
        match lane.stream.read(&mut lane.inbox[lane.filled..]) {
            Ok(0) => return Ok(Received::Lost(ErrorKind::UnexpectedEof.into())),
            Ok(count) => {
                lane.filled += count;
                // A read that leaves room has drained the socket; what comes later is a new event.
                lane.readable = count == room;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => lane.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Received::Lost(error)),
        }
        if lane.head.is_none() {
            lane.head = reply::head(&lane.inbox[..lane.filled])?;
        }
        if let Some(head) = lane.head.filter(|head| lane.filled >= head.end) {
            return Ok(Received::Whole(head));
        }
    }
    Ok(Received::Waiting)
}
