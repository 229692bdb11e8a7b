//! A raw connection: sends any bytes, reads answers as they come.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::Server;

/// A connection to a server.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An HTTP/1.1 response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Http {
    /// The first header of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

impl Wire {
    /// Opens a connection.
    ///
    /// # Panics
    /// If it is not accepted.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(Server::PATIENCE)).expect("a time-out is set");
        stream.set_nodelay(true).expect("small writes go out");
        Wire { stream, buffer: Vec::new() }
    }

    /// Sends bytes. A peer that has closed already is no error: its answer says why.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends bytes; `false` if the peer takes no more.
    pub fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Waits until the peer closes and returns all that came before.
    ///
    /// # Panics
    /// If it does not close in time.
    pub fn read_to_close(&mut self) -> Vec<u8> {
        while self.fill() {}
        std::mem::take(&mut self.buffer)
    }

    /// Reads exactly so many bytes; `None` if the peer closes first.
    pub fn read_exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < count {
            if !self.fill() {
                return None;
            }
        }
        Some(self.buffer.drain(..count).collect())
    }

    /// Reads one response; `None` if the peer closes before it is whole.
    ///
    /// # Panics
    /// If what comes is no HTTP, or nothing comes in time.
    pub fn read_http(&mut self) -> Option<Http> {
        let head_end = loop {
            match self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None if !self.fill() => return None,
                None => {}
            }
        };
        let head: Vec<u8> = self.buffer.drain(..head_end).collect();
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status: u16 = status.and_then(|code| code.parse().ok()).expect("a status line");
        if status == 100 {
            return self.read_http();
        }
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let mut http =
            Http { status, headers: lines.filter_map(header).collect(), body: Vec::new() };
        http.body = match (http.header("content-length"), http.header("transfer-encoding")) {
            (Some(length), _) => self.read_exactly(length.parse().expect("a length"))?,
            (None, Some(_)) => self.read_chunks()?,
            (None, None) => self.read_to_close(),
        };
        Some(http)
    }

    fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                match self.buffer.windows(2).position(|window| window == b"\r\n") {
                    Some(at) => break at,
                    None if !self.fill() => return None,
                    None => {}
                }
            };
            let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
            let size = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16);
            let size = size.expect("a chunk's size");
            let mut chunk = self.read_exactly(size + 2)?;
            chunk.truncate(size);
            body.append(&mut chunk);
            if size == 0 {
                return Some(body);
            }
        }
    }

    /// Takes in what comes next; `false` at the end.
    fn fill(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return false,
                Ok(count) => {
                    self.buffer.extend_from_slice(&piece[..count]);
                    return true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    panic!("nothing came for {:?}", Server::PATIENCE)
                }
                // A reset is an end as good as any.
                Err(_) => return false,
            }
        }
    }
}
