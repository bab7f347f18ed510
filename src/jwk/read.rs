//! A JWK read from its text (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use std::borrow::Cow;

use base64_simd::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Jwk, rsa_private};
use crate::base::json::{self, JsonError, Kind, Value};
use crate::base::{KeyId, base64url};
use crate::error::{Error, ErrorKind, Result};
use crate::jwa::{
    EcCurve, EcPrivateKey, EcPublicKey, KeyMaterial, OctKey, OkpCurve, OkpPrivateKey, OkpPublicKey,
    RsaCrtParts, RsaPublicKey,
};

impl Jwk {
    /// Reads the JSON of one key.
    ///
    /// The text is taken strictly: a member twice, a byte that is not UTF-8 or anything behind the
    /// object is refused, and so is a member read here whose value is of the wrong type: it is
    /// never taken for absent. base64url must be its bytes' one spelling, without padding.
    /// Coordinates must be exactly as long as their curve's field, and a private key must fit its
    /// public half. Members of other key types are ignored and forgotten; all other members, such
    /// as `x5c`, are kept unread ([`other`](Self::other)).
    ///
    /// # Errors
    /// - [`InvalidJwk`](ErrorKind::InvalidJwk): not strict JSON, longer than 64 KiB, a member
    ///   absent or of the wrong type, `key_ops` that repeat or contradict `use`, or an RSA private
    ///   key without its primes.
    /// - [`UnsupportedKey`](ErrorKind::UnsupportedKey): a `kty` or `crv` that is not known here, or
    ///   an RSA key of more than two primes (`oth`).
    /// - [`InvalidKey`](ErrorKind::InvalidKey), [`WeakKey`](ErrorKind::WeakKey): numbers that make
    ///   no key, or none that is safe.
    /// - [`KeyMismatch`](ErrorKind::KeyMismatch): a symmetric key whose bytes are a PEM, a
    ///   certificate or another such text.
    /// - [`MissingFeature`](ErrorKind::MissingFeature): a curve that needs the feature `rustcrypto`.
    ///
    /// ```
    /// use symbolon::{ErrorKind, Jwk};
    ///
    /// let json = r#"{"kty":"OKP","crv":"Ed25519","kid":"1","alg":"EdDSA",
    ///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// assert_eq!(Jwk::from_json(json)?.alg(), Some("EdDSA"));
    ///
    /// let error = Jwk::from_json(r#"{"kty":"OKP","crv":"Ed25519","x":7}"#).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidJwk);
    /// assert_eq!(error.to_string(), "the JWK cannot be read: the member `x` is not a string");
    /// # Ok::<(), symbolon::Error>(())
    /// ```
    pub fn from_json(json: impl AsRef<[u8]>) -> Result<Self> {
        let json = json.as_ref();
        if json.len() > Self::MAX_LEN {
            return Err(invalid("the text of a key has at most 64 KiB"));
        }
        let mut members = Members::default();
        json::members(json, |name, value| members.take(name, value)).map_err(not_json)?;
        members.into_jwk()
    }
}

/// The words that say which key it is, as far as they can be read and are short enough to repeat.
pub(super) fn name_of(json: &str) -> (Option<KeyId>, Option<String>) {
    const LONGEST_KTY: usize = 32;
    let (mut kid, mut kty) = (None, None);
    // The text was checked when the set was; a key that is no object has no members to show.
    let _not_an_object = json::members(json.as_bytes(), |name, value| match &**name {
        "kid" => kid = value.as_str().and_then(|text| KeyId::new(text).ok()),
        "kty" => {
            kty = value.as_str().filter(|text| text.len() <= LONGEST_KTY).map(Cow::into_owned);
        }
        _ => {}
    });
    (kid, kty)
}

pub(super) fn not_json(error: JsonError) -> Error {
    Error::new(ErrorKind::InvalidJwk, error.to_string())
}

pub(super) fn invalid(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidJwk, detail)
}

fn missing(member: &str) -> Error {
    invalid(format!("the member `{member}` is missing"))
}

