//! What Millstream must reach, as ratios within one run.

use crate::bench::results::Results;

/// The side on which a value must lie.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Only stated.
    Stated,
}

impl Bound {
    /// Whether a value is on the right side; nothing when there is none.
    pub fn holds(self, value: f64) -> Option<bool> {
        match self {
            Bound::AtLeast(least) => Some(value >= least),
            Bound::AtMost(most) => Some(value <= most),
            Bound::Stated => None,
        }
    }
}

/// A line of the table.
pub struct Target {
    /// What is measured, and against what.
    pub measure: &'static str,
    /// Where the value must lie.
    pub bound: Bound,
    /// What stands behind the value.
    pub unit: &'static str,
    /// The value and what it was made of; nothing when that was not measured.
    pub value: fn(&Results) -> Option<(f64, String)>,
}

const MEMORY: &str = "put-records-64/millstream-ephemeral";
const DURABLE: &str = "put-records-64/millstream-durable";
const FAN_OUT: &str = "fan-out-20x64/millstream-durable";
/// The figure that most ratios are of.
pub const RATE: &str = "records_per_second";
const PAYLOAD: &str = "payload_mb_per_second";

/// The table, in the order in which it is printed.
pub const TARGETS: &[Target] = &[
    Target {
        measure: "PutRecords 500 × 1 KiB, 8 connections, 64 shards, `--ephemeral`, against ferrokinesis in memory",
        bound: Bound::AtLeast(10.0),
        unit: "×",
        value: |r| ratio(r, RATE, MEMORY, "put-records-64/ferrokinesis"),
    },
    Target {
        measure: "the same durable, against the lower of the ephemeral run and the disk's 1 MiB writes (payload, MB/s)",
        bound: Bound::AtLeast(0.75),
        unit: "×",
        value: durable_against_ceiling,
    },
    Target {
        measure: "durable PutRecords against ferrokinesis with `--state-dir`",
        bound: Bound::AtLeast(100.0),
        unit: "×",
        value: |r| ratio(r, RATE, DURABLE, "put-records-64/ferrokinesis-state-dir"),
    },
    Target {
        measure: "durable PutRecord, 32 connections, against ferrokinesis with `--state-dir`",
        bound: Bound::AtLeast(100.0),
        unit: "×",
        value: |r| put_record(r, "put-record-32/ferrokinesis-state-dir"),
    },
    Target {
        measure: "PutRecords, `--ephemeral`, against fakecloud in memory",
        bound: Bound::AtLeast(5.0),
        unit: "×",
        value: |r| ratio(r, RATE, MEMORY, "put-records-64/fakecloud"),
    },
    Target {
        measure: "PutRecord, 32 connections, `--ephemeral`, against fakecloud in memory",
        bound: Bound::AtLeast(1.1),
        unit: "×",
        value: |r| ratio(r, RATE, "put-record-32/millstream-ephemeral", "put-record-32/fakecloud"),
    },
    Target {
        measure: "PutRecord 1 KiB, 32 connections, durable, against ferrokinesis in memory",
        bound: Bound::AtLeast(1.4),
        unit: "×",
        value: |r| put_record(r, "put-record-32/ferrokinesis"),
    },
    Target {
        measure: "the same against a bare HTTP server that reads the same body",
        bound: Bound::AtLeast(0.5),
        unit: "×",
        value: |r| put_record(r, "put-record-32/bare"),
    },
    Target {
        measure: "PutRecord, 1 connection, durable: p50 against the bare server's p50 + the disk's 4 KiB fdatasync p50",
        bound: Bound::AtMost(1.5),
        unit: "×",
        value: one_connection,
    },
    Target {
        measure: "GetRecords, replies of 10 MB, durable, MB/s against ferrokinesis",
        bound: Bound::AtLeast(3.0),
        unit: "×",
        value: |r| ratio(r, PAYLOAD, "get-records/millstream-durable", "get-records/ferrokinesis"),
    },
    Target {
        measure: "peak memory of the server in the durable runs",
        bound: Bound::AtMost(256.0),
        unit: "MiB",
        value: peak_memory,
    },
    Target {
        measure: "enhanced fan-out at 1,000 PutRecord/s, durable: from the reply to the arrival, p50",
        bound: Bound::AtMost(1.0),
        unit: "ms",
        value: |r| delay(r, "p50_us"),
    },
    Target {
        measure: "the same, p99",
        bound: Bound::AtMost(5.0),
        unit: "ms",
        value: |r| delay(r, "p99_us"),
    },
    Target {
        measure: "PutRecords beside 1,280 subscriptions (20 consumers, 64 shards) against PutRecords alone, durable",
        bound: Bound::AtLeast(0.5),
        unit: "×",
        value: |r| ratio_within(r, FAN_OUT, RATE, "records_per_second_without"),
    },
    Target {
        measure: "peak memory of the server meanwhile",
        bound: Bound::AtMost(512.0),
        unit: "MiB",
        value: |r| Some((r.spread(FAN_OUT, "server_peak_mib")?.max, FAN_OUT.to_owned())),
    },
    Target {
        measure: "10,000 shards against 64, same load, durable",
        bound: Bound::AtLeast(0.8),
        unit: "×",
        value: |r| ratio(r, RATE, "put-records-10000/millstream-durable", DURABLE),
    },
    Target {
        measure: "start to ready, empty",
        bound: Bound::AtMost(0.1),
        unit: "s",
        value: |r| seconds(r, "startup/empty"),
    },
    Target {
        measure: "start to ready, after a clean stop",
        bound: Bound::AtMost(0.5),
        unit: "s",
        value: |r| seconds(r, "startup/after-clean-stop"),
    },
    Target {
        measure: "start to ready, after kill -9 under load",
        bound: Bound::AtMost(2.0),
        unit: "s",
        value: |r| seconds(r, "startup/after-kill"),
    },
    Target {
        measure: "one cold shard of 1,000 interleaved, as written (before the rewriter)",
        bound: Bound::Stated,
        unit: "MB/s",
        value: |r| cold(r, "cold-shard/interleaved"),
    },
    Target {
        measure: "the same after the rewriter",
        bound: Bound::Stated,
        unit: "MB/s",
        value: |r| cold(r, "cold-shard/rewritten"),
    },
    Target {
        measure: "start to ready with 5,000 streams and 20,000 shards",
        bound: Bound::AtMost(2.0),
        unit: "s",
        value: |r| listed(r, "ready_seconds", 1.0, "s"),
    },
    Target {
        measure: "ListStreams with these: p99",
        bound: Bound::AtMost(10.0),
        unit: "ms",
        value: |r| listed(r, "list_streams_p99_us", 1e3, "ms"),
    },
    Target {
        measure: "ListShards with these: p99",
        bound: Bound::AtMost(10.0),
        unit: "ms",
        value: |r| listed(r, "list_shards_p99_us", 1e3, "ms"),
    },
];

