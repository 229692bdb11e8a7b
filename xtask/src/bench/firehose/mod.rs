//! Delivery streams: intake beside PutRecords, the whole way to gzip objects, what formats cost, many partitions with a
//! large backlog, and a destination that is down.

mod down;
mod partitions;
pub mod table;
pub mod targets;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Outcome;
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Server, Subject};
use crate::bench::{Place, generator, http};

/// The bucket of all cells.
const BUCKET: &str = "bench";
/// The built-in bucket.
const BUILT_IN: &str = "[destinations.s3]\nbuckets = [\"bench\"]\n";
/// The table of the cells that write Parquet, as the data catalog prints it.
const TABLE: &str = r#"{"Name":"documents","DatabaseName":"bench","StorageDescriptor":{"Columns":[
{"Name":"stamp","Type":"string"},{"Name":"partition","Type":"string"},{"Name":"id","Type":"bigint"},
{"Name":"value","Type":"double"},{"Name":"ok","Type":"boolean"},{"Name":"text","Type":"string"}]}}"#;

/// A load on a server that runs once per round.
struct Cell {
    /// The name its results bear.
    name: &'static str,
    subject: Subject,
    /// What the server's configuration has.
    config: String,
    /// What the generator is told.
    arguments: Vec<String>,
}

/// Measures what is measured in every round.
pub fn round(number: usize, place: &Place, options: &Options, results: &mut Results) -> Outcome {
    // A destination that takes connections and answers nothing, so that intake has the server for itself.
    let silent = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    let silent = silent.local_addr().map(|at| (silent, at.port())).map_err(|e| e.to_string())?;
    for cell in cells(silent.1, place, options) {
        let slow = cell.subject.is_slow() && number > 1;
        if wanted(&cell, options) && !slow {
            measure(&cell, place, options, results)?;
        }
    }
    drop(silent.0);
    if options.millstream && options.wants(down::CELL) {
        down::measure(place, options, results)?;
    }
    Ok(())
}

/// Measures what takes too long for every round.
pub fn once(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    if options.wants(partitions::CELL) {
        partitions::measure(place, options, results)?;
    }
    Ok(())
}

fn wanted(cell: &Cell, options: &Options) -> bool {
    let part = match cell.subject {
        Subject::Millstream { .. } => options.millstream,
        _ => options.peers,
    };
    part && options.wants(cell.name)
}

/// Requests of 500 KiB for so many MiB, few of them in a smoke test.
fn requests(mib: u64, options: &Options) -> String {
    let mib = if options.smoke { mib / 16 } else { mib };
    (mib << 20).div_ceil(500 * 1024).max(1).to_string()
}

fn cells(silent_port: u16, place: &Place, options: &Options) -> Vec<Cell> {
    let ours = Subject::millstream(false);
    let mut all = Vec::new();
    let mut add = |name, subject, config: &str, words: &str, more: &[&str]| {
        let arguments = words.split_whitespace().chain(more.iter().copied()).map(str::to_owned);
        all.push(Cell { name, subject, config: config.to_owned(), arguments: arguments.collect() });
    };
    let seconds = options.seconds.to_string();
    let timed = ["--duration", &seconds, "--warmup", if options.smoke { "0.5" } else { "1" }];
    add("firehose-intake/put-records-64", ours, "", "put-records --shards 64 --verify", &timed);
    let silent = elsewhere(silent_port);
    let put = "put-record-batch --compression UNCOMPRESSED --buffer-mib 128 --no-flush";
    add("firehose-intake/alone", ours, &silent, put, &timed);
    let put = "put-record-batch --compression GZIP --verify";
    add("firehose-intake/delivering-gzip", ours, BUILT_IN, put, &timed);

    let put = "put-record-batch --compression GZIP --documents --verify --requests";
    let (fast, slow) = (requests(1024, options), requests(128, options));
    add("firehose-gzip/millstream", ours, BUILT_IN, put, &[&fast]);
    // They deliver before they answer a put.
    add("firehose-gzip/moto", Subject::Moto, "", put, &[&slow, "--no-flush"]);
    add("firehose-gzip/localstack", Subject::LocalStack, "", put, &[&slow, "--no-flush"]);

    let tables = place.logs.join("tables");
    let columns = format!("{BUILT_IN}\n[data_catalog]\ndirectory = \"{}\"\n", tables.display());
    let cost = requests(512, options);
    let put = "put-record-batch --verify --requests";
    for (name, config, how) in [
        ("firehose-cost/uncompressed-random", BUILT_IN, &["--compression", "UNCOMPRESSED"][..]),
        ("firehose-cost/gzip-random", BUILT_IN, &[]),
        (
            "firehose-cost/uncompressed-documents",
            BUILT_IN,
            &["--documents", "--compression", "UNCOMPRESSED"],
        ),
        ("firehose-cost/gzip-documents", BUILT_IN, &["--documents"]),
        ("firehose-cost/parquet-documents", &columns, &["--documents", "--parquet", PARQUET]),
    ] {
        let how: Vec<&str> = [cost.as_str()].iter().chain(how).copied().collect();
        add(name, ours, config, put, &how);
    }
    all
}

