//! A token in a cookie (RFC 6265 §4.2, §5.4).

use super::authorization::token_in;
use super::invalid;
use crate::error::{ErrorKind, Result};

/// The token in the cookie `name` of a request's `Cookie` headers.
///
/// A cookie that is there twice is refused: a neighbour below the same domain can set one of the same
/// name, and nobody can tell which is which. A name that begins with `__Host-` keeps neighbours from
/// that. Browsers send cookies along by themselves: guard what they may do against forged requests
/// (`SameSite`, a token of its own).
///
/// ```
/// use symbolon::bearer::from_cookie;
///
/// assert_eq!(from_cookie(["theme=dark; __Host-session=a.b.c"], "__Host-session")?, "a.b.c");
/// # Ok::<(), symbolon::Error>(())
/// ```
///
/// # Errors
/// [`MissingToken`](ErrorKind::MissingToken) without the cookie, or where it is empty;
/// [`InvalidRequest`](ErrorKind::InvalidRequest) where it is there twice, or is no token by its letters.
pub fn from_cookie<'h, V: AsRef<[u8]> + ?Sized + 'h>(
    values: impl IntoIterator<Item = &'h V>,
    name: &str,
) -> Result<&'h str> {
    let pairs = values.into_iter().flat_map(|value| value.as_ref().split(|byte| *byte == b';'));
    let mut found = pairs.filter_map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let own = halves.next()?.trim_ascii();
        let value = halves.next()?.trim_ascii();
        (own == name.as_bytes()).then_some(value)
    });
    let value = found.next().ok_or(ErrorKind::MissingToken)?;
    if found.next().is_some() {
        return Err(invalid("the cookie is there twice"));
    }
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    match quoted.unwrap_or(value) {
        // How a server takes a cookie back.
        [] => Err(ErrorKind::MissingToken.into()),
        token => token_in(token),
    }
}
