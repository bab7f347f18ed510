//! How often keys rotate, and how long each is known before and after it signs.

use time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// The most keys that a schedule holds: next, present and old ones together.
pub(super) const MAX_KEYS: usize = 100;

/// When a key begins to sign, how long before that it is published, and how long after its last
/// signature it still verifies.
///
/// ```
/// use symbolon::rotation::RotationPolicy;
/// use time::Duration;
///
/// let lifetime = Duration::hours(8); // of the longest-lived token
/// let policy = RotationPolicy::every(Duration::days(30))
///     .publish_ahead(Duration::days(1))
///     .keep_for(lifetime + Duration::minutes(5));
/// ```
///
/// Three figures decide whether a valid token is ever refused:
///
/// - [`publish_ahead`](Self::publish_ahead) must be longer than whoever verifies holds on to the keys
///   published before (the `max-age` of the JWKS), and than the pause between two
///   [ticks](super::Rotator::tick) of any process that signs.
/// - [`keep_for`](Self::keep_for) must be longer than the longest token lives, by a leeway of twice what
///   clocks may differ.
/// - [`every`](Self::every) is the period: a key signs for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct RotationPolicy {
    /// All in seconds.
    every: i64,
    ahead: Option<i64>,
    keep: Option<i64>,
    newest: Option<usize>,
}

impl RotationPolicy {
    /// A new key signs every `period`; a second at least.
    pub const fn every(period: Duration) -> Self {
        Self { every: period.whole_seconds(), ahead: None, keep: None, newest: None }
    }

    /// The next key is made, stored and published so long before it signs: at most a whole period.
    /// Half a period, and no more than a day, unless said otherwise.
    ///
    /// With none at all a new key signs at once: only for readers that ask for keys they do not know.
    pub const fn publish_ahead(mut self, time: Duration) -> Self {
        self.ahead = Some(round_up(time));
        self
    }

    /// An old key verifies for so long after the next one began to sign: the lifetime of the
    /// longest-lived token, and a leeway for clocks that differ.
    pub const fn keep_for(mut self, time: Duration) -> Self {
        self.keep = Some(round_up(time));
        self
    }

    /// Of the old keys at most the `count` newest verify. Alone it is the rule by which old keys go;
    /// with [`keep_for`](Self::keep_for) it bounds how many a run of rotations [out of
    /// turn](super::Rotator::rotate) leaves behind, and must not cut regular ones short.
    pub const fn keep_newest(mut self, count: usize) -> Self {
        self.newest = Some(count);
        self
    }

    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for a policy that contradicts itself.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |why| Err(Error::new(ErrorKind::InvalidSetting, why));
        if self.every < 1 {
            return wrong("keys rotate every second at the most");
        }
        if !(0..=self.every).contains(&self.ahead()) {
            return wrong("a key is published ahead by a whole period at the most");
        }
        if self.keep.is_some_and(|keep| keep < 0) {
            return wrong("old keys cannot be kept for a negative time");
        }
        match (self.keep, self.newest) {
            (None, None) => return wrong("say how long old keys verify: keep_for, or keep_newest"),
            (Some(keep), Some(newest)) => {
                let kept = i64::try_from(newest).unwrap_or(i64::MAX).saturating_mul(self.every);
                if kept < keep {
                    return wrong("keep_newest drops keys that keep_for still needs");
                }
            }
            _ => {}
        }
        if self.most_keys() > MAX_KEYS {
            return wrong("the policy keeps more than 100 keys: rotate less often or keep fewer");
        }
        Ok(())
    }

    /// The most keys that stand side by side while keys rotate in their turn: the next, the present,
    /// and those that verify what is still alive.
    pub(super) fn most_keys(&self) -> usize {
        let by_time = self.keep.map(|keep| {
            let periods = keep.checked_div(self.every).unwrap_or_default();
            usize::try_from(periods).unwrap_or(usize::MAX).saturating_add(1)
        });
        let old = by_time.unwrap_or(usize::MAX).min(self.newest.unwrap_or(usize::MAX));
        old.saturating_add(2)
    }

    /// In seconds, as all that follow.
    pub(super) const fn period(&self) -> i64 {
        self.every
    }

    pub(super) fn ahead(&self) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        self.ahead.unwrap_or_else(|| self.every.checked_div(2).unwrap_or_default().min(DAY))
    }

    pub(super) const fn keep(&self) -> Option<i64> {
        self.keep
    }

    pub(super) const fn newest(&self) -> Option<usize> {
        self.newest
    }
}

/// A fraction of a second counts as a whole one: rather a key too long than too short.
const fn round_up(time: Duration) -> i64 {
    let part = time.subsec_nanoseconds() > 0;
    time.whole_seconds().saturating_add(part as i64)
}
