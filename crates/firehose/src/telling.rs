//! What people are told of records that failed: an entry of the delivery log for each kind of failure, not for each
//! record. The records themselves are in the error output.

use std::collections::BTreeMap;

use crate::compiled::Compiled;
use crate::context::Context;
use crate::journal::Entry;
use crate::machine::LaneId;
use crate::record::Failed;
use crate::settings::Logging;

/// Codes that are told of one delivery or window; others count with the last of them.
const CODES_MAX: usize = 20;

/// Failures by their codes.
#[derive(Debug, Default)]
pub struct Summary {
    by_code: BTreeMap<String, Told>,
}

#[derive(Debug)]
struct Told {
    records: u64,
    /// Of the first of them.
    message: String,
}

impl Summary {
    /// Adds a record.
    pub fn add(&mut self, failed: &Failed) {
        if let Some(told) = self.by_code.get_mut(&failed.code) {
            told.records += 1;
        } else if self.by_code.len() < CODES_MAX {
            let told = Told { records: 1, message: failed.message.clone() };
            self.by_code.insert(failed.code.clone(), told);
        } else if let Some(mut last) = self.by_code.last_entry() {
            last.get_mut().records += 1;
        }
    }

    /// Writes the entries, where the destination's CloudWatchLoggingOptions say.
    pub async fn tell(self, ctx: &Context, compiled: &Compiled) {
        for (code, Told { records, message }) in self.by_code {
            let name = &ctx.sender.name;
            tracing::warn!(%name, %code, %message, records, "records failed");
            let Some(Logging { group, stream }) = &compiled.settings.logging else { continue };
            let message = match records {
                1 => message,
                more => format!("{message} ({more} records failed like this one.)"),
            };
            let entry = Entry {
                group,
                stream,
                stream_arn: &ctx.sender.arn,
                destination: &compiled.destination(LaneId::Main),
                version: compiled.settings.version,
                message: &message,
                code: &code,
            };
            ctx.journal.write(&entry, ctx.now()).await;
        }
    }
}
