//! Claims from JSON: one strict pass yields what policy needs, then the user's type is read.

use serde::de::DeserializeOwned;

use super::numeric_date::{Round, from_json_number};
use super::{Audience, Registered};
use crate::base::json::{self, Kind, Value};
use crate::error::{Error, ErrorKind, Result};

/// Checks the whole of `payload`, which must be a JSON object without doubtful parts, and takes the
/// registered claims out of it. A claim of a wrong type is an error, never as good as absent.
pub(crate) fn read_registered(payload: &str) -> Result<Registered> {
    let [mut iss, mut sub, mut aud, mut exp, mut nbf, mut iat, mut jti] =
        [None; Registered::NAMES.len()];
    json::members_of(payload, |name, value| {
        let place = match name.as_bytes() {
            b"iss" => &mut iss,
            b"sub" => &mut sub,
            b"aud" => &mut aud,
            b"exp" => &mut exp,
            b"nbf" => &mut nbf,
            b"iat" => &mut iat,
            b"jti" => &mut jti,
            _ => return,
        };
        *place = Some(value);
    })
    .map_err(|error| Error::new(ErrorKind::MalformedClaims, error.to_string()))?;

    Ok(Registered {
        iss: iss.map(|value| text("iss", value)).transpose()?,
        sub: sub.map(|value| text("sub", value)).transpose()?,
        aud: aud.map(audience).transpose()?,
        exp: exp.map(|value| moment("exp", value, Round::Down)).transpose()?,
        nbf: nbf.map(|value| moment("nbf", value, Round::Up)).transpose()?,
        iat: iat.map(|value| moment("iat", value, Round::Down)).transpose()?,
        jti: jti.map(|value| text("jti", value)).transpose()?,
    })
}

/// The user's type, from the whole object.
pub(crate) fn read_custom<C: DeserializeOwned>(payload: &str) -> Result<C> {
    // What serde says of an unfitting value may quote it, so only the place is told.
    serde_json::from_str(payload).map_err(|error| {
        Error::new(
            ErrorKind::MalformedClaims,
            format!(
                "they do not fit the type they are read into, at line {} column {}",
                error.line(),
                error.column()
            ),
        )
    })
}

fn wrong_type(claim: &str, due: &str) -> Error {
    Error::new(ErrorKind::MalformedClaims, format!("`{claim}` is not {due}"))
}

fn text(claim: &str, value: Value<'_>) -> Result<String> {
    value.as_str().map(Into::into).ok_or_else(|| wrong_type(claim, "a string"))
}

fn moment(claim: &str, value: Value<'_>, round: Round) -> Result<i64> {
    let number = (value.kind == Kind::Number).then(|| from_json_number(value.raw, round));
    number.flatten().ok_or_else(|| wrong_type(claim, "a number"))
}

fn audience(value: Value<'_>) -> Result<Audience> {
    let due = || wrong_type("aud", "a string or an array of strings");
    if let Some(name) = value.as_str() {
        return Ok(Audience::from(&*name));
    }
    let names = value.as_array().ok_or_else(due)?;
    names.into_iter().map(|name| name.as_str().ok_or_else(due)).collect()
}
