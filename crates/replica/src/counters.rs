//! What a replica counts.

use millstream_counters::{Collect, Collector, Counter, Gauge, Sample};

/// Counters of one replica, labelled with its machine's name.
#[derive(Debug)]
pub struct ReplicaCounters {
    machine: &'static str,
    /// Commands applied since the start, replay included.
    pub applied: Counter,
    /// Commands refused because their term or session was over.
    pub refused: Counter,
    /// Appends whose outcome was unknown at first.
    pub unknown: Counter,
    /// Snapshots finished.
    pub snapshots: Counter,
    /// Snapshots given up.
    pub snapshots_failed: Counter,
    /// Bytes of log since the last snapshot.
    pub log_bytes: Gauge,
}

impl ReplicaCounters {
    pub(crate) fn new(machine: &'static str) -> Self {
        ReplicaCounters {
            machine,
            applied: Counter::new(),
            refused: Counter::new(),
            unknown: Counter::new(),
            snapshots: Counter::new(),
            snapshots_failed: Counter::new(),
            log_bytes: Gauge::new(),
        }
    }
}

impl Collect for ReplicaCounters {
    fn collect(&self, to: &mut dyn Collector) {
        let labels = [("machine", self.machine)];
        let counters = [
            (
                "millstream_replica_commands_applied_total",
                "Commands applied, replay included",
                &self.applied,
            ),
            (
                "millstream_replica_commands_refused_total",
                "Commands of a past term or session",
                &self.refused,
            ),
            (
                "millstream_replica_appends_unknown_total",
                "Appends of unknown outcome",
                &self.unknown,
            ),
            ("millstream_replica_snapshots_total", "Snapshots finished", &self.snapshots),
            (
                "millstream_replica_snapshots_failed_total",
                "Snapshots given up",
                &self.snapshots_failed,
            ),
        ];
        for (name, help, counter) in counters {
            to.sample(name, help, &labels, Sample::Counter(counter.get()));
        }
        let help = "Bytes of log since the last snapshot";
        to.sample(
            "millstream_replica_log_bytes",
            help,
            &labels,
            Sample::Gauge(self.log_bytes.get()),
        );
    }
}
