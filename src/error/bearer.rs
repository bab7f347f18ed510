//! What an HTTP service answers to an error: RFC 6750 §3.

use super::{Error, ErrorKind, Fault};

/// Status, error code and challenge of RFC 6750 for one [`Error`].
///
/// ```
/// use symbolon::{Error, ErrorKind};
///
/// let answer = Error::from(ErrorKind::Expired).bearer();
/// assert_eq!(answer.status(), 401);
/// assert_eq!(answer.www_authenticate(), Some(r#"Bearer error="invalid_token""#));
/// assert_eq!(Error::from(ErrorKind::InsufficientScope).bearer().status(), 403);
/// assert_eq!(Error::from(ErrorKind::NoKey).bearer().www_authenticate(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BearerAnswer {
    status: u16,
    error: Option<&'static str>,
    challenge: Option<&'static str>,
}

impl BearerAnswer {
    /// The HTTP status: 401, 403, 500 or 503.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The `error` of RFC 6750 §3.1: `invalid_token` or `insufficient_scope`; none where the token
    /// is not to blame.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        self.error
    }

    /// The value of the `WWW-Authenticate` header, where one is due.
    #[must_use]
    pub const fn www_authenticate(&self) -> Option<&'static str> {
        self.challenge
    }
}

impl Error {
    /// The answer that RFC 6750 §3 asks for. It tells a client no more than that: every token fault,
    /// a malformed one too, is 401 `invalid_token`.
    #[must_use]
    pub const fn bearer(&self) -> BearerAnswer {
        match (self.kind(), self.fault()) {
            (ErrorKind::InsufficientScope, _) => BearerAnswer {
                status: 403,
                error: Some("insufficient_scope"),
                challenge: Some(r#"Bearer error="insufficient_scope""#),
            },
            (_, Fault::Token) => BearerAnswer {
                status: 401,
                error: Some("invalid_token"),
                challenge: Some(r#"Bearer error="invalid_token""#),
            },
            (_, Fault::Caller) => BearerAnswer { status: 500, error: None, challenge: None },
            (_, Fault::Environment) => BearerAnswer { status: 503, error: None, challenge: None },
        }
    }
}
