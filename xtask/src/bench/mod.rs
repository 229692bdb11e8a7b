//! `cargo xtask bench`: the published figures, all in one run on one machine.
//!
//! Every cell (a load on a server) is measured once per round and the rounds follow each other, so that whatever
//! the machine does meanwhile meets all cells alike; figures are medians over the rounds. Slow peers are measured in
//! the first round only, and their rows say so. Each server starts afresh for each cell and is driven by the same
//! generator, `millstream bench`. What is measured is kept line by line in `target/bench/results.jsonl`, so that
//! `--page` can write the page again without measuring.

mod cells;
mod cold;
mod disk;
mod firehose;
mod generator;
mod http;
mod install;
mod many;
mod options;
mod page;
mod prose;
mod results;
mod servers;
mod startup;
mod targets;

use std::path::PathBuf;

use crate::bench::cells::{Cell, cells};
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::Subject;
use crate::{Outcome, place, process};

/// Where a run keeps its data, logs and results.
struct Place {
    /// Data directories of the servers and the files of the disk's ceiling.
    data: PathBuf,
    /// What servers write to standard error.
    logs: PathBuf,
    /// The release binaries.
    binaries: PathBuf,
    /// The server that is measured.
    server: PathBuf,
}

/// Runs what the options ask for.
pub fn run(arguments: &[String]) -> Outcome {
    let Some(options) = Options::parse(arguments)? else { return Ok(()) };
    let kept = place::target().join("bench/results.jsonl");
    if options.page {
        let results = Results::load(&kept)?;
        return page::write(&results);
    }
    let place = prepare(&options)?;
    let mut results = Results::begin(&kept, &options)?;
    let cells = cells(&options);
    for round in 1..=options.rounds {
        println!("round {round} of {}", options.rounds);
        disk::measure(&place, &options, &mut results)?;
        for cell in cells.iter().filter(|cell| round == 1 || !cell.subject.is_slow()) {
            measure(cell, &place, &options, &mut results)?;
        }
        firehose::round(round, &place, &options, &mut results)?;
    }
    if options.millstream {
        startup::measure(&place, &options, &mut results)?;
        cold::measure(&place, &options, &mut results)?;
        many::measure(&place, &options, &mut results)?;
        firehose::once(&place, &options, &mut results)?;
    }
    std::fs::remove_dir_all(&place.data).map_err(|e| format!("{}: {e}", place.data.display()))?;
    page::write(&results)
}

fn prepare(options: &Options) -> Result<Place, String> {
    println!("building");
    if options.millstream && options.server.is_none() {
        let build = ["build", "--release", "--package", "millstream"];
        process::run(process::cargo().args(build))?;
    }
    let examples = ["build", "--release", "--package", "millstream-bench", "--examples"];
    process::run(process::cargo().args(examples))?;
    install::peers(options)?;
    let target = place::target();
    let data = options.data.clone().unwrap_or_else(|| target.join("bench/data"));
    let binaries = target.join("release");
    let server = options.server.clone().unwrap_or_else(|| binaries.join("millstream"));
    let place = Place { data, logs: target.join("bench/logs"), binaries, server };
    for directory in [&place.data, &place.logs] {
        std::fs::create_dir_all(directory).map_err(|e| format!("{}: {e}", directory.display()))?;
    }
    Ok(place)
}

/// Starts the cell's server, drives it once, and keeps what came out.
fn measure(cell: &Cell, place: &Place, options: &Options, results: &mut Results) -> Outcome {
    let data = place.data.join("server");
    servers::clear(&data)?;
    // What the cell before has left to be written or discarded must not meet this one.
    rustix::fs::sync();
    let server = cell.subject.start(place, &data)?;
    let figures = generator::drive(cell, &server, place, options);
    drop(server);
    servers::clear(&data)?;
    match figures {
        Ok(figures) => {
            println!("  {}: {}", cell.name(), generator::in_short(&figures));
            let lied = figures["read_back_agrees"] == serde_json::Value::Bool(false);
            results.add(&cell.name(), figures)?;
            if lied && matches!(cell.subject, Subject::Millstream { .. }) {
                return Err(format!("{}: what was read back differs", cell.name()));
            }
            Ok(())
        }
        // A peer that fails under load is a result, too; ours is a fault.
        Err(fault) if !matches!(cell.subject, Subject::Millstream { .. }) => {
            println!("  {}: {fault}", cell.name());
            results.add(&cell.name(), serde_json::json!({ "fault": fault }))
        }
        Err(fault) => Err(format!("{}: {fault}", cell.name())),
    }
}