/// A figure of one cell against the same of another.
pub fn ratio(results: &Results, figure: &str, ours: &str, theirs: &str) -> Option<(f64, String)> {
    let (ours, theirs) = (results.median(ours, figure)?, results.median(theirs, figure)?);
    let digits = if theirs < 1_000.0 { 1 } else { 0 };
    (theirs > 0.0).then(|| (ours / theirs, format!("{ours:.0} / {theirs:.digits$}")))
}

fn ratio_within(results: &Results, cell: &str, ours: &str, theirs: &str) -> Option<(f64, String)> {
    let (ours, theirs) = (results.median(cell, ours)?, results.median(cell, theirs)?);
    (theirs > 0.0).then(|| (ours / theirs, format!("{ours:.0} / {theirs:.0}")))
}

fn delay(results: &Results, figure: &str) -> Option<(f64, String)> {
    let spread = results.spread("fan-out-delay/millstream-durable", figure)?;
    let [median, min, max] = [spread.median, spread.min, spread.max].map(|us| us / 1e3);
    Some((median, format!("{min:.2} to {max:.2} ms")))
}

fn put_record(results: &Results, theirs: &str) -> Option<(f64, String)> {
    ratio(results, RATE, "put-record-32/millstream-durable", theirs)
}

/// Against the file that was written already, the harder of the two preparations that the segments go through.
fn durable_against_ceiling(results: &Results) -> Option<(f64, String)> {
    let durable = results.median(DURABLE, PAYLOAD)?;
    let memory = results.median(MEMORY, PAYLOAD)?;
    let disk = results.median("disk-1m/written", "mb_per_second")?;
    let (lower, which) = if disk < memory { (disk, "disk") } else { (memory, "ephemeral") };
    Some((durable / lower, format!("{durable:.0} / {lower:.0} MB/s ({which})")))
}

