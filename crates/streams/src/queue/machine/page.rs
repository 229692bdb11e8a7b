//! A page: the entries of records at 512 neighbouring positions of a shard, those that were received and are neither
//! acknowledged nor expired.

/// Positions of a page.
pub const PAGE_POSITIONS: u64 = 512;
const SLOT_MASK: u16 = PAGE_POSITIONS as u16 - 1;
const PHASE_SHIFT: u32 = 9;
/// Times are kept in 48 bits.
const TIME_MAX: u64 = (1 << 48) - 1;
/// Bytes of an entry in a snapshot.
pub const ENTRY_BYTES: usize = 20;

/// A page's shard and number: positions divided by 512.
pub type PageKey = (u32, u64);

/// The page of a position, and its slot there.
pub fn place_of(shard: u32, position: u64) -> (PageKey, u16) {
    ((shard, position / PAGE_POSITIONS), (position % PAGE_POSITIONS) as u16)
}

/// Where a record that was received is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Hidden until its time.
    InFlight,
    /// Waits to be received again.
    Visible,
    /// A dead letter, hidden until its time.
    DeadInFlight,
    /// A dead letter that waits to be received.
    DeadVisible,
}

const PHASES: [Phase; 4] =
    [Phase::InFlight, Phase::Visible, Phase::DeadInFlight, Phase::DeadVisible];

/// A record that was received. Times are split so that an entry takes 20 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    until_low: u32,
    first_low: u32,
    /// Counts its deliveries.
    pub delivery: u32,
    until_high: u16,
    first_high: u16,
    slot_and_phase: u16,
    /// How often it was received since it was restored; stays at 65,535.
    pub receives: u16,
}

impl Entry {
    /// A record that is received for the first time.
    pub fn fresh(slot: u16, now: u64, until: u64) -> Self {
        let (now, until) = (now.min(TIME_MAX), until.min(TIME_MAX));
        Entry {
            until_low: until as u32,
            first_low: now as u32,
            delivery: 1,
            until_high: (until >> 32) as u16,
            first_high: (now >> 32) as u16,
            slot_and_phase: slot,
            receives: 1,
        }
    }

    pub fn slot(&self) -> u16 {
        self.slot_and_phase & SLOT_MASK
    }

    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.slot_and_phase >> PHASE_SHIFT) & 3]
    }

    fn set_phase(&mut self, phase: Phase) {
        self.slot_and_phase = self.slot() | (phase as u16) << PHASE_SHIFT;
    }

    /// Until when it is hidden.
    pub fn until(&self) -> u64 {
        u64::from(self.until_high) << 32 | u64::from(self.until_low)
    }

    fn set_until(&mut self, until: u64) {
        let until = until.min(TIME_MAX);
        self.until_low = until as u32;
        self.until_high = (until >> 32) as u16;
    }

    /// When it was first received.
    pub fn first_received(&self) -> u64 {
        u64::from(self.first_high) << 32 | u64::from(self.first_low)
    }

    /// As it lies in a snapshot: little-endian.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.until_low.to_le_bytes());
        out.extend(self.first_low.to_le_bytes());
        out.extend(self.delivery.to_le_bytes());
        for half in [self.until_high, self.first_high, self.slot_and_phase, self.receives] {
            out.extend(half.to_le_bytes());
        }
    }

    /// Reads what `write` wrote.
    pub fn read(bytes: &[u8; ENTRY_BYTES]) -> Result<Self, String> {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let entry = Entry {
            until_low: word(0),
            first_low: word(4),
            delivery: word(8),
            until_high: half(12),
            first_high: half(14),
            slot_and_phase: half(16),
            receives: half(18),
        };
        let unknown = entry.slot_and_phase >> PHASE_SHIFT > 3;
        if unknown { Err("an entry has an unknown phase".into()) } else { Ok(entry) }
    }
}

/// How many entries are in each phase, and the earliest time at which one in flight may become visible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// By phase, in the order of `Phase`.
    pub counts: [u16; 4],
    /// A lower bound of `until` over all in flight; `u64::MAX` if none is.
    pub due: u64,
}

impl Default for Summary {
    fn default() -> Self {
        Summary { counts: [0; 4], due: u64::MAX }
    }
}

impl Summary {
    /// How many are in a phase.
    pub fn of(&self, phase: Phase) -> u16 {
        self.counts[phase as usize]
    }
}

/// A page. Its entries are in the order of their slots.
#[derive(Clone, Debug, Default)]
pub struct Page {
    entries: Vec<Entry>,
    summary: Summary,
}

