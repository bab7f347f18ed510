//! Both JSON serializations as text (RFC 7515 §7.2): strict reading, and writing.

use std::borrow::Cow;

use super::engine::Claim;
use super::signature::Prepared;
use crate::base::json::{self, Kind, Value};
use crate::base::{Limits, base64url};
use crate::error::{Error, ErrorKind, Result};

/// A token in JSON whose text was judged; nothing in it is authentic.
pub(super) struct Read<'t> {
    payload: Option<Cow<'t, str>>,
    pub(super) claims: Vec<Claim<'t>>,
    /// Whether the payload is signed in base64url: the same in all signatures.
    pub(super) encoded: bool,
}

impl<'t> Read<'t> {
    pub(super) fn flattened(token: &'t str, limits: &Limits) -> Result<Self> {
        let members = Members::of_token(token, limits)?;
        if members.signatures.is_some() {
            return Err(malformed("it has `signatures`: general and not flattened JSON"));
        }
        let claim = members.claim(limits)?;
        Ok(Self { payload: members.payload()?, encoded: claim.encoded, claims: vec![claim] })
    }

    pub(super) fn general(token: &'t str, limits: &Limits) -> Result<Self> {
        let members = Members::of_token(token, limits)?;
        if members.protected.or(members.header).or(members.signature).is_some() {
            return Err(malformed(
                "it has the members of flattened JSON beside or without `signatures`",
            ));
        }
        let list = members.signatures.ok_or_else(|| malformed("it has no `signatures`"))?;
        let list = list.as_array().ok_or_else(|| malformed("`signatures` is not a list"))?;
        if list.len() > limits.max_signatures() {
            return Err(Error::new(ErrorKind::TooLarge, "too many signatures"));
        }
        let claims: Vec<_> =
            list.iter().map(|element| Members::of(element.raw)?.claim(limits)).collect::<Result<_>>()?;
        let encoded = claims.first().ok_or_else(|| malformed("`signatures` is empty"))?.encoded;
        if claims.iter().any(|claim| claim.encoded != encoded) {
            return Err(malformed("`b64` is not the same in all signatures (RFC 7797 §3)"));
        }
        Ok(Self { payload: members.payload()?, claims, encoded })
    }

    /// The payload's text, which stands in the token.
    pub(super) fn attached(&mut self) -> Result<Cow<'t, str>> {
        self.payload.take().ok_or_else(|| malformed("it has no `payload`: it is detached"))
    }

    /// Holds that the payload does not stand in the token. RFC 7515 appendix F deletes the member; some
    /// leave it there empty, as compact tokens do, and what is signed is the caller's payload anyhow.
    pub(super) fn detached(&self) -> Result<()> {
        match self.payload.as_deref() {
            None | Some("") => Ok(()),
            Some(_) => Err(malformed("it has a `payload` of its own: it is not detached")),
        }
    }
}

/// The payload's bytes out of its text; to be called once a signature was verified.
pub(super) fn payload_bytes(text: Cow<'_, str>, encoded: bool) -> Result<Vec<u8>> {
    if encoded {
        base64url::decode(text.as_bytes()).map_err(|_| malformed("the payload is not base64url"))
    } else {
        Ok(text.into_owned().into_bytes())
    }
}

/// The members that mean something, of a token or of one of its signatures. Others are passed over,
/// as RFC 7515 §7.2 has it.
#[derive(Default)]
struct Members<'t> {
    payload: Option<Value<'t>>,
    protected: Option<Value<'t>>,
    header: Option<Value<'t>>,
    signature: Option<Value<'t>>,
    signatures: Option<Value<'t>>,
    is_jwe: bool,
}

impl<'t> Members<'t> {
    fn of_token(token: &'t str, limits: &Limits) -> Result<Self> {
        if token.len() > limits.max_token_len() {
            return Err(ErrorKind::TooLarge.into());
        }
        let members = Self::of(token)?;
        if members.is_jwe {
            return Err(malformed("it has the members of an encrypted token"));
        }
        Ok(members)
    }

    fn of(json: &'t str) -> Result<Self> {
        let mut found = Self::default();
        json::members(json.as_bytes(), |name, value| match &**name {
            "payload" => found.payload = Some(value),
            "protected" => found.protected = Some(value),
            "header" => found.header = Some(value),
            "signature" => found.signature = Some(value),
            "signatures" => found.signatures = Some(value),
            // RFC 7516 §9 tells the two apart by these.
            "ciphertext" | "recipients" | "encrypted_key" => found.is_jwe = true,
            _ => {}
        })
        .map_err(|error| malformed(format!("in the token: {error}")))?;
        Ok(found)
    }

    fn payload(&self) -> Result<Option<Cow<'t, str>>> {
        self.payload.map(|value| string("`payload`", value)).transpose()
    }

    fn claim(&self, limits: &Limits) -> Result<Claim<'t>> {
        let protected = self.protected.map(|value| string("`protected`", value)).transpose()?;
        let header = match self.header {
            None => None,
            Some(Value { kind: Kind::Object, raw }) => Some(raw),
            Some(_) => return Err(malformed("`header` is not an object")),
        };
        let signature = self.signature.ok_or_else(|| malformed("a `signature` is missing"))?;
        Claim::of(protected, header, &string("`signature`", signature)?, limits)
    }
}

fn string<'t>(name: &str, value: Value<'t>) -> Result<Cow<'t, str>> {
    value.as_str().ok_or_else(|| malformed(format!("{name} is not a string")))
}

fn malformed(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Malformed, detail)
}

/// The payload as it stands in a token and is signed.
pub(super) fn payload_text(payload: &[u8], encoded: bool) -> Result<Cow<'_, str>> {
    if encoded {
        return Ok(Cow::Owned(base64url::encode(payload)));
    }
    std::str::from_utf8(payload).map(Cow::Borrowed).map_err(|_| {
        Error::new(
            ErrorKind::InvalidSetting,
            "a payload that is not UTF-8 cannot stand unencoded in JSON: detach it, or encode it",
        )
    })
}

/// `{"payload":…,` and what follows, or the same without a payload.
pub(super) fn write(payload: Option<&str>, rest: &str) -> String {
    payload.map_or_else(
        || format!("{{{rest}}}"),
        |payload| format!(r#"{{"payload":{},{rest}}}"#, serde_json::Value::from(payload)),
    )
}

/// The members `protected`, `header` and `signature`.
pub(super) fn write_signature(prepared: &Prepared<'_>, signature: &[u8]) -> String {
    let header = prepared.unprotected.as_ref();
    let header = header.map_or_else(String::new, |json| format!(r#""header":{json},"#));
    let signature = base64url::encode(signature);
    format!(r#""protected":"{}",{header}"signature":"{signature}""#, prepared.protected)
}

/// The member `signatures`.
pub(super) fn write_signatures(prepared: &[Prepared<'_>], signatures: &[Vec<u8>]) -> String {
    let objects: Vec<_> = prepared
        .iter()
        .zip(signatures)
        .map(|(prepared, signature)| format!("{{{}}}", write_signature(prepared, signature)))
        .collect();
    format!(r#""signatures":[{}]"#, objects.join(","))
}
