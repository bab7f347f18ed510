//! The cookies. Their names begin with `__Host-`: browsers take them over TLS alone (or from localhost),
//! for this host alone, and no neighbour below the same domain can set one.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::AppendHeaders;
use symbolon::{Error, ErrorKind, bearer};
use time::Duration;

use crate::sessions::{Session, Sessions};

pub const ACCESS: &str = "__Host-access";
pub const REFRESH: &str = "__Host-refresh";
/// The one that the page reads, to send it back as a header.
pub const CSRF: &str = "__Host-csrf";

type Cookies = AppendHeaders<[(header::HeaderName, HeaderValue); 3]>;

/// Has the browser keep a session.
///
/// # Errors
/// None: tokens are plain letters.
pub fn keep(session: &Session, sessions: &Sessions) -> Result<Cookies, Error> {
    let lifetimes = sessions.lifetimes();
    Ok(AppendHeaders([
        cookie(ACCESS, &session.access, lifetimes.access, "; HttpOnly")?,
        cookie(REFRESH, &session.refresh, lifetimes.refresh, "; HttpOnly")?,
        cookie(CSRF, &session.csrf, lifetimes.refresh, "")?,
    ]))
}

/// Has the browser forget it.
///
/// # Errors
/// None.
pub fn forget() -> Result<Cookies, Error> {
    Ok(AppendHeaders([
        cookie(ACCESS, "", Duration::ZERO, "; HttpOnly")?,
        cookie(REFRESH, "", Duration::ZERO, "; HttpOnly")?,
        cookie(CSRF, "", Duration::ZERO, "")?,
    ]))
}

/// The token in the cookie `name`.
///
/// # Errors
/// As [`bearer::from_cookie`].
pub fn token<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, Error> {
    bearer::from_cookie(headers.get_all(header::COOKIE), name)
}

fn cookie(
    name: &str,
    value: &str,
    lifetime: Duration,
    more: &str,
) -> Result<(header::HeaderName, HeaderValue), Error> {
    let seconds = lifetime.whole_seconds();
    let text = format!("{name}={value}; Max-Age={seconds}; Path=/; Secure; SameSite=Strict{more}");
    let mut value = HeaderValue::try_from(text).map_err(|_| ErrorKind::InvalidSetting)?;
    value.set_sensitive(true);
    Ok((header::SET_COOKIE, value))
}
