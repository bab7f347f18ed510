//! The JOSE header (RFC 7515 §4): what is read of it, and how it is written.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::SerializeMap;

use crate::base::json::{self, Value};
use crate::base::object::{self, Fixed};
use crate::base::{KeyId, Limits, base64url};
use crate::error::{Error, ErrorKind, Result};

/// Header parameters that are this crate's to write. Those that only inform, such as `x5c` or
/// `jwk`, are left to the user; nothing here reads them.
pub(crate) const OURS: [&str; 15] = [
    "alg", "kid", "typ", "cty", "crit", "b64", "enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s",
    "p2c",
];

/// The parameters of a protected header that decide anything.
#[derive(Debug)]
pub(crate) struct Header<'h> {
    pub(crate) alg: Cow<'h, str>,
    pub(crate) kid: Option<Cow<'h, str>>,
    pub(crate) typ: Option<Cow<'h, str>>,
    pub(crate) cty: Option<Cow<'h, str>>,
}

impl<'h> Header<'h> {
    /// Reads the JSON text of a JWS header. `jwk`, `jku`, `x5c` and `x5u` are inert: a key that a
    /// token brings along is nobody's.
    pub(crate) fn parse(text: &'h [u8]) -> Result<Self> {
        let [mut alg, mut kid, mut typ, mut cty, mut crit, mut b64] = [None; 6];
        let mut is_jwe = false;
        json::members(text, |name, value| match &**name {
            "alg" => alg = Some(value),
            "kid" => kid = Some(value),
            "typ" => typ = Some(value),
            "cty" => cty = Some(value),
            "crit" => crit = Some(value),
            "b64" => b64 = Some(value),
            "enc" => is_jwe = true,
            _ => {}
        })
        .map_err(|error| malformed(format!("in the header: {error}")))?;
        if is_jwe {
            return Err(malformed("the header is that of an encrypted token"));
        }
        if let Some(crit) = crit {
            check_critical(crit, b64.is_some())?;
        }
        // RFC 7797 §6: a reader that does not expect a payload that is not encoded must refuse it.
        match b64.map(|value| value.as_bool()) {
            None | Some(Some(true)) => {}
            Some(Some(false)) => {
                return Err(Error::new(
                    ErrorKind::UnsupportedHeader,
                    "payloads that are not base64url-encoded (`b64`: false) are not read here",
                ));
            }
            Some(None) => return Err(malformed("`b64` in the header is not a boolean")),
        }
        let text = |name: &str, value: Option<Value<'h>>| match value {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text)),
                None => Err(malformed(format!("`{name}` in the header is not a string"))),
            },
        };
        let header = Self {
            alg: text("alg", alg)?.ok_or_else(|| malformed("the header has no `alg`"))?,
            kid: text("kid", kid)?,
            typ: text("typ", typ)?,
            cty: text("cty", cty)?,
        };
        if header.kid.as_ref().is_some_and(|kid| kid.len() > KeyId::MAX_LEN) {
            return Err(Error::new(ErrorKind::TooLarge, "`kid` has more than 256 bytes"));
        }
        Ok(header)
    }
}

/// Judges `crit` (RFC 7515 §4.1.11): a list that is not empty, of names that stand in the header
/// and are understood. One extension is: RFC 7797's `b64`.
fn check_critical(crit: Value<'_>, has_b64: bool) -> Result<()> {
    let names = crit.as_array().ok_or_else(|| malformed("`crit` in the header is not a list"))?;
    match &*names {
        [] => Err(malformed("`crit` in the header is empty")),
        [name] if has_b64 && name.as_str().as_deref() == Some("b64") => Ok(()),
        _ => Err(Error::new(
            ErrorKind::UnsupportedHeader,
            "`crit` names a parameter that is absent, named twice or not understood",
        )),
    }
}

fn malformed(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Malformed, detail)
}

/// Refuses the header part `encoded` where it is beyond `limits`.
pub(crate) fn check_header_len(encoded: &str, limits: &Limits) -> Result<()> {
    if encoded.len() > base64url::encoded_len(limits.max_header_len()) {
        return Err(Error::new(ErrorKind::TooLarge, "the header"));
    }
    Ok(())
}

/// The JSON text of the header part `encoded`, within `limits`.
pub(crate) fn decode_header(encoded: &str, limits: &Limits) -> Result<Vec<u8>> {
    check_header_len(encoded, limits)?;
    base64url::decode(encoded).map_err(|_| malformed("the header is not base64url"))
}

/// The user's own header parameters out of a header's JSON text.
pub(crate) fn read_custom<H: DeserializeOwned>(text: &[u8]) -> Result<H> {
    serde_json::from_slice(text).map_err(|error| {
        malformed(format!(
            "the header does not fit the type it is read into, at column {}",
            error.column()
        ))
    })
}

/// The header parameters that this crate writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'h> {
    pub(crate) alg: &'h str,
    pub(crate) kid: Option<&'h str>,
    pub(crate) typ: Option<&'h str>,
    pub(crate) cty: Option<&'h str>,
}

impl Fixed for Written<'_> {
    fn write<M: SerializeMap>(&self, to: &mut M) -> Result<(), M::Error> {
        to.serialize_entry("alg", self.alg)?;
        for (name, value) in [("kid", self.kid), ("typ", self.typ), ("cty", self.cty)] {
            if let Some(value) = value {
                to.serialize_entry(name, value)?;
            }
        }
        Ok(())
    }

    fn claims(&self, name: &str) -> bool {
        OURS.contains(&name)
    }
}

impl Written<'_> {
    /// Appends the header, base64url-encoded, with the user's own parameters in it.
    pub(crate) fn encode_into<H: Serialize + ?Sized>(&self, custom: &H, out: &mut String) -> Result<()> {
        let mut json = Vec::with_capacity(128);
        object::write(self, custom, &mut json).map_err(|error| {
            Error::new(ErrorKind::InvalidSetting, format!("in the header's own parameters: {error}"))
        })?;
        base64url::encode_into(json, out);
        Ok(())
    }
}
