//! Other issuers' keys: a JWK Set somewhere else, cached here.
//!
//! The core sends nothing and reads no clock: [`state`] says when and by whom keys are fetched, a
//! [`Flight`] says what to request and judges what comes back, and [`wait`] lets the others wait.

mod cache_control;
mod drive;
mod fetch;
mod flight;
mod settings;
mod state;
#[cfg(feature = "ureq")]
mod ureq;
mod wait;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use arc_swap::ArcSwapOption;
use time::OffsetDateTime;

pub use fetch::{Fetch, FetchAsync, FetchRequest, Fetched};
pub use flight::Flight;
pub use settings::JwksSourceBuilder;
#[cfg(feature = "ureq")]
pub use ureq::UreqFetch;

use super::{Keyring, SharedKeyring};
use crate::base::Clock;
use crate::jwk::JwkSet;
use crate::signal;
use settings::Settings;
use state::{Held, Millis, Need, Pace, State, Turn};

/// The keys of one issuer, who publishes them elsewhere: a cache in front of whatever fetches them.
///
/// - **Fresh.** A set is used for as long as its response says, within bounds; in the last fifth of
///   that time it is fetched again while it is still used. A key that was withdrawn goes with it.
/// - **Rollover.** A token that names an unknown key has the set fetched once, with a cool-down.
/// - **One fetch.** However many ask, one fetches; the others go on with the keys there are, or wait
///   where there are none, for a limited time. No lock is held meanwhile.
/// - **Outage.** While the issuer cannot be reached, its keys are used on for a limited time, then
///   none is. Failed tries pause longer and longer.
/// - **Bounded.** `https`, one host that was configured, no redirects, limits to time and size. Nothing
///   a token says becomes a URL. Symmetric and private keys are left out: who publishes such a key
///   has let anyone sign.
///
/// It is a handle: clones share the cache. [`JwksCodec`](crate::JwksCodec) verifies tokens with it,
/// [`Issuers`](crate::Issuers) those of several issuers. What a set means is as in
/// [`Keyring::from_jwk_set`].
///
/// ```
/// use symbolon::JwksSource;
/// use time::Duration;
///
/// let source = JwksSource::at("https://login.example/jwks.json")
///     .cool_down(Duration::minutes(1))
///     .build()?;
/// assert!(source.keys().load().is_empty()); // nothing was fetched yet
///
/// // The place of the set may be left to the issuer's discovery document.
/// let source = JwksSource::discover("https://accounts.example").build()?;
/// # Ok::<(), symbolon::Error>(())
/// ```
#[derive(Clone)]
pub struct JwksSource(Arc<Inner>);

/// Where an issuer's keys stand.
#[derive(Debug, Clone)]
enum Place {
    Set(String),
    Discovery { issuer: String, url: String },
}

impl Place {
    fn url(&self) -> &str {
        match self {
            Self::Set(url) | Self::Discovery { url, .. } => url,
        }
    }
}

struct Inner {
    place: Place,
    settings: Settings,
    clock: Arc<dyn Clock>,
    keys: SharedKeyring,
    held: ArcSwapOption<Held>,
    /// Locked for as long as it takes to look, never while something is fetched.
    state: Mutex<State>,
    landing: Condvar,
}

impl JwksSource {
    /// The keys that stand at `url`.
    pub fn at(url: impl Into<String>) -> JwksSourceBuilder {
        JwksSourceBuilder::new(Place::Set(url.into()))
    }

    /// The keys of `issuer`, whose discovery document says where they stand (`jwks_uri`). The document
    /// stands at `/.well-known/openid-configuration` below the issuer's URL, must name that very
    /// issuer, and is believed for a day, or until its set cannot be fetched.
    pub fn discover(issuer: impl Into<String>) -> JwksSourceBuilder {
        let issuer = issuer.into();
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        JwksSourceBuilder::new(Place::Discovery { issuer, url })
    }

