//! What people are told of records that failed: an entry of the delivery log for each kind of failure, not for each
//! record. The records themselves are in the error output.

use std::collections::BTreeMap;

use crate::compiled::Compiled;
use crate::context::{Context, Told};
use crate::machine::LaneId;
use crate::record::Failed;

/// Entries of one delivery or window, of which one is kept for what has no entry of its own.
const ENTRIES_MAX: usize = 20;
/// Messages of one code that have entries of their own; the rest of the code counts in one.
const MESSAGES_MAX: usize = 5;

/// The code of an entry for failures whose own codes have none.
const OTHERS: &str = "Delivery.RecordsFailed";

/// Failures by their codes.
#[derive(Debug, Default)]
pub struct Summary {
    by_code: BTreeMap<String, Alike>,
    /// Of codes that have no entry.
    others: u64,
}

/// Failures of one code.
#[derive(Debug, Default)]
struct Alike {
    /// How many records failed with a message.
    by_message: BTreeMap<String, u64>,
    /// How many with others.
    more: u64,
}

impl Summary {
    /// Adds a record.
    pub fn add(&mut self, failed: &Failed) {
        let entries: usize = 1 + self.by_code.values().map(Alike::entries).sum::<usize>();
        let alike = match self.by_code.get_mut(&failed.code) {
            Some(alike) => alike,
            None if entries + 2 <= ENTRIES_MAX => {
                self.by_code.entry(failed.code.clone()).or_default()
            }
            None => {
                self.others += 1;
                return;
            }
        };
        let has_room = entries < ENTRIES_MAX && alike.by_message.len() < MESSAGES_MAX;
        if let Some(records) = alike.by_message.get_mut(&failed.message) {
            *records += 1;
        } else if alike.by_message.is_empty() || has_room {
            alike.by_message.insert(failed.message.clone(), 1);
        } else {
            alike.more += 1;
        }
    }

    /// Code and message of each entry, with the number of records.
    fn entries(self) -> Vec<(String, String, u64)> {
        let mut entries = Vec::new();
        for (code, Alike { by_message, more }) in self.by_code {
            for (message, records) in by_message {
                let message = match records {
                    1 => message,
                    _ => format!("{message} ({records} records failed like this one.)"),
                };
                entries.push((code.clone(), message, records));
            }
            if more > 0 {
                let message = format!("{more} more records failed with this code.");
                entries.push((code, message, more));
            }
        }
        if self.others > 0 {
            let message = format!("{} more records failed, with other codes.", self.others);
            entries.push((OTHERS.to_owned(), message, self.others));
        }
        entries
    }

    /// Writes the entries, where the destination's CloudWatchLoggingOptions say.
    pub async fn tell(self, ctx: &Context, compiled: &Compiled) {
        let (settings, destination) = (&compiled.settings, compiled.destination(LaneId::Main));
        let version = settings.version;
        for (code, message, records) in self.entries() {
            let name = &ctx.sender.name;
            tracing::warn!(%name, %code, %message, records, "records failed");
            let told = Told { destination: &destination, version, message: &message, code: &code };
            ctx.log_error(settings.logging.as_ref(), &told).await;
        }
    }
}

impl Alike {
    /// How many entries it comes to at most.
    fn entries(&self) -> usize {
        self.by_message.len() + 1
    }
}

#[cfg(test)]
mod tests {
    use millstream_types::Millis;

    use super::*;

    fn failed(code: &str, message: &str) -> Failed {
        Failed {
            output_type: "processing-failed",
            document: Vec::new(),
            arrival: Millis(0),
            code: code.into(),
            message: message.into(),
        }
    }

    #[test]
    fn records_count_with_their_own_cause() {
        let mut summary = Summary::default();
        for (code, message) in [("a", "one"), ("b", "one"), ("a", "two"), ("a", "one")] {
            summary.add(&failed(code, message));
        }
        let told = |code: &str, message: &str, records| (code.into(), message.into(), records);
        assert_eq!(
            summary.entries(),
            [
                told("a", "one (2 records failed like this one.)", 2),
                told("a", "two", 1),
                told("b", "one", 1),
            ]
        );
    }

    #[test]
    fn entries_are_bounded_and_no_record_is_forgotten() {
        let mut summary = Summary::default();
        for n in 0..1000_u32 {
            summary.add(&failed(&format!("code {}", n % 100), &format!("message {n}")));
        }
        let entries = summary.entries();
        assert!(entries.len() <= ENTRIES_MAX, "{}", entries.len());
        assert_eq!(entries.iter().map(|(_, _, records)| records).sum::<u64>(), 1000);
        let mut alike = Summary::default();
        (0..9).for_each(|n| alike.add(&failed("a", &format!("message {n}"))));
        let last = alike.entries().pop();
        assert_eq!(last, Some(("a".into(), "4 more records failed with this code.".into(), 4)));
    }
}