fn one_connection(results: &Results) -> Option<(f64, String)> {
    let ours = results.median("put-record-1/millstream-durable", "p50_us")?;
    let bare = results.median("put-record-1/bare", "p50_us")?;
    let sync = results.median("disk-4k/written", "p50_us")?;
    Some((ours / (bare + sync), format!("{ours:.0} / ({bare:.0} + {sync:.0}) µs")))
}

/// The greatest of all rounds: it may never be more.
fn peak_memory(results: &Results) -> Option<(f64, String)> {
    let durable =
        |cell: &&str| cell.ends_with("/millstream-durable") && !cell.starts_with("fan-out-");
    let cells = results.cells().into_iter().filter(durable);
    let peaks = cells.filter_map(|cell| Some((results.spread(cell, "server_peak_mib")?.max, cell)));
    let (peak, cell) = peaks.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some((peak, cell.to_owned()))
}

fn seconds(results: &Results, cell: &str) -> Option<(f64, String)> {
    let spread = results.spread(cell, "seconds")?;
    Some((spread.median, format!("{:.3} to {:.3} s", spread.min, spread.max)))
}

fn cold(results: &Results, cell: &str) -> Option<(f64, String)> {
    let spread = results.spread(cell, PAYLOAD)?;
    Some((spread.median, format!("{:.0} to {:.0} MB/s", spread.min, spread.max)))
}

fn listed(results: &Results, figure: &str, divisor: f64, unit: &str) -> Option<(f64, String)> {
    let spread = results.spread("many-streams/listed", figure)?;
    let (min, max) = (spread.min / divisor, spread.max / divisor);
    Some((spread.median / divisor, format!("{min:.3} to {max:.3} {unit}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(measure: &str, results: &Results) -> Option<(f64, String)> {
        let target = TARGETS.iter().find(|target| target.measure.starts_with(measure)).unwrap();
        (target.value)(results)
    }

    #[test]
    fn the_lower_ceiling_counts_for_durable_puts() {
        for (memory, disk, expected, which) in
            [(1_000.0, 3_000.0, 0.8, "ephemeral"), (1_000.0, 900.0, 800.0 / 900.0, "disk")]
        {
            let results = Results::of_test(&[
                (MEMORY, json!({ PAYLOAD: memory })),
                (DURABLE, json!({ PAYLOAD: 800.0 })),
                ("disk-1m/written", json!({ "mb_per_second": disk })),
            ]);
            let (found, how) = value("the same durable", &results).unwrap();
            assert!((found - expected).abs() < 1e-9 && how.contains(which), "{found} {how}");
        }
    }

    #[test]
    fn one_connection_is_compared_with_server_and_disk_together() {
        let results = Results::of_test(&[
            ("put-record-1/millstream-durable", json!({ "p50_us": 180.0 })),
            ("put-record-1/bare", json!({ "p50_us": 50.0 })),
            ("disk-4k/written", json!({ "p50_us": 100.0 })),
        ]);
        let (found, how) = value("PutRecord, 1 connection", &results).unwrap();
        assert!((found - 1.2).abs() < 1e-9);
        assert_eq!(how, "180 / (50 + 100) µs");
    }

    #[test]
    fn peak_memory_is_the_worst_of_all_durable_rounds() {
        let results = Results::of_test(&[
            ("put-record-32/millstream-durable", json!({ "server_peak_mib": 90.0 })),
            (DURABLE, json!({ "server_peak_mib": 100.0 })),
            (DURABLE, json!({ "server_peak_mib": 300.0 })),
            (MEMORY, json!({ "server_peak_mib": 999.0 })),
        ]);
        assert_eq!(value("peak memory", &results), Some((300.0, DURABLE.to_owned())));
    }

    #[test]
    fn what_was_not_measured_has_no_value() {
        let results = Results::of_test(&[]);
        assert!(TARGETS.iter().all(|target| (target.value)(&results).is_none()));
    }

    #[test]
    fn bounds_include_their_limit() {
        assert_eq!(Bound::AtLeast(2.0).holds(2.0), Some(true));
        assert_eq!(Bound::AtLeast(2.0).holds(1.9), Some(false));
        assert_eq!(Bound::AtMost(2.0).holds(2.0), Some(true));
        assert_eq!(Bound::AtMost(2.0).holds(2.1), Some(false));
        assert_eq!(Bound::Stated.holds(1.0), None);
    }
}
