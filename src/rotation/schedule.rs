//! Which key signs, which verify and which are published at any moment: a list and the present time.
//!
//! Keys stand in the order in which they sign. The newest has no end; once its successor is planned, it
//! ends when the last token that it signs before that has died. Nothing here reads a clock or a store.

use std::fmt;

use time::OffsetDateTime;

use super::policy::{MAX_KEYS, RotationPolicy};
use crate::base::KeyId;
use crate::error::{Error, ErrorKind, Result};
use crate::jwk::Jwk;
use crate::jwt::to_offset_date_time;

/// A key and its times.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub(super) kid: KeyId,
    pub(super) jwk: Jwk,
    /// Unix seconds, as all that follow.
    pub(super) created: i64,
    pub(super) not_before: i64,
    /// The last second in which it verifies.
    pub(super) expires: Option<i64>,
}

impl KeyRecord {
    /// # Errors
    /// [`InvalidKey`](ErrorKind::InvalidKey) where the key has no `kid`.
    pub(super) fn new(jwk: Jwk, created: i64, not_before: i64) -> Result<Self> {
        let kid = jwk.kid().cloned().ok_or_else(|| {
            Error::new(ErrorKind::InvalidKey, "a key that is kept and rotated needs a kid")
        })?;
        Ok(Self { kid, jwk, created, not_before, expires: None })
    }

    /// Its name.
    #[must_use]
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// The key itself, with its secret.
    #[must_use]
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// When it was made, and so published.
    #[must_use]
    pub fn created(&self) -> OffsetDateTime {
        to_offset_date_time(self.created)
    }

    /// From when on it signs, until the next key does.
    #[must_use]
    pub fn not_before(&self) -> OffsetDateTime {
        to_offset_date_time(self.not_before)
    }

    /// The last second in which it verifies; none for the newest key, and where old keys go by their
    /// number.
    #[must_use]
    pub fn expires(&self) -> Option<OffsetDateTime> {
        self.expires.map(to_offset_date_time)
    }

    fn is_alive(&self, now: i64) -> bool {
        self.expires.is_none_or(|last| now <= last)
    }
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRecord")
            .field("jwk", &self.jwk)
            .field("created", &self.created)
            .field("not_before", &self.not_before)
            .field("expires", &self.expires)
            .finish()
    }
}

/// The keys that rotate and their times: what signs, what verifies, and from when until when.
///
/// It is what a [`KeyStore`](super::KeyStore) keeps, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySchedule {
    /// In the order in which they sign.
    records: Vec<KeyRecord>,
}

impl KeySchedule {
    /// The schedule of `records`, whose kids are not equal.
    pub(super) fn of(mut records: Vec<KeyRecord>) -> Self {
        // Of two that begin in the same second the one that stands behind is the newer.
        records.sort_by_key(|record| record.not_before);
        Self { records }
    }

    /// All keys, in the order in which they sign: the oldest first.
    #[must_use]
    pub fn records(&self) -> &[KeyRecord] {
        &self.records
    }

    /// The key that signs at `now`; none where there are no keys.
    ///
    /// Where `now` lies before the first key's time it is that one: some clock is wrong, and who made
    /// the key signs with it already.
    #[must_use]
    pub fn signing(&self, now: OffsetDateTime) -> Option<&KeyRecord> {
        self.records.get(self.signing_index(now.unix_timestamp())?)
    }

    /// The keys that verify at `now`, the next ones included, for signers whose clocks run ahead: the
    /// one that signs first, then the next, then the old ones, the newest first.
    pub fn verifying(&self, now: OffsetDateTime) -> impl Iterator<Item = &KeyRecord> {
        let now = now.unix_timestamp();
        let present = self.signing_index(now).unwrap_or_default();
        let (old, rest) = self.records.split_at_checked(present).unwrap_or_default();
        rest.iter().chain(old.iter().rev()).filter(move |record| record.is_alive(now))
    }

    /// When something is next to be done: a key is to be made, begins to sign, or ends.
    #[must_use]
    pub fn next_event(&self, policy: &RotationPolicy, now: OffsetDateTime) -> OffsetDateTime {
        to_offset_date_time(self.next_event_at(policy, now.unix_timestamp()))
    }

    pub(super) fn next_event_at(&self, policy: &RotationPolicy, now: i64) -> i64 {
        let make = self.records.last().map_or(now, |newest| due(newest, policy));
        let begin = self.records.iter().map(|record| record.not_before).filter(|begin| *begin > now);
        let end = self.records.iter().filter_map(|record| record.expires);
        let end = end.map(|last| last.saturating_add(1));
        begin.chain(end).fold(make, i64::min).max(now)
    }

