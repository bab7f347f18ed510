//! Marks in this process's memory.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use time::OffsetDateTime;

use super::{RevocationKey, RevocationStore, unknown};
use crate::base::{Clock, SystemClock};
use crate::error::Result;

/// Remembers in memory, for one process, and forgets what is over as it goes.
///
/// A mark takes about 150 bytes; there is room for a million unless said otherwise. Where that is
/// full of what is not over yet, nothing more is taken and nothing forgotten: who revokes is told, and
/// tokens that are good once are refused.
///
/// ```
/// use symbolon::{MemoryRevocations, Revocations};
///
/// let revoked = Revocations::new(MemoryRevocations::new().room(10_000));
/// ```
pub struct MemoryRevocations {
    room: usize,
    clock: Arc<dyn Clock>,
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    marks: HashMap<RevocationKey, (i64, i64)>,
    /// The same by when they are over, the first to be first; what stays for good is last.
    ends: BTreeSet<(i64, RevocationKey)>,
}

impl MemoryRevocations {
    /// A table without marks.
    #[must_use]
    pub fn new() -> Self {
        Self { room: 1_000_000, clock: Arc::new(SystemClock), table: RwLock::default() }
    }

    /// With room for so many marks.
    #[must_use]
    pub const fn room(mut self, marks: usize) -> Self {
        self.room = marks;
        self
    }

    /// Forgets by `clock` instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How many marks it remembers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).marks.len()
    }

    /// Whether it remembers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change<T>(&self, change: impl FnOnce(&mut Table, i64, usize) -> T) -> T {
        let now = self.clock.unix_timestamp();
        // Each change is whole: nothing in between can panic.
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut table, now, self.room)
    }
}

impl Table {
    /// The mark under `key`, and until when; not if that is over.
    fn get(&self, key: &RevocationKey, now: i64) -> Option<(i64, i64)> {
        self.marks.get(key).copied().filter(|(_, until)| *until >= now)
    }

    fn put(&mut self, key: &RevocationKey, mark: i64, until: i64, now: i64, room: usize) -> Result<()> {
        // Two for each that comes: the table never grows for long, and no call pays for all.
        for _ in 0..2 {
            if self.ends.first().is_some_and(|(end, _)| *end < now)
                && let Some((_, over)) = self.ends.pop_first()
            {
                self.marks.remove(&over);
            }
        }
        match self.marks.get(key).copied() {
            Some((_, end)) => {
                self.ends.remove(&(end, key.clone()));
            }
            None if self.marks.len() >= room => return Err(unknown("the table of revocations is full")),
            None => {}
        }
        self.marks.insert(key.clone(), (mark, until));
        self.ends.insert((until, key.clone()));
        Ok(())
    }
}

fn seconds(until: Option<OffsetDateTime>) -> i64 {
    until.map_or(i64::MAX, OffsetDateTime::unix_timestamp)
}

impl RevocationStore for MemoryRevocations {
    fn mark(&self, key: &RevocationKey, mark: i64, until: Option<OffsetDateTime>) -> Result<()> {
        self.change(|table, now, room| {
            let (there, end) = table.get(key, now).unwrap_or((mark, i64::MIN));
            table.put(key, mark.max(there), seconds(until).max(end), now, room)
        })
    }

    fn mark_once(&self, key: &RevocationKey, until: Option<OffsetDateTime>) -> Result<bool> {
        self.change(|table, now, room| match table.get(key, now) {
            Some(_) => Ok(false),
            None => table.put(key, 0, seconds(until), now, room).map(|()| true),
        })
    }

    fn marks(&self, keys: &[RevocationKey]) -> Result<Vec<Option<i64>>> {
        let now = self.clock.unix_timestamp();
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.iter().map(|key| table.get(key, now).map(|(mark, _)| mark)).collect())
    }
}

impl Default for MemoryRevocations {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRevocations").field("room", &self.room).finish_non_exhaustive()
    }
}
