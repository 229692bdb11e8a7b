//! The page's table of delivery streams.

use std::fmt::Write;

use crate::bench::results::{Results, SPREADS};

/// A row for each cell.
pub fn table(results: &Results) -> String {
    let mut text = format!(
        "{SPREADS}\nRecords/s in is what puts reached\n\
         while they went on; records/s delivered is from the first put until the last object was there.\n\n\
         | load / server | records/s in | records/s delivered | s after the last put | server s per GB | peak MiB \
         | objects | of these gzip or Parquet | MB in them |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let cells = results.cells().into_iter();
    for cell in cells.filter(|cell| cell.starts_with("firehose-")) {
        let Some(rate) = results.spread(cell, "records_per_second") else { continue };
        let median = |figure: &str, scale: f64, digits: usize| {
            let value = results.median(cell, figure);
            value.map_or("–".to_owned(), |value| format!("{:.digits$}", value / scale))
        };
        let packed = results.median(cell, "objects").zip(results.median(cell, "objects_plain"));
        // Where the destination answers nothing, nothing is delivered.
        let delivers = packed.is_some();
        let of_delivery = |text: String| if delivers { text } else { "–".to_owned() };
        let packed = packed.map_or("–".to_owned(), |(all, plain)| format!("{:.0}", all - plain));
        let _ = writeln!(
            text,
            "| {cell} | {} | {} | {} | {} | {} | {} | {packed} | {} |",
            rate.text(),
            of_delivery(median("delivered_records_per_second", 1.0, 0)),
            of_delivery(median("delivered_after_ms", 1e3, 1)),
            of_delivery(median("server_cpu_seconds_per_gb", 1.0, 2)),
            median("server_peak_mib", 1.0, 0),
            median("objects", 1.0, 0),
            median("object_bytes", 1e6, 0),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_delivered_has_no_figures_of_delivery() {
        let results = Results::of_test(&[
            (
                "firehose-intake/alone",
                json!({ "records_per_second": 9.0, "delivered_after_ms": 0 }),
            ),
            (
                "firehose-gzip/moto",
                json!({ "records_per_second": 5.0, "delivered_after_ms": 1500, "objects": 4, "objects_plain": 4 }),
            ),
            ("put-records-64/x", json!({ "records_per_second": 9.0 })),
        ]);
        let table = table(&results);
        assert!(table.contains("| firehose-intake/alone | 9 (once) | – | – | – |"), "{table}");
        assert!(table.contains("| 4 | 0 | – |") && table.contains("| 1.5 |"), "{table}");
        assert!(!table.contains("put-records-64/x"));
    }
}
