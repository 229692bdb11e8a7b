//! What belongs to modes and numbers of shards: scaling, warm throughput, distribution, peaks; and the
//! commands that change them.

mod apply;
mod scale;

use millstream_types::Millis;

pub(crate) use apply::{apply, of_mode};
pub use scale::{may_scale, plan_scaling};

/// How many days peaks are remembered (developer guide, "Choose the data stream capacity mode": 30 days).
pub const PEAK_DAYS: u32 = 30;

/// What belongs to a stream's mode and number of shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// The number of equal shards that the stream is on its way to.
    pub scaling: Option<Scaling>,
    /// When UpdateShardCount was called in the last 24 hours.
    pub scaled: Vec<Millis>,
    /// When the mode was changed in the last 24 hours.
    pub mode_changed: Vec<Millis>,
    /// The warm throughput that was asked for, in MiB/s.
    pub warm_mibps: Option<u32>,
    /// Whether the service chooses the shards of records, and not the partition key.
    pub auto: bool,
    /// Peaks of the write throughput: days since 1970 and KiB/s, the oldest first; at most one a day.
    pub peaks: Vec<(u32, u32)>,
}

/// A change to equal shards that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// How many shards were open before.
    pub from: u32,
    /// How many there are to be.
    pub target: u32,
    /// How many are open at most on the way: so many count against the quota until it is done.
    pub open_max: u32,
}

impl Capacity {
    /// The highest write throughput that is remembered on `day` (days since 1970), in KiB/s.
    pub fn peak_kibps(&self, day: u32) -> u32 {
        let kept = self.peaks.iter().filter(|(of, _)| of.saturating_add(PEAK_DAYS) > day);
        kept.map(|(_, kibps)| *kibps).max().unwrap_or(0)
    }

    pub(crate) fn note_peak(&mut self, day: u32, kibps: u32) {
        self.peaks.retain(|(of, _)| of.saturating_add(PEAK_DAYS) > day);
        match self.peaks.iter_mut().find(|(of, _)| *of == day) {
            Some((_, known)) => *known = kibps.max(*known),
            None => self.peaks.push((day, kibps)),
        }
        // A clock that went back between two nodes must not make the list longer than its days.
        self.peaks.sort_unstable();
        let over = self.peaks.len().saturating_sub(PEAK_DAYS as usize);
        self.peaks.drain(..over);
    }
}
