//! What a service demands of an authentic token (RFC 7519 §4.1, RFC 8725 §3).

use std::fmt;
use std::sync::Arc;

use time::Duration;

use super::{Name, Registered, Written};
use crate::base::object::Fixed as _;
use crate::base::{Clock, SystemClock, same_media_type};
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::Revocations;

/// How far clocks may be apart before `nbf` and a format's issue time refuse a token, in seconds.
const CLOCK_TOLERANCE: i64 = 60;

/// The most that [`Validator::leeway`] takes, in seconds.
const MAX_LEEWAY: i64 = 600;

/// The policy that decides whether an authentic token is accepted.
///
/// Unless told otherwise:
/// - `exp` (or the format's own expiry) must be there, and a token is expired from that second on;
/// - `nbf` and a format's issue time may lie up to 60 s in the future, for clocks that run ahead;
/// - a token that names an audience is refused, since none is configured;
/// - a token of a special `typ`, such as `at+jwt`, is refused: only `JWT` or none passes.
///
/// What is configured is required: present, of the right type, and equal. What the token is (its
/// type, issuer, audience) is judged before its times, so that `token_expired` is said of a token
/// that was right otherwise.
///
/// ```
/// use symbolon::Validator;
/// use time::Duration;
///
/// let validator = Validator::new()
///     .issuer("https://id.example")
///     .audience("api")
///     .typ("at+jwt")
///     .max_age(Duration::hours(8))
///     .also(|claims| match claims.subject() {
///         Some(_) => Ok(()),
///         None => Err(symbolon::ErrorKind::Refused.into()),
///     });
/// ```
#[derive(Clone)]
pub struct Validator {
    issuers: Vec<String>,
    audience: Audiences,
    subject: Option<String>,
    id: Option<String>,
    typ: Typ,
    require_expiry: bool,
    required: Vec<String>,
    expiry_leeway: i64,
    future_leeway: i64,
    max_age: Option<i64>,
    invalid: Option<&'static str>,
    also: Vec<Arc<Check>>,
    revocations: Option<Revocations>,
    single_use: Option<Revocations>,
    clock: Arc<dyn Clock>,
}

type Check = dyn Fn(&Registered) -> Result<()> + Send + Sync;

#[derive(Debug, Clone)]
enum Audiences {
    /// None is configured: a token that names one is not meant for us.
    Unnamed,
    /// Naming any of these is enough.
    AnyOf(Vec<String>),
    Any,
}

#[derive(Debug, Clone)]
enum Typ {
    /// `JWT`, or none.
    Plain,
    Just(String),
    Any,
}

impl Default for Validator {
    fn default() -> Self {
        Self::new()
    }
}

