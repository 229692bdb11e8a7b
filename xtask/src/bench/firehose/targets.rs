//! What delivery streams must reach.

use crate::bench::firehose::{down, partitions};
use crate::bench::results::Results;
use crate::bench::targets::{Bound, RATE, Target, ratio};

const PUT_RECORDS: &str = "firehose-intake/put-records-64";
const DELIVERED: &str = "delivered_records_per_second";
const COST: &str = "server_cpu_seconds_per_gb";
const PEAK: &str = "server_peak_mib";

/// The table, in the order in which it is printed.
pub const TARGETS: &[Target] = &[
    Target {
        measure: "PutRecordBatch 500 × 1 KiB, 8 connections, one delivery stream, intake alone (the destination \
                  answers nothing), against PutRecords with 64 shards, durable",
        bound: Bound::AtLeast(0.8),
        unit: "×",
        value: |r| ratio(r, RATE, "firehose-intake/alone", PUT_RECORDS),
    },
    Target {
        measure: "the same while delivering gzip to the built-in buckets",
        bound: Bound::AtLeast(0.8),
        unit: "×",
        value: |r| ratio(r, RATE, "firehose-intake/delivering-gzip", PUT_RECORDS),
    },
    Target {
        measure: "the same while the destination is down",
        bound: Bound::Stated,
        unit: "×",
        value: |r| ratio(r, RATE, down::CELL, PUT_RECORDS),
    },
    Target {
        measure: "JSON documents of 1 KiB, PutRecordBatch to the last gzip object: records/s against moto, which \
                  delivers plain",
        bound: Bound::Stated,
        unit: "×",
        value: |r| ratio(r, DELIVERED, "firehose-gzip/millstream", "firehose-gzip/moto"),
    },
    Target {
        measure: "the same against LocalStack, which delivers plain",
        bound: Bound::Stated,
        unit: "×",
        value: |r| ratio(r, DELIVERED, "firehose-gzip/millstream", "firehose-gzip/localstack"),
    },
    Target {
        measure: "processor time of the server from puts to objects, random bytes, UNCOMPRESSED",
        bound: Bound::Stated,
        unit: "s/GB",
        value: |r| spread(r, "firehose-cost/uncompressed-random", COST),
    },
    Target {
        measure: "the same, GZIP",
        bound: Bound::Stated,
        unit: "s/GB",
        value: |r| spread(r, "firehose-cost/gzip-random", COST),
    },
    Target {
        measure: "the same, JSON documents, UNCOMPRESSED",
        bound: Bound::Stated,
        unit: "s/GB",
        value: |r| spread(r, "firehose-cost/uncompressed-documents", COST),
    },
    Target {
        measure: "the same, JSON documents, GZIP",
        bound: Bound::Stated,
        unit: "s/GB",
        value: |r| spread(r, "firehose-cost/gzip-documents", COST),
    },
    Target {
        measure: "the same, JSON documents to Parquet (SNAPPY)",
        bound: Bound::Stated,
        unit: "s/GB",
        value: |r| spread(r, "firehose-cost/parquet-documents", COST),
    },
    Target {
        measure: "500 partitions by JQ with a backlog: bytes read by the server for each byte of it (the greater of \
                  its own count and the system's)",
        bound: Bound::AtMost(3.0),
        unit: "×",
        value: bytes_read,
    },
    Target {
        measure: "peak memory of the server meanwhile",
        bound: Bound::AtMost(512.0),
        unit: "MiB",
        value: |r| most(r, partitions::CELL, PEAK),
    },
    Target {
        measure: "records lost, doubled or in another partition's object meanwhile",
        bound: Bound::AtMost(0.0),
        unit: "",
        value: |r| wrong(r, partitions::CELL, &["missing", "surplus", "foreign"]),
    },
    Target {
        measure: "destination down with intake at full speed: peak memory of the server until all is delivered",
        bound: Bound::AtMost(512.0),
        unit: "MiB",
        value: |r| most(r, down::CELL, PEAK),
    },
    Target {
        measure: "growth of the log meanwhile, for each byte that was put",
        bound: Bound::AtMost(1.1),
        unit: "×",
        value: |r| most(r, down::CELL, "log_bytes_per_byte"),
    },
    Target {
        measure: "from the destination's return until all is delivered",
        bound: Bound::Stated,
        unit: "s",
        value: caught_up,
    },
    Target {
        measure: "records lost, doubled or out of their order of arrival within an object",
        bound: Bound::AtMost(0.0),
        unit: "",
        value: |r| wrong(r, down::CELL, &["missing", "surplus", "foreign", "turned"]),
    },
];

fn spread(results: &Results, cell: &str, figure: &str) -> Option<(f64, String)> {
    let spread = results.spread(cell, figure)?;
    Some((spread.median, format!("{:.2} to {:.2}", spread.min, spread.max)))
}

/// The greatest of all rounds: it may never be more.
fn most(results: &Results, cell: &str, figure: &str) -> Option<(f64, String)> {
    Some((results.spread(cell, figure)?.max, cell.to_owned()))
}

fn bytes_read(results: &Results) -> Option<(f64, String)> {
    let own = results.spread(partitions::CELL, "read_bytes_per_byte")?.max;
    let system = results.spread(partitions::CELL, "system_read_bytes_per_byte")?.max;
    let gb = results.median(partitions::CELL, "payload_bytes_in_all")? / 1e9;
    Some((own.max(system), format!("{own:.2} and {system:.2}, {gb:.1} GB")))
}

/// What was found wrong in all rounds.
fn wrong(results: &Results, cell: &str, figures: &[&str]) -> Option<(f64, String)> {
    let read = results.median(cell, "read_back")?;
    let in_all =
        |figure: &&str| -> f64 { results.of(cell).filter_map(|f| f[*figure].as_f64()).sum() };
    Some((figures.iter().map(in_all).sum(), format!("of {read:.0} records")))
}

fn caught_up(results: &Results) -> Option<(f64, String)> {
    let behind = results.median(down::CELL, "delivered_after_ms")? / 1e3;
    let down = results.median(down::CELL, "down_seconds")?;
    let gb = results.median(down::CELL, "payload_bytes_in_all")? / 1e9;
    Some((behind, format!("{gb:.1} GB of {down:.0} s")))
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
    fn the_greater_count_of_bytes_read_is_held_against_the_bound() {
        let figures = json!({
            "read_bytes_per_byte": 2.0, "system_read_bytes_per_byte": 2.5, "payload_bytes_in_all": 10e9,
        });
        let results = Results::of_test(&[(partitions::CELL, figures)]);
        let found = value("500 partitions", &results);
        assert_eq!(found, Some((2.5, "2.00 and 2.50, 10.0 GB".to_owned())));
    }

    #[test]
    fn what_is_wrong_in_any_round_is_counted() {
        let round = |missing: u64, turned: u64| {
            json!({
                "read_back": 10, "missing": missing, "surplus": 0, "foreign": 0, "turned": turned,
            })
        };
        let results = Results::of_test(&[(down::CELL, round(0, 1)), (down::CELL, round(2, 0))]);
        assert_eq!(value("records lost, doubled or out", &results).map(|v| v.0), Some(3.0));
        assert_eq!(value("records lost, doubled or in", &results), None);
    }
}
