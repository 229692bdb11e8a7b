//! Lines of a file or of standard input, read by a thread of their own.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use tokio::sync::mpsc;

use super::limits::{CHUNK_BYTES, CHUNKS_MAX, LINE_BYTES_MAX};
use crate::Failure;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1.
    pub number: u64,
    pub data: Vec<u8>,
}

/// What the reading thread hands over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Lines in order: as many as there were without waiting, up to a limit.
    Lines(Vec<Line>),
    /// A line that no record can hold; it was skipped.
    TooLong { line: u64, bytes_max: usize },
    /// Nothing more can be read.
    Failed(String),
}

/// Starts reading. With `keep_cr` the CR of a line that ends with CR LF belongs to its record.
pub(crate) fn start(file: Option<&Path>, keep_cr: bool) -> Result<mpsc::Receiver<Chunk>, Failure> {
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    let (input, name): (Box<dyn Read + Send>, String) = match file {
        None => (Box::new(io::stdin()), "standard input".to_owned()),
        Some(path) => {
            let name = path.display().to_string();
            let file = std::fs::File::open(path);
            (Box::new(file.map_err(|error| Failure::Told(format!("{name}: {error}")))?), name)
        }
    };
    // Not of the runtime's threads: one that waits for a terminal would hold up the end.
    std::thread::spawn(move || {
        let mut reader = BufReader::with_capacity(64 << 10, input);
        let mut send = |chunk| sender.blocking_send(chunk).is_ok();
        if let Err(error) = read(&mut reader, keep_cr, LINE_BYTES_MAX, &mut send) {
            send(Chunk::Failed(format!("{name}: {error}")));
        }
    });
    Ok(receiver)
}

/// Reads to the end, or until `send` says that nobody listens.
fn read<R: Read>(
    reader: &mut BufReader<R>,
    keep_cr: bool,
    bytes_max: usize,
    send: &mut dyn FnMut(Chunk) -> bool,
) -> io::Result<()> {
    let mut lines = Vec::new();
    let mut bytes = 0;
    for number in 1.. {
        let mut data = Vec::new();
        // One more for the newline.
        let read = reader.by_ref().take(bytes_max as u64 + 1).read_until(b'\n', &mut data);
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                send(Chunk::Lines(lines));
                return Err(error);
            }
        };
        let ended = data.pop_if(|byte| *byte == b'\n').is_some();
        if ended && !keep_cr {
            data.pop_if(|byte| *byte == b'\r');
        }
        let over = data.len() > bytes_max;
        if over {
            reader.skip_until(b'\n')?;
        } else if read > 0 {
            bytes += data.len();
            lines.push(Line { number, data });
        }
        // With an empty buffer the next line may be long in coming.
        let full = bytes >= CHUNK_BYTES || over || read == 0 || reader.buffer().is_empty();
        if full && !lines.is_empty() && !send(Chunk::Lines(std::mem::take(&mut lines))) {
            return Ok(());
        }
        if full {
            bytes = 0;
        }
        if over && !send(Chunk::TooLong { line: number, bytes_max }) {
            return Ok(());
        }
        if read == 0 || (!ended && !over) {
            break;
        }
    }
    if !lines.is_empty() {
        send(Chunk::Lines(lines));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(input: &str, keep_cr: bool) -> Vec<String> {
        let mut seen = Vec::new();
        let mut reader = BufReader::with_capacity(8, input.as_bytes());
        let mut send = |chunk| {
            match chunk {
                Chunk::Lines(lines) => seen.extend(lines.into_iter().map(|line| {
                    format!("{} {}", line.number, String::from_utf8_lossy(&line.data))
                })),
                Chunk::TooLong { line, .. } => seen.push(format!("{line} too long")),
                Chunk::Failed(text) => seen.push(text),
            }
            true
        };
        read(&mut reader, keep_cr, 10, &mut send).unwrap();
        seen
    }

    #[test]
    fn lines_are_numbered_and_long_ones_skipped() {
        assert_eq!(chunks("", false), [""; 0]);
        assert_eq!(chunks("a\n\nb", false), ["1 a", "2 ", "3 b"]);
        assert_eq!(chunks("a\n01234567890\nb\n", false), ["1 a", "2 too long", "3 b"]);
        assert_eq!(chunks("012345678901234567890", false), ["1 too long"]);
    }

    #[test]
    fn one_cr_goes_with_its_newline_unless_it_is_kept() {
        assert_eq!(
            chunks("a\r\n\r\nb\r\r\nc\rd\ne\r", false),
            ["1 a", "2 ", "3 b\r", "4 c\rd", "5 e\r"]
        );
        assert_eq!(chunks("a\r\nb\n", true), ["1 a\r", "2 b"]);
    }
}
