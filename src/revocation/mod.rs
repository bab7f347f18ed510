//! What was issued and must no longer be accepted: by token, by subject, by family; and what is
//! accepted just once.
//!
//! A token's text is never what is remembered: an ECDSA signature has a second valid form, and the
//! same claims can be encrypted anew. What is, is its issuer and its `jti`.

mod key;
mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

pub use key::RevocationKey;
pub use memory::MemoryRevocations;
#[cfg(feature = "redis")]
pub use redis::RedisRevocations;

use crate::error::{Error, ErrorKind, Result};

/// For how much longer than its expiry a token is remembered, in seconds: as late as any leeway lets
/// it be accepted, and as much again for clocks that are apart.
const BEYOND_EXPIRY: i64 = 1_200;

/// A place that remembers marks under keys, each until a moment: a table in memory, Redis, a database.
///
/// It must answer for what another instance of the service just wrote, or say how late it does; and
/// it must rather fail than forget a mark before its time: whoever asks refuses the token then.
///
/// [`MemoryRevocations`] is one, `RedisRevocations` (feature `redis`) another.
pub trait RevocationStore: Send + Sync {
    /// Remembers `mark` under `key` until `until`, or for good. Where one stands there already the
    /// larger mark and the later moment stay, in one indivisible step.
    ///
    /// # Errors
    /// [`RevocationUnknown`](ErrorKind::RevocationUnknown) where it cannot be remembered.
    fn mark(&self, key: &RevocationKey, mark: i64, until: Option<OffsetDateTime>) -> Result<()>;

    /// Remembers the mark 0 under `key` until `until` and tells `true`, or tells `false` where any
    /// stands there already; in one indivisible step.
    ///
    /// # Errors
    /// As [`mark`](Self::mark).
    fn mark_once(&self, key: &RevocationKey, until: Option<OffsetDateTime>) -> Result<bool>;

    /// The marks under `keys`, in their order.
    ///
    /// # Errors
    /// [`RevocationUnknown`](ErrorKind::RevocationUnknown) where it cannot be told.
    fn marks(&self, keys: &[RevocationKey]) -> Result<Vec<Option<i64>>>;
}

/// For a store that others hold as well: to fill it from a feed, or to count what it remembers.
impl<T: RevocationStore + ?Sized> RevocationStore for Arc<T> {
    fn mark(&self, key: &RevocationKey, mark: i64, until: Option<OffsetDateTime>) -> Result<()> {
        (**self).mark(key, mark, until)
    }

    fn mark_once(&self, key: &RevocationKey, until: Option<OffsetDateTime>) -> Result<bool> {
        (**self).mark_once(key, until)
    }

    fn marks(&self, keys: &[RevocationKey]) -> Result<Vec<Option<i64>>> {
        (**self).marks(keys)
    }
}

/// What a token says of itself that it can be revoked by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bearings<'t> {
    pub(crate) issuer: Option<&'t str>,
    pub(crate) id: Option<&'t str>,
    pub(crate) subject: Option<&'t str>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

/// What is revoked: asked by a [`Validator`](crate::Validator) after everything else
/// ([`Validator::unless_revoked`](crate::Validator::unless_revoked)), told by whoever logs a user out.
///
/// Clones share the store. If the store cannot answer, tokens are refused with
/// [`RevocationUnknown`](ErrorKind::RevocationUnknown), for which a client is not to blame; see
/// [`danger_accept_unknown`](Self::danger_accept_unknown).
///
/// ```
/// use symbolon::{FixedClock, Revocations, prelude::*};
/// use time::{Duration, OffsetDateTime};
///
/// let revoked = Revocations::in_memory();
/// let tokens = Tokens::<NoCustom>::builder(JwsCodec::hs256(vec![7; 32])?)
///     .issuer("https://id.example")
///     .random_ids()
///     .policy(|validator| validator.unless_revoked(&revoked))
///     .build()?;
///
/// let token = tokens.issue(&NoCustom::default())?;
/// let claims = tokens.verify(&token)?;
/// let claims = claims.registered();
/// revoked.revoke(claims.issuer(), claims.id().unwrap_or_default(), claims.expires_at())?;
/// assert_eq!(tokens.verify(&token).unwrap_err().code(), "token_revoked");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Revocations {
    store: Arc<dyn RevocationStore>,
    accept_unknown: bool,
}

impl Revocations {
    /// Remembered by `store`.
    #[must_use]
    pub fn new(store: impl RevocationStore + 'static) -> Self {
        Self { store: Arc::new(store), accept_unknown: false }
    }

