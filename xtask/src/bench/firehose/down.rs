//! A destination that is down while intake goes on at full speed, and comes back.

use std::path::Path;

use crate::Outcome;
use crate::bench::firehose::{BUCKET, BUILT_IN, elsewhere, fresh, keep, put};
use crate::bench::options::Options;
use crate::bench::results::Results;
use crate::bench::servers::{self, Subject};
use crate::bench::{Place, generator, http};

/// The name its results bear.
pub const CELL: &str = "firehose-down/millstream";
/// How much longer than other cells it puts.
const LONGER: f64 = 4.0;

/// Puts while nobody listens where the bucket should be, then starts the server that has it, and waits until all is
/// there.
pub fn measure(place: &Place, options: &Options, results: &mut Results) -> Outcome {
    let data = fresh(place)?;
    let second = Place {
        data: place.data.join("second"),
        logs: place.logs.join("second"),
        binaries: place.binaries.clone(),
        server: place.server.clone(),
    };
    servers::clear(&second.data)?;
    std::fs::create_dir_all(&second.logs).map_err(|e| format!("{}: {e}", second.logs.display()))?;
    let port = servers::free_port()?;
    let ours = Subject::millstream(false);
    let server = ours.start_with(place, &data, &elsewhere(port))?;
    let mut arguments =
        words("put-record-batch --compression UNCOMPRESSED --buffer-mib 64 --verify");
    arguments.extend(["--bucket".to_owned(), BUCKET.to_owned(), "--bucket-endpoint".to_owned()]);
    arguments.push(format!("http://127.0.0.1:{port}"));
    let seconds = options.seconds * LONGER;
    arguments.extend(["--warmup".to_owned(), "0".to_owned(), "--duration".to_owned()]);
    arguments.push(seconds.to_string());
    let mut destination = None;
    let mut grown = (0, 0);
    let mut command = put(place, options, &arguments);
    let figures = generator::watch(&mut command, &server, |line| {
        if line.ends_with("waiting until all have been delivered") {
            grown = (
                http::metric(&server.endpoint, "millstream_log_written_bytes_total")?,
                size(&data)?,
            );
            destination = Some(ours.start_at(port, &second, &second.data, BUILT_IN)?);
        }
        Ok(())
    });
    drop((server, destination));
    servers::clear(&second.data)?;
    servers::clear(&data)?;
    let figures = figures.map(|mut figures| {
        let payload = figures["payload_bytes_in_all"].as_f64().unwrap_or(f64::NAN);
        figures["log_bytes_per_byte"] = (grown.0 as f64 / payload).into();
        figures["directory_bytes_per_byte"] = (grown.1 as f64 / payload).into();
        figures["down_seconds"] = seconds.into();
        figures
    });
    keep(CELL, ours, figures, results)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Bytes that the files below a directory take on the disk.
fn size(directory: &Path) -> Result<u64, String> {
    use std::os::unix::fs::MetadataExt;
    let fault = |e: std::io::Error| format!("{}: {e}", directory.display());
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        // A file that went meanwhile takes nothing.
        let Ok(metadata) = entry.metadata() else { continue };
        bytes += match metadata.is_dir() {
            true => size(&entry.path())?,
            false => metadata.blocks() * 512,
        };
    }
    Ok(bytes)
}
