//! Refresh tokens that are exchanged at each use; one that comes back ends its whole family
//! (RFC 9700 §4.14.2).

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::Duration;

use super::tokens::random_id;
use super::{TokenCodec, Tokens, TokensBuilder, Verified};
use crate::base::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::Revocations;

/// Issues refresh tokens, and exchanges each for the next one, once.
///
/// All that descend from one log-in are a family. Where a token comes back that was exchanged
/// already, a thief has a copy or the thief was first: nobody can tell, so the family is revoked and
/// its holder has to log in again. A client that lost the answer and asks again does the same to
/// itself.
///
/// A family ends at the latest when its lifetime is over, however often it was renewed. Tokens are
/// made for an audience of their own, so that no [`Validator`](crate::Validator) takes one for an
/// access token. Whatever is revoked by subject is revoked here as well.
///
/// ```
/// use symbolon::{JwsCodec, NoCustom, RefreshTokens, Revocations};
/// use time::Duration;
///
/// let refresh = RefreshTokens::<NoCustom>::builder(JwsCodec::hs256(vec![7; 32])?, Revocations::in_memory())
///     .issuer("https://id.example")
///     .lifetime(Duration::days(14))
///     .family_lifetime(Duration::days(90))
///     .build()?;
///
/// let first = refresh.issue("user-7", &NoCustom::default())?;
/// let renewed = refresh.rotate(&first)?;
/// assert_eq!(renewed.verified().registered().subject(), Some("user-7"));
///
/// assert_eq!(refresh.rotate(&first).unwrap_err().code(), "token_replayed");
/// assert_eq!(refresh.rotate(renewed.token()).unwrap_err().code(), "token_revoked");
/// # Ok::<(), symbolon::Error>(())
/// ```
pub struct RefreshTokens<C> {
    tokens: Tokens<Family<C>>,
    revocations: Revocations,
    family_lifetime: i64,
    clock: Arc<dyn Clock>,
}

/// What a refresh token says besides the registered claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Family<C> {
    /// Which one it is of.
    fam: String,
    /// When that ends, in Unix seconds.
    fam_exp: i64,
    /// Apart from the others, so that a type which takes any claim takes none of these.
    custom: C,
}

/// What became of a refresh token: what it said, and the next one.
#[derive(Clone)]
#[must_use = "the old token is good no longer"]
pub struct Renewed<C> {
    verified: Verified<C>,
    token: String,
}

impl<C> Renewed<C> {
    /// What the token said that was exchanged: for whom to issue an access token.
    #[must_use]
    pub const fn verified(&self) -> &Verified<C> {
        &self.verified
    }

    /// The next refresh token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The next refresh token, by value.
    #[must_use]
    pub fn into_token(self) -> String {
        self.token
    }
}

impl<C> fmt::Debug for Renewed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Renewed")
    }
}

impl<C> RefreshTokens<C> {
    /// Begins with the format of the tokens, and what remembers which were used.
    pub fn builder(
        codec: impl TokenCodec + 'static,
        revocations: impl Into<Revocations>,
    ) -> RefreshTokensBuilder<C> {
        RefreshTokensBuilder {
            tokens: Tokens::builder(codec),
            revocations: revocations.into(),
            issuer: None,
            lifetime: Duration::days(14),
            family_lifetime: Duration::days(90),
            clock: Arc::new(SystemClock),
        }
    }
}

impl<C: Serialize + DeserializeOwned + Clone> RefreshTokens<C> {
    /// The first token of a new family, about `subject`: after a log-in.
    ///
    /// # Errors
    /// As [`Tokens::issue_for`].
    pub fn issue(&self, subject: &str, custom: &C) -> Result<String> {
        let now = self.clock.unix_timestamp();
        let family = Family {
            fam: random_id()?,
            fam_exp: now.saturating_add(self.family_lifetime),
            custom: custom.clone(),
        };
        self.tokens.issue_for(subject, &family)
    }