impl Validator {
    /// The policy described above.
    #[must_use]
    pub fn new() -> Self {
        Self {
            issuers: Vec::new(),
            audience: Audiences::Unnamed,
            subject: None,
            id: None,
            typ: Typ::Plain,
            require_expiry: true,
            required: Vec::new(),
            expiry_leeway: 0,
            future_leeway: CLOCK_TOLERANCE,
            max_age: None,
            invalid: None,
            also: Vec::new(),
            revocations: None,
            single_use: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Demands this `iss`. Called again, it allows another one as well; prefer a validator and a
    /// ring per issuer, since a ring trusts all its keys for all issuers.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Demands this `iss` and allows no other, whatever was said before.
    pub(crate) fn only_issuer(mut self, issuer: String) -> Self {
        self.issuers = vec![issuer];
        self
    }

    /// Demands that `aud` names this service. Called again, it allows another name as well.
    #[must_use]
    pub fn audience(mut self, name: impl Into<String>) -> Self {
        match &mut self.audience {
            Audiences::AnyOf(names) => names.push(name.into()),
            Audiences::Unnamed | Audiences::Any => {
                self.audience = Audiences::AnyOf(vec![name.into()]);
            }
        }
        self
    }

    /// Accepts tokens for any audience, or none. Whoever receives a token meant for another service
    /// could then use it here: for gateways and tools only.
    #[must_use]
    pub fn any_audience(mut self) -> Self {
        self.audience = Audiences::Any;
        self
    }

    /// Demands this `sub`.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Demands this `jti`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Demands this `typ` in the header, such as `at+jwt` (RFC 9068). Case and the prefix
    /// `application/` do not count (RFC 7515 §4.1.9). Only JOSE formats carry one.
    #[must_use]
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Typ::Just(typ.into());
        self
    }

    /// Accepts tokens of any `typ`. Tokens for one purpose could then be used for another.
    #[must_use]
    pub fn any_typ(mut self) -> Self {
        self.typ = Typ::Any;
        self
    }

    /// Demands that the registered claim `name` is present: `sub`, `jti`, `iat`, `nbf`, ….
    #[must_use]
    pub fn require(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        if !Registered::NAMES.contains(&name.as_str()) {
            self.invalid = Some("`require` takes registered claims; the user's type requires its own");
        }
        self.required.push(name);
        self
    }

    /// Accepts tokens that never expire. One that leaks is good for ever: combine it with
    /// [`max_age`](Self::max_age).
    #[must_use]
    pub const fn allow_no_expiry(mut self) -> Self {
        self.require_expiry = false;
        self
    }

    /// How far clocks may be apart, 10 minutes at most: used for `exp` (0 unless said), and for `nbf`
    /// and issue times (60 s unless said) alike.
    #[must_use]
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        let seconds = leeway.whole_seconds();
        if seconds < 0 || seconds > MAX_LEEWAY {
            self.invalid = Some("the leeway is 0 to 600 seconds");
        }
        self.expiry_leeway = seconds;
        self.future_leeway = seconds;
        self
    }

    /// Refuses tokens that were issued longer ago than this, and those that do not say when (`iat`,
    /// or the format's own issue time).
    #[must_use]
    pub const fn max_age(mut self, age: Duration) -> Self {
        if age.is_negative() {
            self.invalid = Some("the maximal age is negative");
        }
        self.max_age = Some(age.whole_seconds());
        self
    }

    /// Adds a check of one's own, asked after all others.
    #[must_use]
    pub fn also(mut self, check: impl Fn(&Registered) -> Result<()> + Send + Sync + 'static) -> Self {
        self.also.push(Arc::new(check));
        self
    }

    /// Refuses what is revoked, asked after all else, and what could never be: a token must name
    /// itself (`jti`), or say whom it is about and when it was issued (`sub` and `iat`).
    #[must_use]
    pub fn unless_revoked(mut self, revocations: impl Into<Revocations>) -> Self {
        self.revocations = Some(revocations.into());
        self
    }

    /// Accepts each token once, by its `jti`, which is remembered until it has expired: for links
    /// that log in, or approvals. Asked at the very end, so that a token which is refused is not used
    /// up; where the store does not answer the token is refused.
    #[must_use]
    pub fn single_use(mut self, used: impl Into<Revocations>) -> Self {
        self.single_use = Some(used.into());
        self
    }

