//! What the vault counts.

use millstream_counters::{Collect, Collector, Counter, Sample};

/// Uses of master keys.
#[derive(Debug, Default)]
pub struct VaultCounters {
    /// Data keys made.
    pub generated: Counter,
    /// Data keys unwrapped, or checked again.
    pub unwrapped: Counter,
    /// Uses of a master key that were refused or failed.
    pub refused: Counter,
}

impl Collect for VaultCounters {
    fn collect(&self, to: &mut dyn Collector) {
        for (name, help, counter) in [
            ("millstream_data_keys_generated_total", "Data keys made.", &self.generated),
            (
                "millstream_data_keys_unwrapped_total",
                "Data keys unwrapped by their master key, again after five minutes.",
                &self.unwrapped,
            ),
            (
                "millstream_master_key_refusals_total",
                "Uses of a master key that were refused or failed.",
                &self.refused,
            ),
        ] {
            to.sample(name, help, &[], Sample::Counter(counter.get()));
        }
    }
}