// One line a member, so that none is read whose type was not looked at.
macro_rules! members {
    ($($field:ident = $name:literal, $kind:pat, $is:literal;)*) => {
        #[derive(Default)]
        struct Members<'a> {
            $($field: Option<Value<'a>>,)*
            /// Not copied before it is known what kind of key this is: there may be secrets among them.
            others: Vec<(String, &'a str)>,
            /// The first member of the wrong type, and the type it should have.
            wrong: Option<(&'static str, &'static str)>,
        }

        impl<'a> Members<'a> {
            fn take(&mut self, name: &str, value: Value<'a>) {
                match name {
                    $($name => match value.kind {
                        $kind => self.$field = Some(value),
                        _ => self.wrong = self.wrong.or(Some(($name, $is))),
                    },)*
                    _ => self.others.push((name.to_owned(), value.raw)),
                }
            }
        }
    };
}

members! {
    kty = "kty", Kind::String(_), "a string";
    key_use = "use", Kind::String(_), "a string";
    key_ops = "key_ops", Kind::Array, "an array of strings";
    alg = "alg", Kind::String(_), "a string";
    kid = "kid", Kind::String(_), "a string";
    crv = "crv", Kind::String(_), "a string";
    x = "x", Kind::String(_), "a string";
    y = "y", Kind::String(_), "a string";
    d = "d", Kind::String(_), "a string";
    n = "n", Kind::String(_), "a string";
    e = "e", Kind::String(_), "a string";
    p = "p", Kind::String(_), "a string";
    q = "q", Kind::String(_), "a string";
    dp = "dp", Kind::String(_), "a string";
    dq = "dq", Kind::String(_), "a string";
    qi = "qi", Kind::String(_), "a string";
    oth = "oth", Kind::Array, "an array";
    k = "k", Kind::String(_), "a string";
}

impl Members<'_> {
    fn into_jwk(self) -> Result<Jwk> {
        if let Some((name, is)) = self.wrong {
            return Err(invalid(format!("the member `{name}` is not {is}")));
        }
        let material = self.material()?;
        let kid = match self.kid {
            Some(kid) => {
                Some(KeyId::new(text(kid)?).map_err(|_| invalid("a `kid` has 1 to 256 bytes"))?)
            }
            None => None,
        };
        let jwk = Jwk {
            material,
            kid,
            alg: owned(self.alg)?,
            key_use: owned(self.key_use)?,
            key_ops: self.key_ops.map(ops).transpose()?,
            others: self.others.into_iter().map(|(name, raw)| (name, raw.to_owned())).collect(),
        };
        jwk.check_ops(ErrorKind::InvalidJwk)?;
        Ok(jwk)
    }

    fn material(&self) -> Result<KeyMaterial> {
        match &*text(self.kty.ok_or_else(|| missing("kty"))?)? {
            "oct" => Ok(OctKey::new(std::mem::take(&mut *bytes(self.k, "k")?))?.into()),
            "RSA" => self.rsa(),
            "EC" => self.ec(),
            "OKP" => self.okp(),
            _ => Err(Error::new(
                ErrorKind::UnsupportedKey,
                "the `kty` is none of `oct`, `RSA`, `EC` and `OKP`",
            )),
        }
    }

    fn rsa(&self) -> Result<KeyMaterial> {
        if self.oth.is_some() {
            return Err(Error::new(
                ErrorKind::UnsupportedKey,
                "RSA keys of more than two primes (`oth`) are not supported",
            ));
        }
        let public = RsaPublicKey::new(&bytes(self.n, "n")?, &bytes(self.e, "e")?)?;
        let crt = [self.p, self.q, self.dp, self.dq, self.qi];
        if self.d.is_none() {
            // Halves of a private key are no public key: whoever wrote this lost something.
            return if crt.iter().any(Option::is_some) { Err(missing("d")) } else { Ok(public.into()) };
        }
        if crt.iter().any(Option::is_none) {
            return Err(invalid(
                "an RSA private key needs `p`, `q`, `dp`, `dq` and `qi`: export it again with its primes",
            ));
        }
        rsa_private(
            public,
            RsaCrtParts {
                d: &bytes(self.d, "d")?,
                p: &bytes(self.p, "p")?,
                q: &bytes(self.q, "q")?,
                dp: &bytes(self.dp, "dp")?,
                dq: &bytes(self.dq, "dq")?,
                qi: &bytes(self.qi, "qi")?,
            },
        )
    }

    fn ec(&self) -> Result<KeyMaterial> {
        let name = text(self.crv.ok_or_else(|| missing("crv"))?)?;
        let curve =
            EcCurve::ALL.into_iter().find(|curve| curve.name() == name).ok_or_else(unsupported_curve)?;
        let field = |value, member| exactly(value, member, curve.field_len(), curve.name());
        let public = EcPublicKey::new(curve, &field(self.x, "x")?, &field(self.y, "y")?)?;
        Ok(match self.d {
            Some(_) => EcPrivateKey::new(curve, &field(self.d, "d")?, Some(&public))?.into(),
            None => public.into(),
        })
    }

    fn okp(&self) -> Result<KeyMaterial> {
        let name = text(self.crv.ok_or_else(|| missing("crv"))?)?;
        let curve = [OkpCurve::Ed25519, OkpCurve::X25519]
            .into_iter()
            .find(|curve| curve.name() == name)
            .ok_or_else(unsupported_curve)?;
        let field = |value, member| exactly(value, member, 32, curve.name());
        let public = OkpPublicKey::new(curve, &field(self.x, "x")?)?;
        Ok(match self.d {
            Some(_) => OkpPrivateKey::new(curve, &field(self.d, "d")?, Some(&public))?.into(),
            None => public.into(),
        })
    }
}