    /// Takes the time from `clock` instead of the system.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// In Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.unix_timestamp()
    }

    /// Refuses settings that contradict themselves, before any token is judged by them.
    pub(crate) fn check_settings(&self) -> Result<()> {
        self.invalid.map_or(Ok(()), |why| Err(Error::new(ErrorKind::InvalidSetting, why)))
    }

    /// Judges registered claims together with what the format says outside them.
    pub(crate) fn judge(&self, claims: &Registered, outside: &Outside<'_>, now: i64) -> Result<()> {
        self.check_settings()?;
        self.judge_identity(claims, outside)?;
        self.judge_times(claims, outside, now)?;
        self.also.iter().try_for_each(|check| check(claims))?;
        // Last, since it may leave the machine, and a token that is refused must not be used up.
        if self.revocations.is_none() && self.single_use.is_none() {
            return Ok(());
        }
        let bearings = claims.bearings(outside.expires_at);
        self.revocations.as_ref().map_or(Ok(()), |revocations| revocations.check(&bearings))?;
        self.single_use.as_ref().map_or(Ok(()), |used| used.use_once(&bearings))
    }

    fn judge_identity(&self, claims: &Registered, outside: &Outside<'_>) -> Result<()> {
        match (&self.typ, outside.typ) {
            (Typ::Any, _) | (Typ::Plain, None) => {}
            (Typ::Plain, Some(typ)) if same_media_type(typ, "JWT") => {}
            (Typ::Plain, Some(_)) => {
                return Err(Error::new(
                    ErrorKind::WrongType,
                    "the header has a special `typ`: configure it with Validator::typ",
                ));
            }
            (Typ::Just(due), Some(typ)) if same_media_type(typ, due) => {}
            (Typ::Just(_), _) => return Err(Error::new(ErrorKind::WrongType, "`typ` in the header")),
        }
        if !self.issuers.is_empty() {
            let issuer = claims.iss.as_ref().ok_or_else(|| missing("iss"))?;
            if !self.issuers.iter().any(|due| due.as_bytes() == issuer.as_bytes()) {
                return Err(ErrorKind::WrongIssuer.into());
            }
        }
        match (&self.audience, &claims.aud) {
            (Audiences::Any, _) | (Audiences::Unnamed, None) => {}
            (Audiences::AnyOf(_), None) => return Err(missing("aud")),
            (Audiences::AnyOf(names), Some(aud)) if names.iter().any(|name| aud.contains(name)) => {}
            (Audiences::AnyOf(_), Some(_)) => return Err(ErrorKind::WrongAudience.into()),
            (Audiences::Unnamed, Some(_)) => {
                return Err(Error::new(
                    ErrorKind::WrongAudience,
                    "it names one and none is configured: use Validator::audience",
                ));
            }
        }
        equal("sub", &self.subject, &claims.sub, ErrorKind::WrongSubject)?;
        equal("jti", &self.id, &claims.jti, ErrorKind::WrongId)?;
        if self.required.is_empty() {
            return Ok(());
        }
        let present = Written::from(claims);
        match self.required.iter().find(|name| !present.claims(name)) {
            Some(name) => Err(missing(name)),
            None => Ok(()),
        }
    }

    fn judge_times(&self, claims: &Registered, outside: &Outside<'_>, now: i64) -> Result<()> {
        if self.require_expiry && claims.exp.is_none() && outside.expires_at.is_none() {
            return Err(missing("exp"));
        }
        let latest_start = now.saturating_add(self.future_leeway);
        // An issue time in a claim judges nothing by itself (RFC 7519 §4.1.6); a format's own does.
        for start in [claims.nbf, outside.issued_at].into_iter().flatten() {
            if start > latest_start {
                return Err(ErrorKind::NotYetValid.into());
            }
        }
        if let Some(age) = self.max_age {
            let issued = claims.iat.or(outside.issued_at).ok_or_else(|| missing("iat"))?;
            if issued > latest_start {
                return Err(ErrorKind::NotYetValid.into());
            }
            // In the future nothing is too old, so that what saturates there is judged rightly.
            if issued.saturating_add(age).saturating_add(self.expiry_leeway) < now {
                return Err(ErrorKind::TooOld.into());
            }
        }
        for end in [claims.exp, outside.expires_at].into_iter().flatten() {
            if now >= end.saturating_add(self.expiry_leeway) {
                return Err(ErrorKind::Expired.into());
            }
        }
        Ok(())
    }
}

/// What a token says outside its claims, as far as policy needs it; times in Unix seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outside<'e> {
    pub(crate) typ: Option<&'e str>,
    pub(crate) issued_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator")
            .field("issuers", &self.issuers)
            .field("audience", &self.audience)
            .field("typ", &self.typ)
            .field("expiry_leeway", &self.expiry_leeway)
            .field("future_leeway", &self.future_leeway)
            .field("max_age", &self.max_age)
            .field("also", &self.also.len())
            .finish_non_exhaustive()
    }
}

fn missing(claim: &str) -> Error {
    Error::new(ErrorKind::MissingClaim, format!("`{claim}`"))
}

fn equal(claim: &str, due: &Option<String>, own: &Option<Name>, otherwise: ErrorKind) -> Result<()> {
    match (due, own) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(missing(claim)),
        (Some(due), Some(own)) if due.as_bytes() == own.as_bytes() => Ok(()),
        (Some(_), Some(_)) => Err(otherwise.into()),
    }
}
