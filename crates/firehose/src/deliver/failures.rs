//! Error documents of a delivery on their way to the processed log.

use crate::compiled::Compiled;
use crate::context::{Context, Held};
use crate::limits::{FAILED_BYTES_MAX, FRAME_BYTES_MAX};
use crate::processed::Header;
use crate::record::Failed;
use crate::telling::Summary;
use crate::worker::error_drafts;

/// Records that failed. Their documents wait until the plan's object or parcel has arrived, so that attempts that fail
/// leave nothing in the log; where too many come, they are made once more then and written as they come. They count
/// once the plan is settled.
#[derive(Debug, Default)]
pub struct Failures {
    /// Whether they are written as they come.
    writes: bool,
    overflowed: bool,
    waiting: Vec<Failed>,
    waiting_bytes: usize,
    count: u64,
    blocks: Vec<(u64, Header)>,
    held: Vec<Held>,
    summary: Summary,
}

impl Failures {
    /// Adds records, of which people are to be told.
    pub fn extend(&mut self, failed: impl IntoIterator<Item = Failed>) {
        for one in failed {
            self.summary.add(&one);
            self.add_told([one]);
        }
    }

    /// Adds records of which people were told already.
    pub fn add_told(&mut self, failed: impl IntoIterator<Item = Failed>) {
        for one in failed {
            self.count += 1;
            if self.overflowed {
                continue;
            }
            self.waiting_bytes += one.document.len();
            self.waiting.push(one);
            if !self.writes && self.waiting_bytes > FAILED_BYTES_MAX {
                self.overflowed = true;
                (self.waiting, self.waiting_bytes) = (Vec::new(), 0);
            }
        }
    }

    /// Failures that are written as they come.
    pub fn written() -> Self {
        Failures { writes: true, ..Failures::default() }
    }

    /// Whether they are written as they come.
    pub fn writes(&self) -> bool {
        self.writes
    }

    /// From now on they are written as they come. `None` if more came than may wait: they have to be made again.
    pub fn write_from_now(mut self) -> Option<Self> {
        self.writes = true;
        (!self.overflowed).then_some(self)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        *self = Failures { writes: self.writes, ..Failures::default() };
    }

    /// Writes what waits if it is much, and is to be written.
    pub async fn write_many(&mut self, ctx: &Context) -> Result<(), String> {
        match self.writes && self.waiting_bytes >= FRAME_BYTES_MAX {
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

    /// Writes the rest, and tells people. How many there were, their blocks, and what holds these until they count.
    pub async fn finish(
        mut self,
        ctx: &Context,
        compiled: &Compiled,
    ) -> Result<(u64, Vec<(u64, Header)>, Vec<Held>), String> {
        self.write(ctx).await?;
        self.summary.tell(ctx, compiled).await;
        Ok((self.count, self.blocks, self.held))
    }
}
