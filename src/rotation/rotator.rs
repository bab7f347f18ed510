//! A ring whose keys rotate: a schedule in a store, carried out whenever the service ticks.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use time::{Duration, OffsetDateTime};

#[cfg(feature = "jwe")]
use super::cipher::Cipher;
use super::kind::{KeyKind, Publishes};
use super::policy::RotationPolicy;
use super::schedule::KeySchedule;
use super::store::{KeyStore, Replaced, StoreVersion, Stored};
use crate::base::{Clock, KeyId, SystemClock, base64url};
use crate::crypto::rand;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{JwsAlg, KeyType};
use crate::jwk::{Jwk, JwkSet};
use crate::jwt::to_offset_date_time;
#[cfg(feature = "jwe")]
use crate::keys::Encrypter;
use crate::keys::{Keyring, KidPolicy, MAX_TRIES, RingKey, SharedKeyring, WritingKey};

/// How often a change is tried where other processes change the store, too. Each of them changes it
/// once for all, so that two are nearly always enough.
const MAX_ATTEMPTS: usize = 64;

/// A ring of keys that rotate by a [policy](RotationPolicy), kept in a [store](KeyStore) that several
/// processes may share.
///
/// It has no thread of its own: the service calls [`tick`](Self::tick), on a timer or before it signs.
/// All of them see the same schedule, so each period has one key whoever made it, and that key was known
/// everywhere before it signed.
///
/// Where the store cannot be read, is damaged or gone, the ring goes on with the keys it has, and the
/// error is returned: nothing is ever made up in the place of keys that are lost.
///
/// ```
/// use symbolon::prelude::*;
/// use symbolon::rotation::{MemoryStore, RotationPolicy, Rotator};
/// use time::Duration;
///
/// let lifetime = Duration::minutes(15);
/// let policy = RotationPolicy::every(Duration::days(30))
///     .publish_ahead(Duration::days(1))
///     .keep_for(lifetime + Duration::minutes(2));
/// let rotator = Rotator::builder(JwsAlg::ES256, policy).open(MemoryStore::new())?;
///
/// let tokens = Tokens::<NoCustom>::builder(JwsCodec::new(rotator.keys())).lifetime(lifetime).build()?;
/// let token = tokens.issue(&NoCustom::default())?;
///
/// for event in rotator.tick()? { // once a minute
///     println!("{event}");
/// }
/// assert!(tokens.verify(&token).is_ok());
/// assert_eq!(rotator.published()?.keys().len(), 1);
/// # Ok::<(), Error>(())
/// ```
pub struct Rotator<K: KeyKind = JwsAlg> {
    kind: K,
    settings: Settings,
    store: Box<dyn KeyStore>,
    keys: SharedKeyring<K::Key>,
    schedule: ArcSwap<KeySchedule>,
    state: Mutex<State<K::Key>>,
    /// When something is next to be done, in Unix seconds.
    due: AtomicI64,
}

struct Settings {
    policy: RotationPolicy,
    /// In seconds.
    reload_every: i64,
    kid_policy: KidPolicy,
    clock: Arc<dyn Clock>,
    #[cfg(feature = "jwe")]
    cipher: Option<Cipher>,
    #[cfg(feature = "jwe")]
    accepts_plain: bool,
}

/// What the last look at the store has left.
struct State<W> {
    /// None before the first look, and while the store was empty.
    version: Option<StoreVersion>,
    prepared: Vec<(Jwk, W)>,
}

impl<K: KeyKind> Rotator<K> {
    /// Begins with what is rotated and how often; [`RotatorBuilder`] says what else can be set.
    pub fn builder(kind: K, policy: RotationPolicy) -> RotatorBuilder<K> {
        RotatorBuilder {
            kind,
            settings: Settings {
                policy,
                reload_every: 60,
                kid_policy: KidPolicy::default(),
                clock: Arc::new(SystemClock),
                #[cfg(feature = "jwe")]
                cipher: None,
                #[cfg(feature = "jwe")]
                accepts_plain: false,
            },
            first: None,
            #[cfg(feature = "jwe")]
            encryption: Ok(()),
        }
    }

    /// The ring, for codecs. What is changed in it by other hands, the next tick may undo.
    #[must_use]
    pub const fn keys(&self) -> &SharedKeyring<K::Key> {
        &self.keys
    }

    /// The schedule as it was last seen.
    #[must_use]
    pub fn schedule(&self) -> Arc<KeySchedule> {
        self.schedule.load_full()
    }

