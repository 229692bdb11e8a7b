//! A flush as whoever asked for it sees it.

use std::time::Duration;

use super::{Pipeline, PipelineError, PipelineStatus, lock};
use crate::machine::State;
use crate::pilot::{Order, Unflushed};

/// How long a flush waits for a pipeline that begins again.
const FLUSH_PAUSE: Duration = Duration::from_millis(100);
/// How many different errors of deliveries that are tried again are told.
const ERRORS_MAX: usize = 3;
/// How much of the text of each, in characters.
const ERROR_CHARS_MAX: usize = 300;

impl Pipeline {
    /// Seals what there is and waits until it has arrived, or was finally refused.
    ///
    /// # Errors
    /// Late if it is not done in time, with the last errors of what is tried again. SourceDeleted once all is done that
    /// can be.
    pub async fn flush(&self, limit: Duration) -> Result<(), PipelineError> {
        let flushed = async {
            loop {
                match self.order(Order::Flush).await {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(Unflushed::SourceDeleted(why))) => {
                        return Err(PipelineError::SourceDeleted(why));
                    }
                    Err(PipelineError::Unknown) => return Err(PipelineError::Unknown),
                    // The pipeline began again meanwhile, and so does the flush.
                    Ok(Err(Unflushed::Recovering)) | Err(_) => {
                        tokio::time::sleep(FLUSH_PAUSE).await;
                    }
                }
            }
        };
        let flushed = tokio::time::timeout(limit, flushed).await;
        flushed.unwrap_or_else(|_| Err(PipelineError::Late(self.left(limit))))
    }

    /// Whether any of its errors are kept in the delivery log.
    pub fn is_logged(&self) -> bool {
        let settings = lock(&self.settings);
        let of_backup = settings.backup.as_ref().and_then(|backup| backup.logging.as_ref());
        let of = [settings.logging.as_ref(), settings.errors.logging.as_ref(), of_backup];
        of.iter().any(Option::is_some)
    }

    /// What is left, and why.
    fn left(&self, limit: Duration) -> String {
        let PipelineStatus { waiting_records, open_plans, .. } = self.status();
        let mut text = format!(
            "not all was delivered in {} s: {waiting_records} records wait, {open_plans} \
             deliveries are under way or tried again",
            limit.as_secs()
        );
        for (at, error) in self.ctx.replica.read(last_errors).iter().enumerate() {
            text += if at == 0 { "; the last errors: " } else { "; " };
            text += error;
        }
        text
    }
}

/// The last errors of plans that are not settled, each once, those of the newest attempts first.
fn last_errors(state: &State) -> Vec<String> {
    let mut failures: Vec<_> =
        state.plans.values().filter_map(|plan| plan.failure.as_ref()).collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.last));
    let mut told: Vec<String> = Vec::new();
    for failure in failures {
        let message: String = failure.message.chars().take(ERROR_CHARS_MAX).collect();
        let text = format!("{}: {message}", failure.code);
        if !told.contains(&text) {
            told.push(text);
        }
        if told.len() == ERRORS_MAX {
            break;
        }
    }
    told
}
