//! What a person sees of a put: each line that was not taken, progress, the sum.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use millstream_client::Client;
use millstream_types::Millis;

use super::deliver::Outcome;
use crate::table::counted;

/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Counts and tells.
pub(crate) struct Report {
    progress: Option<tokio::time::Interval>,
    client: Client,
    started: Millis,
    lines: u64,
    records: u64,
    bytes: u64,
    retries: u64,
    misplaced: u64,
    rejected: u64,
    empty: u64,
    /// Lines that are not taken because the command ends early.
    left_out: Vec<u64>,
    /// Whether the cursor stands in a line of progress.
    in_progress_line: bool,
}

impl Report {
    pub fn new(always: bool, client: &Client) -> Self {
        let shown = always || io::stderr().is_terminal();
        Report {
            progress: shown.then(|| tokio::time::interval(PROGRESS_EVERY)),
            client: client.clone(),
            started: client.clock().now(),
            lines: 0,
            records: 0,
            bytes: 0,
            retries: 0,
            misplaced: 0,
            rejected: 0,
            empty: 0,
            left_out: Vec::new(),
            in_progress_line: false,
        }
    }

    pub fn has_rejected(&self) -> bool {
        self.rejected > 0
    }

    pub fn skipped_empty(&mut self) {
        self.empty += 1;
    }

    pub fn add(&mut self, outcome: &Outcome) {
        self.lines += outcome.lines;
        self.records += outcome.records;
        self.bytes += outcome.bytes;
        self.retries += outcome.retries;
        self.misplaced += outcome.misplaced.len() as u64;
    }

    /// Names lines that were not taken.
    pub fn rejected(&mut self, lines: &[u64], reason: &str) {
        if lines.is_empty() {
            return;
        }
        self.rejected += lines.len() as u64;
        self.end_progress_line();
        eprintln!("millstream: {}: {reason}", named(lines));
    }

    /// Remembers lines that are not taken for what ends the command: they are named once, before it is.
    pub fn left_out(&mut self, lines: Vec<u64>) {
        self.rejected += lines.len() as u64;
        self.left_out.extend(lines);
    }

    /// Comes back when progress is to be shown; never, if it is not.
    pub async fn tick(&mut self) {
        match &mut self.progress {
            Some(interval) => {
                interval.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    pub fn show_progress(&mut self) {
        // What stood there may have been longer.
        eprint!("\r{:<70}", self.sum());
        self.in_progress_line = true;
        let _ = io::stderr().flush();
    }

    /// Tells the sum. Where nothing came of it but a `fault`, that says it all.
    pub fn finish(&mut self, fault: bool) {
        let all_left_out = self.lines == 0 && self.rejected == self.left_out.len() as u64;
        self.end_progress_line();
        if fault && all_left_out {
            return;
        }
        if !self.left_out.is_empty() {
            eprintln!("millstream: {}: not taken", named(&self.left_out));
        }
        eprintln!("{}", self.sum());
    }

    fn end_progress_line(&mut self) {
        if std::mem::take(&mut self.in_progress_line) {
            eprintln!();
        }
    }

    fn sum(&self) -> String {
        let took = span(self.client.clock().now().since(self.started));
        let mut text = format!("{} put", counted(self.lines, "line"));
        if self.records != self.lines {
            text.push_str(&format!(" in {}", counted(self.records, "record")));
        }
        text.push_str(&format!(" ({}, {took})", size(self.bytes)));
        let parts = [
            (self.rejected, "not taken"),
            (self.empty, "empty and skipped"),
            (self.retries, "tried again"),
            (self.misplaced, "put again after a reshard"),
        ];
        for (number, what) in parts.into_iter().filter(|(number, _)| *number > 0) {
            text.push_str(&format!(", {number} {what}"));
        }
        text
    }
}

/// `12 B`, `3.4 KiB`, `5.6 MiB`.
fn size(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{:.1} KiB", bytes as f64 / KIB as f64),
        MIB.. => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}

/// `7 ms`, `1.5 s`.
fn span(took: Duration) -> String {
    if took < Duration::from_secs(1) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}

/// `line 3`, `lines 1-4, 9`.
fn named(lines: &[u64]) -> String {
    let mut sorted = lines.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for line in sorted {
        match runs.last_mut() {
            Some((_, last)) if line <= *last + 1 => *last = line,
            _ => runs.push((line, line)),
        }
    }
    let run = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let runs: Vec<String> = runs.iter().map(run).collect();
    format!("line{} {}", if lines.len() == 1 { "" } else { "s" }, runs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_puts_are_told_in_small_units() {
        assert_eq!([0, 1023, 1536, 3 << 19].map(size), ["0 B", "1023 B", "1.5 KiB", "1.5 MiB"]);
        assert_eq!(
            [0, 999, 1500].map(|ms| span(Duration::from_millis(ms))),
            ["0 ms", "999 ms", "1.5 s"]
        );
    }

    #[test]
    fn lines_are_named_by_their_runs() {
        assert_eq!(named(&[3]), "line 3");
        assert_eq!(named(&[4, 1, 2, 9, 3]), "lines 1-4, 9");
    }
}