    /// Remembered by this process alone, and until it ends: [`MemoryRevocations`].
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(MemoryRevocations::new())
    }

    /// Accepts tokens of which the store cannot tell whether they are revoked. Whoever can keep the
    /// store from answering then revives every revoked token. Replays and refresh tokens are refused
    /// all the same.
    #[must_use]
    pub const fn danger_accept_unknown(mut self) -> Self {
        self.accept_unknown = true;
        self
    }

    /// Revokes the token `id` (`jti`) of `issuer`, which expires at `expires_at`. It is remembered
    /// for 20 minutes longer, which is more than any leeway; for good where it never expires.
    ///
    /// # Errors
    /// [`RevocationUnknown`](ErrorKind::RevocationUnknown) where it cannot be remembered: the token is
    /// then not revoked.
    pub fn revoke(
        &self,
        issuer: Option<&str>,
        id: &str,
        expires_at: Option<OffsetDateTime>,
    ) -> Result<()> {
        self.store.mark(&RevocationKey::token(issuer, id), 0, expires_at.map(beyond))
    }

    /// Revokes all tokens of `issuer` about `subject` (`sub`) that were issued (`iat`) before
    /// `moment`, rounded up to a second, or do not say when: a log-out everywhere, a changed
    /// password. The last of them expires at `expire_at`.
    ///
    /// Where several machines issue, take a moment that is ahead by more than their clocks may differ:
    /// else a token that one of them issued by a clock that runs ahead looks as if it came after.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub fn revoke_subject(
        &self,
        issuer: Option<&str>,
        subject: &str,
        moment: OffsetDateTime,
        expire_at: Option<OffsetDateTime>,
    ) -> Result<()> {
        let fraction = i64::from(moment.nanosecond() > 0);
        let mark = moment.unix_timestamp().saturating_add(fraction);
        self.store.mark(&RevocationKey::subject(issuer, subject), mark, expire_at.map(beyond))
    }

    /// Whether a token is not revoked, by all that it says.
    pub(crate) fn check(&self, token: &Bearings<'_>) -> Result<()> {
        let by_id = token.id.map(|id| RevocationKey::token(token.issuer, id));
        let by_subject = token.subject.map(|subject| RevocationKey::subject(token.issuer, subject));
        // Else nobody could ever revoke it, and a forgotten claim would be the way around it all.
        if by_id.is_none() && (by_subject.is_none() || token.issued_at.is_none()) {
            return Err(Error::new(
                ErrorKind::MissingClaim,
                "`jti`, or `sub` with `iat`: it cannot be revoked",
            ));
        }
        let keys: Vec<_> = by_id.iter().chain(&by_subject).cloned().collect();
        let marks = match self.store.marks(&keys) {
            Ok(marks) if marks.len() == keys.len() => marks,
            Ok(_) => return self.unknown(unknown("the store answers something else")),
            Err(error) => return self.unknown(error),
        };
        let mut marks = marks.into_iter();
        if by_id.is_some() && marks.next().flatten().is_some() {
            return Err(ErrorKind::Revoked.into());
        }
        match marks.next().flatten() {
            Some(moment) if token.issued_at.is_none_or(|issued| issued < moment) => {
                Err(ErrorKind::Revoked.into())
            }
            _ => Ok(()),
        }
    }

    /// Whether a token is seen for the first time; from now on it is not.
    pub(crate) fn use_once(&self, token: &Bearings<'_>) -> Result<()> {
        let missing = |claim| Error::new(ErrorKind::MissingClaim, claim);
        let id = token.id.ok_or_else(|| missing("`jti`"))?;
        let expires_at = token.expires_at.ok_or_else(|| missing("`exp`"))?;
        if self.store.mark_once(&RevocationKey::used(token.issuer, id), until(expires_at))? {
            Ok(())
        } else {
            Err(ErrorKind::Replayed.into())
        }
    }

    /// Revokes what descends from one log-in, until no token of it can be good any more.
    pub(crate) fn revoke_family(&self, issuer: Option<&str>, family: &str, end: i64) -> Result<()> {
        self.store.mark(&RevocationKey::family(issuer, family), 0, until(end))
    }

    /// Whether that is not revoked. It is never guessed.
    pub(crate) fn check_family(&self, issuer: Option<&str>, family: &str) -> Result<()> {
        match self.store.marks(&[RevocationKey::family(issuer, family)])?.as_slice() {
            [None] => Ok(()),
            [Some(_)] => Err(ErrorKind::Revoked.into()),
            _ => Err(unknown("the store answers something else")),
        }
    }

    fn unknown(&self, error: Error) -> Result<()> {
        if self.accept_unknown { Ok(()) } else { Err(error) }
    }
}

/// The moment until which what expires then is remembered; none beyond the year 9999.
fn until(expires_at: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(expires_at.saturating_add(BEYOND_EXPIRY)).ok()
}

fn beyond(moment: OffsetDateTime) -> OffsetDateTime {
    moment.saturating_add(time::Duration::seconds(BEYOND_EXPIRY))
}

fn unknown(why: &'static str) -> Error {
    Error::new(ErrorKind::RevocationUnknown, why)
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("accept_unknown", &self.accept_unknown)
            .finish_non_exhaustive()
    }
}

impl From<&Self> for Revocations {
    fn from(shared: &Self) -> Self {
        shared.clone()
    }
}
