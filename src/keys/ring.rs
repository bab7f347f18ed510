//! A ring of keys: one primary that writes, and readers that are picked by `kid`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use time::OffsetDateTime;

use super::Signer;
use crate::base::KeyId;
use crate::error::{Error, ErrorKind, Result};

/// The most keys that one token is tried with.
pub(crate) const MAX_TRIES: usize = 4;

/// A key that can stand in a [`Keyring`].
pub trait RingKey: Send + Sync {
    /// Its identifier, if it has one.
    fn kid(&self) -> Option<&KeyId>;

    /// What a token's header must agree with before this key is tried, such as `ES256`; empty where
    /// the format's header names no algorithm.
    fn alg(&self) -> &'static str {
        ""
    }

    /// Whether a header's `alg` agrees with [`alg`](Self::alg). Keys of one `alg` must answer alike.
    fn fits(&self, alg: &str) -> bool {
        self.alg() == alg
    }

    /// Whether tokens can name this key by its `kid`. Where the format has no place for that
    /// (Amora), a token is tried with each key that fits it, whatever the ring's [`KidPolicy`], and
    /// a ring holds at most 4 keys of one [`alg`](Self::alg). Keys of one type must answer alike.
    fn is_named_in_tokens(&self) -> bool {
        true
    }
}

/// A key that writes tokens.
pub trait WritingKey: RingKey {
    /// The keys that read what it writes.
    type Reader: RingKey;

    /// The key that reads what this one writes; none where this half cannot (a public key that
    /// encrypts).
    fn reader(&self) -> Option<Self::Reader>;
}

/// What becomes of a token that names no `kid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum KidPolicy {
    /// It is refused.
    Required,
    /// It is read if just one key of the ring fits its algorithm; otherwise it is refused.
    #[default]
    SoleKey,
    /// It is tried with each key that fits its algorithm: at most 4.
    TryAll,
}

/// One primary that writes, and any number of readers, each with an optional last moment.
///
/// A token with a `kid` is tried with the keys of that id alone (several keys may share an id, at
/// most 4 of one algorithm); a key that has no id itself reads tokens of any id that no other key
/// claims. What a token without one gets, [`KidPolicy`] says. Keys of several algorithms in one ring
/// are normal. Keep a ring per issuer: a ring trusts all its keys alike.
///
/// ```
/// use symbolon::{JwsAlg, Keyring, Signer};
///
/// let old = Signer::generate(JwsAlg::EDDSA)?.with_kid("2026-10")?;
/// let new = Signer::generate(JwsAlg::ES256)?.with_kid("2026-11")?;
/// let ring = Keyring::new(new).with_reader(old.verifier())?;
/// assert_eq!(ring.len(), 2);
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct Keyring<W: WritingKey = Signer> {
    primary: Option<W>,
    /// Whether the first of `readers` is the primary's own.
    primary_reads: bool,
    readers: Vec<Reader<W::Reader>>,
    by_kid: HashMap<KeyId, Vec<Index>>,
    by_alg: BTreeMap<&'static str, Vec<Index>>,
    anonymous: Vec<Index>,
    /// The last moments of those that have one, in Unix seconds.
    ends: BTreeSet<i64>,
    policy: KidPolicy,
}

/// A place in `readers`.
type Index = usize;

#[derive(Clone)]
struct Reader<R> {
    key: R,
    /// Unix seconds; the key reads up to and including this second.
    until: Option<i64>,
}

impl<W: WritingKey> Keyring<W> {
    /// A ring whose primary is `primary`; what it writes the ring reads, if that half can be had.
    #[must_use]
    pub fn new(primary: W) -> Self {
        let mut ring = Self::read_only();
        if let Some(reader) = primary.reader() {
            ring.push(Reader { key: reader, until: None });
            ring.primary_reads = true;
        }
        ring.primary = Some(primary);
        ring
    }

    /// A ring without keys, that can only read once it is given readers.
    #[must_use]
    pub fn read_only() -> Self {
        Self {
            primary: None,
            primary_reads: false,
            readers: Vec::new(),
            by_kid: HashMap::new(),
            by_alg: BTreeMap::new(),
            anonymous: Vec::new(),
            ends: BTreeSet::new(),
            policy: KidPolicy::default(),
        }
    }

    /// Adds a key that reads, for as long as it stands in the ring.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) where the ring then held more than 4 keys that
    /// one token would be tried with.
    pub fn with_reader(self, key: impl Into<W::Reader>) -> Result<Self> {
        self.with(Reader { key: key.into(), until: None })
    }

    /// Adds a key that reads up to and including `last`, whatever the tokens' own expiry.
    ///
    /// # Errors
    /// As [`with_reader`](Self::with_reader).
    pub fn with_reader_until(self, key: impl Into<W::Reader>, last: OffsetDateTime) -> Result<Self> {
        self.with(Reader { key: key.into(), until: Some(last.unix_timestamp()) })
    }

