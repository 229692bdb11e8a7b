//! Error documents of a delivery or a worker's window on their way to the processed log.

use crate::context::{Context, Held};
use crate::limits::FRAME_BYTES_MAX;
use crate::processed::Header;
use crate::record::Failed;
use crate::worker::error_drafts;

/// Records that failed. Their documents are written whenever there are many; they count once the plan is settled.
#[derive(Debug, Default)]
pub struct Failures {
    waiting: Vec<Failed>,
    waiting_bytes: usize,
    count: u64,
    blocks: Vec<(u64, Header)>,
    held: Vec<Held>,
}

impl Failures {
    /// Adds records.
    pub fn extend(&mut self, failed: impl IntoIterator<Item = Failed>) {
        for one in failed {
            self.waiting_bytes += one.document.len();
            self.count += 1;
            self.waiting.push(one);
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        *self = Failures::default();
    }

    /// Writes what waits if it is much.
    pub async fn write_many(&mut self, ctx: &Context) -> Result<(), String> {
        match self.waiting_bytes >= FRAME_BYTES_MAX {
            true => self.write(ctx).await,
            false => Ok(()),
        }
    }

    async fn write(&mut self, ctx: &Context) -> Result<(), String> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.waiting_bytes = 0;
        let drafts = error_drafts(std::mem::take(&mut self.waiting));
        let written = ctx.write_blocks(&drafts, &[]).await?;
        self.blocks.extend(written.blocks);
        self.held.push(written.held);
        Ok(())
    }

    /// Writes the rest. How many there were, their blocks, and what holds these until they count.
    pub async fn finish(
        mut self,
        ctx: &Context,
    ) -> Result<(u64, Vec<(u64, Header)>, Vec<Held>), String> {
        self.write(ctx).await?;
        Ok((self.count, self.blocks, self.held))
    }
}