    /// Does what is due: lets the next key sign, makes the one after it, drops old ones, and looks every
    /// minute ([`reload_every`](RotatorBuilder::reload_every)) for what other processes did. Returns what
    /// changed.
    ///
    /// Where nothing is due this costs some nanoseconds, so it may stand before each signature; else it
    /// reads the store, and now and then makes a key (RSA: some hundred milliseconds). It waits for no
    /// other thread: while one is at it, the others go on with the ring as it is.
    ///
    /// # Errors
    /// [`KeyStore`](ErrorKind::KeyStore), [`DamagedKeyStore`](ErrorKind::DamagedKeyStore) or
    /// [`ExposedKeyStore`](ErrorKind::ExposedKeyStore) from the store, which is asked again after
    /// `reload_every`; what [`KeyKind`] returns. The ring then stays as it is.
    pub fn tick(&self) -> Result<Vec<KeyEvent>> {
        let due = self.due.load(Ordering::Acquire);
        // A time further off than it can have been set to was set by a clock that was wrong.
        if (due.saturating_sub(self.settings.reload_every)..due).contains(&self.now()) {
            return Ok(Vec::new());
        }
        match self.state.try_lock() {
            Ok(state) => self.carry_out(state, |_, _, _| Ok(())),
            Err(TryLockError::Poisoned(state)) => self.carry_out(state.into_inner(), |_, _, _| Ok(())),
            Err(TryLockError::WouldBlock) => Ok(Vec::new()),
        }
    }

    /// The same at once, whether anything is due or not: to learn without delay what another process did.
    ///
    /// # Errors
    /// As [`tick`](Self::tick).
    pub fn refresh(&self) -> Result<Vec<KeyEvent>> {
        self.carry_out(self.lock(), |_, _, _| Ok(()))
    }

    /// Rotates out of turn, without harm to any token: the next key signs as soon as it was published
    /// for long enough. Old ones verify as long as ever.
    ///
    /// # Errors
    /// As [`tick`](Self::tick); [`InvalidSetting`](ErrorKind::InvalidSetting) where too many keys would
    /// stand side by side.
    pub fn rotate(&self) -> Result<Vec<KeyEvent>> {
        let policy = &self.settings.policy;
        self.carry_out(self.lock(), |schedule, now, make| schedule.bring_forward(policy, now, make))
    }

    /// Takes the key `kid` out at once, as after a leak: **its tokens are refused from now on**. If it
    /// signed, the next key does from now on, which was published already; without one a fresh key does.
    ///
    /// Other processes follow with their next look at the store, and whoever holds on to a JWKS when he
    /// fetches it again. Where the store fails nothing changes here either: take it out of this process
    /// with [`SharedKeyring::remove`], and try again.
    ///
    /// # Errors
    /// [`NoKey`](ErrorKind::NoKey) where no key has that name; else as [`tick`](Self::tick).
    pub fn remove(&self, kid: &KeyId) -> Result<Vec<KeyEvent>> {
        self.carry_out(self.lock(), |schedule, now, make| schedule.remove(kid, now, make))
    }

