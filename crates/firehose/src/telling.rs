//! What people are told of records that failed: an entry of the delivery log for each kind of failure, not for each
//! record. The records themselves are in the error output.

use std::collections::BTreeMap;

use crate::compiled::Compiled;
use crate::context::{Context, Told};
use crate::machine::LaneId;
use crate::record::Failed;

/// Codes that are told of one delivery or window; others count with the last of them.
const CODES_MAX: usize = 20;

/// Failures by their codes.
#[derive(Debug, Default)]
pub struct Summary {
    by_code: BTreeMap<String, Alike>,
}

/// Failures of one code.
#[derive(Debug)]
struct Alike {
    records: u64,
    /// Of the first of them.
    message: String,
}

impl Summary {
    /// Adds a record.
    pub fn add(&mut self, failed: &Failed) {
        if let Some(alike) = self.by_code.get_mut(&failed.code) {
            alike.records += 1;
        } else if self.by_code.len() < CODES_MAX {
            let alike = Alike { records: 1, message: failed.message.clone() };
            self.by_code.insert(failed.code.clone(), alike);
        } else if let Some(mut last) = self.by_code.last_entry() {
            last.get_mut().records += 1;
        }
    }

    /// Writes the entries, where the destination's CloudWatchLoggingOptions say.
    pub async fn tell(self, ctx: &Context, compiled: &Compiled) {
        let (settings, destination) = (&compiled.settings, compiled.destination(LaneId::Main));
        let version = settings.version;
        for (code, Alike { records, message }) in self.by_code {
            let name = &ctx.sender.name;
            tracing::warn!(%name, %code, %message, records, "records failed");
            let message = match records {
                1 => message,
                more => format!("{message} ({more} records failed like this one.)"),
            };
            let told = Told { destination: &destination, version, message: &message, code: &code };
            ctx.log_error(settings.logging.as_ref(), &told).await;
        }
    }
}
