//! What an HTTP service answers to an error: RFC 6750 §3, with a body of RFC 9457.

use super::{Error, ErrorKind, Fault};

/// Status, error code, challenge and body of the answer to one [`Error`].
///
/// ```
/// use symbolon::{Error, ErrorKind};
///
/// let answer = Error::from(ErrorKind::Expired).bearer();
/// assert_eq!(answer.status(), 401);
/// assert_eq!(answer.www_authenticate(), Some(r#"Bearer error="invalid_token""#));
/// assert_eq!(answer.body(), r#"{"title":"Unauthorized","status":401,"code":"token_expired"}"#);
/// assert_eq!(Error::from(ErrorKind::InsufficientScope).bearer().status(), 403);
/// assert_eq!(Error::from(ErrorKind::NoKey).bearer().www_authenticate(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BearerAnswer {
    status: u16,
    code: &'static str,
    error: Option<&'static str>,
    challenge: Option<&'static str>,
    body: &'static str,
}

impl BearerAnswer {
    /// The `Content-Type` of the body (RFC 9457 §3).
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    /// The HTTP status: 400, 401, 403, 500 or 503.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// A stable word for clients: `missing_token`, `invalid_request`, `token_expired`,
    /// `invalid_token`, `insufficient_scope`, `server_error` or `temporarily_unavailable`. What is
    /// wrong with a token it tells only where a client can mend it: get another one.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The `error` of RFC 6750 §3.1: `invalid_request`, `invalid_token` or `insufficient_scope`; none
    /// where no token was sent, or it is not to blame.
    #[must_use]
    pub const fn error(&self) -> Option<&'static str> {
        self.error
    }

    /// The value of the `WWW-Authenticate` header, where one is due.
    #[must_use]
    pub const fn www_authenticate(&self) -> Option<&'static str> {
        self.challenge
    }

    /// The same with the `realm` that is protected, and the `scope` that is wanted. What cannot
    /// stand in a quoted string is left out of them.
    ///
    /// ```
    /// use symbolon::{Error, ErrorKind};
    ///
    /// let answer = Error::from(ErrorKind::InsufficientScope).bearer();
    /// assert_eq!(
    ///     answer.challenge(Some("shop"), Some("orders:write")).unwrap(),
    ///     r#"Bearer realm="shop", error="insufficient_scope", scope="orders:write""#
    /// );
    /// ```
    #[must_use]
    pub fn challenge(&self, realm: Option<&str>, scope: Option<&str>) -> Option<String> {
        self.challenge?;
        let mut out = String::from("Bearer");
        let mut separator = " ";
        for (name, value) in [("realm", realm), ("error", self.error), ("scope", scope)] {
            let Some(value) = value else { continue };
            out.push_str(separator);
            out.push_str(name);
            out.push_str("=\"");
            for letter in value.chars().filter(|letter| matches!(letter, ' '..='~')) {
                if matches!(letter, '"' | '\\') {
                    out.push('\\');
                }
                out.push(letter);
            }
            out.push('"');
            separator = ", ";
        }
        Some(out)
    }

    /// A JSON body (RFC 9457): title, status and [`code`](Self::code), and nothing that only concerns
    /// the service. The details are for its log.
    #[must_use]
    pub const fn body(&self) -> &'static str {
        self.body
    }
}

/// One row an answer; the challenge follows from the error.
macro_rules! answer {
    ($status:literal, $title:literal, $code:literal, $error:expr, $challenge:expr) => {
        BearerAnswer {
            status: $status,
            code: $code,
            error: $error,
            challenge: $challenge,
            body: concat!(
                r#"{"title":""#,
                $title,
                r#"","status":"#,
                $status,
                r#","code":""#,
                $code,
                r#""}"#
            ),
        }
    };
    ($status:literal, $title:literal, $code:literal) => {
        answer!($status, $title, $code, None, None)
    };
    ($status:literal, $title:literal, $code:literal, $error:literal) => {
        answer!($status, $title, $code, Some($error), Some(concat!(r#"Bearer error=""#, $error, r#"""#)))
    };
}

impl Error {
    /// The answer that RFC 6750 §3 asks for. It tells a client no more than that, and whether its
    /// token has expired: every other token fault, a malformed one too, is 401 `invalid_token`.
    #[must_use]
    pub const fn bearer(&self) -> BearerAnswer {
        match (self.kind(), self.fault()) {
            (ErrorKind::MissingToken, _) => {
                answer!(401, "Unauthorized", "missing_token", None, Some("Bearer"))
            }
            (ErrorKind::InvalidRequest, _) => {
                answer!(400, "Bad Request", "invalid_request", "invalid_request")
            }
            (ErrorKind::InsufficientScope, _) => {
                answer!(403, "Forbidden", "insufficient_scope", "insufficient_scope")
            }
            (ErrorKind::Expired, _) => answer!(401, "Unauthorized", "token_expired", "invalid_token"),
            (_, Fault::Token) => answer!(401, "Unauthorized", "invalid_token", "invalid_token"),
            (_, Fault::Caller) => answer!(500, "Internal Server Error", "server_error"),
            (_, Fault::Environment) => {
                answer!(503, "Service Unavailable", "temporarily_unavailable")
            }
        }
    }
}
