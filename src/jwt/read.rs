//! Claims from JSON: one strict pass yields what policy needs, then the user's type is read.

use serde::de::DeserializeOwned;

use super::numeric_date::{Round, from_json_number};
use super::{Audience, Name, Registered};
use crate::base::json::{self, Kind, Value};
use crate::error::{Error, ErrorKind, Result};

/// Checks the whole of `payload`, which must be a JSON object without doubtful parts, and takes the
/// registered claims out of it. A claim of a wrong type is an error, never as good as absent.
pub(crate) fn read_registered(payload: &str) -> Result<Registered> {
    let mut registered = Registered::default();
    let mut noted = Ok(());
    json::members_of(payload, |name, value| {
        // What is wrong with the JSON is told first, wherever it stands.
        if noted.is_ok() {
            noted = note(name, value, &mut registered);
        }
    })
    .map_err(|error| Error::new(ErrorKind::MalformedClaims, error.to_string()))?;
    noted.map(|()| registered)
}

/// Takes the claim `name`, if it is a registered one.
pub(super) fn note(name: &str, value: Value<'_>, to: &mut Registered) -> Result<()> {
    match name.as_bytes() {
        b"iss" => to.iss = Some(text("iss", value)?),
        b"sub" => to.sub = Some(text("sub", value)?),
        b"aud" => to.aud = Some(audience(value)?),
        b"exp" => to.exp = Some(moment("exp", value, Round::Down)?),
        b"nbf" => to.nbf = Some(moment("nbf", value, Round::Up)?),
        b"iat" => to.iat = Some(moment("iat", value, Round::Down)?),
        b"jti" => to.jti = Some(text("jti", value)?),
        _ => {}
    }
    Ok(())
}

/// The same of a value that was read already: a string without escapes. False where the claim is no
/// string.
pub(super) fn note_text(name: &str, text: &str, to: &mut Registered) -> bool {
    match name.as_bytes() {
        b"iss" => to.iss = Some(Name::new(text)),
        b"sub" => to.sub = Some(Name::new(text)),
        b"aud" => to.aud = Some(Audience::from(text)),
        b"jti" => to.jti = Some(Name::new(text)),
        b"exp" | b"nbf" | b"iat" => return false,
        _ => {}
    }
    true
}

/// The same of a whole number. False where the claim is no number.
pub(super) fn note_seconds(name: &str, seconds: i64, to: &mut Registered) -> bool {
    match name.as_bytes() {
        b"exp" => to.exp = Some(seconds),
        b"nbf" => to.nbf = Some(seconds),
        b"iat" => to.iat = Some(seconds),
        b"iss" | b"sub" | b"aud" | b"jti" => return false,
        _ => {}
    }
    true
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

fn text(claim: &str, value: Value<'_>) -> Result<Name> {
    value.as_str().map(|text| Name::new(&text)).ok_or_else(|| wrong_type(claim, "a string"))
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
