//! How often something may be tried, in memory that does not grow.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// How many keys are told apart: 512 KiB.
const PLACES: usize = 1 << 16;

/// So many tries at once, which come back evenly over a time (the generic cell rate algorithm).
///
/// Each key has one place of a table of fixed size, by a hash that nobody outside can foresee. Two keys
/// that share a place share its tries: a crowd of keys can make the limit tighter, but never looser, and
/// never the table larger. It is of this process alone.
pub struct Limiter {
    /// When all tries are back, in milliseconds since 1970.
    places: Box<[AtomicI64]>,
    hash: RandomState,
    window: i64,
    each: i64,
}

impl Limiter {
    /// `tries` at once; all of them are back after `window`.
    pub fn new(tries: u32, window: Duration) -> Self {
        let window = i64::try_from(window.whole_milliseconds()).unwrap_or(i64::MAX);
        let places = (0..PLACES).map(|_| AtomicI64::new(i64::MIN)).collect();
        let each = window.checked_div(tries.into()).unwrap_or(window);
        Self { places, hash: RandomState::new(), window, each }
    }

    /// Takes a try.
    ///
    /// # Errors
    /// After how many seconds there is one again, where there is none.
    pub fn take(&self, key: impl Hash, now: OffsetDateTime) -> Result<(), u64> {
        let now = milliseconds(now);
        let full = now.saturating_add(self.window);
        let taken = |back: i64| {
            // A clock that was set back must not lock anybody out for longer than the window.
            back.clamp(now, full).saturating_add(self.each)
        };
        let place = self.place(key);
        let taking = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |back| {
            Some(taken(back)).filter(|back| *back <= full)
        });
        taking.map(drop).map_err(|back| {
            let wait = taken(back).saturating_sub(full).max(1);
            u64::try_from(wait).unwrap_or(u64::MAX).div_ceil(1000)
        })
    }

    /// Gives a try back: it was none of those that are counted.
    pub fn give_back(&self, key: impl Hash) {
        let less = |back: i64| Some(back.saturating_sub(self.each));
        let _ = self.place(key).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    #[expect(clippy::indexing_slicing, reason = "a remainder is less than its divisor")]
    fn place(&self, key: impl Hash) -> &AtomicI64 {
        &self.places[self.hash.hash_one(key) as usize % PLACES]
    }
}

fn milliseconds(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(1_000_000_000 + milliseconds)
    }

    #[test]
    fn lets_so_many_try_at_once_and_then_one_at_a_time() {
        let limiter = Limiter::new(3, Duration::seconds(30));
        assert!((0..3).all(|_| limiter.take("a", at(0)).is_ok()));
        assert_eq!(limiter.take("a", at(0)), Err(10));
        assert_eq!(limiter.take("a", at(9_500)), Err(1));
        assert_eq!(limiter.take("a", at(10_000)), Ok(()));
        assert_eq!(limiter.take("a", at(10_000)), Err(10));
        assert_eq!(limiter.take("b", at(10_000)), Ok(()));
        // All are back, and no more than all.
        assert!((0..3).all(|_| limiter.take("a", at(500_000)).is_ok()));
        assert!(limiter.take("a", at(500_000)).is_err());
    }

    #[test]
    fn what_is_given_back_is_not_counted() {
        let limiter = Limiter::new(1, Duration::seconds(30));
        for _ in 0..100 {
            assert_eq!(limiter.take("a", at(0)), Ok(()));
            limiter.give_back("a");
        }
        assert_eq!(limiter.take("a", at(0)), Ok(()));
        assert!(limiter.take("a", at(0)).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_long() {
        let limiter = Limiter::new(2, Duration::seconds(30));
        assert_eq!(limiter.take("a", at(9_000_000)), Ok(()));
        assert_eq!(limiter.take("a", at(0)), Err(15));
    }

    #[test]
    fn a_crowd_makes_the_table_no_larger_and_frees_nobody() {
        let limiter = Limiter::new(1, Duration::seconds(30));
        assert_eq!(limiter.take("a", at(0)), Ok(()));
        for crowd in 0..500_000 {
            let _ = limiter.take(crowd, at(0));
        }
        assert_eq!(limiter.places.len(), PLACES);
        assert!(limiter.take("a", at(0)).is_err());
    }

    #[test]
    fn of_many_threads_no_more_than_so_many_pass() {
        let limiter = Limiter::new(10, Duration::seconds(30));
        let passed = AtomicI64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        if limiter.take("a", at(0)).is_ok() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.into_inner(), 10);
    }
}
