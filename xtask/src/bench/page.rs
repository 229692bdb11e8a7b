//! Writes `docs/benchmarks.md` from a run's results, and a page of its own of a run that measured one part only.

use std::fmt::Write;

use serde_json::Value;

use crate::bench::results::{Results, SPREADS};
use crate::bench::targets::{Bound, TARGETS, Target};
use crate::bench::{firehose, install, prose};
use crate::{Outcome, place};

/// Writes the page and prints its table of ratios.
pub fn write(results: &Results) -> Outcome {
    let run = results.of("run").next().unwrap_or(&Value::Null);
    let part = part(run);
    let table = ratios(results, part.is_some());
    println!("\n{table}");
    let mut page = match &part {
        None => "# Benchmarks\n\nWritten by `cargo xtask bench`; do not edit.\n".to_owned(),
        Some(part) => format!(
            "# Benchmarks: {part}\n\nWritten by `cargo xtask bench --only {part}`; do not edit. What one part of the\n\
             benchmarks showed, in a run of its own. How they are made is in `benchmarks.md`.\n"
        ),
    };
    let smoke = run["smoke"] == Value::Bool(true);
    if smoke {
        page.push_str("\n**This was a smoke test: one short round. Its figures mean nothing.**\n");
    }
    let sections = [
        ("What is reached", table),
        ("The machine and the run", setting(run)),
        ("Writing", loads(results, "put-")),
        ("Reading", loads(results, "get-")),
        ("Fan-out", loads(results, "fan-out-")),
        ("Delivery streams", firehose::table::table(results)),
        ("What signatures cost", signatures(results)),
        ("The disk's ceiling", ceilings(results)),
        ("What peers lost", faults(results)),
        ("How it was measured", prose::HOW.to_owned()),
        ("What was fair and what was not", prose::FAIRNESS.to_owned()),
    ];
    for (title, text) in sections {
        let always = ["What is reached", "The machine and the run", "What peers lost"];
        if part.is_some() && !always.contains(&title) && !has_figures(&text) {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(page, "\n## {title}\n{}\n", text.trim_end());
    }
    // What means nothing is not published.
    let file = match smoke {
        true => place::target().join("bench/smoke.md"),
        false => match part.as_deref() {
            None => place::root().join("docs/benchmarks.md"),
            Some(part) if !part.contains(' ') => {
                place::root().join(format!("docs/benchmarks-{}.md", part.replace('/', "-")))
            }
            Some(_) => place::target().join("bench/part.md"),
        },
    };
    std::fs::write(&file, page).map_err(|e| format!("{}: {e}", file.display()))?;
    println!("wrote {}", file.display());
    Ok(())
}

/// What a run with `--only` was to measure; nothing of a complete run.
fn part(run: &Value) -> Option<String> {
    let parts: Vec<&str> = run["only"].as_array()?.iter().filter_map(Value::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Whether a section has a row under a table's head.
fn has_figures(text: &str) -> bool {
    text.lines().skip_while(|line| !line.starts_with("| ---")).nth(1).is_some()
}

/// The table; of a part, only what it measured.
fn ratios(results: &Results, part: bool) -> String {
    let mut text =
        String::from("| measure | must be | is | of | |\n| --- | --- | --- | --- | --- |\n");
    for target in TARGETS.iter().chain(firehose::targets::TARGETS) {
        if part && (target.value)(results).is_none() {
            continue;
        }
        text.push_str(&ratio(target, results));
    }
    text
}

fn ratio(target: &Target, results: &Results) -> String {
    let Target { measure, bound, unit, value } = target;
    let bound_text = match bound {
        Bound::AtLeast(least) => format!("at least {least} {unit}"),
        Bound::AtMost(most) => format!("at most {most} {unit}"),
        Bound::Stated => "stated".to_owned(),
    };
    let Some((value, how)) = value(results) else {
        return format!("| {measure} | {bound_text} | not measured | | |\n");
    };
    let verdict = match bound.holds(value) {
        Some(true) => "reached",
        Some(false) => "**missed**",
        None => "",
    };
    let digits = match value {
        0.0 => 0,
        small if small < 0.1 => 3,
        _ => 2,
    };
    let value = format!("{value:.digits$} {unit}");
    let (bound_text, value) = (bound_text.trim_end(), value.trim_end());
    format!("| {measure} | {bound_text} | {value} | {how} | {verdict} |\n")
}

fn setting(run: &Value) -> String {
    let mut text = String::new();
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = line_of("/proc/cpuinfo", "model name").unwrap_or_default();
    let memory = line_of("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let _ = write!(
        text,
        "{processors} processors ({processor}), memory {memory}, Linux {}. {} rounds; {} s measured\n\
         per cell after 1 s of warm-up; start-up with {} MiB of data. Server and load generator share\n\
         the processors, and nothing else ran.\n\n",
        kernel.trim(),
        run["rounds"],
        run["seconds"],
        run["startup_mib"],
    );
    let versions: Vec<String> =
        install::VERSIONS.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let _ = writeln!(text, "Peers: {}.", versions.join(", "));
    text
}

/// The value behind a name and a colon in a file of the system.
fn line_of(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn loads(results: &Results, prefix: &str) -> String {
    let mut text = format!(
        "{SPREADS}\nProcessor time is user and system together.\n\n\
         | load / server | records/s | MB/s | p50 ms | p99 ms | p99.9 ms | server ns per record \
         | generator ns per record | peak MiB |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for cell in results.cells().into_iter().filter(|cell| cell.starts_with(prefix)) {
        let Some(rate) = results.spread(cell, "records_per_second") else { continue };
        let median = |figure: &str, scale: f64, digits: usize| {
            let value = results.median(cell, figure);
            value.map_or("–".to_owned(), |value| format!("{:.digits$}", value / scale))
        };
        let _ = writeln!(
            text,
            "| {cell} | {} | {} | {} | {} | {} | {} | {} | {} |",
            rate.text(),
            median("payload_mb_per_second", 1.0, 1),
            median("p50_us", 1e3, 2),
            median("p99_us", 1e3, 2),
            median("p999_us", 1e3, 2),
            median("server_ns_per_record", 1.0, 0),
            median("generator_ns_per_record", 1.0, 0),
            median("server_peak_mib", 1.0, 0),
        );
    }
    text
}

fn signatures(results: &Results) -> String {
    const FIGURE: &str = "server_ns_per_record";
    let cost = |with: &str, without: &str| {
        let (with, without) = (results.median(with, FIGURE)?, results.median(without, FIGURE)?);
        Some(with - without)
    };
    let batch = "put-records-64/millstream-ephemeral";
    let verified = cost(&format!("{batch}-signed"), batch);
    let hashed = cost("put-records-64/bare-hashing", "put-records-64/bare");
    let (Some(verified), Some(hashed)) = (verified, hashed) else {
        return "Not measured.".to_owned();
    };
    format!(
        "PutRecords with `--auth signed` takes {verified:.0} ns of processor time per record more than\n\
         without. Hashing the same bodies takes the bare server {hashed:.0} ns per record."
    )
}

fn ceilings(results: &Results) -> String {
    let mut text = String::from(
        "Writes one after the other, each followed by fdatasync, into a file whose blocks were all\n\
         written before, one whose space was only allocated, and one that grows.\n\n\
         | size / preparation | MB/s | p50 µs |\n| --- | --- | --- |\n",
    );
    for cell in results.cells().into_iter().filter(|cell| cell.starts_with("disk-")) {
        let rate = results.median(cell, "mb_per_second").unwrap_or(f64::NAN);
        let p50 = results.median(cell, "p50_us").unwrap_or(f64::NAN);
        let _ = writeln!(text, "| {} | {rate:.0} | {p50:.0} |", &cell["disk-".len()..]);
    }
    text
}

fn faults(results: &Results) -> String {
    let mut text = String::new();
    for cell in results.cells() {
        let rounds = results.of(cell).count();
        let lost: Vec<u64> = results.of(cell).filter_map(|f| f["missing"].as_u64()).collect();
        let lying =
            results.of(cell).filter(|f| f["read_back_agrees"] == Value::Bool(false)).count();
        if lying > 0 {
            let _ = writeln!(
                text,
                "- {cell}: in {lying} of {rounds} rounds other records came back than were acknowledged;\n  \
                 up to {} were missing.",
                lost.iter().max().unwrap_or(&0)
            );
        }
        if let Some(fault) = results.of(cell).find_map(|figures| figures["fault"].as_str()) {
            let _ = writeln!(text, "- {cell}: {}", fault.lines().next().unwrap_or_default());
        }
        let failed: u64 = results.of(cell).filter_map(|f| f["failed_records"].as_u64()).sum();
        if failed > 0 {
            let _ =
                writeln!(text, "- {cell}: {failed} records were refused inside replies of 200.");
        }
    }
    if text.is_empty() { "Nothing: every record acknowledged came back.".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missed_target_is_named_and_an_unmeasured_one_is_not_passed() {
        let results = Results::of_test(&[
            ("startup/empty", json!({ "seconds": 0.25 })),
            ("startup/after-kill", json!({ "seconds": 1.0 })),
        ]);
        let table = ratios(&results, false);
        assert!(table.contains(
            "| start to ready, empty | at most 0.1 s | 0.25 s | 0.250 to 0.250 s | **missed** |"
        ));
        assert!(table.contains("| 1.00 s | 1.000 to 1.000 s | reached |"));
        assert!(
            table.contains(
                "| start to ready, after a clean stop | at most 0.5 s | not measured | | |"
            )
        );
    }

    #[test]
    fn the_page_of_a_part_has_only_what_was_measured() {
        let results = Results::of_test(&[("startup/empty", json!({ "seconds": 0.25 }))]);
        assert_eq!(ratios(&results, true).lines().count(), 3);
        assert!(!has_figures(&loads(&results, "put-")));
        assert_eq!(part(&json!({ "only": ["a", "b"] })).as_deref(), Some("a b"));
        assert_eq!(part(&json!({ "only": [] })), None);
        assert_eq!(part(&json!({ "rounds": 1 })), None);
    }

    #[test]
    fn losses_and_faults_of_peers_are_told() {
        let results = Results::of_test(&[
            ("put-records-64/moto", json!({ "read_back_agrees": false, "missing": 7 })),
            ("put-records-64/moto", json!({ "read_back_agrees": true, "missing": 0 })),
            ("get-records/x", json!({ "fault": "it ended\nmore" })),
        ]);
        let told = faults(&results);
        assert!(told.contains("in 1 of 2 rounds") && told.contains("up to 7 were missing"));
        assert!(told.contains("- get-records/x: it ended\n"));
        assert!(faults(&Results::of_test(&[])).starts_with("Nothing"));
    }

    #[test]
    fn a_cell_without_figures_has_no_row() {
        let results = Results::of_test(&[
            ("put-records-64/a", json!({ "records_per_second": 10.0, "p50_us": 1500.0 })),
            ("put-records-64/b", json!({ "fault": "x" })),
        ]);
        let table = loads(&results, "put-");
        assert!(table.contains("| put-records-64/a | 10 (once) | – | 1.50 |"), "{table}");
        assert!(!table.contains("64/b"));
    }
}
