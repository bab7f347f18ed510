//! The JOSE header (RFC 7515 §4): what is read of it, and how it is written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::json::{self, Value};
use crate::base::object::{self, Fixed, JsonError, Members};
use crate::base::{KeyId, Limits, Scratch, base64url};
use crate::error::{Error, ErrorKind, Result};

/// Header parameters that are this crate's to write. Those that only inform, such as `x5c` or
/// `jwk`, are left to the user; nothing here reads them.
pub(crate) const OURS: [&str; 15] = [
    "alg", "kid", "typ", "cty", "crit", "b64", "enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s",
    "p2c",
];

/// The parameters of a header that decide anything.
#[derive(Debug)]
pub(crate) struct Header<'h> {
    pub(crate) alg: Cow<'h, str>,
    pub(crate) kid: Option<Cow<'h, str>>,
    pub(crate) typ: Option<Cow<'h, str>>,
    pub(crate) cty: Option<Cow<'h, str>>,
    /// Whether the payload is base64url-encoded where it is signed: `b64` of RFC 7797 §3.
    pub(crate) encoded: bool,
}

impl<'h> Header<'h> {
    /// Reads the JSON text of a JWS header that is protected whole, for a payload that must be
    /// base64url-encoded. `jwk`, `jku`, `x5c` and `x5u` are inert: a key that a token brings along is
    /// nobody's.
    pub(crate) fn parse(text: &'h [u8]) -> Result<Self> {
        let found = Found::within(text)?;
        found.check_critical()?;
        // RFC 7797 §6: a reader that does not expect a payload that is not encoded must refuse it.
        if !found.encoded()? {
            return Err(Error::new(
                ErrorKind::UnsupportedHeader,
                "payloads that are not base64url-encoded (`b64`: false) are not read here",
            ));
        }
        Self::of(&found, true)
    }

    /// Reads a JWS header of two parts, for a payload that is base64url-encoded or not. What is not
    /// protected may name the key (`kid`) and, where the protected part does not, the algorithm that
    /// the key has (`alg`); nothing else in it is heeded, and no name may stand in both (RFC 7515
    /// §4).
    pub(crate) fn join(protected: Option<&'h [u8]>, unprotected: Option<&'h [u8]>) -> Result<Self> {
        let mut found = protected.map_or(Ok(Found::default()), Found::within)?;
        found.check_critical()?;
        let encoded = found.encoded()?;
        if !encoded && found.crit.is_none() {
            return Err(malformed("`b64` is false, but `crit` does not name it (RFC 7797 §6)"));
        }
        if let Some(unprotected) = unprotected {
            check_disjoint(protected.unwrap_or(b"{}"), unprotected)?;
            let loose = Found::within(unprotected)?;
            if loose.crit.is_some() || loose.b64.is_some() {
                return Err(malformed("`crit` or `b64` is not protected"));
            }
            found.alg = found.alg.or(loose.alg);
            found.kid = found.kid.or(loose.kid);
        }
        Self::of(&found, encoded)
    }

    fn of(found: &Found<'h>, encoded: bool) -> Result<Self> {
        let text = |name: &str, value: Option<Value<'h>>| match value {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) => Ok(Some(text)),
                None => Err(malformed(format!("`{name}` in the header is not a string"))),
            },
        };
        let header = Self {
            alg: text("alg", found.alg)?.ok_or_else(|| malformed("the header has no `alg`"))?,
            kid: text("kid", found.kid)?,
            typ: text("typ", found.typ)?,
            cty: text("cty", found.cty)?,
            encoded,
        };
        if header.kid.as_ref().is_some_and(|kid| kid.len() > KeyId::MAX_LEN) {
            return Err(Error::new(ErrorKind::TooLarge, "`kid` has more than 256 bytes"));
        }
        Ok(header)
    }
}

