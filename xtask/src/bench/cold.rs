//! One cold shard of a thousand: how fast its records come when they lie scattered among those of all others.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Advice, fadvise};

use crate::Outcome;
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Server, Subject};
use crate::bench::{Place, generator, http};

const SHARDS: u64 = 1_000;
/// MiB over all shards: 4 MiB each.
const FILL_MIB: u64 = 4 << 10;
/// Shards that are read, one after the other, each cold.
const READ: usize = 9;

/// Fills a thousand shards at once, drops what the system has cached, and reads some of them.
pub fn measure(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    if !options.wants("cold-shard") {
        return Ok(());
    }
    println!("one cold shard of {SHARDS}");
    let data = place.data.join("server");
    servers::clear(&data)?;
    let server = Subject::millstream(false).start(place, &data)?;
    let mib = if options.smoke { 256 } else { FILL_MIB };
    let requests = (mib << 20).div_ceil(500 * 1024);
    let mut fill = generator::command(place, options);
    fill.args(["put-records", "--shards"]).arg(SHARDS.to_string());
    fill.arg("--requests").arg(requests.to_string());
    generator::run(&mut fill, &server)?;
    server.stop()?;
    let server = Subject::millstream(false).start(place, &data)?;
    read_some("cold-shard/interleaved", &server, &data, place, options, results)?;
    server.stop()?;
    // The server's own rewriter, which otherwise waits until data is an hour old.
    let server = Subject::millstream(false).start_with(place, &data, SORT_AT_ONCE)?;
    wait_until_sorted(&server)?;
    read_some("cold-shard/rewritten", &server, &data, place, options, results)?;
    drop(server);
    servers::clear(&data)
}

const SORT_AT_ONCE: &str = "[log]\nsort_after_seconds = 0\n";
/// The server looks for what to sort every 20 s at least; when nothing was sorted for longer, all is.
const SETTLED: Duration = Duration::from_secs(30);
/// How long sorting may take in all.
const PATIENCE: Duration = Duration::from_secs(900);

fn read_some(
    cell: &str,
    server: &Server,
    data: &Path,
    place: &Place,
    options: &Options,
    results: &mut Results,
) -> Outcome {
    for index in 0..READ {
        forget(data).map_err(|e| format!("{}: {e}", data.display()))?;
        let shard = index * SHARDS as usize / READ;
        let figures = read(shard, server, place, options)?;
        println!("  {cell}: {}", generator::in_short(&figures));
        results.add(cell, figures)?;
    }
    Ok(())
}

/// Waits until the server has sorted its data and found nothing more to sort.
fn wait_until_sorted(server: &Server) -> Outcome {
    let begun = servers::now();
    let (mut sorted, mut since) = (rewritten_bytes(server)?, begun);
    while sorted == 0 || since.elapsed() < SETTLED {
        if begun.elapsed() > PATIENCE {
            return Err(format!("the rewriter is not done: {sorted} bytes"));
        }
        std::thread::sleep(Duration::from_secs(1));
        let now = rewritten_bytes(server)?;
        if now != sorted {
            (sorted, since) = (now, servers::now());
        }
    }
    println!("  sorted {} MiB in {:.0} s", sorted >> 20, (since - begun).as_secs_f64());
    Ok(())
}

fn rewritten_bytes(server: &Server) -> Result<u64, String> {
    http::metric(&server.endpoint, "millstream_log_rewritten_bytes_total")
}

fn read(
    shard: usize,
    server: &Server,
    place: &Place,
    options: &Options,
) -> Result<serde_json::Value, String> {
    let mut command = generator::command(place, options);
    command.args(["get-records", "--existing", "--once", "--fill-mib", "0", "--connections", "1"]);
    command.arg("--only-shard").arg(shard.to_string());
    generator::run(&mut command, server)
}

/// Tells the system to keep nothing of these files in memory; all of it is on the disk.
fn forget(directory: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            forget(&path)?;
        } else if path.is_file() {
            let file = File::open(&path)?;
            file.sync_all()?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}
