//! Driving a server with `millstream bench` and taking its figures.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::Place;
use crate::bench::cells::{Cell, Load};
use crate::bench::options::Options;
use crate::bench::servers::{KEY, Server, Subject};
use crate::process;

/// MiB that readers find: 8 shards of 64 MiB make replies of 10 MB.
const FILL_MIB: u64 = 512;
/// The same for servers that take minutes to be filled with that. They read it once, since one reply may take them
/// longer than a whole measurement.
const FILL_MIB_SLOW: u64 = 40;
/// The same for the slowest, which takes 1,300 records in a second.
const FILL_MIB_SLOWEST: u64 = 4;

/// The generator, without arguments.
pub fn command(place: &Place, options: &Options) -> Command {
    if options.millstream && options.server.is_none() {
        let mut command = process::program(place.binaries.join("millstream"));
        command.arg("bench");
        return command;
    }
    // The same code, without a server that is not to be measured.
    process::program(place.binaries.join("examples/generator"))
}

/// Runs the cell's load against its server.
pub fn drive(
    cell: &Cell,
    server: &Server,
    place: &Place,
    options: &Options,
) -> Result<Value, String> {
    let mut command = command(place, options);
    match cell.load {
        Load::PutRecords(shards) => {
            command.args(["put-records", "--connections", "8"]);
            command.arg("--shards").arg(shards.to_string());
        }
        Load::PutRecord(connections) => {
            command.args(["put-record", "--shards", "64"]);
            command.arg("--connections").arg(connections.to_string());
        }
        Load::FanOutDelay => {
            command.args(["subscribe", "--shards", "64", "--rate", "1000"]);
        }
        Load::FanOut(consumers) => {
            command.args(["subscribe", "--shards", "64", "--subscription-connections", "5"]);
            command.arg("--consumers").arg(consumers.to_string());
        }
        Load::GetRecords => {
            command.args(["get-records", "--connections", "4", "--shards", "8"]);
            command.arg("--fill-mib").arg(fill_mib(cell.subject, options).to_string());
            if cell.subject.is_slow() {
                command.arg("--once");
            }
        }
        Load::Queue(in_flight) => {
            command.args(["queue", "--connections", "32", "--record-bytes", "100"]);
            command.arg("--in-flight").arg(in_flight.to_string());
            command.args(["--backlog", if options.smoke { "100000" } else { "1000000" }]);
        }
    }
    let subscribes = match cell.load {
        Load::FanOutDelay | Load::FanOut(_) => true,
        Load::PutRecords(_) | Load::PutRecord(_) | Load::GetRecords | Load::Queue(_) => false,
    };
    match cell.subject {
        // Whether all arrived is what it measures.
        _ if subscribes => &mut command,
        Subject::Bare { .. } => command.arg("--existing"),
        _ if matches!(cell.load, Load::GetRecords | Load::Queue(_)) => &mut command,
        _ => command.arg("--verify"),
    };
    if cell.subject.signed() {
        command.args(["--signed", "--access-key", KEY.0, "--secret-key", KEY.1]);
    }
    command.arg("--duration").arg(options.seconds.to_string());
    command.args(["--warmup", if options.smoke { "0.5" } else { "1" }]);
    run(&mut command, server)
}

/// Adds the server to a command of the generator, runs it, and takes its figures. A run whose records did not come back
/// as acknowledged has figures, too, which say so.
pub fn run(command: &mut Command, server: &Server) -> Result<Value, String> {
    let output = aimed(command, server).output();
    let output = output.map_err(|e| format!("the generator: {e}"))?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let why = String::from_utf8_lossy(&output.stderr);
        format!("the generator: {}: {}", output.status, why.trim())
    })
}

/// The same, and calls `line` with each line of standard error as it comes.
pub fn watch(
    command: &mut Command,
    server: &Server,
    mut line: impl FnMut(&str) -> Result<(), String>,
) -> Result<Value, String> {
    let command = aimed(command, server).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("the generator: {e}"))?;
    let mut said = String::new();
    let errors = child.stderr.take().ok_or("no standard error")?;
    for text in BufReader::new(errors).lines().map_while(Result::ok) {
        if let Err(fault) = line(&text) {
            // It may have ended already; then there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
            return Err(fault);
        }
        said = text;
    }
    let mut figures = Vec::new();
    let mut output = child.stdout.take().ok_or("no standard output")?;
    output.read_to_end(&mut figures).map_err(|e| format!("the generator: {e}"))?;
    let status = child.wait().map_err(|e| format!("the generator: {e}"))?;
    serde_json::from_slice(&figures).map_err(|_| format!("the generator: {status}: {said}"))
}

fn aimed<'a>(command: &'a mut Command, server: &Server) -> &'a mut Command {
    command.args(["--json", "--keep", "--endpoint"]).arg(&server.endpoint);
    command.arg("--server-pid").arg(server.pid().to_string());
    for variable in ["AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null())
}

/// The few figures that are worth a line while the run goes on.
pub fn in_short(figures: &Value) -> String {
    let figure = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    let mut text = format!(
        "{:.0} records/s, {:.0} MB/s, p50 {:.0} us, p99 {:.0} us, server {:.0} ns per record",
        figure("records_per_second"),
        figure("payload_mb_per_second"),
        figure("p50_us"),
        figure("p99_us"),
        figure("server_ns_per_record"),
    );
    match figures["read_back_agrees"].as_bool() {
        Some(true) => text.push_str(", read back"),
        Some(false) => text.push_str(", READ BACK OTHERWISE"),
        None => {}
    }
    text
}

fn fill_mib(subject: Subject, options: &Options) -> u64 {
    match subject {
        Subject::KinesisLocal => FILL_MIB_SLOWEST,
        _ if subject.is_slow() => FILL_MIB_SLOW,
        _ if options.smoke => FILL_MIB / 4,
        _ => FILL_MIB,
    }
}
