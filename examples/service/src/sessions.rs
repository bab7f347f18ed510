//! A session: an access token for minutes, a refresh token for days, and the value that proves that a
//! request comes from our own page.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use symbolon::bearer::Scope;
use symbolon::{
    Clock, Error, ErrorKind, Fault, JwsCodec, RefreshTokens, Revocations, SealedCodec, Tokens,
};

use crate::config::Lifetimes;
use crate::keys::Keys;
use crate::origin::Origin;

/// What an access token says besides who it is about.
#[derive(Serialize, Deserialize)]
pub struct Access {
    pub scope: Scope,
    pub csrf: String,
}

/// What a refresh token says: rights are looked up anew at each exchange.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    pub csrf: String,
}

/// What a browser is given.
pub struct Session {
    pub access: String,
    pub refresh: String,
    pub csrf: String,
}

pub struct Sessions {
    access: Arc<Tokens<Access>>,
    refresh: RefreshTokens<Kept>,
    revocations: Revocations,
    issuer: String,
    lifetimes: Lifetimes,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    /// # Errors
    /// Where lifetimes contradict each other.
    pub fn new(
        keys: &Keys,
        revocations: Revocations,
        origin: &Origin,
        lifetimes: Lifetimes,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let issuer = origin.as_str();
        let access = Tokens::builder(JwsCodec::new(keys.signing.keys()))
            .issuer(issuer)
            .audience(issuer)
            .lifetime(lifetimes.access)
            .random_ids()
            .clock(Arc::clone(&clock))
            .policy(|validator| validator.require("sub").unless_revoked(&revocations))
            .build()?;
        let refresh = RefreshTokens::builder(SealedCodec::new(keys.sealing.keys()), &revocations)
            .issuer(issuer)
            .lifetime(lifetimes.refresh)
            .family_lifetime(lifetimes.session)
            .clock(Arc::clone(&clock))
            .build()?;
        let issuer = issuer.to_owned();
        Ok(Self { access: Arc::new(access), refresh, revocations, issuer, lifetimes, clock })
    }

    /// The access tokens, for the layer that demands one.
    pub const fn access(&self) -> &Arc<Tokens<Access>> {
        &self.access
    }

    pub const fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// A new one, after a log-in.
    ///
    /// # Errors
    /// Where a key fails.
    pub fn begin(&self, user: &str, scope: Scope) -> Result<Session, Error> {
        let csrf = crate::random::text()?;
        let refresh = self.refresh.issue(user, &Kept { csrf: csrf.clone() })?;
        let access = self.access.issue_for(user, &Access { scope, csrf: csrf.clone() })?;
        Ok(Session { access, refresh, csrf })
    }

    /// The value that a request about a session has to bring, as its tokens say; none where neither is
    /// good any more.
    ///
    /// # Errors
    /// Where the store of revocations does not answer.
    pub fn due(&self, refresh: Option<&str>, access: Option<&str>) -> Result<Option<String>, Error> {
        let kept =
            refresh.map(|refresh| self.refresh.verify(refresh).map(|kept| kept.into_custom().csrf));
        let access =
            access.map(|access| self.access.verify(access).map(|access| access.into_custom().csrf));
        for told in [kept, access].into_iter().flatten() {
            match told {
                Ok(due) => return Ok(Some(due)),
                Err(error) if error.fault() == Fault::Token => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The next tokens of a session, with the rights that its user has by now.
    ///
    /// A refresh token that comes back was copied, and nobody can tell who is the thief. Its family
    /// ends by itself; what access tokens the thief was given meanwhile is unknown, so that all of the
    /// user's sessions end with it.
    ///
    /// # Errors
    /// Those of `allowed`; as [`RefreshTokens::rotate`]; [`Refused`](ErrorKind::Refused) where the user
    /// is no more.
    pub fn renew<E: From<Error>>(
        &self,
        refresh: &str,
        allowed: impl FnOnce(&Kept) -> Result<(), E>,
        rights: impl FnOnce(&str) -> Option<Scope>,
    ) -> Result<Session, E> {
        let seen = self.refresh.verify(refresh)?;
        allowed(seen.custom())?;
        let user = seen.registered().subject().unwrap_or_default();
        let Some(scope) = rights(user) else {
            self.refresh.revoke(refresh)?;
            return Err(Error::new(ErrorKind::Refused, "the user is no more").into());
        };
        let renewed = match self.refresh.rotate(refresh) {
            Err(error) if error.kind() == ErrorKind::Replayed => {
                tracing::warn!(user, "a refresh token came back: all sessions of its user end");
                self.end_all(user)?;
                return Err(error.into());
            }
            renewed => renewed?,
        };
        let csrf = renewed.verified().custom().csrf.clone();
        let access = self.access.issue_for(user, &Access { scope, csrf: csrf.clone() })?;
        Ok(Session { access, refresh: renewed.into_token(), csrf })
    }

    /// Ends a session: its refresh tokens, and the access token that came along. Tokens that are good
    /// no longer need no end.
    ///
    /// # Errors
    /// Where the store of revocations does not take it: the session goes on.
    pub fn end(&self, refresh: Option<&str>, access: Option<&str>) -> Result<(), Error> {
        if let Some(refresh) = refresh {
            unless_bad(self.refresh.revoke(refresh))?;
        }
        if let Some(verified) = access.map(|access| self.access.verify(access)) {
            unless_bad(verified.and_then(|verified| {
                let claims = verified.registered();
                let id = claims.id().ok_or(ErrorKind::MissingClaim)?;
                self.revocations.revoke(claims.issuer(), id, claims.expires_at())
            }))?;
        }
        Ok(())
    }

    /// Ends all sessions of a user: what was issued up to now. What is issued within the same second
    /// is refused as well. Instances whose clocks differ by more than that need a later moment here.
    ///
    /// # Errors
    /// As [`end`](Self::end).
    pub fn end_all(&self, user: &str) -> Result<(), Error> {
        let now = self.clock.now();
        let last = now + self.lifetimes.access.max(self.lifetimes.refresh);
        self.revocations.revoke_subject(Some(&self.issuer), user, now, Some(last))
    }
}

fn unless_bad(ended: Result<(), Error>) -> Result<(), Error> {
    match ended {
        Err(error) if error.fault() == Fault::Token => Ok(()),
        ended => ended,
    }
}