fn unsupported_curve() -> Error {
    Error::new(ErrorKind::UnsupportedKey, "the `crv` is not known here for keys of this `kty`")
}

/// The text of a member whose type was looked at.
fn text(value: Value<'_>) -> Result<Cow<'_, str>> {
    value.as_str().ok_or_else(|| invalid("a member is not a string"))
}

fn owned(value: Option<Value<'_>>) -> Result<Option<String>> {
    value.map(|value| text(value).map(Cow::into_owned)).transpose()
}

fn ops(value: Value<'_>) -> Result<Vec<String>> {
    value
        .as_array()
        .and_then(|ops| ops.iter().map(|op| op.as_str().map(Cow::into_owned)).collect())
        .ok_or_else(|| invalid("the member `key_ops` is not an array of strings"))
}

/// The bytes of a member, which may be secret whichever it is.
fn bytes(value: Option<Value<'_>>, member: &str) -> Result<Zeroizing<Vec<u8>>> {
    let value = value.ok_or_else(|| missing(member))?;
    let inner = value.raw.get(1..value.raw.len().saturating_sub(1)).unwrap_or_default();
    let unescaped;
    let text = if value.kind == Kind::String(false) {
        inner.as_bytes()
    } else {
        unescaped = unescape(inner);
        &unescaped
    };
    let bytes = base64url::decode_secret(text, &URL_SAFE_NO_PAD);
    bytes.map_err(|_| invalid(format!("the member `{member}` is not base64url without padding")))
}

/// The text of a string's inside, in one place that is wiped. No letter of base64url needs another
/// escape than its number: others stay as they are, and are no base64url.
fn unescape(inner: &str) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(inner.len()));
    let mut rest = inner.as_bytes();
    while let [first, after @ ..] = rest {
        let numbered = rest.strip_prefix(b"\\u00").and_then(<[u8]>::split_first_chunk);
        let letter = numbered.and_then(|([high, low], after)| {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            u8::try_from(digit(*high)? << 4 | digit(*low)?).ok().map(|letter| (letter, after))
        });
        let (letter, after) = letter.unwrap_or((*first, after));
        out.push(letter);
        rest = after;
    }
    out
}

fn exactly(
    value: Option<Value<'_>>,
    member: &str,
    len: usize,
    curve: &str,
) -> Result<Zeroizing<Vec<u8>>> {
    let bytes = bytes(value, member)?;
    if bytes.len() != len {
        return Err(invalid(format!("the member `{member}` of a key on {curve} has {len} bytes")));
    }
    Ok(bytes)
}
