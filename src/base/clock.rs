//! The time, injected: nothing below a codec reads a clock.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use time::{OffsetDateTime, PrimitiveDateTime};

/// Where the present time comes from.
///
/// Services use [`SystemClock`], which is the default everywhere; tests use [`FixedClock`].
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> OffsetDateTime;

    /// The same in whole seconds after 1970-01-01T00:00:00Z: for a clock that need not make a
    /// calendar's date of it.
    fn unix_timestamp(&self) -> i64 {
        self.now().unix_timestamp()
    }
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "its name is its value")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
        // A clock that stands beyond the calendar has long expired all.
        OffsetDateTime::from_unix_timestamp(seconds)
            .and_then(|second| second.replace_nanosecond(since_epoch.subsec_nanos()))
            .unwrap_or(PrimitiveDateTime::MAX.assume_utc())
    }

    fn unix_timestamp(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands still, for tests.
///
/// ```
/// use symbolon::{Clock, FixedClock};
///
/// let clock = FixedClock::at_unix(1_300_819_380)?;
/// assert_eq!(clock.now().year(), 2011);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(OffsetDateTime);

impl FixedClock {
    /// A clock that always shows `moment`.
    #[must_use]
    pub const fn new(moment: OffsetDateTime) -> Self {
        Self(moment)
    }

    /// A clock that always shows `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`InvalidSetting`](crate::ErrorKind::InvalidSetting) beyond the year 9999.
    pub fn at_unix(seconds: i64) -> crate::Result<Self> {
        OffsetDateTime::from_unix_timestamp(seconds).map(Self).map_err(|_| {
            crate::Error::new(crate::ErrorKind::InvalidSetting, "the moment is beyond the year 9999")
        })
    }
}

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}

impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> OffsetDateTime {
        (**self).now()
    }

    fn unix_timestamp(&self) -> i64 {
        (**self).unix_timestamp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is fetched cools down in less than a second.
    #[test]
    fn the_systems_clock_tells_fractions_and_agrees_with_that_of_time() {
        let between = |moment: OffsetDateTime, before: OffsetDateTime| {
            before <= moment && moment <= OffsetDateTime::now_utc()
        };
        let moments: Vec<_> = (0..100)
            .map(|_| {
                let before = OffsetDateTime::now_utc();
                let moment = SystemClock.now();
                assert!(between(moment, before), "{moment} is not after {before}");
                moment
            })
            .collect();
        assert!(moments.iter().any(|moment| moment.nanosecond() != 0));
    }

    #[test]
    fn seconds_are_those_of_the_moment() {
        let (before, seconds) = (SystemClock.now().unix_timestamp(), SystemClock.unix_timestamp());
        assert!((before..=SystemClock.now().unix_timestamp()).contains(&seconds));

        let fixed = FixedClock::at_unix(1_300_819_380).unwrap();
        assert_eq!([fixed.unix_timestamp(), Arc::new(fixed).unix_timestamp()], [1_300_819_380; 2]);
    }
}