impl Page {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Bytes of memory, with what is reserved.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Page>() + self.entries.capacity() * size_of::<Entry>()
    }

    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// The index of a slot's entry.
    pub fn find(&self, slot: u16) -> Option<usize> {
        self.entries.binary_search_by_key(&slot, Entry::slot).ok()
    }

    pub fn entry(&self, index: usize) -> Entry {
        self.entries[index]
    }

    /// Adds an entry in flight; its slot has none.
    pub fn insert(&mut self, entry: Entry) {
        let Err(at) = self.entries.binary_search_by_key(&entry.slot(), Entry::slot) else { return };
        if self.entries.len() == self.entries.capacity() {
            // Doubling would leave half of the memory unused.
            self.entries.reserve_exact((self.entries.len() / 4).max(4));
        }
        self.entries.insert(at, entry);
        self.summary.counts[entry.phase() as usize] += 1;
        if is_in_flight(entry.phase()) {
            self.summary.due = self.summary.due.min(entry.until());
        }
    }

    pub fn remove(&mut self, index: usize) {
        let entry = self.entries.remove(index);
        self.summary.counts[entry.phase() as usize] -= 1;
        self.give_back();
    }

    /// Removes the entries of slots from `from` to before `to`.
    pub fn remove_slots(&mut self, from: u16, to: u16) {
        let counts = &mut self.summary.counts;
        self.entries.retain(|entry| {
            let kept = !(from..to).contains(&entry.slot());
            if !kept {
                counts[entry.phase() as usize] -= 1;
            }
            kept
        });
        self.give_back();
    }

    fn give_back(&mut self) {
        if self.summary.of(Phase::InFlight) + self.summary.of(Phase::DeadInFlight) == 0 {
            self.summary.due = u64::MAX;
        }
        if self.entries.capacity() > 16 && self.entries.len() * 2 < self.entries.capacity() {
            self.entries.shrink_to(self.entries.len() + self.entries.len() / 8);
        }
    }

    /// Takes over a page's bound from a snapshot; `false` if it is none.
    pub fn bound_due(&mut self, due: u64) -> bool {
        let is_bound = due <= self.summary.due;
        self.summary.due = due.min(self.summary.due);
        is_bound
    }

    fn move_to(&mut self, index: usize, phase: Phase) {
        let entry = &mut self.entries[index];
        self.summary.counts[entry.phase() as usize] -= 1;
        entry.set_phase(phase);
        self.summary.counts[phase as usize] += 1;
    }

    /// Hides an entry until a time; it is in flight in its own kind.
    pub fn hide(&mut self, index: usize, until: u64) {
        let dead = is_dead(self.entries[index].phase());
        self.move_to(index, if dead { Phase::DeadInFlight } else { Phase::InFlight });
        self.entries[index].set_until(until);
        self.summary.due = self.summary.due.min(self.entries[index].until());
    }

    /// Receives an entry once more.
    pub fn receive(&mut self, index: usize, until: u64) -> Entry {
        let entry = &mut self.entries[index];
        entry.receives = entry.receives.saturating_add(1);
        entry.delivery = entry.delivery.wrapping_add(1);
        self.hide(index, until);
        self.entries[index]
    }

    /// Makes an entry visible in a phase, with this count of receives.
    pub fn show(&mut self, index: usize, phase: Phase, receives: u16) {
        self.move_to(index, phase);
        self.entries[index].receives = receives;
        self.give_back();
    }

    /// Makes visible what is hidden no longer, as dead letters what was received `receives_max` times.
    pub fn expire(&mut self, now: u64, receives_max: u32) {
        if self.summary.due > now {
            return;
        }
        let mut due = u64::MAX;
        for index in 0..self.entries.len() {
            let entry = self.entries[index];
            match entry.phase() {
                Phase::InFlight | Phase::DeadInFlight if entry.until() > now => {
                    due = due.min(entry.until());
                }
                Phase::InFlight if !is_spent(&entry, receives_max) => {
                    self.move_to(index, Phase::Visible);
                }
                Phase::InFlight | Phase::DeadInFlight => self.move_to(index, Phase::DeadVisible),
                Phase::Visible | Phase::DeadVisible => {}
            }
        }
        self.summary.due = due;
    }
}

/// Whether a record has been received as often as it may be.
pub fn is_spent(entry: &Entry, receives_max: u32) -> bool {
    receives_max > 0 && u32::from(entry.receives) >= receives_max
}

/// Whether a phase is that of a dead letter.
pub fn is_dead(phase: Phase) -> bool {
    matches!(phase, Phase::DeadInFlight | Phase::DeadVisible)
}

/// Whether a phase is that of a hidden record.
pub fn is_in_flight(phase: Phase) -> bool {
    matches!(phase, Phase::InFlight | Phase::DeadInFlight)
}