    fn with(place: Place, settings: Settings, pace: Pace, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            place,
            settings,
            clock,
            keys: SharedKeyring::new(Keyring::read_only()),
            held: ArcSwapOption::empty(),
            state: Mutex::new(State::new(pace)),
            landing: Condvar::new(),
        }))
    }

    /// The ring of the keys that were fetched last; empty before the first time. It follows each
    /// fetch, and its keys stop to read once they may be used no longer. Nothing is fetched by
    /// reading it: see [`ready`](Self::ready).
    #[must_use]
    pub fn keys(&self) -> &SharedKeyring {
        &self.0.keys
    }

    /// The permission to fetch, if keys should be fetched now and nobody does already: for an HTTP
    /// client that fits neither [`Fetch`] nor [`FetchAsync`].
    ///
    /// ```
    /// use symbolon::{FetchRequest, Fetched, JwksSource};
    ///
    /// # fn send(_: &FetchRequest) -> Result<Fetched, symbolon::Error> {
    /// #     Ok(Fetched::new(200, r#"{"keys": [{"kty": "OKP", "crv": "Ed25519",
    /// #         "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#))
    /// # }
    /// let source = JwksSource::at("https://login.example/jwks.json").build()?;
    /// if let Some(mut flight) = source.begin() {
    ///     while let Some(request) = flight.request() {
    ///         let answer = send(request); // by any means
    ///         flight.receive(answer);
    ///     }
    ///     flight.outcome()?;
    /// }
    /// assert_eq!(source.keys().load().len(), 1);
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    #[must_use]
    pub fn begin(&self) -> Option<Flight> {
        let now = self.0.now();
        let mut state = self.0.state();
        match state.ask(Need::Fresher, self.0.held.load().as_deref(), now) {
            Turn::Yours(id) => Some(self.flight(&state, id, now)),
            Turn::Theirs(_) | Turn::Nobodys => None,
        }
    }

    /// What is known of the keys now: for a health check or a log.
    #[must_use]
    pub fn status(&self) -> JwksStatus {
        let state = self.0.state();
        let (failures, last_failure) = state.failure();
        let held = self.0.held.load();
        JwksStatus {
            keys: self.0.keys.peek().len(),
            held: held.as_deref().copied(),
            failures,
            last_failure: last_failure.map(Into::into),
        }
    }

    /// The present moment, by the clock that keys age by.
    pub(crate) fn unix_timestamp(&self) -> i64 {
        self.0.clock.unix_timestamp()
    }

    /// Counts the sets that were received.
    pub(crate) fn generation(&self) -> u64 {
        self.0.held.load().as_ref().map_or(0, |held| held.generation)
    }

    /// Whether what is held serves without a thought of fetching.
    pub(crate) fn is_calm(&self) -> bool {
        let now = self.0.now();
        self.0.held.load().as_ref().is_some_and(|held| held.calm.covers(now))
    }

    fn flight(&self, state: &State, id: u64, now: Millis) -> Flight {
        Flight::new(Arc::clone(&self.0), id, now, state.discovered(now).map(Into::into))
    }
}

impl Inner {
    fn now(&self) -> Millis {
        Millis::try_from(self.clock.now().unix_timestamp_nanos().div_euclid(1_000_000))
            .unwrap_or(Millis::MAX)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked did so elsewhere: each change is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, url: String) -> FetchRequest {
        FetchRequest { url, timeout: self.settings.timeout, max_len: self.settings.max_len }
    }

    /// Puts a set that was asked for at `began` in the place of the last one; not where the flight
    /// was given up since.
    fn landed(&self, id: u64, set: &JwkSet, began: Millis, seconds: Option<i64>) -> bool {
        let lifetime = self.settings.lifetime(seconds);
        let held = Held::new(0, began, lifetime, self.settings.stale);
        // The second in which they end counts no longer.
        let last = held.usable.until.div_euclid(1_000).saturating_sub(1);
        let ring = Keyring::from_published(set, &self.settings.unsaid, last);
        let (keys, now) = (ring.len(), self.now());
        let mut state = self.state();
        if !state.flies(id) {
            return false;
        }
        let before = self.held.load().as_ref().map_or(0, |held| held.generation);
        self.keys.replace(ring);
        self.held.store(Some(Arc::new(Held { generation: before.wrapping_add(1), ..held })));
        let wakers = state.landed(id, now);
        drop(state);
        self.wake(wakers);
        signal::keys_fetched(self.place.url(), Ok(keys));
        true
    }

    fn failed(&self, id: u64, why: String) {
        signal::keys_fetched(self.place.url(), Err(&why));
        let now = self.now();
        let wakers = self.state().failed(id, why, now);
        self.wake(wakers);
    }

    fn abandoned(&self, id: u64) {
        let wakers = self.state().abandoned(id);
        self.wake(wakers);
    }

    fn discovered(&self, id: u64, url: &str) {
        let now = self.now();
        let mut state = self.state();
        if state.flies(id) {
            state.discover(url.to_owned(), now);
        }
    }

    /// Wakes who waits for a flight to end, without the lock.
    fn wake(&self, wakers: Vec<Waker>) {
        self.landing.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for JwksSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksSource")
            .field("place", &self.place)
            .field("held", &self.held.load())
            .finish_non_exhaustive()
    }
}

/// What a [`JwksSource`] knows at one moment.
#[derive(Debug, Clone)]
pub struct JwksStatus {
    keys: usize,
    held: Option<Held>,
    failures: u32,
    last_failure: Option<String>,
}

impl JwksStatus {
    /// How many keys verify.
    #[must_use]
    pub const fn keys(&self) -> usize {
        self.keys
    }

    /// When the set that is held was asked for.
    #[must_use]
    pub fn fetched_at(&self) -> Option<OffsetDateTime> {
        self.held.and_then(|held| moment(held.fetched_at))
    }

    /// Until when it is used without another being needed.
    #[must_use]
    pub fn fresh_until(&self) -> Option<OffsetDateTime> {
        self.held.and_then(|held| moment(held.fresh.until))
    }

    /// Until when it is used if no other can be had.
    #[must_use]
    pub fn usable_until(&self) -> Option<OffsetDateTime> {
        self.held.and_then(|held| moment(held.usable.until))
    }

    /// How many fetches failed since the last that did not.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Why the last of them failed, for a log.
    #[must_use]
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }
}

fn moment(millis: Millis) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis).saturating_mul(1_000_000)).ok()
}