    /// What to publish at this moment: the public halves of the keys that verify, the next one
    /// included, the present one first; of keys that others encrypt to ([`Publishes::Present`]) that
    /// one alone.
    ///
    /// Let it be cached (`Cache-Control: max-age`) for less than
    /// [`publish_ahead`](RotationPolicy::publish_ahead).
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) where all of them are symmetric, which have nothing to
    /// publish.
    pub fn published(&self) -> Result<JwkSet> {
        let now = self.settings.clock.now();
        let schedule = self.schedule.load();
        let count = match self.kind.publishes() {
            Publishes::Readers => usize::MAX,
            Publishes::Present => 1,
        };
        let keys = || schedule.verifying(now).take(count).map(super::KeyRecord::jwk);
        // Where shared keys give way to pairs, or the other way round, both stand side by side.
        let with_halves = || keys().filter(|jwk| jwk.material().key_type() != KeyType::Oct);
        if with_halves().next().is_some() {
            return with_halves().map(Jwk::to_public).collect();
        }
        keys().map(Jwk::to_public).collect()
    }

    /// When [`tick`](Self::tick) will next do something: what to set a timer to.
    #[must_use]
    pub fn next_tick(&self) -> OffsetDateTime {
        to_offset_date_time(self.due.load(Ordering::Acquire))
    }

    fn now(&self) -> i64 {
        self.settings.clock.unix_timestamp()
    }

    fn lock(&self) -> MutexGuard<'_, State<K::Key>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(
        &self,
        mut state: MutexGuard<'_, State<K::Key>>,
        change: impl Fn(&mut KeySchedule, i64, &mut Make<'_>) -> Result<()>,
    ) -> Result<Vec<KeyEvent>> {
        let now = self.now();
        // A store that fails is not asked again by each signature.
        self.due.store(now.saturating_add(self.settings.reload_every), Ordering::Release);
        let mut maker = Maker::new(&self.kind);
        for _ in 0..MAX_ATTEMPTS {
            let seen = self.see(&state)?;
            let mut next = seen.schedule.clone();
            maker.begin();
            change(&mut next, now, &mut || maker.make())?;
            next.advance(&self.settings.policy, now, &mut || maker.make())?;
            // Prepared before it is stored: what cannot be used shall not stand there for others.
            let (ring, prepared) = self.settings.ring(&self.kind, &next, now, &state.prepared)?;
            let version = if next != seen.schedule || seen.is_to_be_written {
                let text = self.settings.text(&next)?;
                match self.store.replace(text.as_str(), seen.version.as_ref())? {
                    Replaced::Done(version) => Some(version),
                    Replaced::Conflict => continue,
                }
            } else {
                seen.version
            };
            let before = self.schedule.load_full();
            let events = events(&before, &self.keys.load(), &next, &ring);
            // What is published is never behind what signs.
            let due = next.next_event_at(&self.settings.policy, now);
            self.schedule.store(Arc::new(next));
            self.keys.replace(ring);
            *state = State { version, prepared };
            self.due.store(due.min(now.saturating_add(self.settings.reload_every)), Ordering::Release);
            return Ok(events);
        }
        Err(Error::new(ErrorKind::KeyStore, "other processes change it all the time"))
    }

    /// What the store holds now.
    fn see(&self, state: &State<K::Key>) -> Result<Seen> {
        match self.store.load()? {
            Some(stored) if Some(stored.version()) == state.version.as_ref() => Ok(Seen {
                schedule: KeySchedule::clone(&self.schedule.load()),
                version: state.version.clone(),
                is_to_be_written: false,
            }),
            Some(stored) => self.settings.read(&stored),
            // Fresh keys would refuse all tokens there are.
            None if state.version.is_some() => {
                Err(Error::new(ErrorKind::KeyStore, "it is gone: bring it back, or restart without it"))
            }
            None => Ok(Seen::default()),
        }
    }
}

/// What was found in a store.
#[derive(Default)]
struct Seen {
    schedule: KeySchedule,
    version: Option<StoreVersion>,
    is_to_be_written: bool,
}

impl Settings {
    fn read(&self, stored: &Stored) -> Result<Seen> {
        let is_plain = stored.text().trim_ascii_start().starts_with('{');
        let version = Some(stored.version().clone());
        #[cfg(feature = "jwe")]
        if let Some(cipher) = &self.cipher {
            if !is_plain {
                let decrypted = cipher.decrypt(stored.text(), self.clock.now())?;
                let schedule = KeySchedule::from_json(decrypted.payload())?;
                return Ok(Seen { schedule, version, is_to_be_written: false });
            }
            if !self.accepts_plain {
                return Err(Error::new(
                    ErrorKind::DamagedKeyStore,
                    "it is not encrypted, although a key for that is set: anyone could have written it",
                ));
            }
            let schedule = KeySchedule::from_json(stored.text())?;
            return Ok(Seen { schedule, version, is_to_be_written: true });
        }
        if !is_plain && stored.text().starts_with("ey") {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "the key store is encrypted: say with which key or passphrase",
            ));
        }
        let schedule = KeySchedule::from_json(stored.text())?;
        Ok(Seen { schedule, version, is_to_be_written: false })
    }

    /// The text of `schedule` as it is stored.
    fn text(&self, schedule: &KeySchedule) -> Result<crate::jwk::SecretText> {
        let plain = schedule.danger_to_secret_json();
        if plain.as_str().len() > KeySchedule::MAX_LEN {
            return Err(Error::new(ErrorKind::InvalidSetting, "the keys together take more than 1 MiB"));
        }
        #[cfg(feature = "jwe")]
        if let Some(cipher) = &self.cipher {
            return Ok(crate::jwk::SecretText::new(cipher.encrypt(plain.as_str())?.into()));
        }
        Ok(plain)
    }

    /// The ring of `schedule` at `now`, and its keys prepared; those of `known` are used again.
    #[expect(clippy::type_complexity, reason = "used once, and taken apart at once")]
    fn ring<K: KeyKind>(
        &self,
        kind: &K,
        schedule: &KeySchedule,
        now: i64,
        known: &[(Jwk, K::Key)],
    ) -> Result<(Keyring<K::Key>, Vec<(Jwk, K::Key)>)> {
        let mut prepared = Vec::with_capacity(schedule.records().len());
        let moment = to_offset_date_time(now);
        let mut ring: Option<Keyring<K::Key>> = None;
        for record in schedule.verifying(moment) {
            let key = match known.iter().find(|(jwk, _)| jwk == record.jwk()) {
                Some((_, key)) => key.clone(),
                None => kind.prepare(record.jwk())?,
            };
            ring = Some(match (ring, key.reader(), record.expires()) {
                // The one that signs comes first.
                (None, _, _) => {
                    self.check_room(&key)?;
                    Keyring::new(key.clone()).with_policy(self.kid_policy)?
                }
                (Some(ring), Some(reader), Some(last)) => ring.with_reader_until(reader, last)?,
                (Some(ring), Some(reader), None) => ring.with_reader(reader)?,
                (Some(ring), None, _) => ring,
            });
            prepared.push((record.jwk().clone(), key));
        }
        let ring = ring.ok_or_else(|| Error::new(ErrorKind::NoKey, "the schedule has no key"))?;
        Ok((ring, prepared))
    }

    /// A token that names no key is tried with all of them, and a ring takes no more than 4.
    fn check_room(&self, key: &impl RingKey) -> Result<()> {
        let tries_all = !key.is_named_in_tokens() || self.kid_policy == KidPolicy::TryAll;
        if tries_all && self.policy.most_keys() > MAX_TRIES {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "a token is tried with each key, at most 4: keep_for must be shorter than two periods",
            ));
        }
        Ok(())
    }
}

