//! What the gateway counts.

use millstream_counters::{Collect, Collector, Counter, Gauge, Sample};

/// Counters of connections and requests.
#[derive(Debug, Default)]
pub struct GatewayCounters {
    /// Connections that are open.
    pub connections: Gauge,
    /// Connections that were refused because there were too many.
    pub connections_refused: Counter,
    /// Times that the system handed no connection over, as when no file handles are left.
    pub accepts_failed: Counter,
    /// Connections closed because they were too slow or idle.
    pub connections_timed_out: Counter,
    /// Requests that arrived.
    pub requests: Counter,
    /// Requests answered with a status of 400 to 499.
    pub client_errors: Counter,
    /// Requests answered with a status of 500 and above.
    pub server_errors: Counter,
    /// Requests whose signature was refused.
    pub signatures_refused: Counter,
    /// Members that no model knows, in requests.
    pub unknown_members: Counter,
    /// Bytes of request bodies in memory.
    pub body_bytes_in_flight: Gauge,
    /// What they may take.
    pub body_bytes_limit: Gauge,
}

impl Collect for GatewayCounters {
    fn collect(&self, to: &mut dyn Collector) {
        let mut counter =
            |name, help, value: &Counter| to.sample(name, help, &[], Sample::Counter(value.get()));
        counter("millstream_http_requests_total", "Requests that arrived.", &self.requests);
        counter(
            "millstream_http_client_errors_total",
            "Requests answered with 4xx.",
            &self.client_errors,
        );
        counter(
            "millstream_http_server_errors_total",
            "Requests answered with 5xx.",
            &self.server_errors,
        );
        counter(
            "millstream_http_connections_refused_total",
            "Connections over the limit.",
            &self.connections_refused,
        );
        counter(
            "millstream_http_accepts_failed_total",
            "Times that the system handed no connection over, as when no file handles are left.",
            &self.accepts_failed,
        );
        counter(
            "millstream_http_connections_timed_out_total",
            "Connections closed as too slow or idle.",
            &self.connections_timed_out,
        );
        counter(
            "millstream_signatures_refused_total",
            "Requests whose signature was refused.",
            &self.signatures_refused,
        );
        counter(
            "millstream_unknown_members_total",
            "Request members that the service model does not know.",
            &self.unknown_members,
        );
        let mut gauge =
            |name, help, value: &Gauge| to.sample(name, help, &[], Sample::Gauge(value.get()));
        gauge("millstream_http_connections", "Open connections.", &self.connections);
        gauge(
            "millstream_memory_bodies_bytes",
            "Request bodies in memory.",
            &self.body_bytes_in_flight,
        );
        gauge(
            "millstream_memory_bodies_limit_bytes",
            "What request bodies may take.",
            &self.body_bytes_limit,
        );
    }
}