    /// Adds many keys that read.
    ///
    /// # Errors
    /// As [`with_reader`](Self::with_reader).
    pub fn with_readers(self, keys: impl IntoIterator<Item = W::Reader>) -> Result<Self> {
        keys.into_iter().try_fold(self, |ring, key| ring.with_reader(key))
    }

    /// Says what becomes of tokens without a `kid`.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for [`KidPolicy::TryAll`] where more than 4
    /// keys of one algorithm stand in the ring.
    pub fn with_policy(mut self, policy: KidPolicy) -> Result<Self> {
        self.policy = policy;
        self.check_all()?;
        Ok(self)
    }

    /// The same ring with `primary` as the key that writes. What the old primary wrote stays
    /// readable until `old_until`, or for good where none is given.
    ///
    /// # Errors
    /// As [`with_reader`](Self::with_reader).
    pub fn rotated(mut self, primary: W, old_until: Option<OffsetDateTime>) -> Result<Self> {
        // It may have been taken out: then the first is another key, whose time is its own.
        if let Some(old) = self.readers.first_mut().filter(|_| self.primary_reads) {
            old.until = old_until.map(OffsetDateTime::unix_timestamp);
        }
        let reader = primary.reader();
        self.primary = Some(primary);
        self.primary_reads = reader.is_some();
        let old = std::mem::take(&mut self.readers);
        let new = reader.map(|key| Reader { key, until: None });
        self.refill(new.into_iter().chain(old));
        self.check_all()?;
        Ok(self)
    }

    /// The same ring without the readers named `kid`: what they signed is refused from now on. The
    /// primary stays, so rotate first if it is the one.
    #[must_use]
    pub fn without(mut self, kid: &KeyId) -> Self {
        let old = std::mem::take(&mut self.readers);
        let first_stays = old.first().is_some_and(|first| first.key.kid() != Some(kid));
        self.primary_reads &= first_stays;
        self.refill(old.into_iter().filter(|reader| reader.key.kid() != Some(kid)));
        self
    }

    /// The same ring without the readers whose last moment lies before `now`.
    #[must_use]
    pub fn pruned(mut self, now: OffsetDateTime) -> Self {
        let old = std::mem::take(&mut self.readers);
        self.refill(old.into_iter().filter(|reader| reader.is_due(now.unix_timestamp())));
        self
    }

