//! Limits of what comes in over the network, with their units.

use std::time::Duration;

/// Largest head of an HTTP/1 request, and hyper's read buffer.
pub const HTTP1_BUFFER_BYTES: usize = 64 * 1024;
/// Largest header list of an HTTP/2 request.
pub const HTTP2_HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
/// Concurrent streams of an HTTP/2 connection.
pub const HTTP2_STREAMS_MAX: u32 = 256;
/// Streams that a client may reset before they are accepted (rapid reset, CVE-2023-44487).
pub const HTTP2_PENDING_RESETS_MAX: usize = 20;
/// Streams that we may have to reset for a client's errors.
pub const HTTP2_LOCAL_RESETS_MAX: usize = 1024;
/// Flow-control window of an HTTP/2 stream.
pub const HTTP2_STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// Flow-control window of an HTTP/2 connection.
pub const HTTP2_CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Unsent bytes of an HTTP/2 stream.
pub const HTTP2_SEND_BUFFER_BYTES: usize = 400 * 1024;
/// Time between pings to an idle HTTP/2 peer, and how long it may take to answer.
pub const HTTP2_PING: Duration = Duration::from_secs(20);
/// Bytes of a body that are read after its request was answered without them, and thrown away; a client that sends more
/// has its stream reset. Four times the largest legal request, and no memory: pieces are dropped as they come.
pub const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The unit in which memory for bodies is reserved.
pub const BODY_PERMIT_BYTES: usize = 4 * 1024;
/// Idle buffers kept for bodies.
pub const BODY_POOL_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest buffer that is kept.
pub const BODY_POOL_BUFFER_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Limits that the configuration can change, under `[limits]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at once.
    pub connections_max: u64,
    /// Connections of one address at once.
    pub connections_per_address_max: u64,
    /// Bodies in memory at once, in bytes.
    pub body_bytes_in_flight_max: u64,
    /// How long a request's head may take, in milliseconds.
    pub header_read_timeout_ms: u64,
    /// How long a connection may do nothing, in milliseconds.
    pub idle_timeout_ms: u64,
    /// How long a body may take, in milliseconds.
    pub body_read_timeout_ms: u64,
    /// How long a TLS handshake, or the first bytes of a connection, may take, in milliseconds.
    pub handshake_timeout_ms: u64,
    /// How long a reply may make no progress, in milliseconds.
    pub write_timeout_ms: u64,
    /// How long a request may take in all, in milliseconds.
    pub request_timeout_ms: u64,
    /// How long what is under way may take after a signal to stop, in milliseconds.
    pub drain_timeout_ms: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        HttpLimits {
            connections_max: 10_000,
            connections_per_address_max: 10_000,
            body_bytes_in_flight_max: 64 * 1024 * 1024,
            header_read_timeout_ms: 10_000,
            idle_timeout_ms: 60_000,
            body_read_timeout_ms: 30_000,
            handshake_timeout_ms: 5_000,
            write_timeout_ms: 30_000,
            request_timeout_ms: 60_000,
            drain_timeout_ms: 10_000,
        }
    }
}

impl HttpLimits {
    /// Sets the limit called `key`; `false` if there is none of this name.
    pub fn set(&mut self, key: &str, value: u64) -> bool {
        let field = match key {
            "connections_max" => &mut self.connections_max,
            "connections_per_address_max" => &mut self.connections_per_address_max,
            "body_bytes_in_flight_max" => &mut self.body_bytes_in_flight_max,
            "header_read_timeout_ms" => &mut self.header_read_timeout_ms,
            "idle_timeout_ms" => &mut self.idle_timeout_ms,
            "body_read_timeout_ms" => &mut self.body_read_timeout_ms,
            "handshake_timeout_ms" => &mut self.handshake_timeout_ms,
            "write_timeout_ms" => &mut self.write_timeout_ms,
            "request_timeout_ms" => &mut self.request_timeout_ms,
            "drain_timeout_ms" => &mut self.drain_timeout_ms,
            _ => return false,
        };
        *field = value;
        true
    }
}
