//! Claims to JSON: the registered ones first, then the user's, in one object and one pass.

use serde::Serialize;

use super::{Audience, Name, Registered};
use crate::base::Scratch;
use crate::base::object::{self, Fixed, JsonError, Members};
use crate::error::{Error, ErrorKind, Result};

/// The registered claims of a token that is about to be written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written<'c> {
    /// The members of `iss` and `aud`, where their JSON stands prepared.
    pub(crate) prepared: Option<&'c str>,
    /// Text, as `sub` and `jti` are.
    pub(crate) iss: Option<&'c [u8]>,
    pub(crate) sub: Option<&'c [u8]>,
    pub(crate) aud: Option<&'c Audience>,
    pub(crate) exp: Option<i64>,
    pub(crate) nbf: Option<i64>,
    pub(crate) iat: Option<i64>,
    pub(crate) jti: Option<&'c [u8]>,
}

impl<'c> From<&'c Registered> for Written<'c> {
    fn from(own: &'c Registered) -> Self {
        Self {
            prepared: None,
            iss: own.iss.as_ref().map(Name::as_bytes),
            sub: own.sub.as_ref().map(Name::as_bytes),
            aud: own.audience(),
            exp: own.exp,
            nbf: own.nbf,
            iat: own.iat,
            jti: own.jti.as_ref().map(Name::as_bytes),
        }
    }
}

impl Fixed for Written<'_> {
    fn write(&self, to: &mut Members<'_>) -> std::result::Result<(), JsonError> {
        if let Some(members) = self.prepared {
            to.add_written(members)?;
        } else {
            if let Some(iss) = self.iss {
                to.add_text(*b"iss", iss)?;
            }
            match self.aud.map(|aud| (aud, aud.single())) {
                Some((_, Some(name))) => to.add_text(*b"aud", name.as_bytes())?,
                Some((names, None)) => to.add("aud", names)?,
                None => {}
            }
        }
        if let Some(sub) = self.sub {
            to.add_text(*b"sub", sub)?;
        }
        for (name, seconds) in [(*b"exp", self.exp), (*b"nbf", self.nbf), (*b"iat", self.iat)] {
            if let Some(seconds) = seconds {
                to.add_number(name, seconds)?;
            }
        }
        if let Some(jti) = self.jti {
            to.add_text(*b"jti", jti)?;
        }
        Ok(())
    }

    fn claims(&self, name: &str) -> bool {
        // All seven names have three bytes: most others are told apart by that.
        name.len() == 3
            && match name {
                "iss" => self.iss.is_some(),
                "sub" => self.sub.is_some(),
                "aud" => self.aud.is_some(),
                "exp" => self.exp.is_some(),
                "nbf" => self.nbf.is_some(),
                "iat" => self.iat.is_some(),
                "jti" => self.jti.is_some(),
                _ => false,
            }
    }
}

/// What [`Written::prepared`] takes for tokens that share these two.
pub(crate) fn prepare(iss: Option<&str>, aud: Option<&Audience>) -> Result<String> {
    let mut object = Scratch::new();
    let iss = iss.map(str::as_bytes);
    write(&Written { iss, aud, ..Written::default() }, &(), &mut object)?;
    let members = object.strip_prefix(b"{").and_then(|members| members.strip_suffix(b"}"));
    Ok(String::from_utf8_lossy(members.unwrap_or_default()).into_owned())
}

/// Appends the object of `registered` and `custom` to `out`.
pub(crate) fn write<C: Serialize + ?Sized>(
    registered: &Written<'_>,
    custom: &C,
    out: &mut Scratch,
) -> Result<()> {
    object::write(registered, custom, out)
        .map_err(|error| Error::new(ErrorKind::InvalidClaims, error.to_string()))
}
