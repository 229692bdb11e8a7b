//! The log, to standard error: text for people, JSON for machines. Never record data, never secrets.

use tracing::Level;

use crate::arguments::LogFormat;

/// Starts logging for the whole process.
pub fn start(format: LogFormat, level: Level) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false);
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    match format {
        LogFormat::Text => builder.with_ansi(is_terminal).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}
