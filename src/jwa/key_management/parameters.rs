//! The header parameters of key management: epk, apu, apv (RFC 7518 §4.6.1), iv, tag (§4.7.1),
//! p2s, p2c (§4.8.1).

use std::num::NonZeroU32;

use serde::Serialize;

use crate::base::base64url;
use crate::base::json::{Kind, Value};
use crate::base::object::{JsonError, Members};
use crate::error::{Error, ErrorKind, Result};

/// What is written for one recipient.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) epk: Option<Epk>,
    /// Agreement information of the two parties, as bytes.
    pub(crate) apu: Option<Vec<u8>>,
    pub(crate) apv: Option<Vec<u8>>,
    pub(crate) iv: Option<[u8; 12]>,
    pub(crate) tag: Option<[u8; 16]>,
    pub(crate) p2s: Option<[u8; 16]>,
    pub(crate) p2c: Option<NonZeroU32>,
}

/// An ephemeral public key.
#[derive(Serialize)]
pub(crate) struct Epk {
    pub(crate) kty: &'static str,
    pub(crate) crv: &'static str,
    pub(crate) x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) y: Option<String>,
}

impl Parameters {
    pub(crate) fn write(&self, to: &mut Members<'_>) -> std::result::Result<(), JsonError> {
        if let Some(epk) = &self.epk {
            to.add("epk", epk)?;
        }
        let bytes: [(&str, Option<&[u8]>); 5] = [
            ("apu", self.apu.as_deref()),
            ("apv", self.apv.as_deref()),
            ("iv", self.iv.as_ref().map(|iv| &iv[..])),
            ("tag", self.tag.as_ref().map(|tag| &tag[..])),
            ("p2s", self.p2s.as_ref().map(|salt| &salt[..])),
        ];
        for (name, bytes) in bytes {
            if let Some(bytes) = bytes {
                to.add(name, &base64url::encode(bytes))?;
            }
        }
        if let Some(count) = self.p2c {
            to.add("p2c", &count)?;
        }
        Ok(())
    }
}

/// What a header says, not yet judged.
#[derive(Default, Clone, Copy)]
pub(crate) struct ReadParameters<'h> {
    pub(crate) epk: Option<Value<'h>>,
    pub(crate) apu: Option<Value<'h>>,
    pub(crate) apv: Option<Value<'h>>,
    pub(crate) iv: Option<Value<'h>>,
    pub(crate) tag: Option<Value<'h>>,
    pub(crate) p2s: Option<Value<'h>>,
    pub(crate) p2c: Option<Value<'h>>,
    /// The most PBKDF2 rounds that may be spent on the message, all recipients together.
    pub(crate) max_p2c: u32,
}

impl<'h> ReadParameters<'h> {
    /// The place of the parameter `name`, if it is one of key management.
    pub(crate) fn place(&mut self, name: &str) -> Option<&mut Option<Value<'h>>> {
        match name {
            "epk" => Some(&mut self.epk),
            "apu" => Some(&mut self.apu),
            "apv" => Some(&mut self.apv),
            "iv" => Some(&mut self.iv),
            "tag" => Some(&mut self.tag),
            "p2s" => Some(&mut self.p2s),
            "p2c" => Some(&mut self.p2c),
            _ => None,
        }
    }

    /// The bytes of a parameter that must be there.
    pub(crate) fn bytes(name: &str, value: Option<Value<'h>>) -> Result<Vec<u8>> {
        let text = value.ok_or_else(|| malformed(name))?.as_str().ok_or_else(|| malformed(name))?;
        base64url::decode(&*text).map_err(|_| malformed(name))
    }

    /// The bytes of a parameter that may be absent, which is the same as empty.
    pub(crate) fn bytes_or_none(name: &str, value: Option<Value<'h>>) -> Result<Vec<u8>> {
        if value.is_none() { Ok(Vec::new()) } else { Self::bytes(name, value) }
    }

    /// The PBKDF2 count, within its bounds.
    pub(crate) fn rounds(&self) -> Result<NonZeroU32> {
        let value = self.p2c.filter(|value| value.kind == Kind::Number);
        let text = value.ok_or_else(|| malformed("p2c"))?.raw;
        // A number too large for 32 bits is beyond the bound as well.
        match text.parse::<u32>() {
            Ok(count) if count < MIN_P2C => {
                Err(Error::new(ErrorKind::UnsupportedHeader, "`p2c` is below 1000, which is not safe"))
            }
            Ok(count) if count <= self.max_p2c => NonZeroU32::new(count).ok_or_else(|| malformed("p2c")),
            Ok(_) => Err(Error::new(ErrorKind::TooLarge, "`p2c` in the header")),
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(Error::new(ErrorKind::TooLarge, "`p2c` in the header"))
            }
            Err(_) => Err(malformed("p2c")),
        }
    }
}

/// RFC 7518 §4.8.1.2.
const MIN_P2C: u32 = 1000;

pub(crate) fn malformed(name: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("`{name}` in the header is absent or malformed"))
}
