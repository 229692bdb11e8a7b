//! From the start of the process to the line that says it listens: empty, after a clean stop, after kill -9 under load.

use std::time::Duration;

use serde_json::json;

use crate::Outcome;
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Server, Subject};
use crate::bench::{Place, generator};

/// How long the load runs into which kill -9 falls.
const LOAD_BEFORE_KILL: Duration = Duration::from_secs(1);

/// Measures all three as often as there are rounds.
pub fn measure(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    if !options.wants("startup") {
        return Ok(());
    }
    println!("start-up");
    let data = place.data.join("server");
    let start = || Subject::millstream(false).start(place, &data);
    for _ in 0..options.rounds {
        servers::clear(&data)?;
        keep("startup/empty", &start()?, results)?;
    }
    servers::clear(&data)?;
    let server = start()?;
    fill(&server, place, options)?;
    server.stop()?;
    for _ in 0..options.rounds {
        let server = start()?;
        keep("startup/after-clean-stop", &server, results)?;
        server.stop()?;
    }
    for _ in 0..options.rounds {
        let server = start()?;
        let mut load = generator::command(place, options);
        load.args(["put-records", "--existing", "--duration", "600", "--endpoint"]);
        let mut load = load
            .arg(&server.endpoint)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .map_err(|e| format!("the generator: {e}"))?;
        std::thread::sleep(LOAD_BEFORE_KILL);
        server.kill();
        // It fails, since its server is gone.
        load.wait().map_err(|e| format!("the generator: {e}"))?;
        let server = start()?;
        keep("startup/after-kill", &server, results)?;
        server.stop()?;
    }
    servers::clear(&data)
}

fn fill(server: &Server, place: &Place, options: &Options) -> Outcome {
    let requests = (options.startup_mib << 20).div_ceil(500 * 1024);
    let mut command = generator::command(place, options);
    command.args(["put-records", "--requests"]).arg(requests.to_string());
    generator::run(&mut command, server).map(drop)
}

fn keep(cell: &str, server: &Server, results: &mut Results) -> Outcome {
    let seconds = server.ready.as_secs_f64();
    println!("  {cell}: {seconds:.3} s");
    results.add(cell, json!({ "seconds": seconds }))
}
