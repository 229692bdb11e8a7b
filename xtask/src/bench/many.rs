//! Many streams in one directory: start-up, and the calls that list.

use crate::Outcome;
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Subject};
use crate::bench::{Place, generator};

const STREAMS: u64 = 5_000;
/// Shards of each: 20,000 in all, the quota of an account.
const SHARDS: u64 = 4;

/// Makes the streams once, then starts the server and lists as often as there are rounds.
pub fn measure(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    if !options.wants("many-streams") {
        return Ok(());
    }
    let streams = if options.smoke { STREAMS / 10 } else { STREAMS };
    println!("{streams} streams of {SHARDS} shards");
    let data = place.data.join("server");
    servers::clear(&data)?;
    let start = || Subject::millstream(false).start(place, &data);
    let listing = |server: &servers::Server, more: &[&str]| {
        let mut command = generator::command(place, options);
        command.args(["listing", "--shards"]).arg(SHARDS.to_string());
        command.arg("--streams").arg(streams.to_string()).args(more);
        generator::run(&mut command, server)
    };
    let server = start()?;
    results.add("many-streams/made", listing(&server, &["--calls", "1"])?)?;
    server.kill();
    for _ in 0..options.rounds {
        let server = start()?;
        let mut figures = listing(&server, &["--existing"])?;
        figures["ready_seconds"] = server.ready.as_secs_f64().into();
        let of = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "  many-streams/listed: ready in {:.3} s, ListStreams p99 {:.0} us, ListShards p99 {:.0} us",
            of("ready_seconds"),
            of("list_streams_p99_us"),
            of("list_shards_p99_us")
        );
        results.add("many-streams/listed", figures)?;
        server.stop()?;
    }
    servers::clear(&data)
}
