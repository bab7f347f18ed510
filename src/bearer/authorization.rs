//! The header `Authorization: Bearer …` (RFC 6750 §2.1).

use super::invalid;
use crate::error::{ErrorKind, Result};

/// The token of a request's `Authorization` headers, of which there should be one.
///
/// Give it all the values that the request has under this name: a second one, of which another
/// program on the way may have seen only the first, is refused.
///
/// ```
/// use symbolon::{ErrorKind, bearer::from_authorization};
///
/// assert_eq!(from_authorization(["Bearer a.b.c"])?, "a.b.c");
/// assert_eq!(from_authorization([b"bearer a.b.c"])?, "a.b.c");
/// let none: [&str; 0] = [];
/// assert_eq!(from_authorization(none).unwrap_err().kind(), ErrorKind::MissingToken);
/// # Ok::<(), symbolon::Error>(())
/// ```
///
/// # Errors
/// [`MissingToken`](ErrorKind::MissingToken) without the header, or for another scheme than `Bearer`;
/// [`InvalidRequest`](ErrorKind::InvalidRequest) for several, and for what is no token by its letters.
pub fn from_authorization<'h, V: AsRef<[u8]> + ?Sized + 'h>(
    values: impl IntoIterator<Item = &'h V>,
) -> Result<&'h str> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(ErrorKind::MissingToken)?.as_ref();
    if values.next().is_some() {
        return Err(invalid("there are several Authorization headers"));
    }
    let value = value.trim_ascii();
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, token) = value.split_at_checked(end).unwrap_or((value, &[]));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(ErrorKind::MissingToken.into());
    }
    token_in(token.trim_ascii())
}

/// `b64token` of RFC 6750 §2.1, which each format here fits in.
pub(super) fn token_in(bytes: &[u8]) -> Result<&str> {
    let body = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    let (body, padding) = bytes.split_at_checked(body).unwrap_or((bytes, &[]));
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    if body.is_empty() || !body.iter().all(letter) || !padding.iter().all(|byte| *byte == b'=') {
        return Err(invalid("it is no bearer token"));
    }
    std::str::from_utf8(bytes).map_err(|_| invalid("it is no bearer token"))
}