    /// Makes of the schedule what it is to be at `now`: keys whose time is over are gone, and the next
    /// one is there ahead of its time. `make` gives a fresh key.
    pub(super) fn advance(
        &mut self,
        policy: &RotationPolicy,
        now: i64,
        make: &mut dyn FnMut() -> Result<Jwk>,
    ) -> Result<()> {
        self.records.retain(|record| record.is_alive(now));
        if self.records.is_empty() {
            self.push(make()?, now, now)?;
        }
        if let Some(newest) = self.records.last().filter(|newest| now >= due(newest, policy)) {
            let turn = newest.not_before.saturating_add(policy.period());
            let begin = turn.max(now.saturating_add(policy.ahead()));
            self.push(make()?, now, begin)?;
        }
        self.settle_ends(policy, now);
        self.drop_beyond_newest(policy, now);
        Ok(())
    }

    /// Lets the next key sign as soon as it was published for long enough, out of its turn.
    pub(super) fn bring_forward(
        &mut self,
        policy: &RotationPolicy,
        now: i64,
        make: &mut dyn FnMut() -> Result<Jwk>,
    ) -> Result<()> {
        let soonest = |since: i64| since.saturating_add(policy.ahead()).max(now);
        match self.records.iter().position(|record| record.not_before > now) {
            Some(next) => {
                if let Some(record) = self.records.get_mut(next) {
                    // Made in the future, it was made by a clock that was wrong.
                    record.not_before = record.not_before.min(soonest(record.created.min(now)));
                }
                // The one before it signs for less long than was planned: its end is to be settled anew.
                if let Some(before) = next.checked_sub(1).and_then(|before| self.records.get_mut(before))
                {
                    before.expires = None;
                }
                Ok(())
            }
            None => self.push(make()?, now, soonest(now)),
        }
    }

    /// Takes a key out at once. Where it was the one that signs, the next one does from now on, or a
    /// fresh one.
    ///
    /// # Errors
    /// [`NoKey`](ErrorKind::NoKey) where no key has that name.
    pub(super) fn remove(
        &mut self,
        kid: &KeyId,
        now: i64,
        make: &mut dyn FnMut() -> Result<Jwk>,
    ) -> Result<()> {
        let index = self.records.iter().position(|record| record.kid == *kid);
        let index =
            index.ok_or_else(|| Error::new(ErrorKind::NoKey, "no key of the schedule has that name"))?;
        let was_signing = self.signing_index(now) == Some(index);
        self.records.remove(index);
        if !was_signing {
            return Ok(());
        }
        match self.records.iter_mut().find(|record| record.not_before > now) {
            Some(next) => next.not_before = now,
            None => self.push(make()?, now, now)?,
        }
        Ok(())
    }

    /// Adds a key that is to sign after all others.
    pub(super) fn push(&mut self, jwk: Jwk, created: i64, not_before: i64) -> Result<()> {
        if self.records.len() >= MAX_KEYS {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "the schedule holds 100 keys: it was rotated too often out of turn",
            ));
        }
        self.records.push(KeyRecord::new(jwk, created, not_before)?);
        Ok(())
    }

    /// The place of the key that signs.
    pub(super) fn signing_index(&self, now: i64) -> Option<usize> {
        let begun = |record: &KeyRecord| record.not_before <= now && record.is_alive(now);
        let alive = |record: &KeyRecord| record.is_alive(now);
        self.records.iter().rposition(begun).or_else(|| self.records.iter().position(alive))
    }

    /// The end of each key follows from when the next one begins. Nothing that was promised to a token
    /// is taken back: ends only move later, and those of old keys stay.
    fn settle_ends(&mut self, policy: &RotationPolicy, now: i64) {
        let mut next_begin = None;
        for record in self.records.iter_mut().rev() {
            match (next_begin, policy.keep()) {
                (None, _) => record.expires = None,
                (Some(next), Some(keep)) if record.expires.is_none() || next > now => {
                    let last = i64::saturating_add(next, keep);
                    record.expires = record.expires.max(Some(last));
                }
                (Some(_), _) => {}
            }
            next_begin = Some(record.not_before);
        }
    }

    fn drop_beyond_newest(&mut self, policy: &RotationPolicy, now: i64) {
        if let (Some(newest), Some(present)) = (policy.newest(), self.signing_index(now)) {
            self.records.drain(..present.saturating_sub(newest));
        }
    }
}

/// When the key after `newest` is to be made.
fn due(newest: &KeyRecord, policy: &RotationPolicy) -> i64 {
    newest.not_before.saturating_add(policy.period()).saturating_sub(policy.ahead())
}