    /// What `token` says, without exchanging it: for what has to be asked first, such as whether the
    /// request was forged. It lets nobody in: it may have been exchanged already, which only
    /// [`rotate`](Self::rotate) tells.
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate), but for [`Replayed`](ErrorKind::Replayed).
    pub fn verify(&self, token: &str) -> Result<Verified<C>> {
        Ok(self.read(token)?.map(|family| family.custom))
    }

    /// Of a family that is neither over nor revoked.
    fn read(&self, token: &str) -> Result<Verified<Family<C>>> {
        let verified = self.tokens.verify(token)?;
        let Family { fam, fam_exp, .. } = verified.custom();
        if self.clock.unix_timestamp() >= *fam_exp {
            return Err(ErrorKind::Expired.into());
        }
        self.revocations.check_family(verified.registered().issuer(), fam)?;
        Ok(verified)
    }

    /// Exchanges `token` for the next one of its family.
    ///
    /// # Errors
    /// [`Replayed`](ErrorKind::Replayed) where it was exchanged before: its family is revoked now;
    /// [`Revoked`](ErrorKind::Revoked) where that was so already; [`Expired`](ErrorKind::Expired)
    /// where its own time or the family's is over;
    /// [`RevocationUnknown`](ErrorKind::RevocationUnknown) where the store cannot answer; else as
    /// [`Tokens::verify`].
    pub fn rotate(&self, token: &str) -> Result<Renewed<C>> {
        let verified = self.read(token)?;
        let (issuer, Family { fam, fam_exp, .. }) = (verified.registered().issuer(), verified.custom());
        // Made first, so that no failure of ours costs the holder the family.
        let subject = verified.registered().subject();
        let subject = subject.ok_or_else(|| Error::new(ErrorKind::MissingClaim, "`sub`"))?;
        let next = self.tokens.issue_for(subject, verified.custom())?;
        match self.revocations.use_once(&verified.registered().bearings(None)) {
            Ok(()) => Ok(Renewed { verified: verified.map(|family| family.custom), token: next }),
            Err(error) if error.kind() == ErrorKind::Replayed => {
                self.revocations.revoke_family(issuer, fam, *fam_exp)?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Revokes the family of `token`, used or not: a log-out.
    ///
    /// # Errors
    /// [`RevocationUnknown`](ErrorKind::RevocationUnknown) where the store cannot take it; else as
    /// [`Tokens::verify`], of a token that is good no longer.
    pub fn revoke(&self, token: &str) -> Result<()> {
        let verified = self.tokens.verify(token)?;
        let Family { fam, fam_exp, .. } = verified.custom();
        self.revocations.revoke_family(verified.registered().issuer(), fam, *fam_exp)
    }
}

impl<C> fmt::Debug for RefreshTokens<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens")
            .field("tokens", &self.tokens)
            .field("family_lifetime", &self.family_lifetime)
            .finish_non_exhaustive()
    }
}

/// Sets up [`RefreshTokens`].
#[must_use = "call build"]
pub struct RefreshTokensBuilder<C> {
    tokens: TokensBuilder<Family<C>>,
    revocations: Revocations,
    issuer: Option<String>,
    lifetime: Duration,
    family_lifetime: Duration,
    clock: Arc<dyn Clock>,
}

impl<C> RefreshTokensBuilder<C> {
    /// Who issues the tokens (`iss`): written, and demanded. It is also the only one they are for.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// How long one token is good for: how long its holder may stay away; 14 days unless said
    /// otherwise.
    pub const fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// How long a family lasts at the most: how often its holder has to log in; 90 days unless said
    /// otherwise.
    pub const fn family_lifetime(mut self, lifetime: Duration) -> Self {
        self.family_lifetime = lifetime;
        self
    }

    /// Takes the time from `clock` instead of the system.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`InvalidSetting`](ErrorKind::InvalidSetting) without an issuer, or for a family that lasts
    /// less than a second; else as [`TokensBuilder::build`].
    pub fn build(self) -> Result<RefreshTokens<C>> {
        let invalid = |why| Error::new(ErrorKind::InvalidSetting, why);
        let issuer = self.issuer.ok_or_else(|| invalid("refresh tokens need an issuer"))?;
        let family_lifetime = self.family_lifetime.whole_seconds();
        if family_lifetime < 1 {
            return Err(invalid("a family lasts for a second or more"));
        }
        let revocations = self.revocations;
        let tokens = self
            .tokens
            .audience(format!("{issuer}#refresh"))
            .issuer(issuer)
            .lifetime(self.lifetime)
            .random_ids()
            .clock(Arc::clone(&self.clock))
            .policy(|validator| validator.require("jti").require("sub").unless_revoked(&revocations))
            .build()?;
        Ok(RefreshTokens { tokens, revocations, family_lifetime, clock: self.clock })
    }
}

impl<C> fmt::Debug for RefreshTokensBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokensBuilder").field("tokens", &self.tokens).finish_non_exhaustive()
    }
}