/// What one header text says of the parameters that decide anything.
#[derive(Default)]
struct Found<'h> {
    alg: Option<Value<'h>>,
    kid: Option<Value<'h>>,
    typ: Option<Value<'h>>,
    cty: Option<Value<'h>>,
    crit: Option<Value<'h>>,
    b64: Option<Value<'h>>,
}

impl<'h> Found<'h> {
    fn within(text: &'h [u8]) -> Result<Self> {
        let mut found = Self::default();
        let mut is_jwe = false;
        json::members(text, |name, value| match &**name {
            "alg" => found.alg = Some(value),
            "kid" => found.kid = Some(value),
            "typ" => found.typ = Some(value),
            "cty" => found.cty = Some(value),
            "crit" => found.crit = Some(value),
            "b64" => found.b64 = Some(value),
            "enc" => is_jwe = true,
            _ => {}
        })
        .map_err(|error| malformed(format!("in the header: {error}")))?;
        if is_jwe {
            return Err(malformed("the header is that of an encrypted token"));
        }
        Ok(found)
    }

    fn check_critical(&self) -> Result<()> {
        self.crit.map_or(Ok(()), |crit| check_critical(crit, self.b64.is_some()))
    }

    fn encoded(&self) -> Result<bool> {
        match self.b64 {
            None => Ok(true),
            Some(value) => {
                value.as_bool().ok_or_else(|| malformed("`b64` in the header is not a boolean"))
            }
        }
    }
}

/// No parameter may stand in both parts of a header, for then one of them would have to win.
pub(crate) fn check_disjoint(protected: &[u8], unprotected: &[u8]) -> Result<()> {
    let in_header = |error| malformed(format!("in the header: {error}"));
    let mut names = BTreeSet::new();
    json::members(protected, |name, _| {
        names.insert(name.clone());
    })
    .map_err(in_header)?;
    let mut disjoint = true;
    json::members(unprotected, |name, _| disjoint &= !names.contains(name)).map_err(in_header)?;
    if disjoint {
        Ok(())
    } else {
        Err(malformed("a parameter stands in the protected and in the unprotected header"))
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
    /// As in [`Header`].
    pub(crate) encoded: bool,
}

impl Fixed for Written<'_> {
    fn write(&self, to: &mut Members<'_>) -> std::result::Result<(), JsonError> {
        to.add("alg", self.alg)?;
        for (name, value) in [("kid", self.kid), ("typ", self.typ), ("cty", self.cty)] {
            if let Some(value) = value {
                to.add(name, value)?;
            }
        }
        if !self.encoded {
            to.add("b64", &false)?;
            to.add("crit", &["b64"])?;
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
        base64url::encode_into(self.to_json(custom)?, out);
        Ok(())
    }

    /// The header's JSON text, with the user's own parameters in it.
    pub(crate) fn to_json<H: Serialize + ?Sized>(self, custom: &H) -> Result<Vec<u8>> {
        write_header(&self, custom)
    }
}

/// The one header parameter that this crate writes where it is not protected, if told to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrittenUnprotected<'h> {
    pub(crate) kid: Option<&'h str>,
}

impl Fixed for WrittenUnprotected<'_> {
    fn write(&self, to: &mut Members<'_>) -> std::result::Result<(), JsonError> {
        self.kid.map_or(Ok(()), |kid| to.add("kid", kid))
    }

    fn claims(&self, name: &str) -> bool {
        OURS.contains(&name)
    }
}

impl WrittenUnprotected<'_> {
    /// The header's JSON text, with the user's own parameters in it.
    pub(crate) fn to_json<H: Serialize + ?Sized>(self, custom: &H) -> Result<Vec<u8>> {
        write_header(&self, custom)
    }
}

fn write_header<F: Fixed, H: Serialize + ?Sized>(fixed: &F, custom: &H) -> Result<Vec<u8>> {
    let mut json = Scratch::new();
    object::write(fixed, custom, &mut json).map_err(|error| {
        Error::new(ErrorKind::InvalidSetting, format!("in the header's own parameters: {error}"))
    })?;
    Ok(json.to_vec())
}
