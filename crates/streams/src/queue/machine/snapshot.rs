//! Slices of a snapshot: the head, then shards, then pages. Drawn in `docs/formats/queue.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use millstream_replica::Slice;

use super::codec::{Reader, Writer};
use super::page::{ENTRY_BYTES, Entry, PAGE_POSITIONS, Page, PageKey};
use super::shards::{Shard, Shards};
use super::state::{Cursors, State};

/// The state at one moment: pages as handles.
pub struct Frozen {
    begun: bool,
    cursors: Cursors,
    shards: Shards,
    pages: BTreeMap<PageKey, Arc<Page>>,
}

const HEAD: u8 = 0;
const SHARD: u8 = 1;
const PAGE: u8 = 2;

/// Where a slice begins: at a shard, or at a page.
enum From {
    Shard(u32),
    Page(PageKey),
}

impl From {
    fn key(&self) -> Vec<u8> {
        match self {
            From::Shard(shard) => [&[SHARD][..], &shard.to_be_bytes()].concat(),
            From::Page((shard, page)) => {
                [&[PAGE][..], &shard.to_be_bytes(), &page.to_be_bytes()].concat()
            }
        }
    }

    fn of(key: &[u8]) -> Option<Self> {
        let (kind, rest) = key.split_first()?;
        let (shard, rest) = rest.split_first_chunk()?;
        let shard = u32::from_be_bytes(*shard);
        match (*kind, rest) {
            (SHARD, []) => Some(From::Shard(shard)),
            (PAGE, page) => Some(From::Page((shard, u64::from_be_bytes(page.try_into().ok()?)))),
            _ => None,
        }
    }
}

impl Frozen {
    pub fn of(state: &State) -> Self {
        Frozen {
            begun: state.begun,
            cursors: state.cursors,
            shards: state.shards.clone(),
            pages: state.pages.clone(),
        }
    }

    pub fn slice(&self, from: Option<&[u8]>, bytes_max: usize) -> Slice {
        let mut w = Writer::default();
        let from = from.and_then(From::of).unwrap_or_else(|| {
            self.write_head(&mut w);
            From::Shard(0)
        });
        let next = match from {
            From::Shard(first) => match self.write_shards(&mut w, first, bytes_max) {
                Some(shard) => Some(From::Shard(shard)),
                None => self.write_pages(&mut w, (0, 0), bytes_max).map(From::Page),
            },
            From::Page(first) => self.write_pages(&mut w, first, bytes_max).map(From::Page),
        };
        Slice { bytes: w.0, next: next.map(|from| from.key()) }
    }

    fn write_head(&self, w: &mut Writer) {
        w.0.push(HEAD);
        w.number(self.begun.into());
        let Cursors { visible, dead_visible, fresh, turn } = self.cursors;
        for number in [visible.0.into(), visible.1, dead_visible.0.into(), dead_visible.1] {
            w.number(number);
        }
        w.number(fresh.into());
        w.number(turn.into());
        w.number(self.shards.met_below.into());
        let met: Vec<u32> = self.shards.met.iter().copied().collect();
        w.list(&met, |w, shard| w.number((*shard).into()));
    }

    /// Writes shards from `first` on; the one that does not fit any more.
    fn write_shards(&self, w: &mut Writer, first: u32, bytes_max: usize) -> Option<u32> {
        for (number, shard) in self.shards.live_from(first) {
            // A shard takes 27 bytes at most.
            if w.0.len() + 32 > bytes_max && !w.0.is_empty() {
                return Some(number);
            }
            w.0.push(SHARD);
            w.number(number.into());
            w.number(shard.next);
            w.number(shard.end);
            w.number(shard.closed.into());
        }
        None
    }

    /// Writes pages from `first` on; the one that does not fit any more.
    fn write_pages(&self, w: &mut Writer, first: PageKey, bytes_max: usize) -> Option<PageKey> {
        for (key, page) in self.pages.range(first..) {
            let bytes = 32 + page.entries().len() * ENTRY_BYTES;
            if w.0.len() + bytes > bytes_max && !w.0.is_empty() {
                return Some(*key);
            }
            w.0.push(PAGE);
            w.number(key.0.into());
            w.number(key.1);
            // A bound that replicas must share: it decides which pages a command looks through.
            w.number(page.summary().due);
            w.number(page.entries().len() as u64);
            page.entries().iter().for_each(|entry| entry.write(&mut w.0));
        }
        None
    }
}

/// Puts a slice back.
pub fn restore(state: &mut State, slice: &[u8]) -> Result<(), String> {
    let mut r = Reader(slice);
    while r.end().is_err() {
        match r.byte()? {
            HEAD => read_head(state, &mut r)?,
            SHARD => {
                let number = r.u32()?;
                let (next, end) = (r.position()?, r.position()?);
                let shard = Shard { next, end, closed: r.flag()? };
                state.shards.put(number, shard);
            }
            PAGE => {
                let (key, page) = read_page(&mut r)?;
                state.insert_page(key, page);
            }
            other => return Err(format!("a slice has no part {other}")),
        }
    }
    Ok(())
}

fn read_head(state: &mut State, r: &mut Reader<'_>) -> Result<(), String> {
    state.begun = r.flag()?;
    state.cursors.visible = (r.u32()?, r.position()?);
    state.cursors.dead_visible = (r.u32()?, r.position()?);
    state.cursors.fresh = r.u32()?;
    state.cursors.turn = r.u32()?;
    state.shards.met_below = r.u32()?;
    state.shards.met = r.list(Reader::u32)?.into_iter().collect();
    Ok(())
}

fn read_page(r: &mut Reader<'_>) -> Result<(PageKey, Page), String> {
    let key = (r.u32()?, r.number_up_to((1 << 63) / PAGE_POSITIONS)?);
    let due = r.number()?;
    let count = r.number_up_to(PAGE_POSITIONS)?;
    let (mut page, mut last) = (Page::default(), None);
    for _ in 0..count {
        let (bytes, rest) =
            r.0.split_first_chunk::<ENTRY_BYTES>().ok_or("a page ends too early")?;
        r.0 = rest;
        let entry = Entry::read(bytes)?;
        if last.is_some_and(|last| last >= entry.slot()) {
            return Err("a page's entries are not in order".into());
        }
        last = Some(entry.slot());
        page.insert(entry);
    }
    if count == 0 || !page.bound_due(due) {
        return Err("a page has no entries, or is due too late".into());
    }
    Ok((key, page))
}
