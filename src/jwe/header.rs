//! The header of a JWE (RFC 7516 §4): what is read of it, and how it is written.

use std::borrow::Cow;

use serde::Serialize;

use crate::base::json::{self, Value};
use crate::base::object::{self, Fixed, JsonError, Members};
use crate::base::{KeyId, Limits, Scratch};
use crate::error::{Error, ErrorKind, Result};
use crate::jose;
use crate::jwa::key_management::{Parameters, ReadParameters};

/// Where a header parameter stands (RFC 7516 §7.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Protected,
    Unprotected,
}

/// The parameters that decide anything, of all the headers that hold for one recipient.
#[derive(Default, Clone)]
pub(super) struct Header<'h> {
    alg: Option<Value<'h>>,
    enc: Option<Value<'h>>,
    kid: Option<Value<'h>>,
    typ: Option<Value<'h>>,
    cty: Option<Value<'h>>,
    zip: Option<Value<'h>>,
    pub(super) parameters: ReadParameters<'h>,
    /// Every name there is: none may stand in two headers (RFC 7516 §7.2.1).
    names: Vec<Cow<'h, str>>,
    /// How many bytes of text may still come.
    left: usize,
}

impl<'h> Header<'h> {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut header = Self::default();
        header.parameters.max_p2c = limits.max_pbkdf2_rounds();
        header.left = limits.max_header_len();
        header
    }

    /// Adds the JSON text of one header. All that hold for one recipient share one limit: names are
    /// compared across them, which must not cost the product of two that fill a message.
    pub(super) fn add(&mut self, text: &'h [u8], place: Place) -> Result<()> {
        self.left = self
            .left
            .checked_sub(text.len())
            .ok_or_else(|| Error::new(ErrorKind::TooLarge, "the header"))?;
        let others = self.names.len();
        let (mut twice, mut misplaced, mut critical, mut is_jws) = (false, false, false, false);
        json::members(text, |name, value| {
            twice |= self.names.get(..others).is_some_and(|names| names.contains(name));
            self.names.push(name.clone());
            let slot = match &**name {
                "alg" => Some(&mut self.alg),
                "enc" => Some(&mut self.enc),
                "kid" => Some(&mut self.kid),
                "typ" => Some(&mut self.typ),
                "cty" => Some(&mut self.cty),
                "zip" => {
                    misplaced |= place == Place::Unprotected;
                    Some(&mut self.zip)
                }
                "crit" => {
                    critical = true;
                    None
                }
                "b64" => {
                    is_jws = true;
                    None
                }
                other => self.parameters.place(other),
            };
            if let Some(slot) = slot {
                *slot = Some(value);
            }
        })
        .map_err(|error| malformed(format!("in the header: {error}")))?;
        if twice {
            return Err(malformed("a parameter stands in two headers"));
        }
        if misplaced {
            return Err(malformed("`zip` stands in an unprotected header"));
        }
        if is_jws {
            return Err(malformed("`b64` is for signed tokens"));
        }
        // No extension of encrypted tokens is known, so whatever `crit` names is not understood; and
        // a list that is empty or stands unprotected is malformed (RFC 7516 §4.1.13).
        if critical {
            return Err(Error::new(
                ErrorKind::UnsupportedHeader,
                "`crit` names a parameter that is not understood",
            ));
        }
        Ok(())
    }

    pub(super) fn alg(&self) -> Result<Cow<'h, str>> {
        text("alg", self.alg)?.ok_or_else(|| malformed("the header has no `alg`"))
    }

    pub(super) fn enc(&self) -> Result<Cow<'h, str>> {
        text("enc", self.enc)?.ok_or_else(|| malformed("the header has no `enc`"))
    }

    pub(super) fn kid(&self) -> Result<Option<Cow<'h, str>>> {
        let kid = text("kid", self.kid)?;
        if kid.as_ref().is_some_and(|kid| kid.len() > KeyId::MAX_LEN) {
            return Err(Error::new(ErrorKind::TooLarge, "`kid` has more than 256 bytes"));
        }
        Ok(kid)
    }

    pub(super) fn typ(&self) -> Result<Option<Cow<'h, str>>> {
        text("typ", self.typ)
    }

    pub(super) fn cty(&self) -> Result<Option<Cow<'h, str>>> {
        text("cty", self.cty)
    }

    /// Whether the content is compressed.
    pub(super) fn zip(&self) -> Result<bool> {
        match text("zip", self.zip)?.as_deref() {
            None => Ok(false),
            Some("DEF") => Ok(true),
            Some(_) => Err(Error::new(ErrorKind::UnsupportedHeader, "`zip` is not `DEF`")),
        }
    }
}

fn text<'h>(name: &str, value: Option<Value<'h>>) -> Result<Option<Cow<'h, str>>> {
    match value {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(malformed(format!("`{name}` in the header is not a string"))),
        },
    }
}

pub(super) fn malformed(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Malformed, detail)
}

/// The header parameters that this crate writes, each where it is due.
#[derive(Default)]
pub(super) struct Written<'h> {
    pub(super) alg: Option<&'h str>,
    pub(super) enc: Option<&'h str>,
    pub(super) kid: Option<&'h str>,
    pub(super) typ: Option<&'h str>,
    pub(super) cty: Option<&'h str>,
    pub(super) zip: bool,
    pub(super) parameters: Option<&'h Parameters>,
}

impl Fixed for Written<'_> {
    fn write(&self, to: &mut Members<'_>) -> std::result::Result<(), JsonError> {
        let texts = [
            ("alg", self.alg),
            ("enc", self.enc),
            ("kid", self.kid),
            ("typ", self.typ),
            ("cty", self.cty),
            ("zip", self.zip.then_some("DEF")),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                to.add(name, text)?;
            }
        }
        self.parameters.map_or(Ok(()), |parameters| parameters.write(to))
    }

    fn claims(&self, name: &str) -> bool {
        jose::OURS.contains(&name)
    }
}

impl Written<'_> {
    /// The JSON text, with the user's own parameters in it.
    pub(super) fn to_json<H: Serialize + ?Sized>(&self, custom: &H) -> Result<Vec<u8>> {
        let mut json = Scratch::new();
        object::write(self, custom, &mut json).map_err(|error| {
            Error::new(ErrorKind::InvalidSetting, format!("in the header's own parameters: {error}"))
        })?;
        Ok(json.to_vec())
    }
}
