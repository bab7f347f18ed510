//! What an issuer's keys may cost, and how long they are trusted.

use std::fmt;
use std::sync::Arc;

use time::Duration;

use super::fetch::check_url;
use super::state::{Millis, Pace};
use super::{JwksSource, Place};
use crate::base::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::JwsAlg;

/// Sets up a [`JwksSource`]. What is not said stands in each setting.
#[derive(Clone)]
#[must_use = "call build"]
pub struct JwksSourceBuilder {
    place: Place,
    allow_http: bool,
    any_content_type: bool,
    unsaid: Vec<JwsAlg>,
    lifetime: Duration,
    shortest: Duration,
    longest: Duration,
    stale: Duration,
    cool_down: Duration,
    retry: Duration,
    timeout: Duration,
    max_len: usize,
    clock: Arc<dyn Clock>,
}

impl JwksSourceBuilder {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            allow_http: false,
            any_content_type: false,
            unsaid: vec![JwsAlg::RS256],
            lifetime: Duration::minutes(10),
            shortest: Duration::minutes(1),
            longest: Duration::hours(1),
            stale: Duration::hours(1),
            cool_down: Duration::seconds(30),
            retry: Duration::seconds(2),
            timeout: Duration::seconds(5),
            max_len: 512 * 1024,
            clock: Arc::new(SystemClock),
        }
    }

    /// How long a set is used where the response does not say (`Cache-Control: max-age`); 10 minutes.
    pub const fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// The bounds within which the response's own word counts, and `no-store` means the shorter one;
    /// 1 minute to 1 hour. The longer one is how late it may be noticed that a key was withdrawn.
    pub const fn lifetime_within(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest = shortest;
        self.longest = longest;
        self
    }

    /// How long keys are used beyond their lifetime while the issuer cannot be reached; 1 hour. After
    /// that all tokens are refused, since any key may have been withdrawn.
    pub const fn stale_in_outage(mut self, beyond: Duration) -> Self {
        self.stale = beyond;
        self
    }

    /// The least time between two fetches for keys that are unknown; 30 seconds. Anyone can send
    /// tokens that name one.
    pub const fn cool_down(mut self, cool_down: Duration) -> Self {
        self.cool_down = cool_down;
        self
    }

    /// The time before another try after a failure, doubled with each up to 16 times as long; 2
    /// seconds.
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry = wait;
        self
    }

    /// How long one request may take; 5 seconds, and 1 minute at most. Who waits for another's
    /// requests waits no longer than for its own.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The most bytes that a response may have; 512 KiB.
    pub const fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// What keys verify that do not say what they are for (RSA keys without `alg`); RS256, as OpenID
    /// Connect has it.
    pub fn unsaid(mut self, algs: impl IntoIterator<Item = JwsAlg>) -> Self {
        self.unsaid = algs.into_iter().collect();
        self
    }

    /// Takes JSON under any `Content-Type`, as plain file servers send it. A response that is not
    /// JSON is refused all the same.
    pub const fn any_content_type(mut self) -> Self {
        self.any_content_type = true;
        self
    }

    /// Fetches over `http` as well, where anyone on the way can put keys of their own in: for tests
    /// on one machine.
    pub const fn danger_allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Takes the time from `clock` instead of the system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for a URL that is not `https` or has no host, and
    /// for times that are negative, contradict each other or are beyond 30 days.
    pub fn build(self) -> Result<JwksSource> {
        let invalid = |why| Error::new(ErrorKind::InvalidSetting, why);
        let (Place::Set(url) | Place::Discovery { url, .. }) = &self.place;
        check_url(url, self.allow_http).map_err(invalid)?;
        let second = Duration::SECOND;
        let within = |time: Duration, least, most| least <= time && time <= most;
        let month = Duration::days(30);
        if !within(self.shortest, second, self.longest)
            || !within(self.longest, second, month)
            || !within(self.lifetime, second, month)
        {
            return Err(invalid(
                "a lifetime is 1 second to 30 days, and the shortest is no longer than the longest",
            ));
        }
        if !within(self.stale, Duration::ZERO, month) {
            return Err(invalid("keys are used for 0 to 30 days beyond their lifetime"));
        }
        if !within(self.cool_down, second, month) || !within(self.retry, second, month) {
            return Err(invalid("a pause between fetches is 1 second to 30 days"));
        }
        if !within(self.timeout, Duration::milliseconds(1), Duration::MINUTE) {
            return Err(invalid("the time limit is 1 millisecond to 1 minute"));
        }
        if self.max_len == 0 || self.max_len > crate::jwk::JwkSet::MAX_LEN {
            return Err(invalid("a response has 1 byte to 16 MiB"));
        }
        let timeout = millis(self.timeout);
        let pace = Pace {
            cool_down: millis(self.cool_down),
            retry: millis(self.retry),
            // Two requests where the set's place is looked up first, and some air.
            flight: timeout.saturating_mul(3),
        };
        let settings = Settings {
            allow_http: self.allow_http,
            any_content_type: self.any_content_type,
            unsaid: self.unsaid,
            lifetime: millis(self.lifetime),
            shortest: millis(self.shortest),
            longest: millis(self.longest),
            stale: millis(self.stale),
            timeout: self.timeout.unsigned_abs(),
            max_len: self.max_len,
        };
        Ok(JwksSource::with(self.place, settings, pace, self.clock))
    }
}

impl fmt::Debug for JwksSourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwksSourceBuilder").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The same, checked.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) allow_http: bool,
    pub(super) any_content_type: bool,
    pub(super) unsaid: Vec<JwsAlg>,
    lifetime: Millis,
    shortest: Millis,
    longest: Millis,
    pub(super) stale: Millis,
    pub(super) timeout: std::time::Duration,
    pub(super) max_len: usize,
}

impl Settings {
    /// For how long a response is fresh that says `seconds`.
    pub(super) fn lifetime(&self, seconds: Option<i64>) -> Millis {
        let said = seconds.map_or(self.lifetime, |seconds| seconds.saturating_mul(1_000));
        said.clamp(self.shortest, self.longest)
    }
}

/// Of a time that was checked to be short.
fn millis(time: Duration) -> Millis {
    Millis::try_from(time.whole_milliseconds()).unwrap_or(Millis::MAX)
}