type Make<'m> = dyn FnMut() -> Result<Jwk> + 'm;

/// Makes keys, once for all attempts: what a lost one has made the next one uses.
struct Maker<'k, K> {
    kind: &'k K,
    made: Vec<Jwk>,
    used: usize,
}

impl<'k, K: KeyKind> Maker<'k, K> {
    const fn new(kind: &'k K) -> Self {
        Self { kind, made: Vec::new(), used: 0 }
    }

    const fn begin(&mut self) {
        self.used = 0;
    }

    fn make(&mut self) -> Result<Jwk> {
        if self.used >= self.made.len() {
            self.made.push(named(self.kind.generate()?)?);
        }
        let key = self.made.get(self.used).cloned();
        self.used = self.used.saturating_add(1);
        key.ok_or_else(|| ErrorKind::NoKey.into())
    }
}

/// The key with a name, its own or 96 random bits: a thumbprint would make each token longer.
fn named(jwk: Jwk) -> Result<Jwk> {
    if jwk.kid().is_some() {
        return Ok(jwk);
    }
    let mut bytes = [0; 12];
    rand::fill(&mut bytes).map_err(|_| ErrorKind::Randomness)?;
    jwk.with_kid(base64url::encode(bytes))
}

/// What a [`Rotator`] did, or another process did and this one learned of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// A key is there that was not: it verifies, is published, and will sign.
    Added(KeyId),
    /// This key signs from now on.
    Signs(KeyId),
    /// A key is gone: its time was over, or it was removed.
    Dropped(KeyId),
}

impl fmt::Display for KeyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(kid) => write!(f, "key {kid} is new"),
            Self::Signs(kid) => write!(f, "key {kid} signs"),
            Self::Dropped(kid) => write!(f, "key {kid} is gone"),
        }
    }
}

fn events<W: WritingKey>(
    before: &KeySchedule,
    old: &Keyring<W>,
    after: &KeySchedule,
    new: &Keyring<W>,
) -> Vec<KeyEvent> {
    let primary = |ring: &Keyring<W>| ring.primary().ok().and_then(|key| key.kid().cloned());
    let beyond = |one: &KeySchedule, other: &KeySchedule| {
        let is_new = |kid: &&KeyId| !other.records().iter().any(|record| record.kid() == *kid);
        one.records().iter().map(super::KeyRecord::kid).filter(is_new).cloned().collect::<Vec<_>>()
    };
    let signs = primary(new).filter(|kid| Some(kid) != primary(old).as_ref());
    let added = beyond(after, before).into_iter().map(KeyEvent::Added);
    let dropped = beyond(before, after).into_iter().map(KeyEvent::Dropped);
    added.chain(signs.map(KeyEvent::Signs)).chain(dropped).collect()
}