    /// The key that writes.
    ///
    /// # Errors
    /// [`NoKey`](ErrorKind::NoKey) where the ring only reads.
    pub fn primary(&self) -> Result<&W> {
        self.primary
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::NoKey, "the ring has no primary key, it only reads"))
    }

    /// The keys that read, in the order they were added, the primary's own first.
    pub fn readers(&self) -> impl Iterator<Item = &W::Reader> {
        self.readers.iter().map(|reader| &reader.key)
    }

    /// How many keys read.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.readers.len()
    }

    /// Whether no key reads.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// The first moment, from `now` on, at which a key reads for the last time; both in Unix seconds.
    pub(crate) fn due_until(&self, now: i64) -> Option<i64> {
        self.ends.range(now..).next().copied()
    }

    /// The keys that a token is tried with, at most 4: picked by `kid`, of the header's `alg`, and
    /// due at `now` (Unix seconds).
    ///
    /// # Errors
    /// [`UnknownKey`](ErrorKind::UnknownKey) where there is none, or policy forbids the choice;
    /// [`AlgorithmMismatch`](ErrorKind::AlgorithmMismatch) where those picked are of another
    /// algorithm.
    pub fn candidates<'r>(
        &'r self,
        kid: Option<&str>,
        alg: &str,
        now: i64,
    ) -> Result<impl Iterator<Item = &'r W::Reader> + use<'r, W>> {
        let mut found: [Option<&W::Reader>; MAX_TRIES] = [None; MAX_TRIES];
        let mut count: usize = 0;
        let mut misfit = false;
        let mut consider = |reader: &Index| {
            if let Some(reader) = self.readers.get(*reader).filter(|reader| reader.is_due(now)) {
                if !reader.key.fits(alg) {
                    misfit = true;
                } else if let Some(place) = found.get_mut(count) {
                    *place = Some(&reader.key);
                    count = count.saturating_add(1);
                }
            }
            count
        };
        let policy = match self.readers.first() {
            Some(first) if !first.key.is_named_in_tokens() => KidPolicy::TryAll,
            _ => self.policy,
        };
        match (kid, policy) {
            // Most rings hold one key, which needs no looking up.
            (None, KidPolicy::SoleKey | KidPolicy::TryAll) if self.readers.len() == 1 => {
                consider(&0);
            }
            (Some(kid), _) if self.sole_kid() == Some(kid.as_bytes()) => {
                consider(&0);
            }
            (Some(kid), _) => {
                for reader in self.by_kid.get(kid.as_bytes()).unwrap_or(&self.anonymous) {
                    consider(reader);
                }
            }
            (None, KidPolicy::Required) => {
                return Err(Error::new(ErrorKind::UnknownKey, "the token names no kid"));
            }
            // Keys of one algorithm stand together, and a second is one too many: a large ring is not
            // searched for a token that anyone can send.
            (None, KidPolicy::SoleKey | KidPolicy::TryAll) => {
                let enough = if policy == KidPolicy::SoleKey { 2 } else { MAX_TRIES };
                for keys in self.by_alg.values() {
                    let first = keys.first().and_then(|first| self.readers.get(*first));
                    let fits = first.is_some_and(|first| first.key.fits(alg));
                    // Of those that do not fit, one is enough to be told so.
                    let mut keys = keys.iter().take(if fits { usize::MAX } else { 1 });
                    if keys.any(|reader| consider(reader) >= enough) {
                        break;
                    }
                }
                if policy == KidPolicy::SoleKey && count > 1 {
                    return Err(Error::new(
                        ErrorKind::UnknownKey,
                        "the token names no kid and several keys fit it",
                    ));
                }
            }
        }
        match (count, misfit) {
            (0, true) => Err(ErrorKind::AlgorithmMismatch.into()),
            (0, false) => Err(ErrorKind::UnknownKey.into()),
            _ => Ok(found.into_iter().flatten()),
        }
    }

    /// The name of the one key that reads, where there is but one.
    fn sole_kid(&self) -> Option<&[u8]> {
        match self.readers.as_slice() {
            [sole] => sole.key.kid().map(KeyId::as_bytes),
            _ => None,
        }
    }

    fn with(mut self, reader: Reader<W::Reader>) -> Result<Self> {
        if self.tries(&reader.key) >= MAX_TRIES {
            return Err(too_many_keys());
        }
        self.push(reader);
        Ok(self)
    }

    fn push(&mut self, reader: Reader<W::Reader>) {
        let index = self.readers.len();
        match reader.key.kid() {
            Some(kid) => self.by_kid.entry(kid.clone()).or_default().push(index),
            None => self.anonymous.push(index),
        }
        self.by_alg.entry(reader.key.alg()).or_default().push(index);
        self.ends.extend(reader.until);
        self.readers.push(reader);
    }

    /// Adds a key that reads, unless one token would then be tried with too many.
    pub(super) fn push_if_it_fits(&mut self, key: W::Reader, until: Option<i64>) {
        if self.tries(&key) < MAX_TRIES {
            self.push(Reader { key, until });
        }
    }

    /// Builds the ring anew of `readers`, whose order is what the indices follow.
    fn refill(&mut self, readers: impl IntoIterator<Item = Reader<W::Reader>>) {
        self.readers.clear();
        self.by_kid.clear();
        self.by_alg.clear();
        self.anonymous.clear();
        self.ends.clear();
        for reader in readers {
            self.push(reader);
        }
    }

    fn check_all(&self) -> Result<()> {
        if self.readers.iter().any(|reader| self.tries(&reader.key) > MAX_TRIES) {
            return Err(too_many_keys());
        }
        Ok(())
    }

    /// How many keys of the ring a token is tried with that `key` is tried with.
    fn tries(&self, key: &W::Reader) -> usize {
        // One algorithm may have several names: what fits counts, as it does for a token.
        let fits =
            |index: &&Index| self.readers.get(**index).is_some_and(|reader| reader.key.fits(key.alg()));
        let policy = if key.is_named_in_tokens() { self.policy } else { KidPolicy::TryAll };
        match (policy, key.kid()) {
            (KidPolicy::TryAll, _) => {
                let fitting =
                    self.by_alg.values().filter(|keys| keys.first().as_ref().is_some_and(fits));
                fitting.map(Vec::len).sum()
            }
            (_, Some(kid)) => self.by_kid.get(kid).map_or(0, |named| named.iter().filter(fits).count()),
            (_, None) => self.anonymous.iter().filter(fits).count(),
        }
    }
}

fn too_many_keys() -> Error {
    Error::new(
        ErrorKind::InvalidSetting,
        "one token would be tried with more than 4 keys: retire some, or give them kids where \
         tokens name them",
    )
}

impl<R> Reader<R> {
    fn is_due(&self, now: i64) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
}

impl<W: WritingKey> fmt::Debug for Keyring<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("primary", &self.primary.as_ref().map(RingKey::kid))
            .field("readers", &self.readers().map(RingKey::kid).collect::<Vec<_>>())
            .field("policy", &self.policy)
            .finish()
    }
}

impl<W: WritingKey> From<W> for Keyring<W> {
    fn from(primary: W) -> Self {
        Self::new(primary)
    }
}
