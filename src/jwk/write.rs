//! A JWK written as JSON: first what makes the key (RFC 7518 §6), then what is said about it
//! (RFC 7517 §4), then what was not read here.

use zeroize::Zeroizing;

use super::{Jwk, SecretText};
use crate::base::base64url;
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::KeyMaterial;

impl Jwk {
    /// The JSON of a public key.
    ///
    /// # Errors
    /// [`KeyMismatch`](ErrorKind::KeyMismatch) for a private or symmetric key: publish its
    /// [`to_public`](Self::to_public), or store it with
    /// [`danger_to_secret_json`](Self::danger_to_secret_json).
    pub fn to_json(&self) -> Result<String> {
        let mut json = json_of(&self.public_members()?);
        Ok(std::mem::take(&mut *json))
    }

    /// The JSON of any key, **with its secret**: for a safe place, never for a response, a log or
    /// a JWKS endpoint.
    #[must_use]
    pub fn danger_to_secret_json(&self) -> SecretText {
        SecretText::new(json_of(&self.members()))
    }

    /// The members of a public key, in the order they are written.
    pub(super) fn public_members(&self) -> Result<Vec<Member<'_>>> {
        if self.material.is_secret() {
            return Err(Error::new(
                ErrorKind::KeyMismatch,
                format!(
                    "this is {}: write its `to_public()`, or `danger_to_secret_json()` to store it",
                    self.material.describe()
                ),
            ));
        }
        Ok(self.members())
    }

    fn members(&self) -> Vec<Member<'_>> {
        let mut members = key_members(&self.material);
        members.extend(self.key_use().map(|text| Member::Text("use", text)));
        members.extend(self.key_ops().map(|ops| Member::Texts("key_ops", ops)));
        members.extend(self.alg().map(|text| Member::Text("alg", text)));
        members.extend(self.kid().map(|kid| Member::Text("kid", kid.as_str())));
        members.extend(self.others().map(|(name, json)| Member::Json(name, json)));
        members
    }
}

/// A member on its way out.
pub(super) enum Member<'a> {
    Text(&'a str, &'a str),
    Texts(&'a str, &'a [String]),
    Bytes(&'a str, &'a [u8]),
    Json(&'a str, &'a str),
}

impl<'a> Member<'a> {
    pub(super) const fn name(&self) -> &'a str {
        match self {
            Self::Text(name, _) | Self::Texts(name, _) | Self::Bytes(name, _) | Self::Json(name, _) => {
                name
            }
        }
    }

    /// An upper bound of what it takes as JSON, so that secrets are not left behind by a text that
    /// grows.
    fn room(&self) -> usize {
        let value = match self {
            Self::Text(_, text) => quoted_room(text),
            Self::Texts(_, texts) => {
                texts.iter().fold(2, |sum: usize, text| sum.saturating_add(quoted_room(text)))
            }
            Self::Bytes(_, bytes) => base64url::encoded_len(bytes.len()),
            Self::Json(_, json) => json.len(),
        };
        quoted_room(self.name()).saturating_add(value).saturating_add(8)
    }

    pub(super) fn write_value(&self, out: &mut String) {
        match self {
            Self::Text(_, text) => quote(text, out),
            Self::Texts(_, texts) => {
                out.push('[');
                for (index, text) in texts.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    quote(text, out);
                }
                out.push(']');
            }
            Self::Bytes(_, bytes) => {
                out.push('"');
                base64url::encode_into(bytes, out);
                out.push('"');
            }
            Self::Json(_, json) => out.push_str(json),
        }
    }
}

/// The members that make the key, in the order of RFC 7518 §6.
pub(super) fn key_members(material: &KeyMaterial) -> Vec<Member<'_>> {
    let mut members = Vec::with_capacity(16);
    members.push(Member::Text("kty", material.key_type().name()));
    members.extend(material.curve().map(|curve| Member::Text("crv", curve)));
    match material {
        KeyMaterial::Oct(key) => members.push(Member::Bytes("k", key.as_bytes())),
        KeyMaterial::RsaPublic(key) => {
            members.extend([Member::Bytes("n", key.n()), Member::Bytes("e", key.e())]);
        }
        KeyMaterial::RsaPrivate(key) => {
            let parts = key.crt_parts();
            members.extend([
                Member::Bytes("n", key.public().n()),
                Member::Bytes("e", key.public().e()),
                Member::Bytes("d", parts.d),
                Member::Bytes("p", parts.p),
                Member::Bytes("q", parts.q),
                Member::Bytes("dp", parts.dp),
                Member::Bytes("dq", parts.dq),
                Member::Bytes("qi", parts.qi),
            ]);
        }
        KeyMaterial::EcPublic(key) => {
            members.extend([Member::Bytes("x", key.x()), Member::Bytes("y", key.y())]);
        }
        KeyMaterial::EcPrivate(key) => members.extend([
            Member::Bytes("x", key.public().x()),
            Member::Bytes("y", key.public().y()),
            Member::Bytes("d", key.d()),
        ]),
        KeyMaterial::OkpPublic(key) => members.push(Member::Bytes("x", key.x())),
        KeyMaterial::OkpPrivate(key) => {
            members.extend([Member::Bytes("x", key.public().x()), Member::Bytes("d", key.d())]);
        }
    }
    members
}

/// The object of these members, without white space.
pub(super) fn json_of(members: &[Member<'_>]) -> Zeroizing<String> {
    let room = members.iter().fold(2, |sum: usize, member| sum.saturating_add(member.room()));
    let mut out = Zeroizing::new(String::with_capacity(room));
    out.push('{');
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        quote(member.name(), &mut out);
        out.push(':');
        member.write_value(&mut out);
    }
    out.push('}');
    out
}

const fn quoted_room(text: &str) -> usize {
    // Six characters for a control character, and the quotes.
    text.len().saturating_mul(6).saturating_add(3)
}

/// Appends `text` as a JSON string.
pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => out.push(other),
        }
    }
    out.push('"');
}