impl<K: KeyKind> fmt::Debug for Rotator<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotator")
            .field("policy", &self.settings.policy)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// Sets up a [`Rotator`].
#[must_use = "call open"]
pub struct RotatorBuilder<K: KeyKind> {
    kind: K,
    settings: Settings,
    first: Option<Jwk>,
    /// What was wrong with the key that encrypts the store.
    #[cfg(feature = "jwe")]
    encryption: Result<()>,
}

impl<K: KeyKind> RotatorBuilder<K> {
    /// The key that signs first where the store is empty, such as the one that signed before keys were
    /// rotated; a fresh one unless said otherwise.
    pub fn first_key(mut self, jwk: Jwk) -> Self {
        self.first = Some(jwk);
        self
    }

    /// Encrypts what is stored: with a key ([`Encrypter::new`] for `dir`, A256KW, …), or a ring of them
    /// while that key is exchanged for another: the primary writes, all of them read.
    ///
    /// A store that is not encrypted is then refused; see [`accept_plain`](Self::accept_plain).
    #[cfg(feature = "jwe")]
    pub fn encrypted_with(mut self, keys: impl Into<Keyring<Encrypter>>) -> Self {
        self.encrypt(Cipher::new(keys.into()));
        self
    }

    /// Encrypts what is stored with a passphrase, which is hashed 210,000 times (PBES2-HS512+A256KW):
    /// whoever gets hold of the text can guess at it at leisure, so have it drawn, not thought up.
    ///
    /// That takes some tenths of a second whenever the store has changed.
    #[cfg(feature = "jwe")]
    pub fn passphrase(mut self, passphrase: impl Into<Vec<u8>>) -> Self {
        self.encrypt(Cipher::of_passphrase(passphrase.into()));
        self
    }

    #[cfg(feature = "jwe")]
    fn encrypt(&mut self, cipher: Result<Cipher>) {
        match cipher {
            Ok(cipher) => self.settings.cipher = Some(cipher),
            Err(error) => self.encryption = Err(error),
        }
    }

    /// Reads a store that is not encrypted, and encrypts it at once: for the move, not for good, since
    /// whoever can write the store could plant keys in it.
    #[cfg(feature = "jwe")]
    pub const fn accept_plain(mut self) -> Self {
        self.settings.accepts_plain = true;
        self
    }

    /// How often [`tick`](Rotator::tick) looks at the store for what other processes did; a minute
    /// unless said otherwise, a second at least. So long a key that another process removes goes on
    /// here.
    pub const fn reload_every(mut self, time: Duration) -> Self {
        self.settings.reload_every = time.whole_seconds();
        self
    }

    /// What becomes of tokens without a `kid`: those of a key from before rotation, say.
    pub const fn kid_policy(mut self, policy: KidPolicy) -> Self {
        self.settings.kid_policy = policy;
        self
    }

    /// Takes the time from `clock` instead of the system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// Reads the keys from `store`, or makes the first one where it is empty.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for a policy or settings that contradict
    /// themselves; [`KeyStore`](ErrorKind::KeyStore), [`DamagedKeyStore`](ErrorKind::DamagedKeyStore) or
    /// [`ExposedKeyStore`](ErrorKind::ExposedKeyStore) from the store;
    /// [`MissingFeature`](ErrorKind::MissingFeature) where no backend makes or uses such keys.
    pub fn open(self, store: impl KeyStore + 'static) -> Result<Rotator<K>> {
        self.settings.policy.check()?;
        if self.settings.reload_every < 1 {
            return Err(Error::new(
                ErrorKind::InvalidSetting,
                "the store is looked at once a second at the most",
            ));
        }
        #[cfg(feature = "jwe")]
        self.encryption?;
        let first = self.first.map(named).transpose()?;
        let rotator = Rotator {
            kind: self.kind,
            settings: self.settings,
            store: Box::new(store),
            keys: SharedKeyring::new(Keyring::read_only()),
            schedule: ArcSwap::from_pointee(KeySchedule::default()),
            state: Mutex::new(State { version: None, prepared: Vec::new() }),
            due: AtomicI64::new(i64::MIN),
        };
        rotator.carry_out(rotator.lock(), |schedule, now, _| match &first {
            Some(first) if schedule.records().is_empty() => schedule.push(first.clone(), now, now),
            _ => Ok(()),
        })?;
        Ok(rotator)
    }
}

impl<K: KeyKind> fmt::Debug for RotatorBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatorBuilder").field("policy", &self.settings.policy).finish_non_exhaustive()
    }
}
