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

    pub fn finish(&mut self) {
        self.end_progress_line();
        eprintln!("{}", self.sum());
    }

    fn end_progress_line(&mut self) {
        if std::mem::take(&mut self.in_progress_line) {
            eprintln!();
        }
    }

    fn sum(&self) -> String {
        let took = self.client.clock().now().since(self.started).as_secs_f64();
        let mut text = format!("{} put", counted(self.lines, "line"));
        if self.records != self.lines {
            text.push_str(&format!(" in {}", counted(self.records, "record")));
        }
        text.push_str(&format!(" ({:.1} MiB, {took:.1} s)", self.bytes as f64 / 1_048_576.0));
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
    use super::named;

    #[test]
    fn lines_are_named_by_their_runs() {
        assert_eq!(named(&[3]), "line 3");
        assert_eq!(named(&[4, 1, 2, 9, 3]), "lines 1-4, 9");
    }
}