/// The table's name for the generator.
const PARQUET: &str = "bench/documents";

/// A bucket at a port of this machine.
fn elsewhere(port: u16) -> String {
    format!(
        "[[destinations.s3.endpoint]]\nbuckets = [\"{BUCKET}\"]\nurl = \"http://127.0.0.1:{port}\"\n"
    )
}

fn measure(cell: &Cell, place: &Place, options: &Options, results: &mut Results) -> Outcome {
    let data = fresh(place)?;
    write_table(&place.logs.join("tables/bench"))?;
    let server = cell.subject.start_with(place, &data, &cell.config);
    let figures = server.and_then(|server| {
        if cell.subject.is_slow() {
            http::make_bucket(&server.endpoint, BUCKET)?;
        }
        let mut command = put(place, options, &cell.arguments);
        generator::run(&mut command, &server)
    });
    servers::clear(&data)?;
    keep(cell.name, cell.subject, figures, results)
}

/// Keeps figures; what our own server lost or refused is a fault.
fn keep(
    name: &str,
    subject: Subject,
    figures: Result<Value, String>,
    results: &mut Results,
) -> Outcome {
    let ours = matches!(subject, Subject::Millstream { .. });
    match figures {
        Ok(figures) => {
            println!("  {name}: {}", in_short(&figures));
            let lied = figures["read_back_agrees"] == Value::Bool(false);
            results.add(name, figures)?;
            if lied && ours { Err(format!("{name}: what was read back differs")) } else { Ok(()) }
        }
        Err(fault) if ours => Err(format!("{name}: {fault}")),
        Err(fault) => {
            println!("  {name}: {fault}");
            results.add(name, serde_json::json!({ "fault": fault }))
        }
    }
}

/// An empty directory for a server, and nothing of earlier cells on its way to the disk.
fn fresh(place: &Place) -> Result<std::path::PathBuf, String> {
    let data = place.data.join("server");
    servers::clear(&data)?;
    rustix::fs::sync();
    Ok(data)
}

fn write_table(directory: &Path) -> Outcome {
    let file = directory.join("documents.json");
    let written = std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&file, TABLE));
    written.map_err(|e| format!("{}: {e}", file.display()))
}

/// The generator with 8 connections.
fn put(place: &Place, options: &Options, arguments: &[String]) -> Command {
    let mut command = generator::command(place, options);
    command.args(arguments).args(["--connections", "8"]);
    command
}

/// What a server has read since it started, as it counts itself and as the system counts it.
fn bytes_read(server: &Server) -> Result<[u64; 2], String> {
    let own = http::metric(&server.endpoint, "millstream_log_read_bytes_total")?;
    let file = format!("/proc/{}/io", server.pid());
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{file}: {e}"))?;
    let system = text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok());
    Ok([own, system.ok_or_else(|| format!("{file} has no rchar"))?])
}

/// The few figures that are worth a line while the run goes on.
fn in_short(figures: &Value) -> String {
    let figure = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    let mut text = format!(
        "{:.0} records/s in, {:.0} records/s delivered, {:.1} s per GB, {:.0} MiB",
        figure("records_per_second"),
        figure("delivered_records_per_second"),
        figure("server_cpu_seconds_per_gb"),
        figure("server_peak_mib"),
    );
    match figures["read_back_agrees"].as_bool() {
        Some(true) => text.push_str(", read back"),
        Some(false) => text.push_str(", READ BACK OTHERWISE"),
        None => {}
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_names_of_their_own_and_smoke_tests_put_little() {
        let place =
            Place { data: "d".into(), logs: "l".into(), binaries: "b".into(), server: "s".into() };
        let options = Options { smoke: true, ..Options::default() };
        let all = cells(1, &place, &options);
        let mut names: Vec<_> = all.iter().map(|cell| cell.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
        let puts: Vec<u64> =
            all.iter().flat_map(|cell| &cell.arguments).filter_map(|it| it.parse().ok()).collect();
        assert!(puts.iter().all(|requests| *requests <= 500), "{puts:?}");
        let table: Result<Value, _> = serde_json::from_str(TABLE);
        assert!(table.is_ok());
    }
}
