//! One cold shard of a thousand: how fast its records come when they lie scattered among those of all others.

use std::fs::File;
use std::path::Path;

use rustix::fs::{Advice, fadvise};

use crate::Outcome;
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Server, Subject};
use crate::bench::{Place, generator};

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
    for index in 0..READ {
        forget(&data).map_err(|e| format!("{}: {e}", data.display()))?;
        let shard = index * SHARDS as usize / READ;
        let figures = read(shard, &server, place, options)?;
        println!("  cold-shard/interleaved: {}", generator::in_short(&figures));
        results.add("cold-shard/interleaved", figures)?;
    }
    drop(server);
    servers::clear(&data)
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
