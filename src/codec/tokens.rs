//! What a service uses: issue and verify, with one policy for both.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::Duration;

use super::token::{accept, read_claims};
use super::{Body, RawToken, TokenCodec, Verified};
use crate::base::{Clock, Scratch, SystemClock, base64url};
use crate::crypto::rand;
use crate::error::{Error, ErrorKind, Result};
use crate::jwt::{Audience, Registered, Validator, Written, prepare, write};
use crate::keys::Provenance;
use crate::signal::{Deed, Signal};

/// Issues tokens that carry a `C`, and verifies them: one codec and one policy for both.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use symbolon::{JwsAlg, JwsCodec, Signer, Tokens};
/// use time::{Duration, OffsetDateTime};
///
/// #[derive(Serialize, Deserialize)]
/// struct Session { user: u64, role: String }
///
/// let tokens = Tokens::<Session>::builder(JwsCodec::new(Signer::generate(JwsAlg::ES256)?))
///     .issuer("https://id.example")
///     .audience("api")
///     .lifetime(Duration::minutes(15))
///     .build()?;
///
/// let token = tokens.issue(&Session { user: 7, role: "admin".into() })?;
/// let session = tokens.verify(&token)?;
/// assert_eq!(session.custom().user, 7);
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct Tokens<C> {
    codec: Box<dyn TokenCodec>,
    issuer: Option<String>,
    audience: Option<Audience>,
    /// Both in JSON.
    issuer_and_audience: String,
    typ: String,
    lifetime: i64,
    random_ids: bool,
    weakest: Provenance,
    validator: Validator,
    clock: Arc<dyn Clock>,
    custom: PhantomData<fn(C) -> C>,
}

impl<C> Tokens<C> {
    /// Begins with a codec; [`TokensBuilder`] says what can be set.
    pub fn builder(codec: impl TokenCodec + 'static) -> TokensBuilder<C> {
        TokensBuilder {
            codec: Box::new(codec),
            issuer: None,
            audience: Vec::new(),
            typ: None,
            lifetime: Duration::minutes(15),
            random_ids: false,
            allow_anonymous: false,
            validator: Validator::new(),
            clock: Arc::new(SystemClock),
            custom: PhantomData,
        }
    }

    /// In Unix seconds, as all that follows.
    pub(super) fn now(&self) -> i64 {
        self.clock.unix_timestamp()
    }

    /// Judges what was verified before once more.
    pub(super) fn judge(&self, verified: &Verified<C>, now: i64) -> Result<()> {
        let outside = verified.envelope().outside();
        self.validator.judge(verified.registered(), &outside, now)
    }

    /// The codec, for what goes beyond issuing and verifying.
    #[must_use]
    pub fn codec(&self) -> &dyn TokenCodec {
        &*self.codec
    }
}

impl<C: Serialize> Tokens<C> {
    /// A token of `custom`, from now for the configured lifetime.
    ///
    /// # Errors
    /// [`InvalidClaims`](ErrorKind::InvalidClaims) where `custom` is no JSON object or sets a claim
    /// that is set here (`iss`, `aud`, `exp`, `iat`, `jti`); else as [`TokenCodec::encode_into`].
    pub fn issue(&self, custom: &C) -> Result<String> {
        self.issue_as(None, custom)
    }

    /// The same about `subject`, as the claim `sub`.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_for(&self, subject: &str, custom: &C) -> Result<String> {
        self.issue_as(Some(subject), custom)
    }

    fn issue_as(&self, subject: Option<&str>, custom: &C) -> Result<String> {
        let mut token = String::new();
        self.issue_into(subject, custom, &mut token)?;
        Ok(token)
    }

    /// The same into a buffer of one's own, behind what stands there: for a service that writes the
    /// token into an answer anyway.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_into(&self, subject: Option<&str>, custom: &C, out: &mut String) -> Result<()> {
        let mut signal = Signal::begin(Deed::Issue, self.issuer.as_deref());
        if Signal::IS_HEARD
            && let Some((format, kid)) = self.codec.writes_with()
        {
            signal.of(format.name(), kid.as_ref());
        }
        let issued = signal.within(|_| self.write(subject, custom, out));
        signal.end(issued.as_ref().err());
        issued
    }

    fn write(&self, subject: Option<&str>, custom: &C, out: &mut String) -> Result<()> {
        let now = self.now();
        let expires_at = now
            .checked_add(self.lifetime)
            .ok_or_else(|| Error::new(ErrorKind::InvalidLifetime, "it ends after time itself"))?;
        let id = if self.random_ids { Some(random_id()?) } else { None };
        let registered = Written {
            prepared: Some(&self.issuer_and_audience),
            iss: self.issuer.as_deref().map(str::as_bytes),
            sub: subject.map(str::as_bytes),
            aud: self.audience.as_ref(),
            exp: Some(expires_at),
            nbf: None,
            iat: Some(now),
            jti: id.as_deref().map(str::as_bytes),
        };
        let mut payload = Scratch::new();
        write(&registered, custom, &mut payload)?;
        let body = Body {
            payload: &payload,
            typ: Some(&self.typ),
            cty: None,
            issued_at: Some(now),
            expires_at: Some(expires_at),
        };
        self.codec.encode_into(&body, out)
    }
}

impl<C: DeserializeOwned> Tokens<C> {
    /// What `token` says, if it is authentic and policy accepts it.
    ///
    /// # Errors
    /// A token fault of any kind; [`bearer`](Error::bearer) is the answer to it.
    pub fn verify(&self, token: &str) -> Result<Verified<C>> {
        self.verify_in(token, &mut Vec::new())
    }

    /// The same with a buffer to work in, which saves an allocation to who keeps one. It is emptied
    /// first, and holds the token's payload afterwards.
    ///
    /// ```
    /// # use symbolon::{JwsCodec, NoCustom, Tokens};
    /// let tokens = Tokens::<NoCustom>::builder(JwsCodec::hs256(vec![7; 32])?).build()?;
    /// let mut buffer = Vec::new();
    /// for _ in 0..3 {
    ///     let token = tokens.issue(&NoCustom::default())?;
    ///     tokens.verify_in(&token, &mut buffer)?;
    /// }
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_in(&self, token: &str, buffer: &mut Vec<u8>) -> Result<Verified<C>> {
        self.verify_at(token, self.now(), buffer)
    }

    pub(super) fn verify_at(&self, token: &str, now: i64, buffer: &mut Vec<u8>) -> Result<Verified<C>> {
        let mut signal = Signal::begin(Deed::Verify, self.issuer.as_deref());
        let verified = signal.within(|signal| self.read(token, now, buffer, signal));
        signal.end(verified.as_ref().err());
        verified
    }

    fn read(
        &self,
        token: &str,
        now: i64,
        buffer: &mut Vec<u8>,
        signal: &mut Signal,
    ) -> Result<Verified<C>> {
        buffer.clear();
        let envelope = self.codec.decode_into(&RawToken::new(token), now, buffer)?;
        signal.of(envelope.format().name(), envelope.kid());
        // A ring may have changed since the codec was asked as a whole.
        if envelope.provenance() < self.weakest {
            return Err(anonymous_issuer());
        }
        let mut registered = Registered::default();
        let custom = read_claims(buffer, &mut registered)?;
        self.validator.judge(&registered, &envelope.outside(), now)?;
        accept(envelope, registered, custom, buffer)
    }
}

impl<C> fmt::Debug for Tokens<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("typ", &self.typ)
            .field("lifetime", &self.lifetime)
            .field("validator", &self.validator)
            .finish_non_exhaustive()
    }
}

/// 128 random bits: enough that no two tokens of an issuer share them.
pub(super) fn random_id() -> Result<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| ErrorKind::Randomness)?;
    Ok(base64url::encode(bytes))
}

fn anonymous_issuer() -> Error {
    Error::new(
        ErrorKind::AnonymousIssuer,
        "anyone with the public key can mint such tokens; where that is meant, call \
         allow_anonymous_issuer",
    )
}

/// Sets up [`Tokens`]. Each setting holds for both sides: what is issued, and what is verified.
#[must_use = "call build"]
pub struct TokensBuilder<C> {
    codec: Box<dyn TokenCodec>,
    issuer: Option<String>,
    audience: Vec<String>,
    typ: Option<String>,
    lifetime: Duration,
    random_ids: bool,
    allow_anonymous: bool,
    validator: Validator,
    clock: Arc<dyn Clock>,
    custom: PhantomData<fn(C) -> C>,
}

impl<C> TokensBuilder<C> {
    /// Who issues the tokens (`iss`): written, and demanded.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        let issuer = issuer.into();
        self.validator = self.validator.issuer(issuer.clone());
        self.issuer = Some(issuer);
        self
    }

    /// Whom the tokens are for (`aud`): written, and demanded. Called again, tokens are issued for
    /// all of them, and accepted for any.
    pub fn audience(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.validator = self.validator.audience(name.clone());
        self.audience.push(name);
        self
    }

    /// How long tokens are good for, in whole seconds; 15 minutes unless said otherwise.
    pub const fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// What kind of token it is (the header's `typ`), such as `at+jwt`: written, and demanded;
    /// `JWT` unless said otherwise, and then one without is accepted as well. JOSE formats only.
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        let typ = typ.into();
        self.validator = self.validator.typ(typ.clone());
        self.typ = Some(typ);
        self
    }

    /// Gives each token an identifier of 128 random bits (`jti`): what to revoke it by.
    pub const fn random_ids(mut self) -> Self {
        self.random_ids = true;
        self
    }

    /// Refines the policy of verifying: leeway, age, required claims, checks of one's own.
    ///
    /// ```
    /// # use symbolon::{JwsCodec, NoCustom, Tokens};
    /// # use time::{Duration, OffsetDateTime};
    /// # let codec = JwsCodec::hs256(vec![7; 32])?;
    /// let tokens = Tokens::<NoCustom>::builder(codec)
    ///     .policy(|validator| validator.leeway(Duration::seconds(5)).require("jti"))
    ///     .random_ids()
    ///     .build()?;
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn policy(mut self, refine: impl FnOnce(Validator) -> Validator) -> Self {
        self.validator = refine(self.validator);
        self
    }

    /// Takes the time from `clock` instead of the system, for issuing and verifying.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Accepts a format that hides content but names no issuer (Amora one, JWE to a public key):
    /// anyone with the public key can mint its tokens.
    pub const fn allow_anonymous_issuer(mut self) -> Self {
        self.allow_anonymous = true;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`InvalidLifetime`](ErrorKind::InvalidLifetime) under a second;
    /// [`AnonymousIssuer`](ErrorKind::AnonymousIssuer) for a format that names no issuer;
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) for a policy that contradicts itself.
    pub fn build(self) -> Result<Tokens<C>> {
        let lifetime = self.lifetime.whole_seconds();
        if lifetime < 1 {
            return Err(Error::new(ErrorKind::InvalidLifetime, "a token lives for a second or more"));
        }
        self.validator.check_settings()?;
        let weakest = if self.allow_anonymous { Provenance::Anyone } else { Provenance::SharedKey };
        if self.codec.provenance() < weakest {
            return Err(anonymous_issuer());
        }
        let audience = (!self.audience.is_empty()).then(|| Audience::from(self.audience));
        Ok(Tokens {
            codec: self.codec,
            issuer_and_audience: prepare(self.issuer.as_deref(), audience.as_ref())?,
            issuer: self.issuer,
            audience,
            typ: self.typ.unwrap_or_else(|| "JWT".to_owned()),
            lifetime,
            random_ids: self.random_ids,
            weakest,
            validator: self.validator,
            clock: self.clock,
            custom: PhantomData,
        })
    }
}

impl<C> fmt::Debug for TokensBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokensBuilder")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
